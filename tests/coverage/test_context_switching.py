"""Coverage is turned on where nobody did, and told of each change of kind: against stand-ins for coverage.py."""

from __future__ import annotations

import os
import sys
import warnings
from multiprocessing import spawn
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import coverage
from pytest_handoff.coverage.apart import RunData, whole_run
from pytest_handoff.coverage.contexts import ContextSwitcher, before_conftests, running_coverage
from pytest_handoff.coverage.sources import CHOSEN
from pytest_handoff.coverage.switching import UNKNOWN_CORE, Children, hear
from pytest_handoff.evidence.measurement import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Cov:
    """Takes coverage.py's place and notes what it is told."""

    def __init__(self, **options: object) -> None:
        self.options = options
        self.switched: list[str] = []
        self.config = SimpleNamespace(context=options.get("context"), serialize=lambda: f"config {self.config.context}")
        self._collector: Any = None
        self._core = SimpleNamespace(tracer_class=type(str(options.get("core", "CTracer")), (), {}))

    def get_option(self, name: str) -> object:
        return self.config.context if name == "run:context" else self.options.get(name.removeprefix("run:"))

    def set_option(self, name: str, value: object) -> None:
        assert name == "run:context"
        self.config.context = value

    def get_data(self) -> object:
        return "data"

    def switch_context(self, name: str) -> None:
        if self.options.get("core") == "SysMonitor":
            warnings.warn("Dynamic contexts aren't supported with core=sysmon", coverage.exceptions.CoverageWarning, 2)
        self.switched.append(name)


class Config:
    """A configuration with pytest-cov's plugin in it."""

    def __init__(self, cov: Cov | None, *, started: bool = True, **options: object) -> None:
        self.controller = SimpleNamespace(cov=cov, started=started)
        plugin = None if cov is None else SimpleNamespace(cov_controller=self.controller)
        self.pluginmanager = SimpleNamespace(get_plugin=lambda name: plugin if name == "_cov" else None)
        self.option = SimpleNamespace(**options)
        self.stash = pytest.Stash()


def run_items(config: Config, *kinds: str) -> None:
    """Run tests of the given kinds, such as ``new unit`` or ``old e2e xfail``."""
    switcher = ContextSwitcher("s", lambda item: tuple(item.kind.split()[:2]))
    for kind in kinds:
        item: Any = SimpleNamespace(
            kind=kind, config=config, get_closest_marker=lambda name, kind=kind: True if name in kind.split() else None
        )
        protocol = switcher.pytest_runtest_protocol(item)
        next(protocol)
        with pytest.raises(StopIteration) as end:
            protocol.send("result")
        assert end.value.value == "result"
    switcher.pytest_unconfigure()


def test_it_switches_where_the_kind_changes() -> None:
    """Neighbours of one kind share a context."""
    cov = Cov()
    run_items(Config(cov), "new unit", "new unit", "old unit", "old unit xfail", "old unit xfail", "new e2e")
    assert cov.switched == ["handoff:s:unit:new", "handoff:s:unit:old", "handoff:s:unit:old:xfail", "handoff:s:e2e:new"]


def test_a_paused_measurement_is_not_switched() -> None:
    """What is paused cannot be switched; the switch comes with the next test that is measured."""
    cov = Cov()
    config = Config(cov, started=False)
    run_items(config, "new unit")
    assert cov.switched == []
    config.controller.started = True
    run_items(config, "new unit")
    assert cov.switched == ["handoff:s:unit:new"]


@pytest.mark.parametrize(("cov", "options"), [(Cov(), {"cov_context": "test"}), (Cov(dynamic_context="test_function"), {})])
def test_the_user_s_contexts_are_left_alone(cov: Cov, options: dict[str, object]) -> None:
    """Whoever has contexts of their own keeps them."""
    run_items(Config(cov, **options), "new unit", "old unit")
    assert cov.switched == []


@pytest.mark.parametrize(
    ("branch", "known", "name"),
    [
        (False, False, "handoff:s:unit:new"),
        (True, True, "handoff:s:unit:new"),
        (True, False, "handoff-unknown:" + UNKNOWN_CORE.replace("'", "%27")),
    ],
)
def test_sysmon_hears_of_everything_again(monkeypatch: pytest.MonkeyPatch, *, branch: bool, known: bool, name: str) -> None:
    """A core that hears of a line once must hear of it again, and not join it to one of before; else that is said."""
    restarted: list[bool] = []
    monkeypatch.setattr(sys, "monitoring", SimpleNamespace(restart_events=lambda: restarted.append(True)), raising=False)
    cov = Cov(core="SysMonitor", branch=branch)
    heard = SimpleNamespace(last_line=3)
    cov._collector = SimpleNamespace(tracers=[SimpleNamespace(code_infos={1: heard}) if known else SimpleNamespace()])
    run_items(Config(cov), "new unit")
    assert (cov.switched, restarted, heard.last_line) == ([name], [True], None if known else 3)


