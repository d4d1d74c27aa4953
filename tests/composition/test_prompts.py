"""Prompts of documents that people have: the answer has the form that was asked for, and a person's words stay."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from builders import coverage_of, facts_of
from pytest_handoff.composition.compose import Composition, FillRequest, compose
from pytest_handoff.config import Config
from pytest_handoff.record import Changes
from pytest_handoff.rendering.templates import Renderer

BEFORE = """
    unit tests/unit/test_cart.py::test_total passed
    unit tests/unit/test_cart.py::test_empty passed
    e2e tests/e2e/test_shop.py::test_checkout passed
"""
NOW = f"""{BEFORE}
    unit tests/unit/test_refund.py::test_full passed since=session-2
    unit tests/unit/test_refund.py::test_part failed since=session-2
    e2e tests/e2e/test_refund.py::test_money_back passed since=session-2
"""
RENDERER = Renderer()
CHANGES = Changes(
    created=["a.py"], modified=[], removed=[], renamed=[], lines_added=38, lines_removed=0, tests_added=3, documents_changed=0
)
E2E = "### E2E Test Status"


def filled(text: str, *, now: str = NOW, before: str = BEFORE, line_counts: dict[str, int] | None = None) -> str:
    """The text, filled, with a second fill that must change nothing."""
    facts = facts_of(now, before, coverage=coverage_of(cart=(9, 10)))
    request = FillRequest(
        path="x.md", today="2026-01-02", render=lambda _place, _context: None, line_counts=lambda: line_counts or {}
    )
    found = compose(text, facts, Config(), request)
    again = compose(found.text, replace(facts, record=replace(facts.record, places=list(found.written))), Config(), request)
    assert again.text == found.text
    return found.text


def line(heading: str, asked: str, **more: str) -> str:
    """What becomes of one line below a heading."""
    return filled(f"# Session 2\n\n## Test Results\n\n{heading}\n\n{asked}\n", **more).rstrip("\n").rpartition("\n")[2]


@pytest.mark.parametrize(
    ("heading", "asked", "answer"),
    [
        ("", "- **Current Session Tests**: [X/Y passed]", "- **Current Session Tests**: 2/3 passed, 1 failed"),
        (E2E, "- **Current Session Tests**: [X/Y passed]", "- **Current Session Tests**: 1/1 passed"),
        ("", "- **Previous Session Tests**: [X/Y]", "- **Previous Session Tests**: 3/3 passed"),
        (E2E, "- **Previous Session Tests**: [X/Y]", "- **Previous Session Tests**: 1/1 passed"),
        ("### E2E Tests", "- **Previous Session Tests**: [N]", "- **Previous Session Tests**: 1"),
        ("", "- **Session 1 Tests**: [X/Y passed]", "- **Session 1 Tests**: 3/3 passed"),
        (E2E, "- **Session 1 Tests**: [X/Y passed]", "- **Session 1 Tests**: 1/1 passed"),
        ("", "- **Session 2 Tests**: [X/Y passed]", "- **Session 2 Tests**: 2/3 passed, 1 failed"),
        ("", "- **Session 7 Tests**: [X/Y passed]", "- **Session 7 Tests**: [X/Y passed]"),
        ("", "- **Unit Tests**: [X/Y passed]", "- **Unit Tests**: 3/4 passed, 1 failed"),
        ("", "- **Unit Tests**: [Passing | Failing]", "- **Unit Tests**: Failing"),
        ("", "- **Unit Tests**: [N]", "- **Unit Tests**: 4"),
        ("", "- **E2E Tests**: [X% passing]", "- **E2E Tests**: 100 % passing"),
        ("", "- **Integration Tests**: [X/Y passed]", "- **Integration Tests**: 0/0 passed (no integration test)"),
        ("", "- **Test Failures**: [N]", "- **Test Failures**: 1"),
        ("", "- **New Tests**: [Count]", "- **New Tests**: 3"),
        ("", "- **Total Tests**: [count]", "- **Total Tests**: 6"),
        ("", "- **Total Tests**: [X%]", "- **Total Tests**: 83.3 % passing"),
    ],
)
def test_the_form_and_the_scope_that_are_asked_for(heading: str, asked: str, answer: str) -> None:
    """Figures answer figures and words answer words; a heading about e2e tests narrows what stands below it."""
    assert line(heading, asked) == answer


def test_a_share_stays_a_share_when_tests_come() -> None:
    """What was asked for is known from what was written, when the prompt is gone."""
    text = "# T\n\n## Test Results\n\n- **Integration Tests**: [X/Y passed]\n"
    first = compose_once(text)
    facts = facts_of(f"{NOW}\nintegration i.py::x passed since=session-2", BEFORE, places=list(first.written))
    request = FillRequest(path="x.md", today="2026-01-02", render=lambda _place, _context: None)
    assert "1/1 passed" in compose(first.text, facts, Config(), request).text


def compose_once(text: str, *, block: bool = False, config: Config | None = None, **more: Any) -> Composition:
    """The composition of a text, where the tests of one file are gone."""
    request = FillRequest(
        path="x.md",
        today="2026-01-02",
        render=RENDERER.block if block else lambda _place, _context: None,
        line_counts=lambda: {"src/cart.py": 14},
    )
    more.setdefault("coverage", coverage_of(cart=(9, 10)))
    gone = "unit tests/unit/test_fax.py::test_fax gone retired=session-2:nobody~has~one"
    return compose(text, facts_of(f"{NOW}\n{gone}", BEFORE, **more), config or Config(), request)


@pytest.mark.parametrize(
    "kept",
    [
        "**Status:** Parser done | lexer half done, ask Ada",
        "**Session Status**: Done | Tests: 12/12",
        "**Session**: [PROJ-17]",
        "**Duration**: [Time spent]",
        "**Duration**: ~6 hours",
        "**Files:** [count] implementation | [count] tests | [count] pictures",
    ],
)
def test_a_persons_words_stay(kept: str) -> None:
    """Two statements, a ticket in brackets, and how long the work took are a person's."""
    assert kept in filled(f"# Work\n\n{kept}\n")


