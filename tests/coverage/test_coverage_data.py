"""Data are read from wherever a run left them, and added up."""

from __future__ import annotations

import shutil
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from _pytest.cacheprovider import Cache
from coverage.data import CoverageData

import coverage
from pytest_handoff.coverage.adding import SavedData
from pytest_handoff.coverage.reading import CodeTree, keep, read, read_files
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.measurement import Measured, Measurement, NotMeasured, PartCoverage, RunBy, context_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

UNIT_NEW = RunBy("s", "unit", "new")
UNIT_NAME = context_name("s", "unit", "new")


def in_tests(path: str, sources: Iterable[str]) -> bool:
    return "test" in path


def no_tests(path: str, sources: Iterable[str]) -> bool:
    return False


class Run:
    """A finished run of pytest-cov, as its plugin object looks from outside."""

    def __init__(self, pytester: pytest.Pytester, *, config: str = "") -> None:
        self.path = pytester.path.resolve()
        (self.path / ".coveragerc").write_text(config, encoding="utf-8")
        self.cov = coverage.Coverage(data_file=str(self.path / "own"), config_file=str(self.path / ".coveragerc"))
        self.data = self.cov.get_data()
        self.config = pytester.parseconfig("--rootdir", str(self.path))
        self.controller = SimpleNamespace(cov=self.cov, combining_cov=self.cov, started=False, failed_workers=[])
        self.config.pluginmanager.register(SimpleNamespace(cov_controller=self.controller), "_cov")

    def write(self, name: str, text: str = "x = 1\ny = 2\n") -> str:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def ran(self, context: str, **lines: list[int]) -> None:
        """Note lines as run; an underscore in a name stands for a slash."""
        self.data.set_context(context)
        self.data.add_lines({self.write(f"{name.replace('_', '/')}.py"): run for name, run in lines.items()})

    def measure(self, **options: object) -> Measured:
        tree = CodeTree(self.path, in_tests, options.pop("expected", ()))  # type: ignore[arg-type] # any test's own
        found = read(self.config, tree, **options)
        assert isinstance(found, Measured)
        return found

    def read(self, **options: object) -> Measurement:
        found = self.measure(**options)
        found.lines.close()
        return found.measurement

    def executed(self, path: str, **options: object) -> Mapping[RunBy, frozenset[int]]:
        with closing(self.measure(**options).lines) as lines:
            return lines.executed(path)


def shown(found: Measured) -> tuple[Measurement, list[object]]:
    """A measurement with what is known of the lines of its files."""
    measurement, lines = found.measurement, found.lines
    return measurement, [(lines.executed(path), lines.marked(path)) for path in measurement.files]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    return Run(pytester)


def test_combined_data_are_believed(run: Run) -> None:
    """What pytest-cov combined is read as it is."""
    run.ran(UNIT_NAME, app_a=[1])
    ran = run.measure()
    found = ran.measurement
    assert (found.percent, found.untidy, found.why_no_classes) == (50.0, (), None)
    assert ran.lines.executed("app/a.py") == {UNIT_NEW: {1}}


def test_what_is_known_of_sources_lies_in_pytest_s_cache(run: Run) -> None:
    """Where the cache cannot be written, the figures are the same."""
    run.ran(UNIT_NAME, app_a=[1])
    cache = run.config.cache = Cache.for_config(run.config, _ispytest=True)
    found = shown(run.measure())
    folder = cache.mkdir("handoff")
    assert [path.name.partition("-")[0] for path in folder.iterdir()] == ["parsed"]
    shutil.rmtree(run.path / ".pytest_cache")
    (run.path / ".pytest_cache").write_text("in the way")
    assert shown(run.measure()) == found


@pytest.mark.parametrize("config", ["", "[run]\nsource = app, tests\n"])
def test_tests_count_as_coverage_counts_them(pytester: pytest.Pytester, config: str) -> None:
    """They are in the total where coverage.py has them in its report, and are no code under test wherever the user names them."""
    run = Run(pytester, config=config)
    run.ran("", app_a=[1], tests_t=[1])
    found = run.read()
    assert sorted(found.files) == ["app/a.py", "tests/t.py"]
    assert (found.tests, list(found.code)) == ({"tests/t.py"}, ["app/a.py"])


