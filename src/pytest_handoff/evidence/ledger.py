"""Continue the ledger: match this run's tests with the earlier ones, and write down every test ever recorded.

An earlier test may go on under another name: moved, renamed with its file, or with new parameters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import force_setattr, replace

from pytest_handoff.nodeids import file_of, name_of, nodes_above, without_parameters
from pytest_handoff.record import OUTCOMES, Bundle, Frozen, LastSeen, LedgerLine
from pytest_handoff.run import PASSED

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from pytest_handoff.record import Outcome, SkippedNode
    from pytest_handoff.run import CaseResult, Collected, Run


Ledger = dict[str, LedgerLine]

SameBody = Callable[[str, str], bool]
"""Takes the old and new id of a test that turned up in another file; tells whether the bodies agree."""


InBody = Callable[[str, "list[str]"], "list[str]"]
"""Takes a test without parameters and the cases that its function lost; tells which of them are in its body."""


def none_in_body(_test: str, _cases: list[str]) -> list[str]:
    """Find no case in any body."""
    return []


class Files(Bundle, frozen=True):
    """Answer what tracing asks: whether a file exists, whether two tests have the same body, and which cases are in a body."""

    exists: Callable[[str], bool]
    agree: SameBody
    in_body: InBody = none_in_body


class EarlierTests(Frozen, frozen=True):
    """The tests of all earlier sessions, as the parents left them.

    ``sessions`` are the parents in order, oldest first unless the user gave another; ``came_from`` names the parent of each line
    that is not the last parent's. ``replaced`` are the ids in whose place other cases of their function came: those are the tests
    now.
    """

    sessions: tuple[str, ...] = ()
    lines: Ledger = {}
    came_from: dict[str, str] = {}
    replaced: Ledger = {}

    def session_of(self, test: str) -> str:
        """Name the parent whose ledger this test's line was read from."""
        return self.came_from.get(test, self.sessions[-1])


class Lineage(Frozen, frozen=True):
    """The matches between collected tests and the earlier tests they continue.

    ``same`` maps a new id to the earlier id it replaces. ``reparametrized`` does so where a function lost some ids and gained
    others, one for one: its parameters changed, or it got its first ones, or it lost them all; what it gained beyond that is new.
    ``folded`` are more ids that a function lost with all its parameters, and whose values stand in its body now.
    ``vanished`` are earlier ids that nothing continues.
    """

    same: dict[str, str] = {}
    reparametrized: dict[str, str] = {}
    folded: frozenset[str] = frozenset()
    vanished: frozenset[str] = frozenset()

    def known_as(self, test: str) -> str:
        """Return the earlier id of a test that continues under another one; else the id itself."""
        return self.same.get(test) or self.reparametrized.get(test, test)

    def since(self, test: str, session: str, earlier: EarlierTests) -> str:
        """Name the first session that had this test."""
        known = self.known_as(test)
        return earlier.lines[known].since if known in earlier.lines else session


def join_parents(parents: Sequence[tuple[str, Ledger]], replaced: Iterable[Ledger] = ()) -> EarlierTests:
    """Join the parents' ledgers; if two lines are about one test, keep the one that promises more, so that nothing is lost.

    Args:
        replaced: the ids of each parent that other cases of their function replaced.
    """
    if not parents:
        return EarlierTests()
    *others, (_last, lines) = parents
    gone = {test: line for ledger in replaced for test, line in ledger.items()}
    if not others:
        return EarlierTests(sessions=tuple(session for session, _ in parents), lines=lines, replaced=gone)
    joined = dict(lines)
    came_from: dict[str, str] = {}
    for session, ledger in others:
        for test, line in ledger.items():
            if test not in joined or _weight(line) < _weight(joined[test]):
                joined[test] = line
                came_from[test] = session
    return EarlierTests(sessions=tuple(session for session, _ in parents), lines=joined, came_from=came_from, replaced=gone)


