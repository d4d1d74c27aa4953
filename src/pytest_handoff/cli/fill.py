"""Run ``handoff fill``: fill the document again from the record, or from what an interrupted run left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.support import (
    GOOD,
    NO,
    outcome_of,
    project_here,
    project_to_write,
    refilled,
    session_argument,
    tell_interrupted,
    verb,
)
from pytest_handoff.cli.text_diff import unified
from pytest_handoff.errors import UsageProblem
from pytest_handoff.printing import say
from pytest_handoff.text_lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.finish import Outcome


@click.command()
@session_argument
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the document differs from the evidence.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, exit 1 if anything would.")
@click.option("--take-over", is_flag=True, help="Replace a person's words too, where the evidence has a value.")
@click.option("--interrupted", is_flag=True, help="Record the newest run that died, as far as it came, as an incomplete run.")
@click.argument("places", nargs=-1)
@click.pass_obj
@verb
def fill(
    handoff_dir: str | None,
    session: str,
    *,
    check: bool,
    diff: bool,
    take_over: bool,
    interrupted: bool,
    places: tuple[str, ...],
) -> int:
    """Fill the document of SESSION again from its record; no test is run. PLACES narrow --take-over to these ids."""
    if places and not take_over:
        raise UsageProblem(f"{places[0]!r} goes with --take-over: handoff fill {session} --take-over {' '.join(places)}")
    replaced = frozenset(places or ["*"]) if take_over else frozenset()
    if check or diff:
        if interrupted:
            raise UsageProblem("--interrupted writes the record; --check and --diff write nothing: use one of the two")
        project = project_here(handoff_dir)
        outcome = outcome_of(project, session, replaced)
        _refuse_unknown(places, outcome)
        return _compare(project, session, outcome, diff=diff)
    project = project_to_write(handoff_dir)
    if interrupted:
        _record_interrupted(project, session)
    _fill(project, session, replaced, places)
    return GOOD


def _compare(project: Project, session: str, outcome: Outcome, *, diff: bool) -> int:
    """Check the document against the evidence; with ``diff``, show how it differs."""
    from pytest_handoff.workflow.start import document_bytes

    document = project.document(session)
    artifact, shown = outcome.artifact(document), project.shown(document)
    if diff:
        for line in _diff(document_bytes(project, session) or b"", artifact.whole, shown):
            say(line, whole=True)
    if artifact.differs():
        say(f"{shown}: differs from the evidence; next: handoff fill {session}")
        return NO
    say(f"{shown}: is what the evidence says")
    return GOOD


def _fill(project: Project, session: str, take_over: frozenset[str], places: Sequence[str]) -> None:
    """Fill and write the document, with the lock held from the first read on, since a run may end meanwhile."""
    from pytest_handoff.project.writing import write_together, writing

    tell_interrupted(project, session)
    document = project.document(session)
    with writing(project):
        outcome = refilled(project, session, take_over)
        _refuse_unknown(places, outcome)
        changed = [artifact.path for artifact in outcome.artifacts if artifact.differs()]
        write_together(project, session, outcome.artifacts)
    say(f"{project.shown(document)}: {_what_was_filled(project, document, changed)}")
    _tell_findings(outcome)


def _refuse_unknown(places: Sequence[str], outcome: Outcome) -> None:
    known = {place.id for place in outcome.composition.document.places}
    for place in places:
        if place not in known:
            names = f"handoff explain {outcome.record.session} names those with a person's words"
            raise UsageProblem(f"the document has no place {place!r}; {names}")


def _what_was_filled(project: Project, document: Path, changed: Sequence[Path]) -> str:
    if document in changed:
        return "filled"
    beside = "".join(f"; {project.shown(path)}: brought up to date" for path in changed)
    return f"nothing to change{beside}"


def _record_interrupted(project: Project, session: str) -> None:
    from pytest_handoff.project.writing import write_together, writing
    from pytest_handoff.recording.journal import forget
    from pytest_handoff.recording.run_folder import outcome_of_dead_run

    with writing(project):
        outcome, runs = outcome_of_dead_run(project, session)
        write_together(project, session, outcome.artifacts)
    forget(runs)
    say(f"recorded as an incomplete run: {'; '.join(outcome.record.run.why_incomplete)}")


def _diff(have: bytes, want: bytes, name: str) -> Iterator[str]:
    old, new = (split_lines(data.decode("utf-8", "replace")) for data in (have, want))
    for line in unified(old, new, f"{name} (as it stands)", f"{name} (by the evidence)"):
        yield line.rstrip("\r\n")


def _tell_findings(outcome: Outcome) -> None:
    for finding in outcome.composition.findings:
        if finding.kind != "placeholder":
            place = f"line {finding.line}: " if finding.line else ""
            say(f"  {place}{finding.message}")
