"""Where a private part of coverage.py, pytest-cov, multiprocessing or pytest is gone, another way says the same or less."""

from __future__ import annotations

import sys
from multiprocessing import spawn
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import _pytest.main
import pytest
from coverage.data import CoverageData
from coverage.parser import PythonParser

import coverage
from coverage import multiproc, results
from pytest_handoff.coverage import not_public, switching
from pytest_handoff.coverage.parsed_sources import parsed_sources
from pytest_handoff.coverage.public_analyses import PublicAnalyses
from pytest_handoff.coverage.switching import UNTOLD, Children
from pytest_handoff.project.user_folder import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "def f(x,\n      y):\n    if x:\n        return [\n            y]\n    return 2\n\n\nx = 1; y = (\n    2)\n'''a\nb'''\n"


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[tuple[coverage.Coverage, str]]:
    """A measurement with branches of one file."""
    name = str(tmp_path / "m.py")
    (tmp_path / "m.py").write_text(TEXT, "utf-8")
    cov = coverage.Coverage(data_file=str(tmp_path / "data"), config_file=False)
    cov.get_data().add_arcs({name: [(-1, 1), (1, 9), (9, -1), (-1, 3), (3, 6), (6, -1)]})
    yield cov, name
    cov.get_data().close(force=True)


def privately(cov: coverage.Coverage, name: str) -> tuple[Any, ...]:
    """Figures and facts, as they are worked out where nothing is gone."""
    reporter = not_public.reporter_of(cov, name)
    facts = parsed_sources(cov, None).facts(reporter, branches=True)
    found = not_public.analysis_of(cov.get_data(), 0, reporter, name)
    branches = found.numbers.n_branches, found.numbers.n_executed_branches
    return found.statements, found.excluded, found.missing, branches, facts, found.numbers.pc_covered


def publicly(cov: coverage.Coverage, data: coverage.CoverageData, name: str) -> tuple[Any, ...]:
    analyses = PublicAnalyses(cov)
    figures, facts = analyses.analyse(data, name)
    analyses.close()
    return *figures, facts, 100 * figures.counts[0] / figures.counts[1]


def test_the_public_way_says_the_same(measured: tuple[coverage.Coverage, str], tmp_path: Path) -> None:
    """Of the measurement's own data, and of others in a file of their own; but it keeps no branches for the next run."""
    cov, name = measured
    others = coverage.CoverageData(basename=str(tmp_path / "others"))
    others.update(cov.get_data())
    *figures, facts, percent = privately(cov, name)
    assert facts.branches == "3la3a"
    expected = (*figures, facts._replace(branches=""), percent)
    assert publicly(cov, cov.get_data(), name) == expected
    assert publicly(cov, others, name) == expected
    others.close(force=True)


@pytest.mark.parametrize("now", [None, lambda *_: 5, lambda: None], ids=["gone", "another type", "other arguments"])
def test_an_analysis_that_is_made_otherwise(
    measured: tuple[coverage.Coverage, str], monkeypatch: pytest.MonkeyPatch, now: Any
) -> None:
    """A function that is gone, takes other arguments or returns something else is told from one that works."""
    cov, name = measured
    reporter = not_public.reporter_of(cov, name)
    if now is None:
        monkeypatch.delattr(results, "analysis_from_file_reporter")
    else:
        monkeypatch.setattr(results, "analysis_from_file_reporter", now)
    with pytest.raises(not_public.Changed):
        not_public.analysis_of(cov.get_data(), 0, reporter, name)


