"""Format and parse line numbers as people write them: ``7, 9-10``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_RANGE = re.compile(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?")


def format_ranges(numbers: Iterable[int]) -> str:
    """Format the numbers in ascending order, neighbours joined: ``{10, 7, 9}`` gives ``7, 9-10``; no numbers give an empty text.

    Only consecutive numbers are joined, so a range never claims a line that is not meant.
    """
    return _written(_joined((number, number) for number in sorted(numbers)))


def parse_ranges(text: str, *, last: int | None = None) -> frozenset[int]:
    """Parse the numbers that :func:`format_ranges` wrote, up to ``last``; a text that others wrote may name very many.

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
    match = _RANGE.fullmatch(part)
    if match is None:
        raise ValueError(f"{part!r} is no line number and no range of them")
    first = int(match[1])
    last = int(match[2] or match[1])
    if last < first:
        raise ValueError(f"the range {part!r} runs backwards")
    return first, last
