"""Tests by sessions in compact form."""

from __future__ import annotations

from builders import facts_of, ledger_of
from pytest_handoff.cli.page_grid import Timeline, grid, timeline

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

    ledgers = [("session-0", zero), ("session-1", first), ("session-2", facts.ledger)]
    seconds = {"tests/a.py::kept": 0.25, "tests/b.py::moved": 1.5}
    table = grid(facts, timeline(facts.ledger, ledgers, more=False), seconds, {"tests/old.py::moved": 1.0})

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
    assert tests["tests/a.py::kept"][7:] == [250]
    assert tests["tests/b.py::moved"][7:] == [1500, 1000]
    assert tests["tests/b.py::fresh"][7:] == []


def test_since_when_is_told_as_far_back_as_the_page_goes() -> None:
    """Failing without a break, or flaky for the first time; where older sessions are not shown, it may be earlier."""
    marks = {"a": "PFEF", "b": "FFFF", "c": "LPLP"}
    shown = Timeline(["s3", "s4", "s5", "s6"], marks, more=True)

    assert [shown.since(test, "FE") for test in "ab"] == ["s4", "s3 or earlier"]
    assert shown.first("c", "L") == "s3 or earlier"
    assert shown._replace(more=False).first("c", "L") == "s3"


def test_a_flaky_pass_has_a_mark_of_its_own_in_every_session() -> None:
    """A test that failed in the end has failed, flaky or not."""
    then = ledger_of("unit a::x passed flaky\nunit a::y passed")
    now = ledger_of("unit a::x passed\nunit a::y failed flaky")

    assert timeline(now, [("s1", then), ("s2", now)], more=False).marks == {"a::x": "LP", "a::y": "PF"}
