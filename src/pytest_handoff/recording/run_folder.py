"""Give each run its own folder, report interrupted runs, and turn what they left into evidence."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.composition.terminal import Line
from pytest_handoff.details import DETAILS_SCHEMA, Details
from pytest_handoff.errors import EvidenceProblem, HandoffError, WriteProblem
from pytest_handoff.evidence.measurement import NotMeasured
from pytest_handoff.project.environment import context_of, seconds
from pytest_handoff.project.user_folder import user_folder
from pytest_handoff.recording import journal, options
from pytest_handoff.recording.collection import COLLECTION, key_of, read_spool, write_spool
from pytest_handoff.recording.journal import Journal, JournalStart, forget, journals_of, sweep
from pytest_handoff.run import CaseResult, Run, worse
from pytest_handoff.workflow.record import RunResults, record_run
from pytest_handoff.workflow.start import Start, adds_up, begin, has_complete_run, run_again, with_latest

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    import pytest

    from pytest_handoff.details import Failure
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record, RunInfo
    from pytest_handoff.recording.journal import DeadRun
    from pytest_handoff.recording.plan import RunPlan
    from pytest_handoff.run import Collection
    from pytest_handoff.workflow.finish import FinishedSession


INTERRUPTED = 2
"""pytest's exit status for an interrupted run."""
_COARSE = 1
"""Seconds by which the times of files may be behind."""
_BEFORE_COLLECTED = "before all tests were collected"


def what_became(run: DeadRun) -> str:
    """Say what became of a run that was not recorded: ``was interrupted after 812 of 3,000 tests``, or that it finished."""
    if run.finished is None:
        return f"was {how_far(run)}"
    gaps = ", and its journal has gaps" if _has_gaps(run) else ""
    return f"finished, but its record was not written{gaps}"


def how_far(run: DeadRun) -> str:
    """Say how far an interrupted run came: ``interrupted after 812 of 3,000 tests``."""
    unknown = "interrupted, and how far it got cannot be read"
    try:
        collection = read_spool(run.folder)
    except EvidenceProblem:
        return unknown
    if _has_gaps(run):
        return unknown
    tests = {} if collection is None else collection.tests
    return interrupted_after(len(_results(run, tests)), None if collection is None else len(tests))


def _has_gaps(run: DeadRun) -> bool:
    """Check whether the disk had no room for some results, or for what was collected."""
    return run.gaps or ((run.finished is not None or bool(run.results)) and not (run.folder / COLLECTION).exists())


def interrupted_after(ended: int, collected: int | None) -> str:
    """Say how far a run came, from numbers of tests; ``collected`` is ``None`` if collection did not finish."""
    if collected is None:
        return f"interrupted {_BEFORE_COLLECTED}"
    return f"interrupted after {ended:,} of {collected:,} tests"


def not_recorded(project: Project, session: str) -> list[DeadRun]:
    """Find the journals of a session's runs that died before they were recorded, oldest first.

    Raises:
        EvidenceProblem: if the session's record cannot be read.
    """
    runs = journal.left_behind(journal.journals_of(project.folder), session)
    return [run for run in runs if run.recorded is None or not is_recorded(project, session, run.recorded)]


def is_recorded(project: Project, session: str, run: RunInfo) -> bool:
    """Check if the record of a session is about this run."""
    return project.store.has(session) and project.store.figures(session).run == run


def tell(project: Project, session: str) -> str | None:
    """Warn about the newest run of a session that ended without a record; return ``None`` if there is none."""
    runs = not_recorded(project, session)
    if not runs:
        return None
    beside = ", and is not in the record" if runs[-1].finished is None else ""
    return f"a run of {session} {what_became(runs[-1])}{beside}; next: {_next_step(project, runs[-1])}"


