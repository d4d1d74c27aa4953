"""Report the outcome of a run: its section in pytest's summary, and an exit status that never lets a fault pass for success."""

from __future__ import annotations

import sys
from os import getpid  # bound now: a test may leave os.getpid mocked, and the run would take itself for another one
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from pytest_handoff.composition.terminal import Line, problem_lines, wrapped
from pytest_handoff.markup import spelled
from pytest_handoff.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_handoff.recording.faults import Faults


LONGEST_TITLE = 200

EXIT_NO_EVIDENCE = 3
"""Exit status if evidence was asked for but could not be written; the same as pytest's for an internal error."""


class EndReport:
    """The plugin object that reports the result of a run; it is registered even if no other object could be made.

    Args:
        name: the session of the hand-off.
        part: the label, if this run is a part of the session.
        faults: what went wrong in the plugin, reported at the end.

    Attributes:
        written: what became of the evidence, as the end of a sentence about a problem.
    """

    def __init__(self, name: str, part: str | None, faults: Faults) -> None:
        self._name = name
        self._title = f"handoff {name}" if part is None else f"handoff {name}, part {part}"
        self._faults = faults
        self._session: pytest.Session | None = None
        self._lines: list[Line] = []
        self._unsaid: list[Line] = []
        self._told = 0
        self._pid = getpid()
        self._also_tell: Callable[[str], object] = lambda _problem: None
        self.written = "nothing was recorded"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Report what went wrong, in words and by the exit status."""
        self._session = session
        with self._faults:
            self._tell(session)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the section of the hand-off, wrapped on a terminal; a log and ``grep`` want whole lines."""
        with self._faults:
            writer = terminalreporter.config.get_terminal_writer()
            stream = sys.__stdout__  # pytest would write what it cannot encode as escapes, even the rule above the section
            if self._lines:
                rule, title = spelled("─", stream), spelled(self._title, stream)
                terminalreporter.write_sep(printable(rule), printable(title, LONGEST_TITLE))
            columns = writer.fullwidth if terminalreporter.isatty else None
            for line in self._lines:
                told = replace(line, text=spelled(line.text, stream))
                for row in [told.text] if columns is None else wrapped(told, columns):
                    terminalreporter.write_line(printable(row), **told.markup)
            self._unsaid.clear()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Report faults that came after the summary, and problems that pytest had no summary or terminal to print in."""
        if self._session is not None:
            self._tell(self._session)
        if self._unsaid:
            from pytest_handoff.printing import say

            for line in self._unsaid:
                say(line.text, err=True)

    def say(self, lines: Iterable[Line]) -> None:
        """Add lines to the section at the end of the run."""
        self._lines += lines

    def also_tell(self, tell: Callable[[str], object]) -> None:
        """Set a function that is called with each problem too."""
        self._also_tell = tell

    def fail(self, session: pytest.Session, problem: str, details: Iterable[str] = ()) -> None:
        """Report a problem, and make the exit status of the run nonzero."""
        self._also_tell(problem)
        lines = problem_lines(self._name, problem, details)
        self.say(lines)
        self._unsaid += lines
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = EXIT_NO_EVIDENCE

    def _tell(self, session: pytest.Session) -> None:
        """Report all new faults, and give the tracebacks of the plugin's own defects."""
        if self._faults.number == self._told or self._pid != getpid():
            return
        self._told = self._faults.number
        for problem in self._faults.problems:
            self.fail(session, f"{problem}; {self.written}")
        if self._faults.defects:
            details = [line for defect in self._faults.defects for line in defect.splitlines()]
            self.fail(session, f"a defect of pytest-handoff, please report it; {self.written}:", details)
