"""Ask git about the work tree and its history so that no setting of this machine changes the answer."""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.errors import HandoffError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


PATIENCE = 600.0
"""Seconds to wait for an answer of git; one that never comes must not hold a command for ever."""

_SETTINGS = (
    "core.quotepath=off",
    "core.safecrlf=false",
    "core.splitIndex=false",
    "core.fsmonitor=false",
    "core.trustctime=true",  # with the next two, what is known of a file without reading it cannot be made up
    "core.checkStat=default",
    "core.ignoreStat=false",
    f"core.hooksPath={os.devnull}",
    "safe.bareRepository=explicit",
    "advice.addEmbeddedRepo=false",
)
_STEADY = [part for setting in _SETTINGS for part in ("-c", setting)]
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE")
"""Variables that git sets for its hooks; without them git finds the work tree itself, and reads it as it stands."""
_OF_THE_USER = r"GIT_(\w+_PATHSPECS|TRACE\w*|REDIRECT_\w+|ATTR_SOURCE|EXTERNAL_DIFF|DIFF_OPTS)"
"""Variables of the user that change how git reads a path or an attribute, or what it prints and where."""
_NOTHING_FETCHED = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}
"""Keeps a partial clone from fetching what it lacks by a program that its configuration names; ``none`` is no protocol."""


CONVERSIONS = (b"ident", b"working-tree-encoding")
"""Attributes by which git stores other bytes than stand in the work tree; no filter and no line ends."""


def find_root(folder: Path) -> Path | None:
    """Find the top of the work tree that a folder is in, or return ``None`` without git or outside a repository.

    Raises:
        HandoffError: when there is a repository that git refuses to read, such as another user's, or one for elsewhere.
    """
    if _program(os.environ.get("PATH", os.defpath)) is None:
        return None
    done = run_git(folder, "rev-parse", "--path-format=absolute", "--show-toplevel", *_INDEX, *_OBJECTS)
    if done.returncode == 0:
        top, *others = done.stdout.splitlines(keepends=True)
        if len(others) != 2:  # a path that holds a line break
            top = checked(folder, "rev-parse", "--show-toplevel")
        root = path_in(top).resolve()
        if len(others) == 2:
            index, objects = map(path_in, others)
            _SEEN[root] = (index, objects, os.environ.get("GIT_OBJECT_DIRECTORY"))
        if not os.path.lexists(root / ".git"):  # else what lies around the repository would count as within it
            raise HandoffError(f"core.worktree in git's configuration names {root}, which has no .git; remove that setting")
        return root
    if any(
        known in done.stderr for known in (b"not a git repository", b"must be run in a work tree", b"cannot use bare repository")
    ):
        return None
    raise problem("rev-parse", done)


_INDEX, _OBJECTS = ("--git-path", "index"), ("--git-path", "objects")
_SEEN: dict[Path, tuple[Path, Path, str | None]] = {}
"""Index and objects of each work tree that was found, and the variable that decides where they are: git is asked once for all."""


def index_and_objects(root: Path) -> tuple[Path, Path]:
    """Return the place of git's index and of its objects for the top of a work tree."""
    index, objects, given = _SEEN.get(root, (None, None, None))
    if index is None or objects is None or given != os.environ.get("GIT_OBJECT_DIRECTORY"):
        asked = ("rev-parse", "--path-format=absolute")
        index, objects = (path_in(checked(root, *asked, *name)) for name in (_INDEX, _OBJECTS))
    return index, objects


def tree_of(root: Path, commit: str, *, below: str | None = None) -> dict[str, str]:
    """Map the path of every file in a commit, or below one of its folders, to its blob id.

    Raises:
        HandoffError: when git does not have the commit or its trees.
    """
    return {path: blob for path, _, blob in files_in(root, commit, below=below)}


def files_in(root: Path, commit: str, *, below: str | None = None) -> list[tuple[str, str, str]]:
    """List the path, the mode and the blob id of every file in a commit, or below one of its folders.

    Raises:
        HandoffError: when git does not have the commit or its trees.
    """
    folder = [] if below is None else ["--", f"{below}/"]
    listing = checked(root, "ls-tree", "-r", "-z", "--full-tree", commit, *folder, environment=_STORED_HISTORY)
    rows = ((meta.split(), name) for meta, name in (row.split(b"\t", 1) for row in listing.split(b"\0")[:-1]))
    return [(name_of(name), mode.decode(), blob.decode()) for (mode, _, blob), name in rows]


def run_git(
    root: Path, *args: str, environment: dict[str, str] | None = None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, untouched by the host's settings and a hook's variables; any exit code is returned.

    Raises:
        HandoffError: when git is not found, or gives no answer for :data:`PATIENCE` seconds.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _is_heeded(name)}
    program = _program(os.environ.get("PATH", os.defpath))
    if program is None:
        raise HandoffError("git is not in any absolute folder in PATH; install git, or fix PATH")
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
        why = "a pipe instead of a file, such as .gitignore, would block it"
        raise HandoffError(f"git {args[0]} did not answer within {PATIENCE:g} seconds; {why}") from error


def _is_heeded(variable: str) -> bool:
    return not variable.startswith("GIT_") or (variable not in _OF_A_HOOK and re.fullmatch(_OF_THE_USER, variable) is None)


