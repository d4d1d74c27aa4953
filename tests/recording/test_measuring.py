"""What a run says of its coverage where it does not measure, and the seconds and benchmarks that it reads from plugins."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

import coverage
from builders import coverage_of, earlier_of, record_of, run_of
from pytest_handoff.coverage import reading
from pytest_handoff.coverage.analysis import SharedAnalyses
from pytest_handoff.coverage.apart import DataApart, SafeEnd
from pytest_handoff.coverage.contexts import ContextSwitcher
from pytest_handoff.evidence.ledger import trace_collected
from pytest_handoff.evidence.measurement import NotMeasured, PartCoverage
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.sessions import Parents, files_to_trace
from pytest_handoff.project.tree import read_tree
from pytest_handoff.recording import not_public
from pytest_handoff.recording.faults import Faults
from pytest_handoff.recording.measuring import RunCoverage, _in_turn, benchmark_metrics, duration_metrics, seconds_of_tests
from pytest_handoff.recording.worker import NewOrOld
from pytest_handoff.run import SuiteFiles
from pytest_handoff.workflow.start import Start

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.record import Record


@pytest.fixture(autouse=True)
def nobody_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may be measured themselves; they must not see by whom."""
    monkeypatch.setattr(coverage.Coverage, "current", lambda: None)


class Config:
    """A configuration with these plugins, and whatever pytest-cov was told."""

    def __init__(self, folder: Path, *plugins: str, no_cov: bool = False, reporter: object = None) -> None:
        self.registered: dict[str, object] = {}
        self.pluginmanager = SimpleNamespace(
            hasplugin=plugins.__contains__,
            get_plugin=lambda name: reporter if name == "terminalreporter" else None,
            register=lambda plugin, name: self.registered.update({name: plugin}),
        )
        self._no_cov = no_cov
        self.rootpath, self.stash, self.option = folder, pytest.Stash(), SimpleNamespace(no_cov=no_cov)
        self.invocation_params = SimpleNamespace(dir=folder, args=())

    def getoption(self, name: str, default: object = None) -> object:
        return self._no_cov if name == "no_cov" else default

    def getini(self, name: str) -> object:
        return ".pytest_cache" if name == "cache_dir" else []


SUITE = SuiteFiles(patterns=["test_*.py"], folders=[])


def start_in(folder: Path, before: Record | None = None) -> Start:
    tree = read_tree(open_project(folder))
    return Start(session="session-2", parents=Parents(), tree=tree, sources={}, renames={}, before=before)


def measuring(folder: Path, *plugins: str, no_cov: bool = False, before: Record | None = None) -> tuple[RunCoverage, Config]:
    """The coverage of a run in this folder."""
    config = Config(folder, *plugins, no_cov=no_cov)
    plan: Any = SimpleNamespace(
        config=config, start=start_in(folder, before), project=open_project(folder), faults=Faults(), suite=SUITE, prefix=""
    )
    return RunCoverage(plan), config


NO_PLUGIN = "pytest-cov was not loaded (-p no:cov, or no plugin autoload: add -p pytest_cov.plugin)"


COMPANY = "another run recorded here at the same time, and coverage.py may have mixed their data"


@pytest.mark.parametrize(
    ("plugins", "options", "why"),
    [
        ((), {}, NO_PLUGIN),
        (("pytest_cov",), {"no_cov": True}, "coverage was switched off (--no-cov)"),
        (
            ("pytest_cov",),
            {"company": True},
            "another run recorded here at the same time, and coverage.py may have mixed their data",
        ),
    ],
)
def test_why_nothing_is_measured(tmp_path: Path, plugins: tuple[str, ...], options: dict[str, bool], why: str) -> None:
    """It is said of the run and of a part alike, and nothing is written."""
    company = options.get("company", False)
    measured, _ = measuring(tmp_path, *plugins, no_cov=options.get("no_cov", False))
    found = measured.read(run_of(), start_in(tmp_path), None, company=company)  # type: ignore[arg-type]
    assert found == NotMeasured(why)
    assert measured.save(tmp_path / "part", company=company) == NotMeasured(why)
    assert not (tmp_path / "part").exists()


