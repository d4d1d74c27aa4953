"""List the quantities that documents count, with the words for each: as a label, as a column, and after a figure in a line.

Names are written as :func:`keys_of` gives them. A quantity is of all tests or of a *scope*: a kind of tests, a file, a folder, or
what an earlier session added. A new family of documents needs rows here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LABELS: Mapping[str, tuple[str, ...]] = {
    "tests": (
        "total tests", "total number of tests", "tests", "test count", "tests total", "number of tests", "tests run",
        "tests executed", "tests collected", "total test count", "test cases", "total test cases", "total", "test inventory",
        "total tests run", "all tests", "tests gesamt", "suite size", "tests found", "tests overall", "tests ran",
        "total cases", "test total", "cases", "collected", "tests in total", "tests in suite", "tests considered",
),
    "passed": (
        "passed", "tests passed", "passing", "passing tests", "tests passing", "passed tests", "green", "passed now",
        "bestanden", "pass", "tests pass", "tests that pass", "successful", "successful tests", "tests green", "green tests",
        "tests ok", "passed cases", "passes", "total passed", "total passing",
),
    "failed": (
        "failed", "tests failed", "failing", "failures", "failed tests", "failing tests", "tests failing", "test failures",
        "red", "failed now", "number of failures", "fehlgeschlagen", "fail", "tests red", "red tests", "broken tests",
        "tests broken", "tests that fail", "failed cases", "fails", "total failed", "total failing", "still failing",
        "still red", "tests still failing", "tests still red",
),
    "failing_names": (
        "failing test", "names of failing tests", "list of failing tests", "failed test", "failing test names", "red test",
        "failing test list",
),
    "agent": ("agent", "coding agent", "ai agent", "author", "prepared by", "written by", "completed by", "handed over by"),
    "errors": ("errors", "tests in error", "test errors", "errored", "fehler"),
    "skipped": ("skipped", "tests skipped", "skipped tests", "skipped now", "übersprungen", "skip", "skips", "total skipped"),
    "xfailed": ("xfailed", "expected failures", "xfail"),
    "pass_rate": (
        "pass rate", "success rate", "test pass rate", "overall pass rate", "test success rate", "passing rate",
        "overall success rate", "erfolgsquote", "pass percentage", "passing percentage", "percent passing", "percent passed",
        "pass ratio", "all tests pass", "all tests passing", "tests passing rate",
),
    "status": ("test status", "suite status", "tests status", "status", "state"),
    "result": (
        "pytest", "pytest result", "test suite", "result", "results", "test result", "test results", "final result",
        "outcome", "ergebnis",
    ),
    "duration": (
        "execution time", "test execution time", "test duration", "run time", "runtime", "test run duration", "total time",
        "test suite duration", "suite duration", "total duration", "total execution time", "test run time", "laufzeit",
        "time", "test time", "duration", "suite time", "elapsed", "elapsed time", "wall time", "wall clock time",
        "wall clock", "suite takes", "suite took", "test suite took", "test suite takes", "test run took", "tests took",
        "suite run time", "suite runtime", "duration tests", "time tests", "run duration", "duration test run",
        "test suite runtime", "test suite time", "test suite run time", "tests take",
),
    "coverage": (
        "coverage", "code coverage", "test coverage", "total coverage", "overall coverage", "coverage estimate",
        "estimated coverage", "current coverage", "coverage total", "coverage achieved", "coverage after", "coverage now",
        "abdeckung", "testabdeckung", "cov", "coverage percent", "coverage percentage", "project coverage", "coverage level",
        "total cov", "coverage reached", "final coverage", "coverage result",
),
    "line_coverage": (
        "line coverage", "statement coverage", "lines coverage", "total line coverage", "line coverage total", "line cov",
),
    "new_code": (
        "new code coverage", "coverage of new code", "new code", "coverage for new code", "coverage on new code",
        "diff coverage", "patch coverage", "changed lines coverage", "coverage changed lines", "coverage new lines",
        "new lines coverage", "coverage diff", "coverage new code", "coverage changed code", "changed code coverage",
        "new code covered", "new lines covered",
),
    "statements": ("total statements", "statements", "stmts", "num statements", "anweisungen"),
    "covered": ("covered", "covered statements", "statements covered", "lines covered", "total covered"),
    "missed": (
        "missed", "missing", "missed statements", "statements missed", "miss", "uncovered", "lines missed", "total missed",
),
    "branch_coverage": ("branch coverage", "branches covered", "coverage of branches", "zweigabdeckung"),
    "new_tests": (
        "new tests", "tests added", "tests created", "tests written", "new tests added", "number of new tests",
        "added tests", "neue tests", "tests new", "tests i added", "tests we added", "new tests written",
),
    "files_changed": ("files changed", "changed files", "total files changed", "files touched", "geänderte dateien insgesamt"),
    "files_created": ("files created", "new files", "files added", "created files", "added files", "created", "added", "new"),
    "files_modified": ("files modified", "modified files", "files edited", "edited files", "modified", "edited"),
    "files_removed": (
        "files removed", "files deleted", "deleted files", "removed files", "deleted", "removed", "files dropped",
),
    "lines_added": ("lines added", "lines of code added", "insertions", "loc added", "code added", "added lines", "additions"),
    "lines_removed": (
        "lines removed", "lines deleted", "deletions", "lines of code removed", "removed lines", "deleted lines",
        "loc removed",
),
    "diff": (
        "lines", "lines of code", "net lines", "lines changed", "changed lines", "diff", "diff size", "churn", "code churn",
        "line changes", "loc", "loc changed", "code changes", "diff stat", "size diff",
    ),
    "test_files": ("test files", "number of test files", "test modules", "testdateien"),
    "test_files_created": ("test files added", "test files created", "new test files"),
    "new_commits": (
        "new commits", "commits", "number of commits", "commits made", "commits added", "commits this session",
        "commits pushed", "commits since last update", "commits since last session", "commits since last handoff",
),
    "coverage.before": ("coverage before", "previous coverage", "coverage before this session", "coverage last session"),
    "tests.before": ("tests before", "previous tests", "tests before this session", "tests last session"),
    "passed.before": ("passed before", "tests passed before", "passing before"),
    "failed.before": ("failed before", "tests failed before", "failing before"),
    "skipped.before": ("skipped before", "tests skipped before"),
    "duration.before": ("duration before", "previous duration", "test duration before"),
    "statements.before": ("statements before",),
    "commit": (
        "commit", "commit hash", "commit sha", "git commit", "commit analyzed", "commit analysed", "tested commit", "head",
        "last commit", "latest commit", "current commit", "head commit", "sha", "git sha", "revision", "git revision", "rev",
        "commit id", "git commit hash", "last commit sha", "last commit hash", "latest commit hash", "latest commit sha",
        "head sha", "short sha", "short hash", "final commit", "commit verified", "verified commit", "verified commit sha",
        "verified at commit", "tested at commit", "checked commit", "commit under test", "hotfix commit", "fix commit",
        "commit tested", "fixed commit", "reviewed commit", "release commit", "last commit id",
),
    "branch": (
        "branch", "git branch", "current branch", "working branch", "zweig", "feature branch", "branch name", "work branch",
        "hotfix branch", "fix branch", "active branch", "topic branch", "fixed branch",
),
    "git_status": (
        "git status", "working directory", "working tree", "working tree status", "working directory status",
        "uncommitted changes", "tree state", "git state", "worktree", "worktree state", "working tree state", "tree",
        "uncommitted work", "uncommitted files",
),
    "tree_clean": (
        "tree clean", "working tree clean", "clean tree", "clean working tree", "worktree clean", "git clean",
        "is tree clean", "everything committed", "all committed", "all changes committed", "git status clean",
        "working directory clean",
),
    "date": (
        "date", "test date", "report date", "run date", "test run date", "date of run", "last run", "run on", "datum",
        "last test run", "last verified", "verified date", "date test run", "date test", "tested on", "verified on",
        "checked on", "handed over on", "verification date", "date verified", "session date", "date session", "handoff date",
        "date handoff", "date tests",
),
    "python": ("python", "python version", "interpreter", "python interpreter", "version python"),
    "platform": ("platform", "operating system", "os"),
    "config_files": ("configuration changes", "configuration files", "new configuration files", "config files"),
}  # fmt: skip

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "tests": (
        "tests", "total", "count", "test count", "total tests", "number", "number of tests", "anzahl", "test cases", "cases",
        "n", "all",
    ),
    "executed": ("executed", "tests run", "tests executed"),
    "passed": ("passed", "passing", "pass", "tests passed", "bestanden", "green", "passes", "tests passing", "ok"),
    "failed": ("failed", "failing", "fail", "tests failed", "failures", "fehlgeschlagen", "red", "fails", "tests failing"),
    "skipped": ("skipped", "skip", "übersprungen", "skips", "tests skipped"),
    "new_tests": (
        "new", "new tests", "added", "tests added", "written this session", "new this session", "added this session",
        "tests written", "new tests added",
    ),
    "errors": ("errors", "error"),
    "pass_rate": ("pass rate", "success rate", "rate", "passing rate", "pass percentage", "percent passed", "success"),
    "result": ("result", "results", "passed total", "outcome", "passed tests", "pass total", "ergebnis"),
    "status": ("status", "state", "verdict"),
    "coverage": ("coverage", "covered", "cover", "abdeckung", "cov", "coverage percent"),
    "line_coverage": ("line coverage", "statement coverage"),
    "change": ("change", "change type", "kind of change", "type of change", "action", "what happened"),
    "statements": ("statements", "stmts"),
    "missed": (
        "missed", "missing", "miss", "not covered", "uncovered", "missed statements", "uncovered statements",
        "statements missed",
    ),
    "lines": ("lines", "lines of code", "loc", "zeilen"),
}  # fmt: skip
"""The columns of a table whose rows are kinds of tests, files or folders."""

VALUE_COLUMNS = (
    "value", "actual", "current", "achieved", "after", "result", "results", "now", "count", "measured", "final",
    "this session", "latest", "number", "figure", "current value", "actual value", "after session", "after this session",
    "today", "wert", "ist", "nachher",
)  # fmt: skip
SHOWN_COLUMNS = (
    "observed", "outcome", "score", "end", "at end", "got", "actual result", "measured value", "end of session", "evidence",
    "proof", "reading", "after refactoring", "after change", "this run", "this sprint",
)  # fmt: skip
"""Columns of values, too; a person's figure there may be of another day."""

