"""Measure one run: its coverage, the durations that a document asks for, and the results of pytest-benchmark."""

from __future__ import annotations

import os
import re
import sys
from bisect import bisect_right
from collections import defaultdict
from functools import cached_property, partial
from itertools import chain
from operator import mul, truediv
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from pytest_handoff.document.find import durations_asked
from pytest_handoff.evidence.measurement import NotMeasured
from pytest_handoff.record import Metric
from pytest_handoff.recording import options
from pytest_handoff.recording.collection import key_of
from pytest_handoff.workflow.start import Start, adds_up

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_handoff.coverage.analysis import SharedAnalyses
    from pytest_handoff.coverage.apart import DataApart
    from pytest_handoff.coverage.kept import KeptCoverage
    from pytest_handoff.evidence.ledger import Lineage
    from pytest_handoff.evidence.measurement import Measured, PartCoverage
    from pytest_handoff.evidence.tool_settings import CoverageSettings
    from pytest_handoff.record import Record
    from pytest_handoff.recording.plan import RunPlan
    from pytest_handoff.recording.worker import NewOrOld
    from pytest_handoff.run import Run


class RunCoverage:
    """The coverage of one run, from pytest-cov; without that plugin, everything is *not measured*."""

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan
        self._config = plan.config
        self._start = plan.start
        self._available = options.has_pytest_cov(plan.config.pluginmanager)
        self._adds_up = False
        self._folder: Path | None = None
        self._shared: SharedAnalyses | None = None
        self._apart: DataApart | None = None
        self._measured: Measured | None = None
        self.nonce = os.urandom(8).hex()
        """A part of the names of this run's contexts, so that no test can have them written down."""

    def register(self, ages: NewOrOld, folder: Path) -> None:
        """Register the context switcher, for tests that run in this process, and share the analyses of pytest-cov's reports.

        Args:
            folder: the run's own, where its data lie while tests run.
        """
        self._folder = folder
        if options.measures_coverage(self._config):
            from pytest_handoff.coverage.analysis import SharedAnalyses
            from pytest_handoff.coverage.apart import DataApart, SafeEnd
            from pytest_handoff.coverage.contexts import ContextSwitcher

            self._apart = DataApart(self._config, folder, self._plan.faults)
            self._shared = SharedAnalyses(self._config, self._plan.faults)
            switcher = ContextSwitcher(self._start.session, ages, self._plan.faults, self.nonce, ages.may_fail)
            self._config.pluginmanager.register(self._shared, "handoff-analyses")
            self._config.pluginmanager.register(self._apart, "handoff-data")
            self._config.pluginmanager.register(SafeEnd(self._apart), "handoff-end-of-data")
            self._config.pluginmanager.register(switcher, "handoff-contexts")  # last: it has the last word

    def close(self) -> None:
        """Let go of what was measured."""
        if self._measured is not None:
            self._measured.lines.close()
        if self._apart is not None:
            self._apart.close()

    def read(self, run: Run, start: Start, traced: Lineage, *, company: bool) -> Measured | NotMeasured:
        """Read what this run measured, together with what earlier parts on the same tree measured.

        Args:
            start: includes what the session's record says now.
            traced: which collected test continues which earlier one.
            company: whether another run of this project was alive at the same time: pytest-cov would read its data too.
        """
        measured = self._read(run, start, traced, company=company)
        if isinstance(measured, NotMeasured):
            return self._without_places(measured)
        self._measured = measured
        return measured

    def _read(self, run: Run, start: Start, traced: Lineage, *, company: bool) -> Measured | NotMeasured:
        self._start, self._adds_up = start, adds_up(start, run)
        why = self._why_not(company=company)
        if why is not None:
            return why
        from pytest_handoff.coverage.reading import CodeTree, read
        from pytest_handoff.coverage.unchanged import UnchangedFiles
        from pytest_handoff.workflow.known_statements import statements_before, unchanged_paths

        also = self._earlier_parts()
        if isinstance(also, NotMeasured):
            return also
        sources = [path for path in self._start.tree.files if path.endswith(".py")]
        project = self._plan.project
        unchanged = UnchangedFiles(unchanged_paths(start), partial(statements_before, project, start))
        tree = CodeTree(project.root, self._plan.suite.belongs, sources, unchanged)
        classes_of = self._classes_of(run, traced)
        return read(self._config, tree, classes_of=classes_of, also=also, shared=self._shared, nonce=self.nonce)

    def save(self, path: Path, *, company: bool) -> PartCoverage | NotMeasured:
        """Save what was measured for ``handoff combine``, which reads it together with the data of other parts."""
        why = self._why_not(company=company)
        if why is not None:
            return why
        from pytest_handoff.coverage.reading import keep_part

        path.unlink(missing_ok=True)
        saved = keep_part(self._config, path, root=self._plan.project.root, nonce=self.nonce)
        settings = self.settings()
        if isinstance(saved, NotMeasured):
            return self._without_places(saved)
        if settings is None:
            return saved
        return replace(saved, in_force=msgspec.to_builtins(settings))

    def settings(self) -> CoverageSettings | None:
        """Return the settings that coverage.py used; ``None`` if it measured nothing."""
        if not self._available or not options.measures_coverage(self._config):
            return None
        from pytest_handoff.coverage.in_force import coverage_in_force

        return coverage_in_force(self._config)

    def keep(self, record: Record) -> None:
        """Keep this run's data for a later part on the same tree; drop earlier data unless this run adds up with them."""
        if record.coverage is None:
            return
        from pytest_handoff.coverage.reading import keep

        if not self._adds_up:
            self._kept.forget()
        self._kept.keep(lambda path: keep(self._config, path, root=self._plan.project.root, nonce=self.nonce))

    def data_files(self) -> list[Path]:
        """List the kept data files of this tree."""
        return self._kept.files()

    @cached_property
    def _kept(self) -> KeptCoverage:
        """Find what earlier runs of the session kept; a run that measures nothing never asks."""
        from pytest_handoff.coverage.kept import KeptCoverage

        plan = self._plan
        return KeptCoverage(self._cache(), plan.project.folder, plan.start.session, plan.start.tree)

    def _why_not(self, *, company: bool) -> NotMeasured | None:
        if not self._available:
            return NotMeasured("pytest-cov was not loaded (-p no:cov, or no plugin autoload: add -p pytest_cov.plugin)")
        if not options.measures_coverage(self._config):
            return NotMeasured("coverage was switched off (--no-cov)")
        if company:
            return NotMeasured("another run recorded here at the same time, and coverage.py may have mixed their data")
        return None

    def _earlier_parts(self) -> list[Path] | NotMeasured:
        before = self._start.before
        if before is None or not self._adds_up:
            return []
        if self._kept.has_others():
            return NotMeasured("pytest's cache has coverage data that none of your runs saved here; run all tests again")
        found = self.data_files()
        if before.coverage is not None and not found:
            return NotMeasured("the coverage data of the earlier part is gone")
        return found

    def _without_places(self, reason: NotMeasured) -> NotMeasured:
        """Take this machine's places out of a reason, and the run's own folder, whose files are named after host and process."""
        own, why = str(self._folder), reason.why
        if own in why:
            why = re.sub(re.escape(own) + r"[^\s'\"]*", lambda _found: ".pytest_cache/handoff", why)
        return replace(reason, why=options.without_places(self._config, self._plan.project.root)(why))

    def _classes_of(self, run: Run, traced: Lineage) -> Callable[[str], tuple[str, str, bool] | None]:
        """Make the function that maps a user's own context, named after a test, to tier, age and whether the test passed."""
        from pytest_handoff.recording.worker import age_of, changed_tests

        session, earlier = self._start.session, self._start.parents.earlier
        changed = changed_tests(self._plan.project, self._start.parents, self._start.renames)

        def classes_of(nodeid: str) -> tuple[str, str, bool] | None:
            test = key_of(nodeid, self._plan.prefix, run.collected)
            seen, result = run.collected.get(test), run.results.get(test)
            if seen is None:
                return None
            return seen.tier, age_of(test, session, earlier, traced, changed), result is not None and result.outcome == "passed"

        return classes_of

    def _cache(self) -> Path:
        has_cache = self._config.pluginmanager.hasplugin("cacheprovider")
        return self._config.rootpath / str(self._config.getini("cache_dir") if has_cache else ".pytest_cache")


