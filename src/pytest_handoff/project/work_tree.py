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

from pytest_handoff.errors import HandoffError
from pytest_handoff.project.foreign_files import FLAGS, LINES, MEGABYTE, leads_outside, read_if_there, read_opened
from pytest_handoff.project.git import (
    CONVERSIONS,
    checked,
    files_in,
    find_root,
    index_and_objects,
    name_of,
    place_of,
    problem,
    run_git,
)
from pytest_handoff.project.modes import heeding_modes
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator, Mapping, Sequence


_SUBMODULE = "160000"
"""The mode of a submodule, or of a repository within the tree."""

_DIRTY = "work-tree:"
"""Begins the id of a submodule whose work tree is not that of its commit, and the kind of a file that git stores otherwise."""

UNREADABLE = "unreadable"
"""The id of a file that git tracks and this user may not read."""

_KINDS = {"100755": "executable", "120000": "link"}
"""What a file can be besides a plain one, by git's modes."""

_STATE = (
    "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty",
)  # fmt: skip

_TRIES = 10
_VANISHED = rb"(?m)^fatal: unable to stat '"
_CLOSED = rb"(?m)^warning: could not open directory '(.*)/': Permission denied"
_ERRORS = rb"(?m)^(?:error|fatal): .*"
_BEARABLE = (
    rb"error: (?:open\(\"(.*)\"\): (?:Permission denied|Operation not permitted)|open\(\".*\"\): No such file or directory"
    rb"|unable to index file '.*'|'.*' does not have a commit checked out)"
)
"""What git says of a file that this user may not read, that has just been removed, and of a repository that has no commit yet."""


class Files(Frozen, frozen=True, kw_only=True):
    """The files of a work tree.

    Attributes:
        files: path to blob id of every file that git tracks or would track, as it stands in the work tree.
        kinds: path to ``executable`` or ``link``, of those files that are one, and to a hash of what stands there where that is
            not what git would check out again.
        absent: files among them that a sparse checkout leaves out, and submodules that are not checked out.
        unread: files and folders that this user may not read; of these, ``files`` has only those that git tracks.
        beside: other work trees of the same repository that are within this one.
    """

    files: dict[str, str]
    kinds: dict[str, str]
    absent: list[str] = []
    unread: list[str] = []
    beside: list[str] = []

    @property
    def ids(self) -> dict[str, str]:
        """Map each path to one text that is another for any other content or kind of the file."""
        return ids(self.files, self.kinds)


class WorkTree(Files, frozen=True, kw_only=True):
    """The state of a work tree.

    Attributes:
        commit, branch: ``None`` before the first commit, or on a detached head.
        modified, untracked: paths that differ from the commit.
    """

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
    with _staging(root, without, but) as staging:
        found = staging.files()
        rows = staging.ask(*_STATE).split(b"\0")[:-1]
    heads = {key: os.fsdecode(value) for _, key, value in (row.split(b" ", 2) for row in rows if row.startswith(b"# "))}
    commit, branch = heads[b"branch.oid"], heads[b"branch.head"]
    modified, untracked = _changed(rows)
    beside = untracked.intersection(found.beside)  # what is checked out there is another branch, and no file of this one
    files = {path: blob for path, blob in found.files.items() if path not in beside} if beside else found.files
    modified |= {path for path, text in found.ids.items() if _DIRTY in text or text.startswith(UNREADABLE)}
    return WorkTree(
        files=files,
        kinds=found.kinds,
        absent=found.absent,
        unread=found.unread,
        beside=found.beside,
        commit=None if commit == "(initial)" else commit,
        branch=None if branch == "(detached)" else branch,
        modified=sorted(modified - untracked),
        untracked=sorted(untracked - beside),
    )


def read_files(root: Path, *, without: Sequence[str] = (), but: Sequence[str] = ()) -> Files:
    """Read only the files of :func:`read_work_tree`."""
    with _staging(root, without, but) as staging:
        return staging.files()


def ids(files: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, str]:
    """Map each path to one text that is another for any other content or kind of the file."""
    return {**files, **{path: f"{files[path]} {kind}" for path, kind in kinds.items() if path in files}}


def literally(path: str) -> str:
    """Write a path as a glob of git's that matches nothing else."""
    return re.sub(r"([\\*?\[])", r"\\\1", path)


