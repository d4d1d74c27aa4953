"""Whether a run was whole, and how several runs on one tree add up."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.figures import counted, listed
from pytest_handoff.nodeids import without_parameters
from pytest_handoff.record import Frozen
from pytest_handoff.unstable_ids import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.lineage import Ledger
    from pytest_handoff.record import LedgerLine, RunInfo
    from pytest_handoff.run import Run

WHOLE = "everything"


class Scope(Frozen, frozen=True):
    """What one run, or several on one tree, looked at.

    ``parts`` says how each was narrowed (:data:`WHOLE` for one that was not); ``whole_files`` were collected whole by any.
    """

    parts: tuple[str, ...]
    whole_files: frozenset[str]
    mishaps: tuple[str, ...] = ()


def scope_of(run: Run) -> Scope:
    """The scope of a single run; one in which files could not be collected never counts as whole."""
    broken = (f"{counted(len(run.broken_files), 'file')} could not be collected",) if run.broken_files else ()
    return Scope(
        parts=("; ".join((*run.why_partial, *broken)) or WHOLE,),
        whole_files=run.whole_files,
        mishaps=(*run.mishaps, *(f"{path} could not be collected: {error}" for path, error in run.broken_files.items())),
    )


def add_up(scope: Scope, earlier: RunInfo) -> Scope:
    """The scope of a run together with that of an earlier one on the same tree."""
    return Scope(
        parts=tuple(dict.fromkeys((*earlier.parts, *scope.parts))),
        whole_files=scope.whole_files | frozenset(earlier.whole_files),
        mishaps=scope.mishaps,
    )


def fill_in(ledger: Ledger, before: Mapping[str, LedgerLine], earlier: Mapping[str, LedgerLine], session: str) -> Ledger:
    """A ledger in which what did not run now is taken from an earlier run on the same tree; two outcomes are flaky.

    Either run may know what the other could not see: that a test of the sessions before (``earlier``) goes on under another id.
    Then its old id is neither missing nor waited for.
    """
    replaced = _replaced(ledger, before, earlier, session) | _replaced(before, ledger, earlier, session)
    merged = {test: _merge(line, before.get(test)) for test, line in ledger.items()}
    merged |= {test: line for test, line in before.items() if test not in merged}
    replaced |= _twice(ledger, before)
    return {test: merged[test] for test in sorted(merged) if test not in replaced}


def why_incomplete(scope: Scope, ledger: Mapping[str, LedgerLine], test_files: Iterable[str]) -> list[str]:
    """Every reason why the record is not complete; empty when it is."""
    unrun = [test for test, line in ledger.items() if line.outcome == "not_run" and line.retired is None]
    reasons = list(scope.mishaps)
    if WHOLE not in scope.parts:
        unseen = sorted(set(test_files) - scope.whole_files)
        if len(scope.parts) == 1:
            reasons.append(scope.parts[0])
        elif unseen:
            reasons.append(f"{counted(len(unseen), 'test file')} not looked at: {listed(unseen)}")
    if unrun:
        reasons.append(f"{counted(len(unrun), 'test')} did not run: {listed(unrun)}")
    return reasons


def disagreement(run: Run, stats: Mapping[str, int] | None) -> str | None:
    """What is wrong when our count of reports is not pytest's own; nothing where pytest keeps none."""
    if stats is None:
        return None
    wrong: Sequence[str] = [
        f"{stats.get(category, 0)} {category} by pytest, {number} by us"
        for category, number in run.reported.items()
        if stats.get(category, 0) != number
    ]
    return "the counts disagree with pytest's own: " + ", ".join(wrong) if wrong else None


def _replaced(
    knowing: Mapping[str, LedgerLine], other: Mapping[str, LedgerLine], earlier: Mapping[str, LedgerLine], session: str
) -> set[str]:
    """Earlier ids that the knowing ledger continues under another id or with other parameters; they did not run in the other."""
    moved = {line.moved_from for line in knowing.values()}
    changed = (line for test, line in knowing.items() if test not in earlier and line.since != session and not line.moved_from)
    functions = {without_parameters(line.id) for line in changed}
    absent = (test for test, line in other.items() if test not in knowing and line.outcome in (None, "not_run"))
    return {test for test in absent if test in earlier and (test in moved or without_parameters(test) in functions)}


def _twice(now: Mapping[str, LedgerLine], before: Mapping[str, LedgerLine]) -> set[str]:
    """Ids of one of two runs on the same code that only change by themselves: the other run has the same tests under other ids.

    Those that ran are kept, and of two that ran those of now.
    """
    fresh = _by_masked(line for test, line in now.items() if test not in before)
    old = _by_masked(line for test, line in before.items() if test not in now and line.outcome is not None)
    found: set[str] = set()
    for name in fresh.keys() & old.keys():
        if len(fresh[name]) == len(old[name]):
            unrun = all(line.outcome == "not_run" for line in fresh[name])
            found.update(line.id for line in (fresh if unrun else old)[name])
    return found


def _by_masked(lines: Iterable[LedgerLine]) -> dict[str, list[LedgerLine]]:
    groups: dict[str, list[LedgerLine]] = defaultdict(list)
    for line in lines:
        name = masked(line.id)
        if name != line.id:
            groups[name].append(line)
    return groups


def _merge(line: LedgerLine, before: LedgerLine | None) -> LedgerLine:
    if before is None or before.outcome in (None, "not_run"):
        return line
    if line.outcome == "not_run":
        return before
    differs = before.flaky or before.outcome != line.outcome
    return replace(line, flaky=line.flaky or differs) if differs else line
