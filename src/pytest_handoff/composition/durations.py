"""Word how long tests took, and how that changed since earlier sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.markup import one_line
from pytest_handoff.printable import labelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_handoff.details import Details
    from pytest_handoff.record import LedgerLine


_LEAST = 0.005
"""Seconds; pytest's own ``--durations`` leaves out the tests that took less."""


class Slow(NamedTuple):
    """A test with the seconds that it took, now and in the previous session, if we know."""

    test: str
    seconds: float
    before: float | None


def slowest(details: Details, before: Sequence[Details], ledger: Mapping[str, LedgerLine]) -> list[Slow]:
    """List the ten tests that took longest; one that moved is compared with what it was.

    Args:
        before: the details of the sessions that this one continues, if there are any.
    """
    known: dict[str, float] = {}
    for one in before:
        known |= one.seconds
    found = []
    for test, seconds in details.slowest():
        line = ledger.get(test)
        moved = line.moved_from if line is not None else None
        found.append(Slow(test, seconds, known.get(test, known.get(moved) if moved else None)))
    return found


def slowest_lines(found: Sequence[Slow]) -> Iterator[str]:
    """Write a line for each test that took a noticeable time: its seconds, the change, and its id."""
    for slow in found:
        if slow.seconds < _LEAST:
            continue
        yield labelled("slow", f"{_time(slow.seconds):>7}  {_change(slow):<8}  {one_line(slow.test)}")


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.2f} s"


def _change(slow: Slow) -> str:
    """Write the change since the previous session: ``+0.31 s``; nothing if it is unknown or too small to see."""
    if slow.before is None:
        return ""
    change = round(slow.seconds - slow.before, 2)
    if not change:
        return "as was"
    return f"{'+' if change > 0 else '-'}{_time(abs(change))}"
