"""How a run ends for its hand-off: what is said of it, and an exit status that never passes a fault for success."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.printable import printable
from pytest_handoff.printing import say
from pytest_handoff.terminal import problem_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_handoff.faults import Faults
    from pytest_handoff.terminal import Line

LONGEST_TITLE = 200

EXIT_NO_EVIDENCE = 3
"""Exit status when evidence was asked for and could not be written; the same as pytest's own for an internal error."""


class Ending:
    """A plugin object for the process that writes; the only one of ours where nothing else could be begun.

    Args:
        name: the hand-off's session.
        part: the label, where this run is a part of it.
        faults: what went wrong in here, told at the end.

    Attributes:
        written: what became of the evidence, as a problem's sentence ends.
    """

    def __init__(self, name: str, part: str | None, faults: Faults) -> None:
        self._name = name
        self._title = f"handoff {name}" if part is None else f"handoff {name}, part {part}"
        self._faults = faults
        self._session: pytest.Session | None = None
        self._lines: list[Line] = []
        self._unsaid: list[Line] = []
        self._told = 0
        self._also_tell: Callable[[str], object] = lambda _problem: None
        self.written = "nothing was recorded"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell what went wrong, by the words and by the exit status."""
        self._session = session
        with self._faults:
            self._tell(session)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what came of the hand-off."""
        with self._faults:
            if self._lines:
                terminalreporter.write_sep("─", printable(self._title, LONGEST_TITLE))
            for line in self._lines:
                terminalreporter.write_line(printable(line.text), **line.markup)
            self._unsaid.clear()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Tell what went wrong after everything else was said, and what pytest had no summary or no terminal for."""
        if self._session is not None:
            self._tell(self._session)
        if self._unsaid:
            for line in self._unsaid:
                say(line.text, err=True)

    def say(self, lines: Iterable[Line]) -> None:
        """Say this at the end of the run."""
        self._lines += lines

    def also_tell(self, tell: Callable[[str], object]) -> None:
        """Have each problem told elsewhere too."""
        self._also_tell = tell

    def fail(self, session: pytest.Session, problem: str, details: Iterable[str] = ()) -> None:
        """Say a problem, and end the run with another status than 0."""
        self._also_tell(problem)
        lines = problem_lines(self._name, problem, details)
        self.say(lines)
        self._unsaid += lines
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = EXIT_NO_EVIDENCE

    def _tell(self, session: pytest.Session) -> None:
        """Say all faults that were not told yet, defects of ours with their tracebacks."""
        if self._faults.number == self._told:
            return
        self._told = self._faults.number
        for problem in self._faults.problems:
            self.fail(session, f"{problem}; {self.written}")
        if self._faults.defects:
            details = [line for defect in self._faults.defects for line in defect.splitlines()]
            self.fail(session, f"a defect of pytest-handoff, please report it; {self.written}:", details)
