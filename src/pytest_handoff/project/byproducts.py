"""Tell what tools leave in a tree (byte code, coverage data, caches) from what could run.

What git does not track is told by its name. What it tracks must look as the tool makes it: Python runs byte code that does not
depend on its source's time without looking at the source, and any text can be run by code that reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.nodeids import matches_any
from pytest_handoff.project.foreign_files import is_file, leads_outside
from pytest_handoff.project.git import place_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

_BYTE_CODE = ("**/__pycache__/**",)
_DATA = ("**/.coverage", "**/.coverage.*", "**/.testmondata*")
_CACHES = ("**/.pytest_cache/**", "**/.hypothesis/**")
_ALL = (*_BYTE_CODE, *_DATA, *_CACHES)

_ENVIRONMENT = "pyvenv.cfg"

_SQLITE = b"SQLite format 3\0"
_HEADER = 16
"""Bytes at the beginning of byte code (PEP 552: a magic number, flags, time and size of the source) and of a SQLite file."""


def named_by_tools(paths: Iterable[str]) -> list[str]:
    """Keep the files (by their keys) that have names like those tools leave."""
    return [path for path in paths if matches_any(path, _ALL)]


def left_by_tools(root: Path, paths: Iterable[str], untracked: Collection[str] | None) -> set[str]:
    """Find the files (by their keys) that tools made, and that are not code.

    Args:
        untracked: the files that git does not track; ``None`` without git, where nothing is tracked.
    """
    every = list(paths)
    made = {path for path in named_by_tools(every) if untracked is None or path in untracked or _looks_made(root, path)}
    return made | _in_environments(root, every, untracked or ())


def is_environment(folder: Path) -> bool:
    """Check whether a folder is a virtual environment: a test may keep a ``pyvenv.cfg`` without a Python among its data."""
    return (folder / _ENVIRONMENT).exists() and any(any(folder.glob(f"{place}/python*")) for place in ("bin", "Scripts"))


def _in_environments(root: Path, paths: Sequence[str], untracked: Collection[str]) -> set[str]:
    """Find the files of virtual environments of which git tracks nothing."""
    named = [path.removesuffix(_ENVIRONMENT) for path in untracked if path.endswith(f"/{_ENVIRONMENT}")]
    folders = [folder for folder in named if is_environment(place_of(root, folder.rstrip("/")))]
    if not folders:
        return set()
    tracked = [path for path in paths if path not in untracked]
    own = tuple(folder for folder in folders if not any(path.startswith(folder) for path in tracked))
    return {path for path in paths if path.startswith(own)} if own else set()


def in_place_of_source(root: Path, paths: Iterable[str]) -> list[str]:
    """Find byte code that Python runs instead of a source that is there, without comparing the two."""
    return sorted(path for path in paths if matches_any(path, _BYTE_CODE) and path.endswith(".pyc") and _has_source(root, path))


def _has_source(root: Path, path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return (root / folder).parent.joinpath(f"{name.partition('.')[0]}.py").is_file()


def _looks_made(root: Path, path: str) -> bool:
    if matches_any(path, _CACHES):
        return False
    if not is_file(root / path) or leads_outside(root / path, [root]) is not None:
        return False
    try:
        with (root / path).open("rb") as file:
            first = file.read(_HEADER)
    except OSError:  # who may not read it cannot say what it is
        return False
    if matches_any(path, _DATA):
        return first in (b"", _SQLITE)
    return path.endswith(".pyc") and len(first) == _HEADER and first[4:8] == bytes(4)
