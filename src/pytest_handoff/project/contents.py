"""Read the contents of a tree, from its files or, if a sparse checkout leaves them out, from git."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.project.foreign_files import MEGABYTE, TEXT, is_file, leads_outside, read_if_there
from pytest_handoff.project.git import blobs_there, place_of
from pytest_handoff.project.tree import hash_files
from pytest_handoff.record import SourceLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree


_ID = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
"""What git calls a blob: evidence may hold anything in its place."""

_AT_ONCE = 200
"""The most contents to ask git for, and to hold, at once."""

_AHEAD = 20
"""How many to read and hold where some of them may not be needed."""


class Contents:
    """The contents of the files of a tree."""

    def __init__(self, project: Project, tree: Tree) -> None:
        self._project = project
        self._tree = tree

    def read(self, path: str) -> bytes | None:
        """Read a file, or return ``None`` if there is none, it is too large, or it may not be read."""
        try:
            found = read_if_there(place_of(self._project.root, path), self._project.within, TEXT)
        except OSError:
            return None
        return self.stored(path) if found is None else found

    def stored(self, path: str) -> bytes | None:
        """Read a file that a sparse checkout leaves out; return ``None`` for any other, and for what git does not have here."""
        if path not in self._tree.absent:
            return None  # what is read where it stands
        blob = self._tree.files[path]
        content = blobs_there(self._project.root, [blob]).get(blob)
        return content if content is None or len(content) <= TEXT else None

    def lacks(self, path: str) -> bool:
        """Check whether a file, of the tree or of a submodule, can be read neither where it should stand nor from git."""
        return self._tree.leaves_out(path) and self.read(path) is None


def in_git(project: Project, blob: str) -> bytes | None:
    """Read what git has stored under a blob id; ``None`` if it has nothing, or too much, or if there is no git."""
    return all_in_git(project, [blob]).get(blob)


def all_in_git(project: Project, blobs: Iterable[str]) -> dict[str, bytes]:
    """Read what git has stored under these blob ids, all with one git process; what :func:`in_git` cannot read is left out."""
    known = [blob for blob in blobs if re.fullmatch(_ID, blob)] if project.uses_git else []
    contents = blobs_there(project.root, known) if known else {}
    return {blob: content for blob, content in contents.items() if len(content) <= TEXT}


class ReadAhead:
    """Files as git has them, read when the first of some is asked for, with those after it: each git process takes its time.

    Args:
        blobs: the ids of the files that may be asked for, in that order.
    """

    def __init__(self, project: Project, blobs: Iterable[str]) -> None:
        self._project = project
        self._blobs = list(dict.fromkeys(blobs))
        self._held: dict[str, bytes | None] = {}

    def read(self, blob: str) -> bytes | None:
        """Return what :func:`in_git` does."""
        if blob not in self._held:
            at = self._blobs.index(blob) if blob in self._blobs else len(self._blobs)
            ids = [blob, *self._blobs[at + 1 : at + _AHEAD]]
            found = all_in_git(self._project, ids)
            self._held = {one: found.get(one) for one in ids}
        return self._held[blob]


def with_lines(project: Project, tree: Tree, measured: Iterable[str], known: Mapping[str, SourceLine]) -> dict[str, SourceLine]:
    """Hash the lines of the code in the tree and of measured files beside it (generated ones); other files keep only an id.

    ``known`` are the sources of an earlier session; a file with the same blob id is not read again.
    """
    code = {*measured, *(path for path in tree.files if path.endswith(".py"))}
    files = tree.files | hash_files(project.root, (path for path in code if path not in tree.files))
    code -= {path for path in code if _is_elsewhere(project.root, path, tree.files)}
    lines = {path: known[path] for path in code if path in known and known[path].blob == files.get(path) and known[path].lines}
    absent = {path: files[path] for path in code - lines.keys() if path in tree.absent}
    lines |= {path: SourceLine(path=path, blob=files[path], lines=found) for path, found in _lines_in_git(project.root, absent)}
    found = (lines.get(path) or _source_line(project.root, path, files[path], path in code) for path in sorted(files))
    kinds = tree.kinds.get
    return {line.path: line if line.kind == (kind := kinds(line.path, "")) else replace(line, kind=kind) for line in found}


def texts_in(project: Project, tree: Tree, texts: Iterable[str]) -> set[str]:
    """Find the texts that occur literally in a file of the tree; files above a megabyte hold data, and are not read."""
    missing, found = set(texts), set()
    for path in tree.files:
        file = place_of(project.root, path)
        if missing and is_file(file) and file.stat().st_size < MEGABYTE and not _is_link_elsewhere(project.root, file):
            content = _bytes(file) or b""
            found |= {text for text in missing if text.encode() in content}
            missing -= found
    return found


def _lines_in_git(root: Path, blobs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Hash the lines of files (path to blob id) that git has the contents of; a partial clone may lack some."""
    paths = sorted(blobs)
    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        contents = blobs_there(root, [blobs[path] for path in some])
        yield from ((path, hash_lines(contents[blobs[path]])) for path in some if blobs[path] in contents)


def _source_line(root: Path, path: str, blob: str, is_code: bool) -> SourceLine:
    file = place_of(root, path)
    content = _bytes(file) if is_code and is_file(file) else None  # else a link to nowhere, a submodule
    return SourceLine(path=path, blob=blob) if content is None else SourceLine(path=path, blob=blob, lines=hash_lines(content))


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:  # this user may not read it, or it has just been removed
        return None


def _is_elsewhere(root: Path, path: str, tree: Collection[str]) -> bool:
    """Check whether a path points outside the repository; of a file in the tree only the file itself can be a link."""
    file = place_of(root, path)
    return _is_link_elsewhere(root, file) if path in tree else leads_outside(file, [root]) is not None


def _is_link_elsewhere(root: Path, file: Path) -> bool:
    try:
        return file.is_symlink() and leads_outside(file, [root]) is not None
    except OSError:  # this user may not look into its folder
        return False
