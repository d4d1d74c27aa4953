"""Turn coverage on, find out what measures the run, and tell it which kind of test is running."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.coverage import switching
from pytest_handoff.coverage.sources import CHOSEN, choose_source, configured_includes, configured_sources
from pytest_handoff.coverage.switching import Children, switch
from pytest_handoff.evidence.measurement import NotMeasured, context_name
from pytest_handoff.markup import one_line
from pytest_handoff.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    import coverage


def running_coverage(config: pytest.Config) -> coverage.Coverage | None:
    """Return the measurement that runs in this process now: pytest-cov's, else that of ``coverage run``, else ``None``.

    One that coverage.py started by itself in a child process belongs to what measures the parent, and does not count here.
    """
    controller = getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if controller is not None:
        cov: coverage.Coverage | None = controller.cov if controller.started and not _was_stopped(controller.cov) else None
        return cov
    imported = sys.modules.get("coverage")
    if imported is None:  # so nothing measures, and importing it just to ask would take time
        return None
    current: coverage.Coverage | None = imported.Coverage.current()
    return None if current is getattr(imported.process_startup, "coverage", None) else current


def _was_stopped(cov: coverage.Coverage) -> bool:
    """Check whether a test or a conftest has stopped what pytest-cov started; from then on nothing is measured."""
    return not getattr(cov, "_started", True)


def combined_coverage(config: pytest.Config) -> tuple[coverage.Coverage, list[str]] | NotMeasured:
    """Return the measurement of the whole run, on the controller at its end, and why its data are incomplete, a sentence each."""
    controller = getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if controller is not None:
        return _combined_by_pytest_cov(controller)
    if getattr(config.option, "no_cov", False):
        return NotMeasured("--no-cov was given")
    cov = running_coverage(config)
    if cov is None:
        return NotMeasured("pytest-cov was not active in this run")
    if getattr(config.option, "dist", "no") != "no":
        return NotMeasured("under `coverage run` the data of pytest-xdist's workers exist only after the run: use --cov")
    return cov, []


def _combined_by_pytest_cov(controller: Any) -> tuple[coverage.Coverage, list[str]]:
    """Return pytest-cov's measurement, with its data saved: since 6.2, pytest-cov itself loses those of a run that ends early."""
    untidy = []
    if controller.cov is not controller.combining_cov or controller.started:
        controller.finish()
        untidy.append("The run ended early: the coverage is that of the tests that ran.")
    if lost := sorted({node.gateway.id for node in controller.failed_workers}):
        untidy.append(f"What these workers measured is lost with them: {', '.join(lost)}.")
    return controller.cov, untidy


_PHASES = "handoff-phases"


def before_conftests(early_config: pytest.Config) -> None:
    """Turn pytest-cov on if the user did not.

    Call this before the ``yield`` of a ``wrapper=True, tryfirst=True`` ``pytest_load_initial_conftests``: pytest-cov reads
    its options in a ``tryfirst`` implementation of that hook. Its terminal report and its ``fail_under`` stay off, since
    nobody asked for them. Nothing happens if pytest-cov is blocked or told ``--no-cov``, or under ``coverage run``.
    """
    options = early_config.known_args_namespace
    if getattr(options, "cov_source", True) or options.no_cov or running_coverage(early_config) is not None:
        return
    from coverage.exceptions import ConfigError, CoverageException

    import coverage

    try:
        configuration = coverage.Coverage(data_file=None, config_file=options.cov_config)
    except (CoverageException, ConfigError) as problem:  # in older versions the second is not a subclass of the first
        raise pytest.UsageError(
            printable(f"--handoff: coverage.py cannot begin: {one_line(str(problem))}; mend it, or give --no-cov")
        ) from problem
    if configured_sources(configuration) or configured_includes(configuration):
        options.cov_source = [True]
    else:
        options.cov_source = _chosen_source(early_config)
        early_config.stash[CHOSEN] = True
    if not options.cov_report:
        options.cov_report = {"": None}
    if options.cov_fail_under is None:
        options.cov_fail_under = 0


class ContextSwitcher:
    """A plugin that tells coverage.py the kind of the running test, in serial runs and on xdist's workers.

    A switch makes coverage.py write what it has, which takes time, so it happens only when the kind changes.

    Args:
        session_name: the session of this run.
        age_and_tier: returns ``("new" or "old", tier)`` for a test.
        faults: catches what goes wrong in here, so that the test goes on.
        nonce: the run's nonce, which is a part of each context's name.
    """

    def __init__(
        self,
        session_name: str,
        age_and_tier: Callable[[pytest.Item], tuple[str, str]],
        faults: AbstractContextManager[object] | None = None,
        nonce: str = "",
    ) -> None:
        self._nonce = nonce
        self._faults = faults or nullcontext()
        self._session_name = session_name
        self._age_and_tier = age_and_tier
        self._current: tuple[str, str, bool] | None = None
        self._children = Children()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Switch before the first fixture of the test is set up."""
        with self._faults:
            kind = (*self._age_and_tier(item), item.get_closest_marker("xfail") is not None)
            if kind != self._current and self._switch(item.config, kind):
                self._current = kind
        return (yield)

    def pytest_unconfigure(self) -> None:
        """Forget the last kind of test: processes that start later belong to no test of this run."""
        with self._faults:
            self._children.forget()

    def _switch(self, config: pytest.Config, kind: tuple[str, str, bool]) -> bool:
        cov = running_coverage(config)
        if cov is None:
            return False
        age, tier, xfail = kind
        name = context_name(self._session_name, tier, age, xfail=xfail, nonce=self._nonce)
        dynamic = bool(cov.get_option("run:dynamic_context"))
        if not dynamic and not getattr(config.option, "cov_context", None):
            switch(cov, name)
        elif switching.uses_sysmon(cov) and not config.pluginmanager.has_plugin(_PHASES):
            config.pluginmanager.register(PhasesApart(cov, self._faults), _PHASES)
        # pytest-cov's own contexts tell tests apart in this process only: child processes still need to be told their kind.
        if not dynamic:
            self._children.tell(cov, name)
        return True


class PhasesApart:
    """A plugin that makes the contexts of ``--cov-context=test`` complete on coverage.py's sysmon core.

    pytest-cov switches when a phase of a test begins; only code of pytest and of plugins runs in between.
    """

    def __init__(self, cov: coverage.Coverage, faults: AbstractContextManager[object]) -> None:
        self._cov = cov
        self._faults = faults

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Let the phase see every line, whichever phase saw it before."""
        with self._faults:
            switching.begin_anew(self._cov)
        return (yield)

    pytest_runtest_call = pytest_runtest_teardown = pytest_runtest_setup


def _chosen_source(early_config: pytest.Config) -> list[str]:
    folder = early_config.rootpath
    here = Path.cwd()
    if folder == folder.parent:  # coverage.py refuses the root of a file system; so does the run, in words of its own
        return []
    names = choose_source(folder, early_config.getini("testpaths"))
    return names if folder == here else [str(folder / name) for name in names]
