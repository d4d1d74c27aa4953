"""List what documents count, with the words that they have for it: as a label, as a column, and behind a figure in a line.

Names are written as :func:`keys_of` gives them. A quantity is of all tests or of a *scope*: a kind of tests, a file, a folder, or
what an earlier session added. A new family of documents needs rows here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.document.labels import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LABELS: Mapping[str, tuple[str, ...]] = {
    "tests": (
        "total tests", "total number of tests", "tests", "test count", "tests total", "number of tests", "tests run",
        "tests executed", "tests collected", "total test count", "test cases", "total test cases", "total", "test inventory",
        "total tests run", "all tests", "tests gesamt",
    ),
    "passed": (
        "passed", "tests passed", "passing", "passing tests", "tests passing", "passed tests", "green", "passed now", "bestanden",
    ),
    "failed": (
        "failed", "tests failed", "failing", "failures", "failed tests", "failing tests", "tests failing", "test failures", "red",
        "failed now", "number of failures", "fehlgeschlagen",
    ),
    "errors": ("errors", "tests in error", "test errors", "errored", "fehler"),
    "skipped": ("skipped", "tests skipped", "skipped tests", "skipped now", "übersprungen"),
    "xfailed": ("xfailed", "expected failures", "xfail"),
    "pass_rate": (
        "pass rate", "success rate", "test pass rate", "overall pass rate", "test success rate", "passing rate",
        "overall success rate", "erfolgsquote",
    ),
    "status": ("test status", "suite status", "tests status", "status", "state"),
    "result": ("result", "results", "test result", "test results", "final result", "outcome", "ergebnis"),
    "duration": (
        "execution time", "test execution time", "test duration", "run time", "runtime", "test run duration", "total time",
        "test suite duration", "suite duration", "total duration", "total execution time", "test run time", "laufzeit",
        "time", "test time", "duration",
    ),
    "coverage": (
        "coverage", "code coverage", "test coverage", "total coverage", "overall coverage", "coverage estimate",
        "estimated coverage", "current coverage", "coverage total", "coverage achieved", "coverage after", "coverage now",
        "abdeckung", "testabdeckung",
    ),
    "new_code": ("new code coverage", "coverage of new code", "new code", "coverage for new code", "coverage on new code"),
    "statements": ("total statements", "statements", "stmts", "num statements", "anweisungen"),
    "covered": ("covered", "covered statements", "statements covered", "lines covered", "total covered"),
    "missed": (
        "missed", "missing", "missed statements", "statements missed", "miss", "uncovered", "lines missed", "total missed",
    ),
    "branch_coverage": ("branch coverage", "branches covered", "coverage of branches", "zweigabdeckung"),
    "new_tests": (
        "new tests", "tests added", "tests created", "tests written", "new tests added", "number of new tests", "added tests",
        "neue tests",
    ),
    "files_changed": ("files changed", "changed files", "total files changed", "files touched", "geänderte dateien insgesamt"),
    "files_created": ("files created", "new files", "files added"),
    "files_modified": ("files modified", "modified files"),
    "files_removed": ("files removed", "files deleted", "deleted files"),
    "lines_added": ("lines added", "lines of code added", "insertions", "loc added", "code added"),
    "lines_removed": ("lines removed", "lines deleted", "deletions", "lines of code removed"),
    "test_files": ("test files", "number of test files", "test modules", "testdateien"),
    "test_files_created": ("test files added", "test files created", "new test files"),
    "new_commits": ("new commits", "commits", "number of commits", "commits made", "commits added", "commits this session"),
    "coverage.before": ("coverage before", "previous coverage", "coverage before this session", "coverage last session"),
    "tests.before": ("tests before", "previous tests", "tests before this session", "tests last session"),
    "passed.before": ("passed before", "tests passed before", "passing before"),
    "failed.before": ("failed before", "tests failed before", "failing before"),
    "skipped.before": ("skipped before", "tests skipped before"),
    "duration.before": ("duration before", "previous duration", "test duration before"),
    "statements.before": ("statements before",),
    "commit": (
        "commit", "commit hash", "commit sha", "git commit", "commit analyzed", "commit analysed", "tested commit", "head",
        "last commit", "latest commit", "current commit", "head commit",
    ),
    "branch": ("branch", "git branch", "current branch", "working branch", "zweig"),
    "git_status": (
        "git status", "working directory", "working tree", "working tree status", "working directory status",
        "uncommitted changes",
    ),
    "date": ("date", "test date", "report date", "run date", "test run date", "date of run", "last run", "run on", "datum"),
    "python": ("python", "python version"),
    "platform": ("platform", "operating system"),
    "config_files": ("configuration changes", "configuration files", "new configuration files", "config files"),
}  # fmt: skip

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "tests": ("tests", "total", "count", "test count", "total tests", "number", "number of tests", "anzahl", "test cases"),
    "passed": ("passed", "passing", "pass", "tests passed", "bestanden"),
    "failed": ("failed", "failing", "fail", "tests failed", "failures", "fehlgeschlagen"),
    "skipped": ("skipped", "skip", "übersprungen"),
    "errors": ("errors", "error"),
    "pass_rate": ("pass rate", "success rate", "rate", "passing rate"),
    "result": ("result", "results", "passed total", "outcome", "passed tests", "pass total", "ergebnis"),
    "status": ("status", "state", "verdict"),
    "coverage": ("coverage", "covered", "cover", "abdeckung"),
    "statements": ("statements", "stmts"),
    "missed": ("missed", "missing", "miss"),
    "lines": ("lines", "lines of code", "loc", "zeilen"),
}
"""The columns of a table whose rows are kinds of tests, files or folders."""

VALUE_COLUMNS = (
    "value", "actual", "current", "achieved", "after", "result", "results", "now", "count", "measured", "final",
    "this session", "latest", "number", "figure", "current value", "actual value", "after session", "after this session",
    "today", "wert", "ist", "nachher",
)  # fmt: skip
TARGET_COLUMNS = ("target", "goal", "required", "threshold", "requirement", "expected", "minimum", "ziel", "soll")
STATUS_COLUMNS = ("status", "met", "state", "verdict", "stand")
BEFORE_COLUMNS = (
    "before", "baseline", "previous", "last session", "previous session", "before session", "before this session", "vorher",
)  # fmt: skip
CHANGE_COLUMNS = ("change", "delta", "difference", "improvement", "δ", "änderung")

NOUNS: Mapping[str, tuple[str, ...]] = {
    "tests": (
        "tests", "test", "total tests", "tests total", "tests in total", "total", "existing tests",
        "existing tests identified", "tests identified", "tests executed", "tests run", "test cases", "tests collected",
        "collected", "tests collected in total", "collected items",
    ),
    "passed": (
        "passed", "passing", "tests passed", "tests passing", "tests pass", "pass", "green", "passing tests",
        "all tests passed", "all tests passing", "tests green", "total passed", "complete test suite passing",
        "full test suite passing", "all passing", "test suite passing", "all passed", "tests executed and passing",
        "tests run and passing",
    ),
    "failed": ("failed", "failing", "failures", "tests failed", "tests failing", "failing tests", "failed tests", "failure"),
    "errors": ("errors", "error", "tests in error"),
    "skipped": ("skipped", "tests skipped", "skipped tests"),
    "xfailed": ("xfailed", "expected failures"),
    "pass_rate": ("pass rate", "success rate", "overall pass rate"),
    "coverage": (
        "coverage", "code coverage", "test coverage", "total coverage", "overall coverage", "covered", "line coverage total",
        "of existing code", "code coverage achieved", "coverage achieved", "code covered",
    ),
    "duration": ("s", "in s", "seconds", "in seconds", "sec", "in sec", "runtime s", "duration s", "finished in s"),
    "new_tests": ("new tests", "tests added", "new tests added", "new tests added this session", "added tests"),
    "files_created": ("files created", "new files", "created files", "files added"),
    "files_modified": ("files modified", "modified files"),
    "files_changed": ("files changed", "changed files"),
    "files_removed": ("files removed", "files deleted"),
    "lines_added": ("lines added", "insertions", "lines of code added"),
    "lines_removed": ("lines removed", "deletions", "lines deleted"),
    "test_files": ("test files", "in test files", "across test files"),
    "new_commits": ("new commits", "new commit", "commits", "commits this session", "commits added", "commits made"),
    "branch_coverage": ("branch coverage", "branches covered"),
}  # fmt: skip
"""Words around a figure in a line, without the figure."""

FILLERS = frozenset({
    "", "complete test suite", "full test suite", "test suite", "test results", "results", "result", "tests", "summary",
    "all tests", "final", "final results", "final result", "status", "in", "with", "overall", "total", "coverage",
    "test summary", "regression", "regression suite", "full suite", "pytest", "backend", "backend tests", "python",
    "python tests", "closing line", "test status", "current", "now", "last run", "outcome", "test run", "test execution",
    "collected", "suite", "ergebnis", "testergebnisse",
})  # fmt: skip
"""Pieces of a line, or labels, that say nothing but that tests, all of them, are spoken of."""

ALL_TESTS = frozenset({
    "complete test suite", "full test suite", "all tests", "all tests passed", "all tests passing",
    "complete test suite passing", "full test suite passing", "total tests",
})  # fmt: skip
"""Words by which a person says that every test is meant: figures beside them are held against the evidence."""

_NEUTRAL = frozenset({
    "test", "tests", "testing", "results", "result", "status", "summary", "metrics", "metric", "quality", "code", "coverage",
    "overall", "executive", "final", "current", "success", "key", "session", "report", "statistics", "stats", "execution",
    "suite", "complete", "full", "regression", "validation", "verification", "evidence", "overview", "and", "the", "of",
    "for", "total", "breakdown", "by", "category", "categories", "type", "types", "tier", "tiers", "kind", "kinds", "file",
    "files", "run", "runs", "details", "detailed", "information", "info", "state", "project", "quantitative", "achieved",
    "implementation", "git", "repository", "environment", "after", "outcome", "outcomes", "numbers", "figures", "at", "a",
    "glance", "health", "dashboard", "battery", "measurements", "measured", "delivery", "handoff", "hand", "off", "all",
    "in", "scorecard", "module", "modules", "folder", "achievements", "what", "was", "were", "done", "changes", "change",
    "work", "completed", "this", "our", "analysis", "findings", "assurance", "gates", "inventory", "output", "outputs",
    "log", "terminal", "command", "commands", "closing", "line", "lines", "pytest", "python", "counts", "count",
    "passing", "passed", "failing", "failed", "skipped", "testergebnisse", "teststatus", "kennzahlen",
    "qualität", "überblick", "zusammenfassung", "abdeckung", "phase", "sprint", "snapshot", "artifacts", "proof",
    "per", "package", "packages", "table", "check", "checks",
    "accomplishments", "review", "where", "things", "stand", "stands", "size", "reached", "pass", "rate", "it", "again",
    "impact", "progress",
})  # fmt: skip
"""Words of headings below which figures are of all tests; one with another word, such as *New Code*, is about something else."""

_PHRASES = frozenset({"before after", "before and after", "before vs after", "unit test results", "python test results"})
_FIGURES = re.compile(r"\[[^\[\]]*\]|\d[\d,./%]*")
_NUMBERED = re.compile(r"\b(?:session|phase|sprint)\s+#?(\d{1,9})\b", re.IGNORECASE)


def is_neutral(heading: str, number: int | None) -> bool:
    """Check that a heading narrows nothing: below it figures are of all tests, as they are now.

    Args:
        number: that of the session at hand; a heading that names another session speaks of then.
    """
    if any(int(other) != number for other in _NUMBERED.findall(heading)):
        return False
    words = _FIGURES.sub(" ", heading)
    return any(form in _PHRASES or set(form.split()) <= _NEUTRAL for form in keys_of(words) or {""})


def named(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Turn names by quantity into quantities by name."""
    return {name: quantity for quantity, called in names.items() for name in called}


def kinds_of_tests(tiers: Iterable[str]) -> dict[str, str]:
    """Map what documents call the tests of each kind to its name."""
    found = {}
    for tier in tiers:
        plain = " ".join(keys_of(tier) and sorted(keys_of(tier))[:1])
        for form in (plain, *(("end to end", "end to end") if tier == "e2e" else ())):
            for name in ("{}", "{} test", "{} tests", "{} test results", "{} test status", "{} test suite", "{} testing"):
                found[name.format(form)] = tier
    return {name: tier for name, tier in found.items() if name}
