"""Give every earlier test a status, and count how many still pass."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

from pytest_handoff.nodeids import without_parameters
from pytest_handoff.record import Frozen, LedgerLine, Outcome, Regression, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.evidence.ledger import Earlier, Ledger


PASSING: frozenset[Outcome | None] = frozenset({"passed", "xpassed"})
FAILING: frozenset[Outcome | None] = frozenset({"failed", "error"})
LEFT_OUT: frozenset[Outcome | None] = frozenset({"skipped", "xfailed"})
_outcome_of = attrgetter("outcome")


class Fate(Frozen, frozen=True, gc=False):
    """The fate of one test: its status, whether it counts among the earlier tests that must pass, and whether it passes."""

    status: Status
    counts: bool
    passes: bool


def fates(session: str, ledger: Ledger, earlier: Earlier) -> dict[str, Fate]:
    """Decide the fate of every test in the ledger; tests of this session are ``new``."""
    functions: dict[str, set[Outcome | None]] = defaultdict(set)
    for test in _gone(ledger, earlier.lines):
        functions[without_parameters(test)].add(_newest(earlier.lines[test]))
    known = earlier.lines
    usual = _shared(status="still_passing", counts=True, passes=True)
    return {
        test: usual
        if line.outcome == "passed"
        and (old := known.get(test)) is not None
        and old.outcome == "passed"
        and line.since != session
        and line.moved_from is None
        and line.retired is None
        else _fate(session, line, known, functions)
        for test, line in ledger.items()
    }


def summarise(found: Iterable[Fate]) -> Regression:
    """Count the earlier tests that must pass, those that do, and those of each status, even where there are none."""
    fates = Counter(found)
    statuses: Counter[Status] = Counter()
    for fate, number in fates.items():
        statuses[fate.status] += number
    return Regression(
        expected=sum(number for fate, number in fates.items() if fate.counts),
        passing=sum(number for fate, number in fates.items() if fate.counts and fate.passes),
        statuses={status: statuses[status] for status in get_args(Status) if status != "new"},
    )


def count_passing(lines: Iterable[LedgerLine]) -> int:
    """Count the tests that passed."""
    return sum(map(PASSING.__contains__, map(_outcome_of, lines)))


def then(line: LedgerLine, earlier: Mapping[str, LedgerLine]) -> Outcome | None:
    """Return the newest outcome of this test that earlier sessions recorded."""
    old = earlier.get(line.moved_from or line.id)
    if old is None:
        return None
    return _newest(old)


def _newest(line: LedgerLine) -> Outcome | None:
    return line.outcome if line.outcome not in (None, "not_run") else (line.last.outcome if line.last else None)


def _gone(ledger: Ledger, earlier: Ledger) -> list[str]:
    absent = earlier.keys() - ledger.keys()
    if not absent:
        return []
    moved = {line.moved_from for line in ledger.values() if line.moved_from}
    return [test for test in absent if test not in moved]


def _fate(
    session: str, line: LedgerLine, earlier: Mapping[str, LedgerLine], functions: Mapping[str, set[Outcome | None]]
) -> Fate:
    if line.since == session:
        return _shared(status="new", counts=False, passes=line.outcome in PASSING)
    if line.retired is not None:
        return _shared(status="retired", counts=False, passes=False)
    if line.outcome is None:
        return _shared(status="missing", counts=True, passes=False)
    if line.outcome == "not_run":
        return _shared(status="not_run", counts=True, passes=False)
    known = line.moved_from or line.id
    if known not in earlier:
        return _without_an_equal(line.outcome, functions.get(without_parameters(line.id)))
    before = then(line, earlier)
    status = _status(before, line.outcome)
    if status == "still_passing" and line.moved_from:
        status = "moved"
    return _shared(status=status, counts=status != "still_skipped", passes=line.outcome in PASSING)


@cache
def _shared(*, status: Status, counts: bool, passes: bool) -> Fate:
    """Share one object among all tests with the same fate: there are few fates, and many tests."""
    return Fate(status=status, counts=counts, passes=passes)


def _without_an_equal(now: Outcome, before: set[Outcome | None] | None) -> Fate:
    """Decide the fate of an earlier test under a new id; ``before`` holds the outcomes of the ids that its function lost."""
    if before is None:
        return _shared(status=_status("passed", now), counts=True, passes=now in PASSING)
    still_skipped = now in LEFT_OUT and before <= LEFT_OUT
    return _shared(status="reparametrized", counts=not still_skipped, passes=now in PASSING)


def _status(before: Outcome | None, now: Outcome) -> Status:
    """Compare the outcome before with the outcome now; ``still_failing`` covers every failing test that did not pass before."""
    if now in PASSING:
        return "still_passing" if before in PASSING else "fixed"
    if now in LEFT_OUT:
        return "still_skipped" if before in LEFT_OUT else "newly_skipped"
    return "regressed" if before in PASSING else "still_failing"
