"""Coverage is turned on where nobody did, and told of each change of kind: against stand-ins for coverage.py."""

from __future__ import annotations

import os
import sys
import warnings
from multiprocessing import spawn
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import coverage
from pytest_handoff.coverage import contexts, switching
from pytest_handoff.coverage.apart import RunData, whole_run
from pytest_handoff.coverage.contexts import (
    ContextSwitcher,
    PhasesApart,
    before_conftests,
    is_within_measured_run,
    running_coverage,
)
from pytest_handoff.coverage.sources import CHOSEN
from pytest_handoff.coverage.switching import UNKNOWN_CORE, UNTOLD, Children, coverage_init, hear
from pytest_handoff.evidence.measurement import NotMeasured, context_name, unknown_context

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def ended(switcher: ContextSwitcher, cov: coverage.Coverage) -> set[str]:
    """The contexts of the data after a run of tests that this switcher saw."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contexts, "running_coverage", lambda _: cov)
        session: Any = SimpleNamespace(config=None)
        loop = switcher.pytest_runtestloop(session)
        next(loop)
        with pytest.raises(StopIteration) as end:
            loop.send("result")
    assert end.value.value == "result"
    return cov.get_data().measured_contexts()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[coverage.Coverage]:
    """A measurement with a file, which nobody starts."""
    cov = coverage.Coverage(data_file=str(tmp_path / "data"), config_file=False, context="static")
    yield cov
    cov.get_data().close(force=True)


@pytest.mark.parametrize("branch", [False, True])
def test_somebody_else_who_switches(real: coverage.Coverage, *, branch: bool) -> None:
    """The data say in the end that it is not known which kind of test ran some lines; where there are none, nothing is said."""
    data = real.get_data()
    switcher = ContextSwitcher("s", lambda _: ("new", "unit"), nonce="n")
    switcher._cov = real
    data.set_context("static|theirs")
    assert ended(switcher, real) == set()
    theirs = {"static|theirs", context_name("s", "unit", "new", nonce="m")}
    for name in theirs:
        data.set_context(name)
        if branch:
            data.add_arcs({"a.py": [(1, 2)]})
        else:
            data.add_lines({"a.py": [1]})
    why = f"something else switched coverage.py to the context {min(theirs)!r} during the run"
    assert ended(switcher, real) == {*theirs, unknown_context(why)}
    assert data.has_arcs() is branch


def test_nobody_else_who_switches(real: coverage.Coverage) -> None:
    """Contexts of this run, the user's static one and none at all are what is expected."""
    switcher = ContextSwitcher("s", lambda _: ("new", "unit"), nonce="n")
    ours = {"", "static", "static|" + context_name("s", "unit", "new", nonce="n"), unknown_context("a reason")}
    for name in ours:
        real.get_data().set_context(name)
        real.get_data().add_lines({"a.py": [1]})
    assert ended(switcher, real) == ours
    switcher._cov = real
    assert ended(switcher, real) == ours


def test_children_that_could_not_be_told_are_noted(real: coverage.Coverage) -> None:
    """Also where the user has contexts of their own."""
    real.get_data().add_lines({"a.py": [1]})
    switcher = ContextSwitcher("s", lambda _: ("new", "unit"))
    switcher._children.untold = UNTOLD
    assert ended(switcher, real) == {"", unknown_context(UNTOLD)}


def run_one(switcher: ContextSwitcher, config: Config, kind: str) -> None:
    item: Any = SimpleNamespace(kind=kind, config=config, get_closest_marker=lambda _: None)
    protocol = switcher.pytest_runtest_protocol(item)
    next(protocol)
    with pytest.raises(StopIteration):
        protocol.send(None)


