"""Read the plain blocks that make up most documents with one regular expression instead of a parser.

A text is plain if it uses nothing of CommonMark but this: headings with ``#``, paragraphs, lists, tables with a pipe at both
ends of each row, code fences of backticks, rules, and comments that fill their line. Anything else that might begin a block,
even a tab, makes it not plain, and a parser has to read it. Both find the same: tests compare them on texts of every kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.document.outline import Cell, Piece, Row

if TYPE_CHECKING:
    from pytest_handoff.document.outline import Structure, TextLine


_END = r"(?:\n|\Z)"
_REST = rf"[\S ]*+{_END}"  # a blank is the only white space in a plain line
# A line of prose must not begin with anything that could open another block, underline a heading or define a reference.
_BEGIN = r"(?:[^\s\d#>\-+*_=`~<\[|:]|\*\*[^\s*]|__[^\s_]|`[^\s`]|\[(?:[^\s\[\]\\]|[ ])*+\](?!:)|[0-9]{1,9}+(?![.)0-9]))"
_PROSE = rf"{_BEGIN}{_REST}"
_MARK = r"(?:[-*+]|[0-9]{1,9}[.)])[ ]"
# Lines of a paragraph and of a list are alike but for the marks, and one pattern for both takes half as long to compile.
_LISTED = rf"(?![ ])(?=(?P<mark>{_MARK})?)"
_LINES = rf"(?:[ ]*+(?(mark)(?:{_MARK}(?![ ]))?+){_PROSE})++"
# In a list that is one, a line that begins with a mark begins an item.
_ITEM = rf"(?P<indent>[ ]*+)(?P<mark>{_MARK})(?P<text>[^\n]*+\n?(?:(?![ ]*+{_MARK})[^\n]++\n?)*+)"
_ROW = rf"\|(?:(?:[^\s|\\]|[ ]|\\(?!\|))*+\|)++[ ]*+{_END}"
_RULER = rf"\|(?:[ ]*+:?-++:?[ ]*+\|)++[ ]*+{_END}"
_NEXT = rf"(?=[ ]*+{_END}|\#|```|<!--)"  # what may follow without a blank line between
_BLOCK = rf"""
    (?P<blank>(?:[ ]*+\n)++|[ ]++\Z)
  | (?P<paragraph>{_LISTED}{_LINES})(?:{_NEXT}|(?(mark)(?!)|(?=[-*+][ ])))
  | (?P<fence>```(?:[^\s`]|[ ])*+\n(?:(?![ \t]*+```)[^\n]*+\n)*+```[ ]*+{_END})
  | (?P<heading>\#{{1,6}}[ ]++[^\s\#]{_REST})
  | (?P<comment><!--(?:[^\s<>]|[ ])*+(?<=--)>[ ]*+{_END})
  | (?P<rule>(?:---++|\*\*\*++)[ ]*+{_END})
"""
_TABLE = rf"(?P<table>(?=[^\n]*+\n{_RULER})(?:{_ROW})++){_NEXT}"
_DEEPEST = 8  # lists within lists; a parser gives up at some depth


class _Item(msgspec.Struct, frozen=True, gc=False):
    """A list item: its first line in the list, the columns of its mark and of its text, and how many items enclose it."""

    line: int
    indent: int
    column: int
    depth: int
    text: str


class PlainBlock(msgspec.Struct, frozen=True, gc=False):
    """A block with its kind: ``list``, or the name of a group in the regular expression."""

    kind: str
    text: str
    items: Sequence[_Item] = ()


def plain_blocks(source: str, start: int, stop: int) -> list[PlainBlock] | None:
    """Read the blocks of a part of a text, or return ``None`` if it is not plain.

    Args:
        source: a text whose lines end in LF.
        start: where the part begins: with the text, or with a heading.
        stop: where it ends: with the text, or before a heading.
    """
    blocks, at = list[PlainBlock](), start
    while at < stop:
        found = (_table() if source[at] == "|" else _block()).match(source, at, stop)
        block = None if found is None else _plain(_kind(found), found[0])
        if found is None or block is None:
            return None
        blocks.append(block)
        at = found.end()
    return blocks


def _kind(found: re.Match[str]) -> str:
    return "list" if found.lastgroup == "paragraph" and found["mark"] else str(found.lastgroup)


def put_plain(blocks: Sequence[PlainBlock], structure: Structure, line: int) -> None:
    """Put blocks into the structure of their text; ``line`` is the index of the first block's first line."""
    for index, block in enumerate(blocks):
        text = block.text
        match block.kind:
            case "paragraph":
                followed = _hangs(blocks[index + 1 : index + 3])
                structure.paragraph(_pieces(text, line), text.strip(), opens_item=False, parents=(), followed=followed)
            case "list":
                _put_list(block.items, structure, line)
            case "table":
                structure.table([_row(row, line + at, structure) for at, row in enumerate(_lines(text)) if at != 1])
            case "fence":
                structure.fence(line, line + len(_lines(text)), "```", "")
            case "heading":
                marks, _, title = text.partition(" ")
                structure.heading(line, line + 1, len(marks), title.strip())
            case "comment":
                structure.html(line, line + 1)
        line += text.count("\n")


def _plain(kind: str, text: str) -> PlainBlock | None:
    """Make a block; return ``None`` if marks end a heading, an item is out of place, or rows differ in their number of cells."""
    if kind == "list":
        items = _items(text)
        return PlainBlock(kind, text, items) if items else None
    if kind == "table" and len({row.count("|") for row in _lines(text)}) > 1:
        return None
    return None if kind == "heading" and text.rstrip().endswith("#") else PlainBlock(kind, text)


def _hangs(following: Sequence[PlainBlock]) -> bool:
    """Check whether the next block, blank lines aside, is one that a paragraph may lead to."""
    kinds = [block.kind for block in following if block.kind != "blank"]
    return kinds[:1] in (["list"], ["table"], ["fence"])


def _put_list(items: Sequence[_Item], structure: Structure, line: int) -> None:
    around: list[TextLine] = []
    for item, following in zip_longest(items, items[1:]):
        del around[item.depth :]
        pieces, parents = _pieces(item.text, line + item.line, item.column), tuple(around)
        followed = following is not None and following.depth > item.depth
        first = structure.paragraph(pieces, item.text.strip(), opens_item=True, parents=parents, followed=followed)
        around.append(first)


def _items(text: str) -> list[_Item] | None:
    """Split a list into items; return ``None`` if one stands neither below the mark of an item around it nor below its text."""
    items: list[_Item] = []
    opened: list[_Item] = []  # the item before, preceded by those around it
    line = 0
    for found in _item().finditer(text):
        indent, column = len(found["indent"]), found.start("text") - found.start()
        while opened and opened[-1].indent > indent:
            opened.pop()
        if opened and opened[-1].indent == indent:
            opened.pop()
        elif opened and (opened[-1].column != indent or not _begins_list(found["mark"]) or len(opened) == _DEEPEST):
            return None
        opened.append(_Item(line, indent, column, len(opened), found["text"]))
        items.append(opened[-1])
        line += found["text"].count("\n")
    return items


def _begins_list(mark: str) -> bool:
    """Check whether a list may begin with this mark right under a line of text."""
    return mark in ("- ", "* ", "+ ", "1. ", "1) ")


def _pieces(text: str, line: int, column: int = 0) -> list[Piece]:
    """Split a paragraph into its lines; ``text`` begins at the column of its first line."""
    pieces = []
    for at, raw in enumerate(_lines(text), line):
        own = raw.lstrip(" ")
        pieces.append(Piece(at, column + len(raw) - len(own), len(own.rstrip(" "))))
        column = 0
    return pieces


def _row(text: str, line: int, structure: Structure) -> Row:
    """Read a row that has a pipe at both ends and none that is escaped."""
    start, cells = structure.starts[line] + 1, []
    contents = text.rstrip(" ")[1:-1].split("|")
    for content in contents:
        cells.append(Cell(start, start + len(content), content.strip(" ")))
        start += len(content) + 1
    return structure.row(line, tuple(cells), contents)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


@cache
def _block() -> re.Pattern[str]:
    """Compile the beginning of any block but a table: a document without one needs no pattern for it."""
    return re.compile(_BLOCK, re.VERBOSE)


@cache
def _table() -> re.Pattern[str]:
    return re.compile(_TABLE, re.VERBOSE)


@cache
def _item() -> re.Pattern[str]:
    return re.compile(_ITEM)
