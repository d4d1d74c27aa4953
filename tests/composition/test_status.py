"""The lines that say whether a session is complete, in words that a person would write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import coverage_of, facts_of, new_code_of, run_info
from pytest_handoff.checklist.decisions import blocking, decide, standing_verdicts
from pytest_handoff.composition.status import status_values
from pytest_handoff.config import Config
from pytest_handoff.document.places import Task
from pytest_handoff.evidence.facts import DocumentFacts
from pytest_handoff.record import Verdict

if TYPE_CHECKING:
    from pytest_handoff.evidence.facts import Facts

PASSED = "unit a.py::x passed"
NO_LIST = "tests pass, but there is no checklist"
UNIT = "New unit tests achieve >90% coverage for new code"


def status(facts: Facts, *lines: str, ticked: bool = False, section: str = "Checklist") -> dict[str, str]:
    """The status lines of a document with this checklist."""
    tasks = [Task(line=number, text=text, ticked=ticked, section=(section,), at=0) for number, text in enumerate(lines)]
    decided = decide(tasks, facts, Config())
    return status_values(facts, blocking(standing_verdicts(facts, Config(), "2026-01-01"), decided), decided)


@pytest.mark.parametrize(
    ("now", "lines", "ticked", "session", "ready"),
    [
        (PASSED, ["All tests pass"], False, "✅ Complete", "Yes: all automatic checks pass"),
        (PASSED, ["Talk to us"], True, "✅ Complete", "Yes: every line of the checklist is ticked"),
        (
            PASSED, ["Talk to us"], False, "❌ Incomplete: 1 checklist line needs sign-off",
            "No: 1 checklist line needs sign-off",
        ),
        (
            PASSED, ["All tests pass", "Talk to us", "Walk"], False, "❌ Incomplete: 2 checklist lines need sign-off",
            "Yes: all automatic checks pass; 2 checklist lines need sign-off",
        ),
        ("unit a.py::x failed", ["All tests pass"], True, "❌ Incomplete: 1 test fails", "No: 1 test fails"),
        (
            PASSED, ["Talk to us (N/A: alone)"], False, "⚠️ Complete with Issues: 1 line waived",
            "Yes: every line of the checklist is ticked or waived",
        ),
        (
            f"{PASSED} flaky", ["All tests pass"], False, "⚠️ Complete with Issues: 1 flaky test",
            "Yes: all automatic checks pass",
        ),
        (
            f"{PASSED}\nunit a.py::y xfailed promised", ["All tests pass"], False, "✅ Complete",
            "Yes: all automatic checks pass; 1 test is promised",
        ),
        (PASSED, [], False, f"❌ Incomplete: {NO_LIST}", f"No: {NO_LIST}"),
    ],
)  # fmt: skip
def test_status(now: str, lines: list[str], ticked: bool, session: str, ready: str) -> None:
    """A session is complete only when a checklist was decided, nothing blocks and nobody is waited for."""
    found = status(facts_of(now), *lines, ticked=ticked)
    assert (found["status.session"], found["status.next"]) == (session, ready)


def test_a_phase_is_in_progress() -> None:
    """Boxes that are no checklist decide nothing, and what is not complete is in progress in a phase."""
    found = status(facts_of(PASSED), "Write the scheduler", section="Components")
    assert found["phase.status"] == found["status.top"] == f"🚧 In Progress: {NO_LIST}"
    assert found["phase.next"] == f"No: {NO_LIST}"
    assert status(facts_of("unit a.py::x failed"))["phase.status"] == "🚧 In Progress: 1 test fails"
    assert status(facts_of(PASSED), "All tests pass")["phase.status"] == "✅ Complete"


@pytest.mark.parametrize(
    ("now", "before", "record", "lines", "words"),
    [
        (
            "unit a.py::x failed\nunit a.py::y gone\nunit a.py::z gone", f"{PASSED}\nunit a.py::y passed\nunit a.py::z passed",
            {"new_code": new_code_of(14, covered=14, unit=14, new_unit=9)}, [UNIT, "All tests pass", "Existing tests still pass"],
            "1 test fails, 2 earlier tests are missing, new code is covered at 64.2 % by new unit tests",
        ),
        ("unit a.py::x skipped", PASSED, {}, ["No regressions"], "no test passed, 1 earlier test is skipped now"),
        (PASSED, "", {"coverage": coverage_of(a=(7, 10))}, ["Coverage ≥ 80%"], "coverage is 70.0 %"),
        (PASSED, "", {"coverage": coverage_of(a=(7, 10))}, ["Coverage of src/a.py ≥ 80%"], "coverage of src/a.py is 70.0 %"),
        (PASSED, "", {}, ["Coverage ≥ 80%", "Coverage report generated"], "coverage was not measured"),
        (PASSED, "", {}, ["5+ tests pass"], "1/1 tests passed"),
        (PASSED, "", {}, ["All e2e tests pass"], "there are no e2e tests"),
        (PASSED, PASSED, {}, ["All tests pass (N/A: first session)"], "the reason for a waiver is not true"),
        (PASSED, "", {"unparsable": {"a|b.json": "x"}}, ["All config files parse"], r"a\|b.json"),
    ],
)  # fmt: skip
def test_what_is_missing_in_words(now: str, before: str, record: dict[str, Any], lines: list[str], words: str) -> None:
    """Figures and what they are of, each once, and no ids of gates."""
    found = status(facts_of(now, before, **record), *lines)
    assert (found["status.session"], found["status.next"]) == (f"❌ Incomplete: {words}", f"No: {words}")


def test_what_the_document_lacks_in_words() -> None:
    """Claims and required lines are counted, and many reasons are cut short."""
    facts = facts_of("unit a.py::x failed\nunit a.py::y gone", f"{PASSED}\nunit a.py::y passed", why_incomplete=["-k x"])
    document = DocumentFacts(contradicted=("line 3 says 9/9",), absent=(("All tests pass", None), ("Docs", None)))
    found = status(replace(facts, document=document))["status.session"]
    assert found == (
        "❌ Incomplete: the run is incomplete, 1 test fails, 1 earlier test is missing, 1 figure contradicts the evidence, "
        "2 required lines are missing"
    )


def test_gates_of_the_project() -> None:
    """They are named, since nobody else has words for them."""
    facts = facts_of(PASSED)
    found = status_values(facts, [Verdict(id="licence", verdict="failed", evidence="two files: a.py, b.py", needs="")], [])
    assert found["status.session"] == "❌ Incomplete: licence: two files"


def test_an_incomplete_run_is_never_complete() -> None:
    """The status of an incomplete run is incomplete, whatever passes."""
    facts = facts_of(PASSED)
    facts = replace(facts, record=replace(facts.record, run=run_info(["-k was given"])))
    assert status(facts)["status.session"] == "❌ Incomplete: the run is incomplete"
