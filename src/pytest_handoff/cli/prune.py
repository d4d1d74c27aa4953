"""Run ``handoff prune``: remove source snapshots that no session needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.support import GOOD, file_size, project_here, project_to_write, verb
from pytest_handoff.printing import say

if TYPE_CHECKING:
    from pytest_handoff.project.sessions import Pruning


@click.command(short_help="Remove source snapshots that are not needed")
@click.option("--dry-run", is_flag=True, help="Remove nothing; list what would be removed.")
@click.pass_obj
@verb
def prune(handoff_dir: str | None, *, dry_run: bool) -> int:
    """Delete source snapshots (sources.jsonl) that no later session needs.

    It keeps the snapshots of the newest sessions, for the next one, and of the sessions that these continue, so that the newest
    can be run again. A snapshot that contains only differences from a deleted one is first written in full. It never deletes
    records, ledgers and documents.
    """
    from pytest_handoff.project.artifacts import write_each
    from pytest_handoff.project.locks import locked
    from pytest_handoff.project.sessions import plan as pruning_plan
    from pytest_handoff.project.stored_files import SOURCES
    from pytest_handoff.project.writing import writing

    project = (project_here if dry_run else project_to_write)(handoff_dir)
    store = project.store
    with locked(project.handoffs) if dry_run else writing(project):
        plan = pruning_plan(store)
        whole = [store.made_whole(SOURCES, session) for session in plan.standing]
        for artifact in whole:
            done = "would be written" if dry_run else "written"
            say(f"{project.shown(artifact.path)}: {done} whole, {file_size(len(artifact.whole))}")
        if not dry_run:
            write_each(whole, project.within)
        for session in plan.removable:
            path = store.sources_path(session)
            say(f"{project.shown(path)}: {'would be removed' if dry_run else 'removed'}, {file_size(path.stat().st_size)}")
            if not dry_run:
                path.unlink()
    _tell_what_stays(plan)
    return GOOD


def _tell_what_stays(plan: Pruning) -> None:
    """Say which snapshots stay and why, and what the others are no longer there for."""
    if plan.kept:
        say(f"kept, because later runs compare with them: {', '.join(plan.kept)}")
    if not plan.removable:
        say("nothing to remove: every source snapshot here is still needed")
    elif plan.unrepeatable:
        say(
            "handoff verify and handoff gate work as before; "
            f"the new code of {', '.join(plan.unrepeatable)} could not be measured again by a run, unless git restores the file"
        )
