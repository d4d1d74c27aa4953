"""Children that run tests with a fault: how they are started, what is read of them, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from proving_copies import Clock, Copies, StandIn
from pytest_handoff.proving.collisions import Collisions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PID, KILL = 4711, 9
needs_groups = pytest.mark.skipif(os.name == "nt", reason="Windows has no groups of processes")


class Exited(BaseException):
    """What the stand-in of ``os._exit`` raises."""


class System:
    """A system with one child, which ends when it is told to."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.child = PID
        self.did: list[tuple[Any, ...]] = []

    def stand_in(self) -> Any:
        done = {name: self._noted(name) for name in ("killpg", "setpgid", "dup2")}
        return StandIn(os, fork=lambda: self.child, waitpid=self._waitpid, _exit=self._exit, environ={}, WNOHANG=1, **done)

    def _noted(self, name: str) -> Callable[..., None]:
        return lambda *args: self.did.append((name, *args))

    def _waitpid(self, pid: int, options: int) -> tuple[int, int]:
        self.did.append(("waitpid", pid, options))
        return (0, 0) if options and self.status is None else (pid, self.status or 0)

    def _exit(self, code: int) -> None:
        raise Exited(code)


class Process:
    """What :class:`subprocess.Popen` would return."""

    pid = PID

    def __init__(self, command: list[str], **options: Any) -> None:
        self.command, self.options = command, options
        self.code: int | None = None
        self.killed = False

    def poll(self) -> int | None:
        return self.code

    def wait(self) -> None:
        self.code = self.code or -9

    def kill(self) -> None:
        self.killed = True


class Plugins:
    """A session's plugins, and its loop over the phases of a test."""

    def __init__(self, outcomes: dict[str, str]) -> None:
        self._outcomes = outcomes
        self.ran: list[tuple[str, str | None]] = []
        self.between: Callable[[str], None] = lambda _test: None
        self._plugins: list[Any] = []
        self.torn_down = False
        self.config = SimpleNamespace(pluginmanager=self, hook=self)
        self._setupstate = self

    def register(self, plugin: Any, _name: str) -> None:
        self._plugins.append(plugin)

    def get_plugin(self, _name: str) -> Any:
        return SimpleNamespace(_key=lambda nodeid: f"sub/{nodeid}")

    def teardown_exact(self, following: None) -> None:
        self.torn_down = following is None
        raise RuntimeError("the teardown of a test is broken")

    def pytest_runtest_protocol(self, *, item: Any, nextitem: Any) -> None:
        name, outcome = item.nodeid, self._outcomes[item.nodeid]
        self.ran.append((name, nextitem and nextitem.nodeid))
        report = SimpleNamespace(nodeid=name, outcome=outcome.removeprefix("x"), failed=outcome == "failed")
        if outcome.startswith("x"):
            report.wasxfail = "reason"
        self._tell("pytest_runtest_logstart", name)
        self.between(name)
        self._tell("pytest_runtest_logreport", report)
        self._tell("pytest_runtest_logfinish", name)

    def _tell(self, hook: str, value: Any) -> None:
        for plugin in self._plugins:
            if hasattr(plugin, hook):
                getattr(plugin, hook)(value)


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copies:
    copies = Copies(tmp_path, monkeypatch, {"plan": {"command": ["python", "-m", "pytest"]}})
    copies.load("probe")
    copies.load("override")
    return copies


@pytest.fixture
def system() -> System:
    return System()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(copies: Copies, system: System, clock: Clock) -> Iterator[Any]:
    module = copies.load("fault_jobs")
    made: list[Any] = []

    class Job(module.Job):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    module.Job = Job
    module.os, module.time = system.stand_in(), clock
    module.signal = StandIn(signal, signal=lambda number, what: system.did.append(("signal", number, what)), SIGKILL=KILL)
    yield module
    for job in made:
        job._report.close()


@pytest.fixture
def job(jobs: Any, tmp_path: Path) -> Any:
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / "report.jsonl").touch()
    job = jobs.Job(folder, "fork", ["a", "b"])
    job.pid = PID
    return job


def _write(job: Any, *facts: dict[str, Any], rest: str = "") -> None:
    with (job._folder / "report.jsonl").open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(fact) + "\n" for fact in facts) + rest)


def _order(**changed: Any) -> dict[str, Any]:
    return {"fault": None, "tests": ["t.py::a", "t.py::b"], "learn": None, "until": None, **changed}


