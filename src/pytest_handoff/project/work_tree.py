"""Read the work tree as git would store it if all of it were committed, without changing anything there."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import HandoffError
from pytest_handoff.project.foreign_files import leads_outside
from pytest_handoff.project.git import checked, files_in, find_root, name_of, path_in, place_of, run_git
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


_SUBMODULE = "160000"
"""The mode of a submodule, or of a repository within the tree."""

_DIRTY = "work-tree:"
"""Begins the id of a submodule whose work tree is not that of its commit."""

_KINDS = {"100755": "executable", "120000": "link"}
"""What a file can be besides a plain one, by git's modes."""

_STATE = (
    "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty",
)  # fmt: skip


class WorkTree(Frozen, frozen=True):
    """The state of a work tree.

    Attributes:
        files: path to blob id of every file that git tracks or would track, as it stands in the work tree.
        kinds: path to ``executable`` or ``link``, of those files that are one.
        commit, branch: ``None`` before the first commit, or on a detached head.
        modified, untracked: paths that differ from the commit.
    """

    files: dict[str, str]
    kinds: dict[str, str]
    commit: str | None
    branch: str | None
    modified: list[str]
    untracked: list[str]


def read_work_tree(root: Path, *, without: Sequence[str] = (), but: Sequence[str] = ()) -> WorkTree:
    """Read the state of a work tree without changing anything in it.

    A copy of the index is brought up to date by ``git add --all`` with a throw-away object folder, so that filters, modes,
    links and submodules are exactly what a commit would hold.

    Args:
        without: globs of files, relative to the root, that are not read, however many there are.
        but: files or folders that are read all the same.
    """
    with _as_if_committed(root) as environment:
        places = _add_all(root, without, but, environment)
        files, kinds = _staged_files(root, places, environment)
        state = b"".join(checked(root, *_STATE, *where, environment=environment) for where in places)
    work = _work_tree(files, kinds, state.split(b"\0")[:-1])
    dirty = [name for name, blob in files.items() if blob.startswith(_DIRTY)]
    return replace(work, modified=sorted({*work.modified, *dirty} - {*work.untracked}))


def read_files(root: Path, *, without: Sequence[str] = (), but: Sequence[str] = ()) -> dict[str, str]:
    """Read only the ``files`` of :func:`read_work_tree`, each with its kind (:func:`ids`)."""
    with _as_if_committed(root) as environment:
        files, kinds = _staged_files(root, _add_all(root, without, but, environment), environment)
    return ids(files, kinds)


def ids(files: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, str]:
    """Map each path to one text that is another for any other content or kind of the file."""
    return {path: f"{blob} {kinds[path]}" if path in kinds else blob for path, blob in files.items()}


@contextmanager
def _as_if_committed(root: Path) -> Iterator[dict[str, str]]:
    """Make an environment in which git has a copy of the index, and stores new objects in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="handoff-git-") as scratch:
        index = Path(scratch) / "index"
        real_index, objects = _index_and_objects(root)
        if real_index.exists():
            if not S_ISREG(real_index.stat().st_mode):  # an archive may bring a link to a device that never ends
                raise HandoffError(f"{real_index}, git's index, is no regular file; remove it, then run git reset")
            shutil.copy2(real_index, index)
        known_objects = [_quoted(objects), os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")]
        environment = {
            "GIT_INDEX_FILE": str(index),
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(filter(None, known_objects)),
        }
        yield environment


def literally(path: str) -> str:
    """Write a path as a glob of git's that matches nothing else."""
    return re.sub(r"([\\*?\[])", r"\\\1", path)


def _all_but(globs: Iterable[str], *, how: str = "glob") -> list[str]:
    """Build the pathspec of the whole tree except some files, or folders if it is ``literal`` (gitglossary, "pathspec")."""
    return ["--", ":/", *(f":(top,exclude,{how}){glob}" for glob in globs)]


