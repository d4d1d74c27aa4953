"""Describe the structure of a Markdown text as data: what is where, by line index (from 0) and character offset.

It is gathered block by block, first line to last, from any parser. Inline markup is read last, since a link's reference may be
defined further below, and only where it may matter. A parser's time for inline markup may grow faster than the markup, so very
long pieces are not read.
"""

from __future__ import annotations

import bisect
import re
from bisect import bisect_right
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from pytest_handoff.document.comments import comment_spans
from pytest_handoff.text_lines import holds_lone_surrogate, raw_lines, split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence


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


class Outline(msgspec.Struct, frozen=True, gc=False):
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
    """List, for each heading, the headings that enclose it by level, and the heading itself last."""
    paths: list[tuple[Heading, ...]] = []
    for heading in headings:
        outer = tuple(above for above in (paths[-1] if paths else ()) if above.level < heading.level)
        paths.append((*outer, heading))
    return tuple(paths)


_Part = TypeVar("_Part", TextLine, Row)


def _at(parts: Sequence[_Part], line: int) -> _Part | None:
    index = bisect.bisect_left(parts, line, key=_LINE)
    return parts[index] if index < len(parts) and parts[index].line == line else None


LONGEST_INLINE = 10_000
"""Inline markup of a longer heading, paragraph or row is not read: a heading stays as written, and no comment counts."""

_LONELY = re.compile(r"[ \t>]*+(?:(?:[-*+]|\d++[.)])[ \t>]++)*+")
_MARKUP = re.compile(r"[\n*<\\_`]|&[#\w]|\]\(")  # with any of these, or a bracket and references, content is not shown as written


