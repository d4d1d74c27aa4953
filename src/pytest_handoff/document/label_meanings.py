"""Tell what a label counts, for which tests, and whether to compare a person's figure after it with the evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.document.figures_in_text import figures_in
from pytest_handoff.document.labels import asks_nothing, keys_of, words_asked
from pytest_handoff.document.names_of_quantities import plain_words, quantity_of
from pytest_handoff.document.quantities import (
    ALL_TESTS,
    BEFORE_COLUMNS,
    CHANGE_COLUMNS,
    FILLERS,
    LABELS,
    QUANTITIES,
    VALUE_COLUMNS,
)
from pytest_handoff.document.scopes import ALL, PATH, is_neutral, narrows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_handoff.document.labels import Label
    from pytest_handoff.document.outline import TextLine
    from pytest_handoff.document.scopes import Scopes

CLAIMED = frozenset({"tests", "passed", "failed", "skipped", "pass_rate", "result", "coverage"})
"""Quantities of which a person's figure is held against the evidence."""

NEEDS = {
    "total": "test", "time": "test", "result": "test", "results": "test", "outcome": "test", "errors": "test", "failures": "test",
    "passed": "test", "failed": "test", "skipped": "test", "missing": "coverage", "missed": "coverage", "covered": "coverage",
    "miss": "coverage", "statements": "coverage", "duration": "test", "runtime": "test", "run time": "test", "total time": "test",
    "total duration": "test", "created": "file", "added": "file", "new": "file", "modified": "file", "edited": "file",
    "deleted": "file", "removed": "file", "pass": "test", "fail": "test", "skip": "test", "cases": "test", "collected": "test",
    "elapsed": "test", "elapsed time": "test", "wall time": "test", "wall clock time": "test", "wall clock": "test",
    "green": "test", "red": "test", "passes": "test", "fails": "test", "skips": "test", "ok": "test", "successful": "test",
    "still failing": "test", "still red": "test", "run duration": "test", "cov": "coverage",
}  # fmt: skip
"""Labels that could mean other things; a heading above them, or a line beside them, must speak of tests or of coverage."""

WORDS_OF_FACTS = {
    "commit": frozenset({"commit", "sha", "hash", "git", "short", "id", "revision", "head"}),
    "branch": frozenset({"branch", "name", "git", "feature", "current"}),
    "python": frozenset({"version", "python", "py"}),
    "platform": frozenset({"os", "platform", "system", "name", "operating", "version"}),
    "git_status": frozenset({"clean", "dirty", "or", "status", "state", "tree", "yes"}),
}
"""What a prompt for each may say, where no colon shows that it is asked for."""

_OF_PYTEST = r"\bpassed\b.*\bfailed\b.*\bskipped\b|\bpytest\b"
"""Words that nobody has for anything else."""

_MEASURED = ("tests", "pass_rate", "coverage", "branch_coverage", "new_code")

_OF_TESTS = ("test", "regression", "suite", "pytest", "result")

_LISTS = frozenset({"list", "files", "file", "config", "configuration", "names", "name", "none", "or", "new"})

_WHOLES = frozenset({"total", "overall", "all", "project", "everything", "all files", "all code"})
"""Labels below a heading such as *Coverage* that stand for the whole of it."""

_DAYS = frozenset({
    "updated", "last updated", "completed", "generated", "as of", "prepared", "written", "verified", "tested", "created on",
    "updated on", "last update", "generated on", "completed on", "prepared on", "written on", "handover date", "handoff",
    "handed over", "finished", "finished on", "run on", "executed on", "ran on", "audited on", "last edited", "last changed",
})  # fmt: skip
"""Labels behind which a date is that of the run, if a date is asked for."""

_DATE = r"\d{4}-\d\d-\d\d"
_COUNT_OF = r"\d[\d,]* [a-z][a-z ]*"
_ENDS_WITH_FIGURE = r"\(\d[\d.,/% ]*\)$"


def is_no_label(label: Label, text: str) -> bool:
    """Check for a colon in parentheses, or behind a figure: *New files (5):*, *11 tests: 7 unit, 2 e2e*."""
    if label.start >= label.end:
        return "(" in label.text and re.search(_ENDS_WITH_FIGURE, label.text) is not None
    counts = text[:1].isdigit() and text[label.start].isdigit() and re.fullmatch(_COUNT_OF, label.text) is not None
    return counts or label.text.count("(") > label.text.count(")")


