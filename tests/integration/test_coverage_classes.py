"""Whole runs of pytest: coverage is turned on, each kind of test has its lines, and they are read at the end."""

from __future__ import annotations

import json
import sys
import textwrap

import pytest

WIRING = """
import json
import sys
from pathlib import Path

import pytest
from pytest_handoff.coverage import contexts as coverage_classes
from pytest_handoff.coverage import reading
from pytest_handoff.evidence import measurement as coverage_summary
from pytest_handoff.evidence.measurement import NotMeasured


def pytest_addoption(parser):
    parser.addoption("--also", action="append", default=[])
    parser.addoption("--expected", action="append", default=[])
    parser.addoption("--keep")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config):
    coverage_classes.before_conftests(early_config)
    return (yield)


def kind(nodeid):
    name = nodeid.rpartition("::")[2].partition("[")[0]
    return "old" if name.startswith("test_old") else "new", "e2e" if "e2e" in name else "unit"


def pytest_configure(config):
    config.pluginmanager.register(coverage_classes.ContextSwitcher("s-1", lambda item: kind(item.nodeid)))


def classes_of(nodeid):
    return (*reversed(kind(nodeid)), "xfail" not in nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    config = session.config
    if hasattr(config, "workerinput"):
        return
    tree = reading.CodeTree(
        config.rootpath, lambda path, sources: Path(path).name.startswith(("test_", "conftest")), config.option.expected)
    measured = reading.read(config, tree, classes_of=classes_of, also=[Path(path) for path in config.option.also])
    if config.option.keep:
        reading.keep(config, Path(config.option.keep))
    if isinstance(measured, NotMeasured):
        result = {"why": measured.why}
    else:
        measured, lines_of = measured.measurement, measured.lines
        result = {
            "percent": measured.percent, "branch_percent": measured.branch_percent,
            "why_no_classes": measured.why_no_classes, "untidy": measured.untidy, "notes": measured.notes,
            "files": {path: sorted(file.statements) for path, file in measured.files.items()},
            "missing": {path: sorted(file.missing) for path, file in measured.files.items()},
            "beside": {path: sorted(file.missing) for path, file in measured.beside.items()},
            "executed": {path: {f"{by.tier} {by.age}{'' if by.counts else ' xfail'}": sorted(lines)
                for by, lines in lines_of.executed(path).items() if lines} for path in measured.files},
            "covered": coverage_summary.summarise(measured).covered,
        }
    Path("result.json").write_text(json.dumps(result))
"""

APP = """\
def unit_old():
    return 1


def unit_new(flag=True):
    if flag:
        return 2
    return 3


def e2e():
    return 4


def nobody():
    return 5
"""

TESTS = """\
import pytest
from app import code


def test_old_unit():
    assert code.unit_old() == 1


def test_new_unit():
    assert code.unit_new() == 2


def test_new_e2e():
    assert code.e2e() == 4


def test_old_again():
    assert code.unit_old() == 1
"""

EXECUTED = {"unit old": [2], "unit new": [6, 7], "e2e new": [12]}