class _Staging:
    """A copy of git's index in which everything is staged, with its own folder for new objects.

    Args:
        info: the folder of the repository in which it may have attributes of its own.
        environment: the environment in which git sees these.
    """

    def __init__(self, root: Path, info: Path, environment: dict[str, str]) -> None:
        self._root = root
        self._info = info
        self._environment = environment
        self._places: list[list[str]] = []
        self._unread: set[bytes] = set()

    def ask(self, *args: str) -> bytes:
        """Ask git about everything that is staged."""
        return b"".join(checked(self._root, *args, *place, environment=self._environment) for place in self._places)

    def add_all(self, without: Sequence[str], but: Sequence[str]) -> None:
        """Stage all but some globs, and what is read although they match it."""
        self._add(["--", ":/", *(f":(top,exclude,glob){glob}" for glob in without)])
        if but:
            named = (f":(top,literal){place_of(self._root, path).relative_to(self._root).as_posix()}" for path in but)
            asked = ("ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--", *named)
            found = checked(self._root, *asked, environment=self._environment).split(b"\0")[:-1]
            if found:
                self._add(["--", *(f":(top,literal){os.fsdecode(name)}" for name in dict.fromkeys(found))])

    def files(self) -> Files:
        """List every staged file."""
        rows = self._rows()
        staged = [(name_of(name), mode, blob) for _, name, mode, blob in rows]
        unread = {name_of(name) for name in self._unread}
        closed = tuple(f"{path}/" for path in unread)
        absent = [name_of(name) for tag, name, mode, _ in rows if self._is_absent(tag, name, mode)]
        files = {path: _id_of(self._root, path, blob) if mode == _SUBMODULE else blob for path, mode, blob in staged}
        files |= {path: UNREADABLE for path in files if unread and (path in unread or path.startswith(closed))}
        plain = {path: files[path] for path, mode, _ in staged if mode.startswith("100") and files[path] != UNREADABLE}
        kinds = _kinds(staged)
        for path, found in self._unlike_a_checkout(plain).items():
            kinds[path] = f"{kinds.get(path, '')} {_DIRTY}{found}".lstrip()
        beside = [path for path, mode, _ in staged if mode == _SUBMODULE and self._is_beside(place_of(self._root, path))]
        return Files(files=files, kinds=kinds, absent=sorted({*absent}), unread=sorted(unread), beside=beside)

    def _is_beside(self, folder: Path) -> bool:
        """Check whether a folder is another work tree of this repository (gitrepository-layout, "worktrees")."""
        try:
            told = read_opened(os.open(folder / ".git", FLAGS), folder, MEGABYTE)
        except OSError:  # most often it is a folder
            return False
        place = folder / os.fsdecode(told.removeprefix(b"gitdir: ").removesuffix(b"\n"))
        return b"\0" not in told and place.resolve().is_relative_to((self._info.parent / "worktrees").resolve())

    def _unlike_a_checkout(self, plain: Mapping[str, str]) -> dict[str, str]:
        places = [place_of(self._root, path) for path in plain if path.endswith(".gitattributes")]
        if not any(map(_speaks_of_conversions, [*places, self._info / "attributes"])):
            return {}
        from pytest_handoff.project.conversions import unlike_a_checkout

        return unlike_a_checkout(self._root, plain, self._environment)

    def _add(self, place: list[str]) -> None:
        """Stage what git can; go on without repositories that have no commit, and without what this user may not read."""
        self._places.append(place)
        done = self._try_to_add(place)
        if done.returncode and b"sparse-checkout" in done.stderr:  # what it would leave out stands there all the same
            done = self._try_to_add(place, "--sparse")
        if done.stderr:
            self._unread |= {*re.findall(_CLOSED, done.stderr)}
        if done.returncode:
            errors = [re.fullmatch(_BEARABLE, error) for error in re.findall(_ERRORS, done.stderr)]
            if None in errors or not errors:
                raise problem("add", done)
            self._unread |= {error[1] for error in errors if error is not None and error[1]}

    def _try_to_add(self, place: list[str], *options: str) -> subprocess.CompletedProcess[bytes]:
        """Stage everything; once more where a file that git has listed is gone when it is to be read."""
        for _ in range(_TRIES):
            done = run_git(self._root, "add", "--all", "--ignore-errors", *options, *place, environment=self._environment)
            if not done.stderr or re.search(_VANISHED, done.stderr) is None:
                break
        return done

    def _rows(self) -> list[tuple[bytes, bytes, str, str]]:
        """List tag, name, mode and id; make git look again at existing files that it was told not to look at."""
        rows = self._listed()
        hidden = [name for tag, name, _, _ in rows if self._is_hidden(tag, name)]
        if not hidden:
            return rows
        names = b"".join(name + b"\0" for name in hidden)
        for how in (["--force-remove"], ["--add", "--remove"]):  # removed and added, so that no old flag or time counts
            checked(self._root, "update-index", *how, "-z", "--stdin", environment=self._environment, stdin=names)
        return self._listed()

    def _listed(self) -> list[tuple[bytes, bytes, str, str]]:
        """Parse ``git ls-files --stage -v``: a tag, a blank, mode, blob id and stage, a tab, the name."""
        rows = (row.split(b"\t", 1) for row in self.ask("ls-files", "--stage", "-v", "-z").split(b"\0")[:-1])
        split = ((meta.split(), name) for meta, name in rows)
        return [(tag, name, mode.decode(), blob.decode()) for (tag, mode, blob, _), name in split]

    def _is_hidden(self, tag: bytes, name: bytes) -> bool:
        """Check whether git takes a file for unchanged without looking; what a sparse checkout leaves out does not exist."""
        return tag.islower() or (tag == b"S" and os.path.lexists(self._root / os.fsdecode(name)))

    def _is_absent(self, tag: bytes, name: bytes, mode: str) -> bool:
        """Check whether a file is left out by a sparse checkout, or a submodule is not checked out."""
        if tag != b"S" and mode != _SUBMODULE:  # nearly every file
            return False
        place = self._root / os.fsdecode(name)
        return not os.path.lexists(place / ".git" if mode == _SUBMODULE else place)


