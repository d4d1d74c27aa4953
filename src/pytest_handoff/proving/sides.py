"""Tell the tests of a tree from its code, and find what changed on either side since earlier sessions."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_handoff.evidence.tool_settings import NAMES
from pytest_handoff.nodeids import file_of, name_of, without_parameters
from pytest_handoff.proving.local_plugins import local_plugins
from pytest_handoff.record import Frozen
from pytest_handoff.run import SuiteFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

Patch = dict[str, str | None]
"""Files that a tree has instead of those of now: path to blob id, ``None`` for a file that is not there."""

_NAMED = ("test", "tests")
_IMPORT = r"^\s*(?:from|import)\b.*\b{}\b"
_PYTHON = ".py"
_ROOTS = ("", "src", "lib", "python")
"""Folders of code: modules are imported from them."""


class Suite(Frozen, frozen=True):
    """Tell which files belong to the tests.

    Attributes:
        files: pytest's own.
        holding: those that hold recorded tests.
        plugins: those that a conftest loads, and what is beside them, each with the folder of the conftest.
        loaded: those that a conftest loads and that count as code.
    """

    files: SuiteFiles
    holding: frozenset[str]
    plugins: dict[str, str] = {}
    loaded: frozenset[str] = frozenset()

    def belongs(self, path: str) -> bool:
        """Check that a file is a test module, a conftest, a helper or data of the tests."""
        return path in self.holding or path in self.plugins or self.files.belongs(path)

    def folder_of(self, path: str) -> str:
        """Return the folder below which tests may use a file: the outermost one of tests, or else its own; ``""`` is the top."""
        if path in self.plugins:
            return self.plugins[path].removeprefix(".")
        parents = [parent.as_posix() for parent in reversed(PurePosixPath(path).parents)]
        tops = [parent for parent in parents if parent in self.files.folders or PurePosixPath(parent).name in _NAMED]
        return tops[0] if tops else parents[-1].removeprefix(".")


def suite_of(
    settings: SuiteFiles,
    paths: Collection[str],
    tests: Iterable[str],
    measured: Collection[str],
    conftests: Mapping[str, str] | None = None,
) -> Suite:
    """Describe the suite of a project.

    A folder of ``testpaths`` is one of tests only if nothing in it is code: ``testpaths`` may name the code too.

    Args:
        settings: pytest's ``python_files`` and ``testpaths``.
        paths: the files of the tree.
        tests: the ids of recorded tests.
        measured: the files whose coverage was measured.
        conftests: the text of each conftest.
    """
    plain = SuiteFiles(patterns=settings.patterns, folders=[])
    others = [path for path in paths if path.endswith(_PYTHON) and not plain.belongs(path)]
    named = [folder.strip("/") for folder in settings.folders if folder.strip("./")]
    kept = [folder for folder in named if PurePosixPath(folder).name not in _ROOTS and not _has_code(folder, others, measured)]
    holding = frozenset(file_of(test) for test in tests if not is_of_code(test))
    plugins, loaded = local_plugins(conftests or {}, paths)
    return Suite(files=SuiteFiles(patterns=settings.patterns, folders=kept), holding=holding, plugins=plugins, loaded=loaded)


def is_of_code(test: str) -> bool:
    """Recognize a doctest in a module: pytest names it by the module's dotted name."""
    return file_of(test).endswith(_PYTHON) and "." in name_of(without_parameters(test))


def _has_code(folder: str, modules: Iterable[str], measured: Collection[str]) -> bool:
    """Check whether a folder has a module that was measured and is more than the mark of a package."""
    inside = (path for path in modules if _is_below(path, folder) and PurePosixPath(path).name != "__init__.py")
    return any(path in measured for path in inside)


class Versions(Frozen, frozen=True):
    """The blob ids of a tree's files now and before; of ``torn`` ones earlier sessions left several versions."""

    now: dict[str, str]
    before: dict[str, str]
    torn: frozenset[str] = frozenset()

    def changed(self) -> list[str]:
        """Name the files that changed, including those that are gone."""
        return sorted(path for path in self.now.keys() | self.before.keys() if self.now.get(path) != self.before.get(path))


def versions_of(now: dict[str, str], parents: Sequence[Mapping[str, str]], origin: Mapping[str, str]) -> Versions:
    """Merge the trees that several sessions left: a file that one side changed is in that side's version.

    Args:
        now: the tree of now.
        parents: the trees of earlier sessions.
        origin: the tree that these began with; empty where it is not known.
    """
    before, torn = dict(next(iter(parents), {})), set()
    for other in parents[1:]:
        for path in before.keys() | other.keys():
            mine, theirs = before.get(path), other.get(path)
            if theirs in (mine, origin.get(path)):
                continue
            if mine != origin.get(path) and now.get(path) not in (mine, theirs):
                torn.add(path)
            left = now.get(path) if mine != origin.get(path) and now.get(path) in (mine, theirs) else theirs
            if left is None:
                before.pop(path, None)
            else:
                before[path] = left
    return Versions(now=now, before=before, torn=frozenset(torn))


def former_tests(versions: Versions, suite: Suite) -> Patch:
    """Find the old versions of changed files that belong to the tests.

    What came since is taken away: a new conftest could weaken every test below it.
    """
    return {path: versions.before.get(path) for path in versions.changed() if suite.belongs(path)}


class Torn(Frozen, frozen=True):
    """Files that earlier sessions left differently, so that no one tree is the old code."""

    paths: list[str]


def former_code(versions: Versions, suite: Suite) -> Patch | Torn:
    """Find the old versions of changed files that are neither tests nor settings of tools."""
    changed = [path for path in versions.changed() if not suite.belongs(path) and PurePosixPath(path).name not in NAMES]
    if torn := [path for path in changed if path in versions.torn]:
        return Torn(paths=torn)
    return {path: versions.before.get(path) for path in changed}


def touched_files(
    patch: Patch, suite: Suite, files: Iterable[str], read: Callable[[str], str], before: Mapping[str, str]
) -> set[str]:
    """Name the files of earlier tests that a patch may affect.

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
