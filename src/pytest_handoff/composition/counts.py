"""Word how many tests passed, and say which tests are meant if the document does not."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.composition.wording import broken_files, count_failures, failing_subtests, if_incomplete, live, passing
from pytest_handoff.evidence.facts import is_of
from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import counted, listed, percent
from pytest_handoff.markup import code_in_text, escape
from pytest_handoff.nodeids import file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_handoff.evidence.facts import Facts, Scope
    from pytest_handoff.evidence.regression import LineGroup
    from pytest_handoff.record import Changes, LedgerLine, Outcome

SINCE = "tests.since."
"""The beginning of the ids of places for the tests of one earlier session."""

TIERS = ("unit", "integration", "e2e", "performance")

SCOPES: Mapping[str, Scope] = {"tests.current": "current", "tests.previous": "previous"}


def scoped_values(facts: Facts) -> dict[str, str]:
    """Word the tests of this session and of earlier ones: of every kind, and with ``@e2e`` those below a heading about e2e."""
    found = {"tests.total": passed_of(facts, "all")}
    for place, scope in SCOPES.items():
        found[place] = passed_of(facts, scope)
        found[f"{place}@e2e"] = _e2e_of(facts, scope)
    for session in numbered_sessions(facts).values():
        found[SINCE + session] = passed_since(facts, session)
        found[f"{SINCE}{session}@e2e"] = passed_since(facts, session, "e2e")
    return found


def numbered_sessions(facts: Facts) -> dict[int, str]:
    """Find the earlier sessions by the number that their name ends in; two of the same number are left out."""
    names = {kind.since for kind, _ in facts.kinds} - {facts.session}
    numbered = [(int(found[0]), name) for name in names if (found := re.search(r"[0-9]{1,9}$", name))]
    times = Counter(number for number, _ in numbered)
    return {number: name for number, name in sorted(numbered) if times[number] == 1}


def passed_of(facts: Facts, scope: Scope, tier: str | None = None) -> str:
    """Word the tests of a scope, ``12/13 passed, 1 failed``, or say that there are none."""
    outcomes = facts.outcomes(tier=tier, scope=scope)
    if not outcomes:
        return _none_of(facts, scope, tier)
    elsewhere = facts.of_other_tier(tier) if tier is not None and scope == "previous" else ()
    now = ", ".join(f"{number} now {name}" for name, number in sorted(Counter(line.tier for line in elsewhere).items()))
    share = _share(outcomes) + _failing_subtests(facts, lambda: facts.tests(tier=tier, scope=scope))
    return share + (f" ({now})" if now else "") + if_incomplete(facts)


def passed_since(facts: Facts, session: str, tier: str | None = None) -> str:
    """Word how many of the tests that a session added pass now."""

    def counts(kind: LineGroup) -> bool:
        return is_of(kind, tier, "previous") and kind.fate.counts

    outcomes = facts.kinds.outcomes(counts, since=session)
    if not outcomes:
        return f"none: no {tier + ' ' if tier else ''}test is of {escape(session)}"
    return _share(outcomes) + _failing_subtests(facts, lambda: facts.kinds.lines(counts, since=session)) + if_incomplete(facts)


def figures_of_tests(facts: Facts) -> dict[str, str]:
    """Return the other forms of values, as ``place#form``: figures for a word, a count or a rate for a share."""
    found = _forms("tests.total", live(facts))
    for tier in TIERS:
        outcomes = live(facts, tier)
        share = _share(outcomes) + (f" (no {tier} test)" if not outcomes else "")
        found |= {f"tier.{tier}.status#fraction": share + if_incomplete(facts)} | _forms(f"tier.{tier}.status", outcomes)
        found |= _forms(f"tier.{tier}.passing", outcomes)
        found |= _failures(f"tier.{tier}.issues", facts, tier)
    all_tests = live(facts)
    if all_tests:
        found["metrics.pass_rate.value#fraction"] = f"{passing(all_tests)}/{all_tests.total()}"
    for place, scope in SCOPES.items():
        found |= _forms(place, facts.outcomes(scope=scope))
        found |= _forms(f"{place}@e2e", facts.outcomes(scope=scope, tier="e2e"))
    new = facts.new()
    found |= _failures("tests.failures", facts) | {"tests.new#count": f"{len(new):,}", "tests.new#claim": f"{len(new):,}"}
    incomplete = if_incomplete(facts)
    return {place: text + (incomplete if incomplete not in text else "") for place, text in found.items()}


