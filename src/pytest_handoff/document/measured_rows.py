"""Find the rows in a document's tables of measured values, and which of them ask how long a test took."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.document.catalogue import MEASURED, PERFORMANCE
from pytest_handoff.document.labels import keys_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_FIRST_CELL = re.compile(r"[ \t]*+\|((?:[^|\\]|\\.)++)\|")
_AFTER_SEPARATOR = re.compile(r"(?<=::)")
_MARKS = re.compile(r"[`*]")
_DURATION = r"(?i:duration of (?P<after>\S.*)|(?P<before>\S.*) duration)"


def performance_rows(text: str) -> list[str]:
    """List the names of the rows in tables below *Performance Metrics* and the like; the heads of the tables are among them."""
    return list(dict.fromkeys(_rows_below(text, PERFORMANCE)))


def durations_asked(text: str, tests: Iterable[str]) -> dict[str, str]:
    """Find the rows that ask how long a test took, each with the id of that test.

    A row is called ``Duration of TEST`` or ``TEST duration``, where ``TEST`` is an id, or the end of an id after a ``::``. A
    row that could mean two tests is left out.
    """
    asked = {
        row: found["after"] or found["before"] for row in _rows_below(text, MEASURED) if (found := re.fullmatch(_DURATION, row))
    }
    ids = _by_ending(tests, frozenset(asked.values())) if asked else {}
    return {row: ids[name][0] for row, name in asked.items() if len(ids.get(name, ())) == 1}


def _by_ending(tests: Iterable[str], names: Collection[str]) -> dict[str, list[str]]:
    """Find the tests that each of these names could mean: ids, or ends of ids after a ``::``."""
    lengths = {len(name) for name in names}
    found: dict[str, list[str]] = {}
    for test in tests:
        starts = (0, *(mark.start() for mark in _AFTER_SEPARATOR.finditer(test)))
        for ending in {test[start:] for start in starts if len(test) - start in lengths}:
            if ending in names:
                found.setdefault(ending, []).append(test)
    return found


def _rows_below(text: str, names: Collection[str]) -> Iterator[str]:
    """Yield the first cells of all tables below headings of these names, without emphasis."""
    inside: int | None = None
    for line in text.splitlines():
        heading = _HEADING.match(line) if "#" in line else None
        if heading is not None and (inside is None or len(heading[1]) <= inside):
            inside = None if keys_of(heading[2]).isdisjoint(names) else len(heading[1])
        elif inside is not None and (cell := _FIRST_CELL.match(line)):
            yield _MARKS.sub("", cell[1]).strip()
