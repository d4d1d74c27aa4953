"""What the settings excepted for a while is told when its entry goes, once: a reader of the last document must know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stories import FIRST, new_story

if TYPE_CHECKING:
    from pathlib import Path

HANDOFF = """
[tool.handoff]
retire = [{test = "*::test_empty", reason = "no empty carts"}]
known = [{test = "*::test_checkout", reason = "the bank is down"}]
"""


ANOTHER_REASON = 'retire = [{test = "*::test_empty", reason = "none are empty"}]'


@pytest.mark.parametrize(("left", "told"), [("", 2), (ANOTHER_REASON, 1), (None, 0)])
def test_entries_that_are_taken_out_again(tmp_path: Path, left: str | None, told: int) -> None:
    """The next document names each entry that is gone with its reason, and the one after it none; a new reason says so itself."""
    story = new_story(tmp_path / "shop")
    story.write_files(FIRST)
    story.pytest("--handoff=session-1", "--no-cov")
    story.edit("tests/unit/test_cart.py", "def test_empty():\n    assert total([]) == 0\n", "")
    plain = story.text("pyproject.toml")
    (story.folder / "pyproject.toml").write_text(plain + HANDOFF, "utf-8")
    story.pytest("--handoff=session-2", "--no-cov")
    if left is not None:
        (story.folder / "pyproject.toml").write_text(f"{plain}\n[tool.handoff]\n{left}\n", "utf-8")
    third = story.pytest("--handoff=session-3", "--no-cov", "-v")
    story.pytest("--handoff=session-4", "--no-cov")

    assert "but no longer in the settings" not in story.document("session-2")
    assert story.document("session-3").count("until now, but no longer in the settings") == told
    assert ("`*::test_checkout`, because the bank is down." in story.document("session-3")) == (told > 0)
    assert ("*::test_checkout: known to fail until now (the bank is down)" in third.section) == (told > 0)
    assert "but no longer in the settings" not in story.document("session-4")
    assert story.handoff("verify", "session-4").code == 0
