"""Find the figures after named files, as in ``src/a.py`` (230 lines): such a figure is a place wherever it stands."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from pytest_handoff.document.labels import placeholder_length
from pytest_handoff.document.places_too import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pytest_handoff.document.outline import Markdown, TextLine


PREFIX = "count."

_COUNTED = r"`(?P<path>[^`\s]+\.\w+)`[ \t]+\((?P<figure>(?:\[[^\[\]()]*\]|[\d,]+)[ \t]+(?P<what>line|test)s?)\)"


def counted_files(parsed: Markdown, closed: Collection[int]) -> Iterator[Place]:
    """Make a place of each such figure; of a file named twice, only of the first.

    Args:
        closed: indices of the lines in which nothing may be found.
    """
    seen: set[str] = set()
    for line in parsed.lines:
        looked_at = ")" in line.text and "`" in line.text and line.line not in closed
        for found in re.finditer(_COUNTED, line.text) if looked_at else ():
            place = _place(line, found)
            if place.id not in seen:
                seen.add(place.id)
                yield place


def without_overlap(places: Iterable[Place], others: Collection[Place]) -> list[Place]:
    """Keep the places that share no character with any of the others."""
    ordered = sorted((other.start, other.end) for other in others)
    reached = list(accumulate((end for _, end in ordered), max))

    def is_free(place: Place) -> bool:
        before = bisect_left(ordered, (place.end,))
        return not before or reached[before - 1] <= place.start

    return [place for place in places if is_free(place)]


def _place(line: TextLine, found: re.Match[str]) -> Place:
    figure = found["figure"]
    asks = placeholder_length(figure) > 0
    return Place(
        id=f"{PREFIX}{found['what']}s:{found['path']}", kind="label", line=line.line + 1, text=figure,
        state="placeholder" if asks else "written", start=line.start + found.start("figure"),
        end=line.start + found.end("figure"), own=len(figure) if asks else 0,
    )  # fmt: skip
