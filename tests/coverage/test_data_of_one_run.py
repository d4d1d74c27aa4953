"""What a run measures is out of its tests' reach and apart from other runs' data: seen from the process that runs it."""

from __future__ import annotations

import errno
import os
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from coverage.exceptions import CoverageException

import coverage
from pytest_handoff.coverage import apart
from pytest_handoff.coverage.apart import (
    APART,
    HIDDEN,
    IN_REACH,
    OTHERS,
    DataApart,
    MeasuredHere,
    RunData,
    SafeEnd,
    measurement_of,
    whole_run,
)
from pytest_handoff.coverage.switching import broken
from pytest_handoff.evidence.measurement import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from coverage import CoverageData


class Measuring:
    """A process that measures its run: into ``here``, with a suffix as pytest-cov has it or without as ``coverage run``."""

    def __init__(self, folder: Path, suffix: str | None) -> None:
        self.here, self.own = folder / "here", folder / "own"
        self.here.mkdir()
        self.base = self.here / ".coverage"
        self.cov = coverage.Coverage(data_file=str(self.base), config_file=False)
        self.cov._data = coverage.CoverageData(basename=str(self.base), suffix=suffix)  # as a start would make them
        self.file = self.here / f".coverage.{suffix}" if suffix else self.base
        self.controller = SimpleNamespace(
            cov=self.cov, combining_cov=self.cov, started=False, failed_workers=[], finish=lambda: None
        )
        plugin = SimpleNamespace(cov_controller=self.controller) if suffix else None
        self.config: Any = SimpleNamespace(
            pluginmanager=SimpleNamespace(get_plugin=lambda name: plugin if name == "_cov" else None),
            invocation_params=SimpleNamespace(dir=self.here),
            stash=pytest.Stash(),
            option=SimpleNamespace(),
            getoption=lambda _: None,
        )

    def apart(self) -> DataApart:
        return DataApart(self.config, self.own, nullcontext())

    def loop(self, plugin: MeasuredHere | SafeEnd) -> Generator[None, object, object]:
        """Come to the place where tests run."""
        loop = plugin.pytest_runtestloop(self.session())
        next(loop)
        return loop

    def session(self) -> Any:
        return SimpleNamespace(config=self.config, testsfailed=0)

    def ran(self, *lines: int) -> None:
        self.cov.get_data().add_lines({"a.py": lines})


@pytest.fixture
def pytest_cov(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Measuring]:
    yield from measuring(Measuring(tmp_path, "us"), monkeypatch)


@pytest.fixture
def coverage_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Measuring]:
    yield from measuring(Measuring(tmp_path, None), monkeypatch)


def measuring(found: Measuring, monkeypatch: pytest.MonkeyPatch) -> Iterator[Measuring]:
    """These tests may be measured themselves, and their measurement is not to be taken for the one that they are about."""
    monkeypatch.setattr(apart, "running_coverage", lambda _: found.cov)
    monkeypatch.setattr(coverage.process_startup, "coverage", None, raising=False)
    monkeypatch.setattr(coverage.Coverage, "current", lambda: found.cov)
    yield found
    found.cov.get_data().close(force=True)


def end(loop: Generator[None, object, object]) -> object:
    """End the tests, and return what the hook returns."""
    with pytest.raises(StopIteration) as stopped:
        loop.send("result")
    return stopped.value.value


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def lines_in(file: Path) -> list[int]:
    data = coverage.CoverageData(basename=str(file))
    data.read()
    found = lines_of(data)
    data.close(force=True)
    return found


def lines_of(data: CoverageData) -> list[int]:
    return sorted(data.lines("a.py") or ())


def leave(file: Path, *lines: int) -> None:
    """Leave the data of another run."""
    data = coverage.CoverageData(basename=str(file))
    data.add_lines({"a.py": lines})
    data.close(force=True)


def test_a_worker_leaves_its_file_in_the_run_s_folder(pytest_cov: Measuring) -> None:
    """Nobody finds it in the project while tests run, nor before the controller gives it back."""
    (pytest_cov.own / "measured").mkdir(parents=True)
    here = MeasuredHere(pytest_cov.own, nullcontext())
    loop = pytest_cov.loop(here)
    pytest_cov.ran(1, 2)
    assert (here.ended, names_in(pytest_cov.here)) == (False, [])
    assert (end(loop), here.ended, here.in_reach) == ("result", True, False)
    assert lines_in(pytest_cov.own / "measured/.coverage.us") == [1, 2]


def test_a_worker_without_the_folder_leaves_its_file_where_it_is(pytest_cov: Measuring) -> None:
    """One on another machine has none."""
    here = MeasuredHere(pytest_cov.own, nullcontext())
    loop = pytest_cov.loop(here)
    pytest_cov.ran(3)
    end(loop)
    assert here.in_reach
    assert lines_in(pytest_cov.file) == [3]


