"""Whole runs of pytest: coverage is turned on, each kind of test has its lines, and they are read at the end."""

from __future__ import annotations

import json
import textwrap

import pytest

WIRING = '''
import json
from pathlib import Path

import pytest
from pytest_handoff import coverage_classes, coverage_data, coverage_summary
from pytest_handoff.measurement import NotMeasured


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
    measured = coverage_data.read(
        config, root=config.rootpath, is_test=lambda path: Path(path).name.startswith(("test_", "conftest")),
        classes_of=classes_of, also=[Path(path) for path in config.option.also], expected=config.option.expected)
    if config.option.keep:
        coverage_data.keep(config, Path(config.option.keep))
    if isinstance(measured, NotMeasured):
        result = {"why": measured.why}
    else:
        result = {
            "percent": measured.percent, "branch_percent": measured.branch_percent,
            "why_no_classes": measured.why_no_classes, "untidy": measured.untidy, "notes": measured.notes,
            "files": {path: sorted(file.statements) for path, file in measured.files.items()},
            "missing": {path: sorted(file.missing) for path, file in measured.files.items()},
            "executed": {path: {f"{by.tier} {by.age}{'' if by.counts else ' xfail'}": sorted(lines)
                for by, lines in sorted(file.executed.items()) if lines} for path, file in measured.files.items()},
            "covered": coverage_summary.summarise(measured).covered,
        }
    Path("result.json").write_text(json.dumps(result))
'''

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
