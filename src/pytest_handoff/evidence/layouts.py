"""Write which lines of a source are statements as one short text, and read that text.

A session keeps it for every source, so that a later run need not parse those that did not change. Each line of the source is one
letter, and a number stands for its repetitions: ``.3s2.s2c`` is an empty line, three statements, two lines that are none, and a
statement that goes on for two lines more.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

STATEMENT, EXCLUDED, NEITHER = "s", "x", "."
CONTINUED, CONTINUED_EXCLUDED = "c", "k"
"""Lines that continue the statement which the last line of another kind began; coverage.py may exclude such a line as well."""

_MOST_LINES = 1_000_000
"""More lines than any measured source has; a text that claims more was edited."""

_RUN = re.compile(r"([1-9][0-9]{0,6})?([sx.ck])")


class Layout(NamedTuple):
    """Hold what coverage.py's parser found in the lines of a source.

    Attributes:
        statements: the first lines of its statements, without excluded ones.
        excluded: the lines that are excluded.
        first_line: maps each continuation line to the first line of its statement.
    """

    statements: frozenset[int]
    excluded: frozenset[int]
    first_line: Mapping[int, int]


def write_layout(layout: Layout) -> str:
    """Write a layout as text; return an empty text if reading it would not give the same layout."""
    statements, excluded, first_line = layout
    kinds = [NEITHER] * (max((0, *statements, *excluded, *first_line)) + 1)
    for line in excluded:
        kinds[line] = EXCLUDED
    for line in first_line:
        kinds[line] = CONTINUED_EXCLUDED if kinds[line] == EXCLUDED else CONTINUED
    for line in statements:
        kinds[line] = STATEMENT
    runs = [(len(list(run)), kind) for kind, run in groupby(kinds[1:])]
    text = "".join(f"{number}{kind}" if number > 1 else kind for number, kind in runs) or NEITHER
    return text if read_layout(text) == layout else ""


def lines_in(text: str) -> int:
    """Count the lines that a layout describes, without listing them."""
    return sum(int(run[1] or 1) for run in _RUN.finditer(text))


def read_layout(text: str) -> Layout | None:
    """Read a layout; return ``None`` for a text that :func:`write_layout` does not write."""
    statements: set[int] = set()
    excluded: set[int] = set()
    first_line: dict[int, int] = {}
    line, first, end = 1, 0, 0
    for run in _RUN.finditer(text):
        number, kind = int(run[1] or 1), run[2]
        after = line + number
        if run.start() != end or after > _MOST_LINES or (kind in "ck" and not first):
            return None
        if kind in "xk":
            excluded.update(range(line, after))
        if kind in "ck":
            first_line.update(dict.fromkeys(range(line, after), first))
        else:
            first = after - 1
        if kind == "s":
            statements.update(range(line, after))
        line, end = after, run.end()
    return Layout(frozenset(statements), frozenset(excluded), first_line) if end == len(text) > 0 else None
