"""A document that is filled, and what the terminal, ``explain`` and ``show`` say of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from builders import coverage_of, facts_of, new_code_of, record_of
from pytest_handoff.cli.history import history_lines
from pytest_handoff.cli.show import closing, explained, show_table
from pytest_handoff.composition.compose import Composition, FillRequest, compose
from pytest_handoff.composition.terminal import problem_lines, run_lines
from pytest_handoff.config import Config
from pytest_handoff.evidence.history import session_rows
from pytest_handoff.record import Parent, Written
from pytest_handoff.workflow.chain import Problem
from pytest_handoff.workflow.verify import reason_line

if TYPE_CHECKING:
    from pytest_handoff.evidence.facts import Facts

DOCUMENT = """\
# Session 2

### E2E Test Status
- **Current Session Tests**: [X/Y passed]
- **Previous Session Tests**: [X/Y passed]

## Verification Checklist
- [ ] All tests pass
- [x] No flaky tests
- [ ] The design was discussed
"""
PASSED = "unit a.py::x passed"
NO_E2E = "tests of every tier: there are no e2e tests"


def composed(
    now: str = PASSED, before: str = "", *, text: str = DOCUMENT, required: list[str] | None = None, **more: Any
) -> Composition:
    """The document, filled."""
    return compose_facts(facts_of(now, before, **more), text, required or [])


def compose_facts(facts: Facts, text: str = DOCUMENT, required: list[str] | None = None) -> Composition:
    return compose(
        text,
        facts,
        Config(),
        FillRequest(
            path="handoffs/session-2.md",
            today="2026-01-02",
            render=lambda _place, _context: None,
            parent_percent=90.0,
            required=required or [],
        ),
    )


def test_a_filled_document() -> None:
    """Values and ticks stand where they were asked for, and nothing else changes."""
    found = composed("unit a.py::x passed\nunit a.py::y passed since=session-2 flaky", PASSED)
    assert found.text == (
        DOCUMENT.replace("Current Session Tests**: [X/Y passed]", f"Current Session Tests**: 1/1 passed ({NO_E2E})")
        .replace("Previous Session Tests**: [X/Y passed]", f"Previous Session Tests**: 1/1 passed ({NO_E2E})")
        .replace("[ ] All tests", "[x] All tests")
        .replace("[x] No flaky", "[ ] No flaky")
    )


def test_filling_twice_changes_nothing() -> None:
    """With what was written remembered, a second fill gives the same text."""
    first = composed()
    facts = replace(first.facts, record=replace(first.facts.record, places=list(first.written)))
    assert compose_facts(facts, first.text).text == first.text


def test_a_claim_that_the_evidence_contradicts_blocks() -> None:
    """A person's figure stays in the document, and the gate on claims fails."""
    found = composed(text=DOCUMENT.replace("Tests**: [X/Y passed]", "Tests**: 9/9 passed", 1))
    assert "9/9 passed" in found.text
    assert [verdict.id for verdict in found.blocking] == ["claims"]


@pytest.mark.parametrize(
    ("lines", "is_claim"),
    [
        ("3 passed, 1 failed in 0.12s", True),
        ("Passed: 44", True),
        ("All 12 tests pass", True),
        ("unit 7/7", True),
        ("no tests ran in 0.01s", True),
        ("Resizing by hand:\n- test_corner: PASS\n- test_edge: SKIP (no handle there yet)", False),
        ("the run of 2026-11-21 is in out.log", False),
    ],
)
def test_what_is_fenced_below_the_results(lines: str, is_claim: bool) -> None:
    """A person's fence below *Test Results* is a claim where it tells how many tests passed or failed, and else a remark."""
    text = f"# Phase 2\n\n### Test Results\n\n```\n{lines}\n```\n"
    found = composed(text=text)
    assert found.text == text
    assert [finding.place for finding in found.findings] == (["phase.results"] if is_claim else [])
    ours = composed(text=text, places=[Written(id="phase.results", text=lines)])
    assert ours.text == text.replace(lines, "1 passed\n\nCoverage was not measured: no pytest-cov")


def test_a_required_line_that_is_gone_blocks() -> None:
    """A line that was there before must be there, and what can be decided is remembered for the next time."""
    found = composed(required=["All e2e tests pass"])
    assert [verdict.id for verdict in found.blocking] == ["required"]
    assert found.required == ["All e2e tests pass", "All tests pass", "No flaky tests"]


def told(found: Composition, *, verbosity: int = 0, percent: float | None = None) -> str:
    lines = run_lines(found, "handoffs/session-2.md", parent_percent=percent, verbosity=verbosity)
    return "\n".join(line.text for line in lines)


