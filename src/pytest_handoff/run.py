"""Describe one pytest invocation as data: what it collected, what each test did, why the run may not be whole."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.record import Frozen, Metric, Outcome, Provenance, SkippedNode

if TYPE_CHECKING:
    from collections.abc import Iterable

TEST_FOLDERS = frozenset({"test", "tests"})
"""Names of folders that hold tests wherever they are."""


def is_test_data(path: str) -> bool:
    """Check whether a file is below a test folder: what is not a test there is test data, and may be broken on purpose."""
    return not TEST_FOLDERS.isdisjoint(PurePosixPath(path).parts[:-1])


_ANY_MODULE = frozenset({"*", "*.py"})

_WORST_FIRST: tuple[Outcome, ...] = ("failed", "error", "not_run", "xfailed", "skipped", "xpassed", "passed")


class CaseResult(Frozen, frozen=True, gc=False):
    """The final outcome of one test in one run; ``reason`` is for a skip or xfail, ``error`` the first line of a failure."""

    outcome: Outcome
    reruns: int = 0
    flaky: bool = False
    subtests: int = 0
    failed_subtests: int = 0
    reason: str | None = None
    error: str | None = None


PASSED = CaseResult(outcome="passed")
"""The result of a test that simply passed; nearly all are this very object, so that it is quick to tell."""


class Collected(Frozen, frozen=True, gc=False):
    """One test as collected: its tier, whether it is a promise (a strict ``xfail``), and its checklist lines.

    ``excused`` tells that a marker says before the test runs that it is skipped, or may be, or is expected to fail.
    """

    tier: str
    promised: bool = False
    checks: tuple[str, ...] = ()
    excused: bool = False


class Collection(Frozen, frozen=True):
    """The collection of one process.

    Attributes:
        tests: every test by its id, with what is known of it before it runs.
        whole_files: files whose tests are all there.
        broken_files: files that could not be collected, with the first line of the error.
        skipped_nodes: files, or other collectors, that skipped themselves.
        left_out: tests that the project's settings leave out (``-m``, ``-k``, ``--deselect`` in ``addopts``).
        outside: files of tests that lie outside the git root, by their last two names.
    """

    tests: dict[str, Collected]
    whole_files: list[str]
    broken_files: dict[str, str]
    skipped_nodes: list[SkippedNode] = []
    left_out: list[str] = []
    outside: list[str] = []


class RunContext(Frozen, frozen=True):
    """The facts that are recorded about a run besides its results; times are ISO 8601 in UTC, to the second."""

    started: str
    finished: str
    duration_s: float
    python: str
    platform: str
    agent: str | None
    provenance: Provenance


class Run(Frozen, frozen=True):
    """The findings of a run, keyed by test id relative to the git root.

    Attributes:
        collected: every test that was collected, including those deselected afterwards.
        results: the tests that ran to an end.
        whole_files: test files whose tests were all collected.
        broken_files: files whose collection failed, with the first line of the error.
        skipped_nodes: files, or other collectors, that skipped themselves.
        left_out: tests that the project's settings leave out, and that did not run.
        why_partial: how the run was narrowed; empty for a run of everything.
        mishaps: what went wrong besides the tests: a lost worker, files that changed while the tests ran.
        reported: the number of reports in each of pytest's own categories, to compare with its last line.
        metrics: what tests measured, each with the test's id.
        differing: tests that several parts ran with different outcomes, and the outcome in each part.
    """

    collected: dict[str, Collected]
    results: dict[str, CaseResult]
    whole_files: frozenset[str]
    broken_files: dict[str, str]
    why_partial: tuple[str, ...]
    mishaps: tuple[str, ...]
    interrupted: str | None
    started: float
    finished: float
    exitstatus: int
    args: tuple[str, ...]
    plugins: dict[str, str]
    reported: dict[str, int]
    metrics: tuple[tuple[str, Metric], ...] = ()
    differing: dict[str, dict[str, Outcome]] = {}
    skipped_nodes: tuple[SkippedNode, ...] = ()
    left_out: frozenset[str] = frozenset()

    @property
    def all_ran(self) -> bool:
        """Check that every collected test ran, except those that the settings leave out."""
        wanted = self.collected.keys() - self.left_out if self.left_out else self.collected.keys()
        return wanted <= self.results.keys()

    @property
    def seen_files(self) -> frozenset[str]:
        """Return the files that pytest looked at: those collected whole, and those that skipped themselves."""
        return self.whole_files | {node.id for node in self.skipped_nodes}


def worse(one: CaseResult, other: CaseResult) -> CaseResult:
    """Return the worse of two results of one test: a teardown error after a pass, or the same id run twice.

    A skip in teardown takes nothing away from a test that passed; an error after a failed call adds nothing to it.
    """
    if {one.outcome, other.outcome} == {"passed", "skipped"}:
        return one if one.outcome == "passed" else other
    return min(one, other, key=lambda result: _WORST_FIRST.index(result.outcome))


def together(one: CaseResult, other: CaseResult) -> CaseResult:
    """Return the result of a test that ran several times: the worse one, and flaky where one passed and another failed."""
    found = worse(one, other)
    pair = {one.outcome, other.outcome}
    return replace(found, flaky=True) if "passed" in pair and not pair.isdisjoint({"failed", "error"}) else found


def _matches(path: str, patterns: Iterable[str]) -> bool:
    name = PurePosixPath(path).name
    return any(fnmatchcase(name, pattern) or fnmatchcase(path, pattern) for pattern in patterns)


def _is_in(path: str, folder: PurePosixPath) -> bool:
    return f"{path}/".startswith(f"{folder}/")


class SuiteFiles(Frozen, frozen=True):
    """pytest's ``python_files`` and ``testpaths``, the latter relative to the git root."""

    patterns: list[str]
    folders: list[str]

    def is_module(self, path: str) -> bool:
        """Check that pytest would collect this file as a test module."""
        return _matches(path, self.patterns)

    def belongs(self, path: str, sources: Iterable[str] = ()) -> bool:
        """Check that this file belongs to the tests: a module, a conftest, or any file in a folder of tests.

        Args:
            sources: folders of code under test. What pytest looks for tests in may hold them, if it has no name of a test folder.
        """
        where = PurePosixPath(path)
        named = [pattern for pattern in self.patterns if pattern not in _ANY_MODULE]
        if where.name == "conftest.py" or not TEST_FOLDERS.isdisjoint(where.parts[:-1]) or _matches(path, named):
            return True
        folders = [folder for folder in map(PurePosixPath, self.folders) if folder.parts]
        holding = {folder for folder in folders if folder.name != "testing" and any(_is_in(source, folder) for source in sources)}
        return any(_is_in(path, folder) for folder in folders if folder not in holding)
