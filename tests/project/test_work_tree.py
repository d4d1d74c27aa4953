"""The work tree as git would store it, with real repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.errors import HandoffError
from pytest_handoff.project import git, work_tree
from pytest_handoff.project.git import run_git, tree_of
from pytest_handoff.project.work_tree import WorkTree, literally, read_files, read_work_tree
from repositories import HELLO, commit, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Git = Callable[..., str]


def test_before_the_first_commit(repository: Path) -> None:
    """Without a commit there is a branch, everything is untracked, and the blob ids are git's."""
    write(repository, "a.txt")
    assert read_work_tree(repository) == WorkTree(
        files={"a.txt": HELLO}, kinds={}, commit=None, branch="main", modified=[], untracked=["a.txt"]
    )


def test_after_a_commit(repository: Path, plain_git: Git) -> None:
    """After a commit the files are the same, and nothing is modified or untracked."""
    write(repository, "a.txt")
    commit(plain_git, repository)
    found = read_work_tree(repository)
    head = plain_git(repository, "rev-parse", "HEAD")
    assert found == WorkTree(files={"a.txt": HELLO}, kinds={}, commit=head, branch="main", modified=[], untracked=[])


def test_what_differs_from_the_commit(repository: Path, plain_git: Git) -> None:
    """Changed and removed files are modified, staged or not; new ones are untracked, staged or not."""
    write(repository, "changed", "staged", "removed", "same")
    commit(plain_git, repository)
    write(repository, "changed", "staged", "new", "added", content=b"other\n")
    (repository / "removed").unlink()
    plain_git(repository, "add", "staged", "added")
    found = read_work_tree(repository)
    assert (found.modified, found.untracked) == (["changed", "removed", "staged"], ["added", "new"])
    assert sorted(found.files) == ["added", "changed", "new", "same", "staged"]


def test_what_is_no_content_differs_as_well(repository: Path, plain_git: Git) -> None:
    """A file that may now be executed is modified; one that is taken out of the index alone is what the commit holds."""
    write(repository, "kept", "run")
    commit(plain_git, repository)
    plain_git(repository, "rm", "--quiet", "--cached", "kept")
    (repository / "run").chmod(0o755)
    found = read_work_tree(repository)
    assert (found.modified, found.untracked, sorted(found.files)) == (["run"], [], ["kept", "run"])
    assert found.kinds == {"run": "executable"}
    assert read_files(repository).ids == {"kept": HELLO, "run": f"{HELLO} executable"}


def test_a_file_where_a_folder_was(repository: Path, plain_git: Git) -> None:
    """The folder's file is gone, which modifies the tree, and the new file is untracked."""
    write(repository, "place/file")
    commit(plain_git, repository)
    (repository / "place" / "file").unlink()
    (repository / "place").rmdir()
    write(repository, "place")
    found = read_work_tree(repository)
    assert (found.modified, found.untracked, sorted(found.files)) == (["place/file"], ["place"], ["place"])


@pytest.mark.parametrize("name", ["evidence", "evid*", "with blank", "grün"])
def test_a_folder_that_is_not_looked_at(repository: Path, plain_git: Git, name: str) -> None:
    """What stands in that folder is not told, whether tracked or not, and its neighbours are."""
    without = [f"{literally(name)}/**"]
    assert read_work_tree(repository, without=without).files == {}
    write(repository, "a", f"{name}/tracked", f"{name}s/b", f"deep/{name}/c")
    commit(plain_git, repository)
    write(repository, f"{name}/new", f"{name}/tracked", "d", content=b"other\n")
    found = read_work_tree(repository, without=without)
    assert sorted(found.files) == sorted(["a", "d", f"{name}s/b", f"deep/{name}/c"])
    assert (found.modified, found.untracked) == ([], ["d"])
    assert read_files(repository, without=without).ids == found.files


