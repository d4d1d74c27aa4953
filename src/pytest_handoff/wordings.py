"""What several places of a document say in the same words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.figures import listed, percent_of
from pytest_handoff.markup import code_in_text, escape
from pytest_handoff.regression import FAILING, PASSING

if TYPE_CHECKING:
    from pytest_handoff.config import Promise
    from pytest_handoff.facts import Facts
    from pytest_handoff.record import Outcome


def if_incomplete(facts: Facts) -> str:
    """What follows a figure that only a part of the tests stands behind."""
    return "" if facts.record.run.complete else " (incomplete run)"


def live(facts: Facts, tier: str | None = None) -> Counter[Outcome | None]:
    """How the tests that are there ended, of one tier or of all; a missing or retired one is not among them."""
    found: Counter[Outcome | None] = Counter()
    for kind, number in facts.kinds:
        if kind.live and tier in (None, kind.tier):
            found[kind.outcome] += number
    return found


def passing(outcomes: Counter[Outcome | None]) -> int:
    """How many of these tests passed."""
    return sum(outcomes[outcome] for outcome in PASSING)


def failures(facts: Facts, tier: str | None = None) -> str:
    """The tests that fail, then earlier ones that are lost, each with its reason; ``none`` where there are none."""
    failing = facts.kinds.lines(lambda kind: kind.outcome in FAILING and tier in (None, kind.tier))
    lost = [line for line in facts.with_status("missing", "newly_skipped") if tier in (None, line.tier)]
    if not failing and not lost:
        return "none" + if_incomplete(facts)
    rows = [f"{code_in_text(line.id)} — {escape(line.error or 'failed')}" for line in failing]
    rows += [f"{code_in_text(line.id)} — {'missing' if line.outcome is None else 'skipped now'}" for line in lost]
    return listed(rows)


def promise_text(promise: Promise) -> str:
    """A promise by configuration: which tests, what for, until when."""
    due = f" (due by {escape(promise.due)})" if promise.due else ""
    return f"{code_in_text(promise.test)} — {escape(promise.reason)}{due}"


def total_coverage(facts: Facts) -> str | None:
    """The coverage of everything, or ``None`` where it was not measured."""
    measured = facts.record.coverage
    return percent_of(measured.percent) if measured else None
