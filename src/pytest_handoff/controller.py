"""The plugin object of the process that writes: gathers one run, makes its evidence, and says in the end what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from pytest_handoff import selection, workflow
from pytest_handoff.artifacts import write_all
from pytest_handoff.benchmark_results import benchmark_metrics
from pytest_handoff.collection import COLLECTION, Collector, key_prefix, read_spool
from pytest_handoff.completeness import disagreement
from pytest_handoff.durations import duration_metrics
from pytest_handoff.errors import HandoffError
from pytest_handoff.exporting import artifacts_for_ci
from pytest_handoff.extending import Extending
from pytest_handoff.figures import listed
from pytest_handoff.locking import locked
from pytest_handoff.measurement import Measurement
from pytest_handoff.measuring import Measuring
from pytest_handoff.part_writing import PartWriting
from pytest_handoff.recorder import Recorder, counts_of_pytest
from pytest_handoff.recording import record_run
from pytest_handoff.regression import PASSING
from pytest_handoff.run import Collection
from pytest_handoff.run_folder import RunFolder, meanwhile
from pytest_handoff.surroundings import context_of
from pytest_handoff.switching import NOTE, finish_switch, write_together
from pytest_handoff.terminal import run_lines
from pytest_handoff.tiers import Tiers
from pytest_handoff.tracing import trace_collected
from pytest_handoff.tree import changed_since
from pytest_handoff.worker import INPUT, Ages
from pytest_handoff.worker_faults import hear_spool, hear_worker

if TYPE_CHECKING:
    from pytest_handoff.ending import Ending
    from pytest_handoff.faults import Faults
    from pytest_handoff.project import Project
    from pytest_handoff.record import Metric
    from pytest_handoff.rendering import Renderer
    from pytest_handoff.run import Run

_WRITTEN = "the record and the document are written"
_PART_WRITTEN = "the part is written"
_BEGUN = "the files are made, and the next command puts them in their places"


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
        self._config = config
        self._project = project
        self._start = start
        self._ending = ending
        self._faults = faults
        self._instructions = instructions
        self._collection: Collection | None = None
        self._recorded, self._keeps, self._closed = False, True, False
        prefix = key_prefix(config, project)
        self._suite = selection.suite_files(config, prefix)
        collector = Collector(config, project, Tiers(project.config), self._take_collection, faults)
        self._ages = Ages(start.session, prefix, collector)
        self._measuring = Measuring(config, project, start, self._suite)
        self._folder = RunFolder(config, project, start, prefix=prefix, suite=self._suite, instructions=instructions)
        self._recorder = Recorder(prefix, faults, self._folder.ended)
        config.pluginmanager.register(self._recorder, "handoff-recorder")
        config.pluginmanager.register(collector, "handoff-collector")
        self._measuring.register(self._ages, faults)
        self._part: PartWriting | None = None
        if config.getoption("handoff_part") is not None:
            self._part = PartWriting(config, project, start, suite=self._suite, instructions=instructions)
            ending.also_tell(self._part.stop)

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
                self._break_off(session)
        finally:
            with self._faults:
                self._close(keep=self._keeps)

    def pytest_unconfigure(self) -> None:
        """Close what a run left open that ended before its session began, or by a second Ctrl-C at its end."""
        with self._faults:
            self._close(keep=self._keeps and (self._folder.path / COLLECTION).exists())

    def _take_collection(self, collection: Collection) -> None:
        self._collection = collection
        self._folder.collected(collection)
        earlier = self._start.parents.earlier
        found = trace_collected(earlier, collection.tests, collection.whole_files, self._start.renames, self._project.root)
        self._ages.know(earlier, found)

    def _finish(self, session: pytest.Session, exitstatus: int) -> None:
        hear_spool(self._folder.path, self._faults)
        if self._faults.number:
            self._keeps = not self._faults.defects
            return
        run = self._run(exitstatus)
        stop = self._why_stopped(run, exitstatus)
        if stop is not None:
            self._ending.fail(session, stop)
            return
        wrong = disagreement(run, counts_of_pytest(self._config))
        if wrong:
            self._keeps = False
            self._ending.fail(session, f"{wrong}; nothing was recorded")
            return
        run = replace(run, metrics=(*run.metrics, *self._measured_besides(run)))
        if self._part is not None:
            self._ending.say(self._part.finish(run, self._measuring, company=self._folder.had_company()))
            self._recorded, self._ending.written = True, _PART_WRITTEN
            return
        outcome = self._write(run)
        self._say(outcome)
        if self._config.getoption("handoff_gate") and outcome.composition.blocking and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._measuring.keep(outcome.record)
        self._export(outcome)

    def _write(self, run: Run) -> workflow.Outcome:
        try:
            with locked(self._project.handoffs):
                outcome = self._record(run)
        finally:
            if (self._project.handoffs / NOTE).is_file():
                self._ending.written = _BEGUN
        self._recorded, self._ending.written = True, _WRITTEN
        return outcome

    def _say(self, outcome: workflow.Outcome) -> None:
        self._ending.say(self._folder.lines())
        self._ending.say(
            run_lines(
                outcome.composition,
                self._project.shown(self._project.document(self._start.session)),
                parent_percent=self._start.parents.percent,
                dropped=outcome.dropped_part,
                verbosity=self._config.get_verbosity(),
            )
        )

    def _break_off(self, session: pytest.Session) -> None:
        """Ctrl-C while the evidence is made: in the end all of it stands, or nothing."""
        finish_switch(self._project.handoffs)
        if self._folder.is_recorded():
            self._recorded, self._ending.written = True, _WRITTEN
        self._ending.fail(session, f"interrupted while the evidence was made: {self._ending.written}")

    def _close(self, *, keep: bool) -> None:
        if not self._closed:
            self._closed = True
            self._folder.close(recorded=self._recorded, keep=keep and not self._recorded)

    def _why_stopped(self, run: Run, exitstatus: int) -> str | None:
        """Why there is nothing to record, and what can still be done."""
        if exitstatus == pytest.ExitCode.USAGE_ERROR:
            self._keeps = False
            return "the command line could not be used: nothing was recorded, the evidence is as it was before"
        if run.interrupted is None:
            return None
        far = f"interrupted after {len(run.results):,} of {len(run.collected):,} tests ({run.interrupted})"
        if self._part is not None:
            self._keeps = False
            return f"{far}; next: run this part again"
        return (
            f"{far}: nothing was recorded, the evidence is as it was before; "
            f"next: run again, or handoff fill {self._start.session} --interrupted"
        )

    def _record(self, run: Run) -> workflow.Outcome:
        start = workflow.with_latest(self._project, self._start)
        if start.before is not None and start.before != self._start.before:
            self._ending.say([meanwhile(start, run)])
        measured = self._measuring.read(run, start, company=self._folder.had_company())
        run = replace(run, mishaps=(*run.mishaps, *measured.untidy)) if isinstance(measured, Measurement) else run
        outcome = record_run(
            self._project,
            start,
            run,
            measured,
            context_of(run, self._config.getoption("handoff_agent")),
            is_test_file=self._suite.is_module,
            instructions=self._instructions,
            extending=Extending(self._config),
            measured_by=self._measuring.settings(),
            renderer=self._renderer(),
        )
        self._folder.will_be_recorded(outcome.record.run)
        write_together(self._project.handoffs, outcome.artifacts)
        return outcome

    def _measured_besides(self, run: Run) -> list[tuple[str, Metric]]:
        """What tests did not hand over themselves: benchmarks, and durations that the document asks for."""
        prefix = key_prefix(self._config, self._project)
        document = workflow.read_document(self._project, self._start.session)
        passed = {test for test, result in run.results.items() if result.outcome in PASSING}
        return [*benchmark_metrics(self._config, prefix, passed), *duration_metrics(self._config, prefix, document, passed)]

    def _export(self, outcome: workflow.Outcome) -> None:
        folder = self._config.getoption("handoff_artifacts")
        if folder:
            target = self._config.invocation_params.dir / folder
            write_all(artifacts_for_ci(target, self._project, outcome, self._measuring.data_files(), self._renderer()))

    def _renderer(self) -> Renderer:
        return workflow.renderer_of(self._project, self._folder.templates)

    def _run(self, exitstatus: int) -> Run:
        changed = changed_since(self._project, self._start.tree)
        collection = self._collection or read_spool(self._folder.path)
        told = f"files changed while the tests ran: {listed(changed)} (what the run itself writes belongs into .gitignore)"
        mishaps = [told] if changed else []
        if collection is None:
            mishaps.append("collection was not finished")
        return self._recorder.finish(
            collection=collection or Collection(tests={}, whole_files=[], broken_files={}),
            why_partial=selection.narrowing(self._config),
            mishaps=mishaps,
            started=self._folder.started,
            finished=time.time(),
            exitstatus=exitstatus,
            args=selection.shown_arguments(self._config),
            plugins=selection.plugins(self._config),
        )
