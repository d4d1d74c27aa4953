"""The same evidence beside other plugins, and however plugins are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Story

NO_AUTOLOAD = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
WAYS_TO_LOAD = {
    "by module": ["-p", "pytest_handoff.plugin", "-p", "pytest_cov.plugin"],
    "by entry point, coverage first": ["-p", "pytest_cov", "-p", "handoff"],
    "parallel": ["-p", "xdist", "-p", "pytest_handoff.plugin", "-p", "pytest_cov.plugin", "-n", "2"],
}


@pytest.mark.parametrize("args", WAYS_TO_LOAD.values(), ids=WAYS_TO_LOAD)
def test_coverage_is_measured_however_its_plugin_was_loaded(shop: Story, args: list[str]) -> None:
    """pytest-cov has another name where ``-p`` loads its module; coverage is on by itself all the same."""
    shop.environment.update(NO_AUTOLOAD)
    done = shop.pytest("--handoff=session-1", *args)

    assert done.code == 0, done
    shown = shop.show("session-1")
    assert (shown["coverage"]["percent"], shown["new_code"]["covered_by_new_unit"]) == (100, 2)


def test_no_coverage_without_its_plugin(shop: Story) -> None:
    """Where nothing loads pytest-cov, the run says so and what to do; tests are recorded."""
    shop.environment.update(NO_AUTOLOAD)
    done = shop.pytest("-p", "pytest_handoff.plugin", "--handoff=session-1")

    assert "not measured: pytest-cov was not loaded (-p no:cov, or no plugin autoload: add -p pytest_cov.plugin)" in done.section
    assert shop.show("session-1")["counts"]["passed"] == 3
