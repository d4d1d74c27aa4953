"""The process that tries faults: which tests it asks about each, in which order and how, and what it says of the outcome."""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import sys
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from proving_copies import Clock, Copies, StandIn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CODE = "def grow(number):\n    return number + 1\n\n\ndef shrink(number):\n    return number - 1\n\n\nLIMIT = 3\n"
A, B, C = "tests/test_a.py::a", "tests/test_a.py::b", "tests/test_a.py::c[x]"


class Exited(BaseException):
    """What the stand-in of ``os._exit`` raises."""


class Measuring:
    """A measurement that has seen the lines that an import runs."""

    def __init__(self, files: list[str], lines: dict[str, list[int]]) -> None:
        self.files, self._lines = files, lines
        self.did: list[str] = []

    def start(self) -> None:
        self.did.append("start")

    def stop(self) -> None:
        self.did.append("stop")

    def get_data(self) -> Any:
        return SimpleNamespace(measured_files=lambda: [*self._lines], lines=self._lines.get)


class Job:
    """A child that ends at the first look, or, where it hangs, never."""

    def __init__(self, order: dict[str, Any], mode: str, swaps: Any) -> None:
        self.order, self.mode, self.swaps, self.tests = order, mode, swaps, order["tests"]
        self.began, self.start_took, self.running, self.since = True, 0.1, None, 0.0
        self.company = self.late = self.killed = self.hangs = False
        self.learned: dict[str, Any] | None = None
        self.result: tuple[str, str | None] = ("survived", None)
        self.passed: list[str] = []
        self.work: Any = None

    def look(self, tell: Callable[..., None] | None = None) -> bool:  # noqa: ARG002 # as that of a child
        return not self.hangs

    def verdict(self) -> tuple[str, str | None]:
        return ("timeout", self.running) if self.late else self.result

    def kill(self) -> None:
        self.killed = True


class Children:
    """All children that are started; a test says how each of them ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.started: list[Job] = []
        self.learned: dict[str, Any] | None = {
            "tests": {A: 0.2, B: 0.1, C: 0.3}, "lines": {}, "failed": {}, "alone": [], "starting": [],
        }  # fmt: skip
        self.catch: dict[str, str] = {}
        self.unsound: set[str] = set()
        self.most = 0
        self.server: Any = None
        self.at_start: Callable[[Job], None] = lambda _job: None

    def start(self, _session: Any, _items: Any, order: dict[str, Any], mode: str, swaps: Any) -> Job:
        job = Job(order, mode, swaps)
        job.since = self._clock.now
        self.started.append(job)
        if order["learn"] is not None:
            job.learned = self.learned
        else:
            self._end(job, order["fault"])
        self.at_start(job)
        if self.server is not None:
            self.most = max(self.most, len(self.server._jobs) + 1)
        return job

    def _end(self, job: Job, fault: dict[str, Any]) -> None:
        control = fault["replacement"] == "" and fault["start"] == fault["end"]
        catching = next((test for test in job.tests if test == self.catch.get(fault["id"])), None)
        failing = next((test for test in job.tests if test in self.unsound), None if control else catching)
        if failing is None:
            job.passed = list(job.tests)
        else:
            job.result = ("caught", failing)

    def asked(self) -> list[tuple[str, list[str]]]:
        """Return each child that tried a fault, by the fault's id; a control is marked by a ``-``."""
        tried = [(job.order["fault"], job.tests) for job in self.started if job.order["learn"] is None]
        return [(("-" if fault["start"] == fault["end"] else "") + fault["id"], tests) for fault, tests in tried]


