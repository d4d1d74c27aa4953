"""Find what a copy of a tree needs: every file as it is, contents as they were, and what is built beside them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.project import git
from pytest_handoff.project.work_tree import literally, read_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_handoff.project.layout import Project

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_STORED_ELSEWHERE = b"version https://git-lfs.github.com/spec/"
_BUILT = (".so", ".pyd", ".dylib", ".dll", ".py", ".pth")
_METADATA = (".egg-info", ".dist-info")


def every_file(project: Project) -> list[str]:
    """Name every file but evidence that git tracks or would track, whatever ``scope`` and ``ignore`` say, sorted."""
    evidence = project.evidence
    inside = evidence.is_relative_to(project.root)
    return sorted(read_files(project.root, without=[f"{literally(project.key(evidence))}/**"] if inside else []).files)


def earlier_contents(project: Project, blobs: Iterable[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Read blobs; return the contents of those that git has, and say why it lacks the others.

    The ids are those of evidence that anybody may have written: what is no id, as that of a changed submodule, is not asked for.
    """
    wanted = set(blobs)
    there = git.blobs_there(project.root, filter(_ID.fullmatch, wanted))
    stored = {blob for blob, content in there.items() if content.startswith(_STORED_ELSEWHERE)}
    lacking = dict.fromkeys(wanted, "git in this clone does not have it; commit after each session, and fetch what is missing")
    lacking |= dict.fromkeys(stored, "git has only a pointer; git LFS has the content")
    good = {blob: content for blob, content in there.items() if blob not in stored}
    return good, {blob: why for blob, why in lacking.items() if blob not in good}


def built_beside(project: Project, files: Iterable[str]) -> list[str]:
    """Name what git ignores but Python imports from the folders of these files: built modules, generated code, metadata."""
    known = set(files)
    folders = {parent for path in known for parent in Path(path).parents}
    return sorted(path for folder in folders for path in _built_in(project.root, folder.as_posix()) if path not in known)


def _built_in(root: Path, folder: str) -> Iterator[str]:
    prefix = "" if folder == "." else f"{folder}/"
    try:
        with os.scandir(root / folder) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return
    for name, is_folder in found:
        if name.endswith(_METADATA if is_folder else _BUILT) and not name.startswith("."):
            yield prefix + name
