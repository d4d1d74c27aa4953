"""Find what a name counts: look it up, drop words that say nothing, or combine words of known classes.

If a word belongs to no class, the name means something else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.document.quantities import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_DROPPED = frozenset({
    "the", "a", "an", "of", "in", "on", "this", "session", "story", "sprint", "our", "my", "current", "currently", "now",
    "so", "far", "python", "pytest", "today", "overall", "whole", "full", "for", "at", "run", "is", "are", "were", "was",
    "by", "we", "i", "project", "suite", "after", "under", "from", "built", "cycle", "iteration", "phase",
    "branch",
})  # fmt: skip
_OF_ALL = frozenset({"number", "nr", "no", "count", "total", "all"})
_THEN = frozenset({"before", "previous", "previously", "prior", "initial", "initially", "start", "starting", "beginning", "was"})
_CHANGED = frozenset({"change", "delta", "difference", "increase", "diff", "gain"})
_KNOWN_THEN = frozenset({"tests", "passed", "failed", "skipped", "coverage", "statements", "duration"})
_COUNTED = _KNOWN_THEN | {
    "errors", "xfailed", "missed", "covered", "pass_rate", "line_coverage", "branch_coverage", "new_code", "new_tests",
    "files_created", "files_modified", "files_removed", "files_changed", "test_files", "lines_added", "lines_removed",
}  # fmt: skip


def quantity_of(keys: Iterable[str], names: Mapping[str, str], text: str = "") -> tuple[str, str] | None:
    """Find what a label or a row counts: return the name that was found, without words that say nothing, and the quantity.

    Args:
        names: quantities by name.
        text: the label itself, which may say that a rate is meant: *Pass %*.
    """
    known = sorted(keys)
    exact = next((key for key in known if key in names), None)
    found = (exact, names[exact]) if exact is not None else None
    found = found or next((found for key in known if (found := _reduced(key, names)) is not None), None)
    if found is None or "%" not in text or re.search(_PERCENT, text) is None:
        return found
    return _RATE if found[1] == "passed" else found if found[1] in _RATES else None


def _reduced(key: str, names: Mapping[str, str]) -> tuple[str, str] | None:
    plain = re.sub(_OF_THE_DIFF, " new code", key) if any(word in key for word in ("diff", "change", "patch")) else key
    of_branch = "branch" in key and ("coverage" in key or "tests" in key)
    words = (re.sub(_ON_THE_BRANCH, "", plain) if of_branch else plain).split()
    if not 1 < len(words) <= _MOST_WORDS or key.startswith("current session"):  # those of this session may be its new ones
        return None
    if words[-3:-1] == ["end", "of"]:
        words = words[: -4 if words[-4:-3] == ["at"] else -3]
    keeps_branch = "branch" in words and (len(words) <= 3 or "coverage" in words)
    dropped = _DROPPED - {"branch"} if keeps_branch else _DROPPED
    at = next((at for at, word in enumerate(words) if at and word in ("before", "after")), len(words))
    if at + 1 < len(words) and _AGAIN.isdisjoint(words):  # whatever it is that came between
        words = words[: at + 1]
    then, changed = not _THEN.isdisjoint(words), not _CHANGED.isdisjoint(words)
    rest = [word for word in words if word not in dropped and word not in _THEN and word not in _CHANGED]
    for plain in (" ".join(rest), " ".join(word for word in rest if word not in _OF_ALL)):
        quantity = names.get(plain) or _composed(plain.split(), names)
        if quantity is None:
            continue
        if then or changed:
            is_known = quantity in _KNOWN_THEN and then != changed and (quantity != "duration" or "before" in words)
            return (plain, quantity + (".before" if then else ".change")) if is_known else None
        if quantity in _COUNTED or len(rest) == len(plain.split()):
            return plain, quantity
    return None


def _composed(words: list[str], names: Mapping[str, str]) -> str | None:
    """Combine several words into what they count, if the names are those of labels and one of the words may be about that."""
    if names is not QUANTITIES or len(words) < 2 or _MAY_COUNT.isdisjoint(words):
        return None
    return counted_by(words)


_MOST_WORDS = 8
_OF_THE_DIFF = r" (?:of|for|on|in) (?:(?:the|this|these|our|your|my|all) )?(?:diff|changes?|patch)(?: lines)?$"
"""A difference that is measured, and not how much something differs."""

_ON_THE_BRANCH = r" (?:on|of|in|from) (?:(?:the|this|our|my) )?(?:\w+ )?branch$"
_PERCENT = r"(?:^|[^\d\s\]}>_X])[ ]*%"
_RATE = ("percent passed", "pass_rate")
_RATES = frozenset({"pass_rate", "coverage", "line_coverage", "branch_coverage", "new_code"})
_MAY_COUNT = frozenset({
    "test", "tests", "cases", "coverage", "cov", "files", "statements", "stmts", "commit", "sha", "revision", "lines", "code",
    "commits", "rate", "percentage", "suite",
})  # fmt: skip
_AGAIN = frozenset({"retry", "retries", "rerun", "reruns", "attempt", "attempts", "flaky", "hours", "minutes", "seconds"})


def plain_words(key: str) -> str:
    """Return the words of a name that say something: *start* of *at the start of this session*."""
    return " ".join(word for word in key.split() if word not in _DROPPED)


_CLASSES = {
    "tests": "test tests testcase testcases case cases spec specs",
    "suite": "suite suites",
    "run": "run runs",
    "passed": "passed passing pass passes green ok successful succeeded succeeding",
    "failed": "failed failing fail fails failures failure red broken",
    "skipped": "skipped skip skips",
    "errors": "errors errored",
    "coverage": "coverage cov",
    "covered": "covered hit",
    "missed": "missed missing uncovered untested unhit unexecuted",
    "statements": "statements statement stmts stmt",
    "lines": "lines line",
    "branches": "branches branch",
    "code": "code loc",
    "new": "new added created",
    "modified": "modified edited updated",
    "changed": "changed touched",
    "diff": "diff patch",
    "removed": "removed deleted",
    "files": "file files",
    "modules": "modules module",
    "rate": "rate percentage percent ratio share pct",
    "time": "duration time runtime elapsed took takes",
    "names": "names name list ids",
    "commit": "commit sha hash revision rev",
    "commits": "commits",
    "seen": "tested verified checked audited analysed analyzed inspected evaluated validated examined",
}
_CLASS_OF = {word: name for name, words in _CLASSES.items() for word in words.split()}

_SAY_NOTHING = frozenset({
    "that", "these", "those", "your", "total", "number", "count", "nr", "no", "amount", "how", "many", "much", "all", "entire",
    "latest", "automated", "figure", "figures", "value", "final", "actual", "achieved", "reached", "only", "moment", "present",
    "exactly", "altogether", "has", "have", "been", "it", "here", "as", "git", "did", "do", "does", "combined", "reported",
    "measured", "right",
})  # fmt: skip
"""Words that name nothing and narrow nothing."""

_TOGETHER: Mapping[str, tuple[str, ...]] = {
    "tests": ("tests",),
    "passed": ("tests passed", "tests passed suite"),
    "failed": ("tests failed", "tests failed suite"),
    "skipped": ("tests skipped", "tests skipped suite"),
    "errors": ("tests errors",),
    "failing_names": ("tests failed names",),
    "pass_rate": ("passed rate", "tests passed rate", "suite passed rate", "tests suite passed rate"),
    "coverage": ("coverage", "tests coverage", "code coverage", "suite coverage", "tests suite coverage", "coverage rate"),
    "line_coverage": ("lines coverage", "statements coverage", "lines coverage rate", "statements coverage rate"),
    "branch_coverage": ("branches coverage", "branches coverage rate"),
    "new_code": (
        "coverage new code", "coverage changed code", "coverage modified code", "coverage diff", "coverage new lines",
        "coverage changed lines", "coverage modified lines", "coverage new statements", "coverage changed statements",
        "coverage new code rate", "new code", "coverage diff lines", "covered new code", "covered diff",
    ),
    "covered": ("covered statements",),
    "missed": ("missed statements",),
    "duration": ("time tests", "time suite", "time tests suite", "time tests run", "time suite run"),
    "new_tests": ("new tests",),
    "files_created": ("new files",),
    "files_modified": ("modified files",),
    "files_changed": ("changed files",),
    "files_removed": ("removed files",),
    "lines_added": ("new lines",),
    "lines_removed": ("removed lines",),
    "test_files": ("tests files", "tests modules"),
    "test_files_created": ("tests files new", "tests modules new"),
    "new_commits": ("commits", "commits new"),
    "commit": ("commit seen",),
}  # fmt: skip
_BY_CLASSES = {frozenset(one.split()): quantity for quantity, rows in _TOGETHER.items() for one in rows}


def counted_by(words: Sequence[str]) -> str | None:
    """Return what these words count together, or ``None`` if one of them means something else."""
    classes: set[str] = set()
    for word in words:
        if word in _SAY_NOTHING:
            continue
        if word not in _CLASS_OF:
            return None
        classes.add(_CLASS_OF[word])
    return _BY_CLASSES.get(frozenset(classes))
