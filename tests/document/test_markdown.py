"""Bytes and structure of documents."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_handoff.document.parse import decode, encode, parse
from pytest_handoff.errors import DocumentProblem
from pytest_handoff.text_lines import eol_before, eol_of, raw_lines, split_lines


@pytest.mark.parametrize(
    "data",
    [b"", b"a", b"a\r\nb\rc\n", b"\xef\xbb\xbf# Title\n", b"Gr\xfc\xdfe \x96 cp1252\n", "✅ ok\u2028here\x0cthere\x85".encode()],
)
def test_bytes_survive(data: bytes) -> None:
    """Whatever the bytes, decoding and encoding gives them back."""
    assert encode(decode(data, "x.md")) == data


@settings(max_examples=200)
@given(st.binary(max_size=60).filter(lambda data: b"\0" not in data and data[:2] not in (b"\xff\xfe", b"\xfe\xff")))
def test_any_bytes_survive(data: bytes) -> None:
    """Decoding loses nothing of any file that is not refused."""
    assert encode(decode(data, "x.md")) == data


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [
        ("# T\n".encode("utf-16"), None, "UTF-16"),
        (b"\xfe\xff\0#", None, "UTF-16"),
        (b"one\r\ntwo\0", 2, "NUL"),
        (b"\0", 1, "NUL"),
        (b"a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\n", 2, "merge"),
    ],
)
def test_unfit_files_are_refused(data: bytes, line: int | None, word: str) -> None:
    """A file that cannot be filled safely is refused with its name, its line and the reason."""
    with pytest.raises(DocumentProblem, match=word) as refused:
        decode(data, "hand/x.md")
    assert (refused.value.path, refused.value.line) == ("hand/x.md", line)


@pytest.mark.parametrize(
    "text",
    [
        "```\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\n```\n",
        "Title\n=======\n",
        "<<<<<<< only\n",
        "a <<<<<<< b\n=======\n>>>>>>> c\n",
    ],
)
def test_other_texts_are_no_conflict(text: str) -> None:
    """Conflict markers count only at line starts, outside fences, and all three together."""
    assert decode(text.encode(), "x.md") == text


def test_lines_split_at_cr_and_lf_only() -> None:
    """Form feeds and Unicode separators do not end a line, and each line keeps its own ending."""
    lines = split_lines("a\r\nb\rc\nd\x0ce\u2028f\x85g")
    assert lines == ["a\r\n", "b\r", "c\n", "d\x0ce\u2028f\x85g"]
    assert [eol_of(line) for line in lines] == ["\r\n", "\r", "\n", ""]
    assert raw_lines("a\r\nb\rc\n\nd\x0ce\n") == ["a", "b", "c", "", "d\x0ce"]


@pytest.mark.parametrize(("text", "ending"), [("a\n", "\n"), ("a\r\n", "\r\n"), ("a\n\n", "\n"), ("a\n\r", "\r"), ("\n", "\n")])
def test_the_ending_before_an_offset_is_one_line_s(text: str, ending: str) -> None:
    """What ends the line before is told from what ends the lines above it."""
    assert eol_before(f"{text}b\n", len(text)) == ending


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("# A\ntext\n## B ##\n", [(0, 1, "A"), (2, 2, "B")]),
        ("Two\nlines\n===\n", [(0, 1, "Two lines")]),
        ("\ufeff# A\n", [(0, 1, "A")]),
        ("---\ntitle: x\n# no\n---\n# A\n---\n", [(4, 1, "A")]),
        ("---\n\n# A\n\n---\n", [(2, 1, "A")]),
        ("---\ntitle: never closed\n# A\n", [(2, 1, "A")]),
        ("```\n# no\n```\n<!--\n# no\n-->\n- # no\n\n> # no\n", []),
        ("# **A** `b` <!-- c -->\n", [(0, 1, "A b")]),
        ("# A\x85# no\r# B\r\n# C", [(0, 1, "A\x85# no"), (1, 1, "B"), (2, 1, "C")]),
    ],
)
def test_headings(text: str, headings: list[tuple[int, int, str]]) -> None:
    """Headings are those of CommonMark that divide the document, as plain text with their first line."""
    assert [(heading.line, heading.level, heading.text) for heading in parse(text).headings] == headings


def test_sections_follow_levels() -> None:
    """A section ends at the next heading of its level or a higher one, and a path names what encloses a line."""
    parsed = parse("# A\n## B\nx\n### C\ny\n## D\nz\n")
    assert [heading.text for heading in parsed.path(4)] == ["A", "B", "C"]
    assert [heading.text for heading in parsed.path(6)] == ["A", "D"]
    assert parsed.section(parsed.headings[1]) == range(1, 5)
    assert parsed.section(parsed.headings[3]) == range(5, 7)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- a  \n  b\n", [("a", True), ("b", False)]),
        ("> 1. [ ] quoted\n", [("[ ] quoted", True)]),
        ("- - deep\n", [("deep", True)]),
        ("-\ttab\n", [("tab", True)]),
        ("    code\n\npara\n", [("para", False)]),
        ("a\r\nb", [("a", False), ("b", False)]),
        ("caf\udce9 [x](\udce9)", [("caf\udce9 [x](\udce9)", False)]),
    ],
)
def test_text_lines(text: str, lines: list[tuple[str, bool]]) -> None:
    """Each line of prose is found without its indentation and marker, exactly where it stands."""
    found = parse(text).lines
    assert [(line.text, line.opens_item) for line in found] == lines
    assert all(text[line.start : line.end] == line.text for line in found)


def test_items_know_what_is_around_and_below() -> None:
    """A nested item knows the items around it, and a line knows whether something hangs under it."""
    lines = parse("- a\n  - b\n- c\n\npara:\n- d\n\nlast\n").lines
    assert [[parent.text for parent in line.parents] for line in lines] == [[], ["a"], [], [], [], []]
    assert [line.followed for line in lines] == [True, False, False, True, False, False]


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("```\na\nb\n```\n", ["a\nb\n"]),
        ("~~~\n~~~\n", [""]),
        ("````\n```\nx\n```\n````", ["```\nx\n```\n"]),
        ("```\nnever closed\n", []),
        ("```", []),
        ("- ```\n  in an item\n  ```\n", []),
        ("```\nx\n``` not closing\n", []),
        ("```\nx\n    ```\n", []),
    ],
)
def test_fences(text: str, bodies: list[str]) -> None:
    """Closed fences at the top level are found with exactly their body's lines."""
    assert [text[fence.start : fence.end] for fence in parse(text).fences] == bodies


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ("<!-- a -->\n", [(0, "<!-- a -->", True)]),
        ("x\n\n  - v <!-- a -->\n", [(2, "<!-- a -->", False)]),
        ("one\n two `<!-- no -->` <!-- a -->\n", [(1, "<!-- a -->", False)]),
        ("# H <!-- a -->\n", [(0, "<!-- a -->", False)]),
        ("| h |\n|---|\n| v <!-- a --> |\n", [(2, "<!-- a -->", False)]),
        ("<details>\nx <!-- a -->\n<!-- b -->\n</details>\n", [(1, "<!-- a -->", False), (2, "<!-- b -->", True)]),
        ("<!-- outer\n<!-- inner -->\n", [(0, "<!-- outer\n<!-- inner -->", False)]),
        ("```\n<!-- no -->\n```\n\n    <!-- no -->\n\n`<!-- no -->` \\<!-- no -->\n", []),
        ("> - <!-- a -->\n", [(0, "<!-- a -->", True)]),
    ],
)
def test_comments(text: str, comments: list[tuple[int, str, bool]]) -> None:
    """Comments count where CommonMark says HTML, never in code, and are found exactly where they stand."""
    found = parse(text).comments
    assert [(comment.line, comment.text, comment.alone) for comment in found] == comments
    assert all(text[comment.start : comment.end] == comment.text for comment in found)