def test_files_are_counted_by_kind() -> None:
    """Each piece of the prompt is answered, with the noun that it asks for."""
    text = "# Phase 2\n\n**Files:** [count] implementation | [count] tests | [count] examples\n"
    lines = {"src/cart.py": 9, "examples/shop.py": 4}
    assert "**Files:** 1 implementation | 4 test files | 1 code example\n" in filled(text, line_counts=lines)


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("**Tests:** 49 tests passing", "5/6 passed, 1 failed"),
        ("**Total Tests**: 196", "5/6 passed, 1 failed"),
        ("**Tests**: all green, 100%", "83.3 % passing"),
        ("## Test Results\n\n- **Test Failures**: None", "`tests/unit/test_refund.py::test_part` — failed"),
        ("## Test Results\n\n- **Unit Tests**: 4/4 passing", "3/4 passed, 1 failed"),
        (
            "## Test Results\n\n- **New Test Coverage**: 70 unit tests + 1 gate test",
            "3 new tests: 1 e2e, 2 unit, in `tests/e2e/test_refund.py`, `tests/unit/test_refund.py`",
        ),
        ("## Session Metrics\n\n- **Lines of Code Added**: ~2,000 lines", "38 (and 0 removed)"),
        ("## Session Metrics\n\n- **Tests Added**: 70 unit tests + 1 gate test", "3"),
        ("- `tests/unit/test_refund.py` (40+ tests)", "2 tests"),
        ("- `tests/unit/test_refund.py`: 17 tests, all green", "2 tests"),
        ("- `tests/unit/test_fax.py` (12 tests)", "0 tests"),
        ("- `tests/e2e/`: 9 tests", "2 tests"),
        ("- `src/cart.py` (230 lines)", "14 lines"),
        ("- `src/cart.py` (~200 lines)", "14 lines"),
    ],
)
def test_false_figures_are_contradicted(claim: str, told: str) -> None:
    """A person's figure that the evidence cannot mean is named beside the evidence's, whatever form it has."""
    found = compose_once(f"# Session 2\n\n{claim}\n", changes=CHANGES)
    assert found.text == f"# Session 2\n\n{claim}\n"
    (finding,) = (one for one in found.findings if one.kind == "contradicted")
    assert finding.evidence == told
    assert [verdict.id for verdict in found.blocking if verdict.id == "claims"] == ["claims"]


def test_a_person_may_count_in_a_first_session() -> None:
    """Where the evidence does not know what changed, a person's count is no claim, and a prompt is told so."""
    text = "# T\n\n## Session Metrics\n\n- **Files Created**: 11 files\n- **Files Modified**: [Count]\n"
    request = FillRequest(path="x.md", today="2026-01-02", render=lambda _place, _context: None)
    found = compose(text, facts_of(NOW, changes=CHANGES), Config(), request)
    assert found.text == text.replace("[Count]", "not known: first session")
    assert [one.kind for one in found.findings] == []