def test_a_merge_that_is_not_finished(repository: Path, plain_git: Git) -> None:
    """In a conflict the file counts as it stands in the work tree."""
    write(repository, "a")
    commit(plain_git, repository)
    for branch, content in (("one", b"1\n"), ("two", b"2\n")):
        plain_git(repository, "checkout", "--quiet", "-b", branch, "main")
        write(repository, "a", content=content)
        commit(plain_git, repository)
    with pytest.raises(subprocess.CalledProcessError):
        plain_git(repository, "merge", "--quiet", "one")
    write(repository, "a", content=b"3\n")
    found = read_work_tree(repository)
    assert (found.modified, found.untracked, found.branch) == (["a"], [], "two")
    assert found.files == {"a": plain_git(repository, "hash-object", "a")} == read_files(repository).ids


def test_reading_changes_nothing(repository: Path, plain_git: Git) -> None:
    """Neither the index nor the object store is touched."""
    write(repository, "a", "b")
    plain_git(repository, "add", "a")
    before = {path: path.read_bytes() for path in sorted(repository.rglob("*")) if path.is_file()}
    read_work_tree(repository)
    assert {path: path.read_bytes() for path in sorted(repository.rglob("*")) if path.is_file()} == before


def test_a_detached_head_has_no_branch(repository: Path, plain_git: Git) -> None:
    """On a detached head there is a commit and no branch."""
    commit(plain_git, repository)
    plain_git(repository, "checkout", "--quiet", "--detach")
    found = read_work_tree(repository)
    assert found.branch is None
    assert found.commit is not None


@pytest.mark.parametrize("name", ["with blank", 'with"quote', "new\nline", "grün/ß.txt", "[x]*?.txt", "tab\t", ":colon", "-dash"])
def test_names_as_they_are(repository: Path, plain_git: Git, name: str) -> None:
    """A file's name is neither quoted nor escaped, committed or not."""
    write(repository, name)
    assert read_work_tree(repository).untracked == [name]
    commit(plain_git, repository)
    assert list(read_work_tree(repository).files) == [name]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf_8(repository: Path) -> None:
    """Evidence is UTF-8, so a byte that is not is spelled out."""
    (repository / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"hello\n")
    assert read_work_tree(repository).files == {"caf\\xe9.txt": HELLO}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_look_alike_are_told_apart(repository: Path, plain_git: Git) -> None:
    """A byte that is no UTF-8 and the text that spells it are two names, however often a backslash is written out."""
    names = [b"\xe9", b"\\xe9", b"\\\xe9", b"\\x5c\xe9", b"\\x5cxe9", b"\\x5c\\xe9", b"\\\\xe9", b"\\", b"\\x", b"\\xE9", b"\\x5"]
    for number, name in enumerate(names):
        (repository / os.fsdecode(name)).write_bytes(b"%d" % number)
    found = read_work_tree(repository).files
    assert len(found) == len(set(found.values())) == len(names)
    commit(plain_git, repository)
    assert tree_of(repository, "HEAD") == found
    assert {"\\", "\\x", "\\xE9", "\\xe9", "\\x5cxe9"} <= found.keys()


def test_ignored_files_are_not_there(repository: Path) -> None:
    """What git would not track is left out."""
    write(repository, "a.log", "b.txt")
    write(repository, ".gitignore", content=b"*.log\n")
    assert sorted(read_work_tree(repository).files) == [".gitignore", "b.txt"]


@pytest.mark.parametrize("flags", [["--assume-unchanged"], ["--skip-worktree"], ["--assume-unchanged", "--skip-worktree"]])
def test_files_that_git_was_told_not_to_look_at(repository: Path, plain_git: Git, flags: list[str]) -> None:
    """They are what stands there all the same, and the index keeps what it was told."""
    write(repository, "a.txt", "b.txt")
    commit(plain_git, repository)
    for flag in flags:
        plain_git(repository, "update-index", flag, "a.txt")
    told = plain_git(repository, "ls-files", "-v")
    write(repository, "a.txt", content=b"other\n")
    tree = read_work_tree(repository)

    assert tree.files["a.txt"] != HELLO == tree.files["b.txt"]
    assert tree.modified == ["a.txt"]
    assert read_files(repository).ids == tree.files
    assert plain_git(repository, "ls-files", "-v") == told