def test_an_analysis_asks_for_arcs_once(measured: tuple[coverage.Coverage, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that ran follow from arcs that ran; afterwards the data answer by themselves again."""
    cov, name = measured
    asked: list[str] = []
    alone = CoverageData.arcs

    def noted(self: CoverageData, name: str) -> Any:
        asked.append(name)
        return alone(self, name)

    monkeypatch.setattr(CoverageData, "arcs", noted)
    found = not_public.analysis_of(cov.get_data(), 0, not_public.reporter_of(cov, name), name)
    assert asked == [name]
    assert (found.executed, found.numbers.n_executed_branches) == ({1, 3, 6, 9}, 1)
    cov.get_data().add_arcs({name: [(3, 4)]})
    again = not_public.analysis_of(cov.get_data(), 0, not_public.reporter_of(cov, name), name)
    assert (again.executed, again.numbers.n_executed_branches) == ({1, 3, 4, 6, 9}, 2)


def test_a_parser_with_other_attributes_parses_again(
    measured: tuple[coverage.Coverage, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was kept of one parser is given to no other kind."""
    cov, name = measured
    kept = Sealed(tmp_path / "cache", bytes(32))
    before = parsed_sources(cov, kept)
    facts = before.facts(not_public.reporter_of(cov, name), branches=True)
    before.save()
    made = PythonParser.__init__

    def other(self: PythonParser, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        self.brand_new = 1  # type: ignore[attr-defined]

    monkeypatch.setattr(PythonParser, "__init__", other)
    again = coverage.Coverage(data_file=str(tmp_path / "again"), config_file=False)  # 7.10 hands out the last reporter again
    again.get_data()
    reporter: Any = not_public.reporter_of(again, name)
    assert parsed_sources(cov, kept).facts(reporter, branches=True) == facts
    assert reporter.parser.brand_new == 1


@pytest.fixture
def unhooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which nobody has told multiprocessing anything."""
    monkeypatch.setattr(switching._Told, "hooked", False)
    monkeypatch.setattr(switching._Told, "context", None)
    monkeypatch.setattr(spawn, "get_preparation_data", spawn.get_preparation_data)
    monkeypatch.setattr(multiproc, "original_bootstrap", multiproc.original_bootstrap)


def told(**options: object) -> str | None:
    """Why child processes were not told their context."""
    config = SimpleNamespace(serialize=options.pop("serialize", lambda: "config"), plugins=[], plugin_options={})
    cov: Any = SimpleNamespace(
        config=config, get_option=lambda name: options.get(name.removeprefix("run:")), set_option=lambda *_: None
    )
    children = Children()
    children.tell(cov, "a context")
    return children.untold


@pytest.mark.usefixtures("unhooked")
def test_processes_that_cannot_be_hooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of multiprocessing or of coverage.py that is gone, or none, leaves the other as it is."""
    prepared = spawn.get_preparation_data
    monkeypatch.setattr(multiproc, "original_bootstrap", None)
    assert told(concurrency=["multiprocessing"]) == UNTOLD
    monkeypatch.delattr(multiproc, "original_bootstrap")
    assert told(concurrency=["multiprocessing"]) == UNTOLD
    assert spawn.get_preparation_data is prepared
    monkeypatch.setattr(multiproc, "original_bootstrap", lambda: None, raising=False)
    monkeypatch.delattr(spawn, "get_preparation_data")
    assert told(concurrency=["multiprocessing"]) == UNTOLD
    monkeypatch.setattr(spawn, "get_preparation_data", lambda name: {"name": name}, raising=False)
    assert told(concurrency=["multiprocessing"]) is None


@pytest.mark.usefixtures("unhooked")
@pytest.mark.parametrize("serialize", [None, lambda: 5, lambda: 1 / 0], ids=["gone", "another type", "raises"])
def test_a_configuration_that_cannot_be_handed_on(monkeypatch: pytest.MonkeyPatch, serialize: Any) -> None:
    """The environment stays as it is."""
    monkeypatch.setenv("COVERAGE_PROCESS_CONFIG", "as it was")
    for concurrency in ([], ["multiprocessing"]):
        assert told(patch=["subprocess"], concurrency=concurrency, serialize=serialize) == UNTOLD


def test_a_core_that_is_not_told_is_known_by_its_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python says who uses ``sys.monitoring``."""
    cov: Any = SimpleNamespace()
    for tool, expected in ((None, False), ("debugger", False), ("coverage.py", True)):
        tools = {1: tool}
        monkeypatch.setattr(sys, "monitoring", SimpleNamespace(get_tool=tools.get), raising=False)
        assert not_public.uses_sysmon(cov) is expected
    monkeypatch.delattr(sys, "monitoring")
    assert not not_public.uses_sysmon(cov)


def test_whoever_measures_where_coverage_py_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that coverage.py started to measure by itself has a variable that says so."""
    cov = coverage.Coverage(data_file=None, config_file=False)
    monkeypatch.setattr(coverage.Coverage, "current", lambda: cov)
    monkeypatch.delattr(coverage, "process_startup")
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    monkeypatch.delenv("COVERAGE_PROCESS_START", raising=False)
    assert not_public.current_coverage() is cov
    monkeypatch.setenv("COVERAGE_PROCESS_START", ".coveragerc")
    assert not_public.current_coverage() is None


def test_a_measurement_that_does_not_say_whether_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as anything measures it is taken to go on."""
    cov = coverage.Coverage(data_file=None, config_file=False)
    assert not_public.was_stopped(cov)
    monkeypatch.delattr(cov, "_started")
    monkeypatch.setattr(coverage.Coverage, "current", object)
    assert not not_public.was_stopped(cov)
    monkeypatch.setattr(coverage.Coverage, "current", lambda: None)
    assert not_public.was_stopped(cov)


def test_a_run_within_a_test_where_pytest_is_made_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest's own variable says that a test runs."""
    assert not_public.is_in_a_test()
    monkeypatch.delattr(_pytest.main, "wrap_session")
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "a test")
    assert not_public.is_in_a_test()
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    assert not not_public.is_in_a_test()


@pytest.mark.parametrize("data", [None, SimpleNamespace(), SimpleNamespace(_filename=5, _no_disk=False, _have_used=True)])
def test_data_of_another_kind_stay_where_they_are(data: object) -> None:
    """A file is moved only if everything about it is as it was."""
    cov: Any = SimpleNamespace(_data=data)
    assert not_public.movable_data(cov) is None


def test_what_pytest_does_not_tell_of_a_fixture_or_a_benchmark() -> None:
    """Then there is none."""
    from pytest_handoff.recording import not_public as of_pytest

    config: Any = SimpleNamespace(_benchmarksession=SimpleNamespace(benchmarks=5))
    assert of_pytest.benchmarks_of(config) == []
    config._benchmarksession.benchmarks = [object()]
    assert of_pytest.benchmarks_of(config) == []
    assert not of_pytest.is_autouse(SimpleNamespace(_fixture_function_marker=5))


class Broken:
    """Has parts that do not work any more."""

    @property
    def cov(self) -> object:
        raise RuntimeError("gone")


def test_the_measurement_that_reports_are_about() -> None:
    """It is the controller's that combines; a controller whose parts raise errors is none."""
    combining = object()

    def config(controller: object) -> Any:
        return SimpleNamespace(pluginmanager=SimpleNamespace(get_plugin=lambda _: SimpleNamespace(cov_controller=controller)))

    known = SimpleNamespace(cov=None, started=True, combining_cov=combining)
    assert not_public.measures_for_reports(config(known)) is combining
    assert not_public.measures_for_reports(config(Broken())) is None
    assert not_public.cov_controller(config(Broken())) is None


def test_nothing_measures_where_coverage_py_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing it just to ask would take time."""
    monkeypatch.delitem(sys.modules, "coverage")
    assert not_public.current_coverage() is None
    assert "coverage" not in sys.modules


def test_an_analysis_that_is_asked_for_by_name(measured: tuple[coverage.Coverage, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shared as one that is asked for by a reporter; where no reporter can be had, coverage.py makes it alone."""
    cov, name = measured
    asked: list[str] = []
    not_public.share_analyses(cov, lambda reporter: asked.append(reporter.filename))
    expected = cov.analysis2(name)
    assert asked == [name]
    monkeypatch.setattr(not_public, "reporter_of", changed)
    assert cov.analysis2(name) == expected
    assert asked == [name]


def changed(*_: object) -> None:
    raise not_public.Changed


def test_what_is_known_of_a_source_explains_its_branches(measured: tuple[coverage.Coverage, str]) -> None:
    """The words are worked out when a report asks for them, and are those of a parser that parsed."""
    cov, name = measured
    reporter: Any = not_public.reporter_of(cov, name)
    state, _ = not_public.parsed_state(reporter, TEXT)
    reporter.arcs()
    expected = [reporter.missing_arc_description(3, 4), reporter.arc_description(3, 4)]
    again: Any = type(reporter)(name, cov)
    assert again.source() == TEXT
    not_public.restore(again, TEXT, not_public.plain_state(state or {}))
    assert [again.missing_arc_description(3, 4), again.arc_description(3, 4)] == expected
