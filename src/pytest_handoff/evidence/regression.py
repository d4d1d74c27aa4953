"""Give every earlier test a status, count how many still pass, and group tests by kind.

There may be very many tests but only a few kinds, so each question is asked once per kind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache, cached_property
from itertools import chain, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

import msgspec

from pytest_handoff.nodeids import files_of, without_parameters
from pytest_handoff.record import Frozen, LedgerLine, Outcome, Regression, Retired, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_handoff.evidence.ledger import EarlierTests, Ledger

    _Fields = tuple[str, str, Outcome | None, bool, bool, Retired | None, str | None]

PASSING: frozenset[Outcome | None] = frozenset({"passed", "xpassed"})
FAILING: frozenset[Outcome | None] = frozenset({"failed", "error"})
LEFT_OUT: frozenset[Outcome | None] = frozenset({"skipped", "xfailed"})
_outcome_of = attrgetter("outcome")


def passing_of(counts: Mapping[str, int]) -> int:
    """Add up the outcomes that are a pass."""
    return counts["passed"] + counts["xpassed"]


class Fate(Frozen, frozen=True, gc=False, cache_hash=True):
    """The fate of one test: its status, whether it counts among the earlier tests that must pass, and whether it passes.

    ``was`` is the tier that the test had in earlier sessions, where it is of another now.
    """

    status: Status
    counts: bool
    passes: bool
    was: str | None = None


_USUAL = Fate(status="still_passing", counts=True, passes=True)


class Fates(Mapping[str, Fate]):
    """The fate of every test in a ledger; it holds only those that are not as usual, since there may be very many tests.

    Args:
        ledger: what nobody changes any more.
        unusual: the fates of those tests that do not still pass.
    """

    def __init__(self, ledger: Ledger, unusual: Mapping[str, Fate]) -> None:
        self._ledger, self._unusual = ledger, unusual

    def __getitem__(self, test: str) -> Fate:
        return self._unusual.get(test) or (_USUAL if test in self._ledger else self._unusual[test])

    def __iter__(self) -> Iterator[str]:
        return iter(self._ledger)

    def __len__(self) -> int:
        return len(self._ledger)

    def of(self, tests: Iterable[str]) -> Iterator[Fate]:
        """Return the fates of some tests in the ledger, in their order, as fast as a table would."""
        return map(self._unusual.get, tests, repeat(_USUAL))


def fates(session: str, ledger: Ledger, earlier: EarlierTests) -> Fates:
    """Decide the fate of every test in the ledger; tests of this session are ``new``."""
    functions: dict[str, list[LedgerLine]] = defaultdict(list)
    for test in _gone(ledger, earlier.lines):
        functions[without_parameters(test)].append(earlier.lines[test])
    known = earlier.lines
    unusual = {
        test: _with_tier(_fate(session, line, known, functions), _tier_before(session, line, known, functions))
        for test, line in ledger.items()
        if not (
            line.outcome == "passed"
            and (old := known.get(test)) is not None
            and old.outcome == "passed"
            and old.tier == line.tier
            and line.since != session
            and line.moved_from is None
            and line.retired is None
        )
    }
    return Fates(ledger, unusual)


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
    return newest_outcome(old)


def newest_outcome(line: LedgerLine) -> Outcome | None:
    """Return the outcome of a test or, if it did not run, its last one."""
    return line.outcome if line.outcome not in (None, "not_run") else (line.last.outcome if line.last else None)


def _gone(ledger: Ledger, earlier: Ledger) -> list[str]:
    absent = [test for test in earlier if test not in ledger]  # no set of very many tests
    if not absent:
        return []
    moved = {line.moved_from for line in ledger.values() if line.moved_from}
    return [test for test in absent if test not in moved]


def _tier_before(
    session: str, line: LedgerLine, earlier: Mapping[str, LedgerLine], functions: Mapping[str, Sequence[LedgerLine]]
) -> str | None:
    """Return the tier that an earlier test had if it is of another now; of new parameters, the one that all lost ones had."""
    if line.since == session:
        return None
    old = earlier.get(line.moved_from or line.id)
    olds = {other.tier for other in functions.get(without_parameters(line.id), ())} if old is None else {old.tier}
    return olds.pop() if len(olds) == 1 and line.tier not in olds else None


def _with_tier(fate: Fate, was: str | None) -> Fate:
    return fate if was is None else _shared(status=fate.status, counts=fate.counts, passes=fate.passes, was=was)


def _fate(
    session: str, line: LedgerLine, earlier: Mapping[str, LedgerLine], functions: Mapping[str, Sequence[LedgerLine]]
) -> Fate:
    fate = _fate_of_any(session, line, earlier, functions)
    if line.known is None or line.outcome not in FAILING or not fate.counts:
        return fate
    return _shared(status=fate.status, counts=False, passes=False)


def _fate_of_any(
    session: str, line: LedgerLine, earlier: Mapping[str, LedgerLine], functions: Mapping[str, Sequence[LedgerLine]]
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
def _shared(*, status: Status, counts: bool, passes: bool, was: str | None = None) -> Fate:
    """Share one object among all tests with the same fate: there are few fates, and many tests."""
    return Fate(status=status, counts=counts, passes=passes, was=was)


def _without_an_equal(now: Outcome, lost: Sequence[LedgerLine] | None) -> Fate:
    """Decide the fate of an earlier test under a new id; ``lost`` are the lines of the ids that its function lost."""
    if lost is None:
        return _shared(status=_status("passed", now), counts=True, passes=now in PASSING)
    still_skipped = now in LEFT_OUT and LEFT_OUT.issuperset(map(newest_outcome, lost))
    return _shared(status="reparametrized", counts=not still_skipped, passes=now in PASSING)


def _status(before: Outcome | None, now: Outcome) -> Status:
    """Compare the outcome before with the outcome now; ``still_failing`` covers every failing test that did not pass before."""
    if now in PASSING:
        return "still_passing" if before in PASSING else "fixed"
    if now in LEFT_OUT:
        return "still_skipped" if before in LEFT_OUT else "newly_skipped"
    return "regressed" if before in PASSING else "still_failing"


class LineGroup(msgspec.Struct, frozen=True):
    """A kind of tests: the fields that their ledger lines have in common, and their fate."""

    tier: str
    since: str
    outcome: Outcome | None
    promised: bool
    flaky: bool
    retired: Retired | None
    known: str | None
    fate: Fate

    @property
    def live(self) -> bool:
        """Check that tests of this kind are neither gone nor retired."""
        return self.outcome is not None and self.retired is None

    @property
    def fails(self) -> bool:
        """Check that tests of this kind fail and are not known to fail."""
        return self.outcome in FAILING and self.known is None


_fields_of = attrgetter("tier", "since", "outcome", "promised", "flaky", "retired", "known")
_id_of = attrgetter("id")


class LineGroups:
    """The lines of a ledger, grouped by kind on first use. Callers must not change the lists they get: they are cached.

    Args:
        fates: the fate of each test.
    """

    def __init__(self, ledger: Mapping[str, LedgerLine], fates: Fates) -> None:
        self._ledger, self._fates = ledger, fates
        self._joined: dict[tuple[LineGroup, ...], Sequence[LedgerLine]] = {}
        self._files: dict[LineGroup, Counter[str]] = {}

    @cached_property
    def _groups(self) -> dict[LineGroup, list[LedgerLine]]:
        groups: dict[tuple[_Fields, Fate], list[LedgerLine]] = defaultdict(list)
        lines, fates = self._ledger.values(), self._fates
        fields: Iterator[_Fields] = map(_fields_of, lines)
        for key, line in zip(zip(fields, fates.of(self._ledger), strict=True), lines, strict=True):
            groups[key].append(line)
        for group in groups.values():
            group.sort(key=_id_of)
        return {LineGroup(*common, fate): group for (common, fate), group in groups.items()}

    def __iter__(self) -> Iterator[tuple[LineGroup, int]]:
        """Iterate over the kinds, each with its number of tests."""
        return ((kind, len(lines)) for kind, lines in self._groups.items())

    def count(self, wanted: Callable[[LineGroup], bool]) -> int:
        """Count the tests of the wanted kinds."""
        return sum(number for kind, number in self if wanted(kind))

    @cached_property
    def _by_session(self) -> dict[str, list[LineGroup]]:
        """Map each session to the kinds of tests that it added, so that a question about each session does not ask all kinds."""
        found: dict[str, list[LineGroup]] = defaultdict(list)
        for kind in self._groups:
            found[kind.since].append(kind)
        return found

    def lines(self, wanted: Callable[[LineGroup], bool], *, since: str | None = None) -> Sequence[LedgerLine]:
        """Return the tests of the wanted kinds, sorted by id; with ``since``, only those that this session added."""
        kinds = tuple(filter(wanted, self._groups if since is None else self._by_session.get(since, ())))
        if len(kinds) == 1:
            return self._groups[kinds[0]]
        if kinds not in self._joined:
            self._joined[kinds] = sorted(chain.from_iterable(map(self._groups.__getitem__, kinds)), key=_id_of)
        return self._joined[kinds]

    def outcomes(self, wanted: Callable[[LineGroup], bool], *, since: str | None = None) -> Counter[Outcome | None]:
        """Count the tests that :meth:`lines` returns by outcome, without looking at each."""
        found: Counter[Outcome | None] = Counter()
        for kind in filter(wanted, self._groups if since is None else self._by_session.get(since, ())):
            found[kind.outcome] += len(self._groups[kind])
        return found

    def files(self, wanted: Callable[[LineGroup], bool]) -> Counter[str]:
        """Count the tests of the wanted kinds in each file."""
        found: Counter[str] = Counter()
        for kind in filter(wanted, self._groups):
            if kind not in self._files:
                self._files[kind] = Counter(files_of(map(_id_of, self._groups[kind])))
            found += self._files[kind]
        return found
