"""Read the source tree that evidence is about: its files, its fingerprint, its lines' hashes, and whether its files parse."""

from __future__ import annotations

import json
import os
import re
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.settings_text import format_of, parse_ini, parse_toml
from pytest_handoff.evidence.tool_settings import NAMES
from pytest_handoff.project.artifacts import IGNORE_ALL
from pytest_handoff.project.byproducts import is_environment, left_by_tools, named_by_tools
from pytest_handoff.project.evidence_files import is_evidence, not_evidence
from pytest_handoff.project.foreign_files import SETTINGS, TEXT, Refused, is_file, leads_outside, read_file
from pytest_handoff.project.git import blob_id, commits_between, name_of, place_of, tracked_files
from pytest_handoff.project.stored_files import EVIDENCE_FILES
from pytest_handoff.project.work_tree import WorkTree, ids, literally, read_files, read_work_tree
from pytest_handoff.record import Frozen, SourceLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_handoff.project.layout import Project


_CODE = (".py", ".pyc", ".so", ".pyd")
"""What Python imports."""

_WITH_KINDS = "+kinds"
"""Ends a fingerprint that tells an executable file and a link from a plain file; those of older records do not."""


class Tree(Frozen, frozen=True):
    """A source tree without the hand-off files: path to blob id, and what git says of it (``None`` without git).

    ``kinds`` names the files that are ``executable`` or a ``link``; nothing else tells them from plain ones. ``absent`` are the
    files that a sparse checkout leaves out, and submodules that are not checked out; ``unread`` what this user may not read.
    """

    files: dict[str, str]
    kinds: dict[str, str] = {}
    absent: frozenset[str] = frozenset()
    unread: list[str] = []
    commit: str | None = None
    branch: str | None = None
    modified: list[str] | None = None
    untracked: list[str] | None = None

    @property
    def ids(self) -> dict[str, str]:
        """Map each path to one text that is another for any other content or kind of the file."""
        return ids(self.files, self.kinds)

    @property
    def fingerprint(self) -> str:
        """Hash every path with its id: the same code has the same hash, committed or not, wherever it is checked out."""
        return _hash_of(self.ids) + _WITH_KINDS

    def is_that_of(self, fingerprint: str) -> bool:
        """Check whether a record is about this tree; an older one says nothing of the kinds of its files."""
        return fingerprint == (self.fingerprint if _has_kinds(fingerprint) else _hash_of(self.files))

    def leaves_out(self, path: str) -> bool:
        """Check whether git knows a file that is not checked out; of what is in a submodule it knows no more."""
        return path in self.absent or (
            bool(self.absent) and any(str(folder) in self.absent for folder in PurePosixPath(path).parents)
        )

    def parted_absent(self, is_test_file: Callable[[str], bool]) -> tuple[list[str], list[str]]:
        """Part what is not checked out: code, tests and settings, without which other things run, and the rest."""
        deciding = {
            path for path in self.absent if path.endswith(_CODE) or path.rpartition("/")[2] in NAMES or is_test_file(path)
        }
        return sorted(deciding), sorted(self.absent - deciding)

    def beside(self, paths: Iterable[str]) -> list[str]:
        """Keep the files and folders that hold nothing of this tree."""
        return [path for path in paths if path not in self.files and not any(name.startswith(f"{path}/") for name in self.files)]

    def differing(self, then: Mapping[str, SourceLine], fingerprint: str) -> list[str]:
        """Name the files in which this tree differs from the one that a record of this fingerprint kept."""
        now, blobs = self.files, {path: line.blob for path, line in then.items()}
        if _has_kinds(fingerprint):
            now, blobs = self.ids, ids(blobs, {path: line.kind for path, line in then.items() if line.kind})
        return sorted(path for path in now.keys() | blobs.keys() if now.get(path) != blobs.get(path))


def _has_kinds(fingerprint: str) -> bool:
    """Tell whether a fingerprint, and the sources of its record, know the kinds of files."""
    return fingerprint.endswith(_WITH_KINDS)


def _hash_of(files: Mapping[str, str]) -> str:
    rows = (f"{path}\0{text}\n" for path, text in sorted(files.items()))
    return "sha256:" + sha256("".join(rows).encode("utf-8", "surrogateescape")).hexdigest()


def read_tree(project: Project) -> Tree:
    """Read the tree as it stands now: what git tracks or would track; without git, every file but hidden and generated ones.

    Raises:
        UsageProblem: when the scope leaves no file, so that every tree would look the same.
    """
    if not project.uses_git:
        found = project.code_among(_walk(project.root), not_evidence(project))
        return Tree(files=hash_files(project.root, set(found) - left_by_tools(project.root, found, None)))
    work = read_work_tree(project.root, without=_evidence_in(project), but=(others := not_evidence(project)))
    others += _tracked_leftovers(project, work)
    left = {*filter(project.is_left_of_a_write, work.untracked)} | left_by_tools(
        project.root, work.files, _unknown_to_git(project, work)
    )
    files = {path: work.files[path] for path in project.code_among(work.files, others) if path not in left}
    if project.config.scope and not files:
        raise UsageProblem("'scope' matches no file in the repository; write its folders relative to the git root")
    return Tree(
        files=files,
        kinds={path: kind for path, kind in work.kinds.items() if path in files},
        absent=frozenset(path for path in work.absent if path in files),
        unread=project.code_among(work.unread),
        commit=work.commit,
        branch=work.branch,
        modified=[path for path in project.code_among(work.modified, others) if path not in left],
        untracked=[path for path in project.code_among(work.untracked, others) if path not in left],
    )


