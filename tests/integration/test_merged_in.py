"""What is merged in from the target branch is another's work: real merges in real repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Story

WORK = "def mine():\n    return 1\n"
"""What this session adds; two statements."""


def new_lines(story: Story, session: str) -> dict[str, str]:
    return {path: file["lines"] for path, file in story.show(session)["new_code"]["files"].items()}


def notes(story: Story, session: str) -> str:
    return " ".join(story.show(session)["new_code"]["notes"])


@pytest.fixture
def branched(shop: Story) -> Story:
    """A session on main, then a branch for the next, while a colleague went on with main."""
    shop.edit("pyproject.toml", "[tool.pytest", '[tool.handoff]\ntarget = "main"\n\n[tool.pytest')
    shop.pytest("--handoff=session-1")
    shop.commit("session-1")
    shop.git("switch", "--quiet", "--create", "colleague")
    shop.write_files({"src/shop/theirs.py": "x = 1\ny = 2\nz = 3\n"})
    shop.edit("src/shop/cart.py", "return sum(prices)", "return sum(prices) + 0")
    shop.commit("a colleague's")
    shop.git("switch", "--quiet", "main")
    shop.git("merge", "--quiet", "--ff-only", "colleague")
    shop.git("switch", "--quiet", "--create", "work", "main~1")
    shop.write_files({"src/shop/mine.py": WORK})
    shop.commit("work")
    return shop


def test_lines_of_a_merge_are_left_out(branched: Story) -> None:
    """After a merge of the target only this session's own lines are new, and a note says how many statements are another's."""
    branched.git("merge", "--quiet", "--no-edit", "main")
    branched.pytest("--handoff=session-2")
    assert new_lines(branched, "session-2") == {"src/shop/mine.py": "1-2"}
    assert "4 new statement(s) came from main as someone else's work" in notes(branched, "session-2")


def test_own_lines_in_a_file_that_a_colleague_changed_too(branched: Story) -> None:
    """In one file what a colleague changed is left out, what was changed after the merge is not."""
    branched.git("merge", "--quiet", "--no-edit", "main")
    branched.edit("src/shop/theirs.py", "y = 2", "y = 20")
    branched.commit("after the merge")
    branched.pytest("--handoff=session-2")
    assert new_lines(branched, "session-2") == {"src/shop/mine.py": "1-2", "src/shop/theirs.py": "2"}


def test_a_file_that_was_moved_after_the_merge_is_still_another_s(branched: Story) -> None:
    """A colleague's file under a new name holds no new line."""
    branched.git("merge", "--quiet", "--no-edit", "main")
    branched.git("mv", "src/shop/theirs.py", "src/shop/ours.py")
    branched.pytest("--handoff=session-2")
    assert new_lines(branched, "session-2") == {"src/shop/mine.py": "1-2"}


def test_without_a_merge_nothing_is_left_out(branched: Story) -> None:
    """A target that was not merged in since the last session changes nothing and needs no note."""
    branched.pytest("--handoff=session-2")
    assert new_lines(branched, "session-2") == {"src/shop/mine.py": "1-2"}
    assert "main" not in notes(branched, "session-2")


def test_a_line_that_was_removed_and_written_again_is_new(branched: Story) -> None:
    """What the target had when the last session saw it is no licence: written again, it is this session's work."""
    branched.edit("src/shop/cart.py", "return sum(prices)", "return 0")
    branched.pytest("--handoff=session-2")
    branched.commit("session-2")
    branched.edit("src/shop/cart.py", "return 0", "return sum(prices)")
    branched.pytest("--handoff=session-3")
    assert new_lines(branched, "session-3") == {"src/shop/cart.py": "2"}


def test_on_the_target_branch_everything_since_the_last_session_counts(branched: Story) -> None:
    """Working on the target itself, its lines are the session's own."""
    branched.git("switch", "--quiet", "main")
    branched.pytest("--handoff=session-2")
    assert new_lines(branched, "session-2") == {"src/shop/cart.py": "2", "src/shop/theirs.py": "1-3"}
    branched.git("checkout", "--quiet", "--detach")
    branched.pytest("--handoff=session-2")
    assert new_lines(branched, "session-2") == {"src/shop/cart.py": "2", "src/shop/theirs.py": "1-3"}
    assert "HEAD is part of main" in notes(branched, "session-2")


def test_the_target_of_origin_stands_in_for_a_local_one(branched: Story, tmp_path: Path) -> None:
    """A clone of the branch alone knows main as origin's; the answer is the same."""
    branched.git("merge", "--quiet", "--no-edit", "main")
    clone = tmp_path / "clone"
    branched.git("clone", "--quiet", "--branch=work", str(branched.folder), str(clone))
    elsewhere = type(branched)(clone)
    elsewhere.pytest("--handoff=session-2")
    assert new_lines(elsewhere, "session-2") == {"src/shop/mine.py": "1-2"}


def test_a_shallow_clone_says_that_it_cannot_tell(branched: Story, tmp_path: Path) -> None:
    """Where the history ends before the branches meet, no line is left out, and a note says why."""
    branched.git("merge", "--quiet", "--no-edit", "main")
    branched.edit("src/shop/mine.py", "return 1", "return 2")
    branched.commit("more")
    clone = tmp_path / "clone"
    branched.git("clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{branched.folder}", str(clone))
    elsewhere = type(branched)(clone)
    elsewhere.git("switch", "--quiet", "work")
    elsewhere.pytest("--handoff=session-2")
    assert new_lines(elsewhere, "session-2") == {
        "src/shop/cart.py": "2", "src/shop/mine.py": "1-2", "src/shop/theirs.py": "1-3",
    }  # fmt: skip
    assert "Cannot tell" in notes(elsewhere, "session-2")


def test_a_target_that_is_not_there_is_said(branched: Story) -> None:
    """A branch that git does not know leaves nothing out, and is named."""
    branched.edit("pyproject.toml", 'target = "main"', 'target = "trunk"')
    branched.pytest("--handoff=session-2")
    assert "Cannot tell which lines came from trunk" in notes(branched, "session-2")
    assert "git has no branch of that name" in notes(branched, "session-2")


def test_a_target_before_the_first_commit(shop: Story) -> None:
    """Nothing is merged in a repository without a commit: nothing is missing or to be fetched, and the document stays true."""
    shop.git("update-ref", "-d", "HEAD")
    shop.edit("pyproject.toml", "[tool.pytest", '[tool.handoff]\ntarget = "main"\n\n[tool.pytest')
    done = shop.pytest("--handoff=session-1", "--no-cov")
    checked = shop.handoff("verify", "session-1")
    assert "cannot tell" not in (done.out + checked.out + checked.err).lower()
    assert shop.gate("session-1")["policy"] == "waived"
    assert checked.code == 0
    shop.commit()
    assert shop.handoff("verify", "session-1", "--all").code == 0


@pytest.mark.parametrize("orphan", [False, True])
def test_a_target_that_is_not_here_is_to_be_fetched(shop: Story, *, orphan: bool) -> None:
    """Other branches have commits: what the target says is not known, and the remedy is said once."""
    shop.edit("pyproject.toml", "[tool.pytest", '[tool.handoff]\ntarget = "trunk"\n\n[tool.pytest')
    shop.commit()
    if orphan:
        shop.git("switch", "--quiet", "--orphan", "work")
        shop.git("checkout", "--quiet", "main", "--", ".")
    done = shop.pytest("--handoff=session-1", "--no-cov")
    [line] = [line for line in done.out.splitlines() if line.startswith("  policy")]
    assert line == "  policy     cannot tell: git does not have trunk here  fix: fetch that branch with its history"