class Project:
    """A small project whose runs are wired as the plugin wires them."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.write(".wiring/wiring.py", WIRING)
        self.write("app/__init__.py", "")
        self.write("app/code.py", APP)
        self.write("tests/test_app.py", TESTS)
        self.write("pytest.ini", "[pytest]\npythonpath = .\nfilterwarnings = error\nmarkers = e2e\n")

    def write(self, path: str, text: str) -> None:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")

    def run(self, *args: str, code: int = 0) -> dict:
        """Run pytest in a process of its own; gives what the wiring read."""
        (self.path / "result.json").unlink(missing_ok=True)
        self.outcome = self.pytester.runpytest_subprocess("-p", "no:handoff", "-p", "wiring", "-p", "no:cacheprovider", *args)
        assert self.outcome.ret == code, self.outcome.outlines
        return json.loads((self.path / "result.json").read_text())


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START", "COVERAGE_CORE", "COVERAGE_FILE", "COVERAGE_RCFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path / ".wiring"))
    return Project(pytester)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["serial", "xdist"])
@pytest.mark.parametrize("branches", [(), ("--cov-branch",)], ids=["lines", "branches"])
def test_each_kind_of_test_has_its_own_lines(project: Project, workers: tuple[str, ...], branches: tuple[str, ...]) -> None:
    """A run that names no source measures the top-level package and keeps the kinds of tests apart."""
    result = project.run(*workers, *branches)
    assert result["executed"]["app/code.py"] == EXECUTED
    assert result["missing"] == {"app/__init__.py": [], "app/code.py": [8, 16]}
    assert result["why_no_classes"] is None
    assert (result["untidy"], result["notes"]) == ([], [])
    # 8 of 10 statements ran, and 1 of 2 branches where branches are measured.
    assert result["percent"] == (75.0 if branches else 80.0)
    assert result["branch_percent"] == (50.0 if branches else None)
    assert "tests coverage" not in project.outcome.stdout.str()


@pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon"])
def test_every_core_of_coverage_gives_the_same_lines(project: Project, monkeypatch: pytest.MonkeyPatch, core: str) -> None:
    """The sets of lines do not depend on how coverage.py listens."""
    if core == "sysmon" and not hasattr(sys, "monitoring"):
        pytest.skip("this Python has no sys.monitoring")
    monkeypatch.setenv("COVERAGE_CORE", core)
    result = project.run()
    assert result["executed"]["app/code.py"] == EXECUTED
    assert result["why_no_classes"] is None


def test_per_test_contexts_of_the_user_are_used(project: Project) -> None:
    """With --cov-context=test nothing is switched: the node ids in the contexts say what ran."""
    project.write(".coveragerc", "[run]\ncontext = shard|1\ncore = ctrace\n")
    result = project.run("--cov=app", "--cov-context=test", "--cov-report=")
    assert result["executed"]["app/code.py"] == EXECUTED
    assert result["why_no_classes"] is None


def test_a_static_context_of_the_user_does_not_hide_the_kinds(project: Project) -> None:
    """coverage.py puts the configured context in front of ours."""
    project.write(".coveragerc", "[run]\ncontext = shard1\n")
    assert project.run()["executed"]["app/code.py"] == EXECUTED


def test_dynamic_contexts_of_the_user_are_left_alone(project: Project) -> None:
    """Under dynamic_context=test_function it is not known which kind of test ran a line, and the reason is given."""
    project.write(".coveragerc", "[run]\ndynamic_context = test_function\n")
    result = project.run("-W", "ignore")
    assert "dynamic_context = test_function" in result["why_no_classes"]
    assert result["missing"]["app/code.py"] == [8, 16]


def test_a_test_without_coverage_is_no_obstacle(project: Project) -> None:
    """While the no_cover marker pauses coverage, nothing runs in any context, and the next test is measured again."""
    project.write("tests/test_app.py", TESTS.replace("def test_new_unit", "@pytest.mark.no_cover\ndef test_new_unit"))
    result = project.run("-W", "ignore")
    assert result["executed"]["app/code.py"] == {"unit old": [2], "e2e new": [12]}


def test_tests_marked_xfail_do_not_count(project: Project) -> None:
    """An expected failure runs lines in a context of its own."""
    project.write("tests/test_app.py", TESTS.replace("def test_new_unit", "@pytest.mark.xfail\ndef test_new_unit") + "\n")
    assert project.run()["executed"]["app/code.py"] == {"unit old": [2], "unit new xfail": [6, 7], "e2e new": [12]}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["serial", "xdist"])
@pytest.mark.parametrize("end", ["-x", "interrupt", "exit"])
def test_a_run_that_ends_early_keeps_its_coverage(project: Project, workers: tuple[str, ...], end: str) -> None:
    """pytest-cov forgets the data of a run that is ended; they are saved, and the run is called untidy."""
    body = {"-x": "assert 0", "interrupt": "raise KeyboardInterrupt", "exit": "pytest.exit('enough')"}[end]
    project.write("tests/test_app.py", TESTS.replace("    assert code.e2e() == 4", f"    code.e2e()\n    {body}"))
    code = {"-x": 2 if workers else 1, "interrupt": 2, "exit": 2}[end]
    result = project.run(*workers, *(["-x"] if end == "-x" else []), code=code)
    assert result["untidy"][0] == "The run ended early: coverage is from the tests that ran."
    if not workers:
        assert result["executed"]["app/code.py"] == EXECUTED


def test_the_worker_that_crashed_is_named(project: Project) -> None:
    """A crashed worker takes its coverage with it."""
    crash = "    import os\n    code.e2e()\n    os._exit(1)"
    project.write("tests/test_app.py", TESTS.replace("    assert code.e2e() == 4", crash))
    result = project.run("-n", "1", code=1)
    assert result["untidy"] == ["The coverage of these workers is lost: gw0."]


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["serial", "xdist"])
def test_child_processes_run_in_the_context_of_their_test(project: Project, workers: tuple[str, ...]) -> None:
    """With [run] patch = subprocess a command's lines belong to the kind of the test that started it."""
    project.write(".coveragerc", "[run]\nsource = app\npatch = subprocess\n")
    project.write(
        "tests/test_app.py",
        """\
        import subprocess, sys

        def test_old_unit():
            subprocess.run([sys.executable, "-c", "from app import code; code.unit_old()"], check=True)

        def test_new_e2e():
            subprocess.run([sys.executable, "-c", "from app import code; code.e2e()"], check=True)
        """,
    )
    executed = project.run(*workers)["executed"]["app/code.py"]
    # Every child imports the module anew, so the headers of its functions are in both.
    assert executed == {"unit old": [1, 2, 5, 11, 15], "e2e new": [1, 5, 11, 12, 15]}


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--no-cov",), "--no-cov was given"),
        (("--cov=app", "--no-cov"), "--no-cov was given"),
        (("-p", "no:cov"), "pytest-cov was not active in this run"),
    ],
)
def test_coverage_that_is_off_is_not_measured(project: Project, args: tuple[str, ...], why: str) -> None:
    """Whoever turns coverage off gets no figure, and the reason."""
    assert project.run(*args) == {"why": why}


