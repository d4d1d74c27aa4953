"""Check a session's proof as the gate does: it has no findings against the tests, and exists if the settings ask for it."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.figures import counted, listed
from pytest_handoff.project.proofs import evidence_digest, proof_path, read_proof
from pytest_handoff.workflow.chain import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.project.layout import Project
    from pytest_handoff.proof import EarlierProof, FaultProof, NewProof, Proof
    from pytest_handoff.record import Record


def proof_problems(project: Project, record: Record) -> Iterator[Problem]:
    """Find the reasons of the gate ``proof``; a proof of another run counts as none.

    Raises:
        EvidenceProblem: when the proof is damaged.
    """
    path = project.shown(proof_path(project, record.session))
    command = f"handoff prove {quote(record.session)}"
    again = f"run {command}"
    proof = read_proof(project, record.session)
    stale = proof is not None and proof.record != evidence_digest(record)
    if proof is None or stale:
        if project.config.prove:
            why = "is about another run of the session" if stale else "is missing, but the settings ask for it"
            yield Problem(kind="proof", path=path, message=f"{path}: {why}", remedy=again, command=command)
        return
    remedy = "fix the code, or give the reason in [[tool.handoff.adapt]]"
    yield from (Problem(kind="proof", path=path, message=f"{path}: {reason}", remedy=remedy) for reason in proof.reasons)
    for why in _missing(project, proof):
        yield Problem(kind="proof", path=path, message=f"{path}: {why}", remedy=again, command=command)


def _missing(project: Project, proof: Proof) -> Iterator[str]:
    """Say what the settings ask for and the proof lacks."""
    parts: dict[str, EarlierProof | NewProof | None] = {"earlier": proof.earlier, "new": proof.new}
    for name in project.config.prove:
        if name == "faults":
            yield from _missing_of_faults(proof.faults)
            continue
        part = parts[name]
        untried = [test for test, tried in part.tests.items() if tried.status == "not_tried"] if part else []
        if part is None:
            yield f"the experiment {name!r} was not run"
        elif untried:
            yield f"{counted(len(untried), 'test')} of the experiment {name!r} could not be tried: {listed(untried)}"
    if project.config.prove and proof.interrupted:
        yield "it was interrupted"


def _missing_of_faults(part: FaultProof | None) -> Iterator[str]:
    if part is None:
        yield "the experiment 'faults' was not run"
    elif not part.is_enough and not part.missing_shards:
        yield f"only {part.tried:,} of {counted(part.possible, 'possible fault')} were tried"
    elif missing := part.missing_shards:
        yield f"shards of the faults are missing: {listed(missing)}"
