"""What is told of a pytest run in a scratch tree: its tests by their ids from the top of the tree, and what came of each."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from proving_copies import Copies, StandIn

if TYPE_CHECKING:
    from collections.abc import Callable

OUTCOMES = """
import pytest

def test_passes():
    pass

def test_fails():
    assert 1 == 2

def test_is_skipped():
    pytest.skip("not here")

@pytest.mark.xfail
def test_is_expected_to_fail():
    assert False

@pytest.mark.xfail
def test_passes_unexpectedly():
    pass

@pytest.mark.xfail(strict=True)
def test_must_not_pass():
    pass

@pytest.fixture
def broken():
    raise OSError("no room")

def test_cannot_begin(broken):
    pass

@pytest.fixture
def messy():
    yield
    raise ValueError("left over")

def test_cannot_end(messy):
    pass

def test_not_wanted():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Copies]:
    """A function that runs the tests of a file in this process, watched by the probe."""

    def run(text: str, wanted: list[str], *args: str, name: str = "test_it.py", **replaced: Any) -> Copies:
        (pytester.path / "tree" / "sub").mkdir(parents=True)
        copies = Copies(pytester.path, monkeypatch, {"wanted": wanted})
        (copies.tree / "sub" / "pytest.ini").write_text("[pytest]\npythonpath = src .\n", "utf-8")
        (copies.tree / "sub" / name).write_text(text, "utf-8")
        copies.redirect = copies.fake_sitecustomize()
        probe = copies.load("probe")
        vars(probe).update(replaced)
        monkeypatch.chdir(copies.tree / "sub")
        quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:rerunfailures"]  # that one leaves a thread and a socket behind
        copies.result = pytester.inline_run(*quiet, *args, plugins=[probe])
        return copies

    return run


def _told(copies: Copies) -> dict[str, dict[str, Any]]:
    return {fact.pop("test").partition("::")[2]: fact for fact in copies.facts() if "test" in fact}


def test_each_outcome_is_told_with_its_error_and_place(run: Callable[..., Copies]) -> None:
    """A failed setup is an error and so is a failed teardown, whatever the test itself did; what is not wanted does not run."""
    names = [line[4:].partition("(")[0] for line in OUTCOMES.splitlines() if line.startswith("def test_")]
    wanted = [f"sub/test_it.py::{name}" for name in names if name != "test_not_wanted"]

    told = _told(run(OUTCOMES, wanted))

    assert {name: fact["outcome"] for name, fact in told.items()} == {
        "test_passes": "passed", "test_fails": "failed", "test_is_skipped": "skipped", "test_is_expected_to_fail": "xfailed",
        "test_passes_unexpectedly": "xpassed", "test_must_not_pass": "xpassed", "test_cannot_begin": "error",
        "test_cannot_end": "error",
    }  # fmt: skip
    lines = OUTCOMES.splitlines()
    assert told["test_fails"]["error"] == "assert 1 == 2"
    assert told["test_fails"]["place"] == f"sub/test_it.py:{lines.index('    assert 1 == 2') + 1}"
    assert told["test_cannot_begin"]["error"] == "OSError: no room"
    assert told["test_cannot_end"]["error"] == "ValueError: left over"
    assert told["test_passes"] == {"outcome": "passed"}


