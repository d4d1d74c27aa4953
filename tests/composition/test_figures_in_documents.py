"""Figures in the tables, labels, headings, lines and fences of documents that nobody made for this plugin."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from builders import coverage_of, earlier_of, facts_of, ledger_of, record_of, run_info
from pytest_handoff.composition.compose import Composition, FillRequest, compose
from pytest_handoff.config import Config
from pytest_handoff.record import Changes, CoverageSummary, SourceState

BEFORE = """
    unit tests/unit/test_cart.py::test_total passed
    unit tests/unit/test_cart.py::test_empty passed
    e2e tests/e2e/test_shop.py::test_checkout passed
"""
NOW = f"""{BEFORE}
    unit tests/unit/test_refund.py::test_full passed since=session-2
    unit tests/unit/test_refund.py::test_part failed since=session-2
    integration tests/integration/test_bank.py::test_transfer skipped since=session-2
    e2e tests/e2e/test_refund.py::test_money_back passed since=session-2
"""
CHANGES = Changes(
    created=["src/refund.py", "config/refund.toml"], modified=["src/cart.py"], removed=[], renamed=[], lines_added=38,
    lines_removed=2, tests_added=4, documents_changed=0,
)  # fmt: skip
SOURCE = SourceState(
    commit="c31486f0000", branch="feature/refund", dirty=False, fingerprint="sha256:tree", base=None, base_found="evidence",
    modified=[], untracked=[],
)  # fmt: skip


def composed(text: str, memory: Composition | None = None, *, now: str = NOW, **more: Any) -> Composition:
    """The document, filled; ``memory`` is the fill before."""
    known = {"coverage": coverage_of(cart=(9, 10), refund=(15, 20)), "changes": CHANGES, "source": SOURCE} | more
    facts = facts_of(now, BEFORE, places=list(memory.written) if memory else [], **known)
    request = FillRequest(path="x.md", today="2026-01-02", render=lambda _place, _context: None, parent_percent=75.0)
    return compose(text, facts, Config(), request)


def filled(text: str) -> str:
    """The text, filled twice, the second time without any change."""
    first = composed(text)
    assert composed(first.text, first).text == first.text
    return first.text


def test_a_pipe_in_a_name_ends_no_cell() -> None:
    """A table keeps its columns, whatever the tests and files are called."""
    now = f"{NOW}\n    unit tests/a.py::test_x[a|b] failed since=session-2"
    text = "| Item | Value | Note |\n|---|---|---|\n| Failing test | [names] | mine |\n"
    row = composed(text, now=now).text.splitlines()[2]
    assert "test_x[a\\|b]" in row
    assert len(re.findall(r"(?<!\\)\|", row)) == 4


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("**Date**: [Date]", "**Date**: 2026-01-02"),
        ("**Branch**: `[branch name]`", "**Branch**: `feature/refund`"),
        ("**Commit**: [sha]", "**Commit**: c31486f"),
        ("## Git Status\n\n- **Working Directory**: [clean/dirty]", "- **Working Directory**: clean"),
        ("## Session Metrics\n\n- **Files Changed**: [N]", "- **Files Changed**: 3"),
        ("## Session Metrics\n\n- **Lines Removed**: [N]", "- **Lines Removed**: 2"),
        ("## Results of the tests\n\n- **Passed**: [N]", "- **Passed**: 5"),
        ("## Test Summary\n\n- Failed: [count]", "- Failed: 1"),
        ("## Test Summary\n\n- ⏭️ **Skipped**: [N tests]", "- ⏭️ **Skipped**: 1 tests"),
        ("## Test Summary\n\n- **Skipped**: [N]", "- **Skipped**: 1"),
        ("## Test Summary\n\n- **Pass Rate**: [X]%", "- **Pass Rate**: 71.4 %"),
        ("## Test Summary\n\n- **Execution Time**: [X]s", "- **Execution Time**: 12.00s"),
        ("## Test Summary\n\n- **Unit Tests Passed**: [X/Y]", "- **Unit Tests Passed**: 3/4"),
        ("## Coverage\n\n- **Total Statements**: [N]", "- **Total Statements**: 30"),
        ("## Coverage\n\n- **Missed**: [N]", "- **Missed**: 6"),
        ("## Test Results\n\n- Backend: [N] tests passing, [X]% coverage", "- Backend: 5 tests passing, 80.0 % coverage"),
        ("## Test Results\n\n- Frontend: [N] tests passing", "- Frontend: [N] tests passing"),
        ("## Frontend Results\n\n- **Passed**: [N]", "- **Passed**: [N]"),
        ("## Session 1 Results\n\n- **Passed**: [N]", "- **Passed**: [N]"),
        ("## Baseline\n\n- **Total Tests**: [N]", "- **Total Tests**: [N]"),
        ("## Test Results\n\nFor the importer:\n\n- **Passed**: [N]", "- **Passed**: [N]"),
        ("## Test Results\n\n**Unit Tests:**\n\n- **Passed**: [N]", "- **Passed**: 3"),
        ("## Test Results\n\n- **E2E Tests**:\n  - Passed: [N]", "  - Passed: 2"),
        ("## Test Results\n\n- **Result**: [X passed, Y failed]", "- **Result**: 5 passed, 1 failed, 1 skipped"),
        ("## Test Results\n\n- **Result**: [N] passed, [M] failed", "- **Result**: 5 passed, 1 failed, 1 skipped"),
        ("## Test Results\n\n- **Test Results**: [N] passed, [M] failed", "- **Test Results**: 5 passed, 1 failed, 1 skipped"),
        ("## Test Results\n\n- **Result**: 4 passed, [M] failed", "- **Result**: 4 passed, [M] failed"),
        ("## Test Summary\n\n- **Result**: [outcome]", "- **Result**: 5 passed, 1 failed, 1 skipped"),
        ("### Complete Test Suite: [X/Y] PASSING", "### Complete Test Suite: 5/7 PASSING"),
        ("## Unit Tests ([N] tests, [M] failing)", "## Unit Tests ([N] tests, [M] failing)"),
        ("✅ **All tests passed: [X/Y]**", "✅ **All tests passed: 5/7**"),
        ("[N] unit tests, [N] integration tests and [N] e2e tests", "4 unit tests, 1 integration tests and 2 e2e tests"),
        ("#### test_cart.py\n\n- **Tests**: [N]\n- **Result**: [N passed]", "- **Result**: 2 passed"),
        ("#### `tests/unit/test_refund.py`\n\n- **Tests**: [N]", "- **Tests**: 2"),
        ("#### tests/unit/test_refund.py\n\n- **Status**: [PASS/FAIL]", "- **Status**: Failing"),
        ("## Tests by File\n\n| File | Tests |\n|---|---|\n| `cart.py` | [N] |", "| `cart.py` | [N] |"),
        ("## Key Metrics\n\n| Metric | Value |\n|---|---|\n| Pass Rate | [X]/[Y] |", "| Pass Rate | 5/7     |"),
        ("### New Configuration Files\n\n- **File**: `[path/to/config.json]`", "- **File**: `config/refund.toml`"),
        (
            "### What Was Built\n\n- **Configuration Changes**: [Any new config files]",
            "- **Configuration Changes**: config/refund.toml",
        ),
        ("### What Was Built\n\n- **Configuration Changes**: [Settings]", "- **Configuration Changes**: [Settings]"),
        ("**Workspace**: specs/active/{slug}/", "**Workspace**: handoffs/"),
    ],
)
def test_lines(asked: str, answer: str) -> None:
    """A figure is filled where its label, its words and the headings above it are understood, and left where one is not."""
    assert filled(f"# Work\n\n{asked}\n").rstrip("\n").rpartition("\n")[2] == answer


def test_no_configuration_file_is_none() -> None:
    """Where git knows that a session touched none, the document says so; in a first session nobody can tell."""
    text = "# Work\n\n### New Configuration Files\n\n- **File**: [Path]\n"
    changes = replace(CHANGES, created=["src/refund.py"])
    assert composed(text, changes=changes).text.endswith("- **File**: none\n")
    left = composed(text, changes=None)
    assert left.text == text
    assert "not measured: config files; its placeholder stays" in [finding.message for finding in left.findings]


def test_an_agent_that_nobody_named() -> None:
    """It is nothing that is measured: what is left says who can tell, and how."""
    left = composed("# Work\n\n**Agent**: [Who did the work]\n")
    (told,) = [finding.message for finding in left.findings if finding.kind == "placeholder"]
    assert told.startswith("nobody said who did the work (--handoff-agent=NAME, or the variable HANDOFF_AGENT)")


def test_the_number_in_the_title() -> None:
    """A title asks for the number of the session by the word that the session's name begins with."""
    assert filled("# Session [N]: Refunds\n") == "# Session 2: Refunds\n"
    assert filled("# Phase [X]: Refunds\n") == "# Phase [X]: Refunds\n"


