"""Add options, hooks and markers to pytest, and import the rest only when a hand-off is asked for.

PYTEST_DONT_REWRITE: without it, a second pytest in this process would warn that it cannot rewrite what is imported already.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_handoff import import_plainly

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_handoff.recording.as_begun import AsBegun
    from pytest_handoff.recording.faults import Faults


_MARKERS = (
    "unit: a unit test, for pytest-handoff",
    "integration: an integration test, for pytest-handoff",
    "e2e: an end-to-end test, for pytest-handoff",
    "performance: a performance test, for pytest-handoff",
    "handoff(check): link a test to the checklist line with this text",
)

_FAULTS = pytest.StashKey["Faults"]()
_WITHIN = pytest.StashKey[str]()
_BEGUN = pytest.StashKey["AsBegun"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ``--handoff`` options."""
    group = parser.getgroup("handoff", "hand-off documents with evidence")
    add = group.addoption
    add("--handoff", metavar="SESSION", help="record this run as SESSION, compare it with earlier ones, and fill its document")
    add("--handoff-gate", action="store_true", help="exit with 1 if an automatic check of the hand-off fails")
    add("--handoff-dir", metavar="DIR", help="the hand-off folder (default: handoffs)")
    add("--handoff-template", metavar="NAME", help="the template of a new document (default: session_handoff)")
    add("--handoff-previous", metavar="SESSION", action="append", help="a session that this one continues; may be repeated")
    add("--handoff-artifacts", metavar="DIR", help="for CI: copy document, evidence, coverage data and summary.md here")
    add("--handoff-part", metavar="LABEL", help="record a part of SESSION, one of several jobs, for handoff combine")
    add("--handoff-instructions", metavar="FILE", help="the Markdown file with this session's instructions and checklist")
    add("--handoff-agent", metavar="NAME", help="who does the work (default: the environment variable HANDOFF_AGENT)")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks of :mod:`pytest_handoff.hookspecs`."""
    from pytest_handoff import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Turn coverage on before pytest-cov looks at its options, and note which run started this one before a conftest runs."""
    early_config.stash[_WITHIN] = os.environ.get("HANDOFF_RUNNING", "")
    if early_config.known_args_namespace.handoff is not None:
        import_plainly()  # this pytest may not be the first in its process
        with _faults(early_config):
            _turn_coverage_on(early_config)
            if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker writes nothing at its end
                _begun(early_config)
    yield


def pytest_configure(config: pytest.Config) -> None:
    """Add the markers, and take part in the run if a hand-off is asked for."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    if config.getoption("handoff") is None:
        _refuse_options_without_session(config)
        return
    if hasattr(config, "workerinput"):
        from pytest_handoff.recording.worker import join

        join(config, _faults(config))
    else:
        from pytest_handoff.recording.controller import take_part

        take_part(config, _faults(config), config.stash.get(_WITHIN, ""), _begun(config))


@pytest.fixture
def handoff_metric(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Record a measured value: ``handoff_metric(name, value, unit="ms", target=200, better="lower")``.

    ``better`` is ``lower`` or ``higher``; without it a target cannot be judged. Without ``--handoff`` nobody reads it.
    """
    from pytest_handoff.evidence.metrics import as_property

    def record(
        name: str, value: float, *, unit: str | None = None, target: float | None = None, better: str | None = None
    ) -> None:
        request.node.user_properties.append(as_property(name, value, unit=unit, target=target, better=better))

    return record


def _faults(config: pytest.Config) -> Faults:
    from pytest_handoff.recording.faults import Faults

    return config.stash.setdefault(_FAULTS, Faults())


def _begun(config: pytest.Config) -> AsBegun:
    from pytest_handoff.recording.as_begun import AsBegun

    return config.stash[_BEGUN] if _BEGUN in config.stash else config.stash.setdefault(_BEGUN, AsBegun())


def _turn_coverage_on(early_config: pytest.Config) -> None:
    from pytest_handoff.recording.options import has_pytest_cov

    switched_off = getattr(early_config.known_args_namespace, "no_cov", False)
    if has_pytest_cov(early_config.pluginmanager) and not switched_off:
        from pytest_handoff.coverage.contexts import before_conftests

        before_conftests(early_config)


def _refuse_options_without_session(config: pytest.Config) -> None:
    """Refuse options typed without a session; those in ``addopts`` may wait for one, but a gate is never silently left out."""
    if config.getoption("handoff_gate"):
        raise pytest.UsageError("--handoff-gate needs --handoff=SESSION: name the session to gate")
    typed = (str(argument).partition("=")[0] for argument in config.invocation_params.args)
    for option in typed:
        if option.startswith("--handoff-"):
            from pytest_handoff.printable import printable

            raise pytest.UsageError(printable(f"{option} needs --handoff=SESSION: without it, no session is recorded"))