class Bench:
    """A scratch tree with one file of code, and the server for its faults."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        self.plan: dict[str, Any] = {
            "paths": ["code.py"], "new": [], "tests": [A, B, C], "faults": [], "jobs": 1, "begin": 2000.0, "done": 2100.0,
            "share": 0.5, "limit": 300.0,
        }  # fmt: skip
        self.copies = Copies(folder, monkeypatch, {"plan": self.plan})
        self.file = self.copies.tree / "code.py"
        self.file.write_text(CODE, "utf-8")
        self.children = Children(self.clock)
        self.imported = {str(self.file): [1, 5, 9]}
        self.measurings: list[Measuring] = []
        self.signals: list[tuple[int, Any]] = []
        self.exited: list[str] = []
        self.modules: dict[str, Any] = {}
        self.functions: list[Any] = []
        self.parent = 1
        self._monkeypatch = monkeypatch
        self.module = self._load()

    def _load(self) -> Any:
        self._monkeypatch.delenv("HANDOFF_FAULT", raising=False)
        probe = self.copies.load("probe")
        probe.os, probe._PARENT = StandIn(os, getppid=lambda: self.parent), 1
        self.copies.load("override").gc = StandIn(gc, get_objects=lambda: self.functions)
        self.jobs = self.copies.load("fault_jobs")
        self.jobs.measuring_of, self.jobs.start = self._measure, self.children.start
        module = self.copies.load("fault_probe")
        module.time = self.clock
        module.sys = StandIn(sys, modules=self.modules)
        module.os = StandIn(os, fork=None, _exit=self._exit)
        module.atexit = StandIn(atexit, _run_exitfuncs=lambda: self.exited.append("exit functions"))
        module.gc = StandIn(gc, collect=lambda: None, freeze=lambda: None)
        module.signal = StandIn(signal, signal=lambda number, what: self.signals.append((number, what)))
        schedule = module._SCHEDULE
        module._SCHEDULE = SimpleNamespace(Schedule=lambda begin, done: schedule.Schedule(begin, done, self.clock.time))
        return module

    def _measure(self, files: list[str]) -> Measuring:
        self.measurings.append(Measuring(files, self.imported))
        return self.measurings[-1]

    def _exit(self, code: int) -> None:
        raise Exited(code)

    def import_code(self) -> dict[str, Any]:
        """Have the code in memory, as the process that has collected the tests has; return its names."""
        module = type(sys)("code_in_tree")
        module.__file__ = str(self.file)
        exec(compile(CODE, str(self.file), "exec", dont_inherit=True), vars(module))  # noqa: S102
        self.modules["code_in_tree"] = module
        self.functions += [module.grow, module.shrink]
        return vars(module)

    def fault(self, name: str = "1", *, old: str = "number + 1", new: str = "number - 1", at_import: bool = False) -> None:
        """Plan a fault."""
        start = CODE.index(old)
        line = CODE.count("\n", 0, start) + 1
        fault = {"id": name, "path": "code.py", "start": start, "end": start + len(old), "replacement": new}
        self.plan["faults"].append({**fault, "lines": [line, line], "at_import": at_import})

    def ran(self, lines: dict[int, list[str]]) -> None:
        """Say which tests ran which lines."""
        assert self.children.learned is not None
        self.children.learned["lines"] = {str(self.file): {str(line): tests for line, tests in lines.items()}}

    def server(self) -> Any:
        self.module._PLAN.update(self.plan)
        server = self.module._Server(None, dict.fromkeys(self.plan["tests"]), self.module._imported())
        self.children.server = server
        return server

    def serve(self) -> list[dict[str, Any]]:
        """Try the faults; return what is said of them."""
        self.server().serve()
        return [fact for fact in self.copies.facts() if "fault" in fact]

    def last(self) -> dict[str, Any]:
        return self.copies.facts()[-1]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def _fact(status: str, by: str | None = None, tests: list[str] | None = None, fault: str = "1") -> dict[str, Any]:
    return {"fault": fault, "status": status, "by": by, "tests": tests or []}


def test_a_fault_is_asked_of_the_tests_that_run_its_line_new_ones_then_fast_ones_first(bench: Bench) -> None:
    """No other test is asked; with none that fails the fault survives them all."""
    bench.plan["new"] = ["tests/test_a.py::c"]
    bench.fault()
    bench.fault("2", old="number - 1", new="number + 1")
    bench.ran({2: [A, B, C], 6: [A]})

    assert bench.serve() == [_fact("survived", tests=[C, B, A]), _fact("survived", tests=[A], fault="2")]
    assert bench.children.asked() == [("1", [C, B, A]), ("2", [A])]
    assert bench.copies.facts()[0] == {"learned": 3, "of": 3, "whole": True, "failed": {}}
    assert {"faults": 2} in bench.copies.facts()
    assert bench.last() == {"unsound": {}}


def test_learning_asks_all_tests_that_are_wanted_new_ones_first_and_ends_in_time(bench: Bench) -> None:
    """A part of the budget goes into it, and no more than the limit."""
    bench.plan |= {"new": ["tests/test_a.py::c"], "tests": [A, B, C], "limit": 1e9}

    bench.serve()

    learning = bench.children.started[0]
    assert learning.tests == [C, A, B]
    assert learning.order["learn"] == [str(bench.file)]
    assert learning.order["until"] == pytest.approx(1500, abs=1)
    assert learning.mode == "fork"
    assert len(bench.children.started) == 1


def test_without_tests_nothing_is_tried(bench: Bench) -> None:
    """Where none of the tests that pass was collected, there is nobody to ask."""
    bench.fault()
    bench.plan["tests"] = []

    assert bench.serve() == []
    assert bench.children.started == []
    assert bench.copies.facts()[0] == {"learned": 0, "of": 0, "whole": True, "failed": {}}


@pytest.mark.parametrize(("running", "why"), [(A, f"in {A}"), (None, "before any test")])
def test_where_learning_ends_early_it_is_said_where(bench: Bench, running: str | None, why: str) -> None:
    """A test that ends the process leaves nothing that was learned."""
    bench.fault()
    bench.children.learned = None
    bench.children.at_start = lambda job: setattr(job, "running", running)

    assert bench.serve() == []
    assert bench.copies.facts()[0] == {"learned": None, "why": why}


def test_learning_that_does_not_end_is_stopped(bench: Bench) -> None:
    """It may take a fifth longer than it should, for the test that runs then."""
    bench.children.learned = None
    bench.plan["limit"] = 100.0

    def hang(job: Job) -> None:
        job.hangs, job.running = True, A

    bench.children.at_start = hang
    bench.module._PAUSE = 1.0

    bench.serve()

    assert bench.children.started[0].killed
    assert bench.clock.now == pytest.approx(1121, abs=1.5)
    assert bench.copies.facts()[0] == {"learned": None, "why": f"in {A}"}


def test_who_catches_a_fault_must_pass_without_it(bench: Bench) -> None:
    """The same run without the fault, once for each test; afterwards its word counts."""
    bench.fault()
    bench.fault("2", new="number * 1")
    bench.ran({2: [A, B]})
    bench.children.catch = {"1": A, "2": A}

    assert bench.serve() == [_fact("caught", A), _fact("caught", A, fault="2")]
    assert bench.children.asked() == [("1", [B, A]), ("-1", [B, A]), ("2", [B, A])]


def test_a_test_that_passes_in_a_fork_must_pass_in_a_process_of_its_own_too(bench: Bench) -> None:
    """It may need what was imported before it."""
    bench.import_code()
    bench.fault()
    bench.fault("2", old="LIMIT = 3", new="LIMIT = 4", at_import=True)
    bench.ran({2: [A]})
    bench.children.catch = {"1": A, "2": A}

    assert bench.serve() == [_fact("caught", A), _fact("caught", A, fault="2")]
    assert bench.children.asked() == [("1", [A]), ("-1", [A]), ("2", [A]), ("-2", [A])]
    assert [job.mode for job in bench.children.started[1:]] == ["fork", "fork", "spawn", "spawn"]


def test_the_test_that_fails_in_the_run_without_the_fault_is_the_one_to_blame(bench: Bench) -> None:
    """Not the one that had caught it, whose word is asked again."""
    bench.fault()
    bench.ran({2: [A, B]})
    bench.children.catch = {"1": A}

    def fail_now_and_then(job: Job) -> None:
        if len(bench.children.started) == 3:
            job.result, job.passed = ("caught", B), []

    bench.children.at_start = fail_now_and_then

    assert bench.serve() == [_fact("caught", A)]
    assert bench.children.asked() == [("1", [B, A]), ("-1", [B, A]), ("1", [A]), ("-1", [A])]
    assert bench.last()["unsound"].keys() == {B}


def test_a_run_without_the_fault_in_which_no_test_ran_proves_nothing(bench: Bench) -> None:
    """A test that is not even collected there has not shown that it passes."""
    bench.fault()
    bench.ran({2: [A]})
    bench.children.catch = {"1": A}

    def collect_nothing(job: Job) -> None:
        if len(bench.children.started) == 3:
            job.passed = []

    bench.children.at_start = collect_nothing

    assert bench.serve() == [{"fault": "1", "status": "not_tried", "why": bench.module._LEFT_OUT}]
    assert bench.last()["unsound"].keys() == {A}


def test_tests_that_are_skipped_would_not_have_run_the_line(bench: Bench) -> None:
    """They are no reason to leave a fault out, as failed ones are."""
    bench.fault()
    assert bench.children.learned is not None
    bench.children.learned |= {"tests": {A: 0.1}, "failed": {B: "skipped", C: "skipped"}}
    bench.ran({6: [A]})

    assert bench.serve() == [_fact("survived", tests=[A])]


def test_a_test_that_fails_without_a_fault_is_asked_no_more(bench: Bench) -> None:
    """It is named with the reason, and the fault is asked of the others."""
    bench.fault()
    bench.ran({2: [A, B]})
    bench.children.unsound = {B}

    assert bench.serve() == [_fact("survived", tests=[A])]
    assert bench.children.asked() == [("1", [B, A]), ("-1", [B]), ("1", [A])]
    assert list(bench.last()["unsound"]) == [B]
    assert bench.last()["unsound"][B].startswith("without any fault, it does not pass")


def test_where_only_tests_that_fail_without_it_run_a_fault_nothing_is_said_against_it(bench: Bench) -> None:
    """It is not tried, with the reason; it has not survived."""
    bench.fault()
    bench.ran({2: [B]})
    bench.children.unsound = {B}

    assert bench.serve() == [{"fault": "1", "status": "not_tried", "why": bench.module._LEFT_OUT}]


def test_where_pytest_cannot_start_again_the_fault_is_not_tried(bench: Bench) -> None:
    """A child that comes to no test, with the fault or without it, says nothing of the fault."""
    bench.fault()
    bench.ran({2: [A]})

    def break_down(job: Job) -> None:
        if job.order["learn"] is None:
            job.result, job.passed, job.start_took = ("caught", None), [], None

    bench.children.at_start = break_down

    facts = bench.serve()
    assert [fact["status"] for fact in facts] == ["not_tried"]
    assert facts[0]["why"] == "pytest cannot be started again in the scratch tree"


@pytest.mark.parametrize(("began", "allowed"), [(True, 4.0), (False, 10.0)])
def test_a_test_that_does_not_end_is_stopped_and_the_fault_timed_out(bench: Bench, began: bool, allowed: float) -> None:
    """Ten times as long as before and two seconds for a test; ten seconds until a fork comes to one."""
    bench.fault()
    bench.ran({2: [A]})
    began_at: list[float] = []

    def hang(job: Job) -> None:
        if job.order["learn"] is None and job.order["fault"]["replacement"]:
            job.hangs, job.began, job.running = True, began, A if began else None
            began_at.append(bench.clock.now)

    bench.children.at_start = hang
    stopped_at: list[float] = []
    bench.module._PAUSE = 0.5
    kill = Job.kill
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Job, "kill", lambda job: (stopped_at.append(bench.clock.now), kill(job)))
        facts = bench.serve()

    assert facts == [_fact("timeout", A if began else None)]
    assert allowed < stopped_at[0] - began_at[0] <= allowed + 1
    assert bench.children.asked() == [("1", [A]), ("-1", [A])]


def test_a_test_that_was_left_out_may_run_a_line_that_none_was_seen_to_run(bench: Bench) -> None:
    """Where a test failed while learning, or time was short, no fault is said to survive for that."""
    bench.fault()
    assert bench.children.learned is not None
    bench.children.learned |= {"tests": {A: 0.1}, "failed": {B: "failed", C: "failed"}}
    bench.ran({6: [A]})

    assert bench.serve() == [{"fault": "1", "status": "not_tried", "why": bench.module._LEFT_OUT}]
    assert bench.children.asked() == []


def test_where_learning_was_cut_short_nothing_is_said_of_what_none_was_seen_to_run(bench: Bench) -> None:
    """The budget was too short for it, and that is said of the whole."""
    bench.fault()
    assert bench.children.learned is not None
    bench.children.learned |= {"tests": {A: 0.1}}
    bench.ran({6: [A]})

    assert bench.serve() == []
    assert bench.copies.facts()[0] == {"learned": 1, "of": 3, "whole": False, "failed": {}}


def test_what_only_an_import_runs_is_asked_of_all_tests_those_of_the_file_first(bench: Bench) -> None:
    """In processes of their own: what is imported already would not change."""
    bench.import_code()
    bench.fault(old="LIMIT = 3", new="LIMIT = 4", at_import=True)
    bench.ran({2: [A]})

    assert bench.serve() == [_fact("survived", tests=[A, B, C])]
    assert bench.children.asked() == [("1", [A]), ("1", [B, C])]
    assert [job.mode for job in bench.children.started[1:]] == ["spawn", "spawn"]


def test_what_no_test_was_seen_to_run_is_asked_of_all(bench: Bench) -> None:
    """A process that a test has started may have run it."""
    bench.fault()
    bench.ran({6: [C]})
    bench.children.catch = {"1": B}

    assert bench.serve() == [_fact("caught", B)]
    assert bench.children.asked() == [("1", [C]), ("1", [B, A]), ("-1", [B])]


def test_a_fault_survives_those_that_were_asked_where_the_others_fail_without_it(bench: Bench) -> None:
    """Only the tests that could notice it are named."""
    bench.fault(old="LIMIT = 3", new="LIMIT = 4", at_import=True)
    bench.ran({2: [A]})
    bench.children.unsound = {B, C}

    assert bench.serve() == [_fact("survived", tests=[A])]
    assert bench.last()["unsound"].keys() == {B, C}


def test_lines_of_files_that_take_no_fault_are_nobodys(bench: Bench) -> None:
    """What a test ran elsewhere is no reason to ask it."""
    bench.fault()
    bench.ran({2: [A]})
    assert bench.children.learned is not None
    bench.children.learned["lines"][str(bench.file.with_name("other.py"))] = {"2": [B]}

    assert bench.serve() == [_fact("survived", tests=[A])]


def test_what_a_test_and_an_import_run_is_asked_of_all_tests_where_the_first_do_not_notice(bench: Bench) -> None:
    """A value that came of it at the import is in the hands of any test."""
    bench.imported[str(bench.file)].append(2)
    bench.import_code()
    bench.fault()
    bench.ran({2: [A]})
    bench.children.catch = {"1": C}

    assert bench.serve() == [_fact("caught", C)]
    assert [job.mode for job in bench.children.started[1:]] == ["fork", "spawn", "spawn", "spawn"]
    assert bench.children.asked() == [("1", [A]), ("1", [A]), ("1", [B, C]), ("-1", [B, C])]


def test_a_function_in_memory_is_swapped_in_a_fork(bench: Bench) -> None:
    """Its new code does what the fault makes of it, and only that function is touched."""
    names = bench.import_code()
    bench.fault()
    bench.ran({2: [A]})

    bench.serve()

    job = bench.children.started[1]
    assert job.mode == "fork"
    ((function, code),) = job.swaps
    assert function is names["grow"]
    assert names["grow"](5) == 6
    assert FunctionType(code, {})(5) == 4


def test_code_that_is_not_in_memory_is_imported_with_the_fault_in_a_fork(bench: Bench) -> None:
    """Nothing needs to be swapped there."""
    bench.fault()
    bench.ran({2: [A]})

    bench.serve()

    assert [(job.mode, list(job.swaps)) for job in bench.children.started[1:]] == [("fork", [])]


def test_functions_that_cannot_be_swapped_are_tried_in_a_process_of_their_own(bench: Bench) -> None:
    """A fault that adds a function changes more than code."""
    bench.import_code()
    bench.fault(new="(lambda: number)()")
    bench.ran({2: [A]})

    bench.serve()

    assert [job.mode for job in bench.children.started[1:]] == ["spawn"]


def test_without_fork_every_child_is_a_process_of_its_own(bench: Bench) -> None:
    """As on Windows."""
    bench.module.os = SimpleNamespace(**{name: value for name, value in vars(os).items() if name != "fork"})
    bench.import_code()
    bench.fault()
    bench.ran({2: [A]})

    bench.serve()

    assert [job.mode for job in bench.children.started] == ["spawn", "spawn"]


def test_a_fault_that_does_not_compile_is_said_to_be_broken(bench: Bench) -> None:
    """No child is started for it."""
    bench.fault(new="number +")
    bench.ran({2: [A]})

    assert bench.serve() == [{"fault": "1", "status": "broken"}]
    assert bench.children.asked() == []


def test_no_more_children_run_at_a_time_than_jobs(bench: Bench) -> None:
    """Two of three faults at a time; each child knows that it had company."""
    bench.plan["jobs"] = 2
    for number in "123":
        bench.fault(number, new=f"number - {number}")
    bench.ran({2: [A]})

    assert {fact["fault"] for fact in bench.serve()} == {"1", "2", "3"}
    assert bench.children.most == 2
    assert [job.company for job in bench.children.started] == [False, True, True, False]


@pytest.mark.parametrize("ran", [{2: [A], 6: [B]}, {2: [B], 6: [A]}])
def test_a_test_that_uses_what_others_use_runs_with_no_other_beside_it(bench: Bench, ran: dict[int, list[str]]) -> None:
    """A port, for example: it waits until the others have ended, and they wait for it."""
    bench.plan["jobs"] = 2
    bench.fault()
    bench.fault("2", old="number - 1", new="number + 1")
    assert bench.children.learned is not None
    bench.children.learned["alone"] = [A]
    bench.ran(ran)

    assert len(bench.serve()) == 2
    assert bench.children.most == 1


def test_what_failed_beside_another_is_tried_again_by_itself(bench: Bench) -> None:
    """What a test has started may have met what another one's has; alone, it passes."""
    bench.plan["jobs"] = 2
    bench.fault()
    bench.fault("2", new="number * 1")
    bench.fault("3", new="number / 1")
    assert bench.children.learned is not None
    bench.children.learned["starting"] = [A]
    bench.ran({2: [A]})
    failed: list[Job] = []

    def meet(job: Job) -> None:
        if job.order["learn"] is None and not failed:
            failed.append(job)
            job.result, job.passed = ("caught", A), []
        elif len(bench.children.started) == 3:  # the other one goes on a little longer
            job.hangs = True
            bench.clock.then = lambda: setattr(job, "hangs", False)

    bench.children.at_start = meet

    assert [fact["status"] for fact in bench.serve()] == ["survived", "survived", "survived"]
    assert bench.children.asked() == [("1", [A]), ("2", [A]), ("1", [A]), ("3", [A])]
    again = bench.children.started[3]
    assert not again.company
    assert again.work["alone"]


