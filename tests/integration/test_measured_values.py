"""Measured values from real runs to the tables that ask for them: durations of tests, benchmarks, a person's targets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stories import Story

GOOD, NO = 0, 1


def metrics_of(shop: Story, number: int) -> list[dict[str, Any]]:
    """The metrics of a record."""
    found: list[dict[str, Any]] = json.loads(shop.text(f"handoffs/evidence/session-{number}/record.json"))["metrics"]
    return found


TIMED = """
    # Session 1: Speed

    The carts are tried in `tests/unit/test_cart.py` (9 tests), the shop in `tests/e2e/test_shop.py` (1 test).

    ## Test Results

    - **Tests**: [X/Y passed]

    ## Performance Metrics

    | Metric | Baseline | Target | Actual | Improvement | Status |
    |---|---|---|---|---|---|
    | Duration of `test_checkout` | | < 60000 ms | | | |
    | tests/unit/test_cart.py::test_total duration | | < 0.000001 ms | | | |
    | Duration of test_nothing | | < 1 s | | | |
    | Test Duration | | < 10 min | | | |
"""


def row_of(text: str, name: str) -> list[str]:
    """The cells of the row that begins with a name."""
    (row,) = re.findall(rf"^\| `?{re.escape(name)}`? \|.*$", text, re.MULTILINE)
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_a_row_names_a_test(shop: Story) -> None:
    """How long a named test and the whole run took is written only where a table asks; a claim about tests is compared."""
    shop.write_files({"handoffs/session-1.md": TIMED})
    run = shop.pytest("--no-cov", "-n", "2", "--handoff=session-1")
    first, ledger = shop.document("session-1"), shop.text("handoffs/evidence/session-1/tests.jsonl")
    again = shop.handoff("fill", "session-1", "--check")
    shop.write_files({"handoffs/session-2.md": TIMED.replace("Session 1", "Session 2").replace("9 tests", "2 tests")})
    shop.pytest("--no-cov", "--handoff=session-2")
    second = shop.document("session-2")
    shop.pytest("--no-cov", "--handoff=session-3")

    checkout, total = row_of(first, "Duration of `test_checkout`"), row_of(first, "tests/unit/test_cart.py::test_total duration")
    assert re.fullmatch(r"0\.\d+ s", checkout[3])
    assert (checkout[1], checkout[2], checkout[5]) == ("", "< 60000 ms", "✅ met")
    assert (total[2], total[5]) == ("< 0.000001 ms", "❌ not met")
    assert row_of(first, "Duration of test_nothing")[3:] == ["", "", ""]
    assert row_of(first, "Test Duration")[5] == "✅ met"
    assert "- **Tests**: 3/3 passed" in first
    assert "test_cart.py: the document says '9 tests'; the evidence contradicts it: '2 tests'" in run.out
    assert shop.gate("session-1")["claims"] == "failed"
    assert again.code == GOOD, again
    assert "duration" not in ledger
    names = ["Duration of test_checkout", "tests/unit/test_cart.py::test_total duration"]
    assert [metric["name"] for metric in metrics_of(shop, 1)] == names

    assert row_of(second, "Duration of `test_checkout`")[1] == checkout[3]
    assert re.fullmatch(r"[+-][\d,]+\.\d %", row_of(second, "Duration of `test_checkout`")[4])
    assert row_of(second, "Test Duration")[1] == row_of(first, "Test Duration")[3]
    assert shop.gate("session-2")["claims"] == "passed"
    assert metrics_of(shop, 3) == []


BENCHMARK = """
    def test_sum(benchmark):
        assert benchmark(sum, range(10)) == 45

    def test_broken(benchmark):
        assert benchmark(sum, range(10)) == 44
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_pytest_benchmark_measured(shop: Story, workers: tuple[str, ...]) -> None:
    """The mean of a benchmark is a metric in seconds; beside xdist the plugin measures nothing, and the row stays open."""
    shop.write_files(
        {
            "tests/performance/test_speed.py": BENCHMARK,
            "handoffs/session-1.md": """
        ## Performance Metrics

        | Benchmark | Target | Actual | Status |
        |---|---|---|---|
        | test_sum | < 500 ms | | |
    """,
        }
    )
    run = shop.pytest("--no-cov", "-p", "no:cacheprovider", "--benchmark-max-time=0.05", *workers, "--handoff=session-1")
    row = row_of(shop.document("session-1"), "test_sum")

    assert "1 failed, 4 passed" in run.out
    if workers:
        assert (metrics_of(shop, 1), row[2:]) == ([], ["", ""])
        return
    (metric,) = metrics_of(shop, 1)
    assert (metric["name"], metric["unit"], metric["better"]) == ("test_sum", "s", "lower")
    assert 0 < metric["value"] < 0.1
    assert row[3] == "✅ met"
    assert float(row[2].removesuffix(" s")) == pytest.approx(metric["value"], rel=1e-4)


PROMISED = """
    # Session 1: Speed

    ## Performance Metrics

    | Metric | Target | Actual | Status |
    |---|---|---|---|
    | Rows read | {target} | | |
    | Latency 1 | < 20 ms | | |
    | Latency 2 | < 20 ms | | |

    ## Quality Checklist

    - [ ] Performance targets met
"""

MEASURING = """
    def test_rows(handoff_metric):
        handoff_metric("Rows read", 125, unit="rows", target=200, better="lower")
        handoff_metric("Latency 1", 10, unit="ms")
        handoff_metric("Latency 2", 30, unit="ms")
"""


def test_a_persons_target_counts(shop: Story) -> None:
    """What a person writes as target is never a claim, and decides with the test's own the line about targets."""
    shop.write_files({
        "tests/performance/test_rows.py": MEASURING,
        "handoffs/session-1.md": PROMISED.format(target=""),
    })  # fmt: skip
    shop.pytest("--no-cov", "--handoff=session-1")
    first = shop.document("session-1")
    shop.edit("handoffs/session-1.md", "| ≤ 200 rows |", "| ≤ 100 rows |")
    tightened = shop.handoff("fill", "session-1")
    second, why = shop.document("session-1"), shop.handoff("explain", "session-1").out
    shop.edit("handoffs/session-1.md", "| ≤ 100 rows |", "| ≤ 150 rows |")
    shop.edit("handoffs/session-1.md", "| Latency 2 | < 20 ms |", "| Latency 2 | < 0.04 s |")
    shop.handoff("fill", "session-1")
    third, ticked = shop.document("session-1"), shop.boxes("session-1")
    shop.edit("handoffs/session-1.md", "| Latency 1 |", "| Start-up | < 1 s | | |\n| Latency 1 |")
    shop.handoff("fill", "session-1")

    assert row_of(first, "Rows read")[1:] == ["≤ 200 rows", "125 rows", "✅ met"]
    assert row_of(first, "Latency 1")[2:] == ["10 ms", "✅ met"]
    assert row_of(first, "Latency 2")[2:] == ["30 ms", "❌ not met"]
    assert "metric." not in tightened.out + tightened.err
    assert row_of(second, "Rows read")[1:] == ["≤ 100 rows", "125 rows", "❌ not met"]
    assert "Latency 2 is 30 ms, target < 20 ms; Rows read is 125 rows, target ≤ 200 rows and target ≤ 100 rows" in why
    assert row_of(third, "Rows read")[3] == row_of(third, "Latency 2")[3] == "✅ met"
    assert ticked["Performance targets met"]
    assert not shop.boxes("session-1")["Performance targets met"]
    assert "Start-up" in shop.handoff("explain", "session-1").out
