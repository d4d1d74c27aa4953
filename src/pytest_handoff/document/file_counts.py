"""Find the number of tests or lines that a document gives for a named file or folder."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from pytest_handoff.document.labels import placeholder_length
from pytest_handoff.document.places import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pytest_handoff.document.outline import Outline, TextLine

PREFIX = "count."

_KIND = r"(?:(?:unit|integration|e2e|performance)[ \t]+)?"
_NOUN = rf"{_KIND}(?P<what>line|test)s?(?:[ \t]+of[ \t]+code|[ \t]+cases?)?\b"
_FIGURE = rf"(?:\[[^\[\]()]*\]|[~≈]?\d[\d,]*\+?)[ \t]+{_NOUN}"
_PROMPT = rf"\[(?:[NXn#]+|count|number)[ \t]+{_NOUN.replace('what', 'inside')}\]"
_BEFORE = r"(?:\*\*|__)?(?:[ \t]+\(|[ \t]*:(?:\*\*|__)?[ \t]+|[ \t]+[-–—][ \t]+)"
_COUNTED = rf"`(?P<path>[^`\s]+(?:\.\w+|/))`{_BEFORE}(?P<figure>{_FIGURE}|{_PROMPT})"
"""``path`` ([N] tests), ``path``: 17 tests, ``folder/`` - [N tests]."""


def counted_files(parsed: Outline, closed: Collection[int]) -> Iterator[Place]:
    """Make a place of each such figure; the second one of a file has ``:2`` behind its id.

    Args:
        closed: indices of the lines in which nothing may be found.
    """
    seen: Counter[str] = Counter()
    for line in parsed.lines:
        looked_at = "`" in line.text and ("test" in line.text or "line" in line.text) and line.line not in closed
        for found in re.finditer(_COUNTED, line.text) if looked_at else ():
            name = f"{PREFIX}{found['what'] or found['inside']}s:{found['path']}"
            seen[name] += 1
            yield _place(line, found, name if seen[name] == 1 else f"{name}:{seen[name]}")


def counted_path(place: str) -> tuple[str, str]:
    """Return what a place counts, ``tests`` or ``lines``, and the path of the file or folder that it counts in."""
    what, _, path = place.removeprefix(PREFIX).partition(":")
    return what, re.sub(r":\d+$", "", path)


def without_overlap(places: Iterable[Place], others: Collection[Place]) -> list[Place]:
    """Keep the places that share no character with any of the others; keep an empty place only if no other is at that spot."""
    starts = {other.start for other in others}
    ordered = sorted((other.start, other.end) for other in others)
    reached = list(accumulate((end for _, end in ordered), max))

    def is_free(place: Place) -> bool:
        before = bisect_left(ordered, (place.end,))
        return (not before or reached[before - 1] <= place.start) and place.start not in starts

    return [place for place in places if is_free(place)]


def _place(line: TextLine, found: re.Match[str], id: str) -> Place:  # noqa: A002 - the word of records
    figure = found["figure"]
    asks = figure.startswith("[") and (found["inside"] is not None or placeholder_length(figure.split("]")[0] + "]") > 0)
    return Place(
        id=id, kind="label", line=line.line + 1, text=figure, state="placeholder" if asks else "written",
        start=line.start + found.start("figure"), end=line.start + found.end("figure"), own=len(figure) if asks else 0,
    )  # fmt: skip
