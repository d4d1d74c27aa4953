"""Find where the work tree's history meets another branch, and read the files there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.errors import HandoffError
from pytest_handoff.project.git import run_git

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


_PLACES = ("refs/heads/{}", "refs/remotes/{}", "refs/remotes/origin/{}", "refs/tags/{}")
_STORED_HISTORY = {"GIT_NO_REPLACE_OBJECTS": "1"}
"""Read history as it was committed; :func:`run_git` fetches nothing, since evidence must not depend on access to a server."""


def tips_of_branch(root: Path, name: str) -> list[str]:
    """Find the commits that a branch's name stands for here: a local branch, a remote one, ``origin``'s, or a tag."""
    found = (_commit(root, place.format(name)) for place in _PLACES)
    return list(dict.fromkeys(commit for commit in found if commit))


def merge_bases(root: Path, tips: Sequence[str]) -> list[str]:
    """Find the best common ancestors of ``HEAD`` and the tips together; none where the history here does not reach them."""
    done = run_git(root, "merge-base", "--all", "HEAD", *tips, environment=_STORED_HISTORY)
    return done.stdout.decode().split() if done.returncode == 0 else []


def is_ancestor(root: Path, commit: str, of: str) -> bool:
    """Check whether a commit is part of another's history; ``False`` also where git lacks one of them."""
    return run_git(root, "merge-base", "--is-ancestor", commit, of, environment=_STORED_HISTORY).returncode == 0


def read_blobs(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """Read the contents of blobs, all with one git process.

    Raises:
        HandoffError: when git lacks one of them, as a partial clone may.
    """
    wanted = sorted(set(blobs))
    if not wanted:
        return {}
    done = run_git(root, "cat-file", "--batch", environment=_STORED_HISTORY, stdin="\n".join(wanted).encode() + b"\n")
    contents: dict[str, bytes] = {}
    at = 0
    for blob in wanted:
        end = done.stdout.find(b"\n", at)
        header = done.stdout[at:end]
        if header.split()[1:2] != [b"blob"]:
            raise HandoffError(f"git has not the contents of {blob}")
        start = end + 1
        at = start + int(header.split()[2]) + 1
        contents[blob] = done.stdout[start : at - 1]
    return contents


def _commit(root: Path, name: str) -> str | None:
    done = run_git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", environment=_STORED_HISTORY)
    return done.stdout.decode().strip() if done.returncode == 0 else None