def test_a_run_is_told_from_its_beginning_to_its_end(run: Callable[..., Copies]) -> None:
    """Each test is named before it runs, and what was imported is told before the first of them."""
    text = "import pytest\n@pytest.mark.parametrize('x', ['a::b', '['])\ndef test_one(x):\n    pass\ndef test_two():\n    pass\n"

    copies = run(text, ["sub/test_it.py::test_one"])

    first, second = ("sub/test_it.py::test_one[a::b]", "sub/test_it.py::test_one[[]")
    assert copies.facts() == [
        {"pythonpath": [f"sub/{copies.tree / 'sub' / 'src'}", f"sub/{copies.tree / 'sub'}"]},
        {"collected": 2}, {"running": first}, {"test": first, "outcome": "passed"}, {"running": second},
        {"test": second, "outcome": "passed"}, {"ended": 0},
    ]  # fmt: skip
    assert copies.redirect.reports == 1
    assert len(copies.result.getcalls("pytest_deselected")) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import nothing_of_that_name\n", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("def broken(:\n", "SyntaxError: invalid syntax"),
        ("raise OSError('cannot read ' + __file__)\n", f"OSError: cannot read {os.path.join('sub', 'test_it.py')}"),  # noqa: PTH118
    ],
)
def test_a_file_that_cannot_be_imported_is_told_with_the_reason(run: Callable[..., Copies], text: str, error: str) -> None:
    """Of a syntax error the message, not the place; paths from the top of the tree."""
    facts = run(text, []).facts()

    assert {"broken": "sub/test_it.py", "error": error} in facts
    assert facts[-1] == {"ended": 2}


def test_a_failing_subtest_fails_its_test(run: Callable[..., Copies]) -> None:
    """The first failure of a subtest is what is told; one that passes is none."""
    text = """
import unittest
class TestIt(unittest.TestCase):
    def test_parts(self):
        for number in (1, 2, 3):
            with self.subTest(number=number):
                self.assertLess(number, 2)
    def test_whole(self):
        with self.subTest(number=1):
            pass
"""
    told = _told(run(text, ["sub/test_it.py::TestIt::test_parts", "sub/test_it.py::TestIt::test_whole"]))

    assert told["TestIt::test_parts"]["outcome"] == "failed"
    assert told["TestIt::test_parts"]["error"] == "AssertionError: 2 not less than 2"
    assert told["TestIt::test_whole"] == {"outcome": "passed"}


def test_a_run_in_the_tree_is_recorded_as_no_session(run: Callable[..., Copies], pytester: pytest.Pytester) -> None:
    """Wherever the option comes from, the run that proves something writes nothing into the tree."""
    copies = run("def test_it():\n    pass\n", ["sub/test_it.py::test_it"], "--handoff", "S1")

    assert _told(copies) == {"test_it": {"outcome": "passed"}}
    assert copies.facts()[-1] == {"ended": 0}
    assert sorted(path.name for path in copies.tree.rglob("*") if path.is_file() and path.suffix != ".pyc") == [
        "pytest.ini", "test_it.py",
    ]  # fmt: skip


def test_a_run_ends_where_the_command_that_started_it_was_killed(run: Callable[..., Copies]) -> None:
    """Before the next test."""
    parents = iter([1, 2])
    system = StandIn(os, getppid=lambda: next(parents))
    text = "def test_one():\n    pass\ndef test_two():\n    pass\n"

    copies = run(text, ["sub/test_it.py::test_one", "sub/test_it.py::test_two"], os=system, _PARENT=1)

    assert list(_told(copies)) == ["test_one"]
    assert copies.facts()[-1] == {"ended": 2}


class _Config:
    """What the watch asks of pytest's configuration."""

    def __init__(self, copies: Copies, *, worker: bool = False) -> None:
        self.rootpath = copies.tree
        self.hook = SimpleNamespace(pytest_deselected=lambda **_: None)
        if worker:
            self.workerinput = {}

    def getini(self, name: str) -> Any:
        raise ValueError(f"unknown configuration value: {name!r}")