def test_a_test_that_fails_beside_another_without_a_fault_runs_by_itself_from_then_on(bench: Bench) -> None:
    """It is not unsound before it has failed alone."""
    bench.plan["jobs"] = 2
    bench.fault()
    bench.fault("2", old="number - 1", new="number + 1")
    bench.ran({2: [A], 6: [B]})
    bench.children.catch = {"1": A}

    def fail_in_company(job: Job) -> None:
        match len(bench.children.started):
            case 3:  # the other fault, which still runs
                job.hangs = True
            case 4:  # the control of the first
                job.result, job.passed = ("caught", A), []
                bench.children.started[2].hangs = False

    bench.children.at_start = fail_in_company

    facts = bench.serve()

    assert sorted((fact["fault"], fact["status"]) for fact in facts) == [("1", "caught"), ("2", "survived")]
    assert bench.last() == {"unsound": {}}
    assert bench.children.asked() == [("1", [A]), ("2", [B]), ("-1", [A]), ("1", [A]), ("-1", [A])]


def test_faults_for_which_there_is_no_time_are_left_out(bench: Bench) -> None:
    """Nothing is said of a fault that was not begun."""
    bench.fault()
    bench.fault("2", old="number - 1", new="number + 1")
    bench.ran({2: [A], 6: [B]})

    def take_long(job: Job) -> None:
        if job.order["learn"] is None:
            bench.clock.now = bench.plan["begin"] + 1

    bench.children.at_start = take_long

    assert [fact["fault"] for fact in bench.serve()] == ["1"]


