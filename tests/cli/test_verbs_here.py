"""What verbs say of sessions with failing, flaky, lost and skipped tests; whole runs and verbs in the test's own process."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from runs_here import PASSES, RunsHere

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = PASSES + "\n\ndef test_lost():\n    pass\n\n\ndef test_skipped():\n    pass\n\n\ndef test_fails():\n    pass\n"
SECOND = """
import pytest
calls = []

def test_x():
    calls.append(1)
    assert len(calls) > 1

@pytest.mark.skip(reason="not now")
def test_skipped():
    pass

def test_fails(record_property):
    record_property("log", "out/log.txt")
    record_property("far", "kept/far.txt")
    print("printed")
    assert 1 == 2

@pytest.fixture
def broken():
    raise OSError("no room")

def test_error(broken):
    pass

@pytest.mark.xfail
def test_late():
    assert 0
"""
AGAIN = """
    from _pytest.runner import runtestprotocol

    def pytest_runtest_protocol(item, nextitem):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if item.name == "test_x" and any(report.failed for report in reports):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        return True
"""


@pytest.fixture
def runs(pytester: pytest.Pytester, plain_git: Callable[..., str]) -> RunsHere:
    """Two sessions; in the second one some tests fail, are skipped, are lost or need two attempts."""
    found = RunsHere(pytester, plain_git)
    found.write({"test_a.py": FIRST, ".gitignore": ".pytest_cache/\nout/\nkept/\n"})
    found.pytest()
    found.commit()
    found.write({"test_a.py": SECOND, "conftest.py": AGAIN, "out/log.txt": "log", "kept/far.txt": "far"})
    assert found.pytest(session="session-2").code == 1
    found.commit()
    return found


def test_the_page_and_the_exports(runs: RunsHere) -> None:
    """Each failing test with what it said and what it left; a flaky one with its session, a lost one with what it was."""
    assert runs.handoff("report", "session-2", "--output", "page.html").code == 0
    page = (runs.folder / "page.html").read_text("utf-8")
    for told in ("test_a.py::test_fails", "printed", "out/log.txt", "flaky since session-2", "test_a.py::test_lost", "no room"):
        assert told in page

    done = runs.handoff("export", "junit", "session-2")
    cases = {case.get("name"): [child.tag for child in case] for case in ET.fromstring(done.out).iter("testcase")}  # noqa: S314 - our own
    assert "failure" in cases["test_fails"]
    assert "error" in cases["test_error"]
    assert "skipped" in cases["test_skipped"]
    tests = {test["name"]: test for test in json.loads(runs.handoff("export", "ctrf", "session-2").out)["results"]["tests"]}
    assert any("test_fails" in name and test["status"] == "failed" for name, test in tests.items())
    assert any(test.get("flaky") for test in tests.values())
    found = json.loads(runs.handoff("export", "sarif", "session-2").out)["runs"][0]["results"]
    assert any("test_fails" in str(result) for result in found)


@pytest.mark.parametrize("edited", [False, True], ids=["fresh", "stale"])
def test_the_page_reads_the_tree_once(runs: RunsHere, monkeypatch: pytest.MonkeyPatch, *, edited: bool) -> None:
    """It takes git as long as all the rest; the page lies where no tree has it."""
    if edited:
        runs.write({"test_a.py": PASSES})
    tree, times = import_module("pytest_handoff.project.tree"), list[int]()
    read = tree.read_work_tree
    monkeypatch.setattr(tree, "read_work_tree", lambda *args, **options: times.append(1) or read(*args, **options))
    assert runs.handoff("report", "session-2").code == 0
    assert len(times) == 1
    assert ("ran on another tree" in (runs.folder / "handoffs/report/session-2.html").read_text("utf-8")) == edited


def test_what_is_shown(runs: RunsHere) -> None:
    """In words and as data; of a test that is not there any more, too."""
    assert runs.handoff("show", "session-2").code == 0
    assert json.loads(runs.handoff("show", "session-2", "--json").out)["tests"]
    life = runs.handoff("history", "test_lost")
    assert (life.code, "session-1" in life.out) == (0, True)
    steps = json.loads(runs.handoff("next", "session-2", "--json").out)["steps"]
    names = {
        kind: [name for step in steps if step["kind"] == kind for name in step["names"]] for kind in ("failures", "regression")
    }
    assert names["failures"] == ["test_a.py::test_error", "test_a.py::test_fails"]
    assert sorted(names["regression"]) == ["test_a.py::test_lost", "test_a.py::test_skipped"]
    said = runs.handoff("comment", "session-2")
    assert "test_fails" in said.out
    gate = runs.handoff("gate", "session-2")
    assert gate.code == 1


def test_the_gate_names_a_lost_test_once(runs: RunsHere) -> None:
    """Where a line of the checklist asks for what the gate asks of every session; the line is there, with its figure."""
    runs.write({"handoffs/session-2.md": "# Two\n\n## Final Checklist\n\n- [ ] All previous tests still pass\n"})
    runs.pytest(session="session-2")
    gate = runs.handoff("gate", "session-2")
    assert gate.out.count("test_a.py::test_lost") == 1
    assert "All previous tests still pass: 1/4 still pass, as above\n" in gate.out
    table = json.loads(runs.handoff("gate", "session-2", "--json").out)
    assert sum("test_a.py::test_lost" in reason["message"] for reason in table["reasons"]) == 2


def test_what_can_be_pruned(runs: RunsHere) -> None:
    """It is shown before it is removed; what the next session is compared with stays."""
    first = runs.folder / "handoffs/evidence/session-1/sources.jsonl"
    assert "nothing to remove" in runs.handoff("prune").out
    runs.write({"test_a.py": PASSES})
    runs.pytest(session="session-3")
    shown = runs.handoff("prune", "--dry-run")
    assert ("session-1/sources.jsonl: would be removed" in shown.out, first.exists()) == (True, True)
    done = runs.handoff("prune")
    assert ("session-1/sources.jsonl: removed" in done.out, first.exists()) == (True, False)
    assert "the new code of session-2 could not be measured again by a run" in done.out
    assert (runs.folder / "handoffs/evidence/session-2/sources.jsonl").exists()