class Since(Frozen, frozen=True):
    """The files of a tree that have ``changed`` or are gone since it was read, and files that are ``unread``: nobody may."""

    changed: list[str]
    unread: list[str]


def since(project: Project, tree: Tree) -> Since:
    """Find what has changed in a tree; new files do not count, because they changed nothing that ran."""
    if project.uses_git:
        found = read_files(project.root, without=_evidence_in(project), but=_others_in(project, tree))
        now, unread = found.ids, project.code_among(found.unread)
    else:
        now, unread = read_tree(project).ids, []
    return Since(changed=sorted(path for path, text in tree.ids.items() if now.get(path) != text), unread=unread)


def _others_in(project: Project, tree: Tree) -> list[str]:
    """Find again what only has the name of evidence, if a tree holds any: very many sessions may have to be looked at."""
    below = f"{project.key(project.evidence)}/"
    return not_evidence(project) if any(path.startswith(below) for path in tree.files) else []


def commits_since(project: Project, tree: Tree, before: str) -> int | None:
    """Count the commits after one, up to the tree's; ``None`` where git does not know all of them."""
    return None if tree.commit is None else commits_between(project.root, before, tree.commit)


def _evidence_in(project: Project) -> list[str]:
    """Return globs of the evidence below the root: it is not part of the tree, and may be larger than all of it."""
    folder = project.evidence
    if not folder.is_relative_to(project.root):
        return []
    plain = literally(project.key(folder))
    return [f"{plain}/*/{name}" for name in sorted(EVIDENCE_FILES)]


def _unknown_to_git(project: Project, work: WorkTree) -> set[str]:
    """Return the files that git does not track, less the staged ones where a by-product is among them."""
    untracked = {*work.untracked}
    return untracked.difference(tracked_files(project.root, "") if named_by_tools(untracked) else ())


def _tracked_leftovers(project: Project, work: WorkTree) -> list[str]:
    """Find files that git tracks among the evidence, called as what a write leaves there, and that hold something else."""
    folder, untracked = project.key(project.evidence) + "/", {*work.untracked}
    named = (path for path in work.files if path.endswith(".tmp") and path.startswith(folder) and path not in untracked)
    return [path for path in named if not is_evidence(place_of(project.root, path))]


def _walk(root: Path) -> Iterator[str]:
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if _may_hold_sources(Path(folder, name))]
        paths = (Path(folder, name).relative_to(root).as_posix() for name in names if not name.startswith("."))
        yield from map(name_of, map(os.fsencode, paths))


def _may_hold_sources(folder: Path) -> bool:
    generated = folder.name in ("__pycache__", "node_modules") or is_environment(folder)
    return not generated and not folder.name.startswith(".") and not _ignores_itself(folder)


def _ignores_itself(folder: Path) -> bool:
    """Check whether a tool made the folder for generated files, and says so to git."""
    ignore = folder / ".gitignore"
    return ignore.is_file() and not ignore.is_symlink() and ignore.read_bytes() == IGNORE_ALL


def hash_files(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Map the paths of those that are files to the id that git gives their content; without those that this user may not read."""
    places = {path: place_of(root, path) for path in sorted(set(paths))}
    contents = ((path, _content(root, file)) for path, file in places.items() if os.access(file, os.R_OK) and file.is_file())
    return {path: blob_id(content) for path, content in contents if content is not None}


def _content(root: Path, file: Path) -> bytes | None:
    """Read a file's content; of a link that points outside the repository, take its target as git does."""
    if leads_outside(file, [root]) is None:
        try:
            return file.read_bytes()
        except OSError:  # it has just been removed
            return None
    return os.fsencode(file.readlink()) if file.is_symlink() else b""


def unparsable(root: Path, paths: Iterable[str], stored: Callable[[str], bytes | None] = lambda _path: None) -> dict[str, str]:
    """Find the files that do not parse, each with the reason on one line; ``stored`` reads what is not checked out."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        file = place_of(root, path)
        parse = _PARSERS.get(format_of(path))
        if parse is not None and not leads_outside(file, [root]):
            content = None if is_file(file) else stored(path)
            problem = _problem(parse, file, root, content) if is_file(file) or content is not None else None
            if problem:
                found[path] = problem
    return found


def _problem(parse: Callable[[str], object], path: Path, root: Path, content: bytes | None) -> str | None:
    try:
        most = TEXT if parse is _json else SETTINGS  # the other parsers take seconds for a megabyte
        parse((read_file(path, [root], most) if content is None else content[: most + 1]).decode("utf-8-sig"))
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


_IN_JSON = r'(?s)("(?:[^"\\\n]|\\.)*"?)|//[^\n]*|/\*(?:.*?\*/|.*)|,(?=\s*[}\]])'
"""A string; or a comment, or the comma behind a last entry, which the tools that read comments do not mind either."""


def _json(text: str) -> None:
    """Check a file that may have comments, as those of TypeScript, VS Code and asv do; a comma too many alone is a mistake."""
    try:
        json.loads(text)
    except ValueError:
        without_comments = re.sub(_IN_JSON, lambda found: found[1] or ("," if found[0] == "," else " "), text)
        if without_comments == text:
            raise
        json.loads(re.sub(_IN_JSON, lambda found: found[1] or "", without_comments))


_PARSERS: dict[str | None, Callable[[str], object]] = {"JSON": _json, "TOML": parse_toml, "YAML": _yaml, "INI": _ini}
