"""Provide the wordings that several places of a document share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import listed, percent_of
from pytest_handoff.markup import code_in_text, escape

if TYPE_CHECKING:
    from pytest_handoff.config import Promise
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Outcome


def if_incomplete(facts: Facts) -> str:
    """Return the note that follows a figure from an incomplete run; empty after a complete one."""
    return "" if facts.record.run.complete else " (incomplete run)"


def live(facts: Facts, tier: str | None = None) -> Counter[Outcome | None]:
    """Count the outcomes of the tests in one tier or in all; missing and retired tests do not count."""
    found: Counter[Outcome | None] = Counter()
    for kind, number in facts.kinds:
        if kind.live and tier in (None, kind.tier):
            found[kind.outcome] += number
    return found


def passing(outcomes: Counter[Outcome | None]) -> int:
    """Count the tests that passed."""
    return sum(outcomes[outcome] for outcome in PASSING)


def failures(facts: Facts, tier: str | None = None) -> str:
    """List the tests that fail, then the earlier ones that are lost, each with its reason; ``none`` if there are none."""
    failing = facts.kinds.lines(lambda kind: kind.outcome in FAILING and tier in (None, kind.tier))
    lost = [line for line in facts.with_status("missing", "newly_skipped") if tier in (None, line.tier)]
    if not failing and not lost:
        return "none" + if_incomplete(facts)
    rows = [f"{code_in_text(line.id)} — {escape(line.error or 'failed')}" for line in failing]
    rows += [f"{code_in_text(line.id)} — {'missing' if line.outcome is None else 'skipped now'}" for line in lost]
    return listed(rows)


def promise_text(promise: Promise) -> str:
    """Word a promise from the configuration: which tests, what for, and due when."""
    due = f" (due by {escape(promise.due)})" if promise.due else ""
    return f"{code_in_text(promise.test)} — {escape(promise.reason)}{due}"


def total_coverage(facts: Facts) -> str | None:
    """Format the total coverage, or return ``None`` if it was not measured."""
    measured = facts.record.coverage
    return percent_of(measured.percent) if measured else None
