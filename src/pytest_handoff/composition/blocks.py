"""Build the context in which the templates of our blocks are rendered."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.composition.values_metrics import metric_rows
from pytest_handoff.evidence.integrity import report
from pytest_handoff.evidence.regression import PASSING, count_passing
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.composition.trend import Trend
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import NewCodeFile


VERDICT_WORDS = {
    "holds": "holds",
    "fails": "does not hold",
    "vetoed": "does not hold",
    "waived": "does not apply",
    "done": "nothing against it",
    "waits": "nothing against it",
}


class InventoryRow(Frozen, frozen=True):
    """A test file, and how many tests it has, how many passed and how many are new."""

    path: str
    tests: int
    passed: int
    new: int


class Inventory(Frozen, frozen=True):
    """The test files of a tier or of all tests (``what`` says which), and their total."""

    rows: list[InventoryRow]
    total: InventoryRow
    what: str


class ChangedFile(Frozen, frozen=True):
    """A file and what happened to it; ``was`` is its earlier path."""

    path: str
    what: str
    was: str | None = None


def block_context(
    facts: Facts, decisions: Sequence[Decision], *, line_counts: Mapping[str, int], trend: Trend | None
) -> dict[str, object]:
    """Return the names that a block's template may use.

    Args:
        line_counts: how many lines each source file has.
        trend: the sessions that a trend block shows, if the document has one.
    """
    return {
        "facts": facts,
        "decisions": decisions,
        "verdict_words": VERDICT_WORDS,
        "waiting": sum(decision.counts and decision.state == "waits" for decision in decisions),
        "new_code_rows": _new_code_rows(facts),
        "why_not_measured": why_not_measured,
        "owed": owed(facts),
        "inventory_of": inventory,
        "changed_rows": changed_files(facts),
        "integrity": report(facts),
        "metric_rows": metric_rows(facts),
        "line_counts": line_counts,
        "trend": trend,
    }


def owed(facts: Facts) -> dict[str, object]:
    """Collect what earlier sessions left this one to keep: passing tests and promises."""
    earlier = facts.earlier
    return {
        "parents": list(earlier.sessions),
        "passing": count_passing(earlier.lines.values()),
        "promised": list(filter(attrgetter("promised"), earlier.lines.values())),
        "promises": facts.inherited,
    }


def inventory(facts: Facts, tier: str | None = None) -> Inventory:
    """Count the tests of each file, in one tier or in all."""
    kinds = {kind for kind, _ in facts.kinds if kind.live and tier in (None, kind.tier)}
    tests = facts.kinds.files(kinds.__contains__)
    passed = facts.kinds.files(lambda kind: kind in kinds and kind.outcome in PASSING)
    new = facts.kinds.files(lambda kind: kind in kinds and kind.since == facts.session)
    return Inventory(
        rows=[InventoryRow(path=path, tests=tests[path], passed=passed[path], new=new[path]) for path in sorted(tests)],
        total=InventoryRow(path="", tests=tests.total(), passed=passed.total(), new=new.total()),
        what=f"{tier} test" if tier else "test",
    )


def changed_files(facts: Facts) -> list[ChangedFile] | None:
    """List what the session did to files; ``None`` if that is not known."""
    changes = facts.record.changes
    if changes is None:
        return None
    rows = [ChangedFile(path=path, what="new") for path in changes.created]
    rows += [ChangedFile(path=path, what="changed") for path in changes.modified]
    rows += [ChangedFile(path=new, what="was", was=old) for old, new in changes.renamed]
    return rows + [ChangedFile(path=path, what="removed") for path in changes.removed]


def _new_code_rows(facts: Facts) -> list[tuple[str, NewCodeFile]]:
    code = facts.record.new_code
    return sorted(code.files.items(), key=_worst_first) if code else []


def _worst_first(row: tuple[str, NewCodeFile]) -> tuple[float, str]:
    path, file = row
    covered = file.covered if file.covered_by_new_unit is None else file.covered_by_new_unit
    return covered / file.num_statements if file.num_statements else 1.0, path
