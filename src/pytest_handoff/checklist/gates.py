"""List the gates by name; a gate is a function from facts and a condition to a verdict; its docstring says what must hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_handoff.checklist import gates_on_code, gates_on_policy, gates_on_promises, gates_on_tests
from pytest_handoff.checklist.condition import unknown
from pytest_handoff.checklist.gate_spec import GateSpec
from pytest_handoff.record import Verdict

if TYPE_CHECKING:
    from pytest_handoff.evidence.facts import Facts


Gate = Callable[["Facts", GateSpec], Verdict]

_STANDING = ("complete", "failures", "regression", "promises", "claims", "required", "policy")
STANDING = tuple(GateSpec(gate=name) for name in _STANDING)

GATES: dict[str, Gate] = {
    gate.__name__: gate
    for gate in (
        gates_on_tests.complete,
        gates_on_tests.failures,
        gates_on_tests.regression,
        gates_on_tests.tests,
        gates_on_tests.new_tests,
        gates_on_tests.linked,
        gates_on_tests.flaky,
        gates_on_tests.skips,
        gates_on_tests.collection,
        gates_on_promises.promises,
        gates_on_promises.instructions,
        gates_on_promises.metrics,
        gates_on_code.coverage,
        gates_on_code.new_code,
        gates_on_code.files_parse,
        gates_on_code.reports,
        gates_on_code.claims,
        gates_on_code.required,
        gates_on_policy.policy,
    )
}


def evaluate(facts: Facts, spec: GateSpec) -> Verdict:
    """Evaluate one gate on the facts; a gate that nobody knows is ``unknown``, never passed."""
    gate = GATES.get(spec.gate)
    if gate is None:
        own = {verdict.id: verdict for verdict in facts.record.extensions.gates}
        if spec.gate in own:
            return own[spec.gate]
        return unknown(spec, f"there is no gate named {spec.gate!r}", "name one of: " + ", ".join([*GATES, *own]))
    return gate(facts, spec)
