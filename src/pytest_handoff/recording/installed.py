"""Import what the end of a run needs from where it is installed, even if tests or a conftest replaced it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


_NEEDED = ("yaml", "jinja2", "markupsafe", "markdown_it", "mdurl", "filelock")
"""What is imported when a run ends; the rest is imported when it begins."""


class _InstalledFirst:
    """A finder that looks for these packages where packages are installed before a folder of the project is asked."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._folders = [path for path in sys.path if path.rstrip("/\\").endswith(("site-packages", "dist-packages"))]

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Find a top-level package by its name; leave everything else to the other finders."""
        return PathFinder.find_spec(name, self._folders) if name in self._names else None


@contextmanager
def as_installed() -> Iterator[None]:
    """Take stubs out of ``sys.modules`` while we end the run, and put them back after: a mock must not tick a box."""
    finder = _InstalledFirst(_NEEDED)
    stubs: dict[str, ModuleType] = {}
    for name in _NEEDED:
        if name in sys.modules and _is_stub(sys.modules[name], finder.find_spec(name)):
            stubs |= {key: module for key, module in sys.modules.items() if key == name or key.startswith(f"{name}.")}
    for key in stubs:
        del sys.modules[key]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        ours = {key.partition(".")[0] for key in stubs}
        for key in [key for key in sys.modules if key.partition(".")[0] in ours]:
            del sys.modules[key]
        sys.modules.update(stubs)


def _is_stub(module: object, installed: ModuleSpec | None) -> bool:
    """Check that a module is not the installed one; leave a module that is installed nowhere, as with an editable install."""
    return installed is not None and getattr(getattr(module, "__spec__", None), "origin", None) != installed.origin
