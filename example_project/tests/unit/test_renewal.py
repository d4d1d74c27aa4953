"""Keeping a tool for longer."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from pathlib import Path

import pytest

from toolshed.api import respond
from toolshed.store import NotAvailable, Store

LENT, DUE, LATE = date(2026, 3, 2), date(2026, 3, 16), date(2026, 3, 17)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A shed whose saw, number 1, is lent to Ada."""
    store = Store(tmp_path / "shed.db")
    store.add_tool("saw")
    respond(store, "POST", "/tools/1/loan", {"borrower": "Ada"}, LENT)
    return store


def test_a_renewed_loan_runs_two_weeks_from_today(store: Store) -> None:
    answer = respond(store, "PUT", "/tools/1/loan", {}, DUE)
    assert answer == (HTTPStatus.OK, {"borrower": "Ada", "due": "2026-03-30"})
    assert [loan.due for loan in store.loans()] == [date(2026, 3, 30)]


def test_a_late_loan_is_not_renewed(store: Store) -> None:
    status, payload = respond(store, "PUT", "/tools/1/loan", {}, LATE)
    assert (status, payload) == (HTTPStatus.CONFLICT, {"error": "the saw is late and cannot be renewed"})
    assert [loan.due for loan in store.loans()] == [DUE]


def test_what_is_not_lent_is_not_renewed(store: Store) -> None:
    store.take_back(1)
    with pytest.raises(NotAvailable, match="the saw is in the shed"):
        store.loan(1)


def test_the_late_are_listed_with_a_reminder(store: Store) -> None:
    status, payload = respond(store, "GET", "/reminders", {}, LATE)
    assert (status, payload) == (HTTPStatus.OK, {"reminders": ["Ada, the saw has been missed for a day."]})
