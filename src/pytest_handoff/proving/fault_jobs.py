"""Run tests in a child process with one fault, or with a measurement of the lines that each test runs.

This file is copied beside the scratch tree, and imports nothing of ours.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, FunctionType

_HERE = Path(__file__).parent
_PROBE: Any = sys.modules["handoff_probe"]
_OVERRIDE = importlib.import_module("handoff_override")
_COLLISIONS = importlib.import_module("handoff_collisions")
_ORDERS: dict[str, Any] = _PROBE._ORDERS
_NUMBERS = itertools.count(1)
_SERVER = os.getpid()
_FAILED = ("failed", "error")
_MOST_CPU = 600
"""Seconds of processor time after which the system ends an abandoned child."""


class Job:
    """A child at work, and what it has reported.

    Attributes:
        mode: ``fork`` or ``spawn``.
        tests: the ids of its tests, in their order.
        began, since, running: whether it came to a test, since when its state is what it is, and the test that runs.
        start_took: the seconds until the first test ran.
        passed, failed: the tests that ended without a failure, and the first that failed.
        late: whether it was stopped.
        company: whether another child has run beside it.
        work: what it is for; the server's own.
    """

    def __init__(self, folder: Path, mode: str, tests: list[str]) -> None:
        self.mode, self.tests, self._folder = mode, tests, folder
        self.began, self.since, self.running = False, time.monotonic(), None
        self.start_took: float | None = None
        self.passed: list[str] = []
        self.failed: str | None = None
        self.broken = self.late = self.finished = self.company = False
        self.learned: dict[str, Any] | None = None
        self.work: Any = None
        self.pid = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._code: int | None = None
        self._report = (folder / "report.jsonl").open("rb")
        self._rest = b""

    def look(self, tell: Callable[..., None] | None = None) -> bool:
        """Read what the child has reported; return whether it has ended."""
        ended = self._has_ended()
        *lines, self._rest = (self._rest + self._report.read()).split(b"\n")
        for line in lines:
            self._take(json.loads(line), tell)
        if ended:
            self._clear()
        return ended

    def _take(self, fact: dict[str, Any], tell: Callable[..., None] | None) -> None:
        if "running" in fact:
            if not self.began:
                self.start_took = time.monotonic() - self.since
            self.began, self.running, self.since = True, fact["running"], time.monotonic()
        elif "test" in fact:
            self.running, self.since = None, time.monotonic()
            if fact["outcome"] not in _FAILED:
                self.passed.append(fact["test"])
            else:
                self.failed = self.failed or fact["test"]
            if tell is not None:
                tell(**fact)
        elif "broken" in fact:
            self.broken = True
        elif "modules" in fact and tell is not None:
            tell(**fact)
        elif "lines" in fact:
            self.learned = fact
        elif "finished" in fact:
            self.finished = True

    def verdict(self) -> tuple[str, str | None]:
        """Return what became of the fault, and the test that noticed."""
        if self.failed is not None:
            return "caught", self.failed
        if self.late:
            return "timeout", self.running
        if not self.finished or self.broken:
            return "caught", self.running
        return "survived", None

    def _has_ended(self) -> bool:
        if self.process is not None:
            return self.process.poll() is not None
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code is not None

    def kill(self) -> None:
        """End the child and what it has started."""
        with suppress(OSError):
            if self.process is not None and os.name == "nt":
                self.process.kill()
            else:
                os.killpg(self.pid, signal.SIGKILL)
        with suppress(OSError):
            if self.process is not None:
                self.process.wait()
            elif self._code is None:
                os.waitpid(self.pid, 0)
                self._code = -signal.SIGKILL
        self.look()

    def _clear(self) -> None:
        self._report.close()
        self.look = lambda tell=None: True  # type: ignore[method-assign]  # noqa: ARG005
        if os.name != "nt":  # what the tests left running
            with suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)


def start(
    session: pytest.Session,
    items: dict[str, pytest.Item],
    order: dict[str, Any],
    mode: str,
    swaps: Sequence[tuple[FunctionType, CodeType]],
) -> Job:
    """Start a child that runs the tests of an order."""
    folder = _HERE / f"job-{next(_NUMBERS)}"
    (folder / "tmp").mkdir(parents=True)
    report = folder / "report.jsonl"
    report.touch()
    file = folder / "job.json"
    order = {**order, "report": str(report)}
    file.write_text(json.dumps(order), "utf-8")
    job = Job(folder, mode, order["tests"])
    if mode == "spawn":
        job.process = _spawn(file, order["tests"])
        job.pid = job.process.pid
    else:
        job.pid = _fork(lambda: _child(session, items, order, file, swaps))
    return job


def _fork(child: Callable[[], object]) -> int:
    """Fork a process that does only this, in a process group of its own, and return its id."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # threads, of which only the one that forks goes on in the child
        pid = os.fork()
    if pid == 0:
        child()
    with suppress(OSError):
        os.setpgid(pid, pid)
    return pid


