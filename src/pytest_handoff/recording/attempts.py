"""Count the failed attempts of a test that a plugin or conftest does not report, in the process that runs the test."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.recording.recorder import UNREPORTED

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_handoff.recording.faults import Faults


class AttemptCounter:
    """A plugin object that writes onto the report of an attempt how many before it failed; xdist takes it to the controller.

    An attempt may be a whole protocol with reports that nobody logs, or one more call of the test within its one report.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._failed: Counter[str] = Counter()
        self._raised = 0

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_pyfunc_call(self) -> Generator[None, object, object]:
        """Count the calls of the test that failed, within other plugins that may call it again."""
        try:
            return (yield)
        except (pytest.skip.Exception, pytest.xfail.Exception):
            raise
        except Exception:
            self._raised += 1
            raise

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note an attempt that failed, and tell the reports of later ones."""
        report = yield
        with self._faults:
            if report.when == "call":
                ends_so = 0 if report.passed else 1
                self._failed[item.nodeid] += max(0, self._raised - ends_so)
                self._raised = 0
            if report.when != "teardown" and (before := self._failed[item.nodeid]):
                setattr(report, UNREPORTED, before)
            if report.failed and report.when != "teardown":
                self._failed[item.nodeid] += 1
        return report
