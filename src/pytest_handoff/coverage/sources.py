"""Decide which code is measured: the source that pytest-cov is given, and whether tests belong to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coverage import Coverage


CHOSEN = pytest.StashKey[bool]()
"""Set on a run whose source this plugin chose, because neither options nor configuration named one."""

_FOLDER_OPTIONS = ("run:source", "run:source_pkgs", "run:source_dirs")
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_NO_SOURCE = frozenset({"conftest.py", "setup.py", "noxfile.py"})
_PACKAGE_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
_DEPTHS = ("*.py", "*/*.py", "*/*/*.py", "*/*/*/*.py")
"""How deep to look for code in a folder if no source is named."""


def configured_sources(coverage: Coverage) -> list[str]:
    """List the folders and packages that coverage.py was given as source, wherever they were named."""
    names = [name for option in _FOLDER_OPTIONS for name in _listed(coverage, option)]
    return list(dict.fromkeys(names))


def configured_includes(coverage: Coverage) -> list[str]:
    """List the patterns that say what is measured if no source does."""
    return _listed(coverage, "run:include")


def choose_source(folder: Path, testpaths: list[str]) -> list[str]:
    """Choose the source of a project that names none, as coverage.py wants it: folders, relative to ``folder``.

    It is ``src`` if there is one, else the packages at the top; the whole folder if there are none, or modules beside them.
    Folders of tests are never source.
    """
    if (folder / "src").is_dir():
        return ["src"]
    packages = [init.parent.name for init in folder.glob("*/__init__.py")]
    packages = [name for name in packages if not _is_tests(PurePosixPath(name), testpaths)]
    modules = [path for path in folder.glob("*.py") if path.name not in _NO_SOURCE and not path.match("test_*.py")]
    return sorted(packages) if packages and not modules else ["."]


def choose_around(rootdir: Path, testpaths: list[str]) -> tuple[Path, list[str]]:
    """Choose the source of a run, as :func:`choose_source` does, and the folder that its names are relative to.

    That is pytest's rootdir; where it holds tests or settings alone (an ini file below ``tests``, ``-c config/pytest.ini``), the
    nearest folder around it that holds code, never beyond the repository.
    """
    top = next((folder for folder in (rootdir, *rootdir.parents) if os.path.lexists(folder / ".git")), rootdir)
    around = [folder for folder in (rootdir, *rootdir.parents) if folder.is_relative_to(top)]
    found = next((folder for folder in around if _holds_code(folder, top)), rootdir)
    if found == rootdir:
        return rootdir, choose_source(rootdir, testpaths)
    inner = rootdir.relative_to(found)
    return found, choose_source(found, [inner.as_posix(), *((inner / path).as_posix() for path in testpaths)])


def _holds_code(folder: Path, top: Path) -> bool:
    """Check whether a folder is a package, or has Python files that are not tests."""
    if any((folder / name).is_file() for name in _PACKAGE_FILES):
        return True
    inner = PurePosixPath(folder.relative_to(top))
    paths = (inner / path.relative_to(folder) for pattern in _DEPTHS for path in folder.glob(pattern))
    return any(path.name not in _NO_SOURCE and not path.match("test_*.py") and not _is_tests(path, []) for path in paths)


def source_folders(names: list[str], folder: Path, here: Path | None = None) -> list[Path]:
    """Find the absolute paths of the named sources, as coverage.py understands the names.

    A name is a folder as seen from ``here``, where pytest was started, or a path, package or module in ``folder`` or its ``src``,
    or wherever it was imported from. One that is none of these is left out: nothing of it was measured.
    """
    return list(dict.fromkeys(place for name in names for place in _places_of(name, folder, here or folder)))


def from_folder(names: list[str], folder: Path, here: Path) -> list[str]:
    """Write sources that are folders relative to ``folder``, so that they have the same name wherever pytest starts."""
    return [Path(os.path.relpath(here / name, folder)).as_posix() if (here / name).is_dir() else name for name in names]


def _places_of(name: str, folder: Path, here: Path) -> list[Path]:
    dotted = Path(*name.split("."))
    places = [folder / name, *(top / dotted for top in (folder, folder / "src"))]
    places += [place.with_name(f"{place.name}.py") for place in places[1:]]
    if (here / name).is_dir():
        places.insert(0, here / name)
    found = [place.resolve() for place in places if place.exists()][:1]
    return found or [Path(place).resolve() for place in _imported_from(name)]


def _imported_from(name: str) -> list[str]:
    """Look up where a package or module was imported from in this process, without importing it."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    return [str(place) for place in getattr(module, "__path__", ())] or ([file] if file else [])


def folders_of_tests(sources: list[Path], folder: Path, testpaths: list[str]) -> list[Path]:
    """Pick the sources that are, or are in, a folder of tests.

    That is a folder that pytest's ``testpaths`` names, or that is called ``test``, ``tests`` or ``testing``.
    """
    top = folder.resolve()
    inside = [source for source in sources if source.is_relative_to(top)]
    return [source for source in inside if _is_tests(PurePosixPath(source.relative_to(top)), testpaths)]


def _listed(coverage: Coverage, option: str) -> list[str]:
    value = coverage.get_option(option)
    return [str(name) for name in value] if isinstance(value, list | tuple) else []


def _is_tests(place: PurePosixPath, testpaths: list[str]) -> bool:
    if _TEST_FOLDERS.intersection(place.parts):
        return True
    return any(place.is_relative_to(PurePosixPath(testpath)) for testpath in testpaths if testpath not in {"", "."})
