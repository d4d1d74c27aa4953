"""Read blocks with markdown-it-py's block rules only, and apply its inline rules on request.

The parser gives a row's contents, but not where each cell stands in its line; that is found here.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise, takewhile
from types import FunctionType
from typing import TYPE_CHECKING, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import table
from markdown_it.rules_inline import html_inline

from pytest_handoff.document.outline import _ANY_PIPE, Cell, Inline, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping, Sequence
    from typing import Any

    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    from pytest_handoff.document.outline import Row, Structure, TextLine


_PIPE = re.compile(r"(?<!\\)\|")


def aligned_cells(raw: str, start: int, contents: Sequence[str]) -> tuple[Cell, ...]:
    """Find the cells of a line that hold exactly what the parser read there.

    Args:
        raw: the line without its ending.
        start: the offset of the line in the text.
        contents: the parser's cells of this row; it adds empty ones where the line is short.

    Returns:
        As many cells as the line really has; none if line and parser disagree, so that nothing is written there.
    """
    cuts = [-1, *(pipe.start() for pipe in _PIPE.finditer(raw)), len(raw)]
    spans = [(left + 1, right) for left, right in pairwise(cuts)]
    pieces = [Cell(start + left, start + right, raw[left:right].strip(" \t")) for left, right in spans]
    for first in (1, 0):  # with and without a pipe at the start of the line
        cells = pieces[first:][: len(contents)]
        if cells and cells[-1] is pieces[-1] and not cells[-1].text:
            cells.pop()
        if cells and _agree(cells, contents):
            return tuple(cells)
    return ()


def split_cells(row: str) -> list[str]:
    """Split a row at its pipes, but for those with a backslash before them, which goes."""
    return [cell.replace("\\|", "|") for cell in _PIPE.split(row)]


def _agree(cells: Sequence[Cell], contents: Sequence[str]) -> bool:
    return all(re.sub(_ANY_PIPE, "|", cell.text) == content for cell, content in zip(cells, contents, strict=False)) and not any(
        contents[len(cells) :]
    )


_HANGING = {"bullet_list_open", "ordered_list_open", "fence", "code_block", "table_open", "blockquote_open"}
_CLOSING = re.compile(r" {0,3}(`+|~+)[ \t]*")
_DEEPEST = 20  # if blocks are nested deeper, the parser ignores everything that follows


class Blocks(NamedTuple):
    """The block tokens of a text, and the references that it defines."""

    tokens: list[Token]
    references: Mapping[str, Any]


def read_blocks(source: str) -> Blocks:
    """Read the blocks of a text whose lines end in LF."""
    env: MutableMapping[str, Any] = {}
    tokens: list[Token] = []
    parser = _parser()
    parser.block.parse(source, parser, env, tokens)
    return Blocks(tokens, env.get("references", {}))


def reaches_on(blocks: Blocks, source: str) -> bool:
    """Check whether these blocks of a part, which ends in LF, could change if a heading at the start of a line follows.

    Such a heading ends every block but fenced code and HTML.
    """
    if any(token.level >= _DEEPEST - 1 for token in blocks.tokens):
        return True
    last = blocks.tokens[-1] if blocks.tokens else None
    if last is None or last.type not in ("fence", "html_block") or last.level:
        return False
    first, end = _lines_of(last)
    lines = source.split("\n")[:-1]
    return end == len(lines) and not (last.type == "fence" and end - first >= 2 and _closes(lines[-1], last.markup))


def put_blocks(blocks: Blocks, structure: Structure, line: int) -> None:
    """Put the blocks of a part of a text into its structure; ``line`` is the index of the part's first line."""
    _Putting(structure, blocks.tokens, line).put()


def read_inline(content: str, references: Mapping[str, Any]) -> Inline:
    """Read inline content, in which links are resolved by these references."""
    children: list[Token] = []
    parser = _parser()
    parser.inline.parse(content, parser, {"references": references}, children)
    shown = (" " if child.type == "softbreak" else child.content for child in children if child.type != "html_inline")
    html = (child for child in children if child.type == "html_inline")
    return Inline(
        plain="".join(shown).strip(),
        comments=tuple((child.meta["start"], child.content) for child in html if child.content.startswith("<!--")),
    )


def fenced_lines(source: str) -> frozenset[int]:
    """Find the indices of all lines in code fences, closed or not, and of their marks."""
    fences = (token for token in read_blocks(source).tokens if token.type == "fence")
    return frozenset(line for fence in fences for line in range(*_lines_of(fence)))


