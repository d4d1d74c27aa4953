"""Find the project's folder, the git root, the settings, the hand-off folder and the documents."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from pytest_handoff.config import Config, check_session_name, read_config
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.evidence.tool_settings import own_settings
from pytest_handoff.nodeids import matches_any
from pytest_handoff.project import git
from pytest_handoff.project.foreign_files import SETTINGS, is_file, leads_outside, named_by_a_person, read_file
from pytest_handoff.project.stored_files import (
    EVIDENCE,
    EVIDENCE_FILES,
    RECORD,
)
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pytest_handoff.project.sessions import Chain  # noqa: TC004 - no project is decoded, and a worker of xdist reads none
    from pytest_handoff.project.store import Store


_TABLE = re.compile(r"""^[ \t]*\[{1,2}tool\.["']?([\w-]+)""", re.MULTILINE)
_NEARLY_OURS = frozenset({"handoff", "handoffs", "handof", "handofff", "hanoff", "handdoff", "pytesthandoff"})
_TEST_FILES, _PACKAGE_FILES = ("pytest.ini", "tox.ini"), ("setup.cfg", "setup.py", "pyproject.toml")
_DOCUMENTS = (".md", ".markdown", ".mdown", ".mkd", ".txt")
"""The endings that a document may have; what ends otherwise may be code."""

_TEMPORARY = r"(.*/)?\.([^/]+)\.[0-9a-f]{8}\.tmp"
"""The name that :func:`pytest_handoff.project.artifacts.write_beside` gives a file that is to take the place of another."""

_FEW_SESSIONS = 3
"""The most sessions that a sentence names."""


class Project(Frozen, frozen=True):
    """A project with hand-offs.

    Attributes:
        folder: where its settings and hand-off folder are.
        root: the git root, or ``folder`` where there is no git; ids and paths in evidence are relative to it.
        uses_git: whether ``root`` is a git work tree.
        config: its settings.
        handoffs: the hand-off folder.
        here: where the user stands, which printed paths are relative to; ``None`` for ``folder``.
        shared: the sessions as a command that only reads has found them, so that it reads no beginning of a record and puts no
            file together twice; ``None`` where each use looks again, as in a test run, which would hold these files for long.
    """

    folder: Path
    root: Path
    uses_git: bool
    config: Config
    handoffs: Path
    here: Path | None = None
    shared: Chain | None = None

    @property
    def store(self) -> Store:
        """Return the store of this project's evidence."""
        if self.shared is not None:
            return self.shared.store
        from pytest_handoff.project.store import Store  # a worker of xdist reads none

        return Store(self.handoffs, self.here or self.folder, self.within)

    @property
    def evidence(self) -> Path:
        """Return the folder that holds the evidence of each session."""
        return self.handoffs / EVIDENCE

    @property
    def chain(self) -> Chain:
        """Return the recorded sessions of this project, each with those that it continues."""
        from pytest_handoff.project.sessions import Chain

        return self.shared or Chain(self.store)

    def sharing(self) -> Project:
        """Return this project with one store for all that is read from now on; nothing may be written then."""
        return replace(self, shared=replace(self, shared=None).chain)

    @property
    def within(self) -> tuple[Path, ...]:
        """Return the folders that no path from the repository may lead out of: its root, and a hand-off folder elsewhere."""
        return (self.root,) if self.handoffs.is_relative_to(self.root) else (self.root, self.handoffs)

    def document(self, session: str) -> Path:
        """Return the path of a session's document."""
        return _plain(self.folder / self.config.document_path(session))

    def shown(self, path: Path) -> str:
        """Write a path relative to the working directory."""
        here = self.here or self.folder
        if path.is_relative_to(self.root) and here.is_relative_to(self.root):
            return Path(os.path.relpath(path, here)).as_posix()
        return str(path)

    def named(self, path: Path) -> str:
        """Write a path as it is for every user of this project: relative to its folder."""
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)

    def shown_record(self, session: str) -> str:
        """Name the record of a session, whether it exists or not."""
        return self.shown(self.evidence / session / RECORD)

    def key(self, path: Path) -> str:
        """Write a path as evidence does: relative to the root, with ``/``."""
        try:
            key = path.relative_to(self.root).as_posix()
        except ValueError:
            key = path.as_posix()
        return key if key.isascii() and "\\" not in key else git.name_of(os.fsencode(key))

    def has_file(self, key: str) -> bool:
        """Check whether a file with this key exists, such as the one that a test id begins with."""
        return is_file(self.root / key)

    def is_code(self, path: str) -> bool:
        """Check whether a file (by its key) belongs to the tree that evidence is about."""
        return bool(self.code_among([path]))

    def code_among(self, paths: Iterable[str], but: Collection[str] = ()) -> list[str]:
        """Keep the files (by their keys) that belong to that tree, those included that only have the names of evidence."""
        ours, ignored = f"{self.key(self.handoffs)}/", tuple(self.config.ignore)
        document, scope = _document_pattern(self.key(self.document("\0"))), tuple(self.config.scope)
        return [
            path
            for path in paths
            if not (scope and not matches_any(path, scope))
            and not matches_any(path, ignored)
            and (not (path.startswith(ours) and _is_of_a_hand_off(path.removeprefix(ours))) or path in but)
            and not document.fullmatch(path)
        ]

    def is_left_of_a_write(self, path: str) -> bool:
        """Check whether a file (by its key) was left beside a document by a process that died while it wrote."""
        found = re.fullmatch(_TEMPORARY, path)
        if found is None:
            return False
        return _document_pattern(self.key(self.document("\0"))).fullmatch((found[1] or "") + found[2]) is not None