def test_a_fault_whose_child_could_not_end_in_time_is_left_out(bench: Bench) -> None:
    """As long as the last one took to start, and its first test to run, is more than what is left."""
    bench.plan |= {"begin": 2090.0, "done": 2100.0}
    bench.fault()
    bench.fault("2", old="number - 1", new="number + 1")
    bench.ran({2: [A], 6: [B]})

    def start_slowly(job: Job) -> None:
        if job.order["learn"] is None:
            bench.clock.now, job.start_took = 2085.0, 20.0

    bench.children.at_start = start_slowly

    assert [fact["fault"] for fact in bench.serve()] == ["1"]


def test_who_caught_a_fault_late_is_still_tried_without_it(bench: Bench) -> None:
    """What was begun in time may end."""
    bench.fault()
    bench.ran({2: [A]})
    bench.children.catch = {"1": A}

    def take_long(job: Job) -> None:
        if job.order["learn"] is None:
            bench.clock.now = bench.plan["begin"] + 1

    bench.children.at_start = take_long

    assert bench.serve() == [_fact("caught", A)]


def test_when_all_time_is_over_what_still_runs_is_killed(bench: Bench) -> None:
    """Nothing is said of its fault."""
    bench.fault()
    bench.ran({2: [A]})

    def hang(job: Job) -> None:
        if job.order["learn"] is None:
            job.hangs = True
            bench.clock.now = bench.plan["done"] + 1

    bench.children.at_start = hang

    assert bench.serve() == []
    assert bench.children.started[1].killed
    assert not bench.children.started[1].late