@pytest.mark.parametrize("kind", switching.broken())
def test_data_that_cannot_take_a_switch(kind: type[Exception], real: coverage.Coverage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests go on, nobody switches again, and the data say why kinds of tests are not apart."""
    real.get_data().add_lines({"a.py": [1]})
    asked: list[str] = []

    def switch(_: object, name: str) -> None:
        asked.append(name)
        raise kind("disk\nfull")

    monkeypatch.setattr(contexts, "switch", switch)
    monkeypatch.setattr(contexts, "running_coverage", lambda _: real)
    switcher = ContextSwitcher("s", lambda item: tuple(item.kind.split()))
    run_one(switcher, Config(None), "new unit")
    run_one(switcher, Config(None), "old unit")
    assert asked == ["handoff:s:unit:new"]
    assert ended(switcher, real) == {"", unknown_context("coverage.py could not tell kinds of tests apart: disk full")}


def test_contexts_of_pytest_cov_on_the_sysmon_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the user's, and each phase of a test sees every line again: a plugin is registered for that, once."""
    restarted: list[bool] = []
    monkeypatch.setattr(sys, "monitoring", SimpleNamespace(restart_events=lambda: restarted.append(True)), raising=False)
    cov = Cov(core="SysMonitor")
    heard = SimpleNamespace(last_line=3)
    cov._collector = SimpleNamespace(tracers=[SimpleNamespace(code_infos={1: heard})])
    config = Config(cov, cov_context="test")
    registered: list[tuple[str, PhasesApart]] = []
    config.pluginmanager.has_plugin = lambda name: name in dict(registered)
    config.pluginmanager.register = lambda plugin, name: registered.append((name, plugin))
    run_items(config, "new unit", "old unit")
    assert (cov.switched, restarted) == ([], [])
    ((_, plugin),) = registered
    for phase in (plugin.pytest_runtest_setup, plugin.pytest_runtest_call, plugin.pytest_runtest_teardown):
        heard.last_line = 3
        running = phase()
        next(running)
        assert heard.last_line is None
        with pytest.raises(StopIteration) as end:
            running.send("result")
        assert end.value.value == "result"
    assert restarted == [True] * 3


def test_a_run_within_a_test_that_is_measured_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs there belongs to that test: nothing is turned on, and nothing is taken for this run's measurement."""
    monkeypatch.setattr(contexts, "current_coverage", Cov)
    monkeypatch.setattr(contexts, "is_in_a_test", lambda: True)
    namespace = options()
    early = early_config(tmp_path, namespace)
    before_conftests(early)
    assert namespace == options()
    assert is_within_measured_run(early)
    assert running_coverage(early) is None
    assert not is_within_measured_run(early_config(tmp_path, options()))


@pytest.mark.usefixtures("nobody_measures")
def test_settings_that_coverage_py_refuses(tmp_path: Path) -> None:
    """The message is ours, on one line, with a way out."""
    (tmp_path / "rc").write_text("[run\n", "utf-8")
    with pytest.raises(pytest.UsageError, match=r"^--handoff: coverage\.py cannot start: .*; fix it, or run with --no-cov$"):
        before_conftests(early_config(tmp_path, options(cov_config=str(tmp_path / "rc"))))


@pytest.mark.usefixtures("nobody_measures")
def test_the_root_of_a_file_system_is_no_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """coverage.py refuses it, so none is named."""
    monkeypatch.chdir(tmp_path)
    namespace = options()
    before_conftests(early_config(Path(tmp_path.anchor), namespace))
    assert namespace.cov_source == []


@pytest.mark.parametrize("stopped", [False, True])
def test_a_new_process_hears_its_context(monkeypatch: pytest.MonkeyPatch, *, stopped: bool) -> None:
    """By the message that its parent sent, or as a plugin of coverage.py in an interpreter; a stopped measurement stays."""
    cov = Cov()
    vars(cov)["_started"] = not stopped
    hooked: list[Any] = []
    monkeypatch.setattr(switching._Told, "context", None)
    monkeypatch.setattr(switching._Told, "hooked", False)
    monkeypatch.setattr(switching, "hook_children", lambda *given: hooked.append(given))
    monkeypatch.setattr(coverage.Coverage, "current", lambda: cov)
    hear("a context")
    ((prepared, switch_here),) = hooked
    assert prepared()["pytest_handoff"].__reduce__() == (hear, ("a context",))
    coverage_init(None, {"context": "another"})
    switch_here()
    assert (len(hooked), cov.switched) == (1, [] if stopped else ["a context", "another"])
    del cov.switched[:]
    switching._Told.context = None
    switch_here()
    assert (prepared(), cov.switched) == ({}, [])


def test_a_process_without_coverage_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing it would take time."""
    monkeypatch.setattr(switching._Told, "context", None)
    monkeypatch.delitem(sys.modules, "coverage")
    hear("a context")
    assert switching._Told.context is None