def _is_of_a_hand_off(path: str) -> bool:
    """Check for evidence and Markdown, by its path in the hand-off folder; whatever else is there could be run."""
    if path.endswith((".md", ".markdown", ".mdown", ".mkd")) or path in (".gitattributes", "evidence/.gitattributes"):
        return True
    top, _, below = path.partition("/")
    session, _, name = below.partition("/")
    if top != "evidence" or not session:
        return False
    if name in EVIDENCE_FILES:
        return True
    found = re.fullmatch(_TEMPORARY, name)
    return found is not None and not found[1] and found[2] in EVIDENCE_FILES


@lru_cache(maxsize=16)
def _document_pattern(document: str) -> re.Pattern[str]:
    first, *more = map(re.escape, document.split("\0"))
    return re.compile(first + ("([^/]*)" + r"\1".join(more) if more else ""))


def open_project(
    start: Path, *, dir_option: str | None = None, fallback: Path | None = None, also: Path | None = None
) -> Project:
    """Find the project that a folder belongs to.

    The nearest folder upwards with ``handoff.toml`` or ``[tool.handoff]``, then from ``also`` upwards; else ``fallback`` where
    there is no git; else the nearest one with a hand-off folder, within the nearest package; else the nearest one with a file
    that configures pytest, or the package; else the git root; else ``start`` itself.

    Raises:
        UsageProblem: for settings that cannot be used, all problems in one message.
    """
    start = start.resolve()
    root = git.find_root(start)
    folders = _upwards(start, root)
    for folder in folders if also is None else dict.fromkeys([*folders, *_upwards(also, root)]):
        table, path = _settings(folder, root or folder)
        if table is not None:
            config = _within(folder, root or folder, read_config(table, path=path), path)
            return replace(_project(folder, root, config, dir_option), here=start)
    around = [] if also is None else _upwards(also, root)
    found = _plain_project(folders) or _plain_project(around, packages_only=True)
    plain = fallback if root is None and fallback is not None else found or root or start
    return replace(_project(plain.resolve(), root, Config(), dir_option), here=start)


def open_from(here: Path, rootdir: Path, paths: Iterable[Path], *, dir_option: str | None = None) -> Project:
    """Find the project of a pytest run: that of the working directory, if its repository holds any of the paths to collect.

    Args:
        here: the working directory at the start.
        rootdir: pytest's rootdir, which decides otherwise.

    Raises:
        UsageProblem: as :func:`open_project`, and where test ids, which are relative to the rootdir, would name no file.
    """
    here = here.resolve()
    if rootdir == rootdir.parent:
        raise UsageProblem(f"pytest's rootdir is {rootdir}, which is not a project; set --rootdir to its folder")
    if here != rootdir.resolve():
        root = git.find_root(here)
        if root is not None and any(path.resolve().is_relative_to(root) for path in paths):
            if not rootdir.resolve().is_relative_to(root):
                raise UsageProblem(f"pytest's rootdir {rootdir} is outside the repository; add --rootdir={root}")
            return open_project(here, dir_option=dir_option, also=rootdir.resolve())
    return replace(open_project(rootdir, dir_option=dir_option, fallback=rootdir), here=here)


def _plain_project(folders: Iterable[Path], *, packages_only: bool = False) -> Path | None:
    """Choose a folder without settings of ours; one that only configures pytest may be the tests' of a project around it."""
    nearest = None
    for folder in folders:
        if _has_handoffs(folder):
            return folder
        if any((folder / name).is_file() for name in _PACKAGE_FILES):
            return nearest or folder
        if nearest is None and not packages_only and any((folder / name).is_file() for name in _TEST_FILES):
            nearest = folder
    return nearest


def hands_over(folder: Path, root: Path) -> bool:
    """Check whether a folder has settings of ours or a hand-off folder.

    Raises:
        UsageProblem: for settings that cannot be read.
    """
    return _has_handoffs(folder) or _settings(folder, root)[0] is not None


def _has_handoffs(folder: Path) -> bool:
    try:
        with os.scandir(folder / Config().dir) as entries:
            return any(entry.name == "evidence" or entry.name.endswith(_DOCUMENTS) for entry in entries)
    except OSError:
        return False


