"""The structure of a text as CommonMark (with tables) sees it.

The text is read, never rendered: everything found points into the original characters, so that an edit is a splice.
"""

from __future__ import annotations

import re
from functools import cache, partial
from itertools import takewhile
from typing import TYPE_CHECKING

from pytest_handoff.outline import Comment, Fence, Heading, Markdown, Row, Table, TextLine, paths_of
from pytest_handoff.tables import aligned_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from typing import Any

    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_FRONT_MATTER_KEY = re.compile(r"#|[\w\"'][^:]*:(?:\s|$)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LONELY = re.compile(r"[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t>]+)*")
_HANGING = {"bullet_list_open", "ordered_list_open", "fence", "code_block", "table_open", "blockquote_open"}
# NUL and lone surrogates are what a parser may trip over; one character stands for one, so that offsets stay true.
_UNREADABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")


def split_lines(text: str) -> list[str]:
    """The lines with their endings, split at CR LF, CR and LF only, as CommonMark does."""
    return _LINE.findall(text)


def eol_of(line: str) -> str:
    """The line ending of one line of :func:`split_lines`; empty on a last line without one."""
    return line[len(line.rstrip("\r\n")) :]


def parse(text: str) -> Markdown:
    """Read a text's structure. A BOM and YAML front matter are no part of the Markdown."""
    return _Reader(text).read()


def fenced_lines(text: str) -> frozenset[int]:
    """The indices of all lines in code fences, closed or not, and of their marks."""
    fences = (token for token in _parser().parse(text.translate(_UNREADABLE)) if token.type == "fence")
    return frozenset(line for fence in fences for line in range(*_lines_of(fence)))


class _Reader:
    """One pass over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.raws = [line.rstrip("\r\n") for line in split_lines(text.translate(_UNREADABLE))]
        self.starts = [0]
        for line in split_lines(text):
            self.starts.append(self.starts[-1] + len(line))
        self.headings: list[Heading] = []
        self.lines: list[TextLine] = []
        self.fences: list[Fence] = []
        self.tables: list[Table] = []
        self.comments: list[Comment] = []
        self.items: list[TextLine | None] = []

    def read(self) -> Markdown:
        env: MutableMapping[str, Any] = {}
        tokens = _parser().parse("\n".join(_without_front_matter(self.raws)), env)
        for index, token in enumerate(tokens):
            self._token(tokens, index, token)
        return Markdown(
            text=self.text,
            starts=tuple(self.starts),
            headings=tuple(self.headings),
            paths=paths_of(self.headings),
            lines=tuple(self.lines),
            fences=tuple(self.fences),
            tables=tuple(self.tables),
            comments=tuple(sorted(self.comments, key=lambda comment: comment.start)),
            references=frozenset(env.get("references", ())),
        )

    def _token(self, tokens: list[Token], index: int, token: Token) -> None:
        match token.type:
            case "list_item_open":
                self.items.append(None)
            case "list_item_close":
                self.items.pop()
            case "paragraph_open":
                self._paragraph(tokens, index)
            case "heading_open" if token.level == 0:
                first, end = _lines_of(token)
                self.headings.append(Heading(first, end, int(token.tag[1:]), _plain(tokens[index + 1])))
                self._comments_within(first, _comments(tokens[index + 1]))
            case "fence" if token.level == 0:
                self._fence(token)
            case "html_block":
                self._html(token)
            case "table_open":
                self._table(tokens, index)

    def _paragraph(self, tokens: list[Token], index: int) -> None:
        inline = tokens[index + 1]
        contents = inline.content.split("\n")
        first = self._first_kept(_lines_of(tokens[index]), contents)
        opens_item = tokens[index - 1].type == "list_item_open" if index else False
        follower = tokens[index + 3] if index + 3 < len(tokens) else None
        followed = follower is not None and (
            follower.type in _HANGING or (bool(self.items) and follower.type == "paragraph_open")
        )
        parents = tuple(item for item in self.items if item is not None)
        for number, content in enumerate(contents):
            text = content.strip(" \t")
            start = self.starts[first + number] + max(self.raws[first + number].rfind(text), 0)
            own = self.text[start : start + len(text)]
            opens = opens_item and number == 0
            line = TextLine(first + number, start, own, opens, first, parents, followed)
            self.lines.append(line)
            if opens:
                self.items[-1] = line
        self._inline_comments(inline, first)

    def _first_kept(self, lines: tuple[int, int], contents: list[str]) -> int:
        """The line of a paragraph's first content: the parser drops outer lines of blanks that are none to CommonMark."""
        first, end = lines
        for start in range(first, end - len(contents) + 1):
            if all(content.strip() in self.raws[start + number] for number, content in enumerate(contents)):
                return start
        return first

    def _inline_comments(self, inline: Token, first: int) -> None:
        for child in inline.children or ():
            if child.type == "html_inline" and child.content.startswith("<!--") and "\n" not in child.content:
                number = inline.content.count("\n", 0, child.meta["start"])
                before = inline.content.split("\n")[number][: child.meta["start"] - _line_start(inline.content, number)]
                line = self.lines[number - inline.content.count("\n") - 1]
                start = line.start + len(before.lstrip(" \t"))
                self.comments.append(Comment(first + number, start, child.content, alone=False))

    def _fence(self, token: Token) -> None:
        first, end = _lines_of(token)
        closing = self.raws[end - 1].strip(" \t")
        if end - first >= 2 and closing.strip(token.markup[0]) == "" and len(closing) >= len(token.markup):
            raw = self.raws[first]
            indent = raw[: len(raw) - len(raw.lstrip(" "))]
            self.fences.append(Fence(first, self.starts[first + 1], self.starts[end - 1], token.markup, indent))

    def _html(self, token: Token) -> None:
        first, end = _lines_of(token)
        offset = self.starts[first]
        for found in _COMMENT.finditer(self.text[offset : self.starts[end]]):
            start = offset + found.start()
            line = next(number for number in range(first, end) if start < self.starts[number + 1])
            alone = _LONELY.fullmatch(self.raws[line].replace(found[0], "", 1)) is not None
            self.comments.append(Comment(line, start, found[0], alone=alone))

    def _table(self, tokens: list[Token], index: int) -> None:
        rows: list[Row] = []
        for token, contents, comments in _rows(tokens, index):
            number = _lines_of(token)[0]
            raw = self.raws[number]
            cells = aligned_cells(raw, self.starts[number], contents)
            rows.append(Row(number, cells))
            self._comments_within(number, comments)
        self.tables.append(Table(rows[0], tuple(rows[1:])))

    def _comments_within(self, line: int, contents: list[str]) -> None:
        """Comments of a heading or row, whose parser gives no offset: those that the line holds exactly once."""
        raw, start = self.raws[line], self.starts[line]
        self.comments += [Comment(line, start + raw.find(text), text, alone=False) for text in contents if raw.count(text) == 1]