def test_coverage_run_is_read_where_it_stands(project: Project) -> None:
    """Under ``coverage run -m pytest`` pytest-cov stays off, and the running measurement is switched and read."""
    outcome = project.pytester.run(
        sys.executable, "-m", "coverage", "run", "--source=app", "-m", "pytest", "-p", "no:handoff", "-p", "wiring"
    )
    assert outcome.ret == 0
    result = json.loads((project.path / "result.json").read_text())
    assert result["executed"]["app/code.py"] == EXECUTED


def test_an_earlier_run_on_the_same_tree_adds_up(project: Project) -> None:
    """Data that one run kept are added to the next one's."""
    project.run("-k", "unit", "--keep=kept.data")
    project.run("-k", "old_unit", "--keep=kept.data", "--also=kept.data")
    result = project.run("-k", "e2e", "--also=kept.data")
    assert result["executed"]["app/code.py"] == {"unit old": [2], "e2e new": [12]}


MANY_WAYS = """\
import asyncio
from contextlib import contextmanager


def way(n):
    seen = []
    for i in range(n):
        if i % 3 == 1:
            continue
        if i % 5 == 4:
            seen.append(i)
            break
        try:
            if n % 4 == 3:
                raise ValueError(i)
            seen.append(-i)
        except ValueError as error:
            seen += [str(error)]
        finally:
            n += 0
    else:
        seen.append("whole")
    match n % 3:
        case 0:
            return seen
        case 1 if n > 4:
            return [x for x in seen if x]
    with held(n) as kept:
        if kept > 5:
            return seen
        return asyncio.run(later(kept))


@contextmanager
def held(n):
    if n % 2:
        yield n
    else:
        yield (
            n
            + 5
        )
    n -= 1


async def later(n):
    return [x async for x in steps(n)] if n else (lambda: None)()


async def steps(n):
    while n:
        n -= 1
        if n == 3: continue
        yield n
"""

