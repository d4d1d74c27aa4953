"""Where the work tree's history meets another branch, and what the files held there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.errors import HandoffError
from pytest_handoff.git import run_git

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_PLACES = ("refs/heads/{}", "refs/remotes/{}", "refs/remotes/origin/{}", "refs/tags/{}")
_STORED_HISTORY = {"GIT_NO_REPLACE_OBJECTS": "1"}
"""History as it was committed; :func:`run_git` fetches nothing, since evidence must not depend on who can reach a server."""


def tips_of_branch(root: Path, name: str) -> list[str]:
    """The commits that a branch's name stands for here: the local branch and the one of ``origin``, each where there is one."""
    found = (_commit(root, place.format(name)) for place in _PLACES)
    return list(dict.fromkeys(commit for commit in found if commit))


def merge_bases(root: Path, tips: Sequence[str]) -> list[str]:
    """The best common ancestors of ``HEAD`` and the tips taken together; none where the history here does not reach them."""
    done = run_git(root, "merge-base", "--all", "HEAD", *tips, environment=_STORED_HISTORY)
    return done.stdout.decode().split() if done.returncode == 0 else []


def is_ancestor(root: Path, commit: str, of: str) -> bool:
    """Whether a commit is part of another's history; ``False`` also where one of them is not there."""
    return run_git(root, "merge-base", "--is-ancestor", commit, of, environment=_STORED_HISTORY).returncode == 0


def read_blobs(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """The contents of blobs, all by one git process.

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
