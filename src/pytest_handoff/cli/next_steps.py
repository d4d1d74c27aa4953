"""Run ``handoff next``: list what is left to do, one step per problem."""

from __future__ import annotations

import os
import shlex
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pytest_handoff.cli.support import (
    GOOD,
    NO,
    named_session,
    outcome_of,
    project_here,
    shown_details,
    unnamed_session_argument,
    verb,
)
from pytest_handoff.cli.wrapping import hanging
from pytest_handoff.errors import HandoffError
from pytest_handoff.figures import counted
from pytest_handoff.markup import one_line
from pytest_handoff.printing import say, say_json, say_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_handoff.project.layout import Project
    from pytest_handoff.proof import Survivor
    from pytest_handoff.workflow.steps import Step


NEXT_SCHEMA = "pytest-handoff/next/1"
_ABOUT_FAILURES = ("complete", "failures", "regression")


@click.command("next", short_help="List what is left to do, in order")
@unnamed_session_argument
@click.option("--machine-only", is_flag=True, help="Leave out lines that only a person can decide.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@verb
def next_steps(handoff_dir: str | None, session: str | None, *, machine_only: bool, as_json: bool) -> int:
    """List what is left to do before SESSION can be handed over, in order.

    Exit codes: 0 nothing is left; 1 something is left; 2 it cannot tell.
    """
    project = project_here(handoff_dir)
    here = project.here or project.folder
    if as_json or not here.is_relative_to(project.folder):  # a program runs every command where all of them can be run
        project = msgspec.structs.replace(project, here=project.folder).sharing()
    session, steps, survivors = _asked(project, session, machine_only=machine_only)
    steps = steps if handoff_dir is None else [_with_dir(step, handoff_dir) for step in steps]
    if as_json:
        places = {"root": _way(here, project.root), "folder": _way(here, project.folder)}
        say_json(next_table(session, steps, survivors) | places)
    else:
        _tell(session, steps)
    return NO if steps else GOOD


def _asked(project: Project, session: str | None, *, machine_only: bool) -> tuple[str, list[Step], Sequence[Survivor]]:
    """Name the session and the steps left; if its evidence cannot be read, the only step is to repair it.

    Raises:
        HandoffError: where nothing that could be done mends it.
    """
    from pytest_handoff.workflow.mending import mending, session_of

    try:
        session = session or named_session(project)
        return session, *_steps(project, session, machine_only=machine_only)
    except HandoffError as error:
        step = mending(project, session, error)
        if step is None:
            raise
        return session or session_of(project, error) or "", [step], ()


def _way(here: Path, there: Path) -> str:
    return Path(os.path.relpath(there, here)).as_posix()


def _with_dir(step: Step, handoff_dir: str) -> Step:
    """Pass the option on to the command of a step, which would otherwise be about another folder."""
    program, _, rest = (step.command or "").partition(" ")
    option = shlex.quote(handoff_dir)
    commands = {"pytest": f"pytest {rest} --handoff-dir={option}", "handoff": f"handoff --handoff-dir {option} {rest}"}
    return msgspec.structs.replace(step, command=commands.get(program, step.command))


def next_table(session: str, steps: Sequence[Step], survivors: Sequence[Survivor] = ()) -> dict[str, Any]:
    """Build the table that ``handoff next --json`` prints.

    Args:
        survivors: faults that no test noticed; they are no steps, since they decide nothing by themselves.
    """
    return {
        "schema": NEXT_SCHEMA,
        "session": session,
        "done": not steps,
        "steps": [msgspec.to_builtins(step) for step in steps],
        "survivors": [msgspec.to_builtins(one) for one in survivors],
    }


def _steps(project: Project, session: str, *, machine_only: bool) -> tuple[list[Step], Sequence[Survivor]]:
    """List what is left, and the faults that no test noticed, where the run is proved."""
    from pytest_handoff.workflow.left import steps_left
    from pytest_handoff.workflow.steps import first_run

    if not project.store.has(session) and project.document(session).is_file():
        return [first_run(project, session)], ()
    outcome = outcome_of(project, session)
    steps = steps_left(project, session, outcome, machine_only=machine_only)
    details = shown_details(project, outcome.record) if any(step.kind in _ABOUT_FAILURES for step in steps) else None
    messages = {failure.test: failure.message for failure in details.failures} if details is not None else {}
    proof = outcome.composition.facts.proof
    survived = proof.faults.survived if proof is not None and proof.faults is not None else ()
    return [_with_failure(step, messages) for step in steps], survived


def _with_failure(step: Step, messages: Mapping[str, str]) -> Step:
    """Add where and how its test failed to a step about a failure."""
    told = next((messages[name] for name in step.names if messages.get(name)), None)
    return msgspec.structs.replace(step, failure=told) if told and step.kind in _ABOUT_FAILURES else step


def _tell(session: str, steps: Sequence[Step]) -> None:
    if not steps:
        say_parts([[(f"{session}: nothing left", "green")]])
        return
    say_parts([[(f"{session}: {counted(len(steps), 'thing')} left", "bold")]])
    for number, (step, following) in enumerate(zip_longest(steps, steps[1:]), start=1):
        again = following is not None and (following.kind, following.do) == (step.kind, step.do)
        for line in _lines(number, step, "" if again else step.remedy):
            say(line)


def _lines(number: int, step: Step, do: str) -> Iterator[str]:
    """Write a step: its kind and place, what is wrong, the names not mentioned there, and what to do."""
    head = f"{number}. "
    indent = " " * len(head)
    place = f"{step.file}:{step.line}" if step.line else step.file or ""
    yield from hanging(f"{step.kind}  {place}".rstrip(), first=head, rest=indent)
    yield from hanging(one_line(step.what), first=indent, rest=indent + "  ")
    for name in step.names:
        if name not in step.what:
            yield from hanging(one_line(name), first=f"{indent}- ", rest=f"{indent}  ")
    yield from hanging(one_line(do), first=indent, rest=indent + "  ") if do else ()
