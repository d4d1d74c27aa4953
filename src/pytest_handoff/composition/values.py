"""Word the evidence for each place of a document, as Markdown that a careful person could have written."""

from __future__ import annotations

import math
import re
import shlex
from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.composition import wording
from pytest_handoff.composition.counts import figures_of_tests, new_tests, scoped_values, state_of
from pytest_handoff.composition.tables import metric_rows, metric_values, summary_values
from pytest_handoff.composition.wording import failures, if_incomplete, live, not_measured, passing, promise_text, total_coverage
from pytest_handoff.document.file_counts import counted_path
from pytest_handoff.document.file_lists import FILES_LIST
from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import counted, listed, percent, percent_of
from pytest_handoff.markup import code_in_text, escape, one_line
from pytest_handoff.nodeids import file_of
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.document.places import Place
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Changes, CoverageSummary, LedgerLine


_MOST_FILES = 40
_LONGEST_COUNT = 18
"""The most digits of a count; no file has so many tests, and Python refuses to read thousands of digits."""

_RESULT = r"(?:pass(?:ed|es|ing)?|fail(?:ed|s|ing|ures?)?|errors?|skipped|xfailed|xpassed)\b"
_RESULTS = rf"\d(?:\s+tests?)?\s+(?:not run\b|{_RESULT})|\b{_RESULT}\s*[:=]\s*\d|\b\d+\s*/\s*\d+\b|\bno tests? (?:was run|ran)\b"


def phase_values(facts: Facts, rows: Rows) -> dict[str, str | None]:
    """Map each place to its text."""
    return {"phase.files": _files(facts, rows), "phase.results": _results(facts, timed=rows.timed)}


def counts_of_files(facts: Facts, wanted: Iterable[str], line_counts: Mapping[str, int]) -> dict[str, str]:
    """Map each place such as ``count.lines:src/a.py`` to its count, if the file or folder is known."""
    tests = known_test_files(facts) if wanted else {}
    values = {}
    for place in wanted:
        what, path = counted_path(place)
        number = count_in(tests if what == "tests" else line_counts, path)
        if number is not None:
            values[place] = counted(number, "test" if what == "tests" else "line")
    return values


def count_in(known: Mapping[str, int], path: str) -> int | None:
    """Return the count of a file, or of all files in a folder, whose path ends with ``/``; ``None`` if it is not known."""
    if not path.endswith("/"):
        return known.get(path)
    inside = [number for name, number in known.items() if name.startswith(path)]
    return sum(inside) if inside else None


def claims_too_many(place: Place, tests: Mapping[str, int], lines: Mapping[str, int]) -> bool:
    """Check whether a person's words give a file more tests, or lines, than it has."""
    what, path = counted_path(place.id)
    known = count_in(tests if what == "tests" else lines, path)
    said = place.text.split()[0].strip("~≈+").replace(",", "")
    return known is not None and said.isdecimal() and (len(said) > _LONGEST_COUNT or int(said) > known)


def tells_results(text: str) -> bool:
    """Check whether lines under *Test Results* really say how many tests passed or did not pass."""
    return re.search(_RESULTS, text, re.IGNORECASE) is not None  # compiled only if a document has such lines


def known_test_files(facts: Facts) -> dict[str, int]:
    """Count the tests of each file, even of one that no longer has any."""
    return dict.fromkeys(facts.kinds.files(lambda _kind: True), 0) | tests_by_file(facts)


def tests_by_file(facts: Facts) -> Counter[str]:
    """Count the tests of each file."""
    return facts.kinds.files(lambda kind: kind.live)


def _files(facts: Facts, rows: Rows) -> str | None:
    """Count files as the pieces of the prompt ask for them; ``None`` if one of them asks for something else."""
    measured = facts.record.coverage
    tests = tests_by_file(facts)
    code = [path for path in measured.files if path not in tests and not path.endswith("conftest.py")] if measured else []
    examples = sum("examples" in path.split("/")[:-1] for path in rows.line_counts)
    known = {
        "implementation": None if measured is None else f"{len(code):,} implementation",
        "test": counted(len(tests), "test file"),
        "example": counted(examples, "code example"),
    }
    asked = [re.findall(r"implementation|test|example", piece) for piece in rows.files.lower().split("|")]
    if rows.files and not all(words and known[words[0]] for words in asked):
        return None
    nouns = [words[0] for words in asked if words] or ["implementation", "test"]
    return " | ".join(text for noun in nouns if (text := known[noun]) is not None)


