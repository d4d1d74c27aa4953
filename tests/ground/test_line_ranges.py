"""Ranges of line numbers as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_handoff.figures import format_ranges, parse_ranges


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([7], "7"),
        ([10, 7, 9], "7, 9-10"),
        ([1, 2, 3, 5, 6, 8], "1-3, 5-6, 8"),
        ([4, 4, 5], "4-5"),
    ],
)
def test_neighbours_are_joined(numbers: list[int], text: str) -> None:
    """Only numbers that follow each other directly form a range."""
    assert format_ranges(numbers) == text
    assert parse_ranges(text) == frozenset(numbers)


@given(st.frozensets(st.integers(min_value=1, max_value=300)))
@settings(max_examples=200)
def test_what_is_written_is_read(numbers: frozenset[int]) -> None:
    """Reading gives the numbers that were written."""
    assert parse_ranges(format_ranges(numbers)) == numbers


@pytest.mark.parametrize("text", ["0", "a", "3-", "-3", "5-4", "1,,x", "1 2"])
def test_what_is_no_range_is_refused(text: str) -> None:
    """A text that names no lines is an error, never an empty set."""
    with pytest.raises(ValueError, match="range"):
        parse_ranges(text)