@pytest.mark.parametrize("why", [["-k was given"], ["1 test did not run: a.py::y"], ["-x was given", "2 tests did not run"]])
def test_why_a_run_is_not_whole_is_told_once(why: list[str]) -> None:
    """The gate on it has the reasons, and what follows from it does not repeat them."""
    shown = told(composed(why_incomplete=why))
    assert [shown.count(reason) for reason in why] == [1] * len(why)


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        ("unit a.py::x passed\nunit a.py::y xfailed\ne2e b.py::z failed", "e2e 0/1 · unit 1/2 (1 xfailed)"),
        ("unit a.py::x passed\nunit a.py::y skipped\nunit a.py::z failed\ne2e b.py::z passed", "e2e 1/1 · unit 1/3 (1 skipped)"),
        ("unit a.py::x passed\nunit a.py::y skipped", "tests      1 passed, 1 skipped   unit 1/2"),
    ],
)
def test_what_did_not_pass_and_did_not_fail_is_told_beside_its_tier(now: str, shown: str) -> None:
    """Nobody takes a skip for a failure."""
    assert shown in told(composed(now))


def test_the_terminal_after_a_good_run() -> None:
    """Figures come first, and the gate's word is as sure as a machine can be."""
    shown = told(composed("unit a.py::x passed\nunit a.py::y passed since=session-2", PASSED))
    assert "tests      2 passed   unit 2/2 · 1 new" in shown
    assert "earlier    1/1 still pass   (since session-1)" in shown
    assert "checklist  1 of 1 automatic check passes · 1 signed off · 1 needs sign-off" in shown
    assert "gate       all automatic checks pass · 1 needs sign-off" in shown


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((80427, 100000), (80588, 100000)),
        ((9836, 10000), (9841, 10000)),
        ((8000, 10000), (5511, 10000)),
        ((916, 1000), (951, 1000)),
    ],
)
def test_a_change_is_the_same_figure_at_the_end_of_the_run(before: tuple[int, int], after: tuple[int, int]) -> None:
    """Both cut it, and neither rounds."""
    first = record_of(session="session-1", coverage=coverage_of(a=before))
    second = record_of(
        session="session-2", previous=[Parent(session="session-1", digest="sha256:0")], coverage=coverage_of(a=after)
    )
    now = composed(PASSED, PASSED, coverage=coverage_of(a=after))
    lines = run_lines(now, "d.md", parent_percent=100 * before[0] / before[1], verbosity=0)
    (told,) = [re.findall(r" %  \((.*?)\)", line.text)[0] for line in lines if line.text.startswith("coverage")]
    *_, last = history_lines(session_rows({"session-1": first, "session-2": second}), width=1000)
    row = "".join(part.text for part in last)
    arrow = told.replace("+", "▲ ").replace("-", "▼ ").replace("as before", "=")

    assert f" % {arrow} " in f"{row} "
    assert arrow == {80427: "▲ 0.1", 9836: "=", 8000: "▼ 24.8", 916: "▲ 3.5"}[before[0]]


@pytest.mark.parametrize(
    ("now", "before", "changes", "part"),
    [
        (PASSED, "", {}, "earlier    none: this is the first session"),
        ("unit a.py::x failed", PASSED, {}, "earlier    0/1 still pass   1 regressed"),
        ("unit a.py::x failed", "unit a.py::x skipped", {}, "earlier    0/1 still pass   1 failing (skipped before)"),
        ("unit a.py::x failed", "unit a.py::x error", {}, "earlier    0/1 still pass   1 still failing"),
        (PASSED, "", {}, "coverage   not measured: no pytest-cov"),
        (PASSED, "", {"coverage": coverage_of(a=(999, 1000))}, "coverage   99.9 %  (+9.9)"),
        (PASSED, "", {"coverage": coverage_of(a=(9, 10))}, "coverage   90.0 %  (as before)"),
        (PASSED, "", {"coverage": coverage_of(a=(9, 10)), "new_code": new_code_of(0, covered=0)}, "no new statements"),
        (
            PASSED, "", {"coverage": coverage_of(a=(9, 10)), "new_code": new_code_of(10, covered=9)},
            "new code 9/10 statements 90.0 % · by new unit tests not measured",
        ),
        (
            PASSED, "", {"coverage": coverage_of(a=(9, 10)), "new_code": new_code_of(10, covered=9, unit=9, new_unit=8)},
            "by new unit tests 8/10 80.0 %",
        ),
        (PASSED, "", {"why_incomplete": ["-k was given"]}, "  complete   incomplete: -k was given"),
        ("unit a.py::x failed error=boom", "", {}, "a.py::x failed (boom)  fix: make 1 test pass"),
        ("", "", {}, "tests      none"),
        (f"{PASSED} flaky", "", {}, "1 flaky"),
        (f"{PASSED}\nunit a.py::y skipped\nunit a.py::z failed", "", {}, "unit 1/3 · 3 new"),
        (f"{PASSED}\nunit a.py::y skipped\ne2e b.py::z xfailed", "", {}, "e2e 0/1 (1 xfailed) · unit 1/2 (1 skipped) · 3 new"),
    ],
)  # fmt: skip
def test_what_the_terminal_says(now: str, before: str, changes: dict[str, Any], part: str) -> None:
    """Each part of the evidence has its words."""
    assert part in told(composed(now, before, **changes), percent=90.0)


