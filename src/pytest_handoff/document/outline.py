"""Hold the structure of a Markdown text as data: what stands where, by line index (from 0) and character offset."""

from __future__ import annotations

import bisect
import re
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_LINE, _HEAD_LINE = attrgetter("line"), attrgetter("head.line")


class Heading(msgspec.Struct, frozen=True, gc=False):
    """A heading that divides the document; ``end`` is the index past its last line."""

    line: int
    end: int
    level: int
    text: str


class TextLine(msgspec.Struct, frozen=True, gc=False):
    """One line of a paragraph, without indentation, list marker and trailing blanks.

    ``opens_item`` is true for the first line of a list item; ``parents`` are the opening lines of the items around it,
    outermost first. ``followed`` is true if a list, fence, table or quote hangs directly under the paragraph.
    """

    line: int
    start: int
    text: str
    opens_item: bool
    paragraph: int
    parents: tuple[TextLine, ...]
    followed: bool

    @property
    def end(self) -> int:
        """Return the offset past the last character."""
        return self.start + len(self.text)


class Fence(msgspec.Struct, frozen=True, gc=False):
    """A closed code fence; ``start`` to ``end`` are the whole lines of its body, ``indent`` the blanks before its mark."""

    line: int
    start: int
    end: int
    mark: str
    indent: str


class Cell(msgspec.Struct, frozen=True, gc=False):
    """One cell of a table; ``start`` to ``end`` is everything between its pipes, ``text`` its content without padding."""

    start: int
    end: int
    text: str


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of a table; cells that are missing in the line are missing in ``cells``, too."""

    line: int
    cells: tuple[Cell, ...]


class Table(msgspec.Struct, frozen=True, gc=False):
    """A table with its header row and its body."""

    head: Row
    rows: tuple[Row, ...]


class Comment(msgspec.Struct, frozen=True, gc=False):
    """An HTML comment; ``alone`` is true if it fills its line rather than ending a line of text."""

    line: int
    start: int
    text: str
    alone: bool

    @property
    def end(self) -> int:
        """Return the offset past ``-->``."""
        return self.start + len(self.text)


class Markdown(msgspec.Struct, frozen=True, gc=False):
    """A parsed text.

    ``starts`` holds the offset of each line and, last, the length of the text; ``paths`` holds, for each heading, the headings
    that enclose it, outermost first, and the heading itself.
    """

    text: str
    starts: tuple[int, ...]
    headings: tuple[Heading, ...]
    paths: tuple[tuple[Heading, ...], ...]
    lines: tuple[TextLine, ...]
    fences: tuple[Fence, ...]
    tables: tuple[Table, ...]
    comments: tuple[Comment, ...]
    references: frozenset[str]

    def raw(self, line: int) -> str:
        """Return the line with this index, without its line ending."""
        return self.text[self.starts[line] : self.starts[line + 1]].rstrip("\r\n")

    def line_at(self, offset: int) -> int:
        """Return the index of the line that holds this offset; that of the last line for the end of the text."""
        return max(min(bisect.bisect_right(self.starts, offset) - 1, len(self.starts) - 2), 0)

    def path(self, line: int) -> tuple[Heading, ...]:
        """Return the headings that this line is under, outermost first."""
        last = bisect.bisect_right(self.headings, line, key=_LINE)
        return self.paths[last - 1] if last else ()

    def text_line(self, line: int) -> TextLine | None:
        """Find the text line with this index; return ``None`` if that line is not prose."""
        return _at(self.lines, line)

    def row(self, line: int) -> Row | None:
        """Find the table row in the line with this index; return ``None`` if there is none."""
        last = bisect.bisect_right(self.tables, line, key=_HEAD_LINE)
        table = self.tables[last - 1] if last else None
        return None if table is None else table.head if table.head.line == line else _at(table.rows, line)

    def below(self, index: int) -> Iterator[TextLine]:
        """Yield the rest of the paragraph after the text line at this index of ``lines``."""
        for at in range(index + 1, len(self.lines)):
            if self.lines[at].paragraph != self.lines[index].paragraph:
                return
            yield self.lines[at]

    def section(self, heading: Heading) -> range:
        """Return the lines of a heading and of all below it, up to the next heading of the same or a higher level."""
        following = range(bisect.bisect_right(self.headings, heading.line, key=_LINE), len(self.headings))
        later = (self.headings[at].line for at in following if self.headings[at].level <= heading.level)
        return range(heading.line, next(later, len(self.starts) - 1))


def paths_of(headings: Sequence[Heading]) -> tuple[tuple[Heading, ...], ...]:
    """List for each heading the headings that enclose it by their levels, and itself last."""
    paths: list[tuple[Heading, ...]] = []
    for heading in headings:
        outer = tuple(above for above in (paths[-1] if paths else ()) if above.level < heading.level)
        paths.append((*outer, heading))
    return tuple(paths)


_Part = TypeVar("_Part", TextLine, Row)


def _at(parts: Sequence[_Part], line: int) -> _Part | None:
    index = bisect.bisect_left(parts, line, key=_LINE)
    return parts[index] if index < len(parts) and parts[index].line == line else None


_ANY_PIPE = re.compile(r"\\?\|")
