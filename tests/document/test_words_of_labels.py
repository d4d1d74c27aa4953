"""Labels, prompts and lines of several words: each asks for one thing, or is left."""

from __future__ import annotations

import pytest

from print_document_figures import filled


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("Coverage of the diff: XX%", "Coverage of the diff: 75.0 %"),
        ("Coverage change: [X]", "Coverage change: +2.5"),
        ("Test coverage on this branch: [X%]", "Test coverage on this branch: 82.5 %"),
        ("**New files** ([N])", "**New files** (5)"),
        ("Branch coverage of new code: [X%]", None),
        ("Uncovered statements: [N]", "Uncovered statements: 7"),
        ("Tests of the API: [N]", None),
        ("Missing tests: [N]", None),
        ("Test run: TBD", None),
        ("Pass %: TBD", "Pass %: 81.8 %"),
        ("Failed %: TBD", None),
        ("Time on tests: [hours]", None),
        ("Commit tested: [N]", None),
        ("Commit tested: [sha]", "Commit tested: c31486f"),
        ("Build: [sha]", "Build: c31486f"),
        ("Build: [number]", None),
        ("Test results: XX/XX passing (XX skipped)", "Test results: 9/11 passing (1 skipped)"),
        ("Tests: X/Y passing, N skipped", "Tests: 9/11 passing, 1 skipped"),
        ("Agent: [name] · Branch: [branch]", "Agent: Ada · Branch: feature/refund"),
        ("Ran `pytest tests/e2e`: [N] passed", "Ran `pytest tests/e2e`: 2 passed"),
        ("Ran `pytest -k slow`: [N] passed", None),
        ("Prepared by [agent] on [date]", "Prepared by Ada on 2026-01-02"),
        ("Completed by [date]", None),
        ("Commit [sha] on branch [name]", "Commit c31486f on branch feature/refund"),
        ("On branch [name], at [time]", None),
        ("Branch [town]", None),
        ("Coverage went from [X]% to [Y]%", "Coverage went from 80.0 % to 82.5 %"),
        ("Created [N] files, modified [N], deleted [N]", "Created 5 files, modified 1, deleted 1"),
        ("- `src/shop/refund.py` [X]%", "- `src/shop/refund.py` 75.0 %"),
    ],
)
def test_each_is_understood_wholly_or_not_at_all(asked: str, answered: str | None) -> None:
    """What a line asks for is filled in, and it is the same the second time; one that asks for something else stays."""
    text = f"# Notes\n\n## Test results\n\n{asked}\n"
    first = filled(text)
    assert first.text == text.replace(asked, answered or asked)
    again = filled(first.text, first)
    assert again.text == first.text
    assert [finding for finding in again.findings if finding.kind in ("lost", "contradicted")] == []


@pytest.mark.parametrize("status", ["[open/fixed]", "[proposed / accepted]", "[draft | approved]"])
def test_the_status_of_something_else_is_left(status: str) -> None:
    """Whether a ticket is open or a decision accepted does not follow from the tests."""
    text = f"# Refunds\n\nStatus: {status}\n"
    assert filled(text).text == text


def test_a_numbered_line_with_a_rule_of_its_length_is_a_heading() -> None:
    """A total below it is of what it says, not of what the heading before says."""
    text = "Report\n======\n\n## Unit tests\n\nTotal: [N]\n\n3. CODE COVERAGE\n----------------\n\nTotal: [PERCENT]\n"
    assert filled(text).text.endswith("Total: 82.5 %\n")
