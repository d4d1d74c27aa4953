"""Read the source tree that evidence is about: its files, its fingerprint, its lines' hashes, and whether its files parse."""

from __future__ import annotations

import json
import os
import re
from hashlib import sha1, sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.evidence.tool_settings import parse_ini, parse_toml
from pytest_handoff.project import git
from pytest_handoff.project.artifacts import IGNORE_ALL
from pytest_handoff.project.byproducts import left_by_tools
from pytest_handoff.project.foreign_files import MEGABYTE, SETTINGS, TEXT, Refused, leads_outside, read_file
from pytest_handoff.project.store import LEDGER, RECORD, SOURCES
from pytest_handoff.record import Frozen, SourceLine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from pytest_handoff.project.layout import Project


class Tree(Frozen, frozen=True):
    """A source tree without the hand-off files: path to blob id, and what git says of it (``None`` without git)."""

    files: dict[str, str]
    commit: str | None = None
    branch: str | None = None
    modified: list[str] | None = None
    untracked: list[str] | None = None

    @property
    def fingerprint(self) -> str:
        """Hash every (path, blob id): the same code has the same hash, committed or not, wherever it is checked out."""
        rows = (f"{path}\0{blob}\n" for path, blob in sorted(self.files.items()))
        return "sha256:" + sha256("".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def read_tree(project: Project) -> Tree:
    """Read the tree as it stands now: what git tracks or would track; without git, every file but hidden and generated ones.

    Raises:
        UsageProblem: when the scope leaves no file, so that every tree would look the same.
    """
    if not project.uses_git:
        found = project.code_among(_walk(project.root))
        return Tree(files=_hash_files(project.root, set(found) - left_by_tools(project.root, found, None)))
    work = git.read_work_tree(project.root, without=_evidence_in(project))
    left = {*filter(project.is_left_of_a_write, work.untracked)} | left_by_tools(project.root, work.files, {*work.untracked})
    files = {path: work.files[path] for path in project.code_among(work.files) if path not in left}
    if project.config.scope and not files:
        raise UsageProblem("'scope' names no file of the repository; its folders are relative to the git root")
    return Tree(
        files=files,
        commit=work.commit,
        branch=work.branch,
        modified=[path for path in project.code_among(work.modified) if path not in left],
        untracked=[path for path in project.code_among(work.untracked) if path not in left],
    )


def changed_since(project: Project, tree: Tree) -> list[str]:
    """Find the files of a tree that have changed or are gone; new files beside them changed nothing that was run."""
    now = git.read_files(project.root, without=_evidence_in(project)) if project.uses_git else read_tree(project).files
    return sorted(path for path, blob in tree.files.items() if now.get(path) != blob)


def with_lines(project: Project, tree: Tree, measured: Iterable[str], known: Mapping[str, SourceLine]) -> dict[str, SourceLine]:
    """Hash the lines of the code in the tree and of measured files beside it (generated ones); other files keep only an id.

    ``known`` are the sources of an earlier session; a file with the same blob id is not read again.
    """
    code = {*measured, *(path for path in tree.files if path.endswith(".py"))}
    files = tree.files | _hash_files(project.root, (path for path in code if path not in tree.files))
    code -= {path for path in code if _is_elsewhere(project.root, path, tree.files)}
    return {path: _source_line(project.root, path, files[path], path in code, known.get(path)) for path in sorted(files)}


def texts_in(project: Project, tree: Tree, texts: Iterable[str]) -> set[str]:
    """Find the texts that occur literally in a file of the tree; files above a megabyte hold data, and are not read."""
    missing, found = set(texts), set()
    for path in tree.files:
        file = project.root / path
        if missing and file.is_file() and file.stat().st_size < MEGABYTE and not _is_link_elsewhere(project.root, file):
            content = file.read_bytes()
            found |= {text for text in missing if text.encode() in content}
            missing -= found
    return found


def _evidence_in(project: Project) -> list[str]:
    """Return globs of the evidence below the root: it is no part of the tree, and may be larger than all of it."""
    folder = project.store.evidence
    if not folder.is_relative_to(project.root):
        return []
    plain = git.literally(project.key(folder))
    return [f"{plain}/*/{name}" for file in (RECORD, LEDGER, SOURCES) for name in (file, f".{file}.????????.tmp")]


def _walk(root: Path) -> Iterator[str]:
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if _may_hold_sources(Path(folder, name))]
        yield from (Path(folder, name).relative_to(root).as_posix() for name in names if not name.startswith("."))


