"""Turn coverage on, find out what measures the run, and tell it which kind of test is running."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.coverage import switching
from pytest_handoff.coverage.not_public import (
    context_of,
    cov_controller,
    current_coverage,
    is_in_a_test,
    uses_sysmon,
    was_stopped,
)
from pytest_handoff.coverage.sources import CHOSEN, choose_around, configured_includes, configured_sources
from pytest_handoff.coverage.switching import Children, switch
from pytest_handoff.evidence.measurement import context_name, parse_context, parse_unknown
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
    controller = cov_controller(config)
    if controller is not None:
        cov: coverage.Coverage | None = controller.cov if controller.started and not was_stopped(controller.cov) else None
        return cov
    return None if _WITHIN in config.stash else current_coverage()


def is_within_measured_run(config: pytest.Config) -> bool:
    """Check whether a test of another run, in the same process and measured, started this run, which measures nothing itself."""
    return _WITHIN in config.stash and cov_controller(config) is None


_PHASES = "handoff-phases"
_WITHIN = pytest.StashKey[bool]()
"""Set on a run that a test of another run started in its own process, where the other run is measured."""


def before_conftests(early_config: pytest.Config) -> None:
    """Turn pytest-cov on if the user did not.

    Call this before the ``yield`` of a ``wrapper=True, tryfirst=True`` ``pytest_load_initial_conftests``: pytest-cov reads
    its options in a ``tryfirst`` implementation of that hook. Its terminal report and its ``fail_under`` stay off, since
    nobody asked for them. Nothing happens if pytest-cov is blocked or told ``--no-cov``, or under ``coverage run``, nor within
    a test that is measured: whatever runs there belongs to that test.
    """
    options = early_config.known_args_namespace
    if current_coverage() is not None and is_in_a_test():
        early_config.stash[_WITHIN] = True
        return
    if getattr(options, "cov_source", True) or options.no_cov or running_coverage(early_config) is not None:
        return
    from coverage.exceptions import ConfigError, CoverageException

    import coverage

    try:
        configuration = coverage.Coverage(data_file=None, config_file=options.cov_config)
    except (CoverageException, ConfigError) as problem:  # in older versions the second is not a subclass of the first
        raise pytest.UsageError(
            printable(f"--handoff: coverage.py cannot start: {one_line(str(problem))}; fix it, or run with --no-cov")
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
        may_fail: tells whether a test may fail without being marked ``xfail``; neither kind proves anything by what it runs.
    """

    def __init__(
        self,
        session_name: str,
        age_and_tier: Callable[[pytest.Item], tuple[str, str]],
        faults: AbstractContextManager[object] | None = None,
        nonce: str = "",
        may_fail: Callable[[pytest.Item], bool] | None = None,
    ) -> None:
        self._nonce = nonce
        self._may_fail = may_fail
        self._faults = faults or nullcontext()
        self._session_name = session_name
        self._age_and_tier = age_and_tier
        self._current: tuple[str, str, bool] | None = None
        self._cov: coverage.Coverage | None = None
        self._left: str | None = None
        self._broken: str | None = None
        self._children = Children()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Switch before the first fixture of the test is set up."""
        with self._faults:
            excused = item.get_closest_marker("xfail") is not None or (self._may_fail is not None and self._may_fail(item))
            kind = (*self._age_and_tier(item), excused)
            switched_since = self._cov is not None and context_of(self._cov) != self._left
            if (kind != self._current or switched_since) and self._broken is None and self._switch(item.config, kind):
                self._current = kind
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Note in the data, in the end, whether somebody else has switched: it is not known then which tests ran some lines."""
        try:
            return (yield)
        finally:
            with self._faults:
                cov = running_coverage(session.config)
                if cov is not None and (cov is self._cov or self._children.untold):
                    self._note_others(cov)

    def pytest_unconfigure(self) -> None:
        """Forget the last kind of test: processes that start later belong to no test of this run."""
        with self._faults:
            self._children.forget()

    def _switch(self, config: pytest.Config, kind: tuple[str, str, bool]) -> bool:
        cov = running_coverage(config)
        if cov is None:
            return False
        age, tier, excused = kind
        name = context_name(self._session_name, tier, age, xfail=excused, nonce=self._nonce)
        dynamic = bool(cov.get_option("run:dynamic_context"))
        if not dynamic and not getattr(config.option, "cov_context", None):
            self._cov = cov
            try:
                switch(cov, name)
            except switching.broken() as problem:  # the end of the run says what became of the data
                self._broken = f"coverage.py could not tell kinds of tests apart: {one_line(str(problem))}"
                return False
            self._left = context_of(cov)
        elif uses_sysmon(cov) and not config.pluginmanager.has_plugin(_PHASES):
            config.pluginmanager.register(PhasesApart(cov, self._faults), _PHASES)
        # pytest-cov's own contexts tell tests apart in this process only: child processes still need to be told their kind.
        if not dynamic:
            self._children.tell(cov, name)
        return True

    def _note_others(self, cov: coverage.Coverage) -> None:
        with suppress(*switching.broken()):
            others = None if self._cov is None else switching.who_else_switched(cov, self._is_ours)
            switching.note_unknown(cov, self._broken or self._children.untold or others)

    def _is_ours(self, context: str) -> bool:
        return parse_unknown(context) is not None or parse_context(context, nonce=self._nonce) is not None


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
    folder, names = choose_around(folder, early_config.getini("testpaths"))
    return names if folder == here else [str(folder / name) for name in names]
