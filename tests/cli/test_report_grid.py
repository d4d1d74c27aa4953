"""Tests by sessions in compact form."""

from __future__ import annotations

from builders import facts_of, ledger_of
from pytest_handoff.cli.report import grid

BEFORE = """
unit tests/a.py::kept passed
unit tests/a.py::broke passed
unit tests/old.py::moved passed
e2e tests/a.py::gone passed
"""
NOW = """
unit tests/a.py::kept passed since=session-1
unit tests/a.py::broke failed since=session-1 error=boom flaky
unit tests/b.py::moved passed since=session-1 moved_from=tests/old.py::moved
e2e tests/a.py::gone gone since=session-1 last=session-1:passed
unit tests/b.py::fresh skipped since=session-2 reason=slow
unit tests/b.py::dropped gone since=session-1 retired=session-2:replaced
"""


def test_a_test_is_a_row_of_figures_and_marks() -> None:
    """Grouped by file; what moved is followed to its earlier id; each oddity is a letter of its own."""
    facts = facts_of(NOW, BEFORE)
    zero = ledger_of("unit tests/older.py::moved passed\nunit tests/a.py::kept error")
    first = ledger_of(BEFORE) | ledger_of("unit tests/old.py::moved passed moved_from=tests/older.py::moved")

    table = grid(facts, [("session-0", zero), ("session-1", first), ("session-2", facts.ledger)])

    assert table["sessions"] == ["session-0", "session-1", "session-2"]
    assert table["tiers"] == ["e2e", "unit"]
    tests = {f"{path}::{row[0]}": row for path, rows in table["files"] for row in rows}
    assert [path for path, _ in table["files"]] == ["tests/a.py", "tests/b.py"]
    assert {test: row[4] for test, row in tests.items()} == {
        "tests/a.py::broke": ".PF",
        "tests/a.py::gone": ".PM",
        "tests/a.py::kept": "EPP",
        "tests/b.py::dropped": "..R",
        "tests/b.py::fresh": "..S",
        "tests/b.py::moved": "PPP",
    }
    statuses = {test: table["statuses"][row[2]] for test, row in tests.items()}
    assert statuses["tests/a.py::broke"] == "regressed"
    assert statuses["tests/b.py::fresh"] == "new"
    assert tests["tests/a.py::broke"][5:] == [1, "boom"]
    assert tests["tests/b.py::fresh"][6] == "slow"
    assert tests["tests/b.py::moved"][6] == "moved from tests/old.py::moved"
    assert tests["tests/b.py::dropped"][6] == "retired in session-2: replaced"
    assert table["since"][tests["tests/b.py::fresh"][3]] == "session-2"