@pytest.fixture
def copies(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Copies:
    return Copies(tmp_path, monkeypatch, {"wanted": ["test_it.py::test_it"]})


def _report(when: str, outcome: str, nodeid: str = "test_it.py::test_it") -> pytest.TestReport:
    longrepr: Any = (
        "some text\nE   assert 0" if outcome == "failed" else ("test_it.py", 1, "why") if outcome == "skipped" else None
    )
    return pytest.TestReport(nodeid, ("test_it.py", 1, "test_it"), {}, outcome, longrepr, when)  # type: ignore[arg-type]


def test_a_worker_of_xdist_leaves_the_telling_to_the_one_that_hears_all(copies: Copies) -> None:
    """It keeps the tests that are wanted, and says how many these are."""
    watch = copies.load("probe")._Watch(_Config(copies, worker=True))
    items = [SimpleNamespace(nodeid=f"test_it.py::{name}") for name in ("test_it", "test_other")]

    watch.pytest_runtest_logstart("test_it.py::test_it")
    watch.pytest_runtest_logreport(_report("call", "failed"))
    watch.pytest_runtest_logreport(_report("teardown", "passed"))
    watch.pytest_collectreport(pytest.CollectReport("test_it.py", "failed", "text", []))
    watch.pytest_sessionfinish(1)
    modifying = watch.pytest_collection_modifyitems(items)
    next(modifying)
    next(modifying, None)

    assert [item.nodeid for item in items] == ["test_it.py::test_it"]
    assert copies.facts() == [{"collected": 1}]


@pytest.mark.parametrize(
    ("nodeid", "key"),
    [
        ("test_it.py::test_it@group", "test_it.py::test_it"),
        ("test_it.py::test_it[a@b]", "test_it.py::test_it[a@b]"),
        ("test_it.py::test_it[a@b]@group", "test_it.py::test_it[a@b]"),
        ("at@home/test_it.py::test_it", "at@home/test_it.py::test_it"),
    ],
)
def test_a_group_of_xdist_is_no_part_of_an_id(copies: Copies, nodeid: str, key: str) -> None:
    """An address in a parameter, or in a folder's name, is."""
    watch = copies.load("probe")._Watch(_Config(copies))

    watch.pytest_runtest_logreport(_report("teardown", "passed", nodeid))

    assert copies.facts() == [{"pythonpath": []}, {"test": key, "outcome": "passed"}]


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ([("call", "passed"), ("call", "skipped")], "passed"),
        ([("call", "skipped"), ("call", "passed")], "passed"),
        ([("call", "failed"), ("call", "passed")], "failed"),
        ([("call", "failed"), ("teardown", "failed")], "failed"),
        ([("call", "passed"), ("teardown", "failed")], "error"),
        ([("call", "failed"), ("call", "rerun"), ("call", "passed")], "passed"),
    ],
)
def test_the_worst_of_several_reports_counts(copies: Copies, reports: list[tuple[str, str]], outcome: str) -> None:
    """But for a skip beside a pass, and for an attempt that is made again."""
    watch = copies.load("probe")._Watch(_Config(copies))

    for when, told in reports:
        watch.pytest_runtest_logreport(_report(when, told))
    if reports[-1][0] != "teardown":
        watch.pytest_runtest_logreport(_report("teardown", "passed"))

    assert [fact["outcome"] for fact in copies.facts() if "test" in fact] == [outcome]


def test_a_failure_without_a_place_is_told_without_one(copies: Copies) -> None:
    """A text of another plugin's: the line that is marked as the error, and no more than fits."""
    probe = copies.load("probe")
    watch = probe._Watch(_Config(copies))

    watch.pytest_runtest_logreport(_report("call", "failed"))
    watch.pytest_runtest_logreport(_report("teardown", "passed"))

    assert copies.facts()[-1] == {"test": "test_it.py::test_it", "outcome": "failed", "error": "assert 0", "place": None}
    assert probe._place(SimpleNamespace(path=os.__file__, lineno=3)) is None
    assert probe._error_line(SimpleNamespace(longreprtext="")) == "no message"
    assert probe._error_line(SimpleNamespace(longreprtext="x" * 600)) == "x" * 500


def test_what_cannot_be_encoded_is_told_all_the_same(copies: Copies) -> None:
    """A file that cannot be written to would lose all that comes after."""
    probe = copies.load("probe")
    probe._tell(test="\udc80", outcome="passed")
    assert copies.facts() == [{"test": "\udc80", "outcome": "passed"}]
    assert sys.modules["handoff_probe"] is probe


def test_a_version_without_a_gate_is_kept_from_recording_too(copies: Copies) -> None:
    """The project in the tree may be this one, of another day: no option is set that it does not have."""
    options = SimpleNamespace(handoff="S1", verbose=1)
    copies.load("probe")._forget_session(options)
    assert vars(options) == {"handoff": None, "verbose": 1}
