"""Lending, as the books see it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from toolshed.store import Loan, NotAvailable, Store, Tool, UnknownTool

SAW, DRILL = Tool(1, "saw"), Tool(2, "drill")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A shed with a saw and a drill."""
    store = Store(tmp_path / "shed.db")
    store.add_tool("saw")
    store.add_tool("drill")
    return store


def test_loans_are_listed_by_the_day_they_are_due(store: Store) -> None:
    store.lend(1, "Ada", date(2026, 3, 20))
    store.lend(2, "Grace", date(2026, 3, 16))
    assert store.loans() == [Loan(DRILL, "Grace", date(2026, 3, 16)), Loan(SAW, "Ada", date(2026, 3, 20))]


def test_a_lent_tool_cannot_be_lent_again(store: Store) -> None:
    store.lend(1, "Ada", date(2026, 3, 20))
    with pytest.raises(NotAvailable, match="the saw is lent"):
        store.lend(1, "Grace", date(2026, 3, 21))
    assert [loan.borrower for loan in store.loans()] == ["Ada"]


def test_a_tool_can_be_lent_again_once_it_is_back(store: Store) -> None:
    store.lend(1, "Ada", date(2026, 3, 20))
    assert store.take_back(1) == SAW
    assert store.lend(1, "Grace", date(2026, 4, 2)).borrower == "Grace"


def test_a_tool_in_the_shed_cannot_come_back(store: Store) -> None:
    with pytest.raises(NotAvailable, match="the saw is in the shed"):
        store.take_back(1)


def test_an_unknown_tool_is_neither_lent_nor_taken_back(store: Store) -> None:
    with pytest.raises(UnknownTool):
        store.lend(7, "Ada", date(2026, 3, 20))
    with pytest.raises(UnknownTool):
        store.take_back(7)
