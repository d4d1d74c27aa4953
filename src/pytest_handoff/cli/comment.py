"""Write the comment for a pull request: one screen of Markdown, which is edited in place."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

import click

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.cli.support import (
    CANNOT_TELL,
    GOOD,
    outcome_of,
    project_here,
    session_argument,
    verb,
    write_named_file,
)
from pytest_handoff.composition.proved import proof_line
from pytest_handoff.composition.terminal import need_sign_off
from pytest_handoff.errors import HandoffError
from pytest_handoff.figures import counted, percent, percent_of, points
from pytest_handoff.markup import code_in_text, escape, one_line
from pytest_handoff.printable import LONGEST_QUOTE, shorten
from pytest_handoff.printing import say_error, say_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Provenance
    from pytest_handoff.workflow.finish import FinishedSession
    from pytest_handoff.workflow.steps import Step


Row = TypeVar("Row")

MARKER = "<!-- handoff -->"
"""The first line, by which the comment is found again to be edited."""

LIMIT = 65_000
"""Bytes of a comment; GitHub takes 65,536 characters."""

MOST = 5
"""The most rows of a list; all of them fit on a screen."""

_CUT = "\n\nCut off here; `handoff next` lists the rest.\n"
_LINKED = re.compile(r"[@#]|://|\bwww\.|\bgh-\d|\b[0-9a-f]{7,40}\b", re.IGNORECASE)
"""What GitHub turns into links outside code: a user's name, an issue, an address, a commit."""

_LISTED = ("failures", "regression", "new_code")
"""Steps that have a list of their own."""


def comment_text(outcome: FinishedSession, steps: Sequence[Step]) -> str:
    """Write the comment about a session with these steps left."""
    session, record = outcome.record.session, outcome.record
    todo = [step for step in steps if step.kind not in ("person", "placeholder")]
    waiting = [step for step in steps if step.kind == "person"]
    stale = any(step.kind == "stale" for step in todo)
    lines = [MARKER, f"### Hand-off {_plain(session)}: {_verdict(todo, waiting)}", ""]
    if not stale:
        lines += [_unbroken(" · ".join(_figures(outcome))), ""]
        proof = outcome.composition.facts.proof
        lines += [f"Proof: {_unbroken(_plain(proof_line(proof), 4 * LONGEST_QUOTE))}", ""] if proof is not None else []
    lines += _list("What blocks", [step for step in todo if not _has_list(step)], lambda step: _blocking(step, session))
    lines += _list("Failing tests", [step for step in todo if step.kind == "failures"], _of_test)
    lines += _list("Lost tests", [step for step in todo if step.kind == "regression"], _of_test)
    code = [step for step in todo if step.kind == "new_code" and _has_list(step)]
    lines += _list("New lines that need a test", code, _told, [f"- fix: {_plain(one)}" for one in _fixes(code)])
    told = {step.file for step in code}
    others = [pair for pair in _untested(outcome) if pair[0] not in told] if not stale else []
    lines += _list("New lines that no test runs", others, _code_of_pair)
    lines += _list("Needs sign-off", waiting, lambda step: f"- {_plain(step.what)}")
    return "\n".join([*lines, _footer(record.provenance, record.source.commit)]) + "\n"


def unreadable(session: str, why: str) -> str:
    """Write the comment about a session whose evidence cannot be read, so that no older comment remains."""
    return f"{MARKER}\n### Hand-off {_plain(session)}: ❔ cannot tell\n\n{code_in_text(why)}\n"


def _plain(text: str, most: int = LONGEST_QUOTE) -> str:
    """Write a text without code's look, unless GitHub would make a mention or a link of a part of it."""
    return code_in_text(text) if _LINKED.search(text) else escape(shorten(one_line(text), most))


def _unbroken(text: str) -> str:
    """Keep each figure and its ``%`` on one line, wherever the comment is wrapped."""
    return re.sub(r"(?<=\d) %", "\u00a0%", text)


def _verdict(todo: Sequence[Step], waiting: Sequence[Step]) -> str:
    if todo:
        return f"❌ the gate does not pass ({counted(len(todo), 'thing')} left)"
    if waiting:
        return f"🟡 all automatic checks pass · {need_sign_off(len(waiting))}"
    return "✅ the gate passes"


def _figures(outcome: FinishedSession) -> Iterator[str]:
    facts, record = outcome.composition.facts, outcome.record
    outcomes = [f"{number:,} {name.replace('_', ' ')}" for name, number in record.tests.counts.items() if number]
    yield ", ".join(outcomes) or "no tests"
    if not facts.is_first:
        yield f"{record.tests.regression.passing:,}/{record.tests.regression.expected:,} earlier tests pass"
    if record.coverage is None:
        yield f"coverage not measured: {_reason(why_not_measured(facts, 'coverage'))}"
        return
    yield f"coverage {percent_of(record.coverage.percent)}{_change(record.coverage.percent, outcome.parent_percent)}"
    code = record.new_code
    if code is not None and code.num_statements:
        yield f"new code {code.covered:,}/{code.num_statements:,} statements run ({percent(code.covered, code.num_statements)})"


def _change(now: float, before: float | None) -> str:
    size = None if before is None else points(now - before)
    return "" if size in (None, "0.0") or before is None else f" ({'+' if now > before else '−'}{size})"


