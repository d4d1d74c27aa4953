"""Lines that fit a terminal: wrapped at blanks, with a hanging indent, and no word lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.cli.wrapping import hanging, hung

WORDS = st.lists(st.text("ab::é", min_size=1, max_size=30), min_size=1, max_size=20)


def plain(lines: list[list[tuple[str, str]]]) -> list[str]:
    """The text of the lines."""
    return ["".join(text for text, _ in line) for line in lines]


def test_further_lines_stand_behind_an_indent() -> None:
    """Also where a piece in another style begins; styles stay with their words."""
    lines = list(hung([[("  failures   ", "red"), ("tests/test_a.py::test_it failed (assert 1 == 2)", "")]], 13, 40))

    assert plain(lines) == [
        "  failures   tests/test_a.py::test_it",
        "             failed (assert 1 == 2)",
    ]
    assert lines[0] == [("  failures   ", "red"), ("tests/test_a.py::test_it", "")]


@pytest.mark.parametrize("figure", ["92.4 %", "(+2.0 %),", "100 %"])
def test_a_figure_stays_with_its_sign(figure: str) -> None:
    """A line ends before both, not between them."""
    for columns in range(40, 52):
        text = f"{'x' * 30} coverage is {figure} of all of it"
        for lines in (plain(list(hung([[(text, "")]], 2, columns))), hanging(text, rest="  ", columns=columns)):
            assert any(figure in line for line in lines)
            assert max(map(len, lines)) <= columns


def test_without_a_terminal_nothing_is_wrapped() -> None:
    """A log and grep want whole lines."""
    assert plain(list(hung([[("a " * 500, "")]], 4))) == ["a " * 500]
    assert hanging("a " * 500, first="- ") == ["- " + "a " * 500]


@given(WORDS)
def test_no_word_is_lost_and_every_line_fits(words: list[str]) -> None:
    """But for words that are longer than a line."""
    text = " ".join(words)
    for lines in (plain(list(hung([[("x  ", "red"), (text, "")]], 3, 40))), hanging(text, first="x  ", rest="   ", columns=40)):
        assert " ".join(lines).split() == ["x", *words]
        assert all(len(line.rstrip()) <= 40 for line in lines)
        assert all(line.startswith("   ") for line in lines[1:])
