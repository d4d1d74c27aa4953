"""Register the plugin objects of the process that writes, and report every mistake in the setup before any test runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.config import check_session_name
from pytest_handoff.errors import HandoffError
from pytest_handoff.printable import printable
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.locks import read_settled
from pytest_handoff.project.writing import finish_switch
from pytest_handoff.recording import options
from pytest_handoff.recording.controller import Controller, with_template
from pytest_handoff.recording.ending_too import Ending
from pytest_handoff.recording.plan import plan_run
from pytest_handoff.recording.run_options import refuse_a_path
from pytest_handoff.workflow import start as workflow_start

if TYPE_CHECKING:
    from pytest_handoff.recording.faults import Faults


def take_part(config: pytest.Config, faults: Faults) -> None:
    """Register the controller and the ending; if the controller has a defect, the ending reports it.

    Args:
        faults: what went wrong so far; faults in here are added to it.

    Raises:
        pytest.UsageError: if the session name, the configuration, earlier evidence or the document cannot be used.
    """
    ending = Ending(config.getoption("handoff"), config.getoption("handoff_part"), faults)
    with faults:
        try:
            _register(config, ending, faults)
        except HandoffError as error:
            raise pytest.UsageError(printable(f"--handoff: {error}")) from error
    config.pluginmanager.register(ending, "handoff-ending")  # second: of two trylast hooks pytest calls the newer one last


def _register(config: pytest.Config, ending: Ending, faults: Faults) -> None:
    session = check_session_name(config.getoption("handoff"))
    refuse_a_path(config, session)
    project = open_project(config.rootpath, dir_option=config.getoption("handoff_dir"), fallback=config.rootpath)
    if not options.runs_tests(config):
        return
    finish_switch(project)
    project = with_template(project, config.getoption("handoff_template"))
    if config.getoption("handoff_part") is not None:
        from pytest_handoff.recording.part import refuse_part

        refuse_part(config, project)
    previous = config.getoption("handoff_previous") or ()
    start = read_settled(project.handoffs, lambda: workflow_start.begin(project, session, previous))
    controller = Controller(plan_run(config, project, start, faults), ending)
    config.pluginmanager.register(controller, "handoff-controller")
