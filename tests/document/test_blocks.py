"""Markers, blocks and their checksums."""

from __future__ import annotations

import mdformat
import pytest

from pytest_handoff.document.markers import block_checksum, harmless, is_sealed, pair_blocks, read_markers, with_block
from pytest_handoff.document.parse import parse

TABLE = "| File | Covered |\n|---|---|\n| `a.py` | 3 |\n\n- one\n- two"


def _pairs(text: str) -> tuple[list[tuple[str, str]], list[tuple[int, str]]]:
    parsed = parse(text)
    markers, unread = read_markers(parsed)
    blocks, unpaired = pair_blocks(parsed, markers)
    return [(block.id, block.body) for block in blocks], [(trouble.line + 1, trouble.message) for trouble in (*unread, *unpaired)]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("<!-- handoff:begin a.b -->\nx\n<!-- handoff:end a.b -->\n", [("a.b", "x")]),
        ("<!--handoff:begin a-->\n<!--handoff:end a 12ab-->\n", [("a", "")]),
        ("> <!-- handoff:begin a -->\n> x\n> <!-- handoff:end a -->\n", [("a", "x")]),
        ("- i\n\n  <!-- handoff:begin a -->\n  x\n  <!-- handoff:end a -->\n", [("a", "x")]),
        ("<!-- handoff:begin a -->\r\nx\r\ny\r\n<!-- handoff:end a -->\r\n", [("a", "x\ny")]),
        ("```\n<!-- handoff:begin a -->\nx\n<!-- handoff:end a -->\n```\n", []),
        ("    <!-- handoff:begin a -->\n    <!-- handoff:end a -->\n", []),
        ("<!-- quoted:\n<!-- handoff:begin a -->\n\nx\n", []),
        ("<!-- other -->\n", []),
    ],
)
def test_blocks_are_found_in_html_only(text: str, blocks: list[tuple[str, str]]) -> None:
    """A block stands between two comments of its own; code and comments that quote them hold none."""
    assert _pairs(text) == (blocks, [])


@pytest.mark.parametrize(
    ("text", "troubles"),
    [
        ("<!-- handoff:begin a -->\nx\n", [(1, "the block a that begins on line 1 has no end")]),
        ("<!-- handoff:end a -->\n", [(1, "the end of a on line 1 has no beginning")]),
        (
            "<!-- handoff:begin a -->\n<!-- handoff:begin b -->\n<!-- handoff:end b -->\n",
            [(1, "the block a that begins on line 1 has no end before line 2")],
        ),
        (
            "<!-- handoff:begin a -->\n<!-- handoff:end b -->\n",
            [
                (1, "the block a that begins on line 1 has no end before line 2"),
                (2, "the end of b on line 2 has no beginning; a begins on line 1"),
            ],
        ),
        ("<!-- handoff:begin -->\n", [(1, "unknown marker: <!-- handoff:begin -->")]),
        ("<!-- handoff:9 -->\n", [(1, "unknown marker: <!-- handoff:9 -->")]),
        ("text <!-- handoff:begin a -->\n", [(1, "this marker needs its own line: <!-- handoff:begin a -->")]),
        (
            "<!-- handoff:begin a --><!-- handoff:end a -->\n",
            [
                (1, "this marker needs its own line: <!-- handoff:begin a -->"),
                (1, "this marker needs its own line: <!-- handoff:end a -->"),
            ],
        ),
    ],
)
def test_broken_markers_are_named(text: str, troubles: list[tuple[int, str]]) -> None:
    """A marker without its partner, or one that cannot be read, is named with the lines concerned."""
    blocks, found = _pairs(text)
    assert sorted(found) == sorted(troubles)
    assert "a" not in dict(blocks)


def test_twin_blocks_are_named_together() -> None:
    """A block that stands twice is reported once, with both lines."""
    block = "<!-- handoff:begin a -->\n<!-- handoff:end a -->\n"
    assert _pairs(block + block)[1] == [(1, "the block a appears more than once, on lines 1 and 3")]


@pytest.mark.parametrize(
    "other",
    [
        "| File   | Covered |\n| :----- | ------: |\n".replace(":", "") + "| `a.py` | 3       |\n\n- one\n- two\n",
        "\n\n" + TABLE.replace("\n", "\r\n"),
        TABLE.replace("- ", "-   "),
    ],
)
def test_a_checksum_is_blind_to_layout(other: str) -> None:
    """Padding, blank lines and line endings do not change a checksum."""
    assert block_checksum(other) == block_checksum(TABLE)


@pytest.mark.parametrize("other", [TABLE.replace("3", "4"), TABLE.replace("one", "o ne"), TABLE + "\n- three", TABLE[:-1]])
def test_a_checksum_sees_words(other: str) -> None:
    """Any other text has another checksum."""
    assert block_checksum(other) != block_checksum(TABLE)


@pytest.mark.parametrize(
    ("end", "sealed"),
    [(block_checksum("x"), True), (block_checksum("x")[:4], True), ("", True), ("0000", False), (block_checksum("x")[:3], False)],
)
def test_seals(end: str, sealed: bool) -> None:
    """A block is ours while its checksum fits, be it in a shorter form, or where there is none."""
    parsed = parse(f"<!-- handoff:begin a -->\nx\n<!-- handoff:end a {end} -->\n")
    blocks, _ = pair_blocks(parsed, read_markers(parsed)[0])
    assert [is_sealed(block) for block in blocks] == [sealed]


@pytest.mark.parametrize(
    ("text", "after", "result"),
    [
        ("# T\n", 1, "# T\n\n{block}\n"),
        ("# T", 1, "# T\n\n{block}\n"),
        ("# T\r\n\r\nx\r\n", 2, "# T\r\n\r\n{block}\r\n\r\nx\r\n"),
        ("# T\n", 0, "{block}\n\n# T\n"),
        ("\ufeff# T\n", 0, "\ufeff{block}\n\n# T\n"),
        ("", 0, "{block}\n"),
        ("a\n\nb\n", 1, "a\n\n{block}\n\nb\n"),
    ],
)
def test_insertion(text: str, after: int, result: str) -> None:
    """A new block is set off by blank lines, in the line ending of its neighbours, and all else stays."""
    eol = "\r\n" if "\r" in text else "\n"
    block = eol.join(["<!-- handoff:begin a -->", "x", f"<!-- handoff:end a {block_checksum('x')} -->"])
    assert with_block(text, after, "a", "x\n") == result.format(block=block)


def test_an_inserted_block_survives_a_formatter() -> None:
    """mdformat may lay a block out anew without breaking its seal."""
    formatted = mdformat.text(with_block("# T\n", 1, "a", TABLE))
    parsed = parse(formatted)
    blocks, troubles = pair_blocks(parsed, read_markers(parsed)[0])
    assert ([is_sealed(block) for block in blocks], troubles) == ([True], [])


def test_values_carry_no_markers() -> None:
    """A marker in a value becomes plain text; other comments stay."""
    assert harmless("a <!-- handoff:end x --> <!-- b -->") == "a &lt;!-- handoff:end x --> <!-- b -->"
