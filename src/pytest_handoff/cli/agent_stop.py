"""Answer the stop hook of a coding agent: is the hand-off done, or is something left?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from pytest_handoff.errors import EvidenceProblem, HandoffError
from pytest_handoff.markup import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.cli.agent_tools import Tool
    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.steps import Step


_FIX = "Fix this, or say in your report that it is not done."
MOST_STEPS = 5
"""The most steps to tell an agent at once; ``handoff next`` has all of them."""


def answer(tool: Tool, sent: bytes, folder: str | None) -> str:
    """Return what the tool should read on standard output: JSON that makes it go on, or nothing.

    Nothing, too, where what it sent cannot be read or does not say whether it was told to go on already: it must come to an end.

    Args:
        sent: what the tool wrote on standard input.
        folder: the project's folder below the top of the repository, if it is not the top itself.
    """
    table = _read(sent)
    if table is None or not tool.may_ask(table):
        return ""
    cwd = table.get("cwd")
    reason = why_not_done(Path(cwd).resolve() if isinstance(cwd, str) and Path(cwd).is_dir() else Path.cwd(), folder)
    return json.dumps(tool.answer(reason)) if reason else ""


def why_not_done(cwd: Path, folder: str | None) -> str | None:
    """Tell an agent what is left of the current hand-off; ``None`` if there is no current one, or nothing is left."""
    from pytest_handoff.cli.newest import newest_session
    from pytest_handoff.project.layout import open_project

    try:
        project = open_project(cwd)
        project = project if folder is None else open_project(project.root / folder)
        recorded = project.store.sessions()
    except HandoffError:
        return None  # no hand-off here
    try:
        session = newest_session(project).session
        if not is_under_way(project, session):
            return None
    except HandoffError as error:  # which one is under way is not known: damage among what is recorded is never passed over
        damaged = recorded and isinstance(error, EvidenceProblem)
        return f"Cannot read the evidence of a hand-off: {error}. {_FIX}" if damaged else None
    try:
        steps = _steps(project, session)
    except HandoffError as error:
        return f"Cannot read the hand-off of {session}: {error}. {_FIX}"
    return _told(session, steps) if steps else None


def is_under_way(project: Project, session: str) -> bool:
    """Check whether a session is still being worked on: it is over when its record is the committed or merged one."""
    from pytest_handoff.project.merged_sessions import merged_sessions, stands

    return not project.store.has(session) or not stands(project, session, merged_sessions(project).records)


def _read(sent: bytes) -> dict[str, Any] | None:
    try:
        table = json.loads(sent.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return table if isinstance(table, dict) else None


def _steps(project: Project, session: str) -> list[Step]:
    from pytest_handoff.cli.support import refilled
    from pytest_handoff.project.locks import read_settled
    from pytest_handoff.project.writing import refuse_mixed
    from pytest_handoff.workflow.left import steps_left
    from pytest_handoff.workflow.steps import first_run

    if not project.store.has(session):
        return [first_run(project, session)]
    refuse_mixed(project)
    outcome = read_settled(project.handoffs, lambda: refilled(project, session, frozenset()))
    return [step for step in steps_left(project, session, outcome, machine_only=True) if step.kind != "placeholder"]


def _told(session: str, steps: Sequence[Step]) -> str:
    lines = [f"The hand-off of {session} is not done: `handoff gate {quote(session)} --machine-only` does not pass."]
    for number, step in enumerate(steps[:MOST_STEPS], start=1):
        place = f"{step.file}:{step.line}: " if step.line else ""
        lines.append(f"{number}. {place}{one_line(step.what)} ({one_line(step.remedy)})")
    more = len(steps) - MOST_STEPS
    lines += [f"and {more:,} more: handoff next {quote(session)} --json"] if more > 0 else []
    lines.append("Finish this, or say in your report what is not done and why. Do not weaken tests, settings or the checklist.")
    return "\n".join(lines)


def sent_by_the_tool() -> bytes:
    """Read what the tool sends on standard input; a person who runs this sends nothing."""
    return b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
