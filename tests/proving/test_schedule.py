"""What a budget has time for, by a clock that stands still until it is told to go on."""

from __future__ import annotations

import time

import pytest

from pytest_handoff.proving.schedule import Schedule, ends_of, process_began


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("budget", "started", "begin"),
    [
        (5, 0.1, 4.6),  # the least that ending takes
        (60, 0.5, 57.6),
        (60, 10, 55),  # a slow machine: it took ten seconds to come here
        (1, 3, -0.5),  # there is no time for anything
    ],
)
def test_the_end_of_a_budget_is_kept_for_ending(budget: float, started: float, begin: float) -> None:
    """It counts from the start of the process; where starting was slow, ending is as well."""
    ends = ends_of(budget, 1000, 1000 + started)
    assert ends.begin == pytest.approx(1000 + begin)
    assert ends.begin < ends.done < ends.stop <= 1000 + budget * 1.02


def test_nothing_is_begun_that_cannot_end() -> None:
    """A fault whose first test takes too long, or a pytest of its own that takes too long to start; others still may."""
    clock = Clock()
    schedule = Schedule(begin=100, done=102, clock=clock)
    assert schedule.has_time_for("fork", 101.9)
    assert not schedule.has_time_for("fork", 102)
    schedule.started("spawn", 9)
    schedule.started("spawn", 5)
    schedule.started("spawn", 7)
    clock.now = 95
    assert schedule.has_time_for("fork", 6.5)
    assert schedule.has_time_for("spawn", 1.5)
    assert not schedule.has_time_for("spawn", 2)
    clock.now = 100
    assert not schedule.is_open(follows=False)
    assert schedule.is_open(follows=True)
    clock.now = 102.5
    assert schedule.is_over
    assert not schedule.is_open(follows=True)


def test_the_time_counts_from_the_start_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting is included where the system tells; a process that has lived for long was not started for this."""
    before = process_began()
    assert time.time() - 24 * 3600 < before <= time.time()
    monkeypatch.setattr(time, "time", lambda: 5000.0)
    monkeypatch.setattr(time, "process_time", lambda: 2.0)
    monkeypatch.setattr(time, "clock_gettime", lambda _clock: (_ for _ in ()).throw(OSError))
    assert process_began() == 4998
    monkeypatch.setattr(time, "process_time", lambda: 300.0)
    assert process_began() == 5000