class _Putting:
    """One pass over tokens."""

    def __init__(self, structure: Structure, tokens: list[Token], line: int) -> None:
        self.structure = structure
        self.tokens = tokens
        self.line = line
        self.items: list[TextLine | None] = []

    def put(self) -> None:
        for index, token in enumerate(self.tokens):
            self._token(index, token)

    def _token(self, index: int, token: Token) -> None:
        match token.type:
            case "list_item_open":
                self.items.append(None)
            case "list_item_close":
                self.items.pop()
            case "paragraph_open":
                self._paragraph(index)
            case "heading_open" if token.level == 0:
                first, end = self._lines(token)
                self.structure.heading(first, end, int(token.tag[1:]), self.tokens[index + 1].content)
            case "fence" if token.level == 0:
                self._fence(token)
            case "html_block":
                self.structure.html(*self._lines(token))
            case "table_open":
                self.structure.table(list(self._rows(index)))

    def _lines(self, token: Token) -> tuple[int, int]:
        first, end = _lines_of(token)
        return self.line + first, self.line + end

    def _paragraph(self, index: int) -> None:
        content = self.tokens[index + 1].content
        opens_item = self.tokens[index - 1].type == "list_item_open" if index else False
        follower = self.tokens[index + 3] if index + 3 < len(self.tokens) else None
        followed = follower is not None and (
            follower.type in _HANGING or (bool(self.items) and follower.type == "paragraph_open")
        )
        first = self.structure.paragraph(
            self._pieces(self._lines(self.tokens[index]), content.split("\n")),
            content,
            opens_item=opens_item,
            parents=tuple(item for item in self.items if item is not None),
            followed=followed,
        )
        if opens_item:
            self.items[-1] = first

    def _pieces(self, lines: tuple[int, int], contents: list[str]) -> list[Piece]:
        """Find where each line of a paragraph's content stands."""
        raws, pieces = self.structure.raws, []
        for line, content in enumerate(contents, self._first_kept(lines, contents)):
            text = content.strip(" \t")
            pieces.append(Piece(line, max(raws[line].rfind(text), 0), len(text)))
        return pieces

    def _first_kept(self, lines: tuple[int, int], contents: list[str]) -> int:
        """Find the line of a paragraph's first content: the parser drops outer lines that it, but not CommonMark, calls blank."""
        first, end = lines
        raws = self.structure.raws
        for start in range(first, end - len(contents) + 1):
            if all(content.strip() in raws[line] for line, content in enumerate(contents, start)):
                return start
        return first

    def _fence(self, token: Token) -> None:
        first, end = self._lines(token)
        raw = self.structure.raws[first]
        if end - first >= 2 and _closes(self.structure.raws[end - 1], token.markup):
            self.structure.fence(first, end, token.markup, raw[: len(raw) - len(raw.lstrip(" "))])

    def _rows(self, index: int) -> Iterator[Row]:
        line, contents = self.line, list[str]()
        following = (self.tokens[at] for at in range(index, len(self.tokens)))  # a slice would copy all that follows
        for token in takewhile(lambda token: token.type != "table_close", following):
            if token.type == "tr_open":
                line, contents = self._lines(token)[0], []
            elif token.type == "inline":
                contents.append(token.content)
            elif token.type == "tr_close":
                cells = aligned_cells(self.structure.raws[line], self.structure.starts[line], contents)
                yield self.structure.row(line, cells, contents)


def _closes(raw: str, mark: str) -> bool:
    closing = _CLOSING.fullmatch(raw)
    return closing is not None and closing[1].startswith(mark)


def _lines_of(token: Token) -> tuple[int, int]:
    if token.map is None:
        raise AssertionError(token.type)
    return token.map[0], token.map[1]


def parser_with_tables() -> MarkdownIt:
    """Make a parser of CommonMark and tables.

    Its rule for tables is given another function that splits rows: the time that its own takes grows with the square of the
    escaped pipes in a row.
    """
    parser = MarkdownIt("commonmark").enable("table")
    names = {**table.__globals__, "escapedSplit": split_cells}
    rule = FunctionType(table.__code__, names, table.__name__, table.__defaults__)
    parser.block.ruler.at("table", rule, {"alt": ["paragraph", "reference"]})
    return parser


@cache
def _parser() -> MarkdownIt:
    parser = parser_with_tables()
    parser.inline.ruler.at("html_inline", _html_with_offset)
    return parser


def _html_with_offset(state: StateInline, silent: bool) -> bool:
    start = state.pos
    found = html_inline(state, silent)
    if found and not silent:
        state.tokens[-1].meta["start"] = start
    return found
