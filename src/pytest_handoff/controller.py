"""The plugin object of the process that writes: gathers one run, makes its evidence, and says in the end what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff import selection, workflow
from pytest_handoff.collection import COLLECTION, Collector, key_prefix
from pytest_handoff.errors import HandoffError
from pytest_handoff.lineage import share_ids
from pytest_handoff.measuring import Measuring
from pytest_handoff.recorder import Recorder
from pytest_handoff.run_end import RunEnd
from pytest_handoff.run_folder import RunFolder
from pytest_handoff.tiers import Tiers
from pytest_handoff.tracing import trace_collected
from pytest_handoff.worker import INPUT, Ages
from pytest_handoff.worker_faults import hear_spool, hear_worker

if TYPE_CHECKING:
    from pytest_handoff.ending import Ending
    from pytest_handoff.faults import Faults
    from pytest_handoff.part_writing import PartWriting
    from pytest_handoff.project import Project
    from pytest_handoff.run import Collection


class Controller:
    """Hooks of the controller; each test costs what :class:`Recorder` costs and nothing here.

    Args:
        ending: says what came of the run.
        faults: takes what goes wrong in here; the tests go on.
        instructions: the key of the file with the session's instructions, where one was named.
    """

    def __init__(
        self,
        config: pytest.Config,
        project: Project,
        start: workflow.Start,
        ending: Ending,
        faults: Faults,
        *,
        instructions: str | None,
    ) -> None:
        self._project = project
        self._start = start
        self._faults = faults
        self._collection: Collection | None = None
        self._closed = False
        prefix = key_prefix(config, project)
        suite = selection.suite_files(config, prefix)
        collector = Collector(config, project, Tiers(project.config), self._take_collection, faults)
        self._ages = Ages(start.session, prefix, collector)
        measuring = Measuring(config, project, start, suite)
        self._folder = RunFolder(config, project, start, prefix=prefix, suite=suite, instructions=instructions)
        recorder = Recorder(prefix, faults, self._folder.ended)
        config.pluginmanager.register(recorder, "handoff-recorder")
        config.pluginmanager.register(collector, "handoff-collector")
        measuring.register(self._ages, faults)
        self._part: PartWriting | None = None
        if config.getoption("handoff_part") is not None:
            from pytest_handoff.part_writing import PartWriting

            self._part = PartWriting(config, project, start, suite=suite, instructions=instructions)
            ending.also_tell(self._part.stop)
        self._end = RunEnd(
            config,
            project,
            start,
            ending,
            suite=suite,
            measuring=measuring,
            folder=self._folder,
            recorder=recorder,
            part=self._part,
            instructions=instructions,
        )

    def pytest_sessionstart(self) -> None:
        """Begin the part, where this run is one; a folder that cannot be written is known before anyone has waited for tests."""
        with self._faults:
            try:
                if self._part is not None:
                    self._part.begin()
            except HandoffError as error:
                raise pytest.UsageError(f"--handoff-part: {error}") from error

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Hand each xdist worker what it needs to know."""
        with self._faults:
            node.workerinput[INPUT] = {  # type: ignore[attr-defined] # xdist's WorkerController, which has no types
                "session": self._start.session,
                "spool": str(self._folder.path),
                "parents": [record.session for record in self._start.parents.records],
                "renames": dict(self._start.renames),
            }

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Hear what went wrong on a worker that could not write it down."""
        with self._faults:
            hear_worker(node, self._faults)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the evidence; a fault of ours never hides a result, and never passes for success."""
        try:
            with self._faults:
                self._finish(session, int(exitstatus))
        except KeyboardInterrupt:
            with self._faults:
                self._end.break_off(session)
        finally:
            with self._faults:
                self._close(keep=self._end.keeps)

    def pytest_unconfigure(self) -> None:
        """Close what a run left open that ended before its session began, or by a second Ctrl-C at its end."""
        with self._faults:
            self._close(keep=self._end.keeps and (self._folder.path / COLLECTION).exists())

    def _take_collection(self, collection: Collection) -> None:
        self._collection = collection
        self._folder.collected(collection)
        earlier = self._start.parents.earlier
        share_ids(earlier.lines, collection.tests)
        found = trace_collected(earlier, collection.tests, collection.whole_files, self._start.renames, self._project.root)
        self._ages.know(earlier, found)

    def _finish(self, session: pytest.Session, exitstatus: int) -> None:
        hear_spool(self._folder.path, self._faults)
        if self._faults.number:
            self._end.keeps = not self._faults.defects
        else:
            self._end.finish(session, exitstatus, self._collection)

    def _close(self, *, keep: bool) -> None:
        if not self._closed:
            self._closed = True
            self._folder.close(recorded=self._end.recorded, keep=keep and not self._end.recorded)