@pytest.mark.parametrize("cov", [False, True])
def test_what_a_run_registers(tmp_path: Path, *, cov: bool) -> None:
    """Kinds of tests and data are kept apart where coverage is measured; the context switcher has the last word."""
    measured, config = measuring(tmp_path, *(["pytest_cov"] if cov else []))
    ages: Any = NewOrOld("session-2", None)  # type: ignore[arg-type]
    measured.register(ages, tmp_path / "run")
    kinds = [(name, type(plugin)) for name, plugin in config.registered.items()]
    assert kinds == (
        [
            ("handoff-analyses", SharedAnalyses), ("handoff-data", DataApart), ("handoff-end-of-data", SafeEnd),
            ("handoff-contexts", ContextSwitcher),
        ]
        if cov
        else []
    )  # fmt: skip
    assert (tmp_path / "run" / "measured").is_dir() is cov
    measured.close()
    assert measured.settings() is None  # nothing measures


def test_a_reason_names_no_place_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the run's own folder are named after host and process; two machines must record the same."""
    measured, _ = measuring(tmp_path, "pytest_cov")
    measured._folder = tmp_path / ".pytest_cache/handoff/.run-7"
    why = f"cannot read '{measured._folder}/measured/.coverage.host.pid7' in {tmp_path}/a"
    monkeypatch.setattr(measured, "_why_not", lambda **_: NotMeasured(why))
    found = measured.read(run_of(), start_in(tmp_path), None, company=False)  # type: ignore[arg-type]
    assert found == NotMeasured("cannot read '.pytest_cache/handoff' in a")


def test_earlier_parts_whose_data_are_gone(tmp_path: Path) -> None:
    """A run that adds to what the session has recorded needs the data of that, and takes none that it did not keep."""
    (tmp_path / "a.py").write_text("1\n")
    record = record_of({}, coverage=coverage_of(a=(1, 1)))
    fingerprint = start_in(tmp_path).tree.fingerprint
    before = replace(record, source=replace(record.source, fingerprint=fingerprint))
    part = run_of("unit a.py::x passed", why_partial=("-k was given",))
    measured, _ = measuring(tmp_path, "pytest_cov", before=before)
    found = measured.read(part, start_in(tmp_path, before), None, company=False)  # type: ignore[arg-type]
    assert found == NotMeasured("the coverage data of the earlier part is gone")
    measured._kept.folder.mkdir(parents=True)
    (measured._kept.folder / "part-0-00").write_bytes(b"forged")
    found = measured.read(part, start_in(tmp_path, before), None, company=False)  # type: ignore[arg-type]
    why = "pytest's cache has coverage data that none of your runs saved here; run all tests again"
    assert (found, measured.data_files()) == (NotMeasured(why), [])


PART = PartCoverage(source=["src"], tests=[], config_file=None)


@pytest.mark.parametrize("saved", [PART, NotMeasured("no data in a")])
def test_a_part_that_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: PartCoverage | NotMeasured) -> None:
    """What lies at its place is another run's; a reason names no place of this machine."""
    measured, _ = measuring(tmp_path, "pytest_cov")
    (tmp_path / "part").write_bytes(b"old")
    said = NotMeasured(f"no data in {tmp_path}/a") if isinstance(saved, NotMeasured) else saved
    monkeypatch.setattr(reading, "keep_part", lambda *_, **__: said)
    assert measured.save(tmp_path / "part", company=False) == saved
    assert not (tmp_path / "part").exists()


