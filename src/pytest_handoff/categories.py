"""What pytest counts a report as, and how many of each it counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeGuard

    from pytest_handoff.record import Outcome

COMPARED = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
"""The categories of pytest's last line that the recorder counts as well."""


def counts_of_pytest(config: pytest.Config) -> dict[str, int] | None:
    """How many tests pytest's own terminal reporter counts in each category; ``None`` where there is none.

    A test under a word of the project's own (``pytest_report_teststatus``) counts under what its report says.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return None
    counts = Counter({category: _without_subtests(reporter.stats.get(category, ())) for category in COMPARED})
    for word in reporter.stats.keys() - {"", *COMPARED}:
        counts.update(filter(None, map(category_of, filter(_is_result, reporter.stats[word]))))
    return dict(counts)


def _is_result(report: object) -> TypeGuard[pytest.TestReport]:
    """Not a warning, a deselected test, an attempt that was repeated or a sub-test, which have words of their own, too."""
    return isinstance(report, pytest.TestReport) and not is_subtest(report) and report.outcome in ("passed", "failed", "skipped")


def _without_subtests(reports: Sequence[object]) -> int:
    if {*map(type, reports)} <= {pytest.TestReport}:
        return len(reports)
    return sum(not is_subtest(report) for report in reports)


def is_subtest(report: object) -> bool:
    """Whether this is the report of a sub-test; it counts within its test, and pytest shows it or not by its verbosity."""
    return type(report) is not pytest.TestReport and hasattr(report, "context")


def category_of(report: pytest.TestReport) -> Outcome | None:
    """Where pytest counts a test's own report; ``None`` for a setup or teardown that it does not count."""
    expected = hasattr(report, "wasxfail")
    if report.failed:
        return "error" if report.when in ("setup", "teardown") else "failed"
    if report.skipped:
        return "xfailed" if expected else "skipped"
    if report.when != "call":
        return None
    return "xpassed" if expected else "passed"