def duration_metrics(
    config: pytest.Config, prefix: str, document: str | None, tests: Collection[str]
) -> list[tuple[str, Metric]]:
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
    took = {key_of(report.nodeid, prefix, tests): report.duration for report in calls}
    return [
        (test, Metric(name=name, value=round(took[test], 6), unit="s", better="lower"))
        for name, test in asked.items()
        if test in took
    ]


def seconds_of_tests(config: pytest.Config, prefix: str, tests: Mapping[str, object]) -> dict[str, float]:
    """Give the seconds that each test took, its setup, teardown and repeated attempts included, to three digits.

    As with :func:`duration_metrics`, it costs nothing per test, and there are none where the clock is held still.

    Args:
        prefix: makes a node id relative to the git root.
        tests: the ids of the tests that were collected.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("SOURCE_DATE_EPOCH"):
        return {}
    took = _in_turn(reporter.stats) or _one_by_one(reporter.stats)
    if prefix or not took.keys() <= tests.keys():
        found: defaultdict[str, float] = defaultdict(float)
        for nodeid, seconds in took.items():
            found[key_of(nodeid, prefix, tests)] += seconds
        took = found
    scales = list(map(_SCALES.__getitem__, map(partial(bisect_right, _POWERS), took.values())))
    if all(scales):  # rounded by arithmetic, since text takes four times as long
        took.update(zip(took, map(truediv, map(round, map(mul, took.values(), scales)), scales), strict=True))
        return took  # each number took the place of its own: a second table of very many tests is large
    return {key: float(f"{seconds:.3g}") for key, seconds in took.items() if seconds >= 0}


_POWERS = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0]
_SCALES = [0.0, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 10.0, 0.0]
"""What a number between two powers is multiplied by to have three digits before its point; 0: nothing."""


def _in_turn(stats: Mapping[str, Sequence[pytest.TestReport]]) -> dict[str, float] | None:
    """Add up the three phases of tests that each process ran one after the other, once, and that passed; ``None`` unless all did.

    The reports of an item share the object that says where it is, or, from a worker, the number that xdist gives the item, while
    their ids, which take long to ask for, are equal only.
    """
    calls, others = stats.get("passed", ()), stats.get("", ())
    if len(others) != 2 * len(calls) or any(reports for name, reports in stats.items() if name not in ("", "passed")):
        return None
    if not {pytest.TestReport}.issuperset(map(type, chain(calls, others))):
        return None
    found: dict[str, float] = {}
    for own, beside in _of_each_process(calls, others):
        if len(beside) != 2 * len(own):
            return None
        around = iter(beside)  # the phases before and after each call in turn
        for setup, call, teardown in zip(around, own, around, strict=True):
            if not setup.location is call.location is teardown.location and not _has_one_number(setup, call, teardown):
                return None
            found[call.nodeid] = setup.duration + call.duration + teardown.duration
    return found if len(found) == len(calls) else None


def _has_one_number(setup: pytest.TestReport, call: pytest.TestReport, teardown: pytest.TestReport) -> bool:
    try:
        return bool(setup.item_index == call.item_index == teardown.item_index)
    except AttributeError:  # xdist alone numbers them
        return False


def _of_each_process(
    calls: Sequence[pytest.TestReport], others: Sequence[pytest.TestReport]
) -> Iterable[tuple[Sequence[pytest.TestReport], Sequence[pytest.TestReport]]]:
    """Part reports by the worker that sent them; each worker's come in the order in which it ran its tests."""
    parted: defaultdict[str, tuple[list[pytest.TestReport], list[pytest.TestReport]]] = defaultdict(lambda: ([], []))
    try:
        for call in calls:
            parted[call.worker_id][0].append(call)
        for other in others:
            parted[other.worker_id][1].append(other)
    except AttributeError:
        return [(calls, others)]
    return parted.values()


