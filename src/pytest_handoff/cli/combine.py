"""Run ``handoff combine``: join the parts of a session, or the proofs of its shards, from several jobs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.support import GOOD, complete_session, project_to_write, shown_details, verb
from pytest_handoff.errors import UsageProblem
from pytest_handoff.printing import progress, say, say_parts

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.finish import FinishedSession


@click.command(short_help="Join the parts that several jobs recorded")
@click.argument("session", shell_complete=complete_session)
@click.argument("folders", metavar="[DIR]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--artifacts",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Also write document, evidence and summary.md there.",
)
@click.pass_obj
@verb
def combine(handoff_dir: str | None, session: str, folders: tuple[Path, ...], *, artifacts: Path | None) -> int:
    """Join the parts of SESSION that several jobs recorded (pytest --handoff-part), and fill its document, without running tests.

    It looks for parts in and below each DIR or, without DIR, where runs without --handoff-artifacts keep them. All parts must be
    about the tree in which you run this. If the project has hooks, those of this checkout run.

    If there are no parts but proofs of shards (handoff prove --shard), it joins these; a DIR may also be such a file.
    """
    from pytest_handoff.cli.combine_proofs import join_proofs, kept_proofs
    from pytest_handoff.config import check_session_name
    from pytest_handoff.parts.combine import combine as joined

    project = project_to_write(handoff_dir)
    check_session_name(session)
    if proofs := kept_proofs(project, session, folders):
        if artifacts is not None:
            raise UsageProblem("--artifacts works with parts only; a proof is written beside the record of its session")
        return join_proofs(project, session, proofs)
    outcome = joined(project, session, folders, progress, lambda text: say(f"handoff: {text}", err=True))
    if artifacts is not None:
        _export(project, outcome, artifacts)
    _tell(project, outcome)
    return GOOD


def _export(project: Project, outcome: FinishedSession, folder: Path) -> None:
    from pytest_handoff.project.artifacts import write_each
    from pytest_handoff.project.foreign_files import named_by_a_person
    from pytest_handoff.workflow import finish
    from pytest_handoff.workflow.ci import artifacts_for_ci

    details = shown_details(project, outcome.record)
    within = [named_by_a_person(folder.absolute(), project.root)]
    copies = artifacts_for_ci(folder.absolute(), project, outcome, [], finish.renderer_of(project), details=details)
    write_each(copies, within)


def _tell(project: Project, outcome: FinishedSession) -> None:
    from pytest_handoff.cli.show import show_lines
    from pytest_handoff.composition.terminal import dropped_line, run_lines

    session = outcome.record.session
    figures = run_lines(
        outcome.composition,
        project.shown(project.document(session)),
        parent_percent=outcome.parent_percent,
        verbosity=0,
    )
    dropped = [dropped_line()] if outcome.dropped_part else []
    say_parts(show_lines(session, [*figures[:-1], *dropped, figures[-1]], ()))