def test_a_server_whose_command_was_killed_ends_its_children(bench: Bench) -> None:
    """Nobody would read what it finds."""
    bench.fault()
    bench.ran({2: [A]})

    def abandon(job: Job) -> None:
        if job.order["learn"] is None:
            job.hangs = True
            bench.parent = 2

    bench.children.at_start = abandon

    with pytest.raises(KeyboardInterrupt):
        bench.serve()
    assert bench.children.started[1].killed


def test_a_signal_ends_the_server_once(bench: Bench) -> None:
    """The second one of the same stop is not heard."""
    bench.serve()
    handlers = dict(bench.signals)
    assert handlers.keys() == {signal.SIGTERM, signal.SIGINT}

    with pytest.raises(KeyboardInterrupt):
        handlers[signal.SIGTERM](signal.SIGTERM, None)
    assert bench.signals[-2:] == [(signal.SIGTERM, signal.SIG_IGN), (signal.SIGINT, signal.SIG_IGN)]


def _session(bench: Bench) -> tuple[Any, Any]:
    """Make a session of two tests; return it, and the loop that takes the place of pytest's."""
    plugins: dict[str, Any] = {"handoff-probe": SimpleNamespace(_key=lambda nodeid: f"tests/{nodeid}")}
    manager = SimpleNamespace(get_plugin=plugins.get, register=lambda plugin, name: plugins.update({name: plugin}))
    config = SimpleNamespace(pluginmanager=manager, _ensure_unconfigure=lambda: bench.exited.append("unconfigured"))
    items = [SimpleNamespace(nodeid=name.removeprefix("tests/")) for name in (A, B)]
    bench.module.pytest_configure(config)
    return SimpleNamespace(config=config, items=items), plugins["handoff-faults"]