def test_expected_code_counts_only_in_the_source(pytester: pytest.Pytester) -> None:
    """A file that nobody imported, where coverage.py does not look, is code if it lies with code, and in no total."""
    run = Run(pytester, config="[run]\nsource = app\n")
    run.ran("", app_a=[1, 2])
    run.write("app/sub/b.py")
    run.write("lib/c.py")
    found = run.read(expected=["app/a.py", "app/sub/b.py", "lib/c.py"])
    assert (found.percent, list(found.files), list(found.beside)) == (100.0, ["app/a.py"], ["app/sub/b.py"])
    assert found.code["app/sub/b.py"].missing == {1, 2}


def test_data_with_relative_names_are_read(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under relative_files the names are relative to where pytest was started, wherever a test went since."""
    run = Run(pytester, config="[run]\nrelative_files = true\n")
    run.write("app/a.py")
    run.data.set_context(UNIT_NAME)
    run.data.add_lines({"app/a.py": [1, 2]})
    monkeypatch.chdir(run.path / "app")
    assert run.executed("app/a.py") == {UNIT_NEW: {1, 2}}


def test_what_is_lost_is_told(run: Run) -> None:
    """A run that was not combined is finished first; workers that did not return are named once each."""
    run.ran(UNIT_NAME, app_a=[1])
    finished: list[bool] = []
    run.controller.started = True
    run.controller.finish = lambda: finished.append(True)
    run.controller.failed_workers = [SimpleNamespace(gateway=SimpleNamespace(id=name)) for name in ("gw1", "gw0", "gw1")]
    assert run.read().untidy == (
        "The run ended early: coverage is from the tests that ran.",
        "The coverage of these workers is lost: gw0, gw1.",
    )
    assert finished == [True]


def test_nothing_measured_is_no_measurement(run: Run) -> None:
    """A run in which no code under test ran has no figure."""
    found = read(run.config, CodeTree(run.path, no_tests))
    assert found == NotMeasured("no file of the code under test was measured")


def test_damaged_data_are_no_measurement(run: Run) -> None:
    """What coverage.py cannot read gives a reason, not a crash."""
    run.ran(UNIT_NAME, app_a=[1])

    def finish() -> None:
        raise coverage.CoverageException("the database\nis gone.")

    run.controller.started = True
    run.controller.finish = finish
    found = read(run.config, CodeTree(run.path, no_tests))
    assert found == NotMeasured("coverage.py cannot read its data: the database is gone")
    with pytest.raises(EvidenceProblem, match="cannot be kept"):
        keep(run.config, run.path / "kept")


@pytest.mark.parametrize(
    ("contexts", "config", "why"),
    [
        ([""], "", "no test ran in a context of its kind"),
        (["", "handoff-unknown:some core"], "", "some core"),
        ([UNIT_NAME], "[run]\ndynamic_context = x.y\n", "[run] dynamic_context = x.y does not name tests by their ids"),
    ],
)
def test_why_kinds_are_not_known(pytester: pytest.Pytester, contexts: list[str], config: str, why: str) -> None:
    """Where contexts do not say who ran what, the reason is given and no kind is claimed."""
    run = Run(pytester, config=config)
    for context in contexts:
        run.ran(context, app_a=[1])
    ran = run.measure()
    found = ran.measurement
    assert found.why_no_classes == why
    assert ran.lines.executed("app/a.py") == {}


def test_contexts_by_test_need_someone_who_knows_the_tests(run: Run) -> None:
    """With --cov-context=test the node ids are asked about; phases of unknown tests and other contexts are nobody's."""
    run.config.option.cov_context = "test"
    for context, line in [("t.py::a[x|y]|run", 1), ("t.py::gone|run", 2), ("t.py::a|other", 2), ("", 2)]:
        run.ran(context, app_a=[line])
    assert run.read().why_no_classes == "no test ran in a context of its kind"
    ran = run.measure(classes_of=lambda nodeid: ("unit", "new", False) if nodeid == "t.py::a[x|y]" else None)
    assert ran.lines.executed("app/a.py") == {RunBy(None, "unit", "new", counts=False): {1}}


def test_kept_data_are_added(run: Run) -> None:
    """Kept data name files relative to the rootdir, and two of them add to a later run's own."""
    run.ran(UNIT_NAME, app_a=[1])
    keep(run.config, run.path / "kept")
    keep(run.config, run.path / "kept")
    kept = CoverageData(basename=str(run.path / "kept"))
    kept.read()
    assert kept.measured_files() == {"app/a.py"}
    second = CoverageData(basename=str(run.path / "second"))
    second.set_context(UNIT_NAME)
    second.add_lines({"app/b.py": [2]})
    run.data.erase()
    run.ran("", app_a=[2], app_b=[1])
    ran = run.measure(also=[run.path / "kept", run.path / "second"])
    found = ran.measurement
    assert found.percent == 100.0
    assert ran.lines.executed("app/a.py") == {UNIT_NEW: {1}}
    assert ran.lines.executed("app/b.py") == {UNIT_NEW: {2}}
    ran.lines.close()


def test_earlier_data_that_cannot_be_added_are_told(run: Run) -> None:
    """Data that are gone, damaged or measured otherwise make the figure that of a part."""
    run.ran(UNIT_NAME, app_a=[1])
    branches = CoverageData(basename=str(run.path / "branches"))
    branches.add_arcs({"app/a.py": [(1, 2)]})
    (run.path / "damaged").write_text("no database", encoding="utf-8")
    untidy = run.read(also=[run.path / name for name in ("gone", "branches", "damaged")]).untidy
    assert untidy[0] == "The coverage of an earlier run is gone: gone."
    assert untidy[1].startswith("The coverage of an earlier run could not be added: Can't combine")
    assert untidy[2].startswith("The coverage of an earlier run could not be added: ")
    assert len(untidy) == 3


def test_runs_without_coverage_keep_nothing(pytester: pytest.Pytester) -> None:
    """Where nothing was measured no file is written."""
    config = pytester.parseconfig("--no-cov")
    keep(config, pytester.path / "kept")
    assert not (pytester.path / "kept").exists()


def test_files_of_several_jobs_are_read_together(run: Run) -> None:
    """Kept data are read without a run, by the same rules."""
    run.ran(UNIT_NAME, app_a=[1], tests_t=[1, 2])
    keep(run.config, run.path / "one")
    run.data.erase()
    run.ran(context_name("s", "e2e", "old"), app_a=[2])
    keep(run.config, run.path / "two")
    ran = read_files(
        [SavedData(run.path / name, run.path, f"the part {name!r}") for name in ("one", "two", "three")],
        CodeTree(run.path, in_tests),
        settings=PartCoverage(source=[], tests=[], config_file="theirs", untidy=["One ended early."]),
        config_file=run.path / ".coveragerc",
    )
    assert isinstance(ran, Measured)
    found = ran.measurement
    assert found.percent == 100.0
    assert ran.lines.executed("app/a.py") == {UNIT_NEW: {1}, RunBy("s", "e2e", "old"): {2}}
    ran.lines.close()
    assert found.untidy == ("One ended early.", "The coverage of the part 'three' is gone: three.")


def test_no_files_are_no_measurement(tmp_path: Path) -> None:
    """Without data, or with a configuration that cannot be read, there is no figure."""
    (tmp_path / "rc").write_text("[run]\nbranch = maybe\n", encoding="utf-8")
    for config_file, why in [(None, "no file of the code"), (tmp_path / "rc", "coverage.py cannot read its data")]:
        settings = PartCoverage(source=[], tests=[], config_file=None)
        found = read_files([], CodeTree(tmp_path, no_tests), settings=settings, config_file=config_file)
        assert isinstance(found, NotMeasured)
        assert found.why.startswith(why)


def test_a_run_without_coverage_is_not_measured(pytester: pytest.Pytester) -> None:
    """The reason why nothing was measured is handed on."""
    config = pytester.parseconfig("--no-cov")
    assert read(config, CodeTree(pytester.path, no_tests)) == NotMeasured("--no-cov was given")