def _has_list(step: Step) -> bool:
    """Check whether a step has a list of its own; a gate on new code without lines to name is shown like any other."""
    return step.kind in _LISTED and (step.kind != "new_code" or bool(step.names))


def _fixes(code: Sequence[Step]) -> list[str]:
    """Say once how to fix new code: the steps about the files of one checklist line all say the same."""
    needs = [step.do.partition(" (")[2].removesuffix(")") or step.do for step in code]
    return list(dict.fromkeys(needs))


def _list(title: str, rows: Sequence[Row], row: Callable[[Row], str], last: Sequence[str] = ()) -> list[str]:
    """Write a list with its title: the first rows, and how many more there are; nothing without rows."""
    if not rows:
        return []
    more = [f"- and {len(rows) - MOST:,} more"] if len(rows) > MOST else []
    return [f"**{title}**", "", *(row(one) for one in rows[:MOST]), *more, *last, ""]


def _blocking(step: Step, session: str) -> str:
    """Write a step; format text from the repository as code, where GitHub mentions nobody and links nothing."""
    fix = f" – fix: {_advice(step, session)}" if step.remedy else ""
    return f"- **{_plain(step.kind)}** {code_in_text(step.what)}{fix}"


def _advice(step: Step, session: str) -> str:
    """Write what fixes a step as prose, with only its commands in code."""
    name = re.escape(quote(session))
    ours = rf"(?:pytest|handoff [a-z]+)(?: (?:--[a-z][a-z-]*(?:={name})?|{name})(?![^\s,;)]))+"
    own = f"{re.escape(step.command)}|" if step.command else ""
    pieces = re.split(rf"((?<!\S)(?:{own}{ours}))", one_line(step.remedy))
    return "".join(code_in_text(piece) if at % 2 else _prose(piece) for at, piece in enumerate(pieces))


def _reason(text: str) -> str:
    """Write a reason as prose, with only its options and commands in code."""
    pieces = re.split(r"(?<![\w-])(--[a-z][a-z-]*|-p [\w.:]*\w|`[^`]+`)", one_line(text))
    return "".join(code_in_text(piece.strip("`")) if at % 2 else _prose(piece) for at, piece in enumerate(pieces))


def _prose(piece: str) -> str:
    """Write a piece of a sentence with the blanks at its ends, which part it from a command."""
    words = piece.strip()
    if not words:
        return piece
    before, _, after = piece.partition(words)
    return f"{before}{_plain(words)}{after}"


def _told(step: Step) -> str:
    return f"- {code_in_text(step.what)}"


def _of_test(step: Step) -> str:
    """Write the test's id on a line of its own, and below it what became of the test."""
    test = step.names[0] if step.names else ""
    rest = step.what.removeprefix(test).strip()
    return f"- {code_in_text(test)}\\\n  {code_in_text(rest)}" if test and rest and rest != step.what else _told(step)


def _code_of_pair(pair: tuple[str, str]) -> str:
    return f"- {code_in_text(pair[0])}: {pair[1]}"


def _untested(outcome: FinishedSession) -> Iterator[tuple[str, str]]:
    """List the files with new lines that no test runs at all, whatever the checklist asks for."""
    code = outcome.record.new_code
    for path, file in code.files.items() if code is not None else ():
        if file.missing:
            yield path, f"{'line' if file.missing.isdigit() else 'lines'} {code_in_text(file.missing)}"


def _footer(made: Provenance, commit: str | None) -> str:
    """Say where the evidence comes from; only a run of CI has an artifact."""
    url = made.run_url
    run = f"[this run](<{url}>)" if url and not set(url) & set("<>\r\n \t\\") else "the run"
    source = f"Evidence and document: artifact of {run}" if made.kind == "ci" else "Evidence: from a local run"
    about = f" · about {code_in_text(commit[:12])}" if commit else ""
    return f"<sub>{source}{about}. `handoff next` lists everything that is left.</sub>"


@click.command(short_help="Write the comment for a pull request")
@session_argument
@click.option("--machine-only", is_flag=True, help="Leave out lines that only a person can decide.")
@click.option("--require-provenance", type=click.Choice(["ci"]), help="Accept only evidence from a CI run.")
@click.option("-o", "--output", metavar="FILE", help="Write the comment to this file instead of standard output.")
@click.pass_obj
@verb
def comment(
    handoff_dir: str | None, session: str, *, machine_only: bool, require_provenance: str | None, output: str | None
) -> int:
    """Write a pull-request comment about SESSION, in Markdown: verdict, what blocks, failing and lost tests.

    The first line is a marker, so that a script can find the comment and edit it in place. The exit code says whether the
    evidence could be read, not whether the gate passes. If the evidence cannot be read, the comment says so.
    """
    from pytest_handoff.workflow.ci import fitting

    project = project_here(handoff_dir)
    code = GOOD
    try:
        text = _text(project, session, machine_only=machine_only, provenance=require_provenance)
    except HandoffError as error:
        say_error(error)
        text, code = unreadable(session, str(error)), CANNOT_TELL
    content = fitting(text, LIMIT, _CUT)
    if output is None:
        say_text(content.decode().rstrip("\n"))
    else:
        write_named_file(project, output, content)
    return code


def _text(project: Project, session: str, *, machine_only: bool, provenance: str | None) -> str:
    from pytest_handoff.workflow.left import steps_left

    outcome = outcome_of(project, session)
    return comment_text(outcome, steps_left(project, session, outcome, machine_only=machine_only, provenance=provenance))
