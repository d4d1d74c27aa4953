"""Find a session's missing or damaged evidence in git's history, and write the command that restores it."""

from __future__ import annotations

from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.errors import HandoffError
from pytest_handoff.project.encoding import content_digest, digest_of
from pytest_handoff.project.foreign_files import TABLE, read_if_there
from pytest_handoff.project.git import blob_id, blobs_there, run_git, tree_of
from pytest_handoff.project.stored_files import RECORD
from pytest_handoff.record import RECORD_SCHEMA, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from pytest_handoff.project.layout import Project


MOST_COMMITS = 20
"""How many commits that touched the evidence of a session are looked at, newest first."""


def restoring_session(project: Project, session: str) -> str | None:
    """Write the command that restores a session's evidence from git, or return ``None`` if git has no other version.

    Where a recorded session continues this one, only the record that it continues will do.
    """
    folder = project.evidence / session
    if not project.uses_git or not folder.is_relative_to(project.root):
        return None
    key, wanted = project.key(folder), _continued(project, session)
    for commit in _commits(project.root, key):
        blobs = tree_of(project.root, commit, below=key)
        record = blobs_there(project.root, [blob for path, blob in blobs.items() if path == f"{key}/{RECORD}"])
        if any(_is_whole(content, wanted) for content in record.values()) and not _stand(project, blobs):
            return _checkout(project, commit, folder)
    return None


def restored(project: Project, session: str) -> tuple[str, str | None]:
    """Say how to restore the evidence of a session, with the command that does it or that fetches what may have it."""
    if command := restoring_session(project, session):
        return f"restore it with {command}", command
    if command := fetching_history(project):
        return f"fetch the history with {command}, then restore it from git", command
    return "restore it from git", None


def restoring_file(project: Project, path: Path) -> str | None:
    """Write the command that restores a file from the last commit, or return ``None`` if that lacks it."""
    there = project.uses_git and _has(project, "HEAD", path)
    return f"git checkout HEAD -- {quote(project.shown(path))}" if there else None


def fetching_history(project: Project) -> str | None:
    """Write the command that fetches the rest of the history, where the clone is shallow and knows from where."""
    if not project.uses_git:
        return None
    shallow = run_git(project.root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    return "git fetch --unshallow" if shallow and run_git(project.root, "remote").stdout.strip() else None


def _continued(project: Project, session: str) -> set[str]:
    """Collect the digests by which recorded sessions continue this one."""
    found: set[str] = set()
    for name in project.store.sessions():
        with suppress(HandoffError):  # another damaged record says nothing here, and is a step of its own
            found.update(parent.digest for parent in project.store.parents(name) if parent.session == session)
    return found


def _commits(root: Path, folder: str) -> Iterator[str]:
    """Yield ``HEAD`` and the commits that touched a folder: of this branch first, then of all."""
    seen = set()
    for place in ("HEAD", "--all"):
        log = ("log", place, f"--max-count={MOST_COMMITS}", "--format=%H", "--full-history", "--", f":(top,literal){folder}")
        listed = run_git(root, *log).stdout.decode().split()
        for commit in ["HEAD", *listed] if place == "HEAD" and listed else listed:
            if commit not in seen:
                seen.add(commit)
                yield commit


def _is_whole(content: bytes, wanted: Collection[str]) -> bool:
    """Check that these bytes are a record as it was written, and the one that others continue, where they do."""
    if wanted and digest_of(content) not in wanted:
        return False
    try:
        record = msgspec.json.decode(content, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return record.schema == RECORD_SCHEMA and record.digest in (None, content_digest(record))


def _stand(project: Project, blobs: dict[str, str]) -> bool:
    """Check whether all these files are the same here as in git: restoring them would change nothing."""
    return all(_is_blob(project, path, blob) for path, blob in blobs.items())


def _is_blob(project: Project, path: str, blob: str) -> bool:
    try:
        content = read_if_there(project.root / path, project.within, TABLE)
    except OSError:  # a link to itself, a folder, or nothing that this user may read
        return False
    if content is None or blob_id(content) == blob:
        return content is not None
    return run_git(project.root, "hash-object", "--stdin", f"--path={path}", stdin=content).stdout.decode().strip() == blob


def _checkout(project: Project, commit: str, folder: Path) -> str:
    """Write the command; the document comes with it only where it is gone, too: here it may hold a person's newer words."""
    document, place = project.document(folder.name), "HEAD" if commit == "HEAD" else commit[:12]
    paths = [folder, document] if not document.exists() and _has(project, commit, document) else [folder]
    return " ".join(["git checkout", place, "--", *(quote(project.shown(path)) for path in paths)])


def _has(project: Project, commit: str, path: Path) -> bool:
    if not path.is_relative_to(project.root):
        return False
    return run_git(project.root, "cat-file", "-e", f"{commit}:{project.key(path)}").returncode == 0