def _may_hold_sources(folder: Path) -> bool:
    generated = folder.name in ("__pycache__", "node_modules") or (folder / "pyvenv.cfg").exists()
    return not generated and not folder.name.startswith(".") and not _ignores_itself(folder)


def _ignores_itself(folder: Path) -> bool:
    """Check whether a tool made the folder for generated files, and says so to git."""
    ignore = folder / ".gitignore"
    return ignore.is_file() and not ignore.is_symlink() and ignore.read_bytes() == IGNORE_ALL


def _source_line(root: Path, path: str, blob: str, is_code: bool, known: SourceLine | None) -> SourceLine:
    if not is_code:
        return SourceLine(path=path, blob=blob)
    if not (root / path).is_file():  # a link to nowhere, a submodule, a name that is not UTF-8
        return SourceLine(path=path, blob=blob)
    if known is not None and known.blob == blob and known.lines:
        return known
    return SourceLine(path=path, blob=blob, lines=hash_lines((root / path).read_bytes()))


def _hash_files(root: Path, paths: Iterable[str]) -> dict[str, str]:
    return {path: blob_id(_content(root, root / path)) for path in sorted(set(paths)) if (root / path).is_file()}


def _content(root: Path, file: Path) -> bytes:
    """Read a file's content; of a link that leads out of the repository, take its target as git does."""
    if leads_outside(file, [root]) is None:
        return file.read_bytes()
    return os.fsencode(file.readlink()) if file.is_symlink() else b""


def _is_elsewhere(root: Path, path: str, tree: Collection[str]) -> bool:
    """Check whether a path leads out of the repository; of a file in the tree only the file itself can be a link."""
    return _is_link_elsewhere(root, root / path) if path in tree else leads_outside(root / path, [root]) is not None


def _is_link_elsewhere(root: Path, file: Path) -> bool:
    return file.is_symlink() and leads_outside(file, [root]) is not None


def blob_id(content: bytes) -> str:
    """Compute the id that git gives a file with this content (gitformat-pack: ``blob``, its size, NUL, the content)."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def unparsable(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Find the files that do not parse, each with the reason on one line."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        parse = _PARSERS.get((root / path).suffix.lower())
        if parse is not None and (root / path).is_file() and not leads_outside(root / path, [root]):
            problem = _problem(parse, root / path, root)
            if problem:
                found[path] = problem
    return found


def _problem(parse: Callable[[str], object], path: Path, root: Path) -> str | None:
    try:
        most = TEXT if path.suffix.lower() == ".json" else SETTINGS  # the other parsers take seconds for a megabyte
        parse(read_file(path, [root], most).decode("utf-8-sig"))
    except Refused as refused:
        return f"it {refused.why}"
    except (ValueError, OverflowError, RecursionError) as error:
        return " ".join(str(error).split())[:200] or type(error).__name__
    return None


def _yaml(text: str) -> None:
    """Check the syntax only: the meaning of a tag is up to the program that reads the file."""
    import yaml

    try:
        for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _ini(text: str) -> None:
    import configparser

    parse_ini(text, configparser.ConfigParser(interpolation=None, allow_no_value=True))


_IN_JSON = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|//[^\n]*|/\*(?:.*?\*/|.*)|,(?=\s*[}\]])', re.DOTALL)
"""A string; or a comment, or the comma behind a last entry, which the tools that read comments do not mind either."""


def _json(text: str) -> None:
    """Check a file that may have comments, as those of TypeScript, VS Code and asv do; a comma too many alone is a mistake."""
    try:
        json.loads(text)
    except ValueError:
        without_comments = _IN_JSON.sub(lambda found: found[1] or ("," if found[0] == "," else " "), text)
        if without_comments == text:
            raise
        json.loads(_IN_JSON.sub(lambda found: found[1] or "", without_comments))


_PARSERS: dict[str, Callable[[str], object]] = {
    ".json": _json,
    ".toml": parse_toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".ini": _ini,
    ".cfg": _ini,
}