def test_a_sparse_checkout(repository: Path, plain_git: Git) -> None:
    """What it leaves out is not changed, and part of the tree."""
    write(repository, "a.txt", "b.txt")
    commit(plain_git, repository)
    plain_git(repository, "sparse-checkout", "set", "--no-cone", "/b.txt")

    assert not (repository / "a.txt").exists()
    assert read_work_tree(repository).files == {"a.txt": HELLO, "b.txt": HELLO}


def test_a_link_is_its_target_and_not_followed(repository: Path) -> None:
    """A symbolic link counts with its text, also one to nowhere."""
    (repository / "link").symlink_to("hello\n")
    found = read_work_tree(repository)
    assert (found.files, found.kinds) == ({"link": HELLO}, {"link": "link"})


@pytest.mark.parametrize("setting", ["core.autocrlf", "core.safecrlf", "core.quotepath", "core.fileMode"])
def test_settings_change_no_committed_file(repository: Path, plain_git: Git, setting: str) -> None:
    """Settings of the host neither change what a committed file is, nor keep it from being read."""
    write(repository, "unix.txt", "grün")
    write(repository, "dos.txt", content=b"hello\r\n")
    commit(plain_git, repository)
    before = read_work_tree(repository)
    plain_git(repository, "config", setting, "true")
    assert read_work_tree(repository) == before


def test_modes_that_git_is_told_not_to_heed(repository: Path, plain_git: Git) -> None:
    """With ``core.fileMode false`` a file is executable all the same if others are not."""
    write(repository, "a.sh", "b.txt")
    commit(plain_git, repository)
    plain_git(repository, "config", "core.fileMode", "false")
    before = read_work_tree(repository)
    (repository / "a.sh").chmod(0o755)
    found = read_work_tree(repository)

    assert (before.kinds, found.kinds, found.modified) == ({}, {"a.sh": "executable"}, ["a.sh"])
    assert plain_git(repository, "diff", "--name-only") == ""


def test_modes_where_no_file_can_have_one(repository: Path, plain_git: Git) -> None:
    """On a file system on which all files look executable, ``core.fileMode false`` says that nobody knows."""
    write(repository, "a.sh", "b.txt")
    commit(plain_git, repository)
    before = read_work_tree(repository)
    plain_git(repository, "config", "core.fileMode", "false")
    for name in ("a.sh", "b.txt", ".git/config"):
        (repository / name).chmod(0o755)

    assert read_work_tree(repository) == before


@pytest.mark.parametrize("settings", [["core.checkStat", "minimal"], ["core.ignoreStat", "true"]])
def test_a_file_that_git_takes_for_unchanged(repository: Path, plain_git: Git, settings: list[str]) -> None:
    """A file of the same size and time is read, whatever git is told to trust."""
    plain_git(repository, "config", "core.trustctime", "false")
    plain_git(repository, "config", *settings)
    write(repository, "a.txt", content=b"0.8\n")
    os.utime(repository / "a.txt", (1_600_000_000, 1_600_000_000))
    commit(plain_git, repository)
    write(repository, "new.txt", content=b"0.9\n")
    os.utime(repository / "new.txt", (1_600_000_000, 1_600_000_000))
    (repository / "new.txt").replace(repository / "a.txt")

    assert read_work_tree(repository).modified == ["a.txt"]


def test_line_ends_that_git_converts(repository: Path, plain_git: Git) -> None:
    """Where attributes ask for conversion, a file is the same with either kind of line ends."""
    write(repository, ".gitattributes", content=b"* text\n")
    write(repository, "a.txt")
    before = read_work_tree(repository)
    write(repository, "a.txt", content=b"hello\r\n")
    assert read_work_tree(repository) == before


