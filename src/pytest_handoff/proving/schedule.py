"""Decide what a budget has time for, and when it is time to end.

This file is copied beside the scratch tree, and imports nothing of ours.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_TO_END, _LEAST_TO_END = 0.04, 0.4
"""The part of a budget that is kept for ending (pytest, the proof, the scratch trees), and its least seconds."""

_OF_START = 0.5
"""Ending takes at most this part of the time that starting took: a slow machine is slow at both."""

_GRACE, _LATEST = 0.02, 0.02
"""Parts of a budget: in which a fault that was begun may end, and after which pytest is stopped from outside."""

_LONGEST_START = 60.0
"""Seconds: a process that is older than this has done other things before."""


class Ends(NamedTuple):
    """When no further fault is begun, when what was begun has to be done, and when pytest is stopped; seconds since 1970."""

    begin: float
    done: float
    stop: float


def ends_of(budget: float, begun: float, now: float) -> Ends:
    """Divide a budget.

    Args:
        budget: its seconds.
        begun: the time that it counts from.
        now: the time at which pytest is about to start.
    """
    kept = max(budget * _TO_END, _LEAST_TO_END, (now - begun) * _OF_START)
    begin = begun + budget - kept
    return Ends(begin=begin, done=begin + budget * _GRACE, stop=begun + budget * (1 + _LATEST))


def process_began() -> float:
    """Return when this process began, in seconds since 1970, as well as the system can tell: a user has waited since then."""
    now = time.time()
    age = time.process_time()
    with suppress(OSError, ValueError, IndexError, AttributeError):  # Linux alone tells how long it was, waiting included
        ticks = int(Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return now - age if 0 <= age <= _LONGEST_START else now


class Schedule:
    """Know what there is time for, from how long starts and tests took before."""

    def __init__(self, begin: float, done: float, clock: Callable[[], float] = time.time) -> None:
        self.begin, self.done = begin, done
        self._clock = clock
        self._starts: dict[str, float] = {}

    def started(self, mode: str, seconds: float) -> None:
        """Note how long a child of this mode took until its first test ran."""
        self._starts[mode] = min(seconds, self._starts.get(mode, seconds))

    def is_open(self, *, follows: bool) -> bool:
        """Check that there is time to begin something, or to continue what was begun."""
        return self._clock() < (self.done if follows else self.begin)

    def has_time_for(self, mode: str, seconds: float) -> bool:
        """Check that a child of this mode could end in time, if its first test takes as long as before."""
        return self._clock() + self._starts.get(mode, 0.0) + seconds < self.done

    @property
    def is_over(self) -> bool:
        """Tell whether everything has to end."""
        return self._clock() > self.done
