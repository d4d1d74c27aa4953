"""Report what a pytest run in a scratch tree does; this file is copied beside the tree and loaded there with ``-p``.

It imports nothing of ours: the project in the tree may be this one, of another day.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_ORDERS = json.loads(Path(__file__).with_name("orders.json").read_text("utf-8"))
_TREE = Path(_ORDERS["tree"])
_WANTED = frozenset(_ORDERS["wanted"])
_PARENT = os.getppid()
"""The process that started this one; a child that is forked later notes its own."""

_WORST_FIRST = ("failed", "error", "xfailed", "skipped", "xpassed", "passed")


def _tell(**fact: Any) -> None:
    with open(_ORDERS["report"], "a", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 - one write, at the end
        file.write(json.dumps(fact) + "\n")


def is_abandoned() -> bool:
    """Check whether the process that asked for the run was killed: nobody reads what it finds."""
    return os.getppid() != _PARENT


class _WithoutHandoff:
    """Keep the run from being recorded as a session, wherever ``--handoff`` is given."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> Generator[None, None, None]:
        _forget_session(early_config.known_args_namespace)
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        _forget_session(config.option)


def _forget_session(options: Any) -> None:
    for name, value in (("handoff", None), ("handoff_gate", False)):
        if hasattr(options, name):
            setattr(options, name, value)


def pytest_plugin_registered(plugin: object, manager: pytest.PytestPluginManager) -> None:
    """Come before pytest-handoff: if two hooks want to be first, pytest calls the one registered last."""
    if getattr(plugin, "__name__", None) == "pytest_handoff.plugin":
        manager.register(_WithoutHandoff(), "handoff-probe-without")


def pytest_configure(config: pytest.Config) -> None:
    """Watch the run."""
    config.pluginmanager.register(_Watch(config), "handoff-probe")


class _Watch:
    """Report the tests that run, with ids relative to the top of the tree, and the files that were imported."""

    def __init__(self, config: pytest.Config) -> None:
        inner = os.path.relpath(config.rootpath.resolve(), _TREE).replace(os.sep, "/")
        self._prefix = "" if inner == "." else f"{inner}/"
        self._worker = hasattr(config, "workerinput")
        self._config = config
        self._results: dict[str, dict[str, Any]] = {}
        self._subtests: dict[str, dict[str, Any]] = {}
        if not self._worker:
            _tell(pythonpath=[self._prefix + str(path) for path in _ini(config, "pythonpath")])

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        """Keep the tests whose function is wanted."""
        yield
        left = [item for item in items if self._function(item.nodeid) not in _WANTED]
        items[:] = [item for item in items if self._function(item.nodeid) in _WANTED]
        if left:
            self._config.hook.pytest_deselected(items=left)
        _tell(collected=len(items))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self._worker:
            _tell(broken=self._prefix + report.nodeid.partition("::")[0], error=_error_line(report))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if not self._worker:
            if is_abandoned():
                pytest.exit("the command that started this run was killed")
            _tell(running=self._key(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._worker:
            return
        if type(report) is not pytest.TestReport and hasattr(report, "context"):
            if report.failed:
                self._subtests.setdefault(report.nodeid, _told(report, "failed"))
            return
        if report.outcome not in ("passed", "failed", "skipped"):  # an attempt before the last
            self._results.pop(report.nodeid, None)
            self._subtests.pop(report.nodeid, None)
            return
        self._take(report)
        if report.when not in ("setup", "call"):
            _tell(test=self._key(report.nodeid), **self._results.pop(report.nodeid, {"outcome": "passed"}))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Report what was imported so far: a run that is stopped may not come to its end."""
        sys.modules["sitecustomize"]._report()  # it is copied beside this file

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if not self._worker:
            _tell(ended=int(exitstatus))

    def _take(self, report: pytest.TestReport) -> None:
        outcome = _outcome(report)
        failed = self._subtests.pop(report.nodeid, None) if report.when == "call" else None
        if outcome is None and failed is None:
            return
        found = failed or _told(report, outcome or "failed")
        known = self._results.get(report.nodeid)
        if known is not None and {known["outcome"], found["outcome"]} == {"passed", "skipped"}:
            found = {"outcome": "passed"}
        elif known is not None:
            found = min(known, found, key=lambda one: _WORST_FIRST.index(one["outcome"]))
        self._results[report.nodeid] = found

    def _key(self, nodeid: str) -> str:
        at = nodeid.rfind("@")  # xdist's group
        grouped = at > nodeid.rfind("]") and at > nodeid.rfind("::") >= 0
        return self._prefix + (nodeid[:at] if grouped else nodeid)

    def _function(self, nodeid: str) -> str:
        path, separator, rest = self._key(nodeid).partition("::")
        return path + separator + rest.partition("[")[0]


def _ini(config: pytest.Config, name: str) -> list[Any]:
    try:
        return list(config.getini(name))
    except (KeyError, ValueError):
        return []


def _outcome(report: pytest.TestReport) -> str | None:
    expected = hasattr(report, "wasxfail")
    if report.failed:
        if report.longreprtext.startswith("[XPASS(strict)]"):
            return "xpassed"
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "xfailed" if expected else "skipped"
    if report.when != "call":
        return None
    return "xpassed" if expected else "passed"


def _told(report: pytest.TestReport, outcome: str) -> dict[str, Any]:
    if outcome in ("passed", "xpassed", "xfailed", "skipped"):
        return {"outcome": outcome}
    crash = getattr(report.longrepr, "reprcrash", None)
    return {"outcome": outcome, "error": _error_line(report), "place": _place(crash) if crash is not None else None}


def _place(crash: Any) -> str | None:
    path = Path(os.path.realpath(crash.path))
    return f"{path.relative_to(_TREE).as_posix()}:{crash.lineno}" if path.is_relative_to(_TREE) else None


def _error_line(report: pytest.TestReport | pytest.CollectReport) -> str:
    lines = [line.strip() for line in report.longreprtext.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E ")]
    told = marked[-1:] if marked and marked[0].startswith('File "') else marked
    return (told or lines or ["no message"])[0].replace(f"{_TREE}{os.sep}", "")[:500]
