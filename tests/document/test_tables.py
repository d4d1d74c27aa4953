"""Cells of tables by their offsets."""

from __future__ import annotations

import pytest

from pytest_handoff.document.fill import escape_pipes, with_padding
from pytest_handoff.document.markdown_it_reader import aligned_cells
from pytest_handoff.document.parse import parse


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("| a | b |", ["a", "b"]),
        ("a | b", ["a", "b"]),
        ("| a | b", ["a", "b"]),
        ("a | b |", ["a", "b"]),
        (r"| a\|x | b |", [r"a\|x", "b"]),
        (r"| `a\|x` | b |", [r"`a\|x`", "b"]),
        ("| a |", ["a"]),
        ("| a | b | too much |", ["a", "b"]),
        ("|  |  |", ["", ""]),
        ("| | b |", ["", "b"]),
        ("glued text", ["glued text"]),
    ],
)
def test_cells_of_a_row(row: str, cells: list[str]) -> None:
    """Each cell of a row is found where the parser sees it, whatever pipes stand around or in it."""
    text = f"| h1 | h2 |\n|:---|---|\n{row}\n"
    found = parse(text).tables[0].rows[0].cells
    assert [cell.text for cell in found] == cells
    assert [text[cell.start : cell.end].strip() for cell in found] == cells


def test_a_quoted_row_has_its_cells() -> None:
    """The marks of a quote before a row are not part of its first cell."""
    found = parse("> | h1 | h2 |\n> |:---|---|\n> | a | b |\n").tables[0].rows[0].cells
    assert [cell.text for cell in found] == ["a", "b"]


def test_cells_are_not_guessed() -> None:
    """Where line and parser disagree about a row, it has no cells to write into."""
    assert aligned_cells("| a | b |", 0, ["a", "other"]) == ()


@pytest.mark.parametrize(
    ("old", "value", "new"),
    [
        (" 129   ", "7", " 7     "),
        (" 1 ", "1234", " 1234 "),
        ("1", "22", "22"),
        ("  1  ", "22", "  22 "),
        ("      ", "7", " 7    "),
        ("", "7", " 7 "),
        (" 1 ", "a|b", r" a\|b "),
        (" 1", "22", " 22"),
    ],
)
def test_padding_is_kept_where_the_value_fits(old: str, value: str, new: str) -> None:
    """A cell keeps its left padding, and its width where the value fits into it."""
    assert with_padding(old, value) == new


def test_pipes_are_escaped_once() -> None:
    """A pipe that is escaped already stays as it is."""
    assert escape_pipes(r"a|b\|c") == r"a\|b\|c"