@pytest.mark.parametrize(
    ("patch", "static", "context", "environment"),
    [
        (["subprocess"], None, "handoff:s:unit:old", "config handoff:s:unit:old"),
        (["subprocess"], "shard", "shard|handoff:s:unit:old", "config shard|handoff:s:unit:old"),
        (["fork"], None, "handoff:s:unit:old", "as it was"),
        (["_exit"], None, None, "as it was"),
        (None, None, None, "as it was"),
    ],
)
def test_children_are_told(
    monkeypatch: pytest.MonkeyPatch,
    patch: list[str] | None,
    static: str | None,
    context: str | None,
    environment: str,
) -> None:
    """A child process that coverage.py measures gets the context of the test that started it, the user's in front."""
    monkeypatch.setenv("COVERAGE_PROCESS_CONFIG", "as it was")
    cov = Cov(patch=patch, context=static)
    run_items(Config(cov), "new unit", "old unit")
    assert cov.config.context == context
    assert os.environ["COVERAGE_PROCESS_CONFIG"] == environment


def test_processes_of_multiprocessing_are_told() -> None:
    """What is sent to a process that is spawned names the kind of the test that runs, and after the run nothing."""
    cov: Any = Cov(concurrency=["multiprocessing"])
    children = Children()
    for name in ("handoff:s:unit:new", "handoff:s:e2e:old"):
        children.tell(cov, name)
        message = spawn.get_preparation_data("some process")["pytest_handoff"]
        assert message.__reduce__() == (hear, (name,))
    children.forget()
    assert "pytest_handoff" not in spawn.get_preparation_data("some process")
    assert cov.config.context is None


def options(**given: object) -> SimpleNamespace:
    defaults = {"cov_source": [], "no_cov": False, "cov_config": ".coveragerc", "cov_report": {}, "cov_fail_under": None}
    return SimpleNamespace(**{**defaults, **given})


@pytest.fixture
def nobody_measures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These tests may be measured themselves; they must not see by whom."""
    monkeypatch.setattr(coverage.Coverage, "current", lambda: None)
    return


def early_config(folder: Path, namespace: SimpleNamespace) -> Any:
    return SimpleNamespace(
        known_args_namespace=namespace,
        rootpath=folder,
        stash=pytest.Stash(),
        getini=lambda _: [],
        pluginmanager=SimpleNamespace(get_plugin=lambda _: None),
    )


@pytest.mark.usefixtures("nobody_measures")
@pytest.mark.parametrize(
    ("config", "given", "source", "report", "fail_under"),
    [
        pytest.param("", {}, ["src"], {"": None}, 0, id="nobody named a source"),
        pytest.param("[run]\nsource = lib\n", {}, [True], {"": None}, 0, id="the configuration did"),
        pytest.param("[run]\ninclude = lib/*\n", {}, [True], {"": None}, 0, id="by patterns"),
        pytest.param("", {"cov_report": {"xml": None}}, ["src"], {"xml": None}, 0, id="a report was asked for"),
        pytest.param("", {"cov_fail_under": 80}, ["src"], {"": None}, 80, id="so was a threshold"),
        pytest.param("", {"cov_source": ["x"]}, ["x"], {}, None, id="coverage is on"),
        pytest.param("", {"no_cov": True}, [], {}, None, id="coverage is off"),
    ],
)
def test_coverage_is_turned_on(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    given: dict[str, object],
    source: list[object],
    report: dict[str, object],
    fail_under: int | None,
) -> None:
    """Only what the user left open is filled in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / ".coveragerc").write_text(config, encoding="utf-8")
    namespace = options(**given)
    early = early_config(tmp_path, namespace)
    before_conftests(early)
    assert (namespace.cov_source, namespace.cov_report, namespace.cov_fail_under) == (source, report, fail_under)
    assert (CHOSEN in early.stash) is (source == ["src"])


@pytest.mark.usefixtures("nobody_measures")
def test_the_chosen_source_is_the_rootdir_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started from elsewhere, the source is named in full."""
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    namespace = options()
    before_conftests(early_config(tmp_path, namespace))
    assert namespace.cov_source == [str(tmp_path / "src")]


def test_without_pytest_cov_nothing_is_turned_on(tmp_path: Path) -> None:
    """Where pytest-cov is blocked its options do not exist."""
    namespace = SimpleNamespace()
    before_conftests(early_config(tmp_path, namespace))
    assert vars(namespace) == {}


def test_coverage_run_is_whoever_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pytest-cov it is the running measurement, unless that was started for a child process of another's."""
    cov = Cov()
    monkeypatch.setattr(coverage.Coverage, "current", lambda: cov)
    monkeypatch.setattr(coverage.process_startup, "coverage", None, raising=False)
    config: Any = Config(None, dist="no")
    assert running_coverage(config) is cov
    found = whole_run(config)
    assert isinstance(found, RunData)
    assert (found.cov, found.data, found.untidy) == (cov, "data", [])
    config.option.dist = "load"
    assert isinstance(whole_run(config), NotMeasured)
    monkeypatch.setattr(coverage.process_startup, "coverage", cov)
    assert running_coverage(config) is None
    assert whole_run(config) == NotMeasured("pytest-cov was not active in this run")
