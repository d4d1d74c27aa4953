"""Count reports in the categories of pytest's last line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeGuard

    from pytest_handoff.record import Outcome


COMPARED = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
"""The categories of pytest's last line that the recorder counts too."""


def counts_of_pytest(config: pytest.Config) -> dict[str, int] | None:
    """Count the tests in each category of pytest's terminal reporter; return ``None`` if there is no reporter.

    A test to which the project gives a category of its own (``pytest_report_teststatus``) counts by what its report says.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return None
    counts = Counter({category: _without_subtests(reporter.stats.get(category, ())) for category in COMPARED})
    for word in reporter.stats.keys() - {"", *COMPARED}:
        counts.update(filter(None, map(category_of, filter(_is_result, reporter.stats[word]))))
    return dict(counts)


def _is_result(report: object) -> TypeGuard[pytest.TestReport]:
    """Leave out warnings, deselected tests, reruns and sub-tests, which have categories of their own too."""
    return isinstance(report, pytest.TestReport) and not is_subtest(report) and report.outcome in ("passed", "failed", "skipped")


def _without_subtests(reports: Sequence[object]) -> int:
    if {*map(type, reports)} <= {pytest.TestReport}:
        return len(reports)
    return sum(not is_subtest(report) for report in reports)


def is_subtest(report: object) -> bool:
    """Recognize the report of a sub-test: it counts within its test, and pytest shows it or not depending on verbosity."""
    return type(report) is not pytest.TestReport and hasattr(report, "context")


def category_of(report: pytest.TestReport) -> Outcome | None:
    """Return the category in which pytest counts a test's own report; ``None`` for a setup or teardown that it does not count."""
    expected = hasattr(report, "wasxfail")
    if report.failed:
        return "error" if report.when in ("setup", "teardown") else "failed"
    if report.skipped:
        return "xfailed" if expected else "skipped"
    if report.when != "call":
        return None
    return "xpassed" if expected else "passed"
