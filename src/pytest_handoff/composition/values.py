"""Word the evidence for each place of a document, as Markdown that a careful person could have written."""

from __future__ import annotations

import math
import re
import shlex
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.composition import wording
from pytest_handoff.composition.tables import metric_values, summary_values
from pytest_handoff.composition.wording import failures, if_incomplete, live, not_measured, passing, promise_text, total_coverage
from pytest_handoff.evidence.facts import is_of
from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import counted, listed, percent, percent_of
from pytest_handoff.markup import code_in_text, escape, one_line
from pytest_handoff.nodeids import file_of
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.document.places import Place
    from pytest_handoff.evidence.facts import Facts, Scope
    from pytest_handoff.record import Changes, CoverageSummary, LedgerLine, Outcome, Verdict


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
    tests = tests_by_file(facts)
    measured = facts.record.coverage
    code = [path for path in measured.files if path not in tests and not path.endswith("conftest.py")] if measured else []
    return " | ".join([*([f"{len(code):,} implementation"] if measured else []), f"{len(tests):,} tests"])


def _results(facts: Facts) -> str:
    counts = facts.record.tests.counts
    words = [f"{number:,} {outcome.replace('_', ' ')}" for outcome, number in counts.items() if number]
    return "\n".join([", ".join(words) or "no test was run", *_coverage_words(facts)]) + if_incomplete(facts)


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
        values[f"tier.{tier}.status"] = _state(outcomes) + if_incomplete(facts)
        values[f"tier.{tier}.passing"] = f"{passing(outcomes)}/{outcomes.total()} tests" if outcomes else "no test"
        values[f"tier.{tier}.issues"] = failures(facts, tier)
        values[f"tier.{tier}.coverage"] = _tier_coverage(facts, tier) if outcomes else "no test"
    return values


def _state(outcomes: Counter[Outcome | None]) -> str:
    if not outcomes:
        return "Not yet written"
    if not FAILING.isdisjoint(outcomes):
        return "Failing"
    if "not_run" in outcomes:
        return "Not all were run"
    return "Passing" if passing(outcomes) else "None passes"


def _tier_coverage(facts: Facts, tier: str) -> str | None:
    """Word a tier's coverage: of the new code for unit tests, and otherwise the total, named as such, since no more is known."""
    total = total_coverage(facts)
    if total is None:
        return not_measured(facts)
    code = facts.record.new_code
    if tier == "unit" and code and code.by_tests and code.covered_by_unit is not None:
        share = percent(code.covered_by_unit, code.by_tests)
        return f"{share} of the new code by unit tests; {total} of all code by all tests{if_incomplete(facts)}"
    return f"not measured for this kind alone; {total} of all code by all tests{if_incomplete(facts)}"


def _commands(facts: Facts) -> str:
    """List the commands that show where the work stands, run what failed, and record the next step."""
    failing = [line.id for line in facts.kinds.lines(lambda kind: kind.outcome in FAILING)]
    rows = ["git status"]
    rows += [f"python -m pytest {shlex.quote(one_line(test))}" for test in failing[:_MOST_COMMANDS]]
    session = shlex.quote(facts.session)
    return "\n".join([*rows, f"python -m pytest --handoff={session}", f"handoff explain {session}", f"handoff gate {session}"])


class Rows(Frozen, frozen=True):
    """The things that a document asks for by name.

    Attributes:
        targets: the targets that rows of tables name, by row id.
        paths: the paths in tables of coverage targets, by row id.
        counts: the places for the number of tests or lines of a named file.
        line_counts: how many lines each source file has.
    """

    targets: dict[str, str] = {}
    paths: dict[str, str] = {}
    counts: tuple[str, ...] = ()
    line_counts: dict[str, int] = {}


NO_ROWS = Rows()

STATUS_PLACES = ("status.session", "status.top", "phase.status", "status.next", "phase.next")
"""The places that say whether the session is complete and whether the next one can begin, in every kind of document."""


def values(facts: Facts, *, agent: str | None, parent_percent: float | None, rows: Rows = NO_ROWS) -> dict[str, str]:
    """Map each place that the evidence can decide to its text; what is not known is left out.

    Args:
        agent: who did the work, if that was said.
        parent_percent: the coverage of the session before, in percent.
        rows: what the document's tables and lines ask for by name.
    """
    record = facts.record
    known = {
        "overview.session": escape(facts.session),
        "overview.date": record.run.finished[:10],
        "overview.duration": _duration(record.run.duration_s),
        "overview.agent": escape(agent) if agent else None,
        "tests.current": _passed_of(facts, "current"),
        "tests.previous": _passed_of(facts, "previous"),
        "tests.new": _new_tests(facts),
        "tests.failures": failures(facts),
        "tests.total": _passed_of(facts, "all"),
        "coverage.total": _coverage(facts, record.coverage, parent_percent),
        "next.existing": _to_keep(facts),
        "next.new": _promised(facts),
        "next.integration": _to_keep(facts, "integration") if facts.tests(tier="integration") else None,
        **(_changes(record.changes) if record.changes else {}),
        **recovery_values(facts),
        **summary_values(facts, rows.targets, rows.paths),
        **phase_values(facts),
        **metric_values(facts),
        **{name: escape(text) for name, text in record.extensions.facts.items()},
        **counts_of_files(facts, rows.counts, rows.line_counts),
    }
    return {place: text for place, text in known.items() if text is not None}


