"""``handoff history`` over real sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

GOOD, CANNOT_TELL = 0, 2


@pytest.fixture
def three(shop: Story) -> Story:
    """Three sessions without coverage: a test moves in the second, and another is skipped in the third."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.git("mv", "tests/unit/test_cart.py", "tests/unit/test_totals.py")
    shop.pytest("--no-cov", "--handoff=session-2")
    shop.edit("tests/unit/test_totals.py", "def test_empty", "import pytest\n\n@pytest.mark.skip(reason='slow')\ndef test_empty")
    shop.pytest("--no-cov", "--handoff=session-3")
    return shop


def test_sessions_and_tests_have_a_history(three: Story) -> None:
    """Side by side, for programs, and one test by a part of its id, followed through its move; never a colour in a pipe."""
    history, told = three.handoff("history"), three.handoff("history", "test_empty")
    table = json.loads(three.handoff("history", "--json").out)
    life = json.loads(three.handoff("history", "tests/unit/test_cart.py::test_empty", "--json").out)

    assert [line.split()[0] for line in history.out.splitlines()] == ["session", "session-1", "session-2", "session-3"]
    assert "\x1b" not in history.out + told.out
    assert [(row["lost"], row["earlier"]) for row in table["sessions"]] == [
        (0, None),
        (0, {"part": 3, "whole": 3}),
        (1, {"part": 2, "whole": 3}),
    ]
    assert "moved from tests/unit/test_cart.py::test_empty" in told.out
    assert "– skipped: slow" in told.out
    assert [moment["outcome"] for moment in life["sessions"]] == ["passed", "passed", "skipped"]


def test_what_cannot_be_told_is_said(three: Story) -> None:
    """A name of several tests, a name of none, an edited ledger: one sentence and exit code 2."""
    several, none = three.handoff("history", "test_"), three.handoff("history", "nowhere")
    three.edit("handoffs/evidence/session-2/tests.jsonl", '"passed"', '"failed"')
    edited = three.handoff("history", "test_total")

    assert (several.code, none.code, edited.code) == (CANNOT_TELL, CANNOT_TELL, CANNOT_TELL)
    assert "tests/unit/test_totals.py::test_total" in several.err
    assert "'nowhere'" in none.err
    assert "session-2/tests.jsonl" in edited.err
    assert three.handoff("history").code == GOOD


def test_a_project_without_sessions_is_told_how_to_begin(shop: Story) -> None:
    """The first command to type is named."""
    done = shop.handoff("history")

    assert done.code == CANNOT_TELL
    assert "pytest --handoff=session-1" in done.err