def _rows(tokens: list[Token], index: int) -> Iterator[tuple[Token, list[str], list[str]]]:
    """Each row's opening token, the contents of its cells, and the comments in them."""
    row, contents, comments = tokens[index], list[str](), list[str]()
    following = (tokens[at] for at in range(index, len(tokens)))  # a slice would walk through all that stands before it
    for token in takewhile(lambda token: token.type != "table_close", following):
        if token.type == "tr_open":
            row, contents, comments = token, [], []
        elif token.type == "inline":
            contents.append(token.content)
            comments += _comments(token)
        elif token.type == "tr_close":
            yield row, contents, comments


def _comments(inline: Token) -> list[str]:
    return [child.content for child in inline.children or () if child.type == "html_inline" and child.content.startswith("<!--")]


def _lines_of(token: Token) -> tuple[int, int]:
    if token.map is None:
        raise AssertionError(token.type)
    return token.map[0], token.map[1]


def _line_start(content: str, number: int) -> int:
    return sum(len(line) + 1 for line in content.split("\n")[:number])


def _plain(inline: Token) -> str:
    shown = (
        " " if child.type == "softbreak" else child.content for child in inline.children or () if child.type != "html_inline"
    )
    return "".join(shown).strip()


def _without_front_matter(raws: list[str]) -> list[str]:
    """The lines as the parser gets them: front matter is blank there and a BOM gone, so that line numbers stay."""
    lines = [raw.removeprefix("\ufeff") if not number else raw for number, raw in enumerate(raws)]
    if len(lines) < 3 or lines[0].rstrip() != "---" or not _FRONT_MATTER_KEY.match(lines[1]):
        return lines
    close = next((number for number, raw in enumerate(lines) if number and raw.rstrip() in ("---", "...")), None)
    return lines if close is None else [""] * (close + 1) + lines[close + 1 :]


@cache
def _parser() -> MarkdownIt:
    # Not at the top: it makes a logger for each of its rules, and pytest goes through all loggers six times in each test.
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import html_inline

    parser = MarkdownIt("commonmark").enable("table")
    parser.inline.ruler.at("html_inline", partial(_html_with_offset, html_inline))
    return parser


def _html_with_offset(rule: Callable[[StateInline, bool], bool], state: StateInline, silent: bool) -> bool:
    start = state.pos
    found = rule(state, silent)
    if found and not silent:
        state.tokens[-1].meta["start"] = start
    return found
