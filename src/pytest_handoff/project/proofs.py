"""Read and write ``proof.json``, the proof of a session, beside its record."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.artifacts import Artifact
from pytest_handoff.project.encoding import digest_of, encode_json, refuse_other_schema, run_digest
from pytest_handoff.project.foreign_files import TABLE, read_file
from pytest_handoff.project.stored_files import PROOF
from pytest_handoff.proof import PROOF_SCHEMA, Proof

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record


def proof_path(project: Project, session: str) -> Path:
    """Return the path where the proof of a session is, or would be."""
    return project.evidence / session / PROOF


def evidence_digest(record: Record) -> str:
    """Hash what a record says about its run; leave out the document, so that filling it again does not change the hash.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    return run_digest(record)


def read_proof(project: Project, session: str) -> Proof | None:
    """Read the proof of a session, or return ``None`` where it has none.

    Raises:
        EvidenceProblem: when it is damaged, edited or of another schema.
    """
    path = proof_path(project, session)
    name = project.shown(path)
    try:
        data = read_file(path, project.within, TABLE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise EvidenceProblem(f"cannot be read: {error.strerror or error}", path=name) from error
    return _decoded(data, name, session)


def read_proof_file(path: Path, session: str) -> Proof:
    """Read the proof of a session from a file that the user names.

    Raises:
        EvidenceProblem: when it is not there, damaged, edited or of another session.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvidenceProblem(f"cannot be read: {error.strerror or error}", path=str(path)) from error
    return _decoded(data, str(path), session)


def _decoded(data: bytes, name: str, session: str) -> Proof:
    again = f"remove it and run handoff prove {quote(session)} again"
    try:
        refuse_other_schema(data, PROOF_SCHEMA, name)
        proof = msgspec.json.decode(data, type=Proof)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceProblem(f"is not a complete proof: {error}; {again}", path=name) from error
    if proof.session != session or proof.digest != _digest(proof):
        raise EvidenceProblem(f"was edited or damaged after it was written; {again}", path=name)
    return replace(proof, digest=None)


def proof_of(project: Project, record: Record) -> Proof | None:
    """Read the proof of the run that a record is about, or return ``None`` if there is none, or that of another run.

    Raises:
        EvidenceProblem: as :func:`read_proof`.
    """
    proof = read_proof(project, record.session)
    return proof if proof is not None and proof.record == evidence_digest(record) else None


def proof_artifact(project: Project, proof: Proof) -> Artifact:
    """Build the file of a proof.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    sealed = replace(proof, digest=_digest(proof))
    return Artifact(path=proof_path(project, proof.session), content=msgspec.json.format(encode_json(sealed), indent=1) + b"\n")


def _digest(proof: Proof) -> str:
    """Hash a proof with an empty digest; what is left out of the file by default is left out here."""
    return digest_of(msgspec.json.encode(msgspec.to_builtins(replace(proof, digest=None)) | {"digest": None}, order="sorted"))
