"""Build the stable output of ``handoff show --json``: a session's evidence for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pytest_handoff.evidence.integrity import report
from pytest_handoff.record import OUTCOMES

if TYPE_CHECKING:
    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.composition.compose import Composition
    from pytest_handoff.evidence.facts import Facts


SHOW_SCHEMA = "pytest-handoff/show/1"


def show(composed: Composition, *, fresh: bool) -> dict[str, Any]:
    """Build a table of everything known about a session; ``None`` is *not measured*, keys may be added and are never removed."""
    facts = composed.facts
    record = facts.record
    return {
        "schema": SHOW_SCHEMA,
        "session": record.session,
        "previous": [parent.session for parent in record.previous],
        "complete": record.run.complete,
        "why_incomplete": "; ".join(record.run.why_incomplete) or None,
        "fresh": fresh,
        "source": {
            "commit": record.source.commit,
            "branch": record.source.branch,
            "dirty": record.source.dirty,
            "fingerprint": record.source.fingerprint,
            "base": record.source.base,
        },
        "counts": {outcome: record.tests.counts[outcome] for outcome in OUTCOMES},
        "tiers": record.tests.tiers,
        "tests": {test: _test(facts, test) for test in facts.ledger},
        "regression": msgspec.to_builtins(record.tests.regression),
        "coverage": _coverage(facts),
        "new_code": msgspec.to_builtins(record.new_code),
        "not_measured": record.not_measured,
        "changes": msgspec.to_builtins(record.changes),
        "integrity": msgspec.to_builtins(report(facts)),
        "unstable": msgspec.to_builtins(record.unstable),
        "combined": msgspec.to_builtins(record.run.combined),
        "gates": [msgspec.to_builtins(verdict) for verdict in composed.verdicts],
        "checks": [check(decision) for decision in composed.decisions if decision.counts],
        "claims": [msgspec.to_builtins(finding) for finding in composed.findings],
        "document": record.document,
        "provenance": msgspec.to_builtins(record.provenance),
    }


def check(decision: Decision) -> dict[str, Any]:
    """Build the table of a checklist line that ``show`` and ``explain`` give to programs."""
    return {
        "line": decision.line,
        "text": decision.text,
        "decision": decision.check.decision,
        "verdict": decision.verdict,
        "ticked": decision.ticked if decision.wanted is None else decision.wanted,
        "gate": "+".join(dict.fromkeys(spec.gate for spec in decision.check.specs)) or None,
        "rule": [str(spec) for spec in decision.check.specs],
        "state": decision.state,
        "evidence": decision.evidence,
        "needs": decision.needs,
    }


def _test(facts: Facts, test: str) -> dict[str, Any]:
    line = facts.ledger[test]
    status = facts.fates[test].status
    outcome = None if status == "retired" else line.outcome
    known = {"outcome": outcome, "tier": line.tier, "since": line.since, "status": status}
    extra: dict[str, Any] = {
        "flaky": line.flaky or None,
        "moved_from": line.moved_from,
        "reason": line.reason,
        "error": line.error,
        "parts": line.parts or None,
    }
    return known | {key: value for key, value in extra.items() if value is not None}


def _coverage(facts: Facts) -> dict[str, Any] | None:
    coverage = facts.record.coverage
    if coverage is None:
        return None
    table: dict[str, Any] = msgspec.to_builtins(coverage)
    return table
