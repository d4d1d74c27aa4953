"""Record how long single tests took, for the rows of a document that ask for it; nothing is kept about other tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.document.find import durations_asked
from pytest_handoff.record import Metric
from pytest_handoff.recording.collection import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def duration_metrics(config: pytest.Config, prefix: str, document: str | None, tests: Iterable[str]) -> list[tuple[str, Metric]]:
    """Give the seconds that the call of each test in such a row took, with its id.

    The terminal reporter keeps every report until the end, where pytest's own ``--durations`` reads them too, so that this costs
    nothing per test. If ``SOURCE_DATE_EPOCH`` holds the clock still, there are no durations.

    Args:
        prefix: makes a node id relative to the git root.
        document: the text of the document, if there is one yet.
        tests: the ids of the tests that passed; the durations of others mean nothing.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if document is None or reporter is None or os.environ.get("SOURCE_DATE_EPOCH"):
        return []
    asked = durations_asked(document, tests)
    if not asked:
        return []
    calls = [report for report in reporter.stats.get("passed", ()) if type(report) is pytest.TestReport and report.when == "call"]
    took = {key_of(report.nodeid, prefix): report.duration for report in calls}
    return [
        (test, Metric(name=name, value=round(took[test], 6), unit="s", better="lower"))
        for name, test in asked.items()
        if test in took
    ]