def test_a_child_tells_when_it_came_to_its_first_test_and_which_runs(job: Any, clock: Clock) -> None:
    """The time until the first test is that of starting; each test after it begins its own time."""
    clock.now += 3
    _write(job, {"running": "a"})

    assert not job.look()
    assert (job.began, job.running, job.start_took, job.since) == (True, "a", 3.0, clock.now)

    clock.now += 5
    _write(job, {"test": "a", "outcome": "passed"}, {"running": "b"})
    job.look()

    assert (job.running, job.start_took, job.since, job.passed) == ("b", 3.0, clock.now, ["a"])


def test_half_a_line_waits_for_its_other_half(job: Any) -> None:
    """A child may be read while it writes."""
    _write(job, rest='{"running": ')
    assert not job.look()
    assert not job.began

    _write(job, rest='"a"}\n')
    job.look()
    assert job.running == "a"


def test_facts_of_tests_and_modules_are_told_on(job: Any) -> None:
    """The report of the whole takes what the one that learns says of tests and modules, and nothing else."""
    told: list[dict[str, Any]] = []
    lines = {"lines": {"a.py": {"1": ["a"]}}, "tests": {}}
    facts: list[dict[str, Any]] = [{"running": "a"}, {"test": "a", "outcome": "passed"}, {"modules": [["m", "m.py"]]}, lines]
    _write(job, *facts, {"something": "else"})

    job.look(lambda **fact: told.append(fact))

    assert told == [facts[1], facts[2]]
    assert job.learned == lines


@pytest.mark.parametrize(
    ("facts", "late", "verdict"),
    [
        ([{"running": "a"}, {"test": "a", "outcome": "passed"}, {"finished": True}], False, ("survived", None)),
        ([{"test": "a", "outcome": "failed"}, {"test": "b", "outcome": "error"}, {"finished": True}], False, ("caught", "a")),
        ([{"test": "b", "outcome": "error"}], True, ("caught", "b")),
        ([{"test": "a", "outcome": "xfailed"}, {"running": "b"}], True, ("timeout", "b")),
        ([], True, ("timeout", None)),
        ([{"running": "b"}], False, ("caught", "b")),
        ([{"broken": "t.py"}, {"finished": True}], False, ("caught", None)),
    ],
)
def test_what_became_of_a_fault(job: Any, facts: list[dict[str, Any]], late: bool, verdict: tuple[str, str | None]) -> None:
    """A failure, a crash and a broken import notice it; a test that does not end is a time-out; else it survived."""
    _write(job, *facts)
    job.look()
    job.late = late

    assert job.verdict() == verdict


@needs_groups
def test_a_child_that_ended_is_read_to_its_end_and_cleared_away(job: Any, system: System) -> None:
    """What it started goes, its folder goes, and who looks again is told the same."""
    _write(job, {"test": "a", "outcome": "failed"})
    system.status = 0

    assert job.look()

    assert job.failed == "a"
    assert ("killpg", PID, KILL) in system.did
    assert not job._folder.exists()
    waited = len(system.did)
    assert job.look()
    assert len(system.did) == waited


@needs_groups
def test_killing_ends_the_group_and_waits_for_the_child(job: Any, system: System) -> None:
    """No zombie is left, and what the child had written is read."""
    _write(job, {"running": "b"})

    job.kill()

    assert system.did[0] == ("killpg", PID, KILL)
    assert ("waitpid", PID, 0) in system.did
    assert job.running == "b"
    assert not job._folder.exists()


@pytest.mark.parametrize(("name", "killed"), [("posix", False), ("nt", True)])
def test_killing_a_process_of_its_own(job: Any, jobs: Any, system: System, name: str, killed: bool) -> None:
    """Where there are groups, its group is killed; on Windows it alone."""
    job.process = Process([])
    jobs.os.name = name

    job.kill()

    assert job.process.killed is killed
    assert (("killpg", PID, KILL) in system.did) is not killed
    assert job.process.code == -9
    assert not job._folder.exists()


def test_a_fork_is_put_into_a_group_of_its_own(jobs: Any, copies: Copies, system: System) -> None:
    """The parent sets the group, too: the child may not have come to it when it is killed."""
    job = jobs.start(None, {}, _order(), "fork", ())

    assert job.pid == PID
    assert system.did == [("setpgid", PID, PID)]
    written = json.loads((job._folder / "job.json").read_text("utf-8"))
    assert written == _order(report=str(job._folder / "report.jsonl"))
    assert job._folder.parent == copies.beside
    assert (job._folder / "tmp").is_dir()


