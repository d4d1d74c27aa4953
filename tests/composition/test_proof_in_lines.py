"""What a proof found, in one line for each experiment, as the page, the comment and the document say it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from builders import facts_of
from pytest_handoff.composition.proved import proof_line, proof_summary, told_lines
from pytest_handoff.proof import PROOF_SCHEMA, EarlierProof, EarlierTry, FaultProof, NewProof, NewTry, Proof, Survivor


def proof(**changes: Any) -> Proof:
    """A proof of session-2 in which nothing was tried."""
    defaults: dict[str, Any] = {
        "schema": PROOF_SCHEMA, "session": "session-2", "record": "", "fingerprint": "", "python": "3.13", "platform": "Linux",
        "args": [], "interrupted": False, "tried": [], "earlier": None, "new": None, "holds": True, "reasons": [],
    }  # fmt: skip
    return Proof(**defaults | changes)


FOUND = proof(
    earlier=EarlierProof(tests={"a.py::x": EarlierTry(status="fails")}, unchanged=1200),
    new=NewProof(tests={"a.py::y": NewTry(status="needs_the_change")}),
    faults=FaultProof(
        possible=4, tried=3, caught=1, timeout=1, survived=[Survivor(path="src/a.py", line=2, diff="- x < 1\n+ x <= 1", tests=[])]
    ),
    holds=False,
    reasons=["1 earlier test failed"],
)


def test_each_experiment() -> None:
    """With its numbers; findings are counted, and faults that nobody noticed shown as they were and as they are."""
    found = proof_summary(FOUND)
    earlier, new, faults = found.lines
    assert earlier.startswith("old tests on the new code: 1,200 unchanged, 1 ")
    assert new.startswith("new tests on the old code: 1 ")
    assert "3 of 4 faults in the new code tried" in faults
    assert "1 caught, 1 timed out, 1 survived" in faults
    assert [(one.place, one.was, one.now) for one in found.survivors] == [("src/a.py:2", "x < 1", "x <= 1")]
    assert (found.missing, found.reasons) == ([], ["1 earlier test failed"])
    assert proof_line(FOUND).endswith("; 1 finding against the tests")


def test_what_was_not_tried() -> None:
    """It is named, or said why there was nothing to try."""
    found = proof_summary(proof(interrupted=True, earlier=EarlierProof(nothing="there are no earlier tests"), new=NewProof()))
    assert found.missing == ["faults"]
    assert found.lines == [
        "old tests on the new code: there are no earlier tests", "new tests on the old code: none",
        "interrupted: not everything was tried",
    ]  # fmt: skip
    assert proof_line(proof(faults=FaultProof(nothing="there is no new code"))) == "small faults: there is no new code"


def test_a_session_without_a_proof() -> None:
    """It says nothing, unless somebody asked for one."""
    facts = facts_of("unit a.py::x passed")
    assert told_lines(facts, asked=False) == []
    assert told_lines(facts, asked=True) == ["not proved: run handoff prove session-2"]
    assert told_lines(replace(facts, proof=FOUND), asked=True)[-1] == "against the tests: 1 earlier test failed"
