"""Find out which tests run which lines, and try faults, in a pytest process that imported the tests; loaded with ``-p``.

The process that collects the tests runs none of them. Each job is a child of it: first one that runs all tests and notes their
lines, then one for each fault. A child is forked where the system can do so, and has everything imported then; else, and for
faults in what an import runs, it is a pytest of its own.

This file is copied beside the scratch tree, and imports nothing of ours.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PROBE = sys.modules["handoff_probe"]  # loaded before this file
_OVERRIDE = importlib.import_module("handoff_override")
_SCHEDULE = importlib.import_module("handoff_schedule")
_JOBS = importlib.import_module("handoff_jobs")
_ORDERS: dict[str, Any] = _PROBE._ORDERS
_TREE: str = _ORDERS["tree"]
_PLAN: dict[str, Any] = _ORDERS["plan"]
_FILES: dict[str, str] = {path: os.path.join(_TREE, path) for path in _PLAN["paths"]}  # noqa: PTH118
_PAUSE = 0.003
_TIMES, _LEAST = 10.0, 2.0
"""How many times as long as before a test may take, and the seconds that any test may take."""

_LEFT_OUT = "tests that run some of its lines were left out"
_START = {"fork": 10.0, "spawn": 60.0}
"""Seconds until a child has to come to its first test."""


_IMPORTING: Any = None
if _OVERRIDE.JOB not in os.environ:
    _IMPORTING = _JOBS.measuring_of([*_FILES.values()])
    _IMPORTING.start()


def pytest_configure(config: pytest.Config) -> None:
    """Take the place of pytest's loop over the tests."""
    config.pluginmanager.register(_Loop(os.environ.get(_OVERRIDE.JOB)), "handoff-faults")