def test_a_process_of_its_own_is_given_the_files_of_its_tests_and_the_job(
    jobs: Any, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file once; the job in a variable; nothing to read, and nothing that it prints."""
    monkeypatch.chdir(copies.tree)
    jobs.subprocess = StandIn(subprocess, Popen=Process)
    jobs.os.environ = {"HOME": "there"}

    job = jobs.start(None, {}, _order(tests=["t/one.py::a", "t/one.py::b[x::y]", "two.py::c"]), "spawn", ())

    assert job.process.command == ["python", "-m", "pytest", str(Path("t/one.py")), "two.py"]
    folder = job._folder
    assert job.process.options["env"] == {
        "HOME": "there", "HANDOFF_FAULT": str(folder / "job.json"), "PYTEST_DEBUG_TEMPROOT": str(folder / "tmp"),
    }  # fmt: skip
    assert {job.process.options[name] for name in ("stdin", "stdout", "stderr")} == {subprocess.DEVNULL}
    assert job.process.options["start_new_session"]
    assert job.pid == PID


def _grown(number: int) -> int:
    return number + 1


def _shrunk(number: int) -> int:
    return number - 1


@needs_groups
def test_a_forked_child_swaps_code_runs_its_tests_and_exits(
    jobs: Any, copies: Copies, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers to signals as any process does, writes nowhere but to its report, and leaves without pytest's end."""
    import resource

    system.child = 0
    redirect = copies.fake_sitecustomize()
    limits: list[Any] = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, to: limits.append((which, to)))
    installed: list[Any] = []
    monkeypatch.setattr(jobs._OVERRIDE, "install", lambda fault, tree: installed.append((fault, tree)))
    monkeypatch.setattr(_grown, "__code__", _grown.__code__)
    session = Plugins({"t.py::a": "passed", "t.py::b": "passed"})
    seen: list[int] = []
    session.between = lambda _test: seen.append(_grown(1))
    items = {test: SimpleNamespace(nodeid=test) for test in session._outcomes}

    with pytest.raises(Exited):
        jobs.start(session, items, _order(fault={"id": 7}), "fork", [(_grown, _shrunk.__code__)])

    assert seen == [0, 0]
    assert installed == [({"id": 7}, str(copies.tree))]
    assert limits == [(resource.RLIMIT_CPU, (600, 600))]
    assert ("signal", signal.SIGTERM, signal.SIG_DFL) in system.did
    assert [did[2] for did in system.did if did[0] == "dup2"] == [0, 1, 2]
    os.close(next(did[1] for did in system.did if did[0] == "dup2"))
    report = Path(redirect._ORDERS["report"])
    assert jobs.os.environ["HANDOFF_FAULT"] == str(report.with_name("job.json"))
    assert jobs._PROBE._PARENT == jobs._SERVER
    assert [json.loads(line) for line in report.read_text("utf-8").splitlines()] == [{"finished": True}]


@needs_groups
def test_a_forked_child_exits_even_where_it_cannot_begin(jobs: Any, system: System) -> None:
    """It must never go on as a second server."""
    system.child = 0
    jobs.os.setpgid = lambda *_: 1 / 0
    with pytest.raises(Exited):
        jobs.start(None, {}, _order(), "fork", ())


