"""Build verdicts, in the words that all gates share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.figures import listed
from pytest_handoff.record import LedgerLine, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.checklist.gate_spec import GateSpec
    from pytest_handoff.evidence.facts import Facts


def passed(spec: GateSpec, evidence: str) -> Verdict:
    """Say that the condition holds."""
    return Verdict(id=str(spec), verdict="passed", evidence=evidence)


def failed(spec: GateSpec, evidence: str, needs: str) -> Verdict:
    """Say that the condition does not hold; ``needs`` says what would mend it."""
    return Verdict(id=str(spec), verdict="failed", evidence=evidence, needs=needs)


def unknown(spec: GateSpec, evidence: str, needs: str) -> Verdict:
    """Say that nothing was measured that could decide; this never passes a gate."""
    return Verdict(id=str(spec), verdict="unknown", evidence=evidence, needs=needs)


def waived(spec: GateSpec, evidence: str) -> Verdict:
    """Say that the condition does not apply, or that a person waived it with a reason: it holds, and ticks nothing."""
    return Verdict(id=str(spec), verdict="waived", evidence=evidence)


def if_complete(facts: Facts, spec: GateSpec, evidence: str) -> Verdict:
    """Pass if the run is complete: good figures for a part say nothing about the whole."""
    if facts.record.run.complete:
        return passed(spec, evidence)
    return unknown(spec, f"{evidence}, but the run is incomplete", f"run pytest --handoff={facts.session} on everything")


def not_all_ran(facts: Facts, spec: GateSpec, evidence: str) -> Verdict:
    """Say that the condition is not decided, because some of these tests did not run."""
    return unknown(spec, evidence, f"run pytest --handoff={facts.session} on everything")


def why_each(lines: Sequence[LedgerLine]) -> str:
    """List the first of these tests, each with what became of it."""
    return listed([f"{line.id} {why(line)}" for line in lines])


def why(line: LedgerLine) -> str:
    """Say what became of a test, with the reason if it is known."""
    if line.retired is not None:
        return "is retired"
    if line.outcome is None:
        return "is missing"
    words = {"failed": "failed", "error": "ended in an error", "not_run": "did not run"}
    reason = line.error or line.reason
    return words.get(line.outcome, line.outcome) + (f" ({reason})" if reason else "")


def why_not_measured(facts: Facts, what: str) -> str:
    """Return the recorded reason why something is ``null``."""
    reasons = facts.record.not_measured
    return reasons.get(what) or reasons.get("coverage") or "no reason is recorded"
