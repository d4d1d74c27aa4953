"""Two lines about one thing never disagree, and a line that says more never holds where one that says less does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import coverage_of, facts_of, new_code_of
from pytest_handoff.checklist.decisions import decide
from pytest_handoff.composition.tables import summary_values
from pytest_handoff.config import Config
from pytest_handoff.document.places import Task

if TYPE_CHECKING:
    from pytest_handoff.evidence.facts import Facts

SAME = [
    ["All tests pass", "All tests are passing", "Every test passes", "The full test suite is green", "Tests: all passing",
     "100% of tests pass", "100% of all tests passing", "Alle Tests bestehen"],
    ["All unit tests pass", "Unit tests are green", "Every unit test passes", "100% of unit tests pass", "Alle Unit-Tests grün"],
    ["No failing tests", "No test failures", "No tests fail", "Zero failing tests", "0 failed tests", "No failing tests remain"],
    ["No failing unit tests", "No unit test failures", "No unit tests fail", "Zero unit test failures found"],
    ["No new failing tests", "No new test failures", "No newly failing tests", "No failing tests introduced"],
    ["Existing tests still pass", "All tests from previous sessions still pass", "No regressions", "Zero regressions introduced",
     "No existing tests broken", "Previously passing tests still pass", "100% of existing tests pass"],
    ["All new tests pass", "All tests added in this session pass", "All tests for current session pass"],
    ["2+ tests pass", "At least 2 tests pass", "2 or more tests passing", "More than 1 tests pass", "Minimum of 2 tests pass"],
    ["2/2 tests pass", "All 2 tests pass", "2 of 2 tests passing", "All tests pass (2/2)", "Tests: 2/2 passing"],
    ["Pass rate ≥ 60%", "Test pass rate of at least 60 %", "At least 60% of tests pass", "Overall pass rate: 60% or higher",
     "60%+ of tests pass", "Maintain a pass rate at or above 60 percent"],
    ["Coverage ≥ 80%", "At least 80 percent coverage", "80%+ test coverage", "Overall coverage of at least 80 %",
     "Code coverage: 80% or more", "Coverage target of 80% met", "Testabdeckung mindestens 80 Prozent"],
    ["Coverage for new code > 80%", "New code coverage above 80%", "More than 80% of new code covered", "Patch coverage > 80 %"],
    ["No skipped tests", "Zero skips", "No tests skipped", "0 skipped tests", "Skipped tests: none"],
    ["No skipped or failing tests", "No failing or skipped tests", "No tests failed or skipped"],
    ["At least 1 new test added", "1+ new tests", "Added 1 or more new tests"],
    ["All E2E tests from previous sessions still pass", "Previous sessions' e2e tests pass", "No e2e regressions"],
]  # fmt: skip

STRONGER = [
    ("All tests pass", "No failing tests"),
    ("No failing tests", "No new failing tests"),
    ("No failing tests", "No failing unit tests"),
    ("All tests pass", "100% pass rate"),
    ("100% pass rate", "Pass rate > 99%"),
    ("Pass rate > 60%", "Pass rate ≥ 60%"),
    ("3 tests pass", "2+ tests pass"),
    ("All 3 tests pass", "3 tests pass"),
    ("All 3 tests pass", "All tests pass"),
    ("More than 2 tests pass", "2+ tests pass"),
    ("Coverage > 80%", "Coverage ≥ 80%"),
    ("Coverage ≥ 81%", "Coverage > 80%"),
    ("All new and existing tests pass", "No new failing tests"),
]

_outcomes = st.sampled_from(["passed", "passed", "passed", "failed", "error", "skipped", "xfailed", "xpassed", "not_run"])


@st.composite
def made_up(draw: st.DrawFn) -> Facts:
    """The facts of a second session: up to six tests, old or new, of two tiers, and some coverage."""
    now, before, partial = [], [], False
    for number in range(draw(st.integers(0, 6))):
        tier, outcome, old = draw(st.sampled_from(["unit", "e2e"])), draw(_outcomes), draw(st.booleans())
        if old:
            before.append(f"{tier} a.py::t{number} {draw(_outcomes.filter(lambda how: how != 'not_run'))}")
            outcome = draw(st.just(outcome) | st.just("gone"))
        partial = partial or outcome == "not_run"
        now.append(f"{tier} a.py::t{number} {outcome} since={'session-1' if old else 'session-2'}")
    covered = draw(st.integers(0, 20))
    record: dict[str, Any] = {"why_incomplete": ["-k was given"]} if partial or draw(st.integers(0, 9)) == 0 else {}
    if draw(st.integers(0, 4)):
        record |= {"coverage": coverage_of(a=(covered, 20)), "new_code": new_code_of(20, covered=covered)}
    return facts_of("\n".join(now), "\n".join(before) or "unit old.py::gone skipped retired=session-1:y", **record)


def verdicts(facts: Facts, lines: list[str]) -> list[str | None]:
    """What is decided of lines, all of which must be understood."""
    tasks = [Task(line=at, text=text, ticked=False, section=("Checklist",), at=0) for at, text in enumerate(lines)]
    decided = decide(tasks, facts, Config())
    assert [one.text for one in decided if one.check.decision != "decided"] == []
    return [one.verdict for one in decided]


@given(made_up())
@settings(max_examples=50)
def test_two_lines_about_one_thing_never_disagree(facts: Facts) -> None:
    """However it is worded, one condition has one verdict."""
    for wordings in SAME:
        found = verdicts(facts, wordings)
        assert len(set(found)) == 1, dict(zip(wordings, found, strict=True))


@given(made_up())
@settings(max_examples=50)
def test_what_says_more_never_holds_alone(facts: Facts) -> None:
    """Where the stronger line holds, the weaker one does."""
    for stronger, weaker in STRONGER:
        more, less = verdicts(facts, [stronger, weaker])
        assert more != "passed" or less == "passed" or (less == "failed" and "unit" in weaker), (stronger, weaker)


@given(made_up())
@settings(max_examples=50)
def test_lines_agree_with_rows(facts: Facts) -> None:
    """A row of a table meets its target where the line of the checklist holds, with the same figures."""
    rows = {
        "metrics.pass_rate": "Pass rate ≥ 60%",
        "metrics.coverage": "Coverage ≥ 60%",
        "metrics.new_code": "New code coverage ≥ 60%",
    }
    told = summary_values(facts, dict.fromkeys(rows, "≥ 60%"), {})
    for row, line in rows.items():
        met = (told.get(f"{row}.status") or "").startswith("✅")
        assert met == (verdicts(facts, [line]) == ["passed"]), (row, told)


@pytest.mark.parametrize("wordings", SAME, ids=lambda wordings: wordings[0])
def test_wordings_are_different_lines(wordings: list[str]) -> None:
    """A table that repeats itself shows nothing."""
    assert len({line.casefold() for line in wordings}) == len(wordings) > 2
