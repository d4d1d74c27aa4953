"""Ask git about the work tree and its history in a way that no setting of the host changes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import HandoffError
from pytest_handoff.project.foreign_files import leads_outside
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


PATIENCE = 600.0
"""Seconds to wait for an answer of git; one that never comes must not hold a command for ever."""

_SETTINGS = (
    "core.quotepath=off",
    "core.safecrlf=false",
    "core.splitIndex=false",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "safe.bareRepository=explicit",
    "advice.addEmbeddedRepo=false",
)
_STEADY = [part for setting in _SETTINGS for part in ("-c", setting)]
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE")
"""Variables that git sets for its hooks; without them git finds the work tree itself, and reads it as it stands."""
_OF_THE_USER = re.compile(r"GIT_(\w+_PATHSPECS|TRACE\w*|REDIRECT_\w+|ATTR_SOURCE|EXTERNAL_DIFF|DIFF_OPTS)")
"""Variables of the user that change how git reads a path or an attribute, or what it prints and where."""
_NOTHING_FETCHED = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}
"""Keeps a partial clone from fetching what it lacks by a program that its configuration names; ``none`` is no protocol."""

_SUBMODULE = "160000"
"""The mode of a submodule, or of a repository within the tree."""

_DIRTY = "work-tree:"
"""Begins the id of a submodule whose work tree is not that of its commit."""

_STATE = (
    "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty",
)  # fmt: skip


class WorkTree(Frozen, frozen=True):
    """The state of a work tree.

    Attributes:
        files: path to blob id of every file that git tracks or would track, as it stands in the work tree.
        commit, branch: ``None`` before the first commit, or on a detached head.
        modified, untracked: paths that differ from the commit.
    """

    files: dict[str, str]
    commit: str | None
    branch: str | None
    modified: list[str]
    untracked: list[str]


def find_root(folder: Path) -> Path | None:
    """Find the top of the work tree that a folder is in, or return ``None`` without git or outside a repository.

    Raises:
        HandoffError: when there is a repository that git refuses to read, such as another user's, or one for elsewhere.
    """
    if _program(os.environ.get("PATH", os.defpath)) is None:
        return None
    done = run_git(folder, "rev-parse", "--show-toplevel")
    if done.returncode == 0:
        root = _path(done.stdout).resolve()
        if not os.path.lexists(root / ".git"):  # else what lies around the repository would count as within it
            raise HandoffError(f"core.worktree in git's configuration names {root}, which has no .git; remove that setting")
        return root
    if any(
        known in done.stderr for known in (b"not a git repository", b"must be run in a work tree", b"cannot use bare repository")
    ):
        return None
    raise _problem("rev-parse", done)


def read_work_tree(root: Path, *, without: Sequence[str] = ()) -> WorkTree:
    """Read the state of a work tree without changing anything in it.

    A copy of the index is brought up to date by ``git add --all`` with a throw-away object folder, so that filters, modes,
    links and submodules are exactly what a commit would hold.

    Args:
        without: globs of files, relative to the root, that are not read, however many there are.
    """
    where = _all_but(without)
    with _as_if_committed(root, where) as environment:
        files = _staged_files(root, where, environment)
        state = _checked(root, *_STATE, *where, environment=environment)
    work = _work_tree(files, state.split(b"\0")[:-1])
    dirty = [name for name, blob in files.items() if blob.startswith(_DIRTY)]
    return replace(work, modified=sorted({*work.modified, *dirty} - {*work.untracked}))


def read_files(root: Path, *, without: Sequence[str] = ()) -> dict[str, str]:
    """Read only the ``files`` of :func:`read_work_tree`."""
    where = _all_but(without)
    with _as_if_committed(root, where) as environment:
        return _staged_files(root, where, environment)


def tree_of(root: Path, commit: str, *, below: str | None = None) -> dict[str, str]:
    """Map the path of every file in a commit, or below one of its folders, to its blob id.

    Raises:
        HandoffError: when git does not have the commit or its trees.
    """
    folder = [] if below is None else ["--", f"{below}/"]
    listing = _checked(root, "ls-tree", "-r", "-z", "--full-tree", commit, *folder, environment=_STORED_HISTORY)
    rows = (row.split(b"\t", 1) for row in listing.split(b"\0")[:-1])
    return {_name(name): meta.split()[2].decode() for meta, name in rows}


def run_git(
    root: Path, *args: str, environment: dict[str, str] | None = None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, untouched by the host's settings and a hook's variables; any exit code is returned.

    Raises:
        HandoffError: when git is not found, or gives no answer for :data:`PATIENCE` seconds.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK and not _OF_THE_USER.fullmatch(name)}
    program = _program(os.environ.get("PATH", os.defpath))
    if program is None:
        raise HandoffError("git is in no folder that PATH names in full; install it, or mend PATH")
    try:
        return subprocess.run(
            [program, "-C", str(root), *_STEADY, *args],
            capture_output=True,
            check=False,
            input=stdin,
            env=inherited | {"LC_ALL": "C"} | _NOTHING_FETCHED | (environment or {}),
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        why = "a pipe in place of a file, such as .gitignore, would keep it waiting"
        raise HandoffError(f"git {args[0]} gave no answer for {PATIENCE:g} seconds; {why}") from error


@lru_cache(maxsize=4)
def _program(path: str) -> str | None:
    """Find git in the absolute folders of a ``PATH``: a git in the working directory would be the repository's own.

    Windows would look there first, and so does every system for a ``PATH`` with an empty or a relative entry.
    """
    name = "git.exe" if os.name == "nt" else "git"
    places = (Path(folder, name) for folder in path.split(os.pathsep) if Path(folder).is_absolute())
    return next((str(place) for place in places if os.access(place, os.X_OK) and place.is_file()), None)


@contextmanager
def _as_if_committed(root: Path, where: list[str]) -> Iterator[dict[str, str]]:
    """Make an environment in which git sees an index with everything staged, and stores new objects in a temporary folder."""
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
        _add_all(root, where, environment)
        yield environment


def literally(path: str) -> str:
    """Write a path as a glob of git's that matches nothing else."""
    return re.sub(r"([\\*?\[])", r"\\\1", path)


