"""What a try says of a test: every outcome there, now and before."""

from __future__ import annotations

from typing import Any

import pytest

from builders import ledger_of
from pytest_handoff.proof import EarlierTry, NewTry
from pytest_handoff.proving.statuses import Counterparts, Seen, Skipped, Tried, earlier_status, new_status

TEST = "tests/test_a.py::test_a"
FAILED, PASSED = Seen(outcome="failed", error="boom", place="tests/test_a.py:3"), Seen(outcome="passed")
WELL = Tried(seen={TEST: PASSED})


def status(before: str, there: Tried, now: str = f"unit {TEST} passed", control: Tried = WELL) -> EarlierTry | Skipped:
    """The status of the test, after a session that left it so, in a run of it as it was, with this ledger now."""
    old = ledger_of(f"unit {TEST} {before}")[TEST]
    return earlier_status(old, there, Counterparts(ledger_of(now).values()).of(TEST), control)


@pytest.mark.parametrize(
    ("before", "there", "now", "expected"),
    [
        ("passed", PASSED, f"unit {TEST} passed", "holds"),
        ("failed", PASSED, f"unit {TEST} passed", "holds"),
        ("xfailed promised", Seen(outcome="xpassed"), f"unit {TEST} passed", "holds"),
        ("passed", PASSED, f"unit {TEST} gone", "holds"),
        ("passed", FAILED, f"unit {TEST} passed", "adapted"),
        ("passed", FAILED, f"unit {TEST} xpassed", "adapted"),
        ("xfailed promised", FAILED, f"unit {TEST} passed", "adapted"),
        ("failed", FAILED, f"unit {TEST} passed", "mended_in_test"),
        ("error", Seen(outcome="error", error="boom"), f"unit {TEST} passed", "mended_in_test"),
        ("not_run last=session-1:failed", FAILED, f"unit {TEST} passed", "mended_in_test"),
        ("not_run last=session-1:passed", FAILED, f"unit {TEST} passed", "adapted"),
        ("passed", FAILED, f"unit {TEST} failed", "fails"),
        ("passed", FAILED, f"unit {TEST} skipped", "fails"),
        ("passed", FAILED, f"unit {TEST} gone", "fails"),
    ],
)
def test_an_earlier_test_has_one_status(before: str, there: Seen, now: str, expected: str) -> None:
    """Passing as it was is all that is asked; a failure is told by what the test is now and was before."""
    found = status(before, Tried(seen={TEST: there}), now)
    assert isinstance(found, EarlierTry)
    assert found.status == expected
    assert (found.error is None) == (expected == "holds")


def test_a_flaky_test_is_none_that_fails() -> None:
    """It failed as it was and passed when it was run once more."""
    found = status("failed", Tried(seen={TEST: FAILED}, wavering=frozenset({TEST})))
    assert found == EarlierTry(status="not_tried", error="it failed, then passed when run again: it is flaky")


@pytest.mark.parametrize("outcome", ["skipped", "xfailed"])
def test_a_skipped_test_says_nothing(outcome: Any) -> None:
    """Neither does one that is expected to fail and does."""
    assert isinstance(status("passed", Tried(seen={TEST: Seen(outcome=outcome)})), Skipped)


@pytest.mark.parametrize("broken", ["tests/test_a.py", "tests", "tests/__init__.py"])
def test_a_file_or_folder_that_cannot_be_collected_is_told_from_a_test_that_did_not_come_up(broken: str) -> None:
    """The first is a fact about the test, the second is none."""
    assert status("passed", Tried(broken={broken: "ImportError: x"})) == EarlierTry(status="cannot_run", error="ImportError: x")
    assert status("passed", Tried()) == EarlierTry(status="not_tried", error="pytest did not collect it")
    assert status("passed", Tried(cut_short="it was interrupted")).error == "it was interrupted"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "control",
    [Tried(), Tried(seen={TEST: FAILED}), Tried(broken={"tests/test_a.py": "no"}), Tried(seen={TEST: Seen(outcome="skipped")})],
)
@pytest.mark.parametrize("there", [Tried(seen={TEST: FAILED}), Tried(broken={"tests/test_a.py": "no"})])
def test_a_failure_counts_only_where_the_test_of_now_passes_in_a_scratch_tree(control: Tried, there: Tried) -> None:
    """Else the scratch tree may be what it fails by."""
    assert status("passed", there, control=control).status == "not_tried"  # type: ignore[union-attr]
    assert status("failed", there, control=control).status == "not_tried"  # type: ignore[union-attr]
    assert new(there, control).status == "not_tried"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "now",
    [
        f"unit tests/test_b.py::test_a passed moved_from={TEST}",
        f"unit {TEST}[1] passed\nunit {TEST}[2] passed",
    ],
)
def test_an_earlier_test_goes_on_as_what_it_moved_to_or_as_its_function(now: str) -> None:
    """Of several parameters all have to pass, in the scratch tree too."""
    control = Tried(seen=dict.fromkeys(ledger_of(now), PASSED))
    there = Tried(seen={TEST: FAILED})
    assert status("passed", there, now, control).status == "adapted"  # type: ignore[union-attr]
    assert status("passed", there, now, Tried()).status == "not_tried"  # type: ignore[union-attr]
    assert status("passed", there, now.replace("passed", "failed", 1), control).status == "fails"  # type: ignore[union-attr]


def new(there: Tried, control: Tried = WELL) -> NewTry | Skipped:
    """The status of a new test."""
    return new_status(ledger_of(f"unit {TEST} passed")[TEST], there, control)


def test_a_new_test_needs_the_change_or_passes_without_it() -> None:
    """One that fails, cannot be collected or is not there without the change needs it."""
    assert new(Tried(seen={TEST: PASSED})) == NewTry(status="passes_without_it")
    assert new(Tried(seen={TEST: FAILED})) == NewTry(status="needs_the_change", error="boom", place="tests/test_a.py:3")
    assert new(Tried(broken={"tests/test_a.py": "no"})) == NewTry(status="needs_the_change", error="no")
    assert new(Tried()) == NewTry(status="needs_the_change", error="it does not exist without the change")
    assert new(Tried(cut_short="stopped")) == NewTry(status="not_tried", error="stopped")
    assert isinstance(new(Tried(seen={TEST: Seen(outcome="skipped")})), Skipped)
