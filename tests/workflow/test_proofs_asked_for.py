"""What the gate says of the proof of a session: what is missing, what it found, and what it could not try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import record_of
from pytest_handoff.config import Config
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.layout import Project
from pytest_handoff.project.proofs import evidence_digest, proof_artifact
from pytest_handoff.proof import PROOF_SCHEMA, EarlierProof, EarlierTry, FaultProof, NewProof, NewTry, Proof
from pytest_handoff.workflow.proved import proof_problems

if TYPE_CHECKING:
    from pathlib import Path

RECORD = record_of({})
PROOF = Proof(
    schema=PROOF_SCHEMA, session="session-2", record=evidence_digest(RECORD), fingerprint="", python="", platform="", args=[],
    interrupted=False, tried=[], earlier=None, new=None, holds=True, reasons=[],
)  # fmt: skip
UNTRIED = {"t.py::x": EarlierTry(status="not_tried"), "t.py::y": EarlierTry(status="holds")}


def said(folder: Path, proof: Proof | None, *prove: Any) -> list[tuple[str, str | None]]:
    """What the gate says with this proof, and the command that would do something about it."""
    handoffs = folder / "handoffs"
    project = Project(folder=folder, root=folder, uses_git=False, config=Config(prove=list(prove)), handoffs=handoffs)
    path = "handoffs/evidence/session-2/proof.json"
    if proof is not None:
        write_each([proof_artifact(project, proof)])
        assert (folder / path).is_file()
    found = list(proof_problems(project, RECORD))
    assert {(one.kind, one.path) for one in found} <= {("proof", path)}
    assert all(one.remedy == (f"run {one.command}" if one.command else REASONED) for one in found)
    return [(one.message.removeprefix(f"{path}: "), one.command) for one in found]


REASONED = "fix the code, or give the reason in [[tool.handoff.adapt]]"
AGAIN = "handoff prove session-2"


@pytest.mark.parametrize(
    ("proof", "prove", "messages"),
    [
        pytest.param(None, [], [], id="none, and nobody asked"),
        pytest.param(None, ["new"], ["is missing, but the settings ask for it"], id="missing"),
        pytest.param({"record": "another"}, ["new"], ["is about another run of the session"], id="stale"),
        pytest.param({"record": "another", "reasons": ["r"]}, [], [], id="stale, and nobody asked"),
        pytest.param({"new": NewProof()}, ["new"], [], id="all is there"),
        pytest.param({}, ["new", "earlier"], ["the experiment 'new' was not run", "the experiment 'earlier' was not run"],
                     id="another experiment"),
        pytest.param({"earlier": EarlierProof(tests=UNTRIED)}, ["earlier"],
                     ["1 test of the experiment 'earlier' could not be tried: t.py::x"], id="a test was not tried"),
        pytest.param({"new": NewProof(tests={f"{n}": NewTry(status="not_tried") for n in "ab"})}, ["new"],
                     ["2 tests of the experiment 'new' could not be tried: a, b"], id="two tests were not tried"),
        pytest.param({"earlier": EarlierProof(tests=UNTRIED)}, [], [], id="nobody asked for it"),
        pytest.param({"interrupted": True}, [], [], id="interrupted, and nobody asked"),
        pytest.param({"interrupted": True, "new": NewProof()}, ["new"], ["it was interrupted"], id="interrupted"),
        pytest.param({}, ["faults"], ["the experiment 'faults' was not run"], id="no faults"),
        pytest.param({"faults": FaultProof(possible=2000, tried=7)}, ["faults"],
                     ["only 7 of 2,000 possible faults were tried"], id="too few faults"),
        pytest.param({"faults": FaultProof(possible=2000, tried=50)}, ["faults"], [], id="enough faults"),
        pytest.param({"faults": FaultProof(possible=9, tried=4, shards=["2/3"])}, ["faults"],
                     ["shards of the faults are missing: 1/3, 3/3"], id="shards are missing"),
    ],
)  # fmt: skip
def test_what_the_settings_ask_for(tmp_path: Path, proof: dict[str, Any] | None, prove: list[str], messages: list[str]) -> None:
    """Running the command again does something about each."""
    made = None if proof is None else replace(PROOF, **proof)
    assert said(tmp_path, made, *prove) == [(message, AGAIN) for message in messages]


def test_findings_against_the_tests(tmp_path: Path) -> None:
    """They count whether somebody asked or not, and no command does away with them; what was not tried is said as well."""
    proof = replace(PROOF, holds=False, reasons=["one", "two"])
    assert said(tmp_path, proof) == [("one", None), ("two", None)]
    assert said(tmp_path, proof, "new") == [("one", None), ("two", None), ("the experiment 'new' was not run", AGAIN)]


def test_an_edited_proof(tmp_path: Path) -> None:
    """It proves nothing."""
    said(tmp_path, replace(PROOF, holds=False, reasons=["one"]))
    path = tmp_path / "handoffs/evidence/session-2/proof.json"
    path.write_text(path.read_text("utf-8").replace('"one"', '"two"'), "utf-8")
    with pytest.raises(EvidenceProblem, match="was edited or damaged after it was written"):
        said(tmp_path, None)