def find_session(project: Project, name: str) -> str:
    """Check that a session of this name is recorded, and return the name.

    Raises:
        UsageProblem: for a name that no session can have.
        EvidenceProblem: when it has no record, naming sessions that have one.
    """
    check_session_name(name)
    if not project.store.has(name):
        known = project.store.sessions()
        raise EvidenceProblem(
            f"there is no record of {name!r} ({_nearest(name, known)}); {_meant(name, known)}record it with pytest "
            f"--handoff={quote(name)}",
            path=project.shown(project.evidence),
        )
    return name


def _meant(name: str, known: Sequence[str]) -> str:
    """Ask whether another session was meant: one with the same number but other words, since a new number may well come next."""
    from difflib import get_close_matches

    if len(known) > _FEW_SESSIONS:
        return ""  # these are sorted by likeness already
    numbers = re.findall(r"\d+", name)
    alike = get_close_matches(name.removesuffix(".md"), [one for one in known if re.findall(r"\d+", one) == numbers], n=1)
    return f"did you mean {alike[0]!r}? Else " if alike else ""


def _nearest(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    if len(known) <= _FEW_SESSIONS:
        return f"recorded: {', '.join(known) or 'none'}"
    alike = get_close_matches(name, known, n=_FEW_SESSIONS, cutoff=0)
    return f"nearest of {len(known):,}: {', '.join(alike)}"


def _project(folder: Path, root: Path | None, config: Config, dir_option: str | None) -> Project:
    if dir_option is not None and not dir_option.strip():
        raise UsageProblem("--handoff-dir is empty; name a folder, or leave the option out")
    config = config if dir_option is None else replace(config, dir=dir_option)
    # Git does not look beyond a link, and names files there by their real path.
    handoffs = Path(os.path.realpath(folder / config.dir))
    if {handoffs, _plain(folder / config.dir)} & {folder, *folder.parents}:
        raise UsageProblem(f"the hand-off folder must be a folder of its own, not {config.dir!r}")
    allowed = root or folder if dir_option is None else named_by_a_person(folder / dir_option, root or folder)
    if why := leads_outside(handoffs, [allowed]):
        named = "'dir'" if dir_option is None else "--handoff-dir"
        raise UsageProblem(f"{named}: the hand-off folder {config.dir!r} {why}; name the real folder with --handoff-dir")
    return Project(folder=folder, root=root or folder, uses_git=root is not None, config=config, handoffs=handoffs)


def _within(folder: Path, root: Path, config: Config, path: str) -> Config:
    """Return the settings if every path in them is within the repository, and documents have the ending of a document.

    Raises:
        UsageProblem: naming the setting that leads elsewhere, or takes out what may be code.
    """
    if config.document and not config.document.lower().endswith(_DOCUMENTS):
        raise UsageProblem(
            f"'document': {config.document!r} would leave files out of the evidence that are not documents; "
            f"use a name that ends in {', '.join(_DOCUMENTS[:-1])} or {_DOCUMENTS[-1]}",
            path=path,
        )
    named = {"templates": config.templates, "document": config.document and config.document_path("session")}
    for setting, value in named.items():
        if value and (why := leads_outside(folder / value, [root])):
            raise UsageProblem(f"{setting!r}: {getattr(config, setting)!r} {why}; name a place inside it", path=path)
    return config


def _plain(path: Path) -> Path:
    """Remove ``..`` from a path, so that it has one name in evidence; links are left alone."""
    return Path(os.path.normpath(path))


def _upwards(start: Path, root: Path | None) -> list[Path]:
    folders = [start, *start.parents]
    return folders[: folders.index(root) + 1] if root in folders else folders


def _settings(folder: Path, root: Path) -> tuple[dict[str, Any] | None, str]:
    path = next((path for path in (folder / "handoff.toml", folder / "pyproject.toml") if path.is_file()), None)
    if path is None:
        return None, ""
    text = _text(path, root)
    table, name = own_settings({path.name: text})
    if table is None and (other := _misnamed(text)) is not None:
        raise UsageProblem(f"nothing reads [tool.{other}]; did you mean [tool.handoff]?", path=name)
    return table, name if name == "handoff.toml" else f"{name} [tool.handoff]"


def _misnamed(text: str) -> str | None:
    """Find a tool's table whose name is nearly ours: its settings would be silently ignored."""
    return next((name for name in _TABLE.findall(text) if re.sub("[-_]", "", name.casefold()) in _NEARLY_OURS), None)


def _text(path: Path, root: Path) -> str:
    try:
        return read_file(path, [root], SETTINGS).decode("utf-8")
    except OSError as error:
        raise UsageProblem(f"cannot be read: {error.strerror or error}", path=path.name) from error
    except ValueError as error:
        raise UsageProblem(f"cannot be read: {error}", path=path.name) from error