def _results(facts: Facts, *, timed: bool) -> str:
    counts = facts.record.tests.counts
    words = [f"{number:,} {outcome.replace('_', ' ')}" for outcome, number in counts.items() if number]
    time = f" in {facts.record.run.duration_s:.2f} s" if timed and facts.record.run.duration_s else ""
    return "\n".join([(", ".join(words) or "no test was run") + time, *_coverage_words(facts)]) + if_incomplete(facts)


def _coverage_words(facts: Facts) -> list[str]:
    measured = facts.record.coverage
    if measured is None:
        return ["", f"Coverage was not measured: {one_line(why_not_measured(facts, 'coverage'))}"]
    rows = [(one_line(path), percent_of(file.percent)) for path, file in sorted(measured.files.items())]
    rest = [f"… and {len(rows) - _MOST_FILES:,} more files"] if len(rows) > _MOST_FILES else []
    shown = [*rows[:_MOST_FILES], ("TOTAL", measured.shown)]
    width = max(len(path) for path, _ in shown)
    *files, total = [f"{path:<{width}}  {figure:>7}" for path, figure in shown]
    return ["", "Coverage", *files, *rest, total]


_TIERS = ("unit", "integration", "e2e", "performance")
_MOST_COMMANDS = 10


def recovery_values(facts: Facts) -> dict[str, str | None]:
    """Map each place to its text; a tier without tests says so."""
    values: dict[str, str | None] = {
        "recovery.updated": facts.record.run.finished[:10],
        "recovery.commands": _commands(facts),
    }
    for tier in _TIERS:
        outcomes = live(facts, tier)
        values[f"tier.{tier}.status"] = state_of(outcomes) + if_incomplete(facts)
        values[f"tier.{tier}.passing"] = f"{passing(outcomes)}/{outcomes.total()} tests" if outcomes else "no test"
        values[f"tier.{tier}.issues"] = failures(facts, tier)
        values[f"tier.{tier}.coverage"] = _tier_coverage(facts, tier) if outcomes else "no test"
    return values


def _tier_coverage(facts: Facts, tier: str) -> str | None:
    """Word a tier's coverage: that of new code for unit tests; for others only the total is known, and called so."""
    total = total_coverage(facts)
    if total is None:
        return not_measured(facts)
    code = facts.record.new_code
    if tier == "unit" and code and code.by_tests and code.covered_by_unit is not None:
        share = percent(code.covered_by_unit, code.by_tests)
        return f"{share} of the new code by unit tests; {total} of all code by all tests{if_incomplete(facts)}"
    return f"not measured for this tier alone; {total} of all code by all tests{if_incomplete(facts)}"


def _commands(facts: Facts) -> str:
    """List the commands that show where the work stands, run what failed, and record the next step."""
    failing = [line.id for line in facts.kinds.lines(lambda kind: kind.outcome in FAILING)]
    rows = ["git status"]
    rows += [f"python -m pytest {shlex.quote(one_line(test))}" for test in failing[:_MOST_COMMANDS]]
    rows.append(f"python -m pytest --handoff={shlex.quote(facts.session)}")
    return "\n".join([*rows, *(f"handoff {verb} {shlex.quote(facts.session)}" for verb in ("explain", "gate"))])


class Rows(Frozen, frozen=True):
    """The things that a document asks for by name.

    Attributes:
        targets: the targets that rows of tables name, by row id.
        paths: the paths in tables of coverage targets, by row id.
        counts: the places for the number of tests or lines of a named file.
        files: what the line with numbers of files asks for, or holds of ours; empty if there is none.
        line_counts: how many lines each source file has.
        timed: whether the fence of results asks how long they took.
    """

    targets: dict[str, str] = {}
    paths: dict[str, str] = {}
    counts: tuple[str, ...] = ()
    files: str = ""
    line_counts: dict[str, int] = {}
    timed: bool = False


NO_ROWS = Rows()


def values(facts: Facts, *, agent: str | None, parent_percent: float | None, rows: Rows = NO_ROWS) -> dict[str, str]:
    """Map each place that the evidence can decide to its text; what is not known is left out.

    Args:
        agent: who did the work, if known.
        parent_percent: the coverage of the previous session, in percent.
        rows: what the document's tables and lines ask for by name.
    """
    record = facts.record
    known = {
        "overview.session": escape(facts.session),
        "overview.date": record.run.finished[:10],
        "overview.duration": _duration(record.run.duration_s),
        "overview.agent": escape(agent) if agent else None,
        **scoped_values(facts),
        **figures_of_tests(facts),
        "tests.new": new_tests(facts),
        "tests.failures": failures(facts),
        "coverage.total": _coverage(facts, record.coverage, parent_percent),
        "next.existing": _to_keep(facts),
        "next.new": _promised(facts),
        "next.integration": _to_keep(facts, "integration") if facts.tests(tier="integration") else None,
        **_changes(facts, record.changes),
        **recovery_values(facts),
        **summary_values(facts, rows.targets, rows.paths),
        **phase_values(facts, rows),
        **metric_values(facts),
        "tier.performance.metrics": _metrics(facts),
        **{name: escape(text) for name, text in record.extensions.facts.items()},
        **counts_of_files(facts, rows.counts, rows.line_counts),
    }
    return {place: text for place, text in known.items() if text is not None}