def _one_by_one(stats: Mapping[str, Sequence[object]]) -> dict[str, float]:
    """Add up all reports of each test."""
    took: defaultdict[str, float] = defaultdict(float)
    for report in _each_once(stats):
        if type(report) is pytest.TestReport:
            took[report.nodeid] += report.duration
    return took


def _each_once(stats: Mapping[str, Sequence[object]]) -> Iterable[object]:
    """Iterate over all reports; where a plugin has categories of its own, one report may be in two of them."""
    every = chain.from_iterable(stats.values())
    return every if stats.keys() <= _CATEGORIES else {id(report): report for report in every}.values()


_CATEGORIES = {"", "passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun", "deselected", "warnings"}


def benchmark_metrics(config: pytest.Config, prefix: str, tests: Collection[str]) -> list[tuple[str, Metric]]:
    """Give the mean time of each benchmark in seconds, with the id of its test; leave out those that ended in an error.

    pytest-benchmark measures nothing under xdist.

    Args:
        prefix: makes a node id relative to the git root.
        tests: the ids of the tests that passed; what others measured means nothing.
    """
    if "pytest_benchmark" not in sys.modules:
        return []
    from pytest_handoff.recording.not_public import benchmarks_of

    return [
        (prefix + bench.fullname, Metric(name=bench.name, value=float(bench["mean"]), unit="s", better="lower"))
        for bench in benchmarks_of(config)
        if not bench.has_error and prefix + bench.fullname in tests
    ]
