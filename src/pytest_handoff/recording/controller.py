"""Follow one run in the process that writes: gather its results, make the evidence, and report the outcome at the end.

Every mistake in the setup is reported before any test runs.
"""

from __future__ import annotations

import os
import warnings
from os import getpid  # bound now: a test may leave os.getpid mocked, and the run would take itself for another one
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from pytest_handoff.composition.terminal import Line
from pytest_handoff.config import check_session_name
from pytest_handoff.errors import HandoffError
from pytest_handoff.evidence.ledger import share_ids
from pytest_handoff.printable import printable
from pytest_handoff.project.layout import open_from
from pytest_handoff.project.locks import read_settled
from pytest_handoff.project.writing import finish_interrupted_write
from pytest_handoff.recording import options
from pytest_handoff.recording.collection import COLLECTION, Collector, Tiers, read_spool
from pytest_handoff.recording.end_report import EndReport
from pytest_handoff.recording.ending import RunEnd
from pytest_handoff.recording.failures import FailureTexts
from pytest_handoff.recording.faults import hear_spool, hear_worker
from pytest_handoff.recording.installed import as_installed
from pytest_handoff.recording.journal import is_going_on, journals_of
from pytest_handoff.recording.measuring import RunCoverage
from pytest_handoff.recording.options import refuse_a_path
from pytest_handoff.recording.plan import plan_run
from pytest_handoff.recording.recorder import Recorder
from pytest_handoff.recording.run_folder import RunFolder
from pytest_handoff.recording.worker import INPUT, NewOrOld, changed_tests
from pytest_handoff.workflow.finish import renderer_of, trace_all
from pytest_handoff.workflow.start import begin

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project
    from pytest_handoff.recording.as_begun import AsBegun
    from pytest_handoff.recording.faults import Faults
    from pytest_handoff.recording.part import PartWriting
    from pytest_handoff.recording.plan import RunPlan
    from pytest_handoff.run import Collection


_RUNNING = "HANDOFF_RUNNING"
"""The environment variable that tells the tests of a run, and the processes they start, which session is being recorded where.

It names the folder of the run: only while that run is alive is it believed, and only if it was set before any ``conftest.py``.
"""
_WITHIN = "a test of {session} started this run of {session}, so it records nothing and leaves the outer run alone"


