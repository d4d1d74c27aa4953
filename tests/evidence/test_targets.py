"""Targets as tables name them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pytest_handoff.evidence.metrics import read_target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("≥ 80 %", (">=", "80", "%")),
        ("80%+", (None, "80", "%")),
        ("**220+**", (None, "220", "")),
        ("< 200 ms", ("<", "200", "ms")),
        (">=1,000 rows/s", (">=", "1000", "rows/s")),
        ("= 5", ("==", "5", "")),
        ("≤0.5", ("<=", "0.5", "")),
    ],
)
def test_a_target(text: str, expected: tuple[str | None, str, str]) -> None:
    """A number with its comparison and unit is a target."""
    found = read_target(text)
    assert found is not None
    assert (found.op, found.value, found.unit) == (expected[0], Decimal(expected[1]), expected[2])


@pytest.mark.parametrize("text", ["", "17/17", "70-80%", "as fast as we can", "[Target]", "85% new code 2", "1.2.3"])
def test_no_target(text: str) -> None:
    """Fractions, ranges and prose are none."""
    assert read_target(text) is None