TARGET_COLUMNS = (
    "target", "goal", "required", "threshold", "requirement", "expected", "minimum", "ziel", "soll", "limit", "needed",
    "min",
)  # fmt: skip
STATUS_COLUMNS = (
    "status", "met", "state", "verdict", "stand", "target met", "on target", "reached", "ok", "pass", "pass fail",
    "goal met", "threshold met", "passes",
)  # fmt: skip
BEFORE_COLUMNS = (
    "before", "baseline", "previous", "last session", "previous session", "before session", "before this session", "vorher",
    "at start", "start", "start of session", "old", "then", "prior", "was", "session start", "last", "last time",
    "previous value", "last sprint", "last run", "previous run", "before refactoring", "before change", "initial",
)  # fmt: skip
CHANGE_COLUMNS = ("change", "delta", "difference", "improvement", "δ", "änderung", "diff", "net change")

NOUNS: Mapping[str, tuple[str, ...]] = {
    "tests": (
        "tests", "test", "total tests", "tests total", "tests in total", "total", "existing tests",
        "existing tests identified", "tests identified", "tests executed", "tests run", "test cases", "tests collected",
        "collected", "tests collected in total", "collected items",
),
    "passed": (
        "tests are green", "tests are passing", "test passed", "are green", "are passing", "ok", "passed", "passing",
        "tests passed", "tests passing", "tests pass", "pass", "green", "passing tests", "all tests passed",
        "all tests passing", "tests green", "total passed", "complete test suite passing", "full test suite passing",
        "all passing", "test suite passing", "all passed", "tests executed and passing", "tests run and passing",
),
    "failed": (
        "failed", "failing", "failures", "tests failed", "tests failing", "failing tests", "failed tests", "failure", "fail",
        "red", "tests fail", "test failed", "test failures", "are red", "broken",
),
    "errors": ("errors", "error", "tests in error"),
    "skipped": ("skipped", "tests skipped", "skipped tests", "skip", "test skipped"),
    "xfailed": ("xfailed", "expected failures"),
    "pass_rate": ("pass rate", "success rate", "overall pass rate"),
    "coverage": (
        "coverage", "code coverage", "test coverage", "total coverage", "overall coverage", "covered", "line coverage total",
        "of existing code", "code coverage achieved", "coverage achieved", "code covered",
),
    "duration": (
        "s", "in s", "seconds", "in seconds", "sec", "in sec", "runtime s", "duration s", "finished in s", "took s",
        "took seconds", "took sec", "takes s", "takes seconds", "ran in s", "ran in seconds", "finished in seconds",
        "completed in s", "in s total", "completed in seconds", "run in s", "tests took s", "suite took s",
        "suite took seconds", "tests took seconds",
    ),
    "new_tests": ("new tests", "tests added", "new tests added", "new tests added this session", "added tests", "new",
    "new test"),
    "files_created": ("files created", "new files", "created files", "files added"),
    "files_modified": ("files modified", "modified files", "edited files", "files edited"),
    "files_changed": ("files changed", "changed files"),
    "files_removed": ("files removed", "files deleted", "removed files", "deleted files"),
    "lines_added": ("lines added", "insertions", "lines of code added"),
    "lines_removed": ("lines removed", "deletions", "lines deleted"),
    "test_files": ("test files", "in test files", "across test files"),
    "new_commits": ("new commits", "new commit", "commits", "commits this session", "commits added", "commits made"),
    "branch_coverage": ("branch coverage", "branches covered"),
    "line_coverage": ("line coverage", "statement coverage"),
    "new_code": (
        "on new code", "of new code", "for new code", "coverage of new code", "coverage on new code", "new code coverage",
        "diff coverage", "on changed lines", "of changed lines", "coverage of the diff", "patch coverage", "of the new code",
        "on the new code", "of new lines", "new code covered",
    ),
}  # fmt: skip
"""Words around a figure in a line, without the figure."""

FILLERS = frozenset({
    "", "complete test suite", "full test suite", "test suite", "test results", "results", "result", "tests", "summary",
    "all tests", "final", "final results", "final result", "status", "in", "with", "overall", "total", "coverage",
    "test summary", "regression", "regression suite", "full suite", "pytest", "backend", "backend tests", "python",
    "python tests", "closing line", "test status", "current", "now", "last run", "outcome", "test run", "test execution",
    "collected", "suite", "ergebnis", "in short", "in brief", "in a nutshell", "bottom line", "at a glance", "headline", "short",
    "in one line", "one line", "verdict", "numbers", "in numbers", "test run result", "testergebnisse", "pp", "percentage points",
})  # fmt: skip
"""Pieces of a line, or labels, that say nothing but that tests, all of them, are spoken of."""

ALL_TESTS = frozenset({
    "complete test suite", "full test suite", "all tests", "all tests passed", "all tests passing",
    "complete test suite passing", "full test suite passing", "total tests",
})  # fmt: skip
"""Words by which a person says that every test is meant: figures beside them are held against the evidence."""


def named(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Turn names by quantity into quantities by name."""
    return {name: quantity for quantity, called in names.items() for name in called}


QUANTITIES = named(LABELS)
"""What each label counts."""
