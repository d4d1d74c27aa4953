"""Decide whether a run is complete, and add up several runs on one tree."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.evidence.unstable_ids import masked
from pytest_handoff.figures import counted, listed
from pytest_handoff.nodeids import without_parameters
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.evidence.ledger import Ledger
    from pytest_handoff.record import LedgerLine, RunInfo
    from pytest_handoff.run import Run


WHOLE = "everything"


class Scope(Frozen, frozen=True):
    """The scope of one run, or of several on one tree.

    ``parts`` says how each was narrowed (:data:`WHOLE` if it was not); ``whole_files`` were collected whole by any of them.
    """

    parts: tuple[str, ...]
    whole_files: frozenset[str]
    mishaps: tuple[str, ...] = ()


def scope_of(run: Run) -> Scope:
    """Determine the scope of a single run; a run that could not collect a file never counts as whole."""
    broken = (f"{counted(len(run.broken_files), 'file')} could not be collected",) if run.broken_files else ()
    return Scope(
        parts=("; ".join((*run.why_partial, *broken)) or WHOLE,),
        whole_files=run.whole_files,
        mishaps=(*run.mishaps, *(f"{path} could not be collected: {error}" for path, error in run.broken_files.items())),
    )


def add_up(scope: Scope, earlier: RunInfo) -> Scope:
    """Add the scope of an earlier run on the same tree to that of a run."""
    return Scope(
        parts=tuple(dict.fromkeys((*earlier.parts, *scope.parts))),
        whole_files=scope.whole_files | frozenset(earlier.whole_files),
        mishaps=scope.mishaps,
    )


def fill_in(ledger: Ledger, before: Mapping[str, LedgerLine], earlier: Mapping[str, LedgerLine], session: str) -> Ledger:
    """Fill in what did not run now from an earlier run on the same tree; a test with two outcomes is flaky.

    Either run may know what the other could not see: that a test of an earlier session (``earlier``) continues under another id.
    Its old id is then neither missing nor waited for.
    """
    replaced = _replaced(ledger, before, earlier, session) | _replaced(before, ledger, earlier, session)
    merged = {test: _merge(line, before.get(test)) for test, line in ledger.items()}
    merged |= {test: line for test, line in before.items() if test not in merged}
    replaced |= _twice(ledger, before)
    return {test: merged[test] for test in sorted(merged) if test not in replaced}


def why_incomplete(scope: Scope, ledger: Mapping[str, LedgerLine], test_files: Iterable[str]) -> list[str]:
    """List every reason why the record is not complete; an empty list means that it is."""
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
    """Say where our counts of reports differ from pytest's own; ``None`` if they agree, or if pytest keeps none."""
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
    """Find the ids that ``knowing`` continues under another id or with other parameters, and that ``other`` did not run."""
    moved = {line.moved_from for line in knowing.values()}
    changed = (line for test, line in knowing.items() if test not in earlier and line.since != session and not line.moved_from)
    functions = {without_parameters(line.id) for line in changed}
    absent = (test for test, line in other.items() if test not in knowing and line.outcome in (None, "not_run"))
    return {test for test in absent if test in earlier and (test in moved or without_parameters(test) in functions)}


def _twice(now: Mapping[str, LedgerLine], before: Mapping[str, LedgerLine]) -> set[str]:
    """Find the ids to drop where ids change by themselves, so that two runs on the same code have one test under two ids.

    The id that ran is kept; if both ran, the one of the newer run.
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
