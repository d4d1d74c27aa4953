"""Build the ledger that a run leaves behind: every test ever recorded, one line each."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.nodeids import id_matches, without_parameters
from pytest_handoff.record import OUTCOMES, LastSeen, LedgerLine, Retired
from pytest_handoff.run import CaseResult

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from pytest_handoff.config import Retirement
    from pytest_handoff.evidence.ledger import Earlier, Ledger, Lineage
    from pytest_handoff.record import Outcome
    from pytest_handoff.run import Collected, Run


_PASSED = CaseResult(outcome="passed")


def new_ledger(*, session: str, run: Run, earlier: Earlier, lineage: Lineage, retire: Sequence[Retirement]) -> Ledger:
    """List every test ever recorded, as this run leaves it, sorted by id."""
    before, results = earlier.lines.get, run.results.get
    absent = _not_collected(earlier, lineage, run.collected)
    lines: Ledger = {}
    for test in sorted([*run.collected, *absent]):  # in one pass: a second table of very many tests is large
        old, result, seen = before(test), results(test), run.collected.get(test)
        if seen is None:
            line = absent[test]
        elif old is not None and result == _PASSED and not seen.checks:
            line = LedgerLine(id=test, tier=seen.tier, since=old.since, outcome="passed")
        else:
            line = _line(test, seen, result, session=session, earlier=earlier, lineage=lineage)
        lines[test] = old if line == old else line  # the same object: very many tests may stay as they were
    lines |= {test: replace(lines[test], parts=outcomes) for test, outcomes in run.differing.items() if test in run.collected}
    if retire:
        lines |= {test: _retired(line, session, retire, earlier) for test, line in lines.items()}
    return lines


def count_outcomes(lines: Iterable[LedgerLine]) -> dict[str, int]:
    """Count tests by outcome, as pytest does; a test that is gone has no outcome and is not counted."""
    counted: Counter[Outcome | None] = Counter(map(attrgetter("outcome"), lines))
    return {outcome: counted[outcome] for outcome in OUTCOMES}


def count_by_tier(lines: Iterable[LedgerLine]) -> dict[str, dict[str, int]]:
    """Count tests by outcome for each tier that has any, sorted by tier."""
    counted: Counter[tuple[str, Outcome | None]] = Counter(map(attrgetter("tier", "outcome"), lines))
    tiers = sorted({tier for tier, outcome in counted if outcome is not None})
    return {tier: {outcome: counted[tier, outcome] for outcome in OUTCOMES} for tier in tiers}


def _not_collected(earlier: Earlier, lineage: Lineage, collected: Container[str]) -> Ledger:
    replaced = set(lineage.same.values())
    functions = {without_parameters(test) for test in lineage.reparametrized}
    found: Ledger = {}
    for test, line in earlier.lines.items():
        if test in collected or test in replaced:
            continue
        if test in lineage.vanished or line.retired is not None:
            found[test] = LedgerLine(
                id=test, tier=line.tier, since=line.since, outcome=None, last=_last(earlier, test), retired=line.retired,
                checks=line.checks,
            )  # fmt: skip
        elif without_parameters(test) not in functions:
            found[test] = replace(_not_run(test, line.tier, line.since, earlier, None), checks=line.checks)
    return found


def _line(
    test: str, seen: Collected, result: CaseResult | None, *, session: str, earlier: Earlier, lineage: Lineage
) -> LedgerLine:
    first, moved_from = lineage.since(test, session, earlier), lineage.same.get(test)
    if result is None:
        line = _not_run(test, seen.tier, first, earlier, moved_from)
    else:
        line = _ran(test, seen.tier, first, result, promised=seen.promised, moved_from=moved_from)
    return replace(line, checks=seen.checks) if seen.checks else line


def _ran(test: str, tier: str, first: str, result: CaseResult, *, promised: bool, moved_from: str | None) -> LedgerLine:
    return LedgerLine(
        id=test,
        tier=tier,
        since=first,
        outcome=result.outcome,
        flaky=result.flaky,
        reruns=result.reruns,
        subtests=result.subtests,
        promised=promised and result.outcome == "xfailed",
        moved_from=moved_from,
        reason=result.reason,
        error=result.error,
    )


def _not_run(test: str, tier: str, first: str, earlier: Earlier, moved_from: str | None) -> LedgerLine:
    known = moved_from or test
    owed = known in earlier.lines and earlier.lines[known].promised
    return LedgerLine(
        id=test,
        tier=tier,
        since=first,
        outcome="not_run",
        promised=owed,
        last=_last(earlier, known),
        moved_from=moved_from,
    )


def _last(earlier: Earlier, test: str) -> LastSeen | None:
    line = earlier.lines.get(test)
    if line is None or line.outcome in (None, "not_run"):
        return line.last if line else None
    return LastSeen(session=earlier.session_of(test), outcome=line.outcome)


def _retired(line: LedgerLine, session: str, retire: Sequence[Retirement], earlier: Earlier) -> LedgerLine:
    """Add the retirement that matches the line, if there is one; a new test has nothing to retire from."""
    entry = next((entry for entry in retire if id_matches(line.id, entry.test)), None)
    if entry is None or line.retired is not None or line.since == session:
        return line
    known = earlier.lines.get(line.moved_from or line.id)
    before = known.retired if known else None
    since = before.session if before and before.reason == entry.reason else session
    outcome = None if line.outcome == "not_run" else line.outcome
    return replace(line, outcome=outcome, retired=Retired(session=since, reason=entry.reason))
