"""Join the proofs of shards from several jobs, if ``handoff combine`` gets these instead of parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.errors import UsageProblem
from pytest_handoff.printing import say_parts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_handoff.project.layout import Project

_NAME = "proof.json"


def kept_proofs(project: Project, session: str, paths: Sequence[Path]) -> list[Path]:
    """Find the proofs at or below these paths; none if they hold parts of the session.

    Raises:
        UsageProblem: when a file is named and the folders beside it hold parts.
        EvidenceProblem: when a part cannot be read.
    """
    from pytest_handoff.parts.files import find_parts
    from pytest_handoff.project.proofs import proof_path

    named = [path for path in paths if path.is_file()]
    folders = [path for path in paths if path.is_dir()]
    found = [*named, *(path for folder in folders for path in sorted(folder.rglob(_NAME)))]
    if not found or len(named) + len(folders) < len(paths):
        return []
    if find_parts(folders):
        if named:
            mixed = f"{named[0]} is a proof, but the other files are parts"
            raise UsageProblem(f"{mixed}; combine the parts first, then prove the session")
        return []
    own = proof_path(project, session).resolve()
    return [path for path in {path.resolve(): path for path in found}.values() if path.resolve() != own]


def join_proofs(project: Project, session: str, files: Sequence[Path]) -> int:
    """Add the shards to the proof of the session, print it, and return the exit code of ``handoff prove``.

    Raises:
        HandoffError: as ``handoff prove --join``.
    """
    from pytest_handoff.cli.prove import exit_code, proof_lines
    from pytest_handoff.proving.prove import Request, prove

    request = Request((), (), keep=False, tell=lambda _name, _done, _total: None, join=tuple(map(str, files)))
    proof = prove(project, session, request).proof
    for line in proof_lines(project, proof):
        say_parts([line])
    return exit_code(proof)
