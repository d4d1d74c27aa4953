"""Waivers that the record refutes, waivers that are remembered, and notes behind a line."""

from __future__ import annotations

from typing import Any

import pytest

from builders import coverage_of, facts_of, new_code_of
from pytest_handoff.checklist.decisions import Decision, blocking, decide, remembered
from pytest_handoff.config import Config
from pytest_handoff.document.places import Task

E2E = "e2e a.py::x passed"
EARLIER = "All E2E tests from previous sessions still pass"
CURRENT = "All E2E tests for current session pass"


def decided(text: str, now: str, before: str = "", *, ticked: bool = True, **record: Any) -> Decision:
    """What is decided of one line."""
    task = Task(line=7, text=text, ticked=ticked, section=("Checklist",), at=0)
    (found,) = decide([task], facts_of(now, before, **record), Config())
    return found


@pytest.mark.parametrize(
    ("text", "now", "before", "why"),
    [
        (f"{EARLIER} (N/A: first session)", E2E, E2E, "session-1 came before"),
        (f"{EARLIER} (N/A - this is the first session)", E2E, E2E, "session-1 came before"),
        (f"{EARLIER} — N/A: first session, nothing to keep", E2E, E2E, "session-1 came before"),
        (f"{EARLIER} (N/A: no earlier sessions)", E2E, E2E, "session-1 came before"),
        (f"{EARLIER} (N/A: there are no e2e tests yet)", E2E, E2E, "there is 1 earlier e2e test"),
        (f"{EARLIER} (N/A: no previous end-to-end tests)", E2E, E2E, "there is 1 earlier e2e test"),
        (f"{CURRENT} (N/A: no e2e tests)", f"{E2E} since=session-2", "unit b.py::y passed", "there is 1 new e2e test"),
        ("Performance impact assessed (N/A: first session)", E2E, E2E, "session-1 came before"),
        ("All tests pass (N/A: there are no tests)", E2E, "", "there is 1 test"),
    ],
)
def test_a_waiver_that_the_record_refutes(text: str, now: str, before: str, why: str) -> None:
    """It waives nothing, fails with what the record knows, and leaves the box alone."""
    found = decided(text, now, before)
    assert (found.check.decision, found.verdict, found.state, found.wanted) == ("waived", "failed", "fails", None)
    assert found.evidence == f"the record contradicts the reason {found.check.why!r}: {why}"
    (verdict,) = blocking((), [found])
    assert (verdict.id, verdict.needs) == ("waiver", "give the true reason, or withdraw the waiver")


@pytest.mark.parametrize(
    ("text", "now", "before"),
    [
        (f"{EARLIER} (N/A: first session)", E2E, ""),
        (f"{EARLIER} (N/A: first session)", "unit a.py::x passed", "unit a.py::x passed"),  # it would not apply anyway
        (f"{EARLIER} (N/A: no user would notice)", E2E, E2E),
        (f"{CURRENT} (N/A: no e2e tests)", E2E, E2E),  # none of this session's
        (f"{CURRENT} (N/A: first session with a database)", E2E, E2E),
        ("All integration tests pass (N/A: no integration tests)", E2E, E2E),
        ("Performance impact assessed (N/A: documentation only)", E2E, E2E),
    ],
)
def test_a_waiver_that_stands(text: str, now: str, before: str) -> None:
    """What the record does not know better is a person's reason."""
    assert decided(text, now, before).state == "waived"


def test_new_code_and_measured_coverage_refute_a_reason() -> None:
    """Documentation alone has no new statements, and what was measured is not unmeasured."""
    measured: dict[str, Any] = {"coverage": coverage_of(a=(9, 10)), "new_code": new_code_of(4, covered=3)}
    line = "Coverage ≥ 80% (N/A: {})"
    assert decided(line.format("documentation only"), E2E, **measured).evidence.endswith("there are 4 new statements")
    assert decided(line.format("coverage is not measured"), E2E, **measured).evidence.endswith("coverage was measured")
    assert decided(line.format("coverage is not measured"), E2E).state == "waived"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("All tests pass", ["All tests pass"]),
        ("All tests pass (N/A: a plan, no code)", ["All tests pass"]),
        ("~~All tests pass~~ N/A: a plan, no code", ["~~All tests pass~~"]),
        (f"{EARLIER} (Sessions 0-1: 3/3 passed)", [EARLIER]),
        (f"{EARLIER} (3/3)", [EARLIER]),
        ("All tests pass (95% coverage)", ["All tests pass (95% coverage)"]),
        ("Performance impact assessed (N/A: documentation only)", []),
        ("The design was discussed", []),
    ],
)
def test_what_the_next_session_must_carry(text: str, kept: list[str]) -> None:
    """A line is remembered without the reason of its waiver and without a note on its result."""
    task = Task(line=7, text=text, ticked=False, section=("Checklist",), at=0)
    assert remembered(decide([task], facts_of(E2E), Config())) == kept


@pytest.mark.parametrize(
    ("text", "now", "ticked", "state", "wanted"),
    [
        ("All tests pass - 20/20", E2E, True, "done", None),
        ("All tests pass - 20/20", E2E, False, "waits", None),
        ("All tests pass - 20/20", "e2e a.py::x failed", True, "vetoed", False),
        ("All tests pass (Sessions 0-1: 3/3 passed)", "e2e a.py::x failed", True, "vetoed", False),
        ("Overall pass rate ≥90% (actual: 100%)", "e2e a.py::x failed", True, "vetoed", False),
        ("Overall pass rate ≥90% (actual: 100%)", E2E, True, "done", None),
        ("All tests pass (except e2e)", "e2e a.py::x failed", True, "done", None),
    ],
)
def test_a_note_makes_a_veto(text: str, now: str, ticked: bool, state: str, wanted: bool | None) -> None:
    """What is false is unticked, what is true stays as the person set it; a note that may narrow the line leaves it to them."""
    found = decided(text, now, ticked=ticked)
    assert (found.state, found.wanted) == (state, wanted)