def _forms(place: str, outcomes: Counter[Outcome | None]) -> dict[str, str]:
    rate = f"{percent(passing(outcomes), outcomes.total())} passing" if outcomes else "no rate: no test"
    return {f"{place}#count": f"{outcomes.total():,}", f"{place}#percent": rate}


def _failures(place: str, facts: Facts, tier: str | None = None) -> dict[str, str]:
    """Count the failures in both senses that a person may mean: tests that fail, or everything that went wrong."""
    number = count_failures(facts, tier)
    failing = facts.kinds.count(lambda kind: kind.outcome in FAILING and tier in (None, kind.tier))
    return {f"{place}#count": f"{number:,}", f"{place}#claim": f"{failing}/{number} failing"}


def _failing_subtests(facts: Facts, lines: Callable[[], Sequence[LedgerLine]]) -> str:
    """Return the note about the failing sub-tests of some tests, which are looked at only if any test has some."""
    return failing_subtests(sum(line.failed_subtests for line in lines())) if facts.record.tests.failed_subtests else ""


def _share(outcomes: Counter[Outcome | None]) -> str:
    """Word how many passed, and what became of the others: a skipped test is not a failure."""
    rest = {_word(outcome): number for outcome, number in outcomes.items() if outcome not in PASSING and number}
    return f"{passing(outcomes)}/{outcomes.total()} passed" + "".join(
        f", {number} {word}" for word, number in sorted(rest.items())
    )


def _e2e_of(facts: Facts, scope: Scope) -> str:
    """Word the e2e tests of a scope; where the project has none of them, those of every kind, and say so."""
    if any(is_of(kind, "e2e", scope) for kind, _ in facts.kinds):
        return passed_of(facts, scope, "e2e")
    if not facts.tests(scope=scope):
        return _none_of(facts, scope, None)
    return f"{passed_of(facts, scope)} (tests of every tier: there are no e2e tests)"


def _none_of(facts: Facts, scope: Scope, tier: str | None) -> str:
    if scope == "all":
        return "none: there are no tests"
    kind = f"{tier} " if tier else ""
    if scope == "previous" and facts.is_first:
        return f"none: {escape(facts.session)} is the first session"
    return f"none: no {'new' if scope == 'current' else 'earlier'} {kind}test"


def _word(outcome: Outcome | None) -> str:
    if outcome is None:
        return "missing"
    return "not run" if outcome == "not_run" else {"error": "in error"}.get(outcome, outcome)


def new_tests(facts: Facts) -> str:
    """Word the new tests by tier, with their files."""
    new = facts.new()
    broken = sorted(broken_files(facts))
    rest = f"; could not be collected: {listed([code_in_text(path) for path in broken])}" if broken else ""
    if not new:
        return "no new test" + rest
    tiers = Counter(line.tier for line in new)
    by_tier = ", ".join(f"{number} {escape(tier)}" for tier, number in sorted(tiers.items()))
    files = [code_in_text(path) for path in sorted({file_of(line.id) for line in new})]
    number = f"{counted(len(new), 'test')} (first session)" if facts.is_first else counted(len(new), "new test")
    return f"{number}: {by_tier}, in {listed(files, most=4)}{rest}"


def state_of(outcomes: Counter[Outcome | None]) -> str:
    """Sum up tests with these outcomes in a word or two."""
    if not outcomes:
        return "Not yet written"
    if not FAILING.isdisjoint(outcomes):
        return "Failing"
    if "not_run" in outcomes:
        return "Not all were run"
    return "Passing" if passing(outcomes) else "None passes"


CHANGES: Mapping[str, Callable[[Facts, Changes], int | None]] = {
    "files_created": lambda _facts, changes: len(changes.created),
    "files_modified": lambda _facts, changes: len(changes.modified) + len(changes.renamed),
    "files_removed": lambda _facts, changes: len(changes.removed),
    "files_changed": lambda _facts, changes: (
        len(changes.created) + len(changes.modified) + len(changes.renamed) + len(changes.removed)
    ),
    "lines_added": lambda _facts, changes: changes.lines_added,
    "lines_removed": lambda _facts, changes: changes.lines_removed,
    "new_tests": lambda facts, _changes: len(facts.new()),
    "new_commits": lambda _facts, changes: changes.commits,
    "test_files_created": lambda facts, changes: len(facts.kinds.files(lambda _kind: True).keys() & set(changes.created)),
}
"""Count what the session changed; what is not known is ``None``."""