def _all_but(globs: Iterable[str], *, how: str = "glob") -> list[str]:
    """Build the pathspec of the whole tree except some files, or folders if it is ``literal`` (gitglossary, "pathspec")."""
    return ["--", ":/", *(f":(top,exclude,{how}){glob}" for glob in globs)]


def _staged_files(root: Path, where: list[str], environment: dict[str, str]) -> dict[str, str]:
    """List every staged file, and make git look again at existing files that it was told not to look at."""
    rows = _staged_rows(root, where, environment)
    hidden = [name for tag, name in ((row[:1], row.split(b"\t", 1)[1]) for row in rows) if _is_hidden(root, tag, name)]
    if hidden:
        names = b"".join(name + b"\0" for name in hidden)
        for how in (["--force-remove"], ["--add", "--remove"]):  # removed and added, so that no old flag or time counts
            _checked(root, "update-index", *how, "-z", "--stdin", environment=environment, stdin=names)
        rows = _staged_rows(root, where, environment)
    return {name: blob if mode != _SUBMODULE else _with_its_work(root, name, blob) for name, mode, blob in map(_staged, rows)}


def _with_its_work(root: Path, name: str, commit: str) -> str:
    """Return the id of a submodule: its commit, or a hash of its files where its work tree holds others than that commit.

    One that is not checked out counts by its commit alone, as in a clone without submodules.
    """
    folder = root / name
    if not os.path.lexists(folder / ".git") or leads_outside(folder, [root.resolve()]) or find_root(folder) != folder.resolve():
        return commit
    files = read_files(folder)
    if files == tree_of(folder, commit):
        return commit
    rows = "".join(f"{path}\0{blob}\n" for path, blob in sorted(files.items()))
    return _DIRTY + sha1(f"{commit}\n{rows}".encode(), usedforsecurity=False).hexdigest()


def _staged_rows(root: Path, where: list[str], environment: dict[str, str]) -> list[bytes]:
    """Return the rows of ``git ls-files --stage -v``: a tag, a blank, mode, blob id and stage, a tab, the name."""
    return _checked(root, "ls-files", "--stage", "-v", "-z", *where, environment=environment).split(b"\0")[:-1]


