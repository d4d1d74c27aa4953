"""Describe what is known about a run before its first test, in one object for everything that takes part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_handoff.record import Bundle
from pytest_handoff.recording import options
from pytest_handoff.recording.collection import key_prefix
from pytest_handoff.recording.options import instructions_key
from pytest_handoff.recording.selection import narrowing

if TYPE_CHECKING:
    import pytest

    from pytest_handoff.project.layout import Project
    from pytest_handoff.recording.faults import Faults
    from pytest_handoff.run import SuiteFiles
    from pytest_handoff.workflow.start import Start


class RunPlan(Bundle, frozen=True):
    """One recorded run of pytest, before its first test.

    Attributes:
        start: the earlier sessions, the tree, and what this session has recorded so far.
        prefix: turns a node id of pytest into a test id of the evidence: the path from the git root to pytest's rootdir.
        suite: which files hold tests.
        instructions: the key of the file with the session's instructions, if one was named.
        faults: collects what goes wrong in the plugin; the tests go on.
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
        """Return the label of the part, or ``None`` if this run is the whole session."""
        label: str | None = self.config.getoption("handoff_part")
        return label

    @property
    def journal_name(self) -> str:
        """Name the journal; a part's begins with a dot, since a part that dies is not an interrupted run of its session."""
        session = self.start.session
        return session if self.part is None else f".{session}+{self.part}"

    @property
    def skipped_asserts(self) -> str | None:
        """Say which assert statements do not run under ``-O`` or ``PYTHONOPTIMIZE``; ``None`` where all do."""
        if __debug__:
            return None
        from pytest_handoff.recording.assertions import skipped_asserts

        return skipped_asserts(self)

    def why_partial(self, *, all_ran: bool = False) -> tuple[str, ...]:
        """List why this is less than a full run: what was taken away, and assert statements that did not run.

        Args:
            all_ran: whether every test ran that was collected and that the settings select, so that options which could have
                left some out did not.
        """
        left_out = self.skipped_asserts
        return narrowing(self.config, all_ran=all_ran) + ((left_out,) if left_out else ())

    def option(self, name: str) -> Any:
        """Return the value of a ``--handoff-...`` option."""
        return self.config.getoption(f"handoff_{name}")


def plan_run(config: pytest.Config, project: Project, start: Start, faults: Faults) -> RunPlan:
    """Gather what pytest's configuration and the project say about a run.

    Raises:
        UsageProblem: if the instructions are not a file of the project.
    """
    prefix = key_prefix(config, project)
    return RunPlan(
        config=config,
        project=project,
        start=start,
        prefix=prefix,
        suite=options.suite_files(config, prefix),
        instructions=instructions_key(config, project),
        faults=faults,
    )