class Inline(msgspec.Struct, frozen=True, gc=False):
    """A block's inline content as it is shown, with its HTML comments, each at its offset in the content."""

    plain: str
    comments: tuple[tuple[int, str], ...]


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A line's share of a paragraph: the line's index, and the column and length of the text there."""

    line: int
    column: int
    length: int


class _Unread(msgspec.Struct, frozen=True, gc=False):
    """Inline content to be read last.

    ``at`` is the index of its heading, of its paragraph's first text line, or of its row's line.
    """

    of: Literal["heading", "paragraph", "row"]
    at: int
    content: str


class Structure:
    """The blocks of one text by the indices of their lines; ``raws`` are its lines as a parser can take them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.raws = raw_lines(_readable(text))
        self.starts = tuple(accumulate(map(len, split_lines(text)), initial=0))
        self._headings: list[Heading] = []
        self._lines: list[TextLine] = []
        self._fences: list[Fence] = []
        self._tables: list[Table] = []
        self._comments: list[Comment] = []
        self._unread: list[_Unread] = []

    def heading(self, line: int, end: int, level: int, content: str) -> None:
        """Add a heading that divides the document; ``end`` is the index past its last line."""
        if len(content) <= LONGEST_INLINE and ("[" in content or _MARKUP.search(content)):
            self._unread.append(_Unread("heading", len(self._headings), content))
        self._headings.append(Heading(line, end, level, content.strip()))

    def paragraph(
        self, pieces: Sequence[Piece], content: str, *, opens_item: bool, parents: tuple[TextLine, ...], followed: bool
    ) -> TextLine:
        """Add a paragraph by its lines and its inline content; return its first line."""
        if "<!--" in content and len(content) <= LONGEST_INLINE:
            self._unread.append(_Unread("paragraph", len(self._lines), content))
        paragraph = pieces[0].line
        for piece in pieces:
            start = self.starts[piece.line] + piece.column
            opens = opens_item and piece.line == paragraph
            text = self.text[start : start + piece.length]
            self._lines.append(TextLine(piece.line, start, text, opens, paragraph, parents, followed))
        return self._lines[-len(pieces)]

    def fence(self, line: int, end: int, mark: str, indent: str) -> None:
        """Add a closed fence at the top level; ``end`` is the index past its closing mark."""
        self._fences.append(Fence(line, self.starts[line + 1], self.starts[end - 1], mark, indent))

    def row(self, line: int, cells: tuple[Cell, ...], contents: Iterable[str]) -> Row:
        """Make a row of a table from its cells and their inline contents."""
        if len(self.raws[line]) <= LONGEST_INLINE:
            self._unread += [_Unread("row", line, content) for content in contents if "<!--" in content]
        return Row(line, cells)

    def table(self, rows: Sequence[Row]) -> None:
        """Add a table by its rows, the head first."""
        self._tables.append(Table(rows[0], tuple(rows[1:])))

    def html(self, line: int, end: int) -> None:
        """Add the comments of an HTML block; ``end`` is the index past its last line."""
        offset, before = self.starts[line], -1
        block = self.text[offset : self.starts[end]]
        for first, last in comment_spans(block):
            at = bisect_right(self.starts, offset + first) - 1
            alone = at != before and self._is_alone(at, offset + first, block[first:last])
            self._comments.append(Comment(at, offset + first, block[first:last], alone=alone))
            before = at

    def finished(self, references: Collection[str], read_inline: Callable[[str], Inline]) -> Outline:
        """Read the inline content that was put off, and return everything found."""
        for unread in self._unread:
            if not (references or _MARKUP.search(unread.content)):
                continue
            inline, at = read_inline(unread.content), unread.at
            if unread.of == "paragraph":
                self._comment_lines(at, unread.content, inline)
            elif unread.of == "row":
                self._comment(at, inline)
            else:
                self._comment(self._headings[at].line, inline)
                self._headings[at] = replace(self._headings[at], text=inline.plain)
        underlined = [line for line in self._lines if line.opens_item and self._is_underlined(line)]
        titles = (Heading(line.line, line.line + 2, 2, line.text) for line in underlined)
        headings = sorted([*self._headings, *titles], key=_LINE) if underlined else self._headings
        return Outline(
            text=self.text,
            starts=self.starts,
            headings=tuple(headings),
            paths=paths_of(headings),
            lines=tuple(line for line in self._lines if line not in underlined) if underlined else tuple(self._lines),
            fences=tuple(self._fences),
            tables=tuple(self._tables),
            comments=tuple(sorted(self._comments, key=lambda comment: comment.start)),
            references=frozenset(references),
        )

    def _is_underlined(self, line: TextLine) -> bool:
        """Check for a numbered line with a rule of its length below: to CommonMark an item and a rule, to a reader a heading."""
        if line.line + 1 >= len(self.raws) or not self.raws[line.line + 1].startswith("---") or line.parents:
            return False
        raw, rule = self.raws[line.line].rstrip(), self.raws[line.line + 1].rstrip()
        before = self.raws[line.line - 1].strip() if line.line else ""
        return rule.strip("-") == "" and abs(len(rule) - len(raw)) <= 1 and raw[:1].isdigit() and not before

    def _is_alone(self, line: int, start: int, comment: str) -> bool:
        """Check whether a comment, the first one of its line, fills the line."""
        raw, column = self.raws[line], start - self.starts[line]
        beside = raw[:column] + raw[column + len(comment) :]
        return raw.startswith(comment, column) and _LONELY.fullmatch(beside) is not None

    def _comment_lines(self, first: int, content: str, inline: Inline) -> None:
        """Add the comments of a paragraph, except those over several lines: they do not end a line."""
        for at, text in inline.comments:
            if "\n" not in text:
                line = self._lines[first + content.count("\n", 0, at)]
                before = content[content.rfind("\n", 0, at) + 1 : at]
                self._comments.append(Comment(line.line, line.start + len(before.lstrip(" \t")), text, alone=False))

    def _comment(self, line: int, inline: Inline) -> None:
        """Add the comments of a heading or row that its line holds exactly once: the content's offset in the line is unknown."""
        raw, start = self.raws[line], self.starts[line]
        for _, text in inline.comments:
            if raw.count(text) == 1:
                self._comments.append(Comment(line, start + raw.find(text), text, alone=False))


def _readable(text: str) -> str:
    """Replace each NUL and lone surrogate, which a parser may reject, with one character, so that offsets stay right."""
    text = text.replace("\0", "\ufffd")
    return re.sub("[\ud800-\udfff]", "\ufffd", text) if holds_lone_surrogate(text) else text


_ANY_PIPE = r"\\?\|"
