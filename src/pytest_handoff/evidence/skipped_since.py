"""Find tests that passed when merged and were skipped in two steps: one session skips them, the next finds them skipped."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_handoff.evidence.regression import LEFT_OUT, PASSING, newest_outcome
from pytest_handoff.nodeids import without_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.evidence.ledger import Ledger
    from pytest_handoff.record import LedgerLine


def skipped_since(now: Ledger, between: Mapping[str, Ledger], merged: Ledger) -> list[LedgerLine]:
    """Find the tests that are skipped, or expected to fail, and that passed as they were merged.

    A session's own figures show what it skips; this is for sessions whose figures hold.

    Args:
        now: the ledger of the session that is to be merged.
        between: the ledgers of the earlier sessions that are not merged, nearest first; none where it continues merged ones.
        merged: the tests of the merged sessions that it goes back to.
    """
    skipped = [line for line in now.values() if line.outcome in LEFT_OUT and line.retired is None and line.since not in between]
    if not skipped or not between:
        return []
    lost: dict[str, list[LedgerLine]] = defaultdict(list)
    for test in merged.keys() - now.keys():
        lost[without_parameters(test)].append(merged[test])
    return [line for line in skipped if _passed(_as_merged(_ids_of(line, between.values()), merged, lost))]


def _as_merged(ids: Sequence[str], merged: Ledger, lost: Mapping[str, Sequence[LedgerLine]]) -> list[LedgerLine]:
    """Return a test as it was merged: by its ids, or where it has other parameters now, the lost tests of its function."""
    functions = dict.fromkeys(map(without_parameters, ids))
    return [merged[test] for test in ids if test in merged] or [line for function in functions for line in lost.get(function, ())]


def _ids_of(line: LedgerLine, between: Iterable[Ledger]) -> list[str]:
    """List the ids that a test has and had, newest first."""
    ids = dict.fromkeys([line.id, *([line.moved_from] if line.moved_from else [])])
    for ledger in between:
        ids |= dict.fromkeys(old for test in ids if test in ledger and (old := ledger[test].moved_from))
    return list(ids)


def _passed(lines: Iterable[LedgerLine]) -> bool:
    return any(line.retired is None and newest_outcome(line) in PASSING for line in lines)