def test_what_stands_in_a_line() -> None:
    """Of each line, its prose or its row of a table is found, and of a paragraph the lines that follow."""
    parsed = parse("| a |\n|---|\n| b |\n\ntext\nmore\n\n| c |\n|---|\n| d |\n- e\n")
    rows = [parsed.row(line) for line in range(11)]
    assert {line: row.cells[0].text for line, row in enumerate(rows) if row} == {0: "a", 2: "b", 7: "c", 9: "d"}
    prose = [parsed.text_line(line) for line in range(11)]
    assert {line: found.text for line, found in enumerate(prose) if found} == {4: "text", 5: "more", 10: "e"}
    assert [[line.text for line in parsed.below(index)] for index in range(3)] == [["more"], [], []]


def test_lines_are_read_without_their_endings() -> None:
    """Whichever ending a line has, and the last line may have none."""
    parsed = parse("a\r\nbc\nd")
    assert [parsed.raw(0), parsed.raw(1), parsed.raw(2)] == ["a", "bc", "d"]


@pytest.mark.parametrize("blank", ["\u2028", "\x85", "\x1c", "\u3000"])
@pytest.mark.parametrize("quote", ["", "> "])
def test_a_line_of_other_blanks_is_a_line(blank: str, quote: str) -> None:
    """A line of blanks that CommonMark does not know as such opens or ends a paragraph, and moves no line of it."""
    text = f"{quote}{blank}\n{quote}**A**: 1\n{quote}**A**: 1 <!-- x -->\n{quote}{blank}\n"
    parsed = parse(text)
    assert [(line.line, line.text) for line in parsed.lines if "A" in line.text] == [(1, "**A**: 1"), (2, "**A**: 1 <!-- x -->")]
    assert [text[line.start : line.end] for line in parsed.lines] == [line.text for line in parsed.lines]
    assert [(comment.line, text[comment.start : comment.end]) for comment in parsed.comments] == [(2, "<!-- x -->")]
