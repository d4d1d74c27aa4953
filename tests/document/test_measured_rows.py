"""Rows of tables of measured values, and those that ask how long a test took."""

from __future__ import annotations

import pytest

from pytest_handoff.document.catalogue import catalogue
from pytest_handoff.document.find import durations_asked, find, performance_rows
from pytest_handoff.document.labels import own_key

TABLE = """
# Phase 1

| Before | Actual |
|---|---|
| Elsewhere | |

## ⚡ Performance Metrics:

| Metric | Target | Actual |
|---|---|---|
| **Start-up** | < 1 s | |
| `a\\|b` | | |

### By part

| Metric | Actual |
|---|---|
| Part | |

## Notes

| Metric | Actual |
|---|---|
| Other | |
"""


def test_performance_rows() -> None:
    """Rows count below their heading and its sub-headings, and nowhere else; their names are without emphasis."""
    rows = [row for row in performance_rows(TABLE) if row != "Metric" and not row.startswith("---")]
    assert rows == ["Start-up", "a\\|b", "Part"]


TESTS = ["t/test_a.py::test_x", "t/test_a.py::test_y[1]", "t/test_b.py::TestB::test_z", "t/test_c.py::test_x"]


@pytest.mark.parametrize(
    ("row", "test"),
    [
        ("Duration of `test_y[1]`", "t/test_a.py::test_y[1]"),
        ("`TestB::test_z` duration", "t/test_b.py::TestB::test_z"),
        ("duration of t/test_a.py::test_x", "t/test_a.py::test_x"),
        ("Duration of test_x", None),
        ("Duration of test_y", None),
        ("Duration of z", None),
        ("Durations of test_z", None),
        ("test_z", None),
    ],
)
def test_a_row_that_asks_for_a_duration(row: str, test: str | None) -> None:
    """The row names one test, by its id or the end of it, and says that its duration is meant."""
    text = f"## Key Metrics\n\n| Metric | Actual |\n|---|---|\n| {row} | |\n"
    assert list(durations_asked(text, TESTS).values()) == ([] if test is None else [test])


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Latency 1", "latency 1"),
        ("Latency (p95)", "latency p95"),
        ("95 percentile", None),
        ("…", None),
        ("**Rows** read", "rows read"),
    ],
)
def test_the_key_of_a_name(name: str, key: str | None) -> None:
    """Numbers and parentheses tell names apart; a name that begins like numbering has no key."""
    assert own_key(name) == key


@pytest.mark.parametrize(
    ("metrics", "rows", "found"),
    [
        (["Latency 1", "Latency 2"], [], ["metric.Latency-1.value", "metric.Latency-2.value"]),
        (["Latency 1"], ["Latency 1", "Latency 2"], ["metric.Latency-1.value", "metric.Latency-2.value"]),
        (["Latency 1"], [], ["metric.Latency-1.value"]),
        (["latency-2", "latency 2", "Latency 1"], [], ["metric.Latency-1.value"]),
    ],
)
def test_rows_that_differ_in_a_number(metrics: list[str], rows: list[str], found: list[str]) -> None:
    """Each row is its own metric's; names that only punctuation tells apart have none."""
    text = "## Performance\n\n| Metric | Actual |\n|---|---|\n| Latency 1 | |\n| Latency 2 | |\n"
    fields = catalogue("session-1", aliases={}, metrics=metrics, rows=rows)
    assert [place.id for place in find(text, fields=fields).places] == found
