"""Lateness, counted in days."""

from __future__ import annotations

from datetime import date

import pytest

from toolshed.overdue import Late, is_late, late_loans, reminder
from toolshed.store import Loan, Tool

DUE = date(2026, 3, 16)
SAW_LOAN = Loan(Tool(1, "saw"), "Ada", DUE)
DRILL_LOAN = Loan(Tool(2, "drill"), "Grace", date(2026, 3, 10))


@pytest.mark.parametrize(
    ("today", "late"),
    [
        pytest.param(date(2026, 3, 15), False, id="the day before"),
        pytest.param(DUE, False, id="the day itself"),
        pytest.param(date(2026, 3, 17), True, id="the day after"),
    ],
)
def test_a_loan_is_late_from_the_day_after(today: date, late: bool) -> None:
    assert is_late(SAW_LOAN, today) is late


def test_the_latest_comes_first() -> None:
    found = late_loans([SAW_LOAN, DRILL_LOAN], date(2026, 3, 18))
    assert found == [Late("drill", "Grace", 8), Late("saw", "Ada", 2)]


def test_nobody_is_late_without_loans() -> None:
    assert late_loans([], DUE) == []


@pytest.mark.parametrize(
    ("days", "line"),
    [
        (1, "Ada, the saw has been missed for a day."),
        (9, "Ada, the saw has been missed for 9 days."),
    ],
)
def test_a_reminder_counts_the_days(days: int, line: str) -> None:
    assert reminder(Late("saw", "Ada", days)) == line
