"""Refuse a session that git could not merge: its evidence has one side, and only git's index shows that there are two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project import git

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.project.layout import Project

_UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""What is in git's folder while a merge, cherry-pick, revert or rebase waits for somebody (gitrevisions; git-rebase)."""


def refuse_unmerged(project: Project, session: str) -> None:
    """Refuse a session if git has two versions of its evidence, until somebody takes one.

    Evidence has the attribute ``-merge``, so that git leaves one version in place and writes no markers into it.

    Raises:
        EvidenceProblem: when git's index holds both sides of a file.
    """
    if not project.uses_git or not _is_unfinished(project.root):
        return
    folder = project.evidence / session
    listing = git.checked(
        project.root, "ls-files", "--unmerged", "-z", "--full-name", "--", f":(top,literal){project.key(folder)}"
    )
    if listing:
        first = git.name_of(listing.split(b"\0", 1)[0].split(b"\t", 1)[1])
        raise EvidenceProblem(
            f"git could not merge it and has two versions; {project.store.one_side(session, project.document(session))}",
            path=project.shown(project.root / first),
        )


def _is_unfinished(root: Path) -> bool:
    """Look for an operation that git has not finished; of a linked work tree or a submodule ``.git`` is a file."""
    folder = root / ".git"
    if folder.is_file():
        folder = root / folder.read_text("utf-8", "surrogateescape").partition("gitdir: ")[2].rstrip("\n")
    return any((folder / name).exists() for name in _UNFINISHED)
