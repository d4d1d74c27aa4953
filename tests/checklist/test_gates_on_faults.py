"""Lines about faults that tests notice are decided by the proof of the run, and by nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from builders import facts_of, new_code_of
from pytest_handoff.checklist.condition import Condition
from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.proof import PROOF_SCHEMA, FaultProof, Proof, Survivor

ALL = Condition(gate="faults")
SHARE = Condition(gate="faults", op=">=", value=Decimal(80), unit="percent")


def found(caught: int, survived: int, **changes: Any) -> FaultProof:
    """What was tried, all that is possible."""
    survivors = [Survivor(path="a.py", line=number, diff="- a\n+ b", tests=["t.py::x"]) for number in range(survived)]
    fields = {"possible": caught + survived, "tried": caught + survived, "caught": caught, "survived": survivors} | changes
    return FaultProof(**fields)


def proof_of(faults: FaultProof | None, *, interrupted: bool = False) -> Proof:
    """A proof with nothing but faults."""
    return Proof(
        schema=PROOF_SCHEMA, session="session-2", record="", fingerprint="", python="", platform="", args=[],
        interrupted=interrupted, tried=["faults"], earlier=None, new=None, holds=True, reasons=[], faults=faults,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "faults", "word", "evidence"),
    [
        (SHARE, found(8, 2), "passed", "8/10 faults noticed = 80.0 % (10 faults of 10 tried)"),
        (SHARE, found(7, 2, timeout=1, possible=10, tried=10), "passed", "8/10 faults noticed"),
        (SHARE, found(7, 3), "failed", "7/10 faults noticed = 70.0 % (10 faults of 10 tried), the line asks for at least 80 %"),
        (ALL, found(10, 0), "passed", "10/10 faults noticed = 100 %"),
        (ALL, found(9, 1), "failed", "the line asks for all of them"),
        (SHARE, found(1, 0, possible=180), "unknown", "not proved: 1 fault of 180 tried, which is too few"),
        (SHARE, found(50, 0, possible=180), "passed", "50/50 faults noticed = 100 % (50 faults of 180 tried)"),
        (SHARE, found(50, 0, possible=180, shards=["1/2"]), "unknown", "not proved: shards 2/2 are missing"),
        (SHARE, found(0, 0), "unknown", "not proved: no statement in the new code can take a fault"),
        (SHARE, FaultProof(nothing="nobody knows"), "unknown", "not proved: nobody knows"),
        (SHARE, None, "unknown", "not proved: no faults were tried in the new code of this run"),
    ],
)  # fmt: skip
def test_the_proof_decides(spec: Condition, faults: FaultProof | None, word: str, evidence: str) -> None:
    """By what was noticed of what was tried, if enough was; without a proof nothing is decided."""
    facts = replace(facts_of("unit a.py::x passed", new_code=new_code_of(4, covered=4)), proof=proof_of(faults))

    verdict = evaluate(facts, spec)

    assert verdict.verdict == word
    assert verdict.evidence.startswith(evidence) or evidence in verdict.evidence


def test_without_a_proof_the_command_is_named() -> None:
    """And one that somebody stopped decides nothing; a session without new code needs none."""
    facts = facts_of("unit a.py::x passed", new_code=new_code_of(4, covered=4))
    assert evaluate(facts, SHARE).needs == "run handoff prove session-2 --faults"
    assert evaluate(replace(facts, proof=proof_of(found(9, 0), interrupted=True)), ALL).verdict == "unknown"
    assert evaluate(facts_of("unit a.py::x passed", new_code=new_code_of(0, covered=0)), ALL).verdict == "passed"