def _spawn(file: Path, tests: Sequence[str]) -> subprocess.Popen[bytes]:
    tree = Path(_ORDERS["tree"])
    files = dict.fromkeys(os.path.relpath(tree / test.partition("::")[0]) for test in tests)
    return subprocess.Popen(
        [*_ORDERS["plan"]["command"], *files],
        env={**os.environ, **_variables(file)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _variables(file: Path) -> dict[str, str]:
    return {_OVERRIDE.JOB: str(file), "PYTEST_DEBUG_TEMPROOT": str(file.parent / "tmp")}


def _child(
    session: pytest.Session,
    items: dict[str, pytest.Item],
    order: dict[str, Any],
    file: Path,
    swaps: Sequence[tuple[FunctionType, CodeType]],
) -> None:
    """Be the child: do what the order says, and end without pytest's usual steps at the end."""
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        _limit()
        os.environ.update(_variables(file))
        _PROBE._PARENT = _SERVER
        report_to(order["report"])
        if order["fault"] is not None:
            _OVERRIDE.install(order["fault"], _ORDERS["tree"])
            for function, code in swaps:
                function.__code__ = code
        run_job(session, items, order)
    finally:
        os._exit(0)


def _limit() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU, _MOST_CPU))


def report_to(report: str) -> None:
    """Report from now on to the file of a job."""
    _ORDERS["report"] = report
    sys.modules["sitecustomize"]._ORDERS["report"] = report


def run_job(session: pytest.Session, items: dict[str, pytest.Item], order: dict[str, Any]) -> None:
    """Run the tests of an order; with a fault until one fails."""
    chosen = [items[test] for test in order["tests"] if test in items]
    if order["learn"] is not None:
        _learn(session, chosen, order)
        sys.modules["sitecustomize"]._report()
    else:
        failed = _Failed()
        session.config.pluginmanager.register(failed, "handoff-failed")
        _run(session, chosen, lambda _item: not failed.found)
    with suppress(BaseException):
        session._setupstate.teardown_exact(None)
    _PROBE._tell(finished=True)


class _Failed:
    """Notice the first failure."""

    found = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.found = self.found or report.failed


def _run(session: pytest.Session, items: Sequence[pytest.Item], go_on: Callable[[pytest.Item], bool]) -> None:
    for item, following in zip(items, [*items[1:], None], strict=True):
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if not go_on(item):
            return


def measuring_of(files: Sequence[str]) -> Any:
    """Make a measurement of the lines of some files."""
    import coverage

    measuring = coverage.Coverage(data_file=None, config_file=False, include=files, messages=False)
    measuring.set_option("run:core", "ctrace")
    measuring.set_option("run:disable_warnings", [])
    measuring._warn = lambda *_args, **_kwargs: None  # type: ignore[method-assign] # "already imported": it is meant to be
    return measuring


def _learn(session: pytest.Session, items: Sequence[pytest.Item], order: dict[str, Any]) -> None:
    """Run the tests and report which lines each ran, how long each took, and which did not pass."""
    measuring = measuring_of(order["learn"])
    collisions = _COLLISIONS.Collisions(_ORDERS["tree"], [str(_HERE)])
    collisions.watch()
    watch = _Contexts(session, measuring, collisions)
    session.config.pluginmanager.register(watch, "handoff-contexts")
    measuring.start()
    _run(session, items, lambda _item: time.time() < order["until"])
    measuring.stop()
    data = measuring.get_data()
    lines = {
        file: {line: sorted({*tests} - {""} - watch.failed.keys()) for line, tests in data.contexts_by_lineno(file).items()}
        for file in data.measured_files()
    }
    passed = {test: seconds for test, seconds in watch.seconds.items() if test not in watch.failed}
    noticed = {"alone": sorted(collisions.tests), "starting": sorted(collisions.starting)}
    _PROBE._tell(lines=lines, tests=passed, failed=watch.failed, **noticed)


class _Contexts:
    """Tell coverage.py, and the watcher for collisions, which test runs."""

    def __init__(self, session: pytest.Session, measuring: Any, collisions: Any) -> None:
        watch: Any = session.config.pluginmanager.get_plugin("handoff-probe")
        self._key = watch._key
        self._measuring, self._collisions = measuring, collisions
        self.seconds: dict[str, float] = {}
        self.failed: dict[str, str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._measuring.switch_context(self._key(nodeid))
        self._collisions.running = self._key(nodeid)
        self.seconds[self._key(nodeid)] = -time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            self.failed.setdefault(self._key(report.nodeid), report.outcome)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[self._key(nodeid)] += time.monotonic()
        self._collisions.running = None
        self._measuring.switch_context("")
