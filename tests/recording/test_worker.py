"""An xdist worker's share of a run: which tests are new, and what it registers, as the controller tells it."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from builders import collection_of, earlier_of
from pytest_handoff.config import KnownFailure
from pytest_handoff.coverage.apart import MeasuredHere, SafeEnd
from pytest_handoff.coverage.contexts import ContextSwitcher
from pytest_handoff.evidence.ledger import trace_collected
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.sessions import Parents, files_to_trace
from pytest_handoff.record import SourceLine
from pytest_handoff.recording import worker
from pytest_handoff.recording.collection import COLLECTION, Collector
from pytest_handoff.recording.faults import Faults
from pytest_handoff.recording.worker import INPUT, NewOrOld, Refusals, join
from pytest_handoff.run import Collection

if TYPE_CHECKING:
    from pathlib import Path

EARLIER = "unit a.py::old passed\nunit a.py::edited passed"


class Items:
    """Takes the collector's place: an item is its id."""

    def test_of(self, item: str) -> str:
        return item

    def tier_of(self, item: str) -> str:
        return "e2e" if item.startswith("e2e") else "unit"


def ages(*known: KnownFailure) -> Any:
    return NewOrOld("session-2", Items(), known)  # type: ignore[arg-type]


def test_what_is_new_is_known_when_all_is_collected(tmp_path: Path) -> None:
    """Until then each test may be; then those of earlier sessions are old, unless this one changed them."""
    kind = ages()
    assert [kind(item) for item in ("a.py::old", "e2e.py::x")] == [("new", "unit"), ("new", "e2e")]
    earlier = earlier_of(EARLIER)
    tests = collection_of("unit a.py::old passed\nunit a.py::edited passed\nunit a.py::new passed").tests
    lineage = trace_collected(earlier, tests, ["a.py"], {}, files_to_trace(open_project(tmp_path), ()))
    changed: Any = lambda test, _before: test.endswith("edited")  # noqa: E731
    kind.know(earlier, lineage, changed)
    assert [kind(f"a.py::{name}") for name in ("old", "edited", "new")] == [("old", "unit"), ("new", "unit"), ("new", "unit")]


@pytest.mark.parametrize(("until", "may"), [(None, True), ("2026-05-03", True), ("2026-05-02", True), ("2026-05-01", False)])
def test_known_failures(monkeypatch: pytest.MonkeyPatch, until: str | None, *, may: bool) -> None:
    """What a test runs that may fail proves nothing, up to the last day on which it may."""
    monkeypatch.setattr(worker, "datetime", SimpleNamespace(now=lambda zone: datetime(2026, 5, 2, tzinfo=zone)))
    kind = ages(KnownFailure(test="*::old", reason="later", until=until), KnownFailure(test="*::other", reason="later"))
    assert [kind.may_fail(test) for test in ("a.py::old", "a.py::other", "a.py::new")] == [may, True, False]
    assert not ages().may_fail("a.py::old")


class Config:
    """The configuration of a worker, as far as it is asked."""

    def __init__(self, folder: Path, given: dict[str, object] | None, *, cov: bool) -> None:
        self.workerinput = {"workerid": "gw0", INPUT: given} if given is not None else {"workerid": "gw0"}
        self.workeroutput: dict[str, object] = {}
        self.registered: dict[str, object] = {}
        self.pluginmanager = SimpleNamespace(
            hasplugin=lambda name: cov and name == "pytest_cov",
            get_plugin=lambda _: None,
            register=lambda plugin, name: self.registered.update({name: plugin}),
        )
        self.rootpath, self.inipath, self.args = folder, None, []
        self.invocation_params = SimpleNamespace(dir=folder, args=())
        self.option, self.stash = SimpleNamespace(), pytest.Stash()

    def getoption(self, _: str, default: object = None) -> object:
        return default

    def getini(self, _: str) -> list[str]:
        return []


def joined(folder: Path, *, cov: bool, **changes: object) -> tuple[Config, Faults]:
    """Let a worker join the run in a project of this folder."""
    (folder / "spool").mkdir(exist_ok=True)
    given: dict[str, object] = {
        "spool": str(folder / "spool"), "folder": str(folder), "session": "session-1", "parents": [], "renames": {}, "nonce": "n",
    }  # fmt: skip
    config, faults = Config(folder, given | changes, cov=cov), Faults()
    join(config, faults)  # type: ignore[arg-type]
    return config, faults


@pytest.mark.parametrize("cov", [False, True])
def test_what_a_worker_registers(repository: Path, *, cov: bool) -> None:
    """It collects, and where coverage is measured, keeps kinds of tests and the data of the run apart."""
    config, faults = joined(repository, cov=cov)
    assert (faults.defects, faults.problems) == ([], [])
    measuring = {"handoff-data": MeasuredHere, "handoff-end-of-data": SafeEnd, "handoff-contexts": ContextSwitcher}
    kinds = {name: type(plugin) for name, plugin in config.registered.items()}
    assert kinds == {"handoff-refusals": Refusals, "handoff-collector": Collector} | (measuring if cov else {})


@pytest.mark.parametrize("cov", [False, True])
def test_what_a_worker_collected(repository: Path, *, cov: bool) -> None:
    """The controller finds it in the spool; then the worker knows which tests are new."""
    config, faults = joined(repository, cov=cov)
    collector: Any = config.registered["handoff-collector"]
    collection = collection_of("unit a.py::x passed")
    with faults:
        collector._done(collection)
    assert faults.defects == []
    assert msgspec.json.decode((repository / "spool" / COLLECTION).read_bytes(), type=Collection) == collection
    if cov:
        switcher: Any = config.registered["handoff-contexts"]
        assert switcher._age_and_tier._lineage is not None


def test_a_worker_that_is_told_nothing(tmp_path: Path) -> None:
    """The controller has noted why."""
    config = Config(tmp_path, None, cov=True)
    join(config, Faults())  # type: ignore[arg-type]
    assert config.registered == {}


def test_a_worker_that_fails_tells_the_controller(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the spool, or where that is gone, in what it sends when it ends; the tests go on."""
    monkeypatch.setattr(worker, "register", lambda *_: 1 / 0)
    config, faults = joined(repository, cov=False)
    (told,) = (repository / "spool").iterdir()
    assert msgspec.json.decode(told.read_bytes()) == {"defects": faults.defects, "problems": []}
    assert "ZeroDivisionError" in faults.defects[0]
    assert config.workeroutput == {}
    config, faults = joined(repository, cov=False, spool=str(repository / "none"))
    assert config.workeroutput == {"handoff": {"defects": faults.defects, "problems": []}}


def test_tests_that_a_session_changed(repository: Path) -> None:
    """A file is read in the project; one that is not there has no tests that changed."""
    project = open_project(repository)
    (repository / "a.py").write_text("def test_x():\n    assert 1\n")
    was = {name: SourceLine(path=name, blob="", lines=hash_lines(b"def test_x():\n    assert 2\n")) for name in ("a.py", "b.py")}
    changed = worker.changed_tests(project, Parents(sources=(was,)), {})
    assert changed("a.py::test_x", "a.py::test_x")
    assert not changed("b.py::test_x", "b.py::test_x")