def test_the_loop_serves_the_faults_and_runs_no_test_itself(bench: Bench) -> None:
    """What the imports ran was measured from before the first of them; at the end no plugin writes a summary."""
    bench.fault()
    bench.ran({2: [A]})
    bench.module._PLAN.update(bench.plan)
    session, loop = _session(bench)
    (measuring,) = bench.measurings
    assert (measuring.files, measuring.did) == ([str(bench.file)], ["start"])

    assert loop.pytest_runtestloop(session) is True

    assert measuring.did == ["start", "stop"]
    assert bench.children.started[0].tests == [A, B]
    assert _fact("survived", tests=[A]) in bench.copies.facts()
    with pytest.raises(Exited):
        loop.pytest_terminal_summary(session.config)
    assert bench.exited == ["unconfigured", "exit functions"]


def test_a_child_does_its_job_and_reports_to_its_file(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It measures no imports: it is told who runs what."""
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"report": "elsewhere", "tests": [A]}), "utf-8")
    monkeypatch.setenv("HANDOFF_FAULT", str(job))
    redirect = bench.copies.fake_sitecustomize()
    ran: list[Any] = []
    bench.jobs.run_job = lambda _session, items, order: ran.append((list(items), order["tests"]))
    bench.module = bench.copies.load("fault_probe")
    session, loop = _session(bench)

    assert loop.pytest_runtestloop(session) is True

    assert ran == [([A, B], [A])]
    assert redirect._ORDERS["report"] == "elsewhere"
    assert bench.module._IMPORTING is None
    assert len(bench.measurings) == 1