def outcome_of_dead_run(project: Project, session: str) -> tuple[FinishedSession, list[DeadRun]]:
    """Make evidence of the newest run of a session that died, as an incomplete run; also return the journals this makes obsolete.

    Raises:
        EvidenceProblem: if there is none, if the code has changed since, or if a complete run of this code is recorded.
    """
    runs = not_recorded(project, session)
    if not runs:
        if journal.has_strange(journal.journals_of(project.folder), session):
            raise EvidenceProblem(f"none of your runs left the journal of {session!r} in pytest's cache; run it again")
        raise EvidenceProblem(f"no run of {session!r} was interrupted; there is nothing to record")
    start, collection = _usable(project, runs[-1])
    run = _as_run(runs[-1], collection)
    ended = "the run was interrupted" if runs[-1].finished is None else "the record of the run was not written"
    results = RunResults(
        run=run,
        measured=NotMeasured(f"{ended}, and its coverage is lost"),
        context=context_of(run, None),
        is_test_file=runs[-1].start.suite.is_module,
        instructions=runs[-1].start.instructions,
    )
    return record_run(project, start, results), runs


def keep_details(project: Project, outcome: FinishedSession, run: DeadRun, before: Record | None) -> str | None:
    """Keep what the failing tests of a run that died said; nobody knows how long its tests took. Return why it could not be kept.

    Args:
        before: the record of the session before this run was recorded.
    """
    from pytest_handoff.project.detail_files import earlier_details, finished, keep

    if project.config.details == "off":
        return None
    collection = read_spool(run.folder)
    collected = {} if collection is None else collection.tests
    failures = [replace(one, test=key_of(one.test, run.start.prefix, collected)) for one in run.failures()]
    brought = Details(schema=DETAILS_SCHEMA, session=run.start.session, record="", failures=failures)
    seen = {*_results(run, collected), *(collection.broken_files if collection is not None else ())}
    old = earlier_details(project, before, outcome.record.source.fingerprint)
    ledger = outcome.composition.facts.ledger
    return keep(project, finished(brought, outcome.record, ledger, old=old, seen=seen))


def _next_step(project: Project, run: DeadRun) -> str:
    try:
        start, _ = _usable(project, run)
    except HandoffError:
        return "run again"
    return run_again(start)


def _usable(project: Project, run: DeadRun) -> tuple[Start, Collection]:
    session = run.start.session
    collection = read_spool(run.folder)
    if _has_gaps(run):
        raise EvidenceProblem(f"the journal of that run of {session!r} has gaps; run it again")
    if collection is None:
        raise EvidenceProblem(f"the run of {session!r} was interrupted {_BEFORE_COLLECTED}; run it again")
    start = with_latest(project, begin(project, session, run.start.previous))
    if start.tree.fingerprint != run.start.fingerprint:
        ended = "was interrupted" if run.finished is None else "finished"
        raise EvidenceProblem(f"the code has changed since that run of {session!r} {ended}; run it again")
    if has_complete_run(start):
        raise EvidenceProblem(f"{session!r} already has the record of a complete run of this code, which is better evidence")
    return start, collection


def _as_run(run: DeadRun, collection: Collection) -> Run:
    results = _results(run, collection.tests)
    why = how_far(run) if run.finished is None else "its record was not written, and this one is from its journal"
    return Run(
        collected=collection.tests,
        results=results,
        whole_files=frozenset(collection.whole_files),
        broken_files=collection.broken_files,
        skipped_nodes=tuple(collection.skipped_nodes),
        left_out=frozenset(collection.left_out).difference(results),
        why_partial=(*run.start.why_partial, why),
        mishaps=(),
        interrupted="its process ended" if run.finished is None else None,
        started=run.start.started,
        finished=run.last,
        exitstatus=INTERRUPTED if run.finished is None else run.finished,
        args=tuple(run.start.args),
        plugins=run.start.plugins,
        reported={},
    )


def _results(run: DeadRun, collected: Container[str]) -> dict[str, CaseResult]:
    found: dict[str, CaseResult] = {}
    for nodeid, result in run.results:
        key = key_of(nodeid, run.start.prefix, collected)
        found[key] = worse(found[key], result) if key in found else result
    return found