def _staged_files(root: Path, places: list[list[str]], environment: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the ``files`` and ``kinds``; make git look again at existing files that it was told not to look at."""
    rows = _staged_rows(root, places, environment)
    hidden = [name for tag, name in ((row[:1], row.split(b"\t", 1)[1]) for row in rows) if _is_hidden(root, tag, name)]
    if hidden:
        names = b"".join(name + b"\0" for name in hidden)
        for how in (["--force-remove"], ["--add", "--remove"]):  # removed and added, so that no old flag or time counts
            checked(root, "update-index", *how, "-z", "--stdin", environment=environment, stdin=names)
        rows = _staged_rows(root, places, environment)
    staged = list(map(_staged, rows))
    files = {name: blob if mode != _SUBMODULE else _with_its_work(root, name, blob) for name, mode, blob in staged}
    return files, _kinds(staged)


def _kinds(files: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    return {path: _KINDS[mode] for path, mode, _ in files if mode in _KINDS}


def _with_its_work(root: Path, name: str, commit: str) -> str:
    """Return the id of a submodule: its commit, or a hash of its files where its work tree holds others than that commit.

    One that is not checked out counts by its commit alone, as in a clone without submodules.
    """
    folder = root / name
    if not os.path.lexists(folder / ".git") or leads_outside(folder, [root.resolve()]) or find_root(folder) != folder.resolve():
        return commit
    files, stored = read_files(folder), files_in(folder, commit)
    if files == ids({path: blob for path, _, blob in stored}, _kinds(stored)):
        return commit
    rows = "".join(f"{path}\0{blob}\n" for path, blob in sorted(files.items()))
    return _DIRTY + sha1(f"{commit}\n{rows}".encode(), usedforsecurity=False).hexdigest()


def _staged_rows(root: Path, places: list[list[str]], environment: dict[str, str]) -> list[bytes]:
    """Return the rows of ``git ls-files --stage -v``: a tag, a blank, mode, blob id and stage, a tab, the name."""
    listings = (checked(root, "ls-files", "--stage", "-v", "-z", *where, environment=environment) for where in places)
    return b"".join(listings).split(b"\0")[:-1]


def _is_hidden(root: Path, tag: bytes, name: bytes) -> bool:
    """Check whether git takes a file for unchanged without looking; a file that a sparse checkout leaves out does not exist."""
    return tag.islower() or (tag == b"S" and os.path.lexists(root / os.fsdecode(name)))


def _work_tree(files: dict[str, str], kinds: dict[str, str], rows: list[bytes]) -> WorkTree:
    """Parse ``git status`` of an index with all files staged (git-status, "Porcelain Format Version 2")."""
    heads = {key: os.fsdecode(value) for _, key, value in (row.split(b" ", 2) for row in rows if row.startswith(b"# "))}
    commit, branch = heads[b"branch.oid"], heads[b"branch.head"]
    modified, untracked = [], []
    for row in rows:
        if row.startswith(b"1 "):
            _, change, _, mode, staged_mode, _, committed, staged, name = row.split(b" ", 8)
            if change.startswith(b"A"):
                untracked.append(name_of(name))
            elif (mode, committed) != (staged_mode, staged):
                modified.append(name_of(name))
    return WorkTree(
        files=files,
        kinds=kinds,
        commit=None if commit == "(initial)" else commit,
        branch=None if branch == "(detached)" else branch,
        modified=sorted({*modified}),
        untracked=sorted({*untracked}),
    )


def _add_all(root: Path, without: Sequence[str], but: Sequence[str], environment: dict[str, str]) -> list[list[str]]:
    """Stage everything, and return the pathspecs of it: of all but some globs, and of what is read although they match it."""
    where = _all_but(without)
    _add(root, where, environment)
    if not but:
        return [where]
    named = (f":(top,literal){place_of(root, path).relative_to(root)}" for path in but)
    asked = ("ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--", *named)
    found = checked(root, *asked, environment=environment).split(b"\0")[:-1]
    also = ["--", *(f":(top,literal){os.fsdecode(name)}" for name in dict.fromkeys(found))]
    if not found:
        return [where]
    _add(root, also, environment)
    return [where, also]


def _add(root: Path, where: list[str], environment: dict[str, str]) -> None:
    """Stage everything except nested repositories without a commit: git cannot track those, and refuses."""
    if run_git(root, "add", "--all", *where, environment=environment).returncode:
        beside = checked(root, "ls-files", "--others", "--exclude-standard", "-z", environment=environment).split(b"\0")
        folders = [os.fsdecode(name) for name in beside if name.endswith(b"/")]
        unborn = [name for name in folders if run_git(root / name, "rev-parse", "--verify", "--quiet", "HEAD").returncode]
        left_out = _all_but((name.rstrip("/") for name in unborn), how="literal")
        checked(root, "add", "--all", *where, *left_out[2:], environment=environment)


def _index_and_objects(root: Path) -> tuple[Path, Path]:
    asked = ("rev-parse", "--path-format=absolute")
    names = (("--git-path", "index"), ("--git-path", "objects"))
    answers = checked(root, *asked, *names[0], *names[1]).splitlines(keepends=True)
    if len(answers) != len(names):  # a path that holds a line break
        answers = [checked(root, *asked, *name) for name in names]
    index, objects = map(path_in, answers)
    return index, objects


def _staged(row: bytes) -> tuple[str, str, str]:
    """Split a row into the name, the mode and the blob id."""
    meta, name = row.split(b"\t", 1)
    _, mode, blob, _ = meta.split()
    return name_of(name), mode.decode(), blob.decode()


def _quoted(path: Path) -> str:
    """Quote a path for git's list of object folders, where it holds the separator or starts with a quote."""
    text = str(path)
    if os.pathsep in text or text.startswith('"'):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
