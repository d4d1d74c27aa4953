"""Gather the structure of a text block by block, first line to last, from any parser.

Inline markup is read last, since a link's reference may be defined further below, and only where it may matter. A parser's time
for inline markup may grow faster than the markup, so very long pieces are not read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from pytest_handoff.document.comments import comment_spans
from pytest_handoff.document.outline import Cell, Comment, Fence, Heading, Markdown, Row, Table, TextLine, paths_of
from pytest_handoff.text_lines import holds_lone_surrogate, raw_lines, split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence


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

    def finished(self, references: Collection[str], read_inline: Callable[[str], Inline]) -> Markdown:
        """Read the inline content that was put off, and return all that was found."""
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
        return Markdown(
            text=self.text,
            starts=self.starts,
            headings=tuple(self._headings),
            paths=paths_of(self._headings),
            lines=tuple(self._lines),
            fences=tuple(self._fences),
            tables=tuple(self._tables),
            comments=tuple(sorted(self._comments, key=lambda comment: comment.start)),
            references=frozenset(references),
        )

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
    """Replace NUL and lone surrogates, which a parser may not take, by one character each, so that offsets stay true."""
    text = text.replace("\0", "\ufffd")
    return re.sub("[\ud800-\udfff]", "\ufffd", text) if holds_lone_surrogate(text) else text
