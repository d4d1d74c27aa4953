"""Turn the reports of one run into the result of each test, and count them as pytest's last line does."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.evidence.regression import PASSING
from pytest_handoff.figures import listed
from pytest_handoff.markup import one_line
from pytest_handoff.record import Bundle
from pytest_handoff.recording.collection import first_line, key_of, skip_reason, told_by
from pytest_handoff.recording.faults import Faults
from pytest_handoff.run import PASSED, CaseResult, Collection, Run, together, worse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeGuard

    from pytest_handoff.record import Metric, Outcome


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
    words = reporter.stats.keys() - {"", *COMPARED}
    others = {id(report): report for word in words for report in filter(_is_result, reporter.stats[word])}
    if others:  # pytest-retry goes on to use the report of an attempt, which is then in two categories
        known = {id(report) for category in COMPARED for report in reporter.stats.get(category, ())}
        left = (report for name, report in others.items() if name not in known)
        counts.update(filter(None, map(category_of, left)))
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


_COUNTED = ("passed", "failed", "skipped")
UNREPORTED = "handoff_unreported"
"""The attribute of a report that counts the failed attempts before it of which pytest was told nothing."""
_WORKERS_AT_ODDS = r"Different tests were collected between (\S+) and (\S+)\."
"""The start of pytest-xdist's report, without a file, that workers collected different tests: then none of them ran any."""
_AT_ODDS = "collected different tests, so none ran (every process must collect the same tests)"
_WORKER_INTERRUPTED = r"<WorkerController (\S+)> received keyboard-interrupt$"
"""The message with which pytest-xdist ends when only a worker was interrupted."""


class Invocation(Bundle, frozen=True):
    """Describe how pytest was started, and how it ended.

    Attributes:
        why_partial: why it was to run fewer than all tests, one sentence each.
        mishaps: what keeps the run from being whole besides.
        started, finished: seconds since the epoch.
        plugins: their versions by name.
    """

    why_partial: Iterable[str]
    mishaps: Iterable[str]
    started: float
    finished: float
    exitstatus: int
    args: Iterable[str]
    plugins: dict[str, str]