TABLES = """\
# Work

## Executive Summary

| Metric | Target | Achieved | Status |
|---|---|---|---|
| Total Tests | 5+ | [N] | [status] |
| Pass Rate | 100% | [X%] | [✅/❌] |
| Failed | 0 | [N] | |
| Screens | 3 | [N] | [status] |
| Coverage | 80% | [X%] | [✅/❌] |

## Before / After

| Metric | Before | After |
|---|---|---|
| Test count | [N] | [N] |
| Coverage | [X%] | [X%] |

## Test Breakdown

| Category | Tests | Passed | Failed | Status |
|---|---|---|---|---|
| Unit Tests | [N] | [N] | [N] | [✅/❌] |
| Integration Tests | [N] | [N] | [N] | [status] |
| E2E | [N] | | | |
| **Total** | [N] | [N] | [N] | [PASS/FAIL] |

## Tests by File

| File | Tests | Result |
|---|---|---|
| `test_cart.py` | [N] | [X/Y] |
| tests/e2e/ | [N] | [X/Y] |
| `test_fax.js` | [N] | [X/Y] |
| Total | [N] | |

## Frontend Metrics

| Metric | Value |
|---|---|
| Total Tests | [N] |
"""


def test_tables() -> None:
    """Rows of quantities and rows of kinds of tests, files and folders are filled; a total only where every row is known."""
    rows = [line for line in filled(TABLES).splitlines() if line.startswith("| ") and "---" not in line]
    assert [" ".join(row.split()) for row in rows] == [
        "| Metric | Target | Achieved | Status |",
        "| Total Tests | 5+ | 7 | ✅ met |",
        "| Pass Rate | 100% | 71.4 % | ❌ |",
        "| Failed | 0 | 1 | ❌ not met |",
        "| Screens | 3 | [N] | [status] |",
        "| Coverage | 80% | 80.0 % | ✅ |",
        "| Metric | Before | After |",
        "| Test count | 3 | 7 |",
        "| Coverage | 75.0 % | 80.0 % |",
        "| Category | Tests | Passed | Failed | Status |",
        "| Unit Tests | 4 | 3 | 1 | ❌ |",
        "| Integration Tests | 1 | 0 | 0 | None passes |",
        "| E2E | 2 | 2 | 0 | Passing |",
        "| **Total** | 7 | 5 | 1 | Failing |",
        "| File | Tests | Result |",
        "| `test_cart.py` | 2 | 2/2 |",
        "| tests/e2e/ | 2 | 2/2 |",
        "| `test_fax.js` | [N] | [X/Y] |",
        "| Total | [N] | |",
        "| Metric | Value |",
        "| Total Tests | [N] |",
    ]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("=== [N] passed, [N] failed, [N] skipped in [X]s ===", "=== 5 passed, 1 failed, 1 skipped in 12.00s ==="),
        ("$ pytest -q\n[N] passed, [N] failed in [X]s", "5 passed, 1 failed in 12.00s"),
        ("$ pytest tests/unit -q\n[N] passed, [N] failed in [X]s", "3 passed, 1 failed in [X]s"),
        ("$ pytest tests/unit/test_cart.py\n[N] passed", "2 passed"),
        ("$ pytest -k cart\n[N] passed", "[N] passed"),
        ("$ pytest tests/unit tests/e2e\n[N] passed", "[N] passed"),
        ("$ npm test\n[N] passed, [N] todo", "[N] passed, [N] todo"),
        ("TOTAL    [N]    [N]   [XX]%", "TOTAL    30    6   80.0 %"),
    ],
)
def test_closing_lines_in_fences(body: str, answer: str) -> None:
    """Closing lines of pytest are filled for the tests that the command above them runs, where it names a path or none."""
    text = filled(f"# Work\n\n## Output of the tests\n\n```\n{body}\n```\n")
    assert text.splitlines()[-2] == answer