def test_contexts_of_the_user_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A context that is named after a test has its tier, its age and whether it passed; any other has nothing."""
    asked: dict[str, Any] = {}

    def read(*_: object, **given: object) -> NotMeasured:
        asked.update(given)
        return NotMeasured("read")

    monkeypatch.setattr(reading, "read", read)
    (tmp_path / "a.py").write_text("def test_x(): pass\n")
    measured, _ = measuring(tmp_path, "pytest_cov")
    run = run_of("unit a.py::x passed\ne2e a.py::y failed\nunit a.py::z unrun")
    earlier = earlier_of("unit a.py::x passed")
    start = replace(start_in(tmp_path), parents=Parents(earlier=earlier))
    lineage = trace_collected(earlier, run.collected, ["a.py"], {}, files_to_trace(open_project(tmp_path), ()))
    assert measured.read(run, start, lineage, company=False) == NotMeasured("read")
    found = {name: asked["classes_of"](f"a.py::{name}") for name in "xyzw"}
    assert found == {"x": ("unit", "old", True), "y": ("e2e", "new", False), "z": ("unit", "new", False), "w": None}
    assert asked["also"] == []


def report(test: str, when: str, duration: float) -> pytest.TestReport:
    return pytest.TestReport(test, ("a.py", 1, "x"), {}, "passed", None, when, duration=duration)  # type: ignore[arg-type]


def reporting(folder: Path, **stats: list[object]) -> Any:
    return Config(folder, reporter=SimpleNamespace(stats=stats))


DOCUMENT = "| Measure | Value |\n|---|---|\n| Duration of `a.py::x` | 1 s |\n"


def test_seconds_of_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each phase and each attempt counts, once; a clock that is held still or that went back says nothing."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    twice = report("a.py::x", "call", 1.23456)
    config = reporting(
        tmp_path, passed=[twice, report("a.py::y", "call", -1.0)], rerun=[report("a.py::x", "call", 0.5)], odd=[twice, "text"]
    )
    assert seconds_of_tests(config, "sub/", {"sub/a.py::x": None, "sub/a.py::y": None}) == {"sub/a.py::x": 1.73}
    assert seconds_of_tests(Config(tmp_path), "", {}) == {}  # type: ignore[arg-type]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert seconds_of_tests(config, "sub/", {"sub/a.py::x": None}) == {}


PLACES = {test: ("a.py", number, test) for number, test in enumerate(["a.py::x", "a.py::y"])}


def phases(*tests: str) -> dict[str, list[object]]:
    """The reports of a run in which these tests passed, one after the other."""
    found: dict[str, list[object]] = {"": [], "passed": []}
    for test in tests:
        for when, took in (("setup", 0.25), ("call", 1.0), ("teardown", 0.125)):
            found["passed" if when == "call" else ""].append(report(test, when, took))
            found["passed" if when == "call" else ""][-1].location = PLACES[test]  # type: ignore[attr-defined] # as one item has it
    return found


@pytest.mark.parametrize("change", ["none", "beside", "again", "skipped", "prefix"])
def test_seconds_of_usual_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """Each test's phases are added up, whether all tests simply passed in turn or not."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    stats, expected = phases("a.py::x", "a.py::y"), {"a.py::x": 1.38, "a.py::y": 1.38}
    if change == "beside":  # two processes
        first, second, third, fourth = stats[""]
        stats[""] = [first, third, second, fourth]
    elif change == "again":
        stats = {name: [*reports, *reports] for name, reports in stats.items()}
        expected = dict.fromkeys(expected, 2.75)
    elif change == "skipped":
        stats["skipped"] = [report("a.py::z", "setup", 0.5)]
        stats[""] = [*stats[""], report("a.py::z", "teardown", 0.125)]
        expected["a.py::z"] = 0.625
    prefix = "sub/" if change == "prefix" else ""
    keys = {prefix + test: seconds for test, seconds in expected.items()}
    assert seconds_of_tests(reporting(tmp_path, **stats), prefix, keys) == keys


def sent(stats: dict[str, list[object]], worker: str, **numbers: int) -> dict[str, list[object]]:
    """The same reports as xdist hands them on: each has an object of its own that says where the test is."""
    for one in (one for reports in stats.values() for one in reports):
        vars(one).update(location=("a.py", 1, one.nodeid), item_index=numbers[one.nodeid[-1]], worker_id=worker)  # type: ignore[attr-defined]
    return stats


