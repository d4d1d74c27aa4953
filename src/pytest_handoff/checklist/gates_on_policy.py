"""Decide the gate on the settings themselves: they may become stricter, but never silently looser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import failed, passed, unknown, waived
from pytest_handoff.figures import listed

if TYPE_CHECKING:
    from pytest_handoff.checklist.gate_spec import GateSpec
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Verdict


REMEDY = 'set it back, or say why in [[tool.handoff.waive]] gate = "policy"'


def policy(facts: Facts, spec: GateSpec) -> Verdict:
    """No setting that decides what counts is looser than in the sessions before, or on the branch to be merged into."""
    if facts.loosened:
        return failed(spec, listed([str(finding) for finding in facts.loosened]), REMEDY)
    if facts.policy_unknown:
        return unknown(spec, f"cannot be told: {facts.policy_unknown}", "fetch that branch, with its history")
    if facts.is_first:
        return waived(spec, f"not applicable: {facts.session} is the first session")
    return passed(spec, "no setting is looser than before")
