"""Load the modules that `handoff prove` copies beside a scratch tree, each time anew, and without a process of their own.

What a copy takes from the system it takes from its own names (`os`, `time`, `signal`): a test puts stand-ins there, and the
process of the tests stays as it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest_handoff.proving
from pytest_handoff.proving import collisions, schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

SOURCES = Path(pytest_handoff.proving.__file__).parent
NAMES = {"probe": "handoff_probe", "redirect": "sitecustomize", "override": "handoff_override",
         "fault_jobs": "handoff_jobs", "fault_probe": "handoff_faults"}  # fmt: skip


class StandIn:
    """A module of the standard library with some of its functions replaced."""

    def __init__(self, real: ModuleType, **replaced: Any) -> None:
        self._real = real
        vars(self).update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Clock:
    """The time, which goes on only when somebody sleeps."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.then: Callable[[], None] = lambda: None

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.then()


class Copies:
    """A folder beside a scratch tree, and the modules that are loaded as if they were copied there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, orders: Mapping[str, Any] | None = None) -> None:
        self.beside = folder.resolve() / "beside"
        self.tree = folder.resolve() / "tree"
        self.beside.mkdir()
        self.tree.mkdir(exist_ok=True)
        self.report = self.beside / "report.jsonl"
        self._monkeypatch = monkeypatch
        self.orders = {"tree": str(self.tree), "real": str(folder / "real"), "report": str(self.report), "wanted": [],
                       "not_there": [], **(orders or {})}  # fmt: skip
        (self.beside / "orders.json").write_text(json.dumps(self.orders), "utf-8")
        monkeypatch.setitem(sys.modules, "handoff_collisions", collisions)
        monkeypatch.setitem(sys.modules, "handoff_schedule", schedule)

    def load(self, name: str, before: Mapping[str, Any] | None = None) -> Any:
        """Run a module as its copy; coverage.py counts its lines as those of the source, for the code's file and the name."""
        source = SOURCES / f"{name}.py"
        module = ModuleType(f"pytest_handoff.proving.{name}")
        module.__file__ = str(self.beside / f"{NAMES[name]}.py")
        vars(module).update(before or {})
        self._monkeypatch.setitem(sys.modules, NAMES[name], module)
        exec(compile(source.read_text("utf-8"), str(source), "exec", dont_inherit=True), vars(module))  # noqa: S102
        return module

    def fake_sitecustomize(self) -> Any:
        """Put a module in the place of the redirection that tells how often it was asked for a report."""
        module: Any = ModuleType("sitecustomize")
        module._ORDERS, module.reports = {}, 0

        def report() -> None:
            module.reports += 1

        module._report = report
        self._monkeypatch.setitem(sys.modules, "sitecustomize", module)
        return module

    def facts(self) -> list[dict[str, Any]]:
        """Return what was reported."""
        return [json.loads(line) for line in self.report.read_text("utf-8").splitlines()] if self.report.exists() else []
