"""Find out from the files that a run imported whether the code of its tree ran."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

_INSTALLED = ("site-packages", "dist-packages")
NATIVE = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".pyx", ".pxd", ".rs", ".f", ".f90", ".go", ".zig")
"""Endings of sources that are compiled to extension modules."""

BUILT = (".so", ".pyd", ".dylib", ".dll")


class Shadow(Frozen, frozen=True):
    """A file that was imported instead of one of the tree."""

    won: str
    path: str
    installed: bool

    def __str__(self) -> str:
        """Say what won, and what to do."""
        if self.installed:
            remedy = "install the project with pip install --editable, or add its folder to pytest's pythonpath"
        else:
            remedy = "import it in tests by a path relative to the tree, or add its folder to pytest's pythonpath"
        return f"{self.won} ran instead of {self.path}; {remedy}"


def shadows(
    modules: Iterable[tuple[str, str]],
    *,
    tree: Path,
    real: Path,
    known: Collection[str],
    roots: Iterable[str],
    is_same: Callable[[Path, str], bool],
) -> Iterator[Shadow]:
    """Yield the imported files that replaced a file of the tree and differ from it.

    Args:
        modules: each module with its file.
        tree: the top of the scratch tree.
        real: the top of the work tree.
        known: the files of the project.
        roots: the folders that its modules may be imported from.
        is_same: tells whether a file has the content that a path has in the tree.
    """
    for name, file in modules:
        path = Path(file)
        if path.is_relative_to(tree):
            continue
        key = path.relative_to(real).as_posix() if path.is_relative_to(real) else None
        place = key if key in known else _place_of(name, known, roots)
        if place is not None and not is_same(path, place):
            yield Shadow(won=_shown(path, key), path=place, installed=not {*_INSTALLED}.isdisjoint(path.parts))


def _place_of(name: str, known: Collection[str], roots: Iterable[str]) -> str | None:
    """Find the file of the project that a module's name stands for."""
    if name.partition(".")[0] in sys.stdlib_module_names:
        return None
    inner = name.replace(".", "/")
    tails = (f"{inner}.py", f"{inner}/__init__.py")
    places = (f"{root}/{tail}" if root else tail for root in roots for tail in tails)
    return next((place for place in places if place in known), None)


def _shown(path: Path, key: str | None) -> str:
    """Write the path of an imported file without naming this machine's folders."""
    at = next((place for place, part in enumerate(path.parts) if part in _INSTALLED), None)
    if at is not None:
        return "/".join(path.parts[at:])
    return f"the work tree's {key}" if key is not None else f"another {path.name}"
