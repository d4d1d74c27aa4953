"""Compare figures exactly and format them for a reader, truncated and never rounded up; write line numbers as ``7, 9-10``."""

from __future__ import annotations

import re
from bisect import bisect_left
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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


def rounded(value: float, digits: int) -> str:
    """Format a value that is already a percentage as coverage.py's reports do with a precision: only all is 100."""
    least = 10.0**-digits
    shown = least if 0 < value < least else 100 - least if 100 - least < value < 100 else round(value, digits)
    return f"{shown:.{digits}f} %"


def points(change: float) -> str:
    """Format the size of a change in percentage points, cut to one decimal: ``2.0`` for 2.038 and for -2.038."""
    tenths = int(round(abs(change) * 10, 6))  # 95.1 - 91.6 is a little less than 3.5
    return f"{tenths // 10}.{tenths % 10}"


def rate_holds(part: int, whole: int, op: Comparison, value: Decimal) -> bool:
    """Compare part/whole as a percentage, without any rounding: 18 of 20 is not ``> 90 %``."""
    if whole <= 0:
        raise ValueError("a percentage of nothing")
    return holds(Decimal(part) * 100, op, value * whole)


def fewest_more(covered: int, total: int, op: Comparison, value: Decimal) -> int:
    """Find how many more it takes to make a rate hold; 0 if no number does."""
    reached: Comparison = ">" if op == ">" else ">="
    more = bisect_left(range(total - covered + 1), x=True, key=lambda n: rate_holds(covered + n, total, reached, value))
    return more if more <= total - covered and rate_holds(covered + more, total, op, value) else 0


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
"""The most lines that a sentence names: it may appear once for each of them."""


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


_RANGE = r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?"


def format_ranges(numbers: Iterable[int]) -> str:
    """Format the numbers in ascending order, neighbours joined: ``{10, 7, 9}`` gives ``7, 9-10``; no numbers give an empty text.

    Only consecutive numbers are joined, so a range never claims a line that is not meant.
    """
    return _written(_joined((number, number) for number in sorted(numbers)))


def parse_ranges(text: str, *, last: int | None = None) -> frozenset[int]:
    """Parse the numbers that :func:`format_ranges` wrote, up to ``last``; a text from elsewhere may name very many.

    Raises:
        ValueError: a part of the text is neither a line number from 1 nor an ascending range of them.
    """
    spans = _spans(text)
    return frozenset(n for first, end in spans for n in range(first, (end if last is None else min(end, last)) + 1))


def count_ranges(text: str) -> int:
    """Count the numbers of a text, without making them.

    Raises:
        ValueError: as for :func:`parse_ranges`.
    """
    return sum(last - first + 1 for first, last in _joined(_spans(text)))


def join_ranges(*texts: str) -> str:
    """Write the numbers of several texts as one, without making them.

    Raises:
        ValueError: as for :func:`parse_ranges`.
    """
    return _written(_joined(span for text in texts for span in _spans(text)))


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort the spans, and join those that touch."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _written(spans: Iterable[tuple[int, int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _spans(text: str) -> list[tuple[int, int]]:
    return [_span(part.strip()) for part in text.split(",")] if text.strip() else []


def _span(part: str) -> tuple[int, int]:
    match = re.fullmatch(_RANGE, part)
    if match is None:
        raise ValueError(f"{part!r} is neither a line number nor a range of them")
    first = int(match[1])
    last = int(match[2] or match[1])
    if last < first:
        raise ValueError(f"the range {part!r} runs backwards")
    return first, last


Comparison = Literal[">", ">=", "==", "<=", "<"]