def test_the_terminal_names_tests_when_asked() -> None:
    """Quietly there are two lines; with names wanted, each lost, fixed and flaky test is named."""
    before = f"{PASSED}\nunit a.py::y failed\nunit a.py::z passed"
    found = composed("unit a.py::x failed\nunit a.py::y passed flaky\nunit a.py::z gone", before)
    assert told(found, verbosity=-1) == "handoff session-2: gate would not pass\ndocument   handoffs/session-2.md"
    names = told(found, verbosity=1)
    for row in ("fixed      a.py::y", "flaky      a.py::y"):
        assert row in names
    assert "regressed  a.py::x" not in names, "the gate has named it"
    assert "missing    a.py::z" not in names


def test_the_terminal_names_every_lost_test_where_a_gate_does_not() -> None:
    """A gate's line is cut where it is long; then each test that the line could not name is in a row of its own."""
    many = [f"unit a.py::test_with_a_rather_long_name_{number:02}" for number in range(20)]
    found = composed("\n".join(f"{test} failed" for test in many), "\n".join(f"{test} passed" for test in many))
    said = told(found, verbosity=1)
    assert all(f"regressed  {test.removeprefix('unit ')}" in said for test in many)


def test_labels_and_texts_never_run_together() -> None:
    """A label that is longer than its column is followed by blanks all the same."""
    text = DOCUMENT + "- [x] 90+ new tests added and passing\n"
    found = composed("unit a.py::x skipped\nunit a.py::y failed", f"{PASSED}\nunit a.py::y skipped", text=text)
    said = told(found, verbosity=1)
    for row in ("failing (skipped before)  a.py::y", "new_tests+tests  90+ new tests added"):
        assert row in said
    assert (
        reason_line(Problem(kind="new_tests+tests", path="", message="90+ new tests", remedy=None))
        == "new_tests+tests  90+ new tests"
    )


def test_a_problem_is_told_with_its_details() -> None:
    """What kept the evidence from being written comes first, details below it."""
    assert [line.text for line in problem_lines("s-1", "no disk", ["why"])] == ["handoff s-1: no disk", "  why"]


def test_explanation_of_what_blocks_beside_the_lines() -> None:
    """A gate that no line speaks of is named with its fix: without it, "fix it" would point at nothing."""
    text = "# A\n\n## Checklist\n\n- [ ] Somebody looked\n"
    rows = [row.text for row in closing(composed("unit a.py::x failed", text=text))]
    assert rows == [
        "   – ✗ failures: a.py::x failed",
        "          fix: make 1 test pass",
        "1 needs sign-off",
        "next: fix it, then pytest --handoff=session-2",
    ]
    of_a_line = closing(composed("unit a.py::x failed", text=DOCUMENT))
    assert not any(row.text.startswith("   – ✗") for row in of_a_line)


def test_explanation_of_each_line() -> None:
    """Every line of the checklist has its box as it should be, who decides it, by which rule, and on what evidence."""
    text = DOCUMENT + "- [ ] All e2e tests pass (N/A: a library)\n- [ ] All configuration files are valid\n"
    rows = [row.text for row in explained(composed("unit a.py::x failed", text=text, unparsable={}))]
    for part in (
        "   8 ✗ [ ] All tests pass",
        "          decided · tests(scope=all, all pass) · 0/1 tests passed: a.py::x failed",
        "          fix: make 1 test pass",
        "   9 ✓ [x] No flaky tests",
        "          manual: handoff cannot check",
        "          waived: a library",
        "          manual, evidence can only object · files_parse · every changed configuration file parses",
    ):
        assert any(row.startswith(part) for row in rows), part


def test_shape_for_programs() -> None:
    """The documented keys are there, a test that is gone has no outcome, and what was not measured is null."""
    table = show_table(composed("unit a.py::x gone\nunit a.py::y failed error=boom\nunit a.py::z passed retired=session-2:old",
                          f"{PASSED}\nunit a.py::y passed\nunit a.py::z passed"), fresh=True)  # fmt: skip
    assert table["schema"] == "pytest-handoff/show/1"
    assert table["tests"] == {
        "a.py::x": {"outcome": None, "tier": "unit", "since": "session-1", "status": "missing"},
        "a.py::y": {"outcome": "failed", "tier": "unit", "since": "session-1", "status": "regressed", "error": "boom"},
        "a.py::z": {"outcome": None, "tier": "unit", "since": "session-1", "status": "retired"},
    }
    assert (table["coverage"], table["new_code"], table["fresh"], table["complete"]) == (None, None, True, True)
    assert table["regression"]["expected"] == 2
    assert table["checks"][0] | {"evidence": "", "needs": ""} == {
        "line": 8, "text": "All tests pass", "decision": "decided", "verdict": "failed", "ticked": False, "gate": "tests",
        "rule": ["tests(scope=all, all pass)"], "state": "fails", "evidence": "", "needs": "",
    }  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(table)) == table


def test_coverage_for_programs() -> None:
    """Measured coverage is given file by file, unrounded."""
    table = show_table(composed(coverage=coverage_of(a=(2, 3))), fresh=False)
    assert table["coverage"]["files"]["src/a.py"]["percent"] == pytest.approx(66.6666666)
