"""Figures as a reader sees them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.figures import count_holds, counted, listed, percent, percent_of, rate_holds

PARTS = st.integers(1, 10**6).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 7, "0.0 %"),
        (54, 60, "90.0 %"),
        (8999, 10000, "89.9 %"),
        (999, 1000, "99.9 %"),
        (99999, 100000, "99.9 %"),
        (1, 3, "33.3 %"),
        (2, 3, "66.6 %"),
        (7, 7, "100 %"),
    ],
)
def test_percent_is_cut(part: int, whole: int, shown: str) -> None:
    """A percentage is cut to one decimal, and only all is 100 %."""
    assert percent(part, whole) == shown


@given(PARTS)
def test_percent_never_rounds_up(figures: tuple[int, int]) -> None:
    """What is shown is never more than what is true, and less than a tenth below it."""
    part, whole = figures
    shown = Fraction(percent(part, whole).removesuffix(" %"))
    assert shown <= Fraction(part * 100, whole) < shown + Fraction(1, 10)


@given(st.floats(0, 100))
def test_a_percentage_never_rounds_up(value: float) -> None:
    """The same holds for a percentage that comes as a number."""
    shown = Fraction(percent_of(value).removesuffix(" %"))
    assert shown <= Fraction(value) < shown + Fraction(1, 10)


def test_nothing_has_no_percentage() -> None:
    """A share of nothing is neither shown nor compared."""
    with pytest.raises(ValueError, match="nothing"):
        percent(0, 0)
    with pytest.raises(ValueError, match="nothing"):
        rate_holds(0, 0, ">=", Decimal(0))


@pytest.mark.parametrize(
    ("part", "whole", "op", "value", "holds"),
    [
        (8999, 10000, ">=", "90", False),
        (9000, 10000, ">=", "90", True),
        (9001, 10000, ">=", "90", True),
        (8999, 10000, ">", "90", False),
        (9000, 10000, ">", "90", False),
        (9001, 10000, ">", "90", True),
        (18, 20, ">", "90", False),
        (19, 20, ">", "90", True),
        (899, 1000, ">=", "89.95", False),
        (2, 3, ">", "66.6666", True),
        (2, 3, "==", "66.6667", False),
        (1, 1, "==", "100", True),
        (9000, 10000, "<=", "90", True),
        (9000, 10000, "<", "90", False),
        (8999, 10000, "<", "90", True),
    ],
)
def test_thresholds_are_exact(part: int, whole: int, op: str, value: str, holds: bool) -> None:
    """A rate is compared without any rounding."""
    assert rate_holds(part, whole, op, Decimal(value)) is holds  # type: ignore[arg-type]


@pytest.mark.parametrize(("op", "held"), [(">", "6"), (">=", "56"), ("==", "5"), ("<=", "45"), ("<", "4")])
def test_counts_compare_as_asked(op: str, held: str) -> None:
    """Each comparison holds for the counts it should."""
    assert [str(count) for count in (4, 5, 6) if count_holds(count, op, Decimal(5))] == list(held)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "test", "1 test"), (0, "test", "0 tests"), (1200, "test", "1,200 tests"), (2, "entry/entries", "2 entries"),
     (1, "entry/entries", "1 entry")],
)  # fmt: skip
def test_counted(number: int, noun: str, text: str) -> None:
    """A number stands with its noun in the right form."""
    assert counted(number, noun) == text


@pytest.mark.parametrize(
    ("names", "text"), [([], ""), (["a"], "a"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d"], "a, b, c and 1 more")]
)
def test_listed(names: list[str], text: str) -> None:
    """The first three names stand there, the others are counted."""
    assert listed(names) == text