def share_ids(ledger: Ledger, tests: Iterable[str]) -> None:
    """Make a ledger share the id objects of these tests instead of holding equal copies.

    The ledger stays equal to what it was. pytest keeps the id of each test as long as the test, so a copy only costs memory.
    """
    theirs = {test: test for test in tests}
    lines = list(ledger.values())
    ledger.clear()
    for line in lines:
        test = theirs.get(line.id, line.id)
        force_setattr(line, "id", test)
        ledger[test] = line


_WEIGHT = ("passed", "xpassed", "failed", "error", "xfailed", "skipped", "not_run", None)


def _weight(line: LedgerLine) -> tuple[bool, int, str]:
    return line.retired is not None, _WEIGHT.index(line.outcome), line.since


def certainly_gone(
    earlier: EarlierTests, collected: Container[str], whole_files: Container[str], existing_files: Container[str]
) -> list[str]:
    """List the earlier live ids that are certainly gone: their file was collected whole without them, or is gone itself."""
    return [
        test
        for test in sorted(test for test in earlier.lines if test not in collected)
        if earlier.lines[test].retired is None and (file_of(test) in whole_files or file_of(test) not in existing_files)
    ]


def trace(
    earlier: EarlierTests,
    collected: Iterable[str],
    gone: Iterable[str],
    renames: Mapping[str, str],
    agree: SameBody,
    *,
    in_body: InBody = none_in_body,
) -> Lineage:
    """Find the earlier test that each new id continues.

    Args:
        earlier: the tests of the parents.
        collected: ids collected now.
        gone: what :func:`certainly_gone` found.
        renames: old path to new path of the files that were renamed, as the trees show.
        agree: tells of an old id and a new one of the same name whether the bodies of the tests agree.
        in_body: tells which cases that a function lost stand in the body of the test that has no parameters any more.
    """
    vanished = set(gone)
    fresh = {test for test in collected if test not in earlier.lines} if vanished else set()
    same = _renamed_with_their_file(vanished, fresh, renames)
    same |= _alone_elsewhere(vanished - set(same.values()), fresh - set(same), agree)
    vanished -= set(same.values())
    held = _in_bodies(vanished, fresh - set(same), in_body)
    reparametrized = {test: cases[0] for test, cases in held.items()}
    folded = frozenset(chain.from_iterable(cases[1:] for cases in held.values()))
    others = {test for test in vanished if without_parameters(test) not in held}
    reparametrized |= _reparametrized(others, fresh - set(same) - set(reparametrized))
    vanished -= folded.union(reparametrized.values())
    return Lineage(same=same, reparametrized=reparametrized, folded=folded, vanished=frozenset(vanished))


def _renamed_with_their_file(vanished: set[str], fresh: set[str], renames: Mapping[str, str]) -> dict[str, str]:
    pairs = ((f"{renames[file_of(old)]}::{name_of(old)}", old) for old in sorted(vanished) if file_of(old) in renames)
    return {new: old for new, old in pairs if new in fresh}


def _alone_elsewhere(vanished: set[str], fresh: set[str], agree: SameBody) -> dict[str, str]:
    """Match a test in another file by name, parameters and body, if exactly one vanished and exactly one appeared: never guess.

    Tests of equal names in many files are common, and a name alone says nothing.
    """
    old_by_name, new_by_name = _by_name(vanished), _by_name(fresh)
    pairs = ((old_by_name[name], new_by_name[name]) for name in old_by_name if name in new_by_name)
    alone = ((old[0], new[0]) for old, new in pairs if len(old) == len(new) == 1)
    return {new: old for old, new in alone if agree(old, new)}