def _duration(seconds: float) -> str | None:
    """Say how long the tests ran, in minutes and seconds, rounded up; ``None`` if the clock was fixed."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"test run: {minutes} min {rest} s" if minutes else f"test run: {rest} s" if rest else None


def _coverage(facts: Facts, coverage: CoverageSummary | None, parent_percent: float | None) -> str:
    if coverage is None:
        return not_measured(facts)
    parent = facts.record.previous[-1].session if facts.record.previous else None
    before = f" ({escape(parent)}: {percent_of(parent_percent)})" if parent and parent_percent is not None else ""
    return coverage.shown + before + if_incomplete(facts)


def _to_keep(facts: Facts, tier: str | None = None) -> str:
    kinds = {kind: number for kind, number in facts.kinds if kind.live and kind.outcome in PASSING and tier in (None, kind.tier)}
    if not kinds:
        return "none: no test passes"
    tiers: Counter[str] = Counter()
    for kind, number in kinds.items():
        tiers[kind.tier] += number
    by_tier = ", ".join(f"{number} {escape(name)}" for name, number in sorted(tiers.items()))
    files = facts.kinds.files(kinds.__contains__)
    digest = facts.record.tests.ledger.removeprefix("sha256:")[:12]
    tests, where = counted(tiers.total(), "test that passes/tests that pass"), counted(len(files), "file")
    return f"{tests} now ({by_tier}), in {where}; ledger {code_in_text(digest)}"


def _promised(facts: Facts) -> str:
    rows = [code_in_text(line.id) + (f" — {escape(line.reason)}" if line.reason else "") for line in facts.promised()]
    rows += [promise_text(promise) for promise in facts.open_promises()]
    return listed(rows, most=6) if rows else "none promised"


OF_CHANGES = (
    "files.created", "files.modified", "files.removed", "stats.lines_added", "stats.files_created", "stats.files_modified",
    "stats.tests_added", "stats.docs_updated",
)  # fmt: skip
"""The places about what a session changed; a first session has nothing to compare with, even if the code is old."""

NOT_KNOWN_YET = "not known: first session"


def _files_as_list(changes: Changes) -> str:
    """List changed files as items, with what was done to each."""
    kinds = (("new", changes.created), ("changed", changes.modified), ("removed", changes.removed))
    rows = [f"- {code_in_text(path)} - {what}" for what, paths in kinds for path in paths]
    rows += [f"- {code_in_text(new)} - was {code_in_text(old)}" for old, new in changes.renamed]
    rest = len(rows) - wording.MOST_FILES
    return "\n".join([*rows[: wording.MOST_FILES], *([f"- … and {counted(rest, 'more file')}"] if rest > 0 else [])]) or "- none"


def _metrics(facts: Facts) -> str | None:
    """List what tests measured, each with its target."""
    rows = [
        f"{escape(row.name)} {row.value}"
        + (f" (target {row.target}{'; ' + row.status if row.status else ''})" if row.target else "")
        for row in metric_rows(facts)
    ]
    return listed(rows, most=6) if rows else None


def _changes(facts: Facts, changes: Changes | None) -> dict[str, str]:
    """Map each place about changes to its text."""
    if changes is None or facts.is_first:
        return {} if changes is None else dict.fromkeys(OF_CHANGES, NOT_KNOWN_YET) | {FILES_LIST: f"- {NOT_KNOWN_YET}"}
    moved = [f"{new} (was {old})" for old, new in changes.renamed]
    return {
        "files.created": wording.tree(changes.created),
        "files.modified": wording.plain([*changes.modified, *moved]),
        "files.removed": wording.plain(changes.removed),
        FILES_LIST: _files_as_list(changes),
        "stats.lines_added": f"{changes.lines_added:,} (and {changes.lines_removed:,} removed)",
        "stats.files_created": f"{len(changes.created):,}",
        "stats.files_modified": f"{len(changes.modified) + len(changes.renamed):,}",
        "stats.tests_added": f"{changes.tests_added:,}",
        "stats.docs_updated": f"{changes.documents_changed:,}",
    }


def paths_of(lines: Iterable[LedgerLine]) -> list[str]:
    """List the files of these tests, sorted."""
    return sorted({file_of(line.id) for line in lines})
