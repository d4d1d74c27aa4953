"""Metrics: what a test may record, which of several counts, and what one is worth."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_handoff.evidence.metrics import as_property, from_properties, improvement, is_met, joined, shown
from pytest_handoff.record import Metric


def metric(name: str = "time", value: float = 1.0, **more: Any) -> Metric:
    """A metric in few words."""
    return Metric(name=name, value=value, **more)


def test_a_metric_travels_as_primitives() -> None:
    """What a test records comes back as it was given, among the properties of others."""
    given = as_property("Check  out", 3, unit="ms", target=4, better="lower")
    assert from_properties([("other", 1), given]) == [metric("Check out", 3.0, unit="ms", target=4.0, better="lower")]


@pytest.mark.parametrize(
    ("name", "value", "more"),
    [
        (" ", 1, {}),
        ("a", float("nan"), {}),
        ("a", float("inf"), {}),
        ("a", True, {}),
        ("a", 1, {"target": float("nan")}),
        ("a", 1, {"better": "faster"}),
    ],
)
def test_what_cannot_be_recorded(name: str, value: float, more: dict[str, Any]) -> None:
    """An empty name, a number that is none, and an unknown direction fail the test that gives them."""
    with pytest.raises(ValueError, match="handoff_metric"):
        as_property(name, value, **more)


@pytest.mark.parametrize(
    ("better", "values", "expected"),
    [
        ("lower", (1, 3, 2), [("time", 3)]),
        ("higher", (2, 1, 3), [("time", 1)]),
        (None, (1, 1), [("time", 1)]),
        (None, (1, 2), [("time (test_0)", 1), ("time (test_1)", 2)]),
    ],
)
def test_several_tests_with_one_name(better: Any, values: tuple[float, ...], expected: list[tuple[str, float]]) -> None:
    """The worst value counts; where no direction is known each keeps its own."""
    found = joined((f"a.py::test_{number}", metric(value=value, better=better)) for number, value in enumerate(values))
    assert [(one.name, one.value) for one in found] == expected


@pytest.mark.parametrize(("better", "expected"), [("lower", 5), ("higher", 4), (None, 4)])
def test_one_test_that_records_a_name_twice(better: Any, expected: float) -> None:
    """The worse of the two counts, and without a direction the later one."""
    (found,) = joined([("a.py::x", metric(value=5, better=better)), ("a.py::x", metric(value=4, better=better))])
    assert found.value == expected


@pytest.mark.parametrize(
    ("value", "target", "better", "asked", "met"),
    [
        (200, 200, "lower", "", True),
        (200.1, 200, "lower", "", False),
        (200, 200, "higher", "", True),
        (199.9, 200, "higher", "", False),
        (100, 200, None, "", None),
        (100, None, None, "", None),
        (100, None, None, "< 200 ms", True),
        (200, None, None, "< 200 ms", False),
        (200, None, None, "<= 200", True),
        (200, None, "higher", "> 200", False),
        (300, None, None, "≥ 250 ms", True),
        (100, None, None, "< 200 s", True),
        (100, None, None, "< 0.1 s", False),
        (100, None, None, "< 200 rows", None),
        (100, None, "lower", "200", True),
        (100, None, None, "200", None),
        (100, None, None, "as fast as we can", None),
        (300, 400, "lower", "< 200", False),
        (300, 400, "lower", "< 350", True),
        (300, 200, "lower", "< 350", False),
        (300, 400, None, "< 350", None),
    ],
)
def test_is_met(value: float, target: float | None, better: Any, asked: str, met: bool | None) -> None:
    """A metric's own target and the document's must be met; nothing is said where unit or direction do not fit."""
    assert is_met(metric(value=value, unit="ms", target=target, better=better), asked) is met


@pytest.mark.parametrize(
    ("value", "before", "better", "expected"),
    [
        (100, 125, "lower", "+20.0 %"),
        (150, 125, "lower", "-20.0 %"),
        (150, 125, "higher", "+20.0 %"),
        (125, 125, "higher", "+0.0 %"),
        (1, 3, "lower", "+66.6 %"),
        (100, 125, None, None),
        (100, 0, "lower", None),
        (100, None, "lower", None),
    ],
)
def test_improvement(value: float, before: float | None, better: Any, expected: str | None) -> None:
    """Better is more, in percent of the baseline and cut; without baseline or direction nothing is said."""
    assert improvement(metric(value=value, better=better), before) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (120.5, "ms", "120.5 ms"),
        (0.000123456789, "s", "0.000123456 s"),
        (199.9999999, None, "199.999"),
        (1234567.0, None, "1,234,567"),
        (1000.0, None, "1,000"),
        (0.0, None, "0"),
        (-2.5, "%", "-2.5 %"),
    ],
)
def test_shown(value: float, unit: str | None, expected: str) -> None:
    """A value is cut to six digits, never rounded up."""
    assert shown(value, unit) == expected
