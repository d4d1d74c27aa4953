"""Find the modules of a project that its conftests load as plugins: their fixtures belong to the tests, wherever they are."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SETTING = "pytest_plugins"
_OF_TESTS = re.compile(r"(?:^|_)(?:tests?|testing|fixtures?)(?:_|$)")
_OF_CODE = ("src", "lib", "python")


def local_plugins(conftests: Mapping[str, str], paths: Iterable[str]) -> tuple[dict[str, str], frozenset[str]]:
    """Return the files that belong to the tests, each with the folder of its conftest, and those that count as code.

    A module belongs to the tests if the name of a folder above it says so, and so do the files beside it. Any other module may
    be the very code under test, as in a project that is a pytest plugin.

    Args:
        conftests: the text of each conftest, by path.
        paths: the files of the tree.
    """
    modules = [path for path in paths if path.endswith(".py")]
    of_tests: dict[str, str] = {}
    of_code: set[str] = set()
    for conftest in sorted(conftests, key=lambda path: path.count("/")):
        folder = PurePosixPath(conftest).parent.as_posix()
        for path in _files(_named(conftests[conftest]), modules):
            if not _is_of_tests(path):
                of_code.add(path)
                continue
            for beside in _beside(path, modules):
                of_tests.setdefault(beside, folder)
    return of_tests, frozenset(of_code - of_tests.keys())


def _named(text: str) -> Iterator[str]:
    """Read the names that a conftest gives to pytest, where they stand in it as texts."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if any(isinstance(target, ast.Name) and target.id == _SETTING for target in targets):
            texts = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))
            yield from (one for one in texts if isinstance(one, str))


def _files(names: Iterable[str], modules: Iterable[str]) -> Iterator[str]:
    tails = [f"/{name.replace('.', '/')}{ending}" for name in names for ending in (".py", "/__init__.py")]
    return (path for path in modules if f"/{path}".endswith(tuple(tails))) if tails else iter(())


def _is_of_tests(path: str) -> bool:
    place = PurePosixPath(path)
    names = place.parts[:-1] or (place.stem,)
    return names[0] not in _OF_CODE and any(map(_OF_TESTS.search, names))


def _beside(path: str, modules: Iterable[str]) -> list[str]:
    folder = PurePosixPath(path).parent.as_posix()
    return [path] if folder == "." else [one for one in modules if one.startswith(f"{folder}/")]