def _by_name(tests: Iterable[str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        names[name_of(test)].append(test)
    return names


def _reparametrized(vanished: set[str], fresh: set[str]) -> dict[str, str]:
    """Pair the ids that a function gained and lost until one kind runs out; nobody can tell which continues which."""
    lost, found = _by_function(vanished), _by_function(fresh)
    pairs = (zip(sorted(found.get(function, ())), sorted(olds), strict=False) for function, olds in lost.items())
    return dict(chain.from_iterable(pairs))


def _in_bodies(vanished: set[str], fresh: set[str], in_body: InBody) -> dict[str, list[str]]:
    """Map each test that lost all parameters to the cases that stand in its body, where there were several.

    It continues these and no others: one that does not stand there is lost.
    """
    lost = _by_function(vanished)
    plain = [test for test in fresh if len(lost.get(test, ())) > 1]
    found = ((test, in_body(test, sorted(lost[test]))) for test in sorted(plain))
    return {test: cases for test, cases in found if cases}


def _by_function(tests: Iterable[str]) -> dict[str, list[str]]:
    functions: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        functions[without_parameters(test)].append(test)
    return functions


def trace_collected(
    earlier: EarlierTests,
    collected: Mapping[str, object],
    whole_files: Iterable[str],
    renames: Mapping[str, str],
    files: Files,
) -> Lineage:
    """Trace what a process collected back to the earlier tests."""
    absent = set(map(file_of, earlier.lines.keys() - collected.keys()))
    existing = set(filter(files.exists, absent))
    gone = certainly_gone(earlier, collected, frozenset(whole_files), existing)
    return trace(earlier, collected, gone, renames, files.agree, in_body=files.in_body)


def with_unseen(lines: Ledger, own: Ledger, session: str, run: Run, exists: Callable[[str], bool]) -> Ledger:
    """Add to a run's ledger the tests that this session recorded earlier but that the run did not look at.

    Their file exists, but a conftest or another plugin left it out, or only a part of it was given: they did not run. If the file
    was collected whole without them, or is gone, the session has removed them again; if it skipped itself, so did they. Earlier
    sessions' tests are in ``lines``.
    """
    mine = {test: line for test, line in own.items() if line.since == session and line.outcome is not None and test not in lines}
    left_out = {path for path in {file_of(test) for test in mine} if path not in run.whole_files and exists(path)}
    unseen = {
        test: LedgerLine(id=test, tier=line.tier, since=line.since, outcome="not_run", promised=line.promised, checks=line.checks)
        for test, line in mine.items()
        if file_of(test) in left_out
    }
    if run.skipped_nodes:
        unseen |= {test: _skipped(line, node) for test, line in mine.items() if (node := skipped_with(test, run)) is not None}
    return dict(sorted((lines | unseen).items())) if unseen else lines


def with_replaced(tests: Ledger, replaced: Ledger) -> Ledger:
    """Join the tests with the ids that were replaced, as the file has them: sorted by id."""
    return dict(sorted((replaced | tests).items())) if replaced else tests


def new_ledger(*, session: str, run: Run, earlier: EarlierTests, lineage: Lineage) -> Ledger:
    """List every test ever recorded, as this run leaves it, sorted by id.

    What the settings leave out is not a test of the suite, unless it ever ran.
    """
    before, results = earlier.lines.get, run.results.get
    absent = _not_collected(earlier, lineage, run)
    lines: Ledger = {}
    unknown = {test for test in run.left_out if not has_run(lineage.known_as(test), earlier)}
    collected = [test for test in run.collected if test not in unknown] if unknown else run.collected
    for test in sorted([*collected, *absent]):  # in one pass: a second table of very many tests is large
        old, result, seen = before(test), results(test), run.collected.get(test)
        if seen is None:
            line = absent[test]
        elif old is not None and (result is PASSED or result == PASSED) and not seen.checks:
            line = LedgerLine(id=test, tier=seen.tier, since=old.since, outcome="passed")
        else:
            line = _line(test, seen, result, session=session, earlier=earlier, lineage=lineage)
        lines[test] = old if line == old else line  # the same object: very many tests may stay as they were
    lines |= {test: replace(lines[test], parts=outcomes) for test, outcomes in run.differing.items() if test in run.collected}
    return lines


def has_run(test: str, earlier: EarlierTests) -> bool:
    """Check that an earlier session ran a test, and that it was not retired."""
    line = earlier.lines.get(test)
    return line is not None and line.retired is None and (line.outcome not in (None, "not_run") or line.last is not None)


def skipped_with(test: str, run: Run) -> SkippedNode | None:
    """Return the file or other collector that skipped itself, and this test with it."""
    if not run.skipped_nodes:
        return None
    above = set(nodes_above(test))
    return next((node for node in run.skipped_nodes if node.id in above), None)


def _skipped(line: LedgerLine, node: SkippedNode) -> LedgerLine:
    return LedgerLine(
        id=line.id,
        tier=line.tier,
        since=line.since,
        outcome="skipped",
        reason=node.reason or None,
        checks=line.checks,
        with_file=True,
    )


def count_by_tier(lines: Iterable[LedgerLine], skipped: Sequence[SkippedNode] = ()) -> dict[str, dict[str, int]]:
    """Count tests by outcome, as pytest does, for each tier that has any, sorted by tier.

    A test that is gone has no outcome and is not counted.

    Args:
        skipped: the files that skipped themselves: each counts once, and the tests in it do not.
    """
    counted: Counter[tuple[str, Outcome | None]]
    if skipped:
        counted = Counter((line.tier, line.outcome) for line in lines if not line.with_file)
        counted.update((node.tier, "skipped") for node in skipped)
    else:
        counted = Counter(map(attrgetter("tier", "outcome"), lines))
    tiers = sorted({tier for tier, outcome in counted if outcome is not None})
    return {tier: {outcome: counted[tier, outcome] for outcome in OUTCOMES} for tier in tiers}


def sum_of_tiers(tiers: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Count the tests of all tiers by outcome."""
    return {outcome: sum(counts[outcome] for counts in tiers.values()) for outcome in OUTCOMES}


def _not_collected(earlier: EarlierTests, lineage: Lineage, run: Run) -> Ledger:
    replaced = {*lineage.same.values(), *lineage.reparametrized.values(), *lineage.folded}
    found: Ledger = {}
    for test, line in earlier.lines.items():
        if test in run.collected or test in replaced:
            continue
        if line.retired is None and (node := skipped_with(test, run)) is not None:
            found[test] = _skipped(line, node)
        elif test in lineage.vanished or line.retired is not None:
            found[test] = LedgerLine(
                id=test, tier=line.tier, since=line.since, outcome=None, last=last_seen(earlier, test), retired=line.retired,
                checks=line.checks,
            )  # fmt: skip
        else:
            found[test] = replace(_not_run(test, line.tier, line.since, earlier, None), checks=line.checks)
    return found


def _line(
    test: str, seen: Collected, result: CaseResult | None, *, session: str, earlier: EarlierTests, lineage: Lineage
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
        failed_subtests=result.failed_subtests,
        promised=promised and result.outcome == "xfailed",
        moved_from=moved_from,
        reason=result.reason,
        error=result.error,
    )


def _not_run(test: str, tier: str, first: str, earlier: EarlierTests, moved_from: str | None) -> LedgerLine:
    known = moved_from or test
    owed = known in earlier.lines and earlier.lines[known].promised
    return LedgerLine(
        id=test,
        tier=tier,
        since=first,
        outcome="not_run",
        promised=owed,
        last=last_seen(earlier, known),
        moved_from=moved_from,
    )


def last_seen(earlier: EarlierTests, test: str) -> LastSeen | None:
    """Return the newest outcome that earlier sessions recorded of this id, and the session."""
    line = earlier.lines.get(test)
    if line is None or line.outcome in (None, "not_run"):
        return line.last if line else None
    return LastSeen(session=earlier.session_of(test), outcome=line.outcome)