@needs_groups
def test_the_child_that_learns_gets_no_fault(jobs: Any, copies: Copies, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its imports and functions stay as they are."""
    system.child = 0
    copies.fake_sitecustomize()
    did: list[Any] = []
    monkeypatch.setattr(jobs._OVERRIDE, "install", lambda *args: did.append(args))
    jobs._limit = lambda: None
    jobs.run_job = lambda _session, _items, order: did.append(order["learn"])

    with pytest.raises(Exited):
        jobs.start(None, {}, _order(learn=["code.py"]), "fork", [(_grown, _shrunk.__code__)])

    os.close(next(did[1] for did in system.did if did[0] == "dup2"))
    assert did == [["code.py"]]
    assert _grown(1) == 2


@needs_groups
def test_a_child_that_has_ended_is_not_waited_for_again(job: Any, system: System) -> None:
    """The number may be another process's by now; only what is left of its group is ended."""
    system.status = 0
    assert job.look()
    before = len(system.did)

    job.kill()

    assert [did[0] for did in system.did[before:]] == ["killpg"]


def test_with_a_fault_the_first_failure_ends_the_run(jobs: Any, copies: Copies) -> None:
    """No test after it runs; a broken teardown does not keep the end from being told."""
    session = Plugins({"a": "passed", "b": "failed", "c": "passed"})
    items = {test: SimpleNamespace(nodeid=test) for test in session._outcomes}

    jobs.run_job(session, items, _order(tests=["gone", "a", "b", "c"]))

    assert session.ran == [("a", "b"), ("b", "c")]
    assert session.torn_down
    assert copies.facts() == [{"finished": True}]


class Measuring:
    """A measurement that says that each test ran the line of its place in the run."""

    def __init__(self, file: str) -> None:
        self._file, self.contexts = file, [""]
        self.on = False

    def start(self) -> None:
        self.on = True

    def stop(self) -> None:
        self.on = False

    def switch_context(self, context: str) -> None:
        assert self.on
        self.contexts.append(context)

    def get_data(self) -> Any:
        return self

    def measured_files(self) -> set[str]:
        return {self._file}

    def contexts_by_lineno(self, _file: str) -> dict[int, list[str]]:
        return {1: self.contexts, **{line: [test] for line, test in enumerate(self.contexts, 10) if test}}


@pytest.fixture
def learning(jobs: Any, copies: Copies, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run that learns: the audit hook, which cannot be taken back, is not set."""
    watched: list[Collisions] = []

    def watch(self: Collisions) -> None:
        watched.append(self)

    monkeypatch.setattr(Collisions, "watch", watch)
    copies.fake_sitecustomize()
    jobs.measuring_of = lambda files: Measuring(*files)
    return watched


def test_learning_tells_who_ran_which_lines_and_who_did_not_pass(
    jobs: Any, copies: Copies, clock: Clock, learning: list[Collisions]
) -> None:
    """A test that did not pass, or was expected to fail, is no witness of any line; the others are, with their seconds."""
    session = Plugins({"a": "passed", "b": "failed", "c": "xpassed", "d": "passed"})
    items = {f"sub/{test}": SimpleNamespace(nodeid=test) for test in session._outcomes}

    def work(test: str) -> None:
        clock.now += 2
        if test == "d":
            learning[0].hear("socket.bind", (None, ("127.0.0.1", 8000)))
        elif test == "a":
            learning[0].hear("subprocess.Popen", ("true",))

    session.between = work
    jobs.run_job(session, items, _order(tests=[*items], learn=["code.py"], until=clock.now + 1000))

    learned, finished = copies.facts()
    assert finished == {"finished": True}
    assert learned["tests"] == {"sub/a": 2.0, "sub/d": 2.0}
    assert learned["failed"] == {"sub/b": "failed", "sub/c": "passed"}
    assert (learned["alone"], learned["starting"]) == (["sub/d"], ["sub/a"])
    assert learned["lines"]["code.py"]["1"] == ["sub/a", "sub/d"]
    assert [tests for line, tests in learned["lines"]["code.py"].items() if line != "1"] == [["sub/a"], [], [], ["sub/d"]]
    assert sys.modules["sitecustomize"].reports == 1
    assert learning[0].running is None


def test_learning_ends_when_its_time_is_over(jobs: Any, copies: Copies, clock: Clock, learning: list[Collisions]) -> None:
    """The test that runs then is the last; what was learned until then is told."""
    session = Plugins(dict.fromkeys("abc", "passed"))
    items = {f"sub/{test}": SimpleNamespace(nodeid=test) for test in "abc"}
    session.between = lambda _test: clock.sleep(2)

    jobs.run_job(session, items, _order(tests=[*items], learn=["code.py"], until=clock.now + 3))

    assert copies.facts()[0]["tests"] == {"sub/a": 2.0, "sub/b": 2.0}
    assert len(learning) == 1


def test_a_measurement_takes_the_files_that_it_is_given_and_no_others(jobs: Any, tmp_path: Path) -> None:
    """It reads no settings of the project, keeps nothing on disk, and warns of nothing."""
    space: dict[str, Any] = {}
    for name in ("mine", "other"):
        file = tmp_path / f"{name}.py"
        file.write_text("def double(number):\n    return 2 * number\n", "utf-8")
        exec(compile(file.read_text("utf-8"), str(file), "exec"), space.setdefault(name, {}))  # noqa: S102
    measuring = jobs.measuring_of([str(tmp_path / "mine.py")])

    measuring.start()
    measuring.switch_context("test")
    doubled = [space[name]["double"](2) for name in ("mine", "other")]
    measuring.stop()

    data = measuring.get_data()
    lines = {file: data.contexts_by_lineno(file) for file in data.measured_files()}
    data.close(force=True)
    assert doubled == [4, 4]
    assert lines == {str(tmp_path / "mine.py"): {2: ["test"]}}
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["mine.py", "other.py"]
    assert measuring._warn("Module was already imported", once=True) is None
