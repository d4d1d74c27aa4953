"""Measure what documents need from the previous session, from the earlier tests and the record of the only parent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.composition.tables import Figure, share
from pytest_handoff.composition.wording import passing
from pytest_handoff.evidence.metrics import run_seconds
from pytest_handoff.figures import percent_of
from pytest_handoff.nodeids import file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Changes, CoverageSummary, Outcome, Record

_OUTCOMES: Mapping[str, Outcome] = {"failed": "failed", "errors": "error", "skipped": "skipped", "xfailed": "xfailed"}

_OF_COVERAGE: Mapping[str, Callable[[CoverageSummary], int]] = {
    "statements": lambda measured: measured.num_statements,
    "covered": lambda measured: measured.covered,
    "missed": lambda measured: measured.num_statements - measured.covered,
}

_OF_CHANGES: Mapping[str, Callable[[Changes], int]] = {
    "files_created": lambda changes: len(changes.created),
    "files_modified": lambda changes: len(changes.modified) + len(changes.renamed),
    "files_removed": lambda changes: len(changes.removed),
    "files_changed": lambda changes: len(changes.created) + len(changes.modified) + len(changes.removed) + len(changes.renamed),
    "lines_added": lambda changes: changes.lines_added,
    "lines_removed": lambda changes: changes.lines_removed,
}


class Before:
    """The evidence of the previous session; without a parent, or with several, little is known."""

    def __init__(self, facts: Facts, parent: Record | None, percent: float | None) -> None:
        self._parent, self._percent = parent, percent
        self._earlier = [] if facts.is_first else [
            line for line in facts.earlier.lines.values() if line.outcome is not None and line.retired is None
        ]  # fmt: skip
        self._is_first = facts.is_first

    def figure(self, quantity: str) -> Figure | None:
        """Measure a quantity of all tests, or of the code; ``None`` where it is not known."""
        if quantity in _OF_COVERAGE or quantity in ("coverage", "branch_coverage"):
            return self._coverage(quantity)
        if quantity in _OF_CHANGES:
            return self._changes(_OF_CHANGES[quantity])
        return None if self._is_first else self._of_tests(quantity)

    @property
    def seconds(self) -> float | None:
        """Return how long the run took, where that run was complete."""
        return None if self._parent is None else run_seconds(self._parent.run)

    def _of_tests(self, quantity: str) -> Figure | None:
        outcomes = Counter(line.outcome for line in self._earlier)
        if quantity in _OUTCOMES:
            return Figure(shown="", part=outcomes[_OUTCOMES[quantity]])
        known = {
            "tests": outcomes.total(),
            "passed": passing(outcomes),
            "test_files": len({file_of(line.id) for line in self._earlier}),
        }
        return Figure(shown="", part=known[quantity]) if quantity in known else None

    def _coverage(self, quantity: str) -> Figure | None:
        if quantity == "coverage":
            return None if self._percent is None else Figure(shown=percent_of(self._percent), part=0, whole=100)
        measured = self._parent.coverage if self._parent else None
        if measured is None:
            return None
        if quantity != "branch_coverage":
            return Figure(shown="", part=_OF_COVERAGE[quantity](measured))
        branches = sum(file.num_branches or 0 for file in measured.files.values())
        return share(sum(file.covered_branches or 0 for file in measured.files.values()), branches) if branches else None

    def _changes(self, count: Callable[[Changes], int]) -> Figure | None:
        """Count what the previous session changed; nobody knows this for a first session."""
        parent = self._parent
        known = parent is not None and parent.changes is not None and parent.previous
        return Figure(shown="", part=count(parent.changes)) if parent and parent.changes and known else None