def test_the_controller_gives_everything_back(pytest_cov: Measuring) -> None:
    """Its own file and those of workers are where pytest-cov takes them in, as soon as the tests have ended."""
    plugin = pytest_cov.apart()
    assert pytest_cov.config.stash[APART] is plugin
    loop = pytest_cov.loop(plugin)
    pytest_cov.ran(1)
    leave(pytest_cov.own / "measured/.coverage.worker", 2)
    assert names_in(pytest_cov.here) == []
    assert (end(loop), plugin.ended, plugin.lost, plugin.notes) == ("result", True, None, ())
    assert [lines_in(pytest_cov.file), lines_in(pytest_cov.here / ".coverage.worker")] == [[1], [2]]
    assert plugin.data(pytest_cov.cov) is pytest_cov.cov.get_data()
    plugin.close()


def test_other_file_systems(pytest_cov: Measuring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file can be renamed from the run's folder into the project's, it is copied."""
    plugin = pytest_cov.apart()
    loop = pytest_cov.loop(plugin)
    pytest_cov.ran(1)

    def replace(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace)
        end(loop)
    assert lines_in(pytest_cov.file) == [1]
    assert names_in(pytest_cov.own / "measured") == []


def test_data_of_other_runs_do_not_count(pytest_cov: Measuring) -> None:
    """They stay where they are, and a note says which they are."""
    leave(pytest_cov.base, 7)
    leave(pytest_cov.here / ".coverage.old", 8)
    (pytest_cov.here / ".coverage.old-journal").write_bytes(b"")
    plugin = pytest_cov.apart()
    loop = pytest_cov.loop(plugin)
    pytest_cov.ran(1)
    leave(pytest_cov.own / "measured/.coverage.worker", 2)
    end(loop)
    data: Any = plugin.data(pytest_cov.cov)
    assert lines_of(data) == [1, 2]
    assert plugin.data(pytest_cov.cov) is data
    assert plugin.notes == (OTHERS.format(name=".coverage and 1 more"),)
    assert [lines_in(pytest_cov.base), lines_in(pytest_cov.here / ".coverage.old")] == [[7], [8]]
    plugin.give_back()  # pytest-cov ends early
    assert plugin.lost is None
    plugin.close()


def test_a_run_that_measured_nothing_has_nothing_of_others(pytest_cov: Measuring) -> None:
    """One file is named alone, and its lines are no lines of this run."""
    leave(pytest_cov.here / ".coverage.old", 8)
    plugin = pytest_cov.apart()
    end(pytest_cov.loop(plugin))
    data: Any = plugin.data(pytest_cov.cov)
    assert (lines_of(data), plugin.notes) == ([], (OTHERS.format(name=".coverage.old"),))
    plugin.close()


def test_a_test_that_writes_into_the_data_of_others(pytest_cov: Measuring) -> None:
    """It is not known any more what is whose."""
    leave(pytest_cov.base, 7)
    plugin = pytest_cov.apart()
    loop = pytest_cov.loop(plugin)
    pytest_cov.ran(1)
    pytest_cov.base.write_bytes(pytest_cov.base.read_bytes() + b"more")
    end(loop)
    why = "a test changed .coverage, which had data of other runs when this run began: remove it (coverage erase), and run again"
    assert plugin.data(pytest_cov.cov) == NotMeasured(why)
    assert whole_run(pytest_cov.config) == NotMeasured(why)
    plugin.close()


def test_a_test_that_deletes_the_data(pytest_cov: Measuring) -> None:
    """The run goes on, and knows that its figure is lost."""
    plugin = pytest_cov.apart()
    loop = pytest_cov.loop(plugin)
    pytest_cov.ran(1)
    (pytest_cov.own / "measured/.coverage.us").unlink()
    assert end(loop) == "result"
    assert plugin.lost is not None
    assert plugin.lost.startswith("a test or the system deleted the measured data: ")
    plugin.close()


def test_a_folder_without_links(pytest_cov: Measuring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file can have a second name, the data of this run cannot be told from others'."""
    leave(pytest_cov.here / ".coverage.old", 8)
    plugin = pytest_cov.apart()
    loop = pytest_cov.loop(plugin)
    pytest_cov.ran(1)

    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    end(loop)
    folder = pytest_cov.here
    assert plugin.lost == f"cannot separate the data of this run from what other runs left in {folder}: Operation not permitted"
    assert lines_in(pytest_cov.file) == [1]
    plugin.close()


@pytest.mark.parametrize("way", ["pytest_cov", "coverage_run"])
def test_a_forked_child_gives_nothing_back(way: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent's file is not the child's."""
    run: Measuring = request.getfixturevalue(way)
    plugin = run.apart()
    loop = run.loop(plugin)
    run.ran(1)
    with monkeypatch.context() as patched:
        patched.setattr(apart, "getpid", lambda: -1)
        end(loop)
        plugin.close()
    assert names_in(run.here) == []
    plugin.close()
    assert lines_in(run.file) == [1]


@pytest.mark.parametrize("ran", [(1, 2), ()])
def test_coverage_run_that_appends(coverage_run: Measuring, ran: tuple[int, ...]) -> None:
    """What was loaded of an earlier file is not this run's; in the end the file has both."""
    leave(coverage_run.base, 7)
    data = coverage_run.cov.get_data()
    data.read()
    plugin = coverage_run.apart()
    loop = coverage_run.loop(plugin)
    if ran:
        coverage_run.ran(*ran)
        assert lines_of(data) == [*ran]
    end(loop)
    assert lines_in(coverage_run.base) == [7]
    plugin.close()
    assert (lines_of(data), lines_in(coverage_run.base)) == ([*ran, 7], [*ran, 7])


def test_data_that_cannot_be_moved_are_in_reach(pytest_cov: Measuring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A coverage.py with other data keeps them where they are, with a note; nobody who measures needs none."""
    plugin = pytest_cov.apart()
    with monkeypatch.context() as patched:
        patched.setattr(apart, "running_coverage", lambda _: None)
        end(pytest_cov.loop(plugin))
        assert plugin.notes == ()
        patched.setattr(apart, "running_coverage", lambda _: SimpleNamespace(_data="another"))
        end(pytest_cov.loop(plugin))
    assert plugin.notes == (IN_REACH,)


@pytest.mark.parametrize(("threshold", "failed"), [(80, 1), (None, 0)])
@pytest.mark.parametrize("kind", broken())
def test_pytest_cov_that_cannot_combine(pytest_cov: Measuring, kind: type[Exception], threshold: int | None, failed: int) -> None:
    """It costs the figure, and the threshold if there is one, and not the run."""
    plugin = pytest_cov.apart()
    pytest_cov.config.getoption = {"cov_fail_under": threshold}.get
    session = pytest_cov.session()
    loop = SafeEnd(plugin).pytest_runtestloop(session)
    next(loop)
    plugin.ended = True
    with pytest.raises(StopIteration) as stopped:
        loop.throw(kind("no\ndata"))
    assert (stopped.value.value, session.testsfailed) == (True, failed)
    assert plugin.lost == "pytest-cov could not combine its data: no data"
    assert whole_run(pytest_cov.config) == NotMeasured(plugin.lost)


def test_what_a_test_raises_is_its_own(pytest_cov: Measuring) -> None:
    """Only the end is pytest-cov's; a result goes through."""
    plugin = pytest_cov.apart()
    with pytest.raises(CoverageException, match="by a test"):
        pytest_cov.loop(SafeEnd(plugin)).throw(CoverageException("by a test"))
    assert (plugin.lost, end(pytest_cov.loop(SafeEnd(plugin)))) == (None, "result")


def test_the_whole_run_by_pytest_cov(pytest_cov: Measuring) -> None:
    """What it put together, with the workers that it lost, and what ended early is put together now."""
    controller, worker = pytest_cov.controller, SimpleNamespace(gateway=SimpleNamespace(id="gw1"))
    pytest_cov.ran(1)
    found = whole_run(pytest_cov.config)
    assert isinstance(found, RunData)
    assert (found.cov, lines_of(found.data), found.untidy, found.notes) == (pytest_cov.cov, [1], [], ())
    assert measurement_of(pytest_cov.config) is pytest_cov.cov

    finished: list[bool] = []
    plugin = pytest_cov.apart()
    controller.started, controller.failed_workers = True, [worker]
    controller.finish = lambda: finished.append(True)
    found = whole_run(pytest_cov.config)
    assert isinstance(found, RunData)
    assert (finished, found.notes) == ([True], plugin.notes)
    assert found.untidy == [
        "The run ended early: coverage is from the tests that ran.",
        "The coverage of these workers is lost: gw1.",
    ]
    del controller.failed_workers
    assert whole_run(pytest_cov.config) == NotMeasured(HIDDEN)


@pytest.mark.parametrize(
    ("options", "cov", "why"),
    [
        ({"no_cov": True}, True, "--no-cov was given"),
        ({}, False, "pytest-cov was not active in this run"),
        ({"dist": "load"}, True, "under `coverage run` the data of pytest-xdist's workers exist only after the run: use --cov"),
    ],
)
def test_why_nothing_is_measured(
    coverage_run: Measuring, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], *, cov: bool, why: str
) -> None:
    """Each way not to measure has its reason."""
    vars(coverage_run.config.option).update(options)
    if not cov:
        monkeypatch.setattr(apart, "running_coverage", lambda _: None)
    assert whole_run(coverage_run.config) == NotMeasured(why)


def test_a_run_within_a_measured_test(coverage_run: Measuring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its coverage is the other run's; and a pytest-cov without the controller that we know does not say what it measured."""
    with monkeypatch.context() as patched:
        patched.setattr(apart, "is_within_measured_run", lambda _: True)
        why = "a test of another run started this one, so its coverage belongs to that run"
        assert whole_run(coverage_run.config) == NotMeasured(why)
    coverage_run.config.pluginmanager.get_plugin = lambda _: SimpleNamespace()
    monkeypatch.setattr(apart, "running_coverage", lambda _: None)
    assert whole_run(coverage_run.config) == NotMeasured(HIDDEN)
    assert measurement_of(coverage_run.config) is None