class RunFolder:
    """A run's own folder; where it cannot be made in the project, a temporary folder takes its place and there is no journal.

    Attributes:
        ended: call this with the id and the result of each test that ends; ``None`` without a journal.
        failed: call this with what a failing test said; ``None`` without a journal.
        templates: where this user's runs keep compiled templates; ``None`` if there is no such place.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.started, self._counted = seconds(), time.perf_counter()
        self._project, self._session = plan.project, plan.start.session
        self._run: RunInfo | None = None
        self._journal: Journal | None = None
        self.ended: Callable[[str, CaseResult], None] | None = None
        self.failed: Callable[[Failure], None] | None = None
        self._trouble: str | None = None
        own = user_folder(plan.project.folder)
        self.templates = own and own / "templates"
        journals, begun = journals_of(plan.project.folder), _journal_start(plan, self.started)
        try:
            self._died = not_recorded(plan.project, begun.session)[-1:]
            sweep(journals, begun.session, keep=self._died)
            _prepare_cache(plan.config, journals)
            self._journal = Journal(journals, begun)
            self.ended, self.failed = self._journal.note, self._journal.note_failure
            self.path = self._journal.folder
        except OSError as error:
            self._died, self._trouble = [], error.strerror or str(error)
            self.path = Path(tempfile.mkdtemp(prefix="handoff-run-"))

    def now(self) -> float:
        """Return the time in seconds since the epoch, by a clock that cannot be set back while tests run.

        If tests have frozen that clock, so that it shows nothing, or a time that cannot be, the other one counts.
        """
        counted, passed = time.perf_counter() - self._counted, seconds() - self.started
        frozen = not 0 < counted <= max(passed, 0) + _COARSE
        return self.started + max(passed if frozen and passed > 0 else counted, 0)

    def collected(self, collection: Collection) -> None:
        """Store the collection where the next command can find it."""
        try:
            write_spool(self.path, collection)
        except WriteProblem as problem:
            self._trouble = str(problem)

    def will_be_recorded(self, run: RunInfo) -> None:
        """Note what the record is about to say about this run, so that a run with a record is never called interrupted."""
        self._run = run
        if self._journal is not None:
            self._journal.will_be_recorded(run)

    def is_recorded(self) -> bool:
        """Check if the session's record is about this run."""
        return self._run is not None and is_recorded(self._project, self._session, self._run)

    def had_company(self) -> bool:
        """Check if another run was recording in this project at the same time."""
        return self._journal is not None and self._journal.had_company()

    def lines(self) -> list[Line]:
        """List what to say at the end of the run: earlier runs that died, and a journal that could not be kept."""
        trouble = self._trouble or (self._journal.trouble if self._journal else None)
        said = [f"an earlier run of this session {what_became(run)}; this one replaces it" for run in self._died]
        kept = [f"cannot keep a journal: {trouble}; if this run dies, its results are lost"] if trouble else []
        return [_beside(text) for text in (*said, *kept)]

    def close(self, *, recorded: bool, keep: bool, finished: int | None) -> None:
        """Close the folder. Once this run is recorded, neither its journal nor those of earlier runs that died are needed.

        Args:
            finished: the exit status, if the tests ran to their end.
        """
        if recorded:
            forget(self._died)
        if self._journal is not None:
            self._journal.close(keep=keep, finished=finished)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


def _journal_start(plan: RunPlan, started: float) -> JournalStart:
    return JournalStart(
        session=plan.journal_name,
        fingerprint=plan.start.tree.fingerprint,
        started=started,
        prefix=plan.prefix,
        args=list(options.shown_arguments(plan.config)),
        why_partial=list(plan.why_partial()),
        previous=[link.session for link in plan.start.parents.links],
        instructions=plan.instructions,
        plugins=options.plugins(plan.config),
        suite=plan.suite,
    )


def meanwhile(start: Start, run: Run) -> Line:
    """Report that another run of the session was recorded while this one ran.

    Args:
        start: includes what the other run recorded.
    """
    done = "the two add up" if adds_up(start, run) else "this one replaces it"
    return _beside(f"another run of {start.session} was recorded while this one ran; {done}")


def _beside(text: str) -> Line:
    return Line(f"{'beside':<11}{text}", {"yellow": True})


def _prepare_cache(config: pytest.Config, journals: Path) -> None:
    """Let pytest make its cache with the files that keep it out of git; if its cache is elsewhere, make a ``.gitignore`` here."""
    folder = journals.parents[1]
    if folder.exists():
        return
    cache = getattr(config, "cache", None)
    if cache is not None:
        cache.mkdir("handoff")
    journals.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")
