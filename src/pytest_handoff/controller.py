"""The plugin object of the process that writes: gathers one run, makes its evidence, and says in the end what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from pytest_handoff import selection, workflow
from pytest_handoff.artifacts import write_all
from pytest_handoff.benchmark_results import benchmark_metrics
from pytest_handoff.collection import Collector, key_prefix, read_spool, write_spool
from pytest_handoff.completeness import disagreement
from pytest_handoff.config import check_session_name
from pytest_handoff.durations import duration_metrics
from pytest_handoff.errors import HandoffError
from pytest_handoff.exporting import artifacts_for_ci
from pytest_handoff.extending import Extending
from pytest_handoff.faults import Faults
from pytest_handoff.locking import locked
from pytest_handoff.measurement import Measurement
from pytest_handoff.measuring import Measuring
from pytest_handoff.part_writing import PartWriting, refuse_part
from pytest_handoff.project import open_project
from pytest_handoff.recorder import Recorder, counts_of_pytest
from pytest_handoff.recording import record_run
from pytest_handoff.regression import PASSING
from pytest_handoff.run import Collection
from pytest_handoff.run_folder import RunFolder
from pytest_handoff.run_options import instructions_key, refuse_a_path, with_template
from pytest_handoff.surroundings import context_of
from pytest_handoff.switching import finish_switch, write_together
from pytest_handoff.terminal import problem_lines, run_lines
from pytest_handoff.tiers import Tiers
from pytest_handoff.tracing import trace_collected
from pytest_handoff.tree import changed_since
from pytest_handoff.worker import INPUT, Ages, faults_of_workers

if TYPE_CHECKING:
    from pytest_handoff.project import Project
    from pytest_handoff.record import Metric
    from pytest_handoff.rendering import Renderer
    from pytest_handoff.run import Run
    from pytest_handoff.terminal import Line

EXIT_NO_EVIDENCE = 3
"""Exit status when evidence was asked for and could not be written; the same as pytest's own for an internal error."""


def take_part(config: pytest.Config) -> None:
    """Register the controller.

    Raises:
        pytest.UsageError: for a session name, a configuration, earlier evidence or a document that cannot be used.
    """
    try:
        session = check_session_name(config.getoption("handoff"))
        refuse_a_path(config, session)
        project = open_project(config.rootpath, dir_option=config.getoption("handoff_dir"), fallback=config.rootpath)
        if selection.runs_tests(config):
            finish_switch(project.handoffs)
            project = with_template(project, config.getoption("handoff_template"))
            if config.getoption("handoff_part") is not None:
                refuse_part(config, project)
            start = workflow.begin(project, session, config.getoption("handoff_previous") or ())
            config.pluginmanager.register(Controller(config, project, start), "handoff-controller")
    except HandoffError as error:
        raise pytest.UsageError(f"--handoff: {error}") from error


class Controller:
    """Hooks of the controller; each test costs what :class:`Recorder` costs and nothing here."""

    def __init__(self, config: pytest.Config, project: Project, start: workflow.Start) -> None:
        self._config = config
        self._project = project
        self._start = start
        self._collection: Collection | None = None
        self._instructions = instructions_key(config, project)
        self._lines: list[Line] = []
        self._recorded, self._keeps = False, True
        self._faults = Faults()
        prefix = key_prefix(config, project)
        self._suite = selection.suite_files(config, prefix)
        self._folder = RunFolder(config, project, start, prefix=prefix, suite=self._suite, instructions=self._instructions)
        self._recorder = Recorder(prefix, self._faults, self._folder.ended)
        collector = Collector(config, project, Tiers(project.config), self._take_collection, self._faults)
        self._ages = Ages(start.session, prefix, collector)
        self._measuring = Measuring(config, project, start, self._suite)
        config.pluginmanager.register(self._recorder, "handoff-recorder")
        config.pluginmanager.register(collector, "handoff-collector")
        self._measuring.register(self._ages, self._faults)
        self._part: PartWriting | None = None
        if config.getoption("handoff_part") is not None:
            self._part = PartWriting(config, project, start, suite=self._suite, instructions=self._instructions)

    def pytest_sessionstart(self) -> None:
        """Begin the part, where this run is one; a folder that cannot be written is known before anyone has waited for tests."""
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

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the evidence; a fault of ours never hides a result, and never passes for success."""
        try:
            self._lines = self._finish(session, int(exitstatus))
        except HandoffError as error:
            self._fail(session, problem_lines(self._start.session, str(error)))
        except Exception as error:
            self._faults.add(error)
            self._fail(session, self._defects())
        finally:
            self._folder.close(recorded=self._recorded, keep=self._keeps and not self._recorded)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what came of the hand-off."""
        if self._lines:
            part = f", part {self._config.getoption('handoff_part')}" if self._part is not None else ""
            terminalreporter.write_sep("─", f"handoff {self._start.session}{part}")
            for line in self._lines:
                terminalreporter.write_line(line.text, **line.markup)

    def _take_collection(self, collection: Collection) -> None:
        self._collection = collection
        write_spool(self._folder.path, collection)
        earlier = self._start.parents.earlier
        found = trace_collected(earlier, collection.tests, collection.whole_files, self._start.renames, self._project.root)
        self._ages.know(earlier, found)

    def _finish(self, session: pytest.Session, exitstatus: int) -> list[Line]:
        self._faults.shown += faults_of_workers(self._folder.path)
        if self._faults.shown:
            self._fail(session, self._defects())
            return self._lines
        run = self._run(exitstatus)
        stop = self._why_stopped(run, exitstatus)
        if stop is not None:
            self._fail(session, problem_lines(self._start.session, stop))
            return self._lines
        wrong = disagreement(run, counts_of_pytest(self._config))
        if wrong:
            self._keeps = False
            raise HandoffError(f"{wrong}; nothing was recorded")
        run = replace(run, metrics=(*run.metrics, *self._measured_besides(run)))
        if self._part is not None:
            lines = self._part.finish(run, self._measuring, company=self._folder.had_company())
            self._recorded = True
            return lines
        with locked(self._project.handoffs):
            outcome = self._record(run)
        self._recorded = True
        self._measuring.keep(outcome.record)
        self._export(outcome)
        if self._config.getoption("handoff_gate") and outcome.composition.blocking and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        shown = run_lines(
            outcome.composition,
            self._project.shown(self._project.document(self._start.session)),
            parent_percent=self._start.parents.percent,
            dropped=outcome.dropped_part,
            verbosity=self._config.get_verbosity(),
        )
        return [*self._folder.lines(), *shown]

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
        told = f"files changed while the tests ran: {', '.join(changed[:3])} (what the run itself writes belongs into .gitignore)"
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

    def _defects(self) -> list[Line]:
        shown = [line for fault in self._faults.shown for line in fault.splitlines()]
        message = "a defect of pytest-handoff, please report it; nothing was recorded:"
        if self._recorded:
            message = "a defect of pytest-handoff, please report it; the record and the document are written:"
        return problem_lines(self._start.session, message, shown)

    def _fail(self, session: pytest.Session, lines: list[Line]) -> None:
        self._lines = lines
        if self._part is not None:
            self._part.stop(lines[0].text.partition(": ")[2])
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = EXIT_NO_EVIDENCE
        if not self._config.pluginmanager.has_plugin("terminalreporter"):
            import sys

            sys.stderr.write("\n".join(line.text for line in lines) + "\n")