def test_a_repository_within(repository: Path, plain_git: Git) -> None:
    """A nested repository counts with its commit, as a submodule does; its files do not."""
    inner = repository / "inner"
    inner.mkdir()
    plain_git(inner, "init", "--quiet")
    write(inner, "a.txt")
    commit(plain_git, inner)
    assert read_work_tree(repository).files == {"inner": plain_git(inner, "rev-parse", "HEAD")}


def test_a_submodule(repository: Path, plain_git: Git, tmp_path: Path) -> None:
    """A submodule counts with its commit, also when it is committed."""
    other = tmp_path / "other"
    other.mkdir()
    plain_git(other, "init", "--quiet")
    commit(plain_git, other)
    plain_git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    commit(plain_git, repository)
    found = read_work_tree(repository)
    assert found.files["sub"] == plain_git(other, "rev-parse", "HEAD")
    assert (found.modified, found.untracked) == ([], [])


def test_a_submodule_whose_work_tree_differs(repository: Path, plain_git: Git, tmp_path: Path) -> None:
    """What is changed or new in a submodule counts; without a check-out, its commit does."""
    inner = repository / "inner"
    inner.mkdir()
    plain_git(inner, "init", "--quiet")
    write(inner, "a.txt", "gone.txt")
    commit(plain_git, inner)
    commit(plain_git, repository)
    clean = read_work_tree(repository)
    seen = {clean.files["inner"]}
    write(inner, "a.txt", content=b"other\n")
    seen.add(read_files(repository).ids["inner"])
    write(inner, "b.txt")
    seen.add(read_files(repository).ids["inner"])
    (inner / "gone.txt").unlink()
    found = read_work_tree(repository)
    seen.add(found.files["inner"])
    write(inner, "gone.txt")
    (inner / "b.txt").unlink()
    write(inner, "a.txt")
    (inner / "a.txt").chmod(0o755)
    seen.add(read_files(repository).ids["inner"])
    assert len(seen) == 5
    assert found.modified == ["inner"]
    plain_git(inner, "checkout", "--quiet", "HEAD", "--", ".")
    assert read_work_tree(repository) == clean
    shutil.rmtree(inner)
    inner.mkdir()
    assert read_work_tree(repository).files == clean.files


def test_a_repository_within_that_has_no_commit(repository: Path, plain_git: Git) -> None:
    """A nested repository without a commit has nothing to be tracked, and keeps nothing else from being read."""
    for name in ("inner", "in ner*"):
        (repository / name).mkdir()
        plain_git(repository / name, "init", "--quiet")
        write(repository / name, "a.txt")
    write(repository, "b.txt", "innermost")
    assert sorted(read_work_tree(repository).files) == ["b.txt", "innermost"]


def test_what_git_cannot_read_is_an_error(repository: Path, plain_git: Git) -> None:
    """When git fails, its own words are in the message."""
    write(repository, ".gitattributes", content=b"* filter=absent\n")
    plain_git(repository, "config", "filter.absent.clean", "false")
    plain_git(repository, "config", "filter.absent.required", "true")
    with pytest.raises(HandoffError, match=r"git add failed: .*filter 'absent' failed"):
        read_work_tree(repository)


def test_an_index_in_a_path_with_the_list_separator(plain_git: Git, tmp_path: Path) -> None:
    """A folder whose name holds what separates folders in a list can be read too."""
    root = tmp_path / f"a{os.pathsep}b"
    root.mkdir()
    plain_git(root, "init", "--quiet")
    write(root, "a.txt")
    commit(plain_git, root)
    assert read_work_tree(root).files == {"a.txt": HELLO}