@contextmanager
def _staging(root: Path, without: Sequence[str], but: Sequence[str]) -> Iterator[_Staging]:
    """Stage everything in a copy of the index, and forget it afterwards."""
    with tempfile.TemporaryDirectory(prefix="handoff-git-") as scratch:
        index = Path(scratch) / "index"
        real_index, objects = index_and_objects(root)
        if real_index.exists():
            if not S_ISREG(real_index.stat().st_mode):  # an archive may bring a link to a device that never ends
                raise HandoffError(f"{real_index}, git's index, is not a regular file; remove it, then run git reset")
            shutil.copy2(real_index, index)
        known_objects = [_quoted(objects), os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")]
        environment = {
            "GIT_INDEX_FILE": str(index),
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(filter(None, known_objects)),
            **heeding_modes(root, objects.parent),
        }
        staging = _Staging(root, objects.parent / "info", environment)
        staging.add_all(without, but)
        yield staging


def _id_of(root: Path, path: str, blob: str) -> str:
    """Return the id of a submodule: its commit, or a hash of its files where it holds others than that commit.

    One that is not checked out counts by its commit alone, as in a clone without submodules.
    """
    folder = place_of(root, path)
    if not os.path.lexists(folder / ".git"):
        return blob
    if leads_outside(folder, [root.resolve()]) or find_root(folder) != folder.resolve():
        return blob
    found, stored = read_files(folder).ids, files_in(folder, blob)
    if found == ids({name: one for name, _, one in stored}, _kinds(stored)):
        return blob
    rows = "".join(f"{name}\0{text}\n" for name, text in sorted(found.items()))
    return _DIRTY + sha1(f"{blob}\n{rows}".encode(), usedforsecurity=False).hexdigest()


def _speaks_of_conversions(attributes: Path) -> bool:
    """Check whether a file of attributes may say that git stores other bytes than stand there."""
    try:
        text = read_if_there(attributes, [attributes.parent.resolve()], LINES) or b""
    except OSError:
        return True
    return any(word in text for word in CONVERSIONS)


def _kinds(files: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    return {path: _KINDS[mode] for path, mode, _ in files if mode in _KINDS}


def _changed(rows: Iterable[bytes]) -> tuple[set[str], set[str]]:
    """Parse ``git status`` of an index with all files staged (git-status, "Porcelain Format Version 2"): modified, untracked."""
    modified, untracked = set(), set()
    for row in rows:
        if row.startswith(b"1 "):
            _, change, _, mode, staged_mode, _, committed, staged, name = row.split(b" ", 8)
            if change.startswith(b"A"):
                untracked.add(name_of(name))
            elif (mode, committed) != (staged_mode, staged):
                modified.add(name_of(name))
    return modified, untracked


def _quoted(path: Path) -> str:
    """Quote a path for git's list of object folders, where it holds the separator or starts with a quote."""
    text = str(path)
    if os.pathsep in text or text.startswith('"'):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
