"""A new line that has the hash of an earlier one: a run takes it for old, and the commands that verify do not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project import contents, git
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.tree import read_tree
from pytest_handoff.workflow.collided import collided
from pytest_handoff.workflow.finish import refill
from stories import new_story

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from stories import Story

COLLIDES = "        prices = ()  # lwwmnna\n"
"""Has the hash of ``def total(prices):``; how it was found is said in ``tests/evidence/test_line_collisions.py``."""

CART = "def total(prices):\n    return sum(prices)\n"
BRANCH = f"def total(prices=None):\n    if prices is None:\n{COLLIDES}    return sum(prices)\n"
SETTINGS = '[tool.pytest.ini_options]\npythonpath = ["src"]\n\n[tool.handoff]\ntarget = "main"\n'
DOCUMENT = "# Work\n\n## Final Checklist\n\n- [ ] All unit tests pass\n"
PLACE = "src/cart.py:3: line 3 has the hash of an earlier line and another text, so new code would count as old; "
REMEDY = "reword it (a comment is enough), then run pytest --handoff=session-2 again"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A first session on main, committed, and a branch for the second."""
    story = new_story(tmp_path / "project")
    tests = "from cart import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
    story.write_files({"pyproject.toml": SETTINGS, "src/cart.py": CART, "tests/unit/test_cart.py": tests})
    story.write_files({"handoffs/session-1.md": DOCUMENT})
    story.git("branch", "-M", "main")
    assert story.pytest("--handoff=session-1").code == 0
    story.commit()
    story.git("switch", "--quiet", "--create", "work")
    story.write_files({"handoffs/session-2.md": DOCUMENT})
    return story


def test_the_commands_name_the_line(story: Story) -> None:
    """With file, line and what to do; once it is worded otherwise, nothing is left of it."""
    story.write_files({"src/cart.py": BRANCH})
    assert story.pytest("--handoff=session-2").code == 0

    verified, gated = story.handoff("verify", "session-2"), story.handoff("gate", "session-2")
    assert (verified.code, gated.code) == (1, 1)
    assert PLACE + REMEDY in verified.out
    assert "src/cart.py: line 3 has the hash of an earlier line" in gated.out
    step = json.loads(story.handoff("next", "session-2", "--json").out)["steps"][0]
    assert (step["file"], step["line"]) == ("src/cart.py", 3)

    story.edit("src/cart.py", "lwwmnna", "none were given")
    assert story.pytest("--handoff=session-2").code == 0
    assert story.handoff("verify", "session-2").code == 0


def test_in_a_file_that_moved(story: Story) -> None:
    """It is compared with the file that it was."""
    story.write_files({"src/cart.py": CART + "".join(f"x{number} = {number}\n" for number in range(9))})
    story.pytest("--handoff=session-1")
    story.commit()
    story.git("mv", "src/cart.py", "src/shop.py")
    story.edit("src/shop.py", CART, BRANCH)
    story.edit("tests/unit/test_cart.py", "from cart", "from shop")
    assert story.pytest("--handoff=session-2").code == 0
    assert "src/shop.py:3: line 3 has the hash" in story.handoff("verify", "session-2").out


def test_of_a_file_that_came_from_the_target(story: Story) -> None:
    """A line with the hash of a colleague's, whose lines are left out of the new code after a merge."""
    story.commit("work")
    story.git("switch", "--quiet", "main")
    story.write_files({"src/theirs.py": "def total(prices):\n    return 1\n\n\nx = 1\n"})
    story.commit("a colleague's")
    story.git("switch", "--quiet", "work")
    story.git("merge", "--quiet", "--no-edit", "main")
    story.edit("src/theirs.py", "def total(prices):\n", f"def total(prices=None):\n    if prices is None:\n{COLLIDES}")
    assert story.pytest("--handoff=session-2").code == 0
    assert "src/theirs.py:3: line 3 has the hash" in story.handoff("verify", "session-2").out


def test_a_version_that_git_does_not_have_says_nothing(story: Story) -> None:
    """Nothing is claimed about what nobody can read."""
    story.write_files({"src/cart.py": "# Never committed.\n" + CART})
    story.pytest("--handoff=session-1")
    story.write_files({"src/cart.py": BRANCH})
    assert story.pytest("--handoff=session-2").code == 0
    assert "has the hash" not in story.handoff("verify", "session-2").out


def test_git_is_asked_once_for_all_files(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files differ, their earlier versions are read by one process."""
    files = [f"src/more_{number}.py" for number in range(5)]
    story.write_files({path: f"{CART}# {path}\n" for path in files})
    story.pytest("--handoff=session-1")
    story.commit()
    story.write_files({path: f"{BRANCH}# {path}\n" for path in files})
    story.pytest("--handoff=session-2")

    project = open_project(story.folder)
    facts = refill(project, "session-2", today="2026-01-01").composition.facts
    asked: list[list[str]] = []

    def counting(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
        asked.append([*blobs])
        return git.blobs_there(root, asked[-1])

    monkeypatch.setattr(contents, "blobs_there", counting)
    found = [*collided(project, facts, read_tree(project), ())]
    assert ([problem.path for problem in found], [len(blobs) for blobs in asked]) == (files, [5])