class Recorder:
    """A plugin object for the controller (or the only process) that keeps the result of each test from its reports.

    Args:
        prefix: makes a node id relative to the git root.
        faults: collects what goes wrong in here; the test goes on.
        ended: called with the node id and the result of each test that ends.
        clean: takes the places of this machine out of a message.
        failed: called with each report of a failure; it must not raise anything.

    Attributes:
        repeated: the tests that a plugin ran several times under ids of their own; known at the end.
    """

    def __init__(
        self,
        prefix: str,
        faults: Faults | None = None,
        ended: Callable[[str, CaseResult], None] | None = None,
        clean: Callable[[str], str] = str,
        failed: Callable[[pytest.TestReport | pytest.CollectReport], None] | None = None,
    ) -> None:
        self._clean = clean
        self._failed = failed
        self._prefix = prefix
        self._faults = faults or Faults()
        self._ended = ended
        self._results: dict[str, CaseResult] = {}
        self._reruns: Counter[str] = Counter()
        self._subtests: Counter[str] = Counter()
        self._subtests_failed: Counter[str] = Counter()
        self._failed_subtests: defaultdict[str, list[str]] = defaultdict(list)
        self.reported: Counter[str] = Counter()
        self.repeated: set[str] = set()
        self._metrics: list[tuple[str, Metric]] = []
        self._last: tuple[object, str] = (None, "")
        self.interrupted: str | None = None
        self.lost_workers: list[str] = []
        self._at_odds: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a test's report; a passed phase of an ordinary test is the common case, and costs as little as possible."""
        try:
            if report.outcome != "passed" or type(report) is not pytest.TestReport:
                self._look_closely(report)
            elif (when := report.when) == "call":
                nodeid, told = report.nodeid, report.__dict__
                if report.user_properties:
                    self._take_metrics(report)
                if nodeid in self._results or nodeid in self._failed_subtests or "wasxfail" in told or UNREPORTED in told:
                    self._look_closely(report)
                else:
                    self._results[nodeid] = PASSED
                    self.reported["passed"] += 1
                    self._last = report.location, nodeid
            elif when == "teardown":
                place, nodeid = self._last  # the same object tells of the same item, and pytest's ids take long to ask for
                self._tell_end(nodeid if report.location is place else report.nodeid)
        except Exception as error:
            self._faults.add(error)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count files that could not be collected or were skipped, as pytest's last line does."""
        with self._faults:
            if report.failed or report.skipped:
                self.reported["error" if report.failed else "skipped"] += 1
                if report.failed and self._failed is not None:
                    self._failed(report)
                if apart := re.match(_WORKERS_AT_ODDS, report.longreprtext):
                    self._at_odds.append(f"{apart[1]} and {apart[2]} {_AT_ODDS}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note Ctrl-C and ``pytest.exit``, on a worker too; xdist's own way to stop after ``-x`` is no interruption."""
        with self._faults:
            said = _one_line(str(excinfo.value))
            if excinfo.typename != "Interrupted":
                self.interrupted = said or excinfo.typename
            elif worker := re.search(_WORKER_INTERRUPTED, said):
                self.interrupted = f"{worker[1]} received keyboard-interrupt"

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that pytest itself or a plugin broke."""
        with self._faults:
            self.interrupted = f"internal error: {first_line(excinfo.exconly(), self._clean)}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object, error: object) -> None:
        """Note an xdist worker that crashed and took its coverage with it."""
        with self._faults:
            if error:
                self.lost_workers.append(getattr(getattr(node, "gateway", None), "id", "a worker"))

    def finish(self, collection: Collection, invocation: Invocation) -> Run:
        """Build the run from everything that was reported."""
        lost = (f"worker {worker} crashed, and its coverage is lost" for worker in self.lost_workers)
        results = self._final_results(collection.tests)
        return Run(
            collected=collection.tests,
            results=results,
            whole_files=frozenset(collection.whole_files),
            broken_files=collection.broken_files,
            skipped_nodes=tuple(collection.skipped_nodes),
            left_out=frozenset(collection.left_out).difference(results),
            why_partial=tuple(invocation.why_partial),
            mishaps=(*invocation.mishaps, *self._at_odds, *lost, *_far(collection)),
            interrupted=self.interrupted,
            started=invocation.started,
            finished=invocation.finished,
            exitstatus=invocation.exitstatus,
            args=tuple(invocation.args),
            plugins=invocation.plugins,
            reported={category: self.reported[category] for category in COMPARED},
            metrics=tuple((key_of(nodeid, self._prefix, collection.tests), metric) for nodeid, metric in self._metrics),
        )

    def _final_results(self, collected: Mapping[str, object]) -> dict[str, CaseResult]:
        """Key the results by test id; ids that differ only in their xdist group, or in the number of a run, are the same test."""
        prefix, results = self._prefix, self._results
        for nodeid in self._reruns.keys() | self._subtests.keys():
            if nodeid in results:
                results[nodeid] = self._final(nodeid, results[nodeid])
        if not prefix and results.keys() <= collected.keys():
            return results  # there may be very many, and each one has its key already
        found: dict[str, CaseResult] = {}
        keys = {key: key for key in collected}
        for nodeid, result in results.items():
            key = key_of(nodeid, prefix, keys)
            key = keys.get(key, key)  # reuse the string that is kept anyway
            if key in found:
                self.repeated.add(key)
            found[key] = together(found[key], result) if key in found else result
        return found

    def _final(self, nodeid: str, result: CaseResult) -> CaseResult:
        if nodeid not in self._reruns and nodeid not in self._subtests:
            return result
        reruns, subtests = self._reruns.get(nodeid, 0), self._subtests.get(nodeid, 0)
        passed = result.outcome in PASSING
        return CaseResult(
            outcome=result.outcome,
            reruns=reruns,
            flaky=result.flaky or (reruns > 0 and passed),
            subtests=subtests,
            failed_subtests=self._subtests_failed.get(nodeid, 0),
            reason=result.reason,
            error=result.error,
        )

    def _tell_end(self, nodeid: str) -> None:
        result = self._results.get(nodeid)
        if self._ended is not None and result is not None:
            self._ended(nodeid, self._final(nodeid, result) if self._reruns or self._subtests else result)

    def _take_metrics(self, report: pytest.TestReport) -> None:
        """Take the metrics of a test that passed; those of a failed one mean nothing."""
        from pytest_handoff.evidence.metrics import from_properties

        self._metrics += [(report.nodeid, metric) for metric in from_properties(report.user_properties)]

    def _look_closely(self, report: pytest.TestReport) -> None:
        self._last = None, ""
        if unseen := report.__dict__.get(UNREPORTED):
            self._reruns[report.nodeid] = unseen
        if self._failed is not None and report.outcome not in ("passed", "skipped"):
            self._failed(report)
        self._take(report)
        if report.when not in ("setup", "call"):
            self._tell_end(report.nodeid)

    def _take(self, report: pytest.TestReport) -> None:
        nodeid = report.nodeid
        if is_subtest(report):
            self._subtests[nodeid] += 1
            if report.failed:
                self._subtests_failed[nodeid] += 1
                self._failed_subtests[nodeid].append(first_line(told_by(report), self._clean))
            return
        if report.outcome not in _COUNTED:  # an attempt before the last: "rerun" (pytest-rerunfailures), "retried" (pytest-retry)
            self._reruns[nodeid] += 1
            self._subtests.pop(nodeid, None)
            self._subtests_failed.pop(nodeid, None)
            self._failed_subtests.pop(nodeid, None)
            self._results.pop(nodeid, None)
            return
        category = category_of(report)
        if category is not None:
            self.reported[category] += 1
            result = self._result(nodeid, report, category)
            known = self._results.get(nodeid)
            self._results[nodeid] = result if known is None else worse(known, result)

    def _result(self, nodeid: str, report: pytest.TestReport, category: Outcome) -> CaseResult:
        """Build the result of a report; a failed sub-test fails its test, whatever the test's own report says."""
        failures = self._failed_subtests.pop(nodeid, None) if report.when == "call" else None
        if failures:
            return CaseResult(outcome="failed", error=failures[0])
        if category in ("failed", "error"):
            # The last test of a crashed worker has a report without a phase, which pytest counts as failed.
            return CaseResult(
                outcome="failed" if report.when == "call" else "error", error=first_line(told_by(report), self._clean)
            )
        if category == "passed":
            return PASSED
        reason = skip_reason(report, self._clean) if category == "skipped" else self._clean(one_line(report.wasxfail))[:200]
        return CaseResult(outcome=category, reason=reason or None)


def _far(collection: Collection) -> list[str]:
    if not collection.outside:
        return []
    return [f"tests outside the repository ran, and may test code that is not in this tree: {listed(collection.outside)}"]


def _one_line(text: str) -> str:
    return one_line(text)[:200]