def meaning_of(label: Label, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Return what a label counts, of which tests, and whether a person's figure there is a claim; ``None`` if it is not known."""
    if "after" in label.text.casefold() and (both := re.search(_BOTH_TIMES, label.text)) is not None:
        return _of_both(label.text[: both.start()].rstrip(" ("), scopes.of(line), line.text[label.start : label.end])
    return _of_files(label, line, scopes) or _of_figures(label, line, scopes) or _of_commit(label, line, scopes)


_BOTH_TIMES = r"(?i)[ (]before[ ]*(?:→|->|/|and|vs\.?)[ ]*after\)?$"
_COMMITS = frozenset({
    "build", "build under test", "build tested", "candidate", "release candidate", "version tested", "version under test",
    "fixed in", "fix", "source", "code", "code version", "snapshot", "tested build", "tested version", "point in history",
    "state", "at", "checked out", "based on commit", "software version", "deployed build", "artifact under test", "fixed by",
    "done in",
})  # fmt: skip
_ASKS_FOR_COMMIT = frozenset({"commit", "sha", "hash", "git", "short", "id", "or", "revision"})
_HASH = r"`?[0-9a-f]{7}\b.*"


def _of_commit(label: Label, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Recognise labels that may mean a commit where their prompt says so, or where one stands: *Build: [sha]*."""
    if label.keys.isdisjoint(_COMMITS) or scopes.of(line) != ALL:
        return None
    value = line.text[label.start : label.end]
    asked = set(words_asked(value))
    asks = {"commit", "sha", "hash", "revision"} & asked and asked <= _ASKS_FOR_COMMIT
    return ("commit", ALL, False) if asks or re.fullmatch(_HASH, value) else None


def _of_files(label: Label, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Recognise the labels about configuration files and the folder of the work, wherever they stand, by what they ask for."""
    asked = line.text[label.start : label.end].casefold()
    if "workspace" in label.keys and scopes.heading(line.line) == "top" and ("{" in asked or "[" not in asked):
        return "workspace", ALL, False
    is_file = "file" in label.keys and scopes.speaks_of(line.line, "configuration file")
    if (is_file or not label.keys.isdisjoint(LABELS["config_files"])) and (
        "[" not in asked or "config file" in asked or "path" in asked or _LISTS.issuperset(words_asked(asked))
    ):
        return "config_files", ALL, False
    return None


def _of_figures(label: Label, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Recognise the labels that count tests, coverage, files and what else git knows."""
    around = scopes.of(line)
    if around is None:
        return _of_path_alone(label, line, scopes)
    whole = None if around or label.keys.isdisjoint(_WHOLES) else QUANTITIES.get(scopes.name_above(line))
    if whole in _MEASURED and whole != "tests":
        return whole, ALL, False
    found = quantity_of(label.keys, QUANTITIES, label.text)
    if found is not None and found[0] not in label.keys and not ALL_TESTS.isdisjoint(label.keys):
        found = None  # *All tests passed: 9/11* is about every test
    scope = scopes.named(label.text) if found is None or found[0] not in label.keys else None
    if scope is not None:
        return _of_path(scope, scopes.name_above(line)), scope, False
    if found is not None:
        return _known(found, around, label, line, scopes)
    if not _DAYS.isdisjoint(label.keys) and _asks_for_a_day(label, line.text[label.start : label.end]):
        return "date", ALL, False
    composed = composed_of(label.keys, scopes) or (None if around else _of_heading(label, scopes.name_above(line)))
    return (*composed, False) if composed is not None else _neutral(label, around, line, scopes)


def _of_path_alone(label: Label, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Read the figures of a file below a heading that nobody understands: the file's name is enough."""
    path = scopes.named(label.text) if scopes.paths_alone(line.line) else None
    if path is None or not path.startswith(PATH) or not figures_in(line.text[label.start : label.end], "result"):
        return None
    return _of_path(path, scopes.name_above(line)), path, False


def _of_both(name: str, around: str | None, value: str) -> tuple[str, str, bool] | None:
    """Read *Coverage before → after*, behind which there are two figures with an arrow between them."""
    found = quantity_of(keys_of(name), QUANTITIES)
    if found is None or around is None or not ("→" in value or "->" in value):
        return None
    return found[1], around, False


def _asks_for_a_day(label: Label, value: str) -> bool:
    """Check that a day is asked for, or stands there; *Updated on* asks for one whatever its prompt is."""
    says_so = any(key.endswith(" on") or key == "last updated" for key in label.keys)
    plain = value.casefold()
    is_day = "date" in plain or "yyyy" in plain or (value.count("-") > 1 and re.search(_DATE, value) is not None)
    return is_day or (says_so and (asks_nothing(value) or set(value) == {"_"}))


def _of_path(scope: str, heading: str) -> str:
    """Return what a figure for a file or folder counts: what the heading above counts, else how its tests did."""
    of_heading = QUANTITIES.get(heading, "") if scope.startswith(PATH) else ""
    return of_heading if of_heading in ("coverage", "line_coverage", "branch_coverage", "statements", "missed") else "result"


_NO_CLAIMS = frozenset({
    "test suite", "pytest", "pytest result", "cases", "total cases", "passed cases", "failed cases", "collected", "pass",
    "passes", "fail", "fails", "skip", "skips", "successful", "still failing", "still red", "all tests pass",
    "all tests passing", "cov",
})  # fmt: skip
"""Labels behind which a person's figure may be about something else, or about another day."""


def _is_claim(key: str, line: TextLine, scopes: Scopes) -> bool:
    return key not in _NO_CLAIMS and scopes.is_certain(line.line)


def _known(found: tuple[str, str], around: str, label: Label, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Check that an ambiguous name stands where the text is about tests or coverage."""
    key, quantity = found
    if (key in ("status", "state") and not around) or quantity == "config_files":
        return None
    if NEEDS.get(key) == "file" and "file" not in scopes.heading(line.line):
        return None
    if key in NEEDS and not (around or is_spoken_of(scopes, line.line, NEEDS[key]) or _says_pytest(line.text)):
        return None
    if quantity in ("tests", "result") and not around and narrows(scopes.heading(line.line)):
        return None
    return quantity, around, quantity in CLAIMED and not around and key in label.keys and _is_claim(key, line, scopes)


def _says_pytest(text: str) -> bool:
    return ("pytest" in text or ("passed" in text and "skipped" in text)) and re.search(_OF_PYTEST, text) is not None


def _of_heading(label: Label, heading: str) -> tuple[str, str] | None:
    """Read *Actual* or *Before* below a heading such as *Test Coverage*, which says what they count."""
    quantity = QUANTITIES.get(heading)
    if quantity not in _MEASURED:
        return None
    keys = label.keys | {plain_words(key) for key in label.keys}
    if not keys.isdisjoint(BEFORE_COLUMNS):
        return f"{quantity}.before", ALL
    if not keys.isdisjoint(CHANGE_COLUMNS):
        return f"{quantity}.change", ALL
    return None if keys.isdisjoint(VALUE_COLUMNS) else (quantity, ALL)


def _neutral(label: Label, around: str, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Read a label that says only that it is about tests: the figures after it say what they count."""
    if not ALL_TESTS.isdisjoint(label.keys):
        return "result", around, scopes.is_certain(line.line)
    if not around and not label.keys.isdisjoint(("files", "file changes", "changes to files")):
        return "files", ALL, False
    is_neutral_label = not FILLERS.isdisjoint(label.keys) or is_neutral(label.text, scopes.names.number)
    return ("", around, False) if is_neutral_label else None


def composed_of(keys: Iterable[str], scopes: Scopes) -> tuple[str, str] | None:
    """Read a name such as *Unit Tests Passed*: what it counts, and of which tests."""
    for key in sorted(keys):
        words = key.split()
        for end in range(1, min(len(words), 6)):
            scope, quantity = scopes.names.scopes.get(" ".join(words[:end])), QUANTITIES.get(" ".join(words[end:]))
            if scope is not None and quantity is not None:
                return quantity, scope
    return None


def is_spoken_of(scopes: Scopes, line: int, word: str) -> bool:
    """Check whether the headings, or the lines below the same heading, are about tests or coverage."""
    words = {"test": _OF_TESTS, "coverage": ("coverage", *_OF_TESTS)}.get(word, (word,))
    return any(scopes.speaks_of(line, one) for one in words)
