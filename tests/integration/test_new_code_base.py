"""The base of new code is the last session's own evidence: however the checkout came to be, the answer is the same."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stories import Story

CART = """
    def total(prices):
        return sum(prices)


    def mean(prices):
        if not prices:
            return 0
        return total(prices) / len(prices)
"""
"""The work of session 2: lines 5 to 8."""

UNIT = """
    from shop.cart import mean, total

    def test_total():
        assert total([1, 2]) == 3

    def test_empty():
        assert total([]) == 0

    def test_mean():
        assert mean([1, 3]) == 2
"""

ANSWER = {"lines": "5-8", "missing": "7", "covered": 3, "covered_by_unit": 3, "covered_by_new_unit": 3}
"""``def mean`` counts by its body, line 7 is never run."""


def work(story: Story) -> None:
    story.write_files({"src/shop/cart.py": CART, "tests/unit/test_cart.py": UNIT})


def answer(story: Story) -> dict[str, dict[str, object]]:
    done = story.pytest("--handoff=session-2")
    assert done.code == 0, done.out
    files = story.show("session-2")["new_code"]["files"]
    return {path: {key: file[key] for key in ANSWER} for path, file in files.items()}


@pytest.fixture
def committed(shop: Story) -> Story:
    """Session 1 is recorded and committed."""
    assert shop.pytest("--handoff=session-1").code == 0
    shop.commit("session-1")
    return shop


def elsewhere(story: Story, folder: Path) -> Story:
    return type(story)(folder)


def in_place(story: Story, _: Path) -> Story:
    work(story)
    return story


def clone(story: Story, scratch: Path) -> Story:
    work(story)
    story.commit("session-2")
    story.git("clone", "--quiet", str(story.folder), str(scratch / "clone"))
    return elsewhere(story, scratch / "clone")


def shallow_clone(story: Story, scratch: Path) -> Story:
    work(story)
    story.commit("session-2")
    story.git("clone", "--quiet", "--depth=1", f"file://{story.folder}", str(scratch / "clone"))
    return elsewhere(story, scratch / "clone")


def squashed(story: Story, _: Path) -> Story:
    """The base's commit is gone for good, and session 2 stands in one commit with everything before."""
    work(story)
    story.commit("session-2")
    tree = story.git("rev-parse", "HEAD^{tree}").strip()
    story.git("reset", "--quiet", "--soft", story.git("commit-tree", tree, "-m", "all in one").strip())
    story.git("reflog", "expire", "--expire=now", "--all")
    story.git("gc", "--quiet", "--prune=now")
    return story


def rebased(story: Story, _: Path) -> Story:
    story.git("commit", "--quiet", "--amend", "--message", "reworded")
    work(story)
    story.commit("session-2")
    return story


def without_git(story: Story, scratch: Path) -> Story:
    shutil.copytree(story.folder, scratch / "plain", ignore=shutil.ignore_patterns(".git", "__pycache__", ".coverage*"))
    plain = elsewhere(story, scratch / "plain")
    plain.environment["GIT_CEILING_DIRECTORIES"] = str(scratch)
    work(plain)
    return plain


def worktree(story: Story, scratch: Path) -> Story:
    story.git("worktree", "add", "--quiet", "-b", "other", str(scratch / "tree"))
    other = elsewhere(story, scratch / "tree")
    work(other)
    return other


def submodule(story: Story, scratch: Path) -> Story:
    outer = elsewhere(story, scratch / "outer")
    outer.folder.mkdir()
    outer.git("init", "--quiet", "--initial-branch=main")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(story.folder), "inner")
    inner = elsewhere(story, outer.folder / "inner")
    work(inner)
    return inner


def odd_settings(story: Story, scratch: Path) -> Story:
    """Settings of the host that change what git's own comparison says."""
    settings = scratch / "gitconfig"
    settings.write_text(
        "[diff]\n renames = false\n noprefix = true\n external = false\n ignoreSubmodules = all\n mnemonicPrefix = true\n"
        "[core]\n quotepath = true\n autocrlf = input\n whitespace = cr-at-eol\n"
        "[status]\n relativePaths = true\n[color]\n ui = always\n"
    )
    story.environment["GIT_CONFIG_GLOBAL"] = str(settings)
    work(story)
    return story


@pytest.mark.parametrize(
    "checkout",
    [in_place, clone, shallow_clone, squashed, rebased, without_git, worktree, submodule, odd_settings],
    ids=lambda checkout: checkout.__name__,
)
def test_the_answer_is_the_same(committed: Story, tmp_path: Path, checkout: Callable[[Story, Path], Story]) -> None:
    """What is new since session 1 does not depend on git's history, its settings or its being there."""
    assert answer(checkout(committed, tmp_path)) == {"src/shop/cart.py": ANSWER}


def test_a_dirty_base_is_a_base(shop: Story) -> None:
    """Session 1 ran on uncommitted work: none of that is new in session 2, committed since or not."""
    shop.write_files({"src/shop/half.py": "x = 1\n"})
    assert shop.pytest("--handoff=session-1").code == 0
    shop.commit("session-1 and its work")
    work(shop)
    assert answer(shop) == {"src/shop/cart.py": ANSWER}


def test_two_sessions_that_were_merged_are_both_the_base(committed: Story) -> None:
    """After a merge of two sessions only what neither of them had is new."""
    committed.git("switch", "--quiet", "--create", "left")
    committed.write_files({"src/shop/left.py": "x = 1\n"})
    assert committed.pytest("--handoff=left").code == 0
    committed.commit("left")
    committed.git("switch", "--quiet", "--create", "right", "main")
    committed.write_files({"src/shop/right.py": "y = 1\n"})
    assert committed.pytest("--handoff=right").code == 0
    committed.commit("right")
    committed.git("merge", "--quiet", "--no-edit", "left")
    work(committed)
    assert answer(committed) == {"src/shop/cart.py": ANSWER}
    assert sorted(committed.show("session-2")["previous"]) == ["left", "right"]


@pytest.mark.skipif(os.name == "nt", reason="such names exist on POSIX only")
def test_names_of_every_kind(committed: Story) -> None:
    """Blanks, quotes, line breaks and letters beyond ASCII in a file's name change nothing, tracked or not."""
    names = ["with blank", "it's", 'say "so"', "two\nlines", "größe", "数"]
    for name in names:
        (committed.folder / f"src/shop/{name}.py").write_text("x = 1\ny = 2\n", "utf-8")
    committed.git("add", "src/shop/with blank.py", "src/shop/größe.py")
    assert committed.pytest("--handoff=session-2").code == 0
    committed.commit("names")
    files = committed.show("session-2")["new_code"]["files"]
    assert {path: file["lines"] for path, file in files.items()} == {f"src/shop/{name}.py": "1-2" for name in names}
    for name in names:
        (committed.folder / f"src/shop/{name}.py").write_text("x = 1\ny = 2\nz = 3\n", "utf-8")
    assert committed.pytest("--handoff=session-3").code == 0
    files = committed.show("session-3")["new_code"]["files"]
    assert {path: file["lines"] for path, file in files.items()} == {f"src/shop/{name}.py": "3" for name in names}