@pytest.mark.parametrize("bring", [lambda index: index.symlink_to("/dev/zero"), os.mkfifo])
def test_an_index_that_is_no_file_is_not_copied(repository: Path, plain_git: Git, bring: Callable[[Path], object]) -> None:
    """An archive may bring one that never ends."""
    write(repository, "a.txt")
    commit(plain_git, repository)
    (repository / ".git/index").unlink()
    bring(repository / ".git/index")
    with pytest.raises(HandoffError, match=r"git.s index, is not a regular file"):
        read_work_tree(repository)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_does_not_keep_git_waiting_for_ever(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive may hold one in place of a file that git reads."""
    os.mkfifo(repository / ".gitignore")
    monkeypatch.setattr(git, "PATIENCE", 0.5)
    with pytest.raises(HandoffError, match=r"git add did not answer within 0.5 seconds; a pipe"):
        read_work_tree(repository)


def test_files_that_vanish_while_git_reads(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server or a watcher removes a file that git has just listed: git is asked once more, and not for ever."""
    write(repository, "a.txt")
    asked, vanish = [], [b"fatal: unable to stat 'logs/tmp-1.log': No such file or directory\n"] * 2

    def run(root: Path, *args: str, **given: Any) -> subprocess.CompletedProcess[bytes]:
        asked.append(args[0])
        done = run_git(root, *args, **given)
        if args[0] == "add" and vanish:
            return subprocess.CompletedProcess(done.args, 128, b"", vanish.pop())
        return done

    monkeypatch.setattr(work_tree, "run_git", run)
    assert read_work_tree(repository).files == {"a.txt": HELLO}
    assert asked.count("add") == 3
    vanish += [b"fatal: unable to stat 'x': No such file or directory\n"] * 100
    with pytest.raises(HandoffError, match=r"git add failed: fatal: unable to stat 'x'"):
        read_work_tree(repository)


@pytest.mark.parametrize(
    "said", [b"error: unable to write file: No space left on device", b'error: open("a"): Input/output error']
)
def test_what_else_git_fails_at_is_an_error(repository: Path, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    """No file is left out because the disk is full."""
    write(repository, "a.txt")
    done = subprocess.CompletedProcess(["git"], 1, b"", b"warning: x\n" + said + b"\n")
    monkeypatch.setattr(work_tree, "run_git", lambda *_args, **_given: done)
    with pytest.raises(HandoffError, match="git add failed: "):
        read_work_tree(repository)


@pytest.mark.parametrize(("name", "key"), [("lfs", "clean"), ("lfs", "process"), ("git-crypt", "clean")])
def test_a_filter_whose_program_is_not_here(repository: Path, plain_git: Git, name: str, key: str) -> None:
    """Without it nobody knows what git would store: the error says what to do."""
    write(repository, "a.bin")
    write(repository, ".gitattributes", content=f"*.bin filter={name}\n".encode())
    plain_git(repository, "config", f"filter.{name}.{key}", "/nowhere/program")
    plain_git(repository, "config", f"filter.{name}.required", "true")
    with pytest.raises(HandoffError, match=rf"git add failed: .*; install what filter\.{name} runs, or remove that filter"):
        read_work_tree(repository)


def test_a_file_that_git_may_not_read(repository: Path, plain_git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that git tracks is another file; any other is left out, and both are named."""
    write(repository, "tracked", "closed/tracked", "other")
    commit(plain_git, repository)
    said = (
        b"warning: could not open directory 'closed/': Permission denied\n"
        b"error: open(\"tracked\"): Permission denied\nerror: unable to index file 'tracked'\n"
        b"error: open(\"new\"): Operation not permitted\nerror: unable to index file 'new'\n"
    )
    monkeypatch.setattr(work_tree, "run_git", lambda *_args, **_given: subprocess.CompletedProcess(["git"], 1, b"", said))
    found = read_work_tree(repository)
    assert found.files == {"tracked": "unreadable", "closed/tracked": "unreadable", "other": HELLO}
    assert (found.unread, found.modified) == (["closed", "new", "tracked"], ["closed/tracked", "tracked"])