def test_files_that_broke_are_told() -> None:
    """What could not be collected stands where failing and new tests are listed, with the error."""
    text = "## Test Results\n\n- **Test Failures**: [list]\n- **New Test Coverage**: [what is new]\n"
    why = ["tests/unit/test_new.py could not be collected: ImportError: no module named x"]
    now = f"{BEFORE.replace('test_empty passed', 'test_empty not_run')}"
    found = compose(text, facts_of(now, BEFORE, why_incomplete=why), Config(), FillRequest(
        path="x.md", today="2026-01-02", render=lambda _place, _context: None
    ))  # fmt: skip
    broken = "`tests/unit/test_new.py` — not collected: ImportError"
    assert f"**Test Failures**: 1 earlier test not run, in `tests/unit/test_cart.py`; {broken}" in found.text
    assert "**New Test Coverage**: no new test; could not be collected: `tests/unit/test_new.py`" in found.text


HEAD = "<!-- handoff:begin claims.corrections -->\n<!-- handoff:end claims.corrections -->\n"
FALSE = (
    f"# Session 2\n\n{HEAD}\n**Tests:** 49 tests passing *all* <b>\n\n- `src/cart.py` (230 lines)\n\n## Key Metrics\n\n"
    "| Metric | Value |\n|---|---|\n| **Coverage** | 99% |\n"
)


def test_a_reader_of_the_document_sees_what_is_contradicted() -> None:
    """A block at the head of the document names both figures, and is empty again when the document is right."""
    found = compose_once(FALSE, block=True)
    block = found.text.partition("claims.corrections -->\n")[2].partition("<!--")[0]
    assert block.splitlines() == [
        "**The evidence contradicts this document:**",
        "",
        "- src/cart.py: the document says “230 lines”; the evidence says: 14 lines",
        "- Coverage: the document says “99%”; the evidence says: 90.0 %",
    ]
    right = found.text.replace("| 99%", "| 90%").replace("(230 lines)", "(14 lines)")
    again = compose_once(right, block=True)
    assert "**The evidence" not in again.text
    assert compose_once(again.text, block=True).text == again.text


def test_corrections_can_be_switched_off() -> None:
    """With the setting the block stays empty; the gate is what it was."""
    found = compose_once(FALSE, block=True, config=Config(corrections="off"))
    assert "**The evidence" not in found.text
    assert "claims" in [verdict.id for verdict in found.blocking]


@pytest.mark.parametrize(
    "claim",
    [
        "**Tests:** 5 tests passing",
        "**Total Tests**: 6",
        "**Tests**: 5/6, coverage 90%",
        "**Tests**: 12 new tests",
        "- `tests/unit/test_refund.py` (1 test)",
        "- `tests/e2e/`: 2 tests",
        "- `tests/unit/test_elsewhere.py` (12 tests)",
        "- `src/cart.py` (9 lines)",
        "- `web/cart.js` (900 lines)",
        "## Test Results\n\n- **Test Failures**: 1 failing test",
        "## Test Results\n\n- **New Test Coverage**: 3 tests",
    ],
)
def test_true_figures_are_not(claim: str) -> None:
    """A figure that the evidence can mean is none that it contradicts."""
    found = compose_once(f"# Session 2\n\n{claim}\n")
    assert [one.message for one in found.findings if one.kind == "contradicted"] == []


RESULTS = "# Phase 2\n\n### Test Results\n\n```\n{}\n\n☑ All tests passing\n☐ Coverage >= 80%\n☑ Ada is glad\n```\n"


def test_boxes_below_results_in_a_fence_are_decided() -> None:
    """Where the fence asks for results, the boxes of the template below them are decided as those of a list are."""
    found = filled(RESULTS.format("=== [X] passed in [Y]s ===\n\nTOTAL    [XX]%"))
    assert "\n\n☐ All tests passing\n☑ Coverage >= 80%\n☑ Ada is glad\n```" in found
    assert "5 passed, 1 failed" in found


def test_boxes_in_a_persons_fence_stay() -> None:
    """A list that a person drew in a fence is a person's, whatever it says."""
    text = RESULTS.format("5 passed, 1 failed")
    assert filled(text) == text
