"""Find out what measures this run: pytest-cov, ``coverage run``, or nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_handoff.evidence.measurement import NotMeasured

if TYPE_CHECKING:
    import coverage
    import pytest


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
