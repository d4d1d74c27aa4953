"""Report runs that were interrupted, and make evidence from what they left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem, HandoffError
from pytest_handoff.evidence.measurement import NotMeasured
from pytest_handoff.project.environment import context_of
from pytest_handoff.recording import journal
from pytest_handoff.recording.collection import key_of, read_spool
from pytest_handoff.run import CaseResult, Run, worse
from pytest_handoff.workflow import finish as workflow
from pytest_handoff.workflow import start as workflow_start
from pytest_handoff.workflow.record import RunResults, record_run

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import RunInfo
    from pytest_handoff.recording.journal import LeftBehind
    from pytest_handoff.run import Collection


INTERRUPTED = 2
"""pytest's exit status for an interrupted run."""
_BEFORE_COLLECTED = "before all tests were collected"


def how_far(run: LeftBehind) -> str:
    """Say how far a run came: ``interrupted after 812 of 3,000 tests``."""
    try:
        collection = read_spool(run.folder)
    except EvidenceProblem:
        return "interrupted, and how far it came cannot be read"
    return interrupted_after(len(_results(run)), None if collection is None else len(collection.tests))


def interrupted_after(ended: int, collected: int | None) -> str:
    """Say how far a run came, from numbers of tests; ``collected`` is ``None`` if collection did not finish."""
    if collected is None:
        return f"interrupted {_BEFORE_COLLECTED}"
    return f"interrupted after {ended:,} of {collected:,} tests"


def not_recorded(project: Project, session: str) -> list[LeftBehind]:
    """Find the journals of a session's runs that died before they were recorded, oldest first.

    Raises:
        EvidenceProblem: if the session's record cannot be read.
    """
    runs = journal.left_behind(journal.journals_of(project.folder), session)
    return [run for run in runs if run.recorded is None or not is_recorded(project, session, run.recorded)]


def is_recorded(project: Project, session: str, run: RunInfo) -> bool:
    """Check if the record of a session is about this run."""
    return project.store.has(session) and project.store.record(session).run == run


def tell(project: Project, session: str) -> str | None:
    """Warn about the newest run of a session that died without a record; return ``None`` if there is none."""
    runs = not_recorded(project, session)
    if not runs:
        return None
    return f"a run of {session} was {how_far(runs[-1])}, and is not in the record; next: {_next_step(project, runs[-1])}"


def outcome_of_dead_run(project: Project, session: str) -> tuple[workflow.Outcome, list[LeftBehind]]:
    """Make evidence of the newest run of a session that died, as an incomplete run; also return the journals this makes obsolete.

    Raises:
        EvidenceProblem: if there is none, if the code has changed since, or if a complete run of this code is recorded.
    """
    runs = not_recorded(project, session)
    if not runs:
        if journal.has_strange(journal.journals_of(project.folder), session):
            raise EvidenceProblem(f"no run of yours left the journal of {session!r} that lies in pytest's cache; run it again")
        raise EvidenceProblem(f"no run of {session!r} was interrupted; nothing is left to use")
    start, collection = _usable(project, runs[-1])
    run = _as_run(runs[-1], collection)
    results = RunResults(
        run=run,
        measured=NotMeasured("the run was interrupted, and its coverage went with it"),
        context=context_of(run, None),
        is_test_file=runs[-1].start.suite.is_module,
        instructions=runs[-1].start.instructions,
    )
    return record_run(project, start, results), runs


def _next_step(project: Project, run: LeftBehind) -> str:
    try:
        start, _ = _usable(project, run)
    except HandoffError:
        return "run again"
    return workflow_start.run_again(start)


def _usable(project: Project, run: LeftBehind) -> tuple[workflow_start.Start, Collection]:
    session = run.start.session
    collection = read_spool(run.folder)
    if collection is None:
        raise EvidenceProblem(f"the run of {session!r} was interrupted {_BEFORE_COLLECTED}; run it again")
    start = workflow_start.with_latest(project, workflow_start.begin(project, session, run.start.previous))
    if start.tree.fingerprint != run.start.fingerprint:
        raise EvidenceProblem(f"the code has changed since that run of {session!r} was interrupted; run it again")
    if workflow_start.has_complete_run(start):
        raise EvidenceProblem(f"{session!r} has the record of a complete run of this code already; it is worth more")
    return start, collection


def _as_run(run: LeftBehind, collection: Collection) -> Run:
    return Run(
        collected=collection.tests,
        results=_results(run),
        whole_files=frozenset(collection.whole_files),
        broken_files=collection.broken_files,
        why_partial=(*run.start.why_partial, how_far(run)),
        mishaps=(),
        interrupted="its process ended",
        started=run.start.started,
        finished=run.last,
        exitstatus=INTERRUPTED,
        args=tuple(run.start.args),
        plugins=run.start.plugins,
        reported={},
    )


def _results(run: LeftBehind) -> dict[str, CaseResult]:
    found: dict[str, CaseResult] = {}
    for nodeid, result in run.results:
        key = key_of(nodeid, run.start.prefix)
        found[key] = worse(found[key], result) if key in found else result
    return found
