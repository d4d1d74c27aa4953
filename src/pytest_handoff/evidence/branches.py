"""Write which lines of a source can go on in several ways as one short text, read that text, and count which ways were taken.

A session keeps it for every source if branches are measured, beside the layout (:mod:`pytest_handoff.evidence.layouts`). Each
line with several ways is a ``l`` with its ways behind it, and a number before a letter says how many lines away that is:
``12l1a5a`` is line 12, from which one line further and five lines further can be next. A 1 is left out: ``12la5a``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LINE, AFTER, BEFORE, EXIT, BACK, NEVER_ASKED = "l", "a", "b", "e", "w", "p"
"""A line, by how far it is from the last one; the lines after and before it that can be next; the exit of the code that begins so
many lines before the next line. ``w`` is a ``with`` so many lines before, to which Python goes back on its way to what stands
before the ``w``. ``p`` stands in place of the ways: so many, of which nobody asks whether they were taken."""

NONE = "."
"""A source without such lines."""

_MOST_LINES = 1_000_000
"""More lines than any measured source has; a text that claims more was edited."""

_PIECE = re.compile(r"([2-9]|[1-9][0-9]{1,6})?([labewp])")


class Branches(NamedTuple):
    """Hold what coverage.py knows of the branches of a source.

    Attributes:
        ways: maps each line that can go on in several ways to the lines that can be next, without excluded ones; the exit of
            a function, class or module is minus its first line.
        back: maps a line and a ``with`` that it goes back to onto the one of its ways that this is.
        never_asked: how many ways each line has of which nobody asks whether they were taken.
    """

    ways: Mapping[int, frozenset[int]]
    back: Mapping[tuple[int, int], int]
    never_asked: Mapping[int, int]


def write_branches(branches: Branches) -> str:
    """Write branches as text; return an empty text if reading it would not give the same branches."""
    back: dict[tuple[int, int], list[int]] = defaultdict(list)
    for (line, start), way in branches.back.items():
        back[line, way].append(start)
    before, pieces = 0, []
    for line in sorted({*branches.ways, *branches.never_asked}):
        pieces.append((line - before, LINE))
        if line in branches.never_asked:
            pieces.append((branches.never_asked[line], NEVER_ASKED))
        for way in sorted(branches.ways.get(line, ())):
            pieces.append(_way(line, way))
            pieces += [(line - start, BACK) for start in sorted(back.get((line, way), ()))]
        before = line
    text = "".join(f"{number}{kind}" if number != 1 else kind for number, kind in pieces) or NONE
    return text if read_branches(text) == branches else ""


def _way(line: int, way: int) -> tuple[int, str]:
    if way < 0:
        return line + 1 + way, EXIT
    return (way - line, AFTER) if way > line else (line - way, BEFORE)


def read_branches(text: str) -> Branches | None:
    """Read branches; return ``None`` for a text that :func:`write_branches` does not write."""
    if text == NONE:
        return Branches({}, {}, {})
    reader = _Reader()
    end = 0
    for piece in _PIECE.finditer(text):
        if piece.start() != end or not reader.take(int(piece[1] or 1), piece[2]):
            return None
        end = piece.end()
    if end != len(text) or not reader.ends():
        return None
    return Branches({line: frozenset(ways) for line, ways in reader.ways.items()}, reader.back, reader.never_asked)


class _Reader:
    """A reader of pieces; it takes none in another order than they are written in."""

    def __init__(self) -> None:
        self.ways: dict[int, list[int]] = {}
        self.back: dict[tuple[int, int], int] = {}
        self.never_asked: dict[int, int] = {}
        self._line = 0
        self._ways: list[int] = []
        self._start = 0

    def ends(self) -> bool:
        """Check that a line has several ways, and that there is one."""
        return len(self._ways) > 1 or self._line in self.never_asked

    def take(self, number: int, kind: str) -> bool:
        """Take the next piece, if it can stand here."""
        if kind == LINE:
            return self._take_line(number)
        if not self._line or self._line in self.never_asked:
            return False
        if kind == NEVER_ASKED:
            self.never_asked[self._line] = number
            return number > 1 and self._line not in self.ways
        return self._take_back(self._line - number) if kind == BACK else self._take_way(number, kind)

    def _take_line(self, number: int) -> bool:
        if self._line and not self.ends():
            return False
        self._line += number
        self._ways = []
        return self._line < _MOST_LINES

    def _take_way(self, number: int, kind: str) -> bool:
        line = self._line
        way = number - line - 1 if kind == EXIT else line + number if kind == AFTER else line - number
        last = self._ways[-1] if self._ways else -_MOST_LINES
        self._ways = self.ways.setdefault(line, self._ways)
        self._ways.append(way)
        self._start = 0
        return way > last and (way < 0) == (kind == EXIT) and 0 != way < _MOST_LINES

    def _take_back(self, start: int) -> bool:
        if not self._ways or start <= self._start or (self._line, start) in self.back:
            return False
        self._start = start
        self.back[self._line, start] = self._ways[-1]
        return True


def count_taken(branches: Branches, first_line: Mapping[int, int], arcs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Count the branches, and how many of them were taken, as coverage.py does.

    Args:
        first_line: maps each continuation line to the first line of its statement.
        arcs: which line ran after which, as coverage.py's data have it.
    """
    taken = set()
    for begin, end in arcs:
        line = first_line.get(begin, begin)
        possible = branches.ways.get(line)
        if possible is not None:
            to = first_line.get(end, end) if end > 0 else -first_line.get(-end, -end)
            way = branches.back.get((line, to), to)
            if way in possible:
                taken.add((line, way))
    never = sum(branches.never_asked.values())
    return sum(map(len, branches.ways.values())) + never, len(taken) + never