def _is_hidden(root: Path, tag: bytes, name: bytes) -> bool:
    """Check whether git takes a file for unchanged without looking; a file that a sparse checkout leaves out does not exist."""
    return tag.islower() or (tag == b"S" and os.path.lexists(root / os.fsdecode(name)))


def _work_tree(files: dict[str, str], rows: list[bytes]) -> WorkTree:
    """Parse ``git status`` of an index with all files staged (git-status, "Porcelain Format Version 2")."""
    heads = {key: os.fsdecode(value) for _, key, value in (row.split(b" ", 2) for row in rows if row.startswith(b"# "))}
    commit, branch = heads[b"branch.oid"], heads[b"branch.head"]
    modified, untracked = [], []
    for row in rows:
        if row.startswith(b"1 "):
            _, change, _, _, _, _, committed, staged, name = row.split(b" ", 8)
            if change.startswith(b"A"):
                untracked.append(_name(name))
            elif committed != staged:
                modified.append(_name(name))
    return WorkTree(
        files=files,
        commit=None if commit == "(initial)" else commit,
        branch=None if branch == "(detached)" else branch,
        modified=sorted(modified),
        untracked=sorted(untracked),
    )


def _add_all(root: Path, where: list[str], environment: dict[str, str]) -> None:
    """Stage everything except nested repositories without a commit: git cannot track those, and refuses."""
    if run_git(root, "add", "--all", *where, environment=environment).returncode:
        beside = _checked(root, "ls-files", "--others", "--exclude-standard", "-z", environment=environment).split(b"\0")
        folders = [os.fsdecode(name) for name in beside if name.endswith(b"/")]
        unborn = [name for name in folders if run_git(root / name, "rev-parse", "--verify", "--quiet", "HEAD").returncode]
        left_out = _all_but((name.rstrip("/") for name in unborn), how="literal")
        _checked(root, "add", "--all", *where, *left_out[2:], environment=environment)


def _index_and_objects(root: Path) -> tuple[Path, Path]:
    asked = ("rev-parse", "--path-format=absolute")
    names = (("--git-path", "index"), ("--git-path", "objects"))
    answers = _checked(root, *asked, *names[0], *names[1]).splitlines(keepends=True)
    if len(answers) != len(names):  # a path that holds a line break
        answers = [_checked(root, *asked, *name) for name in names]
    index, objects = map(_path, answers)
    return index, objects


def _path(line: bytes) -> Path:
    return Path(os.fsdecode(line.removesuffix(b"\n")))


def _staged(row: bytes) -> tuple[str, str, str]:
    """Split a row into the name, the mode and the blob id."""
    meta, name = row.split(b"\t", 1)
    _, mode, blob, _ = meta.split()
    return _name(name), mode.decode(), blob.decode()


def _name(name: bytes) -> str:
    """Decode a path for evidence, which is UTF-8: any other byte becomes an escape such as ``\\xff``."""
    return name.decode("utf-8", "backslashreplace")


def _quoted(path: Path) -> str:
    """Quote a path for git's list of object folders, where it holds the separator or starts with a quote."""
    text = str(path)
    if os.pathsep in text or text.startswith('"'):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def _checked(root: Path, *args: str, environment: dict[str, str] | None = None, stdin: bytes | None = None) -> bytes:
    done = run_git(root, *args, environment=environment, stdin=stdin)
    if done.returncode:
        raise _problem(args[0], done)
    return done.stdout


def _problem(command: str, done: subprocess.CompletedProcess[bytes]) -> HandoffError:
    said = " ".join(done.stderr.decode("utf-8", "backslashreplace").split())
    return HandoffError(f"git {command} failed: {said or f'exit {done.returncode}'}")


_PLACES = ("refs/heads/{}", "refs/remotes/{}", "refs/remotes/origin/{}")
_STORED_HISTORY = {"GIT_NO_REPLACE_OBJECTS": "1"}
"""Read history as it was committed; :func:`run_git` fetches nothing, since evidence must not depend on access to a server."""


