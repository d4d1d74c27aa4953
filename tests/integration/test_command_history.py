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


def test_an_id_whose_function_has_other_parameters(shop: Story) -> None:
    """It was there in session-1, went in session-2, stayed away in session-3, and came back: each is told."""
    many = "import pytest\n\n@pytest.mark.parametrize('n', {})\ndef test_n(n): assert n\n"
    for number, values in enumerate(([1, 2], [1, 3], [1, 3], [2, 1]), 1):
        shop.write_files({"tests/unit/test_many.py": many.format(values)})
        shop.pytest("--no-cov", f"--handoff=session-{number}")
    told = shop.handoff("history", "tests/unit/test_many.py::test_n[2]")
    life = json.loads(shop.handoff("history", "tests/unit/test_many.py::test_n[2]", "--json").out)

    assert [(moment["session"], moment["outcome"]) for moment in life["sessions"]] == [
        ("session-1", "passed"),
        ("session-2", None),
        ("session-3", None),
        ("session-4", "passed"),
    ]
    assert "session-2 … session-3 (2 sessions)  ∅ gone: its function now has other parameters" in told.out, told.out
    assert "other parameters" not in shop.handoff("history", "tests/unit/test_many.py::test_n[1]").out


def test_a_test_that_went_long_ago(shop: Story) -> None:
    """The gate names the session in which it last ran, not the one before; `show` is short, and long with -v."""
    many = "import pytest\n\n@pytest.mark.parametrize('n', range(30))\ndef test_n(n): pass\n"
    shop.write_files({"tests/unit/test_many.py": many})
    shop.pytest("--no-cov", "--handoff=session-1")
    (shop.folder / "tests/unit/test_many.py").unlink()
    shop.pytest("--no-cov", "--handoff=session-2")
    done = shop.pytest("--no-cov", "--handoff=session-3")
    short, long = shop.handoff("show", "session-3").out, shop.handoff("show", "session-3", "-v").out

    assert "(passed in session-1, the last time it ran; now missing)" in done.out
    assert "gone in session-2" not in done.out
    assert (short.count("  missing "), long.count("  missing ")) == (11, 30)
    assert "and 20 more: -v lists them" in short