@pytest.mark.parametrize("change", ["none", "crashed", "out of turn", "collected twice", "again"])
def test_seconds_of_tests_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """Each worker's tests are added up in turn; or by ids, where a report has no number, say."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    expected = {"a.py::x": 1.38, "a.py::y": 1.38}
    first, second = sent(phases("a.py::y"), "gw1", y=1), sent(phases("a.py::x"), "gw0", x=0)
    stats = {"": [first[""][0], *second[""], first[""][1]], "passed": [*second["passed"], *first["passed"]]}
    if change == "crashed":
        stats["failed"] = [report("a.py::z", "???", 0.5)]
        expected["a.py::z"] = 0.5
    elif change == "out of turn":
        stats = sent(phases("a.py::x", "a.py::y"), "gw0", x=0, y=1)
        stats[""] = [*stats[""][::2], *stats[""][1::2]]
    elif change == "collected twice":
        more = sent(phases("a.py::x"), "gw0", x=2)
        stats = {name: [*reports, *more[name]] for name, reports in stats.items()}
        expected["a.py::x"] = 2.75
    elif change == "again":
        stats["rerun"] = sent({"": [report("a.py::x", "call", 0.5)]}, "gw0", x=0)[""]
        expected["a.py::x"] = 1.88
    assert seconds_of_tests(reporting(tmp_path, **stats), "", dict(expected)) == expected


def test_usual_reports_of_workers_are_added_up_in_turn() -> None:
    """Without a look at the id of each report, which takes as long as all the rest."""
    first, second = sent(phases("a.py::y"), "gw1", y=1), sent(phases("a.py::x"), "gw0", x=0)
    stats: Any = {"": [first[""][0], *second[""], first[""][1]], "passed": [*second["passed"], *first["passed"]]}
    assert _in_turn(stats) == {"a.py::x": 1.375, "a.py::y": 1.375}


@pytest.mark.parametrize(
    ("took", "written"),
    [
        (0.0, "0.0"),
        (0.00000012345, "1.23e-7"),
        (0.0000015, "1.5e-6"),
        (0.0001234567, "0.000123"),
        (0.00099951, "0.001"),
        (0.00999, "0.00999"),
        (0.1 + 0.2, "0.3"),
        (1.23456, "1.23"),
        (99.96, "100.0"),
        (1234.5, "1230.0"),
        (100000.0, "100000.0"),
    ],
)
def test_seconds_have_three_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, took: float, written: str) -> None:
    """They are written with no more, however long a test takes."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    found = seconds_of_tests(reporting(tmp_path, passed=[report("a.py::x", "call", took)]), "", {"a.py::x": None})
    assert msgspec.json.encode(found) == f'{{"a.py::x":{written}}}'.encode()


def test_no_durations_where_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a document, without rows of that kind, without a reporter or with a clock that is held still."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    config = reporting(tmp_path, passed=[report("a.py::x", "call", 1.0)])
    tests = ["a.py::x"]
    assert duration_metrics(config, "", None, tests) == []
    assert duration_metrics(config, "", "no row\n", tests) == []
    assert duration_metrics(Config(tmp_path), "", DOCUMENT, tests) == []  # type: ignore[arg-type]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert duration_metrics(config, "", DOCUMENT, tests) == []


def test_benchmarks_of_tests_that_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their mean in seconds; none without the plugin."""

    class Bench(dict[str, float]):
        def __init__(self, name: str, *, has_error: bool = False) -> None:
            super().__init__(mean=0.25)
            self.name, self.fullname, self.has_error = name, f"a.py::{name}", has_error

    config: Any = Config(tmp_path)
    monkeypatch.setitem(sys.modules, "pytest_benchmark", ModuleType("pytest_benchmark"))
    monkeypatch.setattr(not_public, "benchmarks_of", lambda _: [Bench("x"), Bench("y", has_error=True), Bench("z")])
    found = benchmark_metrics(config, "sub/", ["sub/a.py::x", "sub/a.py::y"])
    assert [(test, one.name, one.value, one.unit, one.better) for test, one in found] == [
        ("sub/a.py::x", "x", 0.25, "s", "lower")
    ]
    monkeypatch.delitem(sys.modules, "pytest_benchmark")
    assert benchmark_metrics(config, "", ["a.py::x"]) == []
