"""Tell the tests of a tree from its code, and find what changed on either side since the sessions before."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_handoff.evidence.tool_settings import NAMES
from pytest_handoff.nodeids import file_of, name_of, without_parameters
from pytest_handoff.record import Frozen
from pytest_handoff.run import SuiteFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

Patch = dict[str, str | None]
"""Files that a tree has in place of those of now: path to blob id, ``None`` for a file that is not there."""

_NAMED = ("test", "tests")
_IMPORT = r"^\s*(?:from|import)\b.*\b{}\b"
_PYTHON = ".py"
_ROOTS = ("", "src", "lib", "python")
"""Folders of code: modules are imported from them."""


class Suite(Frozen, frozen=True):
    """What belongs to the tests: pytest's own files, and those that hold recorded tests."""

    files: SuiteFiles
    holding: frozenset[str]

    def belongs(self, path: str) -> bool:
        """Check that a file is a test module, a conftest, a helper or data of the tests."""
        return path in self.holding or self.files.belongs(path)

    def folder_of(self, path: str) -> str:
        """Return the outermost folder of tests that a file is in, or else its own folder; ``""`` is the top."""
        parents = [parent.as_posix() for parent in reversed(PurePosixPath(path).parents)]
        tops = [parent for parent in parents if parent in self.files.folders or PurePosixPath(parent).name in _NAMED]
        return tops[0] if tops else parents[-1].removeprefix(".")


def suite_of(settings: SuiteFiles, paths: Iterable[str], tests: Iterable[str], measured: Collection[str]) -> Suite:
    """Describe the suite of a project.

    A folder of ``testpaths`` is one of tests only if nothing in it is code: ``testpaths`` may name the code too.

    Args:
        settings: pytest's ``python_files`` and ``testpaths``.
        paths: the files of the tree.
        tests: the ids of recorded tests.
        measured: the files whose coverage was measured.
    """
    plain = SuiteFiles(patterns=settings.patterns, folders=[])
    others = [path for path in paths if path.endswith(_PYTHON) and not plain.belongs(path)]
    named = [folder.strip("/") for folder in settings.folders if folder.strip("./")]
    kept = [folder for folder in named if PurePosixPath(folder).name not in _ROOTS and not _has_code(folder, others, measured)]
    holding = frozenset(file_of(test) for test in tests if not is_of_code(test))
    return Suite(files=SuiteFiles(patterns=settings.patterns, folders=kept), holding=holding)


def is_of_code(test: str) -> bool:
    """Recognize a doctest in a module: pytest names it by the module's dotted name."""
    return file_of(test).endswith(_PYTHON) and "." in name_of(without_parameters(test))


def _has_code(folder: str, modules: Iterable[str], measured: Collection[str]) -> bool:
    """Check whether a folder has a module that was measured and is more than the mark of a package."""
    inside = (path for path in modules if _is_below(path, folder) and PurePosixPath(path).name != "__init__.py")
    return any(path in measured for path in inside)


class Versions(Frozen, frozen=True):
    """The blob ids of a tree's files now, and in each of the sessions before."""

    now: dict[str, str]
    before: tuple[dict[str, str], ...]

    def changed(self) -> list[str]:
        """Name the files that are not as they were in any session before; those that are gone too."""
        gone = {path for tree in self.before for path in tree if path not in self.now}
        return sorted(gone | {path for path, blob in self.now.items() if all(tree.get(path) != blob for tree in self.before)})

    def olds(self, path: str) -> list[str]:
        """Return the different contents of a file in the sessions before."""
        return list(dict.fromkeys(tree[path] for tree in self.before if path in tree))


def former_tests(versions: Versions, suite: Suite, before: Mapping[str, str]) -> Patch:
    """Find the files of the tests that differ from those of one session before, as they were there.

    What came since is taken away: a new conftest could weaken every test below it.
    """
    changed = [path for path in versions.changed() if suite.belongs(path)]
    return {path: before.get(path) for path in changed if path in before or not versions.olds(path)}


class Torn(Frozen, frozen=True):
    """Files that the sessions before left differently, so that no one tree is the code of before."""

    paths: list[str]


def former_code(versions: Versions, suite: Suite) -> Patch | Torn:
    """Find the files that are no tests and no settings of the tools and have changed, as they were."""
    changed = [path for path in versions.changed() if not suite.belongs(path) and PurePosixPath(path).name not in NAMES]
    if torn := [path for path in changed if len(versions.olds(path)) > 1]:
        return Torn(paths=torn)
    return {path: next(iter(versions.olds(path)), None) for path in changed}


def touched_files(
    patch: Patch, suite: Suite, files: Iterable[str], read: Callable[[str], str], before: Mapping[str, str]
) -> set[str]:
    """Name the files of earlier tests to which a patch makes a difference.

    These are the files in it, all below a conftest in it, all tests beside a helper or data in it, and those that import a test
    module in it.

    Args:
        files: the files that hold earlier tests.
        read: returns the text of a file as it is in the patched tree.
        before: the tree that the patch comes from: what was not there can have been used by a conftest only.
    """
    names = set(files)
    found = names & patch.keys()
    for path in patch:
        if PurePosixPath(path).name == "conftest.py":
            found |= {name for name in names if _is_below(name, PurePosixPath(path).parent.as_posix())}
        elif path in names:
            found |= {name for name in names if _imports(path, name, read)}
        elif path in before and not (path.endswith(_PYTHON) and suite.files.is_module(path)):
            found |= {name for name in names if _is_below(name, suite.folder_of(path))}
    return found


def _imports(module: str, by: str, read: Callable[[str], str]) -> bool:
    """Check whether a test module names another one where it imports something."""
    if not (module.endswith(_PYTHON) and by.endswith(_PYTHON)) or module == by:
        return False
    stem = re.escape(PurePosixPath(module).stem)
    return re.search(_IMPORT.format(stem), read(by), re.MULTILINE) is not None


def _is_below(path: str, folder: str) -> bool:
    return folder in ("", ".") or path.startswith(f"{folder}/")


def roots_of(folder: str, named: Iterable[str]) -> list[str]:
    """List the folders of a tree from which its modules may be imported; ``folder`` is that of the project in it."""
    inner = [f"{folder}/{name}".rstrip("/") for name in _ROOTS] if folder != "." else []
    return list(dict.fromkeys([*_ROOTS, *inner, *(name.strip("/").removeprefix("./") for name in named)]))