class Controller:
    """The plugin object of the controller; it has no hook per test, so that a test costs no more than :class:`Recorder` does.

    Args:
        plan: what is known of the run before its first test.
        ending: reports the result of the run.
        begun: gives Python as it was before any conftest.
    """

    def __init__(self, plan: RunPlan, ending: EndReport, begun: AsBegun) -> None:
        self._begun = begun
        self._plan = plan
        self._start = plan.start
        self._faults = plan.faults
        self._collection: Collection | None = None
        self._pid = getpid()
        self._closed = False
        self._finished: int | None = None
        collector = Collector(plan.config, plan.project, Tiers(plan.project.config), self._take_collection, plan.faults)
        self._ages = NewOrOld(plan.start.session, collector, plan.project.config.known)
        self._folder = RunFolder(plan)
        os.environ[_RUNNING] = _running(plan.project, plan.start.session) + str(self._folder.path)
        self._measuring = RunCoverage(plan)
        clean = options.without_places(plan.config, plan.project.root)
        texts = FailureTexts(clean, self._folder.failed) if plan.project.config.details != "off" else None
        recorder = Recorder(plan.prefix, plan.faults, self._folder.ended, clean, texts.take if texts is not None else None)
        plan.config.pluginmanager.register(recorder, "handoff-recorder")
        plan.config.pluginmanager.register(collector, "handoff-collector")
        self._measuring.register(self._ages, self._folder.path)
        self._part = self._begin_part(ending)
        self._end = RunEnd(plan, ending, measuring=self._measuring, folder=self._folder, recorder=recorder, part=self._part)
        self._end.texts = texts

    def pytest_sessionstart(self) -> None:
        """Begin the part, if this run is one, so that a folder that cannot be written is reported before any test runs."""
        with self._faults:
            try:
                if self._part is not None:
                    self._part.begin()
            except HandoffError as error:
                raise pytest.UsageError(printable(f"--handoff-part: {error}")) from error

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """Send each xdist worker what it needs to know."""
        with self._faults:
            node.workerinput[INPUT] = {  # type: ignore[attr-defined] # xdist's WorkerController, which has no types
                "session": self._start.session,
                "folder": str(self._plan.project.folder),
                "spool": str(self._folder.path),
                "parents": [record.session for record in self._start.parents.records],
                "renames": dict(self._start.renames),
                "nonce": self._measuring.nonce,
            }

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Take what the first worker collected before any test runs: a test may remove all that git ignores."""
        with self._faults:
            self._collection = self._collection or read_spool(self._folder.path)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take over the faults of a worker that could not write them to the spool."""
        with self._faults:
            hear_worker(node, self._faults)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the evidence; a fault in the plugin never hides a test result, and never looks like success.

        A child that a test forked may come here as if it were the run; the run's own process records.
        """
        if self._pid != getpid():
            return
        try:
            self._finished = self._end.finished(int(exitstatus))
            with self._faults, self._begun():
                self._finish(session, int(exitstatus))
        except KeyboardInterrupt:
            with self._faults, self._begun():
                self._end.break_off(session)
        finally:
            with self._faults, self._begun():
                self._close(keep=self._end.keeps)

    def pytest_unconfigure(self) -> None:
        """Clean up after a run that ended before its session began, or that a second Ctrl-C stopped at its end."""
        with self._faults:
            if not self._closed:
                with self._begun():
                    self._close(keep=self._end.keeps and (self._folder.path / COLLECTION).exists())

    def _begin_part(self, ending: EndReport) -> PartWriting | None:
        if self._plan.part is None:
            return None
        from pytest_handoff.recording.part import PartWriting

        part = PartWriting(self._plan)
        ending.also_tell(part.stop)
        return part

    def _take_collection(self, collection: Collection) -> None:
        with self._begun():
            self._take(collection)

    def _take(self, collection: Collection) -> None:
        self._collection = collection
        self._folder.collected(collection)
        share_ids(self._start.parents.earlier.lines, collection.tests)
        lineage = trace_all(self._plan.project, self._start, collection.tests, collection.whole_files)
        changed = changed_tests(self._plan.project, self._start.parents, self._start.renames)
        self._ages.know(self._start.parents.earlier, lineage, changed)
        self._end.traced = lineage

    def _finish(self, session: pytest.Session, exitstatus: int) -> None:
        hear_spool(self._folder.path, self._faults)
        if self._faults.number:
            self._end.keeps = not self._faults.defects
            return
        # A project that makes errors of warnings means those of its own tests: none may cost the record.
        with warnings.catch_warnings(), as_installed():
            warnings.simplefilter("default")
            self._end.finish(session, exitstatus, self._collection)

    def _close(self, *, keep: bool) -> None:
        if not self._closed and self._pid == getpid():
            self._closed = True
            os.environ.pop(_RUNNING, None)
            self._measuring.close()
            recorded = self._end.recorded
            self._folder.close(recorded=recorded, keep=keep and not recorded, finished=self._finished)


def _running(project: Project, session: str) -> str:
    return f"{session} {project.handoffs}{os.pathsep}"


def _is_within(project: Project, session: str, told: str) -> bool:
    """Check if this run was started by a test of a run of the same session, which is alive."""
    begins = _running(project, session)
    return told.startswith(begins) and is_going_on(journals_of(project.folder), Path(told.removeprefix(begins)))


def with_template(project: Project, template: str | None) -> Project:
    """Return the project with the template that ``--handoff-template`` names, if the option was given.

    Raises:
        UsageProblem: if there is no such template.
    """
    if not template:
        return project
    project = replace(project, config=replace(project.config, template=template))
    renderer_of(project).refuse_unknown(template)
    return project


def take_part(config: pytest.Config, faults: Faults, within: str, begun: AsBegun) -> None:
    """Register the controller and the ending; if the controller has a defect, the ending reports it.

    Args:
        within: what the environment said, before any ``conftest.py``, of a run that this one belongs to.
        faults: what went wrong so far; faults in here are added to it.
        begun: gives Python as it was before any conftest.

    Raises:
        pytest.UsageError: if the session name, the configuration, earlier evidence or the document cannot be used.
    """
    ending = EndReport(config.getoption("handoff"), config.getoption("handoff_part"), faults)
    with faults, begun():
        try:
            _register(config, ending, faults, within, begun)
        except HandoffError as error:
            raise pytest.UsageError(printable(f"--handoff: {error}")) from error
        begun.remember_ours()
    config.pluginmanager.register(ending, "handoff-ending")  # second: of two trylast hooks pytest calls the newer one last


def _register(config: pytest.Config, ending: EndReport, faults: Faults, within: str, begun: AsBegun) -> None:
    session = check_session_name(config.getoption("handoff"))
    refuse_a_path(config, session)
    paths = options.paths_given(config)
    project = open_from(config.invocation_params.dir, config.rootpath, paths, dir_option=config.getoption("handoff_dir"))
    if not options.runs_tests(config):
        return
    if _is_within(project, session, within):  # by PYTEST_ADDOPTS, say, or addopts
        ending.say([Line(f"beside     {_WITHIN.format(session=session)}")])
        return
    finish_interrupted_write(project)
    project = with_template(project, config.getoption("handoff_template"))
    if config.getoption("handoff_part") is not None:
        from pytest_handoff.recording.part import refuse_part

        refuse_part(config, project)
    previous = config.getoption("handoff_previous") or ()
    start = read_settled(project.handoffs, lambda: begin(project, session, previous))
    controller = Controller(plan_run(config, project, start, faults), ending, begun)
    config.pluginmanager.register(controller, "handoff-controller")
