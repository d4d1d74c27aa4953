"""Give each run a folder of its own, for its journal and for what xdist's workers leave for the controller."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.composition.terminal import Line
from pytest_handoff.errors import WriteProblem
from pytest_handoff.project.user_folder import user_folder
from pytest_handoff.recording import options
from pytest_handoff.recording.collection import write_spool
from pytest_handoff.recording.interrupted import how_far, is_recorded, not_recorded
from pytest_handoff.recording.journal import Journal, JournalStart, forget, journals_of, sweep
from pytest_handoff.workflow.start import adds_up

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_handoff.record import RunInfo
    from pytest_handoff.recording.plan import RunPlan
    from pytest_handoff.run import CaseResult, Collection, Run
    from pytest_handoff.workflow.start import Start


class RunFolder:
    """A run's own folder; where it cannot be made in the project, a temporary folder takes its place and there is no journal.

    Attributes:
        ended: call this with the id and the result of each test that ends; ``None`` without a journal.
        templates: where this user's runs keep compiled templates; ``None`` if there is no such place.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.started, self._counted = time.time(), time.perf_counter()
        self._project, self._session = plan.project, plan.start.session
        self._run: RunInfo | None = None
        self._journal: Journal | None = None
        self.ended: Callable[[str, CaseResult], None] | None = None
        self._trouble: str | None = None
        own = user_folder(plan.project.folder)
        self.templates = own and own / "templates"
        journals, begun = journals_of(plan.project.folder), _journal_start(plan, self.started)
        try:
            self._died = not_recorded(plan.project, begun.session)[-1:]
            sweep(journals, begun.session, keep=self._died)
            _prepare_cache(plan.config, journals)
            self._journal = Journal(journals, begun)
            self.ended = self._journal.note
            self.path = self._journal.folder
        except OSError as error:
            self._died, self._trouble = [], error.strerror or str(error)
            self.path = Path(tempfile.mkdtemp(prefix="handoff-run-"))

    def now(self) -> float:
        """Return the time in seconds since the epoch, by a clock that cannot be set back while tests run."""
        return self.started + (time.perf_counter() - self._counted)

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
        died = [how_far(run) for run in self._died]
        said = [f"an earlier run of this session was {far}; this one takes its place" for far in died]
        kept = [f"a journal could not be kept: {trouble}; a run that dies leaves nothing"] if trouble else []
        return [_beside(text) for text in (*said, *kept)]

    def close(self, *, recorded: bool, keep: bool) -> None:
        """Close the folder. Once this run is recorded, neither its journal nor those of earlier runs that died are needed."""
        if recorded:
            forget(self._died)
        if self._journal is not None:
            self._journal.close(keep=keep)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


def _journal_start(plan: RunPlan, started: float) -> JournalStart:
    return JournalStart(
        session=plan.journal_name,
        fingerprint=plan.start.tree.fingerprint,
        started=started,
        prefix=plan.prefix,
        args=list(options.shown_arguments(plan.config)),
        why_partial=list(options.narrowing(plan.config)),
        previous=[record.session for record in plan.start.parents.records],
        instructions=plan.instructions,
        plugins=options.plugins(plan.config),
        suite=plan.suite,
    )


def meanwhile(start: Start, run: Run) -> Line:
    """Report that another run of the session was recorded while this one ran.

    Args:
        start: includes what the other run recorded.
    """
    done = "the two add up" if adds_up(start, run) else "this one takes its place"
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
