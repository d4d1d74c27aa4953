"""Our blocks in other people's documents."""

from __future__ import annotations

import pytest

from pytest_handoff.document.adopt import adopt

TESTS = "## Test Results\n\n- **Current Session Tests**: [X/Y]\n\n---\n\n## Next\n"


OTHERS, EVIDENCE = ["tests.lost", "coverage.files", "new_code.files"], "checklist.evidence"


@pytest.mark.parametrize(
    ("text", "added", "homeless"),
    [
        (TESTS, [("claims.corrections", 1), ("tests.lost", 8), ("coverage.files", 11), ("new_code.files", 14)], [EVIDENCE]),
        ("# Notes\n", [("claims.corrections", 3)], [*OTHERS, EVIDENCE]),
        ("Notes\n=====\ntext\n", [("claims.corrections", 4)], [*OTHERS, EVIDENCE]),
        ("---\na: b\n---\n# Notes\n", [("claims.corrections", 6)], [*OTHERS, EVIDENCE]),
        ("no heading\n", [], ["claims.corrections", *OTHERS, EVIDENCE]),
        ("## Checklist\n- [ ] a\n  more\n", [("claims.corrections", 1), (EVIDENCE, 8)], OTHERS),
        ("## To do\n- [ ] a\n", [("claims.corrections", 1)], [*OTHERS, EVIDENCE]),
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


def test_without_corrections() -> None:
    """Where the settings say so, no block tells what the evidence contradicts."""
    found = adopt(TESTS, "x.md", corrections=False)
    assert "claims.corrections" not in [block for block, _ in found.added] + list(found.homeless)
