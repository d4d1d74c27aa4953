"""What is known when a run begins, in one object for everything that takes part in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_handoff import selection
from pytest_handoff.collection import key_prefix
from pytest_handoff.run_options import instructions_key

if TYPE_CHECKING:
    import pytest

    from pytest_handoff.faults import Faults
    from pytest_handoff.project import Project
    from pytest_handoff.suite_files import SuiteFiles
    from pytest_handoff.workflow import Start


@dataclass(frozen=True, slots=True)
class RunPlan:
    """One recorded run of pytest, before its first test.

    Attributes:
        start: the sessions before, the tree, and what this session has recorded already.
        prefix: what turns one of pytest's ids into one of ours: the path from the git root to pytest's rootdir.
        suite: which files hold tests.
        instructions: the key of the file with the session's instructions, where one was named.
        faults: takes what goes wrong in the plugin; the tests go on.
    """

    config: pytest.Config
    project: Project
    start: Start
    prefix: str
    suite: SuiteFiles
    instructions: str | None
    faults: Faults

    @property
    def part(self) -> str | None:
        """The label, where this run is one part of several."""
        label: str | None = self.config.getoption("handoff_part")
        return label

    @property
    def journal_name(self) -> str:
        """Whose journal it keeps: a part that dies is no interrupted run of its session, whose name begins with no dot."""
        session = self.start.session
        return session if self.part is None else f".{session}+{self.part}"

    def option(self, name: str) -> Any:
        """Return the value of one of our options on the command line."""
        return self.config.getoption(f"handoff_{name}")


def plan_run(config: pytest.Config, project: Project, start: Start, faults: Faults) -> RunPlan:
    """Put together what pytest's configuration and the project say of a run.

    Raises:
        UsageProblem: for instructions that are no file of the project.
    """
    prefix = key_prefix(config, project)
    return RunPlan(
        config=config,
        project=project,
        start=start,
        prefix=prefix,
        suite=selection.suite_files(config, prefix),
        instructions=instructions_key(config, project),
        faults=faults,
    )
