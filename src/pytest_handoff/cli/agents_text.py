"""Hold the text for coding agents that ``handoff agents install`` writes into ``AGENTS.md``."""

AGENTS_TEXT = """\
## Handing over

Work is done in sessions. Each session has a document, `handoffs/SESSION.md`. Its figures, its tables and some of its ticks come
from `pytest --handoff`, which records what really ran.

1. To start: `handoff history` lists the sessions so far, and `handoff init SESSION` writes the next document. Read its block
   "Carried Over", and write what the session is about below "Mission Accomplished".
2. After your work: run `pytest --handoff=SESSION` on the whole suite, with coverage. Write logs where git ignores them.
3. Run `handoff next SESSION --json`. Exit code 0: nothing is left. Exit code 1: take the first of `steps`. `what` says what is
   wrong, `file` and `line` say where, `names` lists every test or line concerned, and `do` says how to fix it. If there is a
   `command`, run it. Then ask again, until every remaining step has `"who": "person"`. Exit code 2: it cannot tell; read stderr.
4. Run `handoff fill SESSION`, and commit everything, including `handoffs/`.

Do not change figures in the document, text between `handoff:begin` and `handoff:end`, or files below `handoffs/evidence/`.
Never delete, skip, rename or weaken a test, lower a threshold, exclude lines from coverage, or reword or remove a checklist
line to make the gate pass. If a line does not apply, add `(N/A: reason)` to it and say so in your report. Leave lines that ask
for a judgement to a person, unless you were asked to judge.
"""
