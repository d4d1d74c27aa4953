"""What a failing doctest says: its error, not the words that stand above the example."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.recording.collection import first_line
from pytest_handoff.recording.failed_doctests import place_and_error
from stories import new_story

if TYPE_CHECKING:
    from pathlib import Path

MODULE = '''
    def double(x):
        """Double a number, as everybody knows.

        >>> double(2)
        5
        """
        return 2 * x


    def item(x):
        """Get the first of its items.

        >>> double(1)
        2
        >>> item([])
        0
        """
        return x[0]
'''


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_a_failing_doctest_says_what_is_wrong(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """The end of the run, the gate and the list of what is left name the error, and the line of the example."""
    story = new_story(tmp_path / "project")
    story.write_files({"src/shop.py": MODULE})
    done = story.pytest("--handoff=session-1", "--no-cov", "--doctest-modules", "src", *workers)

    assert "src/shop.py::shop.double failed (expected 5, got 4)" in done.section
    assert "src/shop.py::shop.item failed (IndexError('list index out of range'))" in done.section
    left = story.handoff("next", "session-1").out
    assert re.search(r"failures  src/shop\.py:1\n.*\n +make it pass: pytest --doctest-modules src/shop\.py::shop\.double\n", left)
    assert re.search(r"failures  src/shop\.py:10\n.*\n +make it pass: pytest --doctest-modules src/shop\.py::shop\.item\n", left)
    details = json.loads(next((story.folder / "handoffs/.details").rglob("*.json")).read_text("utf-8"))
    assert sorted(one["message"] for one in details["failures"]) == [
        "src/shop.py:15: IndexError('list index out of range')",
        "src/shop.py:4: expected 5, got 4",
    ]


ONE = "003 \n004 >>> f(1)\nExpected:\n    2\n    3\nGot:\n    4\n\n/p/m.py:4: DocTestFailure"
TEXTS = {
    "lines": (ONE, ("/p/m.py:4", "expected 2 3, got 4")),
    "nothing came": (
        "004 >>> f(1)\nExpected:\n    2\nGot nothing\nC:\\p\\m.py:4: DocTestFailure\n",
        ("C:\\p\\m.py:4", "expected 2, got nothing"),
    ),
    "nothing was expected": (
        "004 >>> f(1)\nExpected nothing\nGot:\n    2\nm.py:4: DocTestFailure",
        ("m.py:4", "expected nothing, got 2"),
    ),
    "the first of two": (
        f"{ONE}\n005 >>> g()\nExpected nothing\nGot:\n    1\n/p/m.py:5: DocTestFailure",
        ("/p/m.py:4", "expected 2 3, got 4"),
    ),
    "a difference": (
        "004 >>> f(1)\nDifferences (unified diff with -expected +got):\n"
        "    @@ -1 +1 @@\n    -2\n    +1\n\nm.py:4: DocTestFailure",
        ("m.py:4", "unexpected result: f(1)"),
    ),
    "words that look like it": (
        "001 Expected:\n002 >>> f(1)\nUNEXPECTED EXCEPTION: KeyError('Got:')\n"
        "Traceback (most recent call last):\n"
        "KeyError: 'Got:'\nm.py:2: UnexpectedException",
        ("m.py:2", "KeyError('Got:')"),
    ),
}


@pytest.mark.parametrize(("text", "found"), TEXTS.values(), ids=TEXTS)
def test_the_place_and_the_error_of_a_doctest(text: str, found: tuple[str, str]) -> None:
    """Whatever form pytest gives it."""
    assert place_and_error(text) == found
    assert first_line(text) == found[1]


@pytest.mark.parametrize(
    "text",
    ["E   AssertionError: it ends so: DocTestFailure", "E   ValueError: two\n\nm.py:4: ValueError"],
)
def test_another_text_is_read_as_before(text: str) -> None:
    """The marked line stays the one that counts."""
    assert first_line(text) == text.partition("\n")[0][1:].strip()
