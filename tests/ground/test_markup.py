"""Foreign text within Markdown, read back by a parser of Markdown."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_handoff.markup import SafeMarkdown, code, code_in_text, escape, one_line
from pytest_handoff.printable import shorten

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
FORGED = st.sampled_from([
    "# x", "12. x", "1) x", "- [x] done", "> q", "```", "~~~", "---", "===", "| a |", "\\", "\\|", "`a`", "``", "<b>",
    "<!-- handoff:end x -->", "[a](b)", "![a](b)", "[x]: y", "<http://a.b>", "&amp;", "&#35;", "*a*", "__a__", "a_b", "~~a~~",
    "~a~", "a #", "#", " ##", "\n", "\r", "\t", "    ", "\x00", "\x1b[31m", "\u202e", "\ud800", "\u2028", "$a$", "☑", ":", "é",
    "tests/a.py::t[a|b]", "\x85", "!", "=",
])  # fmt: skip
TEXTS = st.lists(st.one_of(FORGED, st.text(max_size=4)), max_size=6).map("".join)
PLAIN_PARTS = {"text", "text_special"}
AWKWARD = (
    "12. x", "1) x", "a #", "a ###", "#", "[x] done", "~a~", "a\\", "- x", "-", "***", "|", "&copy;", "a\n# b", "", "+", "10)",
)  # fmt: skip


def opened(text: str) -> list[str]:
    """The block structure that a text has."""
    return [token.type for token in PARSER.parse(text)]


def parts(text: str) -> list[list[tuple[str, str]]]:
    """What each inline piece of a text is made of; text that is escaped and text that is not are one."""
    found = [token.children or [] for token in PARSER.parse(text) if token.type == "inline"]
    return [_joined([(child.type, child.content) for child in children]) for children in found]


def _joined(children: list[tuple[str, str]]) -> list[tuple[str, str]]:
    joined: list[tuple[str, str]] = []
    for name, content in children:
        kind = "text" if name in PLAIN_PARTS else name
        if joined and joined[-1][0] == kind == "text":
            joined[-1] = (kind, joined[-1][1] + content)
        elif content or kind != "text":
            joined.append((kind, content))
    return joined


def awkward(function: object) -> object:
    """Try the texts that are known to be hard in every run."""
    for text in AWKWARD:
        function = example(text)(function)  # type: ignore[arg-type, assignment]
    return function


@awkward
@given(TEXTS)
def test_escaped_text_in_a_heading(text: str) -> None:
    """In a heading, any text is one heading that reads as it stands."""
    source = f"## {escape(text)}\n"
    assert opened(source) == ["heading_open", "inline", "heading_close"]
    assert parts(source) == [[("text", one_line(text))] if one_line(text) else []]


@awkward
@given(TEXTS)
def test_escaped_text_in_a_bullet(text: str) -> None:
    """After a bullet, any text is one paragraph that reads as it stands; it opens nothing and ticks nothing."""
    source = f"- {escape(text)}\n"
    paragraph = ["paragraph_open", "inline", "paragraph_close"] if one_line(text) else []
    assert opened(source) == ["bullet_list_open", "list_item_open", *paragraph, "list_item_close", "bullet_list_close"]
    assert parts(source) == ([[("text", one_line(text))]] if one_line(text) else [])


@awkward
@given(TEXTS)
def test_escaped_text_in_a_cell(text: str) -> None:
    """In a table, any text is one cell of one row that reads as it stands."""
    source = f"| a | b |\n|---|---|\n| {escape(text)} | end |\n"
    assert opened(source).count("td_open") == 2
    assert parts(source)[2:] == [[("text", one_line(text))] if one_line(text) else [], [("text", "end")]]


@awkward
@given(TEXTS)
def test_code_in_a_cell(text: str) -> None:
    """As code in a table, any text is one span in one cell that reads as it stands."""
    source = f"| a | b |\n|---|---|\n| {code(text)} | end |\n"
    assert parts(source)[2:] == [[("code_inline", shorten(one_line(text)) or " ")], [("text", "end")]]


@awkward
@given(TEXTS)
def test_code_in_a_bullet(text: str) -> None:
    """As code after a bullet, any text is one span, and nothing else."""
    assert parts(f"- {code_in_text(text)}\n") == [[("code_inline", shorten(one_line(text)) or " ")]]


@given(TEXTS)
def test_one_line_is_one_printable_line(text: str) -> None:
    """One line of printable characters, which UTF-8 can hold, and doing it twice changes nothing."""
    line = one_line(text)
    assert line.isprintable()
    assert line.encode("utf-8").decode() == line == one_line(line)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("test_a_b passes", "test_a_b passes"),
        ("_private_", "\\_private\\_"),
        ("10 % of 5", "10 % of 5"),
        ("3. step", "3\\. step"),
        ("12) step", "12\\) step"),
        ("a - b #1", "a - b #1"),
        ("#1", "\\#1"),
        ("a&b", "a&b"),
        ("a&amp;b", "a\\&amp;b"),
        ("x\ty\n\nz", "x y z"),
        ("bell\x07", "bell\\\\x07"),
        (SafeMarkdown("**bold**"), "**bold**"),
        (42, "42"),
    ],
)
def test_plain_text_stays_plain(text: object, escaped: str) -> None:
    """What Markdown does not read as its own is left alone; Markdown is not escaped again."""
    assert escape(text) == escaped
    assert escape(escape(text)) == escaped


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a.py::x", "`a.py::x`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a|b", "`a\\|b`"),
        ("", "` `"),
        ("x" * 200, f"`{'x' * 79}…{'x' * 79}`"),
    ],
)
def test_code_spans(text: str, span: str) -> None:
    """A span has more backticks than its text, and a very long text loses its middle; a pipe is escaped in cells only."""
    assert code(text) == span
    assert code_in_text(text) == span.replace("\\|", "|")


@pytest.mark.parametrize(
    ("text", "longest", "short"), [("abcdef", 6, "abcdef"), ("abcdefg", 6, "ab…fg"), ("abcdefg", 5, "ab…fg")]
)
def test_shorten(text: str, longest: int, short: str) -> None:
    """A text that is too long keeps its ends and is never longer than asked."""
    assert shorten(text, longest) == short
    assert len(short) <= longest
