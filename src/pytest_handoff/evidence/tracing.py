"""Look at which files exist to tell the tests that are gone from those that a run did not look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.evidence import ledger as lineage
from pytest_handoff.nodeids import file_of
from pytest_handoff.record import LedgerLine

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path


def trace_collected(
    earlier: lineage.Earlier, collected: Mapping[str, object], whole_files: Iterable[str], renames: Mapping[str, str], root: Path
) -> lineage.Lineage:
    """Trace what a process collected back to the earlier tests; ``root`` is the folder that ids are relative to."""
    absent = {file_of(test) for test in earlier.lines if test not in collected}
    existing = {path for path in absent if (root / path).is_file()}
    gone = lineage.certainly_gone(earlier, collected, frozenset(whole_files), existing)
    return lineage.trace(earlier, collected, gone, renames)


def with_unseen(
    lines: lineage.Ledger, own: lineage.Ledger, session: str, whole_files: Container[str], root: Path
) -> lineage.Ledger:
    """Add to a run's ledger the tests that this session recorded before and that the run did not look at.

    Their file exists, but a conftest or another plugin left it out, or only a part of it was given: they did not run. If the file
    was collected whole without them, or is gone, the session has removed them again. Earlier sessions' tests are in ``lines``.
    """
    mine = {test: line for test, line in own.items() if line.since == session and line.outcome is not None and test not in lines}
    left_out = {path for path in {file_of(test) for test in mine} if path not in whole_files and (root / path).is_file()}
    unseen = {
        test: LedgerLine(id=test, tier=line.tier, since=line.since, outcome="not_run", promised=line.promised, checks=line.checks)
        for test, line in mine.items()
        if file_of(test) in left_out
    }
    return dict(sorted((lines | unseen).items())) if unseen else lines
