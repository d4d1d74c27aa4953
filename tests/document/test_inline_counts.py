"""Figures behind the names of files."""

from __future__ import annotations

import pytest

from pytest_handoff.document.find import find


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**File:** `src/a.py` ([line count] lines)\n", [("count.lines:src/a.py", "placeholder", "[line count] lines")]),
        ("`t/test_a.py` ([count] tests) and `src/a.py` (1,200 lines)\n",
         [("count.tests:t/test_a.py", "placeholder", "[count] tests"), ("count.lines:src/a.py", "written", "1,200 lines")]),
        ("`t/test_a.py` (1 test)\n", [("count.tests:t/test_a.py", "written", "1 test")]),
        ("`src/a.py` ([n] lines)\n\n`src/a.py` ([m] lines)\n",
         [("count.lines:src/a.py", "placeholder", "[n] lines"), ("count.lines:src/a.py:2", "placeholder", "[m] lines")]),
        ("- `t/test_a.py`: [N] tests, all of them good\n", [("count.tests:t/test_a.py", "placeholder", "[N] tests")]),
        ("- **`t/test_a.py`:** 17+ unit tests\n", [("count.tests:t/test_a.py", "written", "17+ unit tests")]),
        ("- `t/test_a.py` - [N tests]\n", [("count.tests:t/test_a.py", "placeholder", "[N tests]")]),
        ("- `t/e2e/`: [N] tests\n", [("count.tests:t/e2e/", "placeholder", "[N] tests")]),
        ("- `src/a.py` (~230 lines of code)\n", [("count.lines:src/a.py", "written", "~230 lines of code")]),
        ("- `src/a.py`: tests the lines\n", []),
        ("- `t/test_a.py`: [PROJ-1] tests\n", [("count.tests:t/test_a.py", "written", "[PROJ-1] tests")]),
        ("`src/a.py` (the lines)\n", []),
        ("`Makefile` ([n] lines)\n", []),
        ("```\n`src/a.py` ([n] lines)\n```\n", []),
        ("<!-- handoff:off -->\n\n`src/a.py` ([n] lines)\n", []),
        ("- `src/a.py` ([n] lines) <!-- handoff:tests.total -->\n", [("tests.total", "written", "`src/a.py` ([n] lines)")]),
    ],
)  # fmt: skip
def test_figures_behind_files(text: str, expected: list[tuple[str, str, str]]) -> None:
    """A bracket or number with its noun behind a file in code is a place, once a file, and not where a marker rules."""
    assert [(place.id, place.state, place.text) for place in find(text).places] == expected
