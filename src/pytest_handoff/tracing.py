"""Which collected test continues which earlier one, and which was not looked at, with a look at the files that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff import lineage
from pytest_handoff.nodeids import file_of
from pytest_handoff.record import LedgerLine

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path


def trace_collected(
    earlier: lineage.Earlier, collected: Mapping[str, object], whole_files: Iterable[str], renames: Mapping[str, str], root: Path
) -> lineage.Lineage:
    """The lineage of what a process collected; ``root`` is the folder that ids are relative to."""
    absent = {file_of(test) for test in earlier.lines if test not in collected}
    existing = {path for path in absent if (root / path).is_file()}
    gone = lineage.certainly_gone(earlier, collected, frozenset(whole_files), existing)
    return lineage.trace(earlier, collected, gone, renames)


def with_unseen(
    lines: lineage.Ledger, own: lineage.Ledger, session: str, whole_files: Container[str], root: Path
) -> lineage.Ledger:
    """The ledger of a run with the tests that this session has recorded before and the run did not look at.

    Their file is there and was left out, by a conftest or another plugin, or given in part: they did not run. Tests whose file
    was collected whole without them, or is gone, the session has taken out again; those of earlier sessions are in ``lines``.
    """
    mine = {test: line for test, line in own.items() if line.since == session and line.outcome is not None and test not in lines}
    left_out = {path for path in {file_of(test) for test in mine} if path not in whole_files and (root / path).is_file()}
    unseen = {
        test: LedgerLine(id=test, tier=line.tier, since=line.since, outcome="not_run", promised=line.promised, checks=line.checks)
        for test, line in mine.items()
        if file_of(test) in left_out
    }
    return dict(sorted((lines | unseen).items())) if unseen else lines
