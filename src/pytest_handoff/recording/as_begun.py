"""Run our own code with Python as it was before any conftest replaced parts of it, and then restore the replacements.

A mock that outlives its test, a process that a conftest refuses to start, a ``PATH`` without git: none of it decides what is
recorded, and none costs a record.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from itertools import repeat
from operator import is_
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping


_MODULES = ("builtins", "hashlib", "io", "json", "os", "os.path", "pathlib", "platform", "re", "shutil", "stat", "subprocess",
            "tempfile", "time")  # fmt: skip
"""Modules whose functions we call and tests replace."""
_IF_IMPORTED = ("ast", "fnmatch", "glob", "importlib.metadata", "secrets", "sqlite3", "textwrap", "urllib.parse", "uuid", "zlib")
_CLASSES = (Path, PurePath, subprocess.Popen)
_PACKAGES = {"pytest_handoff", "coverage", "msgspec", *sys.stdlib_module_names}
"""Our own code keeps using these as they were imported before any conftest."""
_VARIABLES = ("PATH", "HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "LOCALAPPDATA",
              "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")  # fmt: skip
"""Variables that decide where git is and which of the user's settings it reads."""
_ABSENT = object()
_all, _map = all, map  # bound now: these may be replaced as well


class AsBegun:
    """A context manager factory that remembers Python as it stands now: call it around our own code."""

    def __init__(self) -> None:
        imported = [sys.modules[name] for name in _IF_IMPORTED if name in sys.modules]
        owners = [*map(import_module, _MODULES), *imported, *_CLASSES]
        self._owners = [(owner, dict(vars(owner))) for owner in owners]
        self._imported = _imported()
        self._environment = {name: os.environ.get(name, _ABSENT) for name in _VARIABLES}
        self._variables = os.environ

    def remember_ours(self) -> None:
        """Remember which of our own modules were imported since."""
        self._imported = _imported(("pytest_handoff", "msgspec")) | self._imported

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Restore everything, and at the end put the replacements back."""
        imported = _put(sys.modules, self._imported)
        theirs = [(owner, _put_back(owner, names)) for owner, names in self._owners]
        variables = _put(self._variables, self._environment)
        reaped = _hear_of_children()
        try:
            yield
        finally:
            if reaped is not None:
                signal.signal(signal.SIGCHLD, reaped)
            _put(self._variables, variables)
            for owner, names in theirs:
                for name, value in names.items():
                    delattr(owner, name) if value is _ABSENT else setattr(owner, name, value)
            _put(sys.modules, imported)


def _imported(packages: Any = _PACKAGES) -> dict[str, Any]:
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in packages and name != "__main__"}


def _may_differ(name: str) -> bool:
    return not name.startswith("__") or name == "__import__"


def _put(table: MutableMapping[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Put values into a table, and return the values that they replaced, if different."""
    if _is_as_it_was(table, wanted):
        return {}
    found = {name: table.get(name, _ABSENT) for name, value in wanted.items() if table.get(name, _ABSENT) is not value}
    for name in found:
        if wanted[name] is _ABSENT:
            table.pop(name, None)
        else:
            table[name] = wanted[name]
    return found


def _put_back(owner: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Restore attributes, and return what was there; remove those added to a class, since they hide inherited ones."""
    now = vars(owner)
    if [*now] == [*names] and _all(_map(is_, now.values(), names.values())):
        return {}
    wanted = {name: value for name, value in names.items() if _may_differ(name)}
    found = {name: now.get(name, _ABSENT) for name, value in wanted.items() if now.get(name, _ABSENT) is not value}
    added = [name for name in now if name not in names and _may_differ(name)] if isinstance(owner, type) else []
    found |= {name: now[name] for name in added}
    for name in found:
        if name in names:
            setattr(owner, name, names[name])
        else:
            delattr(owner, name)
    return found


def _is_as_it_was(table: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Compare without a step of Python for each name: most of the thousands that are looked at in each run are as they were."""
    return _all(_map(is_, _map(table.get, wanted, repeat(_ABSENT)), wanted.values()))


def _hear_of_children() -> Any:
    """Listen to git's exit status where ``SIGCHLD`` is ignored, so that each would be 0; return the handler that was there."""
    if not hasattr(signal, "SIGCHLD") or threading.current_thread() is not threading.main_thread():
        return None
    if signal.getsignal(signal.SIGCHLD) is not signal.SIG_IGN:
        return None
    return signal.signal(signal.SIGCHLD, signal.SIG_DFL)
