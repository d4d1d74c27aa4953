"""Run ``handoff report``: write one self-contained page about a session."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_handoff.cli.support import GOOD, complete_session, file_size, outcome_of, project_here, tell_if_code, verb
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.printing import say


@click.command()
@click.argument("session", required=False, shell_complete=complete_session)
@click.option("-o", "--output", metavar="FILE", help="Where the page is written, instead of report/ in the hand-off folder.")
@click.pass_obj
@verb
def report(handoff_dir: str | None, session: str | None, output: str | None) -> int:
    """Write one page about SESSION (without it, the newest) that needs no network: history, tests, coverage, checklist."""
    from pytest_handoff.cli.report import report_of
    from pytest_handoff.evidence.history import in_order
    from pytest_handoff.project.artifacts import Artifact, self_ignoring, write_all
    from pytest_handoff.project.foreign_files import named_by_a_person

    project = project_here(handoff_dir)
    if session is None:
        ordered = in_order({name: project.store.record(name) for name in project.store.sessions()})
        if not ordered:
            folder = project.shown(project.handoffs)
            raise EvidenceProblem("no session is recorded yet; begin with pytest --handoff=session-1", path=folder)
        session = ordered[-1].session
    outcome = outcome_of(project, session)
    content = report_of(project, outcome).encode("utf-8", "backslashreplace")
    own = project.handoffs / "report"
    path = own / f"{session}.html" if output is None else Path.cwd() / output
    within = project.within if output is None else [named_by_a_person(path, project.root)]
    write_all([*([self_ignoring(own)] if output is None else []), Artifact(path=path, content=content)], within)
    say(f"{output or project.shown(path)}: {session}, {file_size(len(content))}; open it in a browser")
    tell_if_code(project, path)
    return GOOD
