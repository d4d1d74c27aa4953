"""Which texts are plain enough to be read without the parser; that both read the same is a law in test_any_document.py."""

from __future__ import annotations

import pytest

from check_documents import TEMPLATES, fill, from_template
from pytest_handoff.document.parse import parse
from pytest_handoff.document.plain_reader import plain_blocks


def kinds(text: str) -> list[str] | None:
    """The blocks of a text by name; ``None`` where it is not plain."""
    blocks = plain_blocks(text, 0, len(text))
    return None if blocks is None else [block.kind for block in blocks if block.kind != "blank"]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("# A\ntext\nand more\n\n## B", ["heading", "paragraph", "heading"]),
        ("**Label**:\n- a\n- [ ] b\n  goes on\n", ["paragraph", "list"]),
        ("1. a\n2. [x] b\n   - c\n     1. d\n   - e\n3. f\n", ["list"]),
        ("| a | b |\n|:--|--:|\n| 1 | \\[2\\] |\n\n---\n", ["table", "rule"]),
        ("```py\n# no heading\n\n| a |\n```\ntext\n", ["fence", "paragraph"]),
        ("text\n<!-- a comment -->\n- a\n<!-- another -->\n", ["paragraph", "comment", "list", "comment"]),
        ("✅ **A** [b](c) `d` <!-- e -->\n[f] g\n2026-11-21\n", ["paragraph"]),
        ("  \n\n", []),
    ],
)
def test_what_documents_are_made_of_is_plain(text: str, blocks: list[str]) -> None:
    """The usual constructs need no parser, whichever stands first or last."""
    assert kinds(text) == blocks


@pytest.mark.parametrize(
    "text",
    [
        "Title\n===\n", "Title\n---\n", "# A #\n", "#\n", "> quoted\n", "    code\n", "text\n\tmore\n", "a | b\n--|--\n",
        "* * *\n", "~~~\n~~~\n", "````\n````\n", "```\nnever closed\n", "```\n  ```\n", "``` a`b\n```\n", "<div>\n",
        "<!-- a --> text\n", "<!--\na comment\n-->\n", "[a]: /url\n", "- [a]: /url\n", "-\n", "-  a\n", "- a\n - b\n",
        "- a\n    - b\n", "- a\n  2. b\n", "- a\n\n  b\n", "- # a\n", "- > a\n", "- - a\n", "text\n2. a\n",
        "text\n| a |\n|---|\n", "| a |\n|---|\n| b | c |\n", "| a \\| b |\n|---|\n", "| a |\n|---|\nglued\n", "a\u00a0b\n",
        "a\x0cb\n", "a\u2028b\n",
    ],
)  # fmt: skip
def test_what_could_be_taken_otherwise_is_not_plain(text: str) -> None:
    """Wherever a line could open, close or continue something else, the parser reads it."""
    assert kinds(text) is None


@pytest.mark.parametrize("template", TEMPLATES)
def test_documents_of_ours_are_plain(template: str) -> None:
    """What the bundled templates make, and what it becomes when it is filled, takes no parser."""
    text = from_template(template)
    assert kinds(text) is not None
    assert kinds(fill(text).after) is not None


def test_a_part_ends_where_the_next_begins() -> None:
    """Nothing beyond the end of a part is looked at: a fence that goes on there is not closed."""
    text = "# A\n```\n# B\n```\n"
    assert plain_blocks(text, 0, len("# A\n```\n")) is None
    assert plain_blocks(text, 0, len(text)) is not None


def test_lists_deeper_than_a_parser_goes_are_left_to_it() -> None:
    """Eight lists within lists are read, nine are not."""
    deep = ["  " * depth + f"- level {depth}\n" for depth in range(9)]
    assert kinds("".join(deep[:8])) == ["list"]
    assert kinds("".join(deep)) is None


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_parts_know_their_lines(newline: str) -> None:
    """What stands behind a fence with a comment in it, or behind HTML, is found in its line, whatever ends the lines."""
    text = newline.join(["# A", "```", "# no", "```", "## B", "<!--", "# no", "-->", "## C", "> - [ ] d", "## E", "- f", ""])
    parsed = parse(text)
    assert [(heading.line, heading.text) for heading in parsed.headings] == [(0, "A"), (4, "B"), (8, "C"), (10, "E")]
    assert [(line.line, text[line.start : line.end]) for line in parsed.lines] == [(9, "[ ] d"), (11, "f")]
    assert [text[fence.start : fence.end] for fence in parsed.fences] == [f"# no{newline}"]


def test_a_reference_is_known_in_every_part() -> None:
    """A link in a heading goes by a reference that is defined in another part, above or below."""
    assert [heading.text for heading in parse("# [a][x]\n\n# B\n\n[x]: /url\n\n# [c][x]\n").headings] == ["a", "B", "c"]
