"""The plugin object of the process that writes: gathers one run, makes its evidence, and says in the end what came of it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from pytest_handoff import selection, workflow
from pytest_handoff.artifacts import write_all
from pytest_handoff.benchmark_results import benchmark_metrics
from pytest_handoff.collection import Collection, Collector, key_prefix, read_spool
from pytest_handoff.completeness import disagreement
from pytest_handoff.config import check_session_name
from pytest_handoff.errors import HandoffError, UsageProblem
from pytest_handoff.exporting import artifacts_for_ci
from pytest_handoff.extending import Extending
from pytest_handoff.locking import locked
from pytest_handoff.measurement import Measurement
from pytest_handoff.measuring import Measuring
from pytest_handoff.project import open_project
from pytest_handoff.recorder import Recorder, is_subtest
from pytest_handoff.recording import record_run
from pytest_handoff.surroundings import context_of
from pytest_handoff.switching import finish_switch, write_together
from pytest_handoff.terminal import problem_lines, run_lines
from pytest_handoff.tiers import Tiers
from pytest_handoff.tracing import trace_collected
from pytest_handoff.tree import changed_since
from pytest_handoff.worker import INPUT, Ages

if TYPE_CHECKING:
    from pytest_handoff.project import Project
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
        project = open_project(config.rootpath, dir_option=config.getoption("handoff_dir"), fallback=config.rootpath)
        if selection.runs_tests(config):
            finish_switch(project.handoffs)
            project = _with_template(project, config.getoption("handoff_template"))
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
        self._started = time.time()
        self._collection: Collection | None = None
        self._spool: Path | None = None
        self._instructions = _instructions(config, project)
        self._lines: list[Line] = []
        self._recorder = Recorder(key_prefix(config, project))
        collector = Collector(config, project, Tiers(project.config), self._take_collection)
        self._ages = Ages(start.session, key_prefix(config, project), collector)
        self._measuring = Measuring(config, project, start)
        config.pluginmanager.register(self._recorder, "handoff-recorder")
        config.pluginmanager.register(collector, "handoff-collector")
        self._measuring.register(self._ages)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Hand each xdist worker what it needs to know."""
        if self._spool is None:
            self._spool = Path(tempfile.mkdtemp(prefix="handoff-spool-"))
        node.workerinput[INPUT] = {  # type: ignore[attr-defined] # xdist's WorkerController, which has no types
            "session": self._start.session,
            "spool": str(self._spool),
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
        except Exception:
            shown = traceback.format_exc().strip().splitlines()
            self._fail(session, problem_lines(self._start.session, "a defect of pytest-handoff, please report it:", shown))
        finally:
            if self._spool is not None:
                shutil.rmtree(self._spool, ignore_errors=True)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what came of the hand-off."""
        if self._lines:
            terminalreporter.write_sep("─", f"handoff {self._start.session}")
            for line in self._lines:
                terminalreporter.write_line(line.text, **line.markup)

    def _take_collection(self, collection: Collection) -> None:
        self._collection = collection
        earlier = self._start.parents.earlier
        found = trace_collected(earlier, collection.tests, collection.whole_files, self._start.renames, self._project.root)
        self._ages.know(earlier, found)

    def _finish(self, session: pytest.Session, exitstatus: int) -> list[Line]:
        run = self._run(exitstatus)
        stop = run.interrupted or ("the command line could not be used" if exitstatus == pytest.ExitCode.USAGE_ERROR else None)
        if stop is not None:
            message = f"interrupted after {len(run.results):,} of {len(run.collected):,} tests ({stop}): nothing was recorded, "
            return problem_lines(self._start.session, message + "the evidence is as it was before")
        wrong = disagreement(run, self._stats())
        if wrong:
            raise HandoffError(f"{wrong}; nothing was recorded")
        measured = self._measuring.read(run)
        run = replace(run, metrics=(*run.metrics, *benchmark_metrics(self._config, key_prefix(self._config, self._project))))
        run = replace(run, mishaps=(*run.mishaps, *measured.untidy)) if isinstance(measured, Measurement) else run
        context = context_of(run, self._config.getoption("handoff_agent"))
        with locked(self._project.handoffs):
            outcome = record_run(
                self._project,
                self._start,
                run,
                measured,
                context,
                is_test_file=self._measuring.is_test_module,
                instructions=self._instructions,
                extending=Extending(self._config),
            )
            write_together(self._project.handoffs, outcome.artifacts)
        self._measuring.keep(outcome.record)
        folder = self._config.getoption("handoff_artifacts")
        if folder:
            target = self._config.invocation_params.dir / folder
            renderer = workflow.renderer_of(self._project)
            write_all(artifacts_for_ci(target, self._project, outcome, self._measuring.data_files(), renderer))
        if self._config.getoption("handoff_gate") and outcome.composition.blocking and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return run_lines(
            outcome.composition,
            self._project.shown(self._project.document(self._start.session)),
            parent_percent=self._start.parents.percent,
            dropped=outcome.dropped_part,
            verbosity=self._config.get_verbosity(),
        )

    def _run(self, exitstatus: int) -> Run:
        changed = changed_since(self._project, self._start.tree)
        collection = read_spool(self._spool) if self._spool else self._collection
        mishaps = [f"files changed while the tests ran: {', '.join(changed[:3])}"] if changed else []
        if collection is None:
            mishaps.append("collection was not finished")
        return self._recorder.finish(
            collection=collection or Collection(tests={}, whole_files=[], broken_files={}),
            why_partial=selection.narrowing(self._config),
            mishaps=mishaps,
            started=self._started,
            finished=time.time(),
            exitstatus=exitstatus,
            args=selection.shown_arguments(self._config),
            plugins=_plugins(self._config),
        )

    def _stats(self) -> dict[str, int] | None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return None
        return {category: sum(not is_subtest(report) for report in reports) for category, reports in reporter.stats.items()}

    def _fail(self, session: pytest.Session, lines: list[Line]) -> None:
        self._lines = lines
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = EXIT_NO_EVIDENCE
        if not self._config.pluginmanager.has_plugin("terminalreporter"):
            import sys

            sys.stderr.write("\n".join(line.text for line in lines) + "\n")


def _instructions(config: pytest.Config, project: Project) -> str | None:
    """The key of the file that ``--handoff-instructions`` names.

    Raises:
        UsageProblem: when there is no such file.
    """
    name = config.getoption("handoff_instructions")
    if name is None:
        return None
    path = Path(os.path.normpath(config.invocation_params.dir / name))
    if not path.is_file():
        raise UsageProblem("is named by --handoff-instructions and is no file", path=name)
    return project.key(path)


def _with_template(project: Project, template: str | None) -> Project:
    return replace(project, config=replace(project.config, template=template)) if template else project


def _plugins(config: pytest.Config) -> dict[str, str]:
    found = {dist.project_name: dist.version for _, dist in config.pluginmanager.list_plugin_distinfo()}
    return {"pytest": pytest.__version__, **{name: found[name] for name in sorted(found)}}
