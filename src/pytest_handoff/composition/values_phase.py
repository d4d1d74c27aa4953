"""Fill the README of a phase: how many files and tests, and the results as a block of figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.composition.wording import if_incomplete
from pytest_handoff.figures import counted, percent_of
from pytest_handoff.markup import one_line

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping

    from pytest_handoff.document.places import Place
    from pytest_handoff.evidence.facts import Facts


_MOST_FILES = 40
_LONGEST_COUNT = 18
"""The most digits of a count; no file has so many tests, and Python refuses to read thousands of digits."""

_RESULT = r"(?:pass(?:ed|es|ing)?|fail(?:ed|s|ing|ures?)?|errors?|skipped|xfailed|xpassed)\b"
_RESULTS = rf"\d(?:\s+tests?)?\s+(?:not run\b|{_RESULT})|\b{_RESULT}\s*[:=]\s*\d|\b\d+\s*/\s*\d+\b|\bno tests? (?:was run|ran)\b"


def phase_values(facts: Facts) -> dict[str, str | None]:
    """Map each place to its text."""
    return {"phase.files": _files(facts), "phase.results": _results(facts)}


def counts_of_files(facts: Facts, wanted: Iterable[str], line_counts: Mapping[str, int]) -> dict[str, str]:
    """Map each place such as ``count.lines:src/a.py`` to its count, if the file is known."""
    tests = tests_by_file(facts)
    values = {}
    for place in wanted:
        what, _, path = place.removeprefix("count.").partition(":")
        number = tests.get(path) if what == "tests" else line_counts.get(path)
        if number is not None:
            values[place] = counted(number, "test" if what == "tests" else "line")
    return values


def claims_too_many(place: Place, known: Mapping[str, int]) -> bool:
    """Check whether a person's words give a test file more tests than it has; ``known`` is how many each file has."""
    what, _, path = place.id.removeprefix("count.").partition(":")
    tests = known.get(path, 0) if what == "tests" else 0
    said = place.text.split()[0].replace(",", "") if tests else ""
    return said.isdecimal() and (len(said) > _LONGEST_COUNT or int(said) > tests)


def tells_results(text: str) -> bool:
    """Check whether lines under *Test Results* really say how many tests passed or did not."""
    return re.search(_RESULTS, text, re.IGNORECASE) is not None  # compiled only if a document has such lines


def tests_by_file(facts: Facts) -> Counter[str]:
    """Count the tests of each file."""
    return facts.kinds.files(lambda kind: kind.live)


def _files(facts: Facts) -> str:
    tests = len(tests_by_file(facts))
    measured = facts.record.coverage
    code = [f"{len(measured.files):,} implementation"] if measured else []
    return " | ".join([*code, f"{tests:,} tests"])


def _results(facts: Facts) -> str:
    counts = facts.record.tests.counts
    words = [f"{number:,} {outcome.replace('_', ' ')}" for outcome, number in counts.items() if number]
    return "\n".join([", ".join(words) or "no test was run", *_coverage_words(facts)]) + if_incomplete(facts)


def _coverage_words(facts: Facts) -> list[str]:
    measured = facts.record.coverage
    if measured is None:
        return ["", f"Coverage was not measured: {one_line(facts.record.not_measured.get('coverage', 'no reason is recorded'))}"]
    rows = [(one_line(path), percent_of(file.percent)) for path, file in sorted(measured.files.items())]
    rest = [f"… and {len(rows) - _MOST_FILES:,} more files"] if len(rows) > _MOST_FILES else []
    shown = [*rows[:_MOST_FILES], ("TOTAL", percent_of(measured.percent))]
    width = max(len(path) for path, _ in shown)
    *files, total = [f"{path:<{width}}  {figure:>7}" for path, figure in shown]
    return ["", "Coverage", *files, *rest, total]
