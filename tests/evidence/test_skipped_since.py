"""Tests that were skipped step by step, each step as the session before left it."""

from __future__ import annotations

import pytest

from builders import ledger_of
from pytest_handoff.evidence.skipped_since import skipped_since

MERGED = "unit tests/a.py::test_x passed\nunit tests/a.py::test_y[1] passed\nunit tests/a.py::test_y[2] failed"


def found(now: str, *between: str, merged: str = MERGED) -> list[str]:
    """The tests that are skipped now and passed as they were merged, after these sessions, nearest first."""
    sessions = {f"session-{number}": ledger_of(text) for number, text in enumerate(between, 1)}
    return [line.id for line in skipped_since(ledger_of(now, since="session-0"), sessions, ledger_of(merged))]


X, SKIPPED = "unit tests/a.py::test_x passed", "unit tests/a.py::test_x skipped"


@pytest.mark.parametrize(
    ("now", "between", "expected"),
    [
        pytest.param(SKIPPED, [SKIPPED], ["tests/a.py::test_x"], id="skipped"),
        pytest.param(SKIPPED.replace("skipped", "xfailed"), [SKIPPED], ["tests/a.py::test_x"], id="expected to fail"),
        pytest.param(X, [SKIPPED], [], id="it passes again"),
        pytest.param(SKIPPED, [], [], id="no session between"),
        pytest.param(f"{SKIPPED} retired=session-1:old", [SKIPPED], [], id="retired now"),
        pytest.param(f"{SKIPPED} since=session-1", [SKIPPED], [], id="a test of a session between"),
        pytest.param("unit tests/a.py::test_z skipped", [SKIPPED], [], id="never merged"),
        pytest.param(f"{SKIPPED} moved_from=tests/b.py::test_x", [SKIPPED], ["tests/a.py::test_x"], id="by its id of now"),
        pytest.param(
            "unit tests/c.py::test_x skipped moved_from=tests/b.py::test_x",
            ["unit tests/b.py::test_x skipped moved_from=tests/a.py::test_x"],
            ["tests/c.py::test_x"],
            id="moved twice",
        ),
        pytest.param("unit tests/a.py::test_y[3] skipped", [SKIPPED], ["tests/a.py::test_y[3]"], id="with other parameters"),
    ],
)
def test_they_are_found(now: str, between: list[str], expected: list[str]) -> None:
    """Whatever became of its id or of its parameters, a test that passed as it was merged still has to."""
    assert found(now, *between) == expected


@pytest.mark.parametrize(
    ("merged", "passed"),
    [
        ("failed", False),
        ("skipped", False),
        ("gone last=session-0:passed", True),
        ("not_run last=session-0:failed", False),
        ("passed retired=session-0:old", False),
    ],
)
def test_what_passed_as_it_was_merged(merged: str, passed: bool) -> None:
    """Its newest outcome counts, and a reason that somebody gave."""
    assert bool(found(SKIPPED, SKIPPED, merged=f"unit tests/a.py::test_x {merged}")) is passed


def test_lost_tests_of_which_none_passed() -> None:
    """A test with other parameters goes back to those of its function that are gone now, and not to one that still is there."""
    now = "unit tests/a.py::test_y[1] passed\nunit tests/a.py::test_y[3] skipped"
    assert found(now, SKIPPED) == []