FILES = (
    "# Work\r\n\r\n## Files Modified So Far\r\n\r\n- `src/[part]/[file].py` - [What was done]\r\n- `conf/[name].env` - [What]\r\n"
    "\r\nEnd\r\n"
)


def test_a_list_that_asks_for_files() -> None:
    """Items that all are prompts give way to the session's files; what a person adds below stays, and a person's list is none."""
    first = composed(FILES)
    ours = "- `src/refund.py` - new\r\n- `config/refund.toml` - new\r\n- `src/cart.py` - changed\r\n"
    assert first.text == f"# Work\r\n\r\n## Files Modified So Far\r\n\r\n{ours}\r\nEnd\r\n"
    added = first.text.replace("changed\r\n", "changed\r\n- `a.py` - by Ada\r\n")
    assert composed(added, first).text == added
    mine = FILES.replace("`conf/[name].env` - [What]", "`conf/shop.env` - Ada's")
    assert composed(mine).text == mine


def test_results_in_words_are_known_again() -> None:
    """What was written as the number of each outcome is ours, and changes with the tests."""
    first = composed("# Work\n\n## Test Results\n\n- **Final Result**: [outcome]\n")
    again = composed(first.text, first, now=NOW.replace("test_part failed", "test_part passed"))
    assert again.text.endswith("- **Final Result**: 6 passed, 1 skipped\n")


