"""Hold the text for coding agents that ``handoff agents install`` writes into ``AGENTS.md``."""

AGENTS_TEXT = """\
## Handing over

Work is done in sessions. Each has a document, `handoffs/SESSION.md`; its figures, tables and some of its ticks come from
`pytest --handoff`, which records what really ran.

1. To begin: `handoff history` names the sessions so far, `handoff init SESSION` makes the next document. Read its block
   "Carried Over", and write below "Mission Accomplished" what the session is about.
2. After work: `pytest --handoff=SESSION`, on the whole suite and with coverage. Write logs where git does not see them.
3. `handoff next SESSION --json`. Exit code 0: nothing is left. 1: take the first of `steps`: `what` says what is wrong, `file`
   and `line` where, `names` lists all tests or lines that it is about, `do` says what mends it; run `command` where there is
   one. Then ask again, until every step that is left has `"who": "person"`. 2: it could not tell; read stderr.
4. `handoff fill SESSION`, and commit everything with `handoffs/` in it.

Do not change figures in the document, text between `handoff:begin` and `handoff:end`, or files below `handoffs/evidence/`.
Never delete, skip, rename or weaken a test, lower a threshold, exclude lines from coverage, or reword or remove a line of
the checklist to make the gate pass. Where a line does not apply, add `(N/A: reason)` to it and say so in your report.
Leave lines that ask for a judgement to a person, unless you were asked to make it.
"""