def tips_of_branch(root: Path, name: str) -> list[str]:
    """Find the commits that a branch's name stands for here: a local branch, a remote one, ``origin``'s.

    A tag of that name is no branch. A local branch that is checked out gives way to a remote one: its commits are the work.
    """
    places = [place.format(name) for place in _PLACES]
    local, *remote = (_commit(root, place) for place in places)
    here = run_git(root, "symbolic-ref", "--quiet", "HEAD").stdout.decode("utf-8", "surrogateescape").strip()
    tips = remote if any(remote) and here == places[0] else [local, *remote]
    return list(dict.fromkeys(commit for commit in tips if commit))


def merge_bases(root: Path, tips: Sequence[str]) -> list[str]:
    """Find the best common ancestors of ``HEAD`` and the tips together; none where the history here does not reach them."""
    done = run_git(root, "merge-base", "--all", "HEAD", *tips, environment=_STORED_HISTORY)
    return done.stdout.decode().split() if done.returncode == 0 else []


def is_ancestor(root: Path, commit: str, of: str) -> bool:
    """Check whether a commit is part of another's history; ``False`` also where git lacks one of them."""
    return run_git(root, "merge-base", "--is-ancestor", commit, of, environment=_STORED_HISTORY).returncode == 0


def find_blobs(root: Path, blobs: Iterable[str]) -> dict[str, bytes | None]:
    """Read the contents of blobs, all with one git process; ``None`` for those that this clone does not have."""
    wanted = sorted(set(blobs))
    return dict(zip(wanted, _contents(root, wanted), strict=True))


def read_blobs(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """Read the contents of blobs that must be there.

    Raises:
        HandoffError: when git lacks one of them, as a partial clone may.
    """
    found = find_blobs(root, blobs)
    if lacking := next((blob for blob, content in found.items() if content is None), None):
        raise HandoffError(f"git has not the contents of {lacking}")
    return {blob: content for blob, content in found.items() if content is not None}


def read_files_of(root: Path, commits: Iterable[str], paths: Sequence[str]) -> list[dict[str, bytes]]:
    """Read these files of each commit, all with one git process; a commit without a file lacks its path."""
    files: dict[str, dict[str, bytes]] = {commit: {} for commit in commits}
    wanted = [(commit, path) for commit in files for path in paths if "\n" not in path]
    for (commit, path), content in zip(wanted, _contents(root, [f"{commit}:{path}" for commit, path in wanted]), strict=True):
        if content is not None:
            files[commit][path] = content
    return list(files.values())


def tracked_files(root: Path, folder: str) -> list[str]:
    """Name the files below a folder that are in git's index: committed, staged, or brought by a merge that is under way."""
    listing = _checked(root, "ls-files", "-z", "--full-name", "--", f":(top,literal){folder}")
    return list(dict.fromkeys(map(_name, listing.split(b"\0")[:-1])))


def tips_of_all_branches(root: Path) -> list[str]:
    """Find the newest commits of all branches that are known here, each once."""
    listing = _checked(root, "for-each-ref", "--format=%(objectname)", "refs/heads", "refs/remotes", environment=_STORED_HISTORY)
    return list(dict.fromkeys(listing.decode().split()))


def _contents(root: Path, names: Sequence[str]) -> Iterator[bytes | None]:
    """Read what each of these names stands for, in their order; ``None`` for what git has not, or what is no file."""
    if not names:
        return
    asked = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    answer = run_git(root, "cat-file", "--batch", environment=_STORED_HISTORY, stdin=asked).stdout
    at = 0
    for _ in names:
        end = answer.find(b"\n", at)
        header, at = answer[at:end], end + 1
        if end < 0 or header.endswith((b" missing", b" ambiguous")):
            yield None
            continue
        _, kind, size = header.rsplit(b" ", 2)
        yield answer[at : at + int(size)] if kind == b"blob" else None
        at += int(size) + 1


def _commit(root: Path, name: str) -> str | None:
    done = run_git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", environment=_STORED_HISTORY)
    return done.stdout.decode().strip() if done.returncode == 0 else None