def test_a_figure_that_is_not_known_any_more_gives_way_to_a_prompt() -> None:
    """After a partial run no figure of an earlier one stands as if it were of this one."""
    first = composed("# Work\n\n## Test Summary\n\n- **Passed**: [N]\n- **Pass Rate**: [X%]\n")
    again = composed(first.text, first, why_incomplete=["-k was given"])
    assert "- **Passed**: [N]\n- **Pass Rate**: [X%]\n" in again.text
    assert composed(again.text, again).text == first.text


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("✅ **ALL TESTS PASSED: 129/129**", "5/7"),
        ("## Test Summary\n\n- **Failed**: 0", "1"),
        ("## Test Summary\n\n- **Pass Rate**: 100%", "71.4 %"),
        ("## Executive Summary\n\n| Metric | Actual |\n|---|---|\n| Total Tests | 129 |", "7"),
    ],
)
def test_false_figures_are_contradicted(claim: str, told: str) -> None:
    """A person's figure about all tests is held against the evidence wherever it stands."""
    (finding,) = (one for one in composed(f"# Work\n\n{claim}\n").findings if one.kind == "contradicted")
    assert finding.evidence == told


@pytest.mark.parametrize(
    "text",
    [
        "## Test Summary\n\n- **Failed**: 1",
        "## Session 1 Results\n\n- **Passed**: 129",
        "## Cart\n\n- 12 tests passing",
        "## Frontend Results\n\n- **Passed**: 129",
        "## Test Results\n\n- Frontend: 40 tests passing",
        "## Baseline Metrics\n\n| Metric | Value |\n|---|---|\n| Total Tests | 3 |",
        "### 12 tests passing",
        "**Branch**: main",
        "**Commit**: abc1234",
    ],
)
def test_a_persons_other_figures_are_a_persons(text: str) -> None:
    """True figures, those of another day or another suite, and words that git knows better are neither touched nor told."""
    found = composed(f"# Work\n\n{text}\n")
    assert found.text == f"# Work\n\n{text}\n"
    assert [one.message for one in found.findings] == []


