"""Compare figures exactly, and format them for a reader, cut and never rounded up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


def percent(part: int, whole: int) -> str:
    """Format 54 of 60 as ``90.0 %``, cut to one decimal: 9,999 of 10,000 is ``99.9 %``, and only all of them are ``100 %``."""
    if whole <= 0:
        raise ValueError("a percentage of nothing")
    tenths = part * 1000 // whole
    return "100 %" if part == whole else f"{tenths // 10}.{tenths % 10} %"


def percent_of(value: float) -> str:
    """Format a value that is already a percentage, cut to one decimal."""
    tenths = int(Decimal(value) * 10)
    return "100 %" if value == 100 else f"{tenths // 10}.{tenths % 10} %"


def rate_holds(part: int, whole: int, op: Comparison, value: Decimal) -> bool:
    """Compare part/whole as a percentage, without any rounding: 18 of 20 is not ``> 90 %``."""
    if whole <= 0:
        raise ValueError("a percentage of nothing")
    return holds(Decimal(part) * 100, op, value * whole)


def count_holds(count: int, op: Comparison, value: Decimal) -> bool:
    """Compare a count with a value."""
    return holds(Decimal(count), op, value)


def counted(number: int, noun: str) -> str:
    """Format a number with its noun: ``1 test``, ``2 tests``; a noun may give its plural after a slash: ``entry/entries``."""
    one, _, many = noun.partition("/")
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Join the first names, and say how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


MOST_LINES = 20
"""A sentence names so many lines at most: it may be said of each of them."""


def enumerated(lines: Sequence[int]) -> str:
    """Name the lines of a document: ``3 and 9``."""
    return " and ".join(map(str, lines[:MOST_LINES])) + (" and more" if len(lines) > MOST_LINES else "")


def holds(left: Decimal, op: Comparison, right: Decimal) -> bool:
    match op:
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "==":
            return left == right
        case "<=":
            return left <= right
        case "<":
            return left < right


Comparison = Literal[">", ">=", "==", "<=", "<"]