class _Loop:
    """Try faults, or be the child that tries one."""

    def __init__(self, job: str | None) -> None:
        self._job = None if job is None else json.loads(Path(job).read_text("utf-8"))
        if self._job is not None:
            _JOBS.report_to(self._job["report"])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run no test in the process that forks."""
        watch: Any = session.config.pluginmanager.get_plugin("handoff-probe")
        items = {watch._key(item.nodeid): item for item in session.items}
        if self._job is not None:
            _JOBS.run_job(session, items, self._job)
        else:
            _Server(session, items, _imported()).serve()
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, config: pytest.Config) -> None:
        """End without the summaries of plugins, which nobody reads: a budget does not wait for what they import."""
        config._ensure_unconfigure()
        atexit._run_exitfuncs()
        os._exit(0)


def _imported() -> dict[str, set[int]]:
    """End the measurement that began before the first import of the project; return the lines that ran since, by file."""
    _IMPORTING.stop()
    data = _IMPORTING.get_data()
    lines = {os.path.realpath(file): set(data.lines(file) or ()) for file in data.measured_files()}
    return {path: lines.get(os.path.realpath(place), set()) for path, place in _FILES.items()}


class _Server:
    """Give each fault to a child, and report what became of it."""

    def __init__(self, session: pytest.Session, items: dict[str, pytest.Item], imported: dict[str, set[int]]) -> None:
        self._session, self._items, self._imported = session, items, imported
        self._fork = hasattr(os, "fork")
        self._tests: dict[str, float] = {}
        self._ran: dict[str, dict[int, list[str]]] = {}
        self._files = _FILES
        self._sound: set[tuple[str, str | None]] = set()
        self._unsound: dict[str, str] = {}
        self._alone: set[str] = set()
        self._starting: set[str] = set()
        self._unknown = self._cut = False
        self._jobs: list[Any] = []
        self._time = _SCHEDULE.Schedule(_PLAN["begin"], _PLAN["done"])

    def serve(self) -> None:
        """Learn who runs what, then try one fault after the other."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        try:
            if self._learn():
                self._prepare()
                self._try_all()
        finally:
            for job in self._jobs:
                job.kill()
            _PROBE._tell(unsound=self._unsound)

    def _learn(self) -> bool:
        new = set(_PLAN["new"])
        keys = sorted((key for key in self._items if key in _PLAN["tests"]), key=lambda key: _function(key) not in new)
        if not keys:
            _PROBE._tell(learned=0, of=0, whole=True, failed={})
            return False
        now = time.time()
        until = min(now + (_PLAN["begin"] - now) * _PLAN["share"], now + _PLAN["limit"])
        order = {"fault": None, "tests": keys, "learn": [*self._files.values()], "until": until}
        job = self._start(order, "fork" if self._fork else "spawn")
        self._wait_for(job, until + max(_LEAST, (until - now) * 0.2))
        if job.learned is None:
            _PROBE._tell(learned=None, why=f"in {job.running}" if job.running else "before any test")
            return False
        self._keep(job, len(keys))
        return True

    def _wait_for(self, job: Any, until: float) -> None:
        """Wait until the job ends, and end it if it takes too long."""
        while not job.look(tell=_PROBE._tell):
            _stop_if_abandoned()
            if self._time.is_over or time.time() > until:
                job.kill()
                break
            time.sleep(_PAUSE)
        self._jobs.remove(job)

    def _keep(self, job: Any, number: int) -> None:
        """Keep what a job learned about this number of tests."""
        self._tests = job.learned["tests"]
        real = {place: path for path, place in self._files.items()}
        for file, lines in job.learned["lines"].items():
            path = real.get(os.path.realpath(file))
            if path is not None:
                self._ran[path] = {int(line): tests for line, tests in lines.items()}
        failed = job.learned["failed"]
        self._alone, self._starting = set(job.learned["alone"]), set(job.learned["starting"])
        self._cut = len(self._tests) + len(failed) < number
        self._unknown = any(outcome not in ("passed", "skipped") for outcome in failed.values())
        _PROBE._tell(learned=len(self._tests), of=number, whole=not self._cut, failed=failed)

    def _prepare(self) -> None:
        """Note what is in memory before any child changes it."""
        loaded = {os.path.realpath(file) for file in _files_in_memory()}
        self._loaded = {path for path, place in self._files.items() if place in loaded}
        places = _OVERRIDE.functions_of(self._files.values())
        self._places = {path: places[place] for path, place in self._files.items()}
        self._old = {path: _compiled(_OVERRIDE.text_of(place), place) for path, place in self._files.items()}
        gc.collect()
        gc.freeze()

    def _try_all(self) -> None:
        fresh = {"stages": None, "alone": False}
        waiting: list[dict[str, Any]] = [{"fault": fault, "asked": [], **fresh} for fault in reversed(_PLAN["faults"])]
        _PROBE._tell(faults=len(waiting))
        while waiting or self._jobs:
            _stop_if_abandoned()
            while waiting and len(self._jobs) < _PLAN["jobs"]:
                if not self._is_time(waiting[-1]):
                    waiting.pop()
                elif self._may_begin(waiting[-1]):
                    self._begin(waiting.pop())
                else:
                    break
            if self._time.is_over:
                return
            for job in list(self._jobs):
                if job.look() or self._is_late(job):
                    self._jobs.remove(job)
                    if job.start_took is not None:
                        self._time.started(job.mode, job.start_took)
                    again = self._settle(job)
                    if again is not None:
                        waiting.append(again)
            time.sleep(_PAUSE)

    def _is_time(self, work: dict[str, Any]) -> bool:
        """Check that there is time to begin, and that the first test to run can end in time."""
        if not self._time.is_open(follows="control" in work):
            return False
        if work["stages"] is None:
            work["stages"] = self._stages(work["fault"])
        seconds = next((self._tests.get(test, 0.0) for test in _asked(work)), 0.0)
        return bool(self._time.has_time_for(work.get("mode") or self._likely_mode(work["fault"]), seconds))

    def _may_begin(self, work: dict[str, Any]) -> bool:
        """Check that a test that shares something with others, such as a port, would run alone."""
        if not self._jobs:
            return True
        if work["alone"] or any(job.work["alone"] for job in self._jobs):
            return False
        running = {test for job in self._jobs for test in job.tests}
        return self._alone.isdisjoint(running) and self._alone.isdisjoint(_asked(work))

    def _begin(self, work: dict[str, Any]) -> None:
        """Start to try a fault, or say why it cannot be tried."""
        fault = work["fault"]
        if "control" in work:
            none = {**fault, "end": fault["start"], "replacement": ""}  # all but the fault itself is the same
            self._start({"fault": none, "tests": work["control"], "learn": None, "until": None}, work["mode"]).work = work
            return
        work["stages"] = self._sound_ones(work["stages"])
        if not work["stages"]:
            self._end_without_tests(work)
            return
        if "mode" not in work:
            try:
                work["mode"], work["swaps"] = self._mode(fault)
            except (SyntaxError, ValueError, RecursionError):
                _PROBE._tell(fault=fault["id"], status="broken")
                return
        order = {"fault": fault, "tests": work["stages"][0], "learn": None, "until": None}
        self._start(order, work["mode"], work["swaps"]).work = work

    def _sound_ones(self, stages: Iterable[list[str]]) -> list[list[str]]:
        left = [[test for test in stage if test not in self._unsound] for stage in stages]
        return [stage for stage in left if stage]

    def _end_without_tests(self, work: dict[str, Any]) -> None:
        """Report a fault for which no tests are left to run; if time ran out, report nothing."""
        if work["asked"]:
            self._report(work, "survived", None)
        elif self._unknown or not self._cut:
            _PROBE._tell(fault=work["fault"]["id"], status="not_tried", why=_LEFT_OUT)

    def _runs_at_import(self, fault: dict[str, Any]) -> bool:
        """Check whether an import also runs a statement of a function, so that any test may notice the effect."""
        first, last = fault["lines"]
        return not fault["at_import"] and not self._imported[fault["path"]].isdisjoint(range(first, last + 1))

    def _seen_by(self, fault: dict[str, Any]) -> set[str]:
        ran = self._ran.get(fault["path"], {})
        first, last = fault["lines"]
        return {test for line in range(first, last + 1) for test in ran.get(line, ())}

    def _stages(self, fault: dict[str, Any]) -> list[list[str]]:
        """Return the tests to run, new ones first, then fast ones; none if only tests that are left out may run the statement.

        Of what no test was seen to run, an import or another process has run it: all tests, those that run the file first.
        """
        ran = self._ran.get(fault["path"], {})
        if not fault["at_import"]:
            if found := self._seen_by(fault):
                return [tests] if (tests := self._ordered(found)) else []
            if self._unknown or self._cut:
                return []
            fault["at_import"] = True
        of_file = {test for tests in ran.values() for test in tests}
        return [stage for stage in (self._ordered(of_file), self._ordered(self._tests.keys() - of_file)) if stage]

    def _ordered(self, tests: Iterable[str]) -> list[str]:
        new = set(_PLAN["new"])
        known = [test for test in tests if test in self._tests and test not in self._unsound]
        return sorted(known, key=lambda test: (_function(test) not in new, self._tests[test], test))

    def _likely_mode(self, fault: dict[str, Any]) -> str:
        """Tell the mode of most faults without a look at their code."""
        return "spawn" if not self._fork or (fault["at_import"] and fault["path"] in self._loaded) else "fork"

    def _mode(self, fault: dict[str, Any]) -> tuple[str, list[Any]]:
        """Choose how to try a fault: in a fork with other functions, or in a fresh process where an import runs it."""
        path = fault["path"]
        new = _compiled(_OVERRIDE.text_with(fault, _TREE), self._files[path])
        if self._likely_mode(fault) == "spawn":
            return "spawn", []
        if path not in self._loaded:  # the child imports it, with the fault
            return "fork", []
        with suppress(_OVERRIDE.CannotSwap):
            if found := _OVERRIDE.swaps(self._places[path], self._old[path], new):
                return "fork", found
        return "spawn", []

    def _is_late(self, job: Any) -> bool:
        """Stop a child whose test does not end."""
        allowed = _START[job.mode] if not job.began else _LEAST + _TIMES * self._tests.get(job.running or "", 1.0)
        if time.monotonic() - job.since <= allowed:
            return False
        job.kill()
        job.late = True
        return True

    def _settle(self, job: Any) -> dict[str, Any] | None:
        """Report a fault, or return the next step for it: the test that caught it must pass without it."""
        work = job.work
        if "suspect" in work:
            return self._after_control(job, work)
        verdict, by = job.verdict()
        if verdict == "survived":
            work["asked"] += job.passed
            work["stages"].pop(0)
            if work["stages"]:
                return dict(work)
            if self._runs_at_import(work["fault"]):
                return {"fault": {**work["fault"], "at_import": True}, "asked": [], "stages": None, "alone": False}
        elif job.company and by in self._starting and not work["alone"]:  # what it has started may have met another one's
            return {**work, "alone": True}
        elif (job.mode, by) not in self._sound:
            asked = job.tests[: job.tests.index(by) + 1] if by in job.tests else job.tests[:1]
            return {**work, "suspect": (verdict, by), "control": asked}
        self._report(work, verdict, by)
        return None

    def _after_control(self, job: Any, work: dict[str, Any]) -> dict[str, Any] | None:
        (verdict, by), _ = work.pop("suspect"), work.pop("control")
        without, failed = job.verdict()
        if without == "survived" and job.passed:
            self._sound.add((job.mode, by))
            self._report(work, verdict, by)
            return None
        guilty = failed or by
        if guilty is None:
            _PROBE._tell(fault=work["fault"]["id"], status="not_tried", why="pytest cannot be started again in the scratch tree")
            return None
        if job.company and guilty not in self._alone:  # another child may have been in its way
            self._alone.add(guilty)
            return dict(work)
        self._unsound[guilty] = "without any fault, it does not pass there when run again or without the tests that were left out"
        return dict(work)

    def _report(self, work: dict[str, Any], verdict: str, by: str | None) -> None:
        _PROBE._tell(fault=work["fault"]["id"], status=verdict, by=by, tests=work["asked"] if verdict == "survived" else [])

    def _start(self, order: dict[str, Any], mode: str, swaps: Sequence[Any] = ()) -> Any:
        job = _JOBS.start(self._session, self._items, order, mode, swaps)
        for one in (job, *self._jobs) if self._jobs else ():
            one.company = True
        self._jobs.append(job)
        return job


def _stop(_number: int, _frame: object) -> None:
    """End only once, even if we are told to stop twice."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _asked(work: dict[str, Any]) -> list[str]:
    """Return the tests that are asked next."""
    tests: list[str] = work["control"] if "control" in work else next(iter(work["stages"]), [])
    return tests


def _stop_if_abandoned() -> None:
    if _PROBE.is_abandoned():
        raise KeyboardInterrupt


def _function(key: str) -> str:
    path, separator, rest = key.partition("::")
    return path + separator + rest.partition("[")[0]


def _files_in_memory() -> list[str]:
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return [file for file in files if isinstance(file, str)]


def _compiled(text: str, file: str) -> Any:
    return compile(text, file, "exec", dont_inherit=True)
