"""Our blocks in other people's documents."""

from __future__ import annotations

import pytest

from pytest_handoff.document.find import adopt

TESTS = "## Test Results\n\n- **Current Session Tests**: [X/Y]\n\n---\n\n## Next\n"


@pytest.mark.parametrize(
    ("text", "added", "homeless"),
    [
        (TESTS, [("tests.lost", 5), ("coverage.files", 8), ("new_code.files", 11)], ["checklist.evidence"]),
        ("# Notes\n", [], ["tests.lost", "coverage.files", "new_code.files", "checklist.evidence"]),
        ("## Checklist\n- [ ] a\n  more\n", [("checklist.evidence", 5)], ["tests.lost", "coverage.files", "new_code.files"]),
        ("## To do\n- [ ] a\n", [], ["tests.lost", "coverage.files", "new_code.files", "checklist.evidence"]),
    ],
)
def test_where_blocks_go(text: str, added: list[tuple[str, int]], homeless: list[str]) -> None:
    """A block goes to the end of the section whose places it explains; without such a section it has no home."""
    found = adopt(text, "x.md")
    assert sorted(found.added) == sorted(added)
    assert list(found.homeless) == homeless


@pytest.mark.parametrize("text", [TESTS, TESTS.replace("\n", "\r\n"), TESTS.rstrip(), "## Checklist\n- [ ] a"])
def test_every_line_stays(text: str) -> None:
    """Without the lines of the blocks the document is what it was, and nothing is added twice."""
    once = adopt(text, "x.md").text
    lines = [line for line in once.splitlines() if "handoff:" not in line and line.strip()]
    assert lines == [line for line in text.splitlines() if line.strip()]
    assert adopt(once, "x.md").text == once
