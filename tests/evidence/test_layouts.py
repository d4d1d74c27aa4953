"""Which lines of a source are statements: written as one short text, and read again as it was."""

from __future__ import annotations

import random

import pytest

from pytest_handoff.evidence.layouts import Layout, read_layout, write_layout

NOTHING = Layout(frozenset(), frozenset(), {})


def layout(statements: set[int], excluded: set[int] | None = None, first_line: dict[int, int] | None = None) -> Layout:
    return Layout(frozenset(statements), frozenset(excluded or ()), first_line or {})


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (".", NOTHING),
        ("s", layout({1})),
        (".3s2.s2c", layout({2, 3, 4, 7}, first_line={8: 7, 9: 7})),
        ("2.xk.s", layout({6}, {3, 4}, {4: 3})),
        ("scsc", layout({1, 3}, first_line={2: 1, 4: 3})),
        (".2c12s", layout(set(range(4, 16)), first_line={2: 1, 3: 1})),
    ],
)
def test_a_layout_is_one_short_text(text: str, known: Layout) -> None:
    """Either way."""
    assert write_layout(known) == text
    assert read_layout(text) == known


@pytest.mark.parametrize("text", ["", "y", "c", "2ks", "3", "0s", "s s", "s\n", "1000000s", "9999999s9999999s", "²s", "s3"])
def test_no_other_text_is_one(text: str) -> None:
    """Nobody reads for long what no run wrote."""
    assert read_layout(text) is None


@pytest.mark.parametrize(
    "odd",
    [
        layout({1, 2, 3}, first_line={3: 1}),
        layout({1}, {1}),
        layout({1, 2}, first_line={2: 1}),
        layout({2}, first_line={1: 2}),
    ],
)
def test_what_does_not_fit_is_not_written(odd: Layout) -> None:
    """It is parsed again, as if nothing were known."""
    assert write_layout(odd) == ""


def test_whatever_is_written_is_read_as_it_was() -> None:
    """Five hundred random ones."""
    numbers = random.Random(7)  # noqa: S311 - the same ones each time
    for _ in range(500):
        last, first = 0, 0
        statements: set[int] = set()
        excluded: set[int] = set()
        first_line: dict[int, int] = {}
        for line in range(1, numbers.randint(2, 60)):
            kind = numbers.choice("sx.ck")
            if kind in "ck" and last:
                first_line[line] = first
            else:
                first = last = line
            if kind in "xk":
                excluded.add(line)
            if kind == "s":
                statements.add(line)
        known = layout(statements, excluded, first_line)
        text = write_layout(known)
        assert text
        assert read_layout(text) == known
