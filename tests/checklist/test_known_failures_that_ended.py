"""The gate about failures, asked on a later day than the run."""

from __future__ import annotations

import pytest

from builders import facts_of
from pytest_handoff.checklist.ended import after_its_day
from pytest_handoff.config import KnownFailure
from pytest_handoff.record import Verdict

FAILURES = Verdict(id="failures", verdict="passed", evidence="no failures")
FACTS = facts_of(
    "unit tests/a.py::test_x failed known=later\nunit tests/a.py::test_y passed known=later\nunit tests/a.py::test_z passed"
)


def known(*entries: tuple[str, str | None]) -> list[KnownFailure]:
    return [KnownFailure(test=test, reason="later", until=until) for test, until in entries]


@pytest.mark.parametrize(
    ("entries", "day"),
    [
        pytest.param([("*::test_x", "2026-05-01")], "2026-05-01", id="it has ended"),
        pytest.param([("*::test_x", "2026-05-02")], None, id="its last day"),
        pytest.param([("*::test_x", "2026-05-01"), ("tests/*", "2026-04-01")], "2026-05-01", id="all have ended"),
        pytest.param([("*::test_x", "2026-05-01"), ("tests/*", "2026-06-01")], None, id="one goes on"),
        pytest.param([("*::test_x", "2026-05-01"), ("tests/*", None)], None, id="one has no end"),
        pytest.param([("*::test_y", "2026-05-01")], None, id="the test passes"),
        pytest.param([], None, id="no entry, so the settings are others now"),
    ],
)
def test_the_gate_on_a_later_day(entries: list[tuple[str, str | None]], day: str | None) -> None:
    """It fails if nothing but what has ended excuses a failing test, and names the test and the day."""
    told = after_its_day(FAILURES, FACTS, known(*entries), "2026-05-02")
    if day is None:
        assert told is FAILURES
    else:
        assert (told.id, told.verdict) == ("failures", "failed")
        assert told.evidence == f"tests/a.py::test_x fails, and was known to fail only until {day}"
        assert told.needs == "make them pass, or name a later day, and run them again"


@pytest.mark.parametrize("verdict", [Verdict("failures", "failed", "1 failed"), Verdict("regression", "passed", "all pass")])
def test_other_verdicts_stay(verdict: Verdict) -> None:
    """A gate that fails already says more, and the other gates ask nothing of days."""
    assert after_its_day(verdict, FACTS, known(("*", "2026-05-01")), "2026-05-02") is verdict
