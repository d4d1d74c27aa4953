"""Notice which tests cannot run beside each other: they use a port or file that is the same for every process.

This file is copied beside the scratch tree, and imports nothing of ours.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_PRIVATE = 0o700
"""The mode of a folder with a name of its own: that of ``tempfile.mkdtemp`` and of pytest's ``tmp_path``."""

_OF_CACHES = ("__pycache__", ".pytest_cache", ".hypothesis")
_CHANGES = (
    "os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "shutil.rmtree", "sqlite3.connect",
)  # fmt: skip
_NO_FILES = ("", ":memory:")
_STARTS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system")
_SYSTEMS = ("/dev", "/proc")
_MEMORY = "/dev/shm"  # noqa: S108 # what tests of users write there is looked at; we write nothing
"""Linux keeps devices in ``/dev``, and below this folder files, which are shared like any other."""


class Collisions:
    """Watch what a process does while a test runs.

    Attributes:
        running: the id of the test that runs; ``None`` between tests.
        tests: the tests that would collide with others.
        starting: the tests that start other processes, in which nothing is heard.
    """

    def __init__(self, tree: str, own: Iterable[str]) -> None:
        self.running: str | None = None
        self.tests: set[str] = set()
        self.starting: set[str] = set()
        self._tree = tree
        self._own = set(own)

    def watch(self) -> None:
        """Begin; it cannot be undone, so that only a child that ends soon does it."""
        sys.addaudithook(self.hear)

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Judge one event of Python's, as :func:`sys.audit` tells it."""
        if self.running is None:
            return
        with suppress(Exception):  # whatever it was, the test goes on
            if event in _STARTS:
                self.starting.add(self.running)
            plain = tuple(os.fspath(one) if isinstance(one, os.PathLike) else one for one in args)
            if self._collides(event, plain):
                self.tests.add(self.running)

    def _collides(self, event: str, args: tuple[Any, ...]) -> bool:
        match event, args:
            case "socket.bind", (_, (_, int(port), *_)):
                return port != 0
            case "socket.bind", (_, str() | bytes() as path):
                return self._is_shared(path)
            case "open", (str() | bytes() as path, _, int(flags)):
                return bool(flags & _WRITES) and self._is_written(path, alone=bool(flags & os.O_EXCL))
            case "os.mkdir", (str() | bytes() as path, int(mode), *_) if mode == _PRIVATE:
                self._own.add(_place(path))
            case _, (str() | bytes() as path, *rest) if event in _CHANGES and path not in _NO_FILES:
                return not _is_relative(rest) and self._is_shared(path)
        return False

    def _is_written(self, path: str | bytes, *, alone: bool) -> bool:
        """Check a file that is opened for writing; a new file that is created exclusively has a name of its own."""
        shared = self._is_shared(path) and not Path(_place(path)).is_dir()  # tempfile names the folder of a file without a name
        if shared and alone and not _place(path).startswith(self._tree + os.sep):
            self._own.add(_place(path))
            return False
        return shared

    def _is_shared(self, path: str | bytes) -> bool:
        """Check whether other processes use a file by the same name: not below a folder that this one alone has."""
        place = Path(_place(path))
        if place.suffix == ".pyc" or not set(_OF_CACHES).isdisjoint(place.parts):
            return False
        return not _is_the_systems(place) and not any(str(folder) in self._own for folder in (place, *place.parents))


def _is_the_systems(place: Path) -> bool:
    return not place.is_relative_to(_MEMORY) and any(place.is_relative_to(one) for one in _SYSTEMS)


def _is_relative(rest: Sequence[Any]) -> bool:
    """Check whether a path is one below an open folder, as :func:`shutil.rmtree` names those in what it removes."""
    return bool(rest) and isinstance(rest[-1], int) and rest[-1] >= 0


def _place(path: str | bytes) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 # Path.absolute keeps ".."