@lru_cache(maxsize=4)
def _program(path: str) -> str | None:
    """Find git in the absolute folders of a ``PATH``: a git in the working directory would be the repository's own.

    Windows would look there first, and so does every system for a ``PATH`` with an empty or a relative entry.
    """
    name = "git.exe" if os.name == "nt" else "git"
    places = (Path(folder, name) for folder in path.split(os.pathsep) if Path(folder).is_absolute())
    return next((str(place) for place in places if os.access(place, os.X_OK) and place.is_file()), None)


def path_in(line: bytes) -> Path:
    """Return the path that a line of git's output holds."""
    return Path(os.fsdecode(line.removesuffix(b"\n")))


def blob_id(content: bytes) -> str:
    """Compute the id that git gives a file with this content (gitformat-pack: ``blob``, its size, NUL, the content)."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def name_of(name: bytes) -> str:
    """Decode a path for evidence, which is UTF-8: any other byte becomes an escape such as ``\\xff``.

    No two paths become the same: where one holds such a byte, or spells what looks like an escape, its backslashes are escaped.
    """
    text = name.decode("utf-8", "backslashreplace")
    if "\\" not in text or re.search(_ESCAPE, text) is None:
        return text
    return name.replace(b"\\", rb"\x5c").decode("utf-8", "backslashreplace")


def place_of(root: Path, name: str) -> Path:
    """Return the path of a file whose name :func:`name_of` decoded."""
    if "\\" not in name or re.search(_ESCAPE, name) is None:
        return root / name
    data = name.encode("utf-8", "surrogateescape")
    return root / os.fsdecode(re.sub(_ESCAPE_BYTES, lambda found: bytes.fromhex(found[1].decode()), data))


_ESCAPE, _ESCAPE_BYTES = r"\\x[0-9a-f]{2}", rb"\\x([0-9a-f]{2})"


def checked(root: Path, *args: str, environment: dict[str, str] | None = None, stdin: bytes | None = None) -> bytes:
    done = run_git(root, *args, environment=environment, stdin=stdin)
    if done.returncode:
        raise problem(args[0], done)
    return done.stdout


def problem(command: str, done: subprocess.CompletedProcess[bytes]) -> HandoffError:
    """Turn what git said into an error."""
    said = " ".join(done.stderr.decode("utf-8", "backslashreplace").split())
    filtered = re.search(r"clean filter '([\w.-]+)' failed", said)
    mend = "" if filtered is None else f"; install what filter.{filtered[1]} runs, or remove that filter from git's configuration"
    return HandoffError(f"git {command} failed: {said or f'exit {done.returncode}'}{mend}")


_PLACES = ("refs/heads/{}", "refs/remotes/{}", "refs/remotes/origin/{}")
_STORED_HISTORY = {"GIT_NO_REPLACE_OBJECTS": "1"}
"""Read history as it was committed; :func:`run_git` fetches nothing, since evidence must not depend on access to a server."""


def tips_of_branch(root: Path, name: str) -> list[str]:
    """Find the commits that a branch name can mean here: a local branch, a remote one, ``origin``'s.

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
    """Check whether a commit is part of another's history; ``False`` also if git lacks one of them."""
    return run_git(root, "merge-base", "--is-ancestor", commit, of, environment=_STORED_HISTORY).returncode == 0


def commits_between(root: Path, before: str, now: str) -> int | None:
    """Count the commits after one, up to another; ``None`` if the history here is cut off, or took another way."""
    if checked(root, "rev-parse", "--is-shallow-repository").strip() == b"true" or not is_ancestor(root, before, now):
        return None
    return int(checked(root, "rev-list", "--count", f"{before}..{now}", environment=_STORED_HISTORY))


def read_blobs(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """Read the contents of blobs that must be there.

    Raises:
        HandoffError: when git lacks one of them, as a partial clone may.
    """
    wanted = sorted(set(blobs))
    found = blobs_there(root, wanted)
    if lacking := next((blob for blob in wanted if blob not in found), None):
        raise HandoffError(f"git does not have the contents of {lacking}")
    return found


def blobs_there(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """Read the contents of those blobs that git has here, all with one git process."""
    wanted = sorted(set(blobs))
    found = zip(wanted, _contents(root, wanted), strict=True)
    return {blob: content for blob, content in found if content is not None}


def read_files_of(root: Path, commits: Iterable[str], paths: Sequence[str]) -> list[dict[str, bytes]]:
    """Read these files of each commit, all with one git process; a commit without a file lacks its path."""
    files: dict[str, dict[str, bytes]] = {commit: {} for commit in commits}
    wanted = [(commit, path) for commit in files for path in paths if "\n" not in path]
    for (commit, path), content in zip(wanted, _contents(root, [f"{commit}:{path}" for commit, path in wanted]), strict=True):
        if content is not None:
            files[commit][path] = content
    return list(files.values())


def tracked_files(root: Path, folder: str) -> list[str]:
    """Name the files below a folder (or, of an empty name, all) that are in git's index: committed, staged, or being merged."""
    listing = checked(root, "ls-files", "-z", "--full-name", "--", f":(top,literal){folder}" if folder else ":/")
    return list(dict.fromkeys(map(name_of, listing.split(b"\0")[:-1])))


def tips_of_all_branches(root: Path) -> list[str]:
    """Find the newest commits of all branches that are known here, each once."""
    listing = checked(root, "for-each-ref", "--format=%(objectname)", "refs/heads", "refs/remotes", environment=_STORED_HISTORY)
    return list(dict.fromkeys(listing.decode().split()))


def _contents(root: Path, names: Sequence[str]) -> Iterator[bytes | None]:
    """Read what each of these names stands for, in their order; ``None`` for what git has not, or what means no file."""
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