MANY_TESTS = """\
import pytest
from app import ways


@pytest.mark.parametrize("n", [7, 3, 0, 12, 4, 8])
def test_old_unit(n):
    ways.way(n)


@pytest.mark.parametrize("n", [2, 7, 5, 11, 1])
def test_new_unit(n):
    ways.way(n)


@pytest.mark.parametrize("n", [9, 2, 10])
def test_new_e2e(n):
    ways.way(n)


def test_old_unit_again():
    ways.way(6)
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has no sys.monitoring")
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--cov-branch",),
        # coverage.py warns that such contexts may be incomplete on this core; they are made whole.
        ("--cov=app", "--cov-context=test", "--cov-report=", "-W", "ignore"),
    ],
    ids=["lines", "branches", "per test"],
)
def test_sysmon_hears_what_ctrace_hears(project: Project, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    """The sets are the same although sysmon hears of a line once, and with branches joins lines heard one after the other."""
    if "--cov-branch" in options and sys.version_info < (3, 14):
        pytest.skip("coverage.py measures branches by sys.monitoring from Python 3.14 on")
    project.write("app/ways.py", MANY_WAYS)
    project.write("tests/test_ways.py", MANY_TESTS)
    results = {}
    for core in ("ctrace", "sysmon"):
        monkeypatch.setenv("COVERAGE_CORE", core)
        results[core] = project.run(*options)
    assert results["sysmon"]["executed"] == results["ctrace"]["executed"]
    assert results["sysmon"] == results["ctrace"]


def test_sysmon_is_asked_for_branches_where_it_cannot(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """coverage.py falls back to another core there, and the sets are exact."""
    monkeypatch.setenv("COVERAGE_CORE", "sysmon")
    assert project.run("--cov-branch", "-W", "ignore")["why_no_classes"] is None


def test_code_that_nobody_imported_is_missing(project: Project) -> None:
    """Beside the files of coverage.py's report also one in a folder without __init__.py, where it does not look by itself."""
    project.write("app/lost.py", "x = 1\n")
    project.write("app/plain/lost.py", "x = 1\n")
    project.write("other/lost.py", "x = 1\n")
    expected = [f"--expected={path}" for path in ("app/code.py", "app/plain/lost.py", "other/lost.py")]
    result = project.run(*expected)
    assert [path for path, missing in result["missing"].items() if missing == [1]] == ["app/lost.py"]
    assert result["beside"] == {"app/plain/lost.py": [1]}


def test_a_threshold_that_nobody_asked_for_decides_nothing(project: Project) -> None:
    """Coverage that was turned on by itself does not let the configured fail_under fail the run."""
    project.write(".coveragerc", "[report]\nfail_under = 100\n")
    assert project.run()["percent"] == 80.0
    assert project.run("--cov=app", "--cov-report=", code=1)["percent"] == 80.0


def test_the_user_s_options_stay(project: Project) -> None:
    """A source from the configuration, reports and appended data are the user's; of other contexts nothing is taken."""
    project.write(".coveragerc", "[run]\nsource = app, tests\n")
    result = project.run("--cov-report=xml:out.xml", "-k", "e2e")
    assert sorted(result["files"]) == ["app/__init__.py", "app/code.py", "tests/test_app.py"]
    assert (project.path / "out.xml").is_file()
    result = project.run("--cov-append", "-k", "old_unit")
    assert result["executed"]["app/code.py"] == {"unit old": [2], "e2e new": [12]}


def test_a_run_from_a_folder_below_measures_the_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chosen source is the rootdir's, wherever pytest was started."""
    monkeypatch.chdir(project.path / "tests")
    result_file = project.path / "tests" / "result.json"
    outcome = project.pytester.runpytest_subprocess("-p", "no:handoff", "-p", "wiring", "-p", "no:cacheprovider")
    assert outcome.ret == 0
    assert json.loads(result_file.read_text())["executed"]["app/code.py"] == EXECUTED


def test_a_switch_happens_only_where_the_kind_changes(project: Project) -> None:
    """Tests of one kind in a row cost one switch."""
    project.write(
        "tests/conftest.py",
        """
        from pathlib import Path

        import coverage

        switch = coverage.Coverage.switch_context

        def counted(self, name):
            with Path("switches").open("a") as file:
                print(name, file=file)
            return switch(self, name)

        coverage.Coverage.switch_context = counted
        """,
    )
    project.write("tests/test_app.py", TESTS.replace("def test_new_unit", "def test_old_other"))
    project.run()
    assert (project.path / "switches").read_text().splitlines() == [
        "handoff:s-1:unit:old",
        "handoff:s-1:e2e:new",
        "handoff:s-1:unit:old",
    ]


def test_code_of_fixtures_belongs_to_the_test_that_needed_them_first(project: Project) -> None:
    """Setup runs in the context of its test, also for a fixture of the whole session."""
    project.write(
        "tests/conftest.py",
        "import pytest\nfrom app import code\n\n@pytest.fixture(scope='session')\ndef made():\n    return code.nobody()\n",
    )
    project.write("tests/test_app.py", TESTS.replace("def test_new_e2e()", "def test_new_e2e(made)"))
    assert project.run()["executed"]["app/code.py"] == {**EXECUTED, "e2e new": [12, 16]}
