"""Lines about earlier tests as they were, and new tests without the change, are decided by the proof of the run."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from builders import facts_of
from pytest_handoff.checklist.condition import Condition
from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.proof import PROOF_SCHEMA, EarlierProof, EarlierTry, NewProof, NewTry, Proof

UNCHANGED, NEED = Condition(gate="unchanged"), Condition(gate="need_change")


def verdict_of(spec: Condition, earlier: EarlierProof | None = None, new: NewProof | None = None, **changes: Any) -> Any:
    """The verdict on a second session with this proof."""
    proof = Proof(
        schema=PROOF_SCHEMA, session="session-2", record="", fingerprint="", python="", platform="", args=[],
        interrupted=False, tried=[], earlier=earlier, new=new, holds=True, reasons=[],
    )  # fmt: skip
    facts = facts_of("unit a.py::x passed", "unit a.py::x passed")
    return evaluate(replace(facts, proof=replace(proof, **changes)), spec)


def earlier(*statuses: Any, **fields: Any) -> EarlierProof:
    """The earlier tests, with these statuses."""
    return EarlierProof(tests={f"t.py::x{n}": EarlierTry(status=one) for n, one in enumerate(statuses)}, **fields)


def new(*statuses: Any, **fields: Any) -> NewProof:
    """The new tests, with these statuses."""
    return NewProof(tests={f"t.py::x{n}": NewTry(status=one) for n, one in enumerate(statuses)}, **fields)


@pytest.mark.parametrize(
    ("part", "word", "evidence"),
    [
        (earlier("holds", unchanged=3), "passed", "4 tests proved"),
        (earlier(unchanged=3), "passed", "3 tests proved"),
        (earlier("holds", "adapted"), "failed", "changed: t.py::x1 (adapted)"),
        (earlier("mended_in_test", "not_tried"), "failed", "t.py::x0 (fixed only in the test)"),
        (earlier("cannot_run"), "failed", "t.py::x0 (cannot run)"),
        (earlier("holds", "not_tried"), "unknown", "not tried: t.py::x1"),
        (earlier("holds", left_out={"t.py::y": "it was skipped"}), "unknown", "not tried: t.py::y"),
        (earlier("adapted", left_out={"t.py::y": "it was skipped"}), "failed", "t.py::x0 (adapted)"),
        (earlier("holds", not_tried={"data.json": "not in git"}), "unknown", "not tried: data.json"),
        (EarlierProof(nothing="session-1 left no tests"), "unknown", "not proved: session-1 left no tests"),
        (None, "unknown", "not proved: the experiment 'earlier' was not run on this record"),
    ],
)
def test_earlier_tests_as_they_were(part: EarlierProof | None, word: str, evidence: str) -> None:
    """All of them must hold; what was not tried is not known."""
    verdict = verdict_of(UNCHANGED, earlier=part)

    assert (verdict.verdict, evidence in verdict.evidence) == (word, True), verdict


@pytest.mark.parametrize(
    ("part", "word", "evidence"),
    [
        (new("needs_the_change"), "passed", "1 test proved"),
        (new("needs_the_change", "passes_without_it"), "failed", "1 new test passes without the change: t.py::x1"),
        (new("needs_the_change", "not_tried"), "unknown", "not tried: t.py::x1"),
        (NewProof(nothing="session-2 has no new tests that pass"), "unknown", "session-2 has no new tests that pass"),
        (None, "unknown", "not proved: the experiment 'new' was not run on this record"),
    ],
)
def test_new_tests_on_the_code_of_before(part: NewProof | None, word: str, evidence: str) -> None:
    """Each must need the change."""
    verdict = verdict_of(NEED, new=part)

    assert (verdict.verdict, evidence in verdict.evidence) == (word, True), verdict


def test_without_a_proof_the_command_is_named() -> None:
    """And one that somebody stopped decides nothing."""
    assert verdict_of(UNCHANGED).needs == "run handoff prove session-2 --earlier"
    assert verdict_of(NEED).needs == "run handoff prove session-2 --new"
    assert verdict_of(NEED, new=new("needs_the_change"), interrupted=True).verdict == "unknown"
