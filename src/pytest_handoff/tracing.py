"""Which collected test continues which earlier one, with a look at the files that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff import lineage
from pytest_handoff.nodeids import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def trace_collected(
    earlier: lineage.Earlier, collected: Mapping[str, object], whole_files: Iterable[str], renames: Mapping[str, str], root: Path
) -> lineage.Lineage:
    """The lineage of what a process collected; ``root`` is the folder that ids are relative to."""
    existing = {path for path in {file_of(test) for test in earlier.lines} if (root / path).is_file()}
    gone = lineage.certainly_gone(earlier, collected, frozenset(whole_files), existing)
    return lineage.trace(earlier, collected, gone, renames)
