"""Collect the plugin's faults as they happen so that none stops a test run, and report them so that none is hidden.

An xdist worker leaves its faults in a file, since it may crash, or else passes them on when it ends.
"""

from __future__ import annotations

import errno
import traceback
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from pytest_handoff.errors import HandoffError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType


MOST_LINES = 40
"""The most lines that are shown of a defect: enough for a traceback, not for a recursion."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
_NO_DESCRIPTOR = {errno.EMFILE, errno.ENFILE}


class Faults:
    """A context manager that collects exceptions; a usage error and whatever ends the process pass through.

    Attributes:
        defects: the tracebacks of the plugin's own defects.
        problems: sentences about faults that are not the plugin's, such as a full disk.
    """

    def __init__(self) -> None:
        self._tell: Callable[[Faults], object] = lambda _faults: None
        self.defects: list[str] = []
        self.problems: list[str] = []

    @property
    def number(self) -> int:
        """Count the defects and the problems."""
        return len(self.defects) + len(self.problems)

    def tell_at_once(self, tell: Callable[[Faults], object]) -> None:
        """Call ``tell`` for each fault as it happens; for a worker, which reports nothing at its own end."""
        self._tell = tell
        if self.number:
            tell(self)

    def __enter__(self) -> None:
        """Begin to collect exceptions."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Collect an exception of the plugin; let usage errors and the end of the process through."""
        if not isinstance(error, Exception) or isinstance(error, (pytest.UsageError, pytest.exit.Exception)):
            return False
        self.add(error)
        return True

    def add(self, error: Exception) -> None:
        """Note a fault, but only once: a hook that runs for each test may repeat it."""
        problem = _problem(error)
        known, shown = (self.defects, _shown(error)) if problem is None else (self.problems, problem)
        if shown not in known:
            known.append(shown)
            self._tell(self)


def _problem(error: Exception) -> str | None:
    """Describe a fault that is not a defect of the plugin; return ``None`` for a defect."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return f"{error.filename2 or error.filename}: cannot be written: {error.strerror}"
    if isinstance(error, OSError) and error.errno in _NO_DESCRIPTOR:
        return f"{error.strerror}: tests left them open, or lowered the limit (ulimit -n)"
    if isinstance(error, HandoffError):
        return str(error)
    if _is_raised_by_a_mock(error):
        return f"something a test left mocked raised {type(error).__name__}: {error}; undo each mock when its test ends"
    return None


def _is_raised_by_a_mock(error: Exception) -> bool:
    """Check where an error comes from: whoever replaced a function decided what it raises."""
    places = traceback.extract_tb(error.__traceback__)
    return bool(places) and places[-1].filename.replace("\\", "/").endswith("/unittest/mock.py")


def _shown(error: Exception) -> str:
    return "\n".join("".join(traceback.format_exception(error)).strip().splitlines()[-MOST_LINES:])


OUTPUT = "handoff"
REFUSED = "handoff_refused"
"""The key of the texts of a usage error for which a worker did not collect."""
_FAULTS = ".faults"


def tell_controller(config: pytest.Config, spool: Path, faults: Faults) -> None:
    """Write a worker's faults to the spool; if that cannot be written, send them when the worker ends."""
    worker = config.workerinput["workerid"]  # type: ignore[attr-defined] # xdist adds it to the config
    told = {"defects": list(faults.defects), "problems": list(faults.problems)}
    try:
        (spool / f"{worker}{_FAULTS}").write_bytes(msgspec.json.encode(told))
    except OSError:
        config.workeroutput[OUTPUT] = told  # type: ignore[attr-defined] # as above


def hear_worker(node: Any, faults: Faults) -> None:
    """Take over the faults that a worker sent when it ended.

    Raises:
        pytest.UsageError: if one ended its collection; the other workers must not be waited for.
    """
    told = getattr(node, "workeroutput", {})
    _take(node.gateway.id, told.get(OUTPUT), faults)
    if REFUSED in told:
        from pytest_handoff.printable import printable

        raise pytest.UsageError(printable(" ".join(" ".join(told[REFUSED]).split())))


def hear_spool(spool: Path, faults: Faults) -> None:
    """Take over the faults that workers left in the spool."""
    for path in sorted(spool.glob(f"*{_FAULTS}")):
        _take(path.name.removesuffix(_FAULTS), msgspec.json.decode(path.read_bytes()), faults)


def _take(worker: str, told: dict[str, list[str]] | None, faults: Faults) -> None:
    for defect in (told or {}).get("defects", ()):
        faults.defects.append(f"in worker {worker}: {defect}")
    for problem in (told or {}).get("problems", ()):
        if problem not in faults.problems:  # a full disk is full for every worker
            faults.problems.append(problem)
