"""Find what coverage.py must know of a source to tell which of its branches were taken, besides what the data say."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_handoff.coverage.not_public import Changed, as_it_was, ends_of_with
from pytest_handoff.evidence.branches import Branches, write_branches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coverage import FileReporter


def branches_in(reporter: FileReporter) -> str:
    """Return the branches of a source as text; an empty one where nothing short would say the same as coverage.py."""
    try:
        with as_it_was():
            found = branches_of(reporter)
    except Changed:
        return ""
    return write_branches(found) if found else ""


def branches_of(reporter: FileReporter) -> Branches | None:
    """Find the branches of a source; ``None`` where the arcs in the data are not told apart line by line.

    Raises:
        Changed: this coverage.py knows nothing of ``with`` in the way that we know.
    """
    excluded, exits = reporter.excluded_lines(), {line: exits for line, exits in reporter.exit_counts().items() if exits > 1}
    never_asked = reporter.no_branch_lines() & exits.keys() if exits else set()
    ways: dict[int, set[int]] = defaultdict(set)
    for line, to in reporter.arcs():
        if line in exits and to not in excluded:
            ways[line].add(to)
    if any(len(ways[line]) != number for line, number in exits.items()):
        return None
    asked = {line: frozenset(ways[line]) for line in exits if line not in never_asked}
    back = _ways_back(reporter, asked)
    return None if back is None else Branches(asked, back, {line: exits[line] for line in never_asked})


def _ways_back(reporter: FileReporter, ways: Mapping[int, frozenset[int]]) -> dict[tuple[int, int], int] | None:
    """Ask coverage.py which of these ways it takes a jump back to a ``with`` for.

    ``None`` where what it makes of one arc depends on others, or where it makes something else of what it has made.
    """
    ends, starts = ends_of_with(reporter)
    found = {}
    if not starts.isdisjoint(ways):
        return None
    for line, start in ends:
        if reporter.translate_lines([line]).isdisjoint(ways):
            continue
        arcs = reporter.translate_arcs([(line, start)])
        plain = {line, start} == reporter.translate_lines([line, start]) and start not in ways[line]
        if not plain or len(arcs) > 1 or not arcs.isdisjoint(ends):
            return None
        found.update({(end, start): to for end, to in arcs if to in ways[line]})
    return found