def status_values(facts: Facts, blocking: Sequence[Verdict], decisions: Sequence[Decision]) -> dict[str, str]:
    """Word the status lines: complete only if nothing blocks and no line waits for a person."""
    waiting = [decision for decision in decisions if decision.counts and decision.state == "waits"]
    waived = [decision for decision in decisions if decision.state == "waived" and decision.check.decision == "waived"]
    gates = listed(list(dict.fromkeys(verdict.id for verdict in blocking)), most=5)
    if blocking:
        return _both(f"❌ Incomplete: {gates}", f"No: {gates}")
    ready = "Yes: every decided check holds" + (f", {len(facts.promised())} promised" if facts.promised() else "")
    if waiting:
        waits = f"{counted(len(waiting), 'line')} of the checklist {'waits' if len(waiting) == 1 else 'wait'} for a person"
        return _both(f"❌ Incomplete: {waits}", f"{ready}; {waits}")
    issues = [f"{counted(len(waived), 'line')} waived"] if waived else []
    issues += [counted(facts.record.tests.flaky, "flaky test")] if facts.record.tests.flaky else []
    status = f"⚠️ Complete with Issues: {', '.join(issues)}" if issues else "✅ Complete"
    return _both(status, ready)


def _both(status: str, ready: str) -> dict[str, str]:
    """Put each of the two sentences at the places that ask for it."""
    return {place: ready if place.endswith(".next") else status for place in STATUS_PLACES}


def _duration(seconds: float) -> str | None:
    """Say how long the tests ran, in minutes and seconds, rounded up; ``None`` if the clock was fixed."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"test run: {minutes} min {rest} s" if minutes else f"test run: {rest} s" if rest else None


def _passed_of(facts: Facts, scope: Scope) -> str:
    tier = "e2e" if scope != "all" and any(is_of(kind, "e2e", scope) for kind, _ in facts.kinds) else None
    lines = facts.tests(tier=tier, scope=scope)
    if not lines:
        return _none_of(facts, scope, tier)
    outcomes: Counter[Outcome | None] = Counter(map(attrgetter("outcome"), lines))
    passing = sum(outcomes.pop(outcome, 0) for outcome in PASSING)
    rest = {_word(outcome): number for outcome, number in outcomes.items()}
    others = "".join(f", {number} {word}" for word, number in sorted(rest.items()))
    elsewhere = facts.of_other_tier(tier) if tier is not None and scope == "previous" else ()
    now = ", ".join(f"{number} now {name}" for name, number in sorted(Counter(line.tier for line in elsewhere).items()))
    return f"{passing}/{len(lines)} passed{others}" + (f" ({now})" if now else "") + if_incomplete(facts)


def _none_of(facts: Facts, scope: Scope, tier: str | None) -> str:
    if scope == "all":
        return "none: there is no test"
    kind = f"{tier} " if tier else ""
    if scope == "previous" and facts.is_first:
        return f"none: {escape(facts.session)} is the first session"
    return f"none: no {'new' if scope == 'current' else 'earlier'} {kind}test"


def _word(outcome: Outcome | None) -> str:
    if outcome is None:
        return "missing"
    return "not run" if outcome == "not_run" else {"error": "in error"}.get(outcome, outcome)


def _new_tests(facts: Facts) -> str:
    new = facts.new()
    if not new:
        return "no new test"
    tiers = Counter(line.tier for line in new)
    by_tier = ", ".join(f"{number} {escape(tier)}" for tier, number in sorted(tiers.items()))
    files = [code_in_text(path) for path in sorted({file_of(line.id) for line in new})]
    return f"{counted(len(new), 'new test')}: {by_tier}, in {listed(files, most=4)}"


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


def _changes(changes: Changes) -> dict[str, str]:
    moved = [f"{new} (was {old})" for old, new in changes.renamed]
    return {
        "files.created": wording.tree(changes.created),
        "files.modified": wording.plain([*changes.modified, *moved]),
        "files.removed": wording.plain(changes.removed),
        "stats.lines_added": f"{changes.lines_added:,} (and {changes.lines_removed:,} removed)",
        "stats.files_created": f"{len(changes.created):,}",
        "stats.files_modified": f"{len(changes.modified) + len(changes.renamed):,}",
        "stats.tests_added": f"{changes.tests_added:,}",
        "stats.docs_updated": f"{changes.documents_changed:,}",
    }


def paths_of(lines: Iterable[LedgerLine]) -> list[str]:
    """List the files of these tests, sorted."""
    return sorted({file_of(line.id) for line in lines})
