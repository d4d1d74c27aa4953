"""What git knows about the work tree, with real repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import HandoffError
from pytest_handoff.project.git import find_root, read_blobs, read_files_of, tips_of_branch, tracked_files, tree_of
from pytest_handoff.project.work_tree import read_work_tree
from repositories import HELLO, commit, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Git = Callable[..., str]


def test_files_of_commits(repository: Path, plain_git: Git) -> None:
    """Each commit gives what it has, whatever the names hold; a folder, a line break and what is not there give nothing."""
    write(repository, "a b.txt", "in/c.txt")
    commit(plain_git, repository)
    write(repository, "a b.txt", content=b"1 missing\n2")
    commit(plain_git, repository)
    commits = plain_git(repository, "rev-list", "HEAD").split()
    paths = ["in", "gone", "a b.txt", "a\nb", "in/c.txt"]

    assert read_files_of(repository, [*commits, "0" * 40], paths) == [
        {"a b.txt": b"1 missing\n2", "in/c.txt": b"hello\n"}, {"a b.txt": b"hello\n", "in/c.txt": b"hello\n"}, {},
    ]  # fmt: skip
    assert read_files_of(repository, commits, []) == [{}, {}]
    assert tree_of(repository, "HEAD", below="in") == {"in/c.txt": HELLO}
    assert read_blobs(repository, [HELLO]) == {HELLO: b"hello\n"}
    with pytest.raises(HandoffError, match="git does not have the contents of 00"):
        read_blobs(repository, [HELLO, "0" * 40])


def test_tracked_files_below_a_folder(repository: Path, plain_git: Git) -> None:
    """What is committed or staged is tracked, each file once in a conflict as well; the name of a folder is no pattern."""
    write(repository, "e*/a", "e*/b", "else/c")
    plain_git(repository, "add", "e*/a", "else")
    assert tracked_files(repository, "e*") == ["e*/a"]
    assert tracked_files(repository, "gone") == []


def test_a_work_tree_beside(repository: Path, plain_git: Git, tmp_path: Path) -> None:
    """A linked work tree has its own files and branch."""
    write(repository, "a.txt")
    commit(plain_git, repository)
    beside = tmp_path / "beside"
    plain_git(repository, "worktree", "add", "--quiet", "-b", "other", str(beside))
    write(beside, "b.txt")
    found = read_work_tree(beside)
    assert (found.branch, sorted(found.files), found.untracked) == ("other", ["a.txt", "b.txt"], ["b.txt"])
    assert find_root(beside) == beside.resolve()


def test_root_from_below(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root is found from a folder below, also from within a git hook, which is told where the repository is."""
    (repository / "deep" / "er").mkdir(parents=True)
    assert find_root(repository / "deep" / "er") == repository.resolve()
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / "elsewhere"))
    assert find_root(repository / "deep" / "er") == repository.resolve()
    write(repository, "a.txt")
    assert read_work_tree(repository).files == {"a.txt": HELLO}


def test_no_repository(plain_git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a repository, within its own folder, or without git there is no root."""
    assert find_root(tmp_path) is None
    plain_git(tmp_path, "init", "--quiet")
    assert find_root(tmp_path / ".git") is None
    monkeypatch.setenv("PATH", "")
    assert find_root(tmp_path) is None


def test_a_repository_that_git_refuses(repository: Path) -> None:
    """A repository that is there and cannot be read is said to be, not taken for none."""
    (repository / ".git" / "config").write_text("[core\n")
    with pytest.raises(HandoffError, match="git rev-parse failed: fatal: bad config"):
        find_root(repository)


def test_a_work_tree_elsewhere_is_refused(repository: Path, plain_git: Git) -> None:
    """An archive may bring a repository that calls everything around it its own."""
    plain_git(repository, "config", "core.worktree", "/")
    with pytest.raises(HandoffError, match=r"core\.worktree in git's configuration names"):
        find_root(repository)


def test_a_tag_is_no_branch(repository: Path, plain_git: Git) -> None:
    """Whoever gives the name of the target to a tag cannot call the work merged by it."""
    commit(plain_git, repository)
    plain_git(repository, "tag", "target")
    assert tips_of_branch(repository, "target") == []


def test_a_branch_that_is_checked_out_gives_way_to_the_remote_one(repository: Path, plain_git: Git, tmp_path: Path) -> None:
    """What is committed on a local branch is the work; where there is no remote one, the local branch is all there is."""
    commit(plain_git, repository)
    there = plain_git(repository, "rev-parse", "HEAD").strip()
    clone, name = tmp_path / "clone", plain_git(repository, "branch", "--show-current").strip()
    plain_git(tmp_path, "clone", "--quiet", str(repository), str(clone))
    commit(plain_git, clone)
    assert tips_of_branch(clone, name) == [there]
    assert tips_of_branch(repository, name) == [there]
    plain_git(clone, "checkout", "--quiet", "-b", "work")
    assert len(tips_of_branch(clone, name)) == 2
