"""Defects of ours: noted where they happen, so that no test run stops for one, and told in the end, so that none is hidden."""

from __future__ import annotations

import errno
import traceback
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import HandoffError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

MOST_LINES = 40
"""Lines shown of a defect: its own traceback fits, a recursion does not."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class Faults:
    """A context manager that keeps exceptions to itself, except a user's mistake and what ends a process.

    Attributes:
        defects: their tracebacks.
        problems: sentences about what is no defect of ours, such as a disk that is full.
    """

    def __init__(self) -> None:
        self._tell: Callable[[Faults], object] = lambda _faults: None
        self.defects: list[str] = []
        self.problems: list[str] = []

    @property
    def number(self) -> int:
        """How many things went wrong."""
        return len(self.defects) + len(self.problems)

    def tell_at_once(self, tell: Callable[[Faults], object]) -> None:
        """Tell each fault when it happens: for a process that has no end of its own to tell it at."""
        self._tell = tell
        if self.number:
            tell(self)

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Keep an exception of ours; let the rest through."""
        if not isinstance(error, Exception) or isinstance(error, (pytest.UsageError, pytest.exit.Exception)):
            return False
        self.add(error)
        return True

    def add(self, error: Exception) -> None:
        """Note a fault; the same one again, as a hook that runs for each test would bring it, once only."""
        problem = _problem(error)
        known, shown = (self.defects, _shown(error)) if problem is None else (self.problems, problem)
        if shown not in known:
            known.append(shown)
            self._tell(self)


def _problem(error: Exception) -> str | None:
    """The sentence about what is no defect of ours; ``None`` for one that is."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return f"{error.filename2 or error.filename}: cannot be written: {error.strerror}"
    return str(error) if isinstance(error, HandoffError) else None


def _shown(error: Exception) -> str:
    return "\n".join("".join(traceback.format_exception(error)).strip().splitlines()[-MOST_LINES:])
