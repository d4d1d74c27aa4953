"""What the command says of faults that were not tried."""

from __future__ import annotations

import pytest

from pytest_handoff.cli.prove_faults import fault_lines
from pytest_handoff.proof import FaultProof


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (FaultProof(possible=3, budget=1.0), True),
        (FaultProof(possible=3, tried=1, caught=1, budget=1.0), False),
        (FaultProof(possible=3), False),
        (FaultProof(possible=3, budget=1.0, not_tried={"a.py": "pytest did not start: no"}), False),
    ],
)
def test_a_budget_that_was_too_short_is_told(found: FaultProof, *, says: bool) -> None:
    """Where nothing else says why nothing was tried."""
    text = "\n".join("".join(part for part, _ in line) for line in fault_lines(found))
    assert ("the budget of 1 s ran out before the first fault; give it more time" in text) is says
