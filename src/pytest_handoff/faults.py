"""Defects of ours: noted where they happen, so that no test run stops for one, and told in the end, so that none is hidden."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

MOST_LINES = 40
"""Lines shown of a defect: its own traceback fits, a recursion does not."""


class Faults:
    """A context manager that keeps exceptions to itself, except a user's mistake and what ends a process.

    Args:
        tell: called with each defect, for a process that has no end of its own to tell it at.
    """

    def __init__(self, tell: Callable[[str], object] | None = None) -> None:
        self._tell = tell
        self.shown: list[str] = []

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Keep an exception of ours; let the rest through."""
        if not isinstance(error, Exception) or isinstance(error, (pytest.UsageError, pytest.exit.Exception)):
            return False
        self.add(error)
        return True

    def add(self, error: Exception) -> None:
        """Note a defect; the same one again, as a hook that runs for each test would bring it, once only."""
        shown = "\n".join("".join(traceback.format_exception(error)).strip().splitlines()[-MOST_LINES:])
        if shown not in self.shown:
            self.shown.append(shown)
            if self._tell is not None:
                self._tell(shown)
