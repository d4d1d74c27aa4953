"""Who is late, and by how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from toolshed.store import Loan


@dataclass(frozen=True, slots=True)
class Late:
    """A loan that should have ended; `days` is at least 1."""

    tool: str
    borrower: str
    days: int


def late_loans(loans: Iterable[Loan], today: date) -> list[Late]:
    """The loans that are late, the latest first; on the day itself nobody is late yet."""
    late = [Late(loan.tool.name, loan.borrower, (today - loan.due).days) for loan in loans if is_late(loan, today)]
    return sorted(late, key=lambda one: (-one.days, one.tool))


def is_late(loan: Loan, today: date) -> bool:
    """Whether the loan should have ended before today."""
    return loan.due < today


def reminder(late: Late) -> str:
    """The line that goes into the borrower's letter box."""
    days = "a day" if late.days == 1 else f"{late.days} days"
    return f"{late.borrower}, the {late.tool} has been missed for {days}."
