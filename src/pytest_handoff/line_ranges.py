"""Format and parse line numbers as people write them: ``7, 9-10``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_RANGE = re.compile(r"([1-9][0-9]*)(?:-([1-9][0-9]*))?")


def format_ranges(numbers: Iterable[int]) -> str:
    """Format the numbers in ascending order, neighbours joined: ``{10, 7, 9}`` gives ``7, 9-10``; no numbers give an empty text.

    Only consecutive numbers are joined, so a range never claims a line that is not meant.
    """
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def parse_ranges(text: str) -> frozenset[int]:
    """Parse the numbers that :func:`format_ranges` wrote.

    Raises:
        ValueError: a part of the text is neither a line number from 1 nor an ascending range of them.
    """
    return frozenset(number for part in text.split(",") if text.strip() for number in _parse_range(part.strip()))


def _parse_range(part: str) -> range:
    match = _RANGE.fullmatch(part)
    if match is None:
        raise ValueError(f"{part!r} is no line number and no range of them")
    first = int(match[1])
    last = int(match[2] or match[1])
    if last < first:
        raise ValueError(f"the range {part!r} runs backwards")
    return range(first, last + 1)