@pytest.mark.parametrize(
    "text",
    [
        "## Coverage of the new code\n\n- **Covered**: [N]",
        "## New Tests\n\n- **Total**: [N]\n- **Passed**: [N]",
        "## Existing Tests\n\n- **Failed**: [N]",
    ],
)
def test_a_heading_about_a_part_has_no_figures_of_all(text: str) -> None:
    """Below a heading about new code, or new or existing tests, the figures of everything would be false."""
    assert composed(f"# Work\n\n{text}\n").text == f"# Work\n\n{text}\n"


PROGRESS = """\
# Work

## Metrics

| Metric | Before | After | Change |
|---|---|---|---|
| Passing | [N] | [N] | [+N] |
| Coverage | [X%] | [X%] | [+X%] |
| Branch Coverage | [X%] | [X%] | [+X%] |
| Statements | [N] | [N] | [+N] |
| Files Changed | [N] | [N] | [+N] |
| Execution Time | [N] | [N] | [+N] |
| Commits | [N] | [N] | [+N] |
"""


def _with_branches(covered: int, branches: int, **files: tuple[int, int]) -> CoverageSummary:
    plain = coverage_of(**files)
    first, *others = plain.files
    measured = {first: replace(plain.files[first], num_branches=branches, covered_branches=covered)}
    return replace(plain, files=measured | {path: plain.files[path] for path in others})


def test_before_after_and_change() -> None:
    """The session before is measured on its record and the earlier tests; what it does not know stays a prompt."""
    changes = replace(CHANGES, created=["a.py"])
    before = record_of(
        ledger_of(BEFORE), earlier_of("x y::z passed"), coverage=_with_branches(2, 8, cart=(9, 10)), changes=changes,
        run=run_info(duration_s=10.0),
    )  # fmt: skip
    request = FillRequest(
        path="x.md", today="2026-01-02", render=lambda _place, _context: None, parent_percent=75.0, parent=before
    )
    now = {"coverage": _with_branches(4, 8, cart=(9, 10), refund=(15, 20)), "changes": replace(CHANGES, commits=2)}
    facts = facts_of(NOW, BEFORE, source=SOURCE, run=run_info(duration_s=12.5), **now)
    rows = [re.sub(r" +", " ", row) for row in compose(PROGRESS, facts, Config(), request).text.splitlines()[6:]]
    assert rows == [
        "| Passing | 3 | 5 | +2 |",
        "| Coverage | 75.0 % | 80.0 % | +5.0 |",
        "| Branch Coverage | 25.0 % | 50.0 % | +25.0 |",
        "| Statements | 10 | 30 | +20 |",
        "| Files Changed | 2 | 3 | +1 |",
        "| Execution Time | 10.00 | 12.50 | +2.50 s |",
        "| Commits | [N] | 2 | [+N] |",
    ]


def test_new_commits() -> None:
    """The number of commits is told where git knows it, and asked for where it does not."""
    known = composed("# Work\n\n## Git Status\n\n- [N] new commits\n", changes=replace(CHANGES, commits=3)).text
    assert known.endswith("- 3 new commits\n")
    assert composed("# Work\n\n## Git Status\n\n- [N] new commits\n").text.endswith("- [N] new commits\n")
