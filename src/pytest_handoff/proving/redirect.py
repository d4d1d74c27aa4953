"""Import from a scratch tree what Python would import from the work tree, in every process of a run, and report the imports.

This file is copied beside the tree as ``sitecustomize.py``, and imports nothing of ours.
"""

from __future__ import annotations

import atexit
import json
import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import Any

_HERE = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120 # every process of the run pays for what is imported here
with open(os.path.join(_HERE, "orders.json"), encoding="utf-8") as _file:  # noqa: PTH118, PTH123
    _ORDERS: dict[str, Any] = json.load(_file)
_TREE, _REAL = _ORDERS["tree"] + os.sep, _ORDERS["real"] + os.sep
_NOT_THERE = frozenset(_ORDERS["not_there"])


def _run_the_next_one() -> None:
    """Run the ``sitecustomize`` that this one hides."""
    spec = PathFinder.find_spec("sitecustomize", [entry for entry in sys.path if os.path.realpath(entry) != _HERE])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


def _redirect() -> None:
    """Change the places of an editable install, and of ``PYTHONPATH``, that are in the work tree."""
    sys.path[:] = list(dict.fromkeys(_in_tree(entry) for entry in sys.path))
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable__"):
            for table in (getattr(module, "MAPPING", None), getattr(module, "NAMESPACES", None)):
                if isinstance(table, dict):
                    table.update({key: _redirected(value) for key, value in table.items()})
    sys.path_importer_cache.clear()


def _redirected(value: Any) -> Any:
    if isinstance(value, list):
        return [_redirected(one) for one in value]
    return _in_tree(value) if isinstance(value, str) else value


def _in_tree(path: str) -> str:
    """Return the place in the scratch tree of a path in the work tree; a virtual environment there stays where it is."""
    real = os.path.realpath(path) + os.sep if path else ""
    if not real.startswith(_REAL):
        return path
    inner = real[len(_REAL) :].rstrip(os.sep)
    place = (_TREE + inner).rstrip(os.sep)
    return place if os.path.exists(place) or inner.replace(os.sep, "/") in _NOT_THERE else path  # noqa: PTH110


def _report() -> None:
    """Report the files that were imported, but for the standard library."""
    standard = os.path.dirname(os.path.realpath(os.__file__)) + os.sep  # noqa: PTH120
    files = [(name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items())]
    real = [(name, os.path.realpath(file)) for name, file in files if isinstance(file, str)]
    told = [(name, file) for name, file in real if not file.startswith(standard) or "-packages" in file]
    with open(_ORDERS["report"], "a", encoding="utf-8", errors="backslashreplace") as report:  # noqa: PTH123
        report.write(json.dumps({"modules": told}) + "\n")


def _put_fault_in() -> None:
    """Import the module of a fault with it, where this process tries one or is the child of a test that does."""
    if job := os.environ.get("HANDOFF_FAULT"):
        import handoff_override  # type: ignore[import-not-found] # it is copied beside this file

        handoff_override.install_from(job, _ORDERS["tree"])


_run_the_next_one()
_redirect()
_put_fault_in()
atexit.register(_report)
