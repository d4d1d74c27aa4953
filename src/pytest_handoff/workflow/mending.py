"""Turn evidence that cannot be read into the one step that repairs it, so that a program that asks what is left is not stuck."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import DocumentProblem, EvidenceProblem, HandoffError, NewerEvidence
from pytest_handoff.project.restoring import restored, restoring_file
from pytest_handoff.project.stored_files import RECORD
from pytest_handoff.workflow.steps import Step, run_of

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project


_TWO_SIDES = ("an unresolved merge conflict starts here", "git could not merge it")


def mending(project: Project, session: str | None, error: HandoffError) -> Step | None:
    """Build the step that repairs what could not be read; ``None`` if no edit or command can.

    Args:
        session: the session that was asked about, if one could be named.
    """
    if not isinstance(error, EvidenceProblem | DocumentProblem) or isinstance(error, NewerEvidence) or error.path is None:
        return None
    path = Path(os.path.normpath((project.here or project.folder) / error.path))
    what, _, do = error.message.partition("; ")
    key = project.key(path)
    step = Step(kind="document", what=f"{key}: {what}", do=do, file=key, line=error.line)
    if what.startswith(_TWO_SIDES):
        return replace(step, kind="conflict")
    if isinstance(error, DocumentProblem):
        return step if do else None
    owner = session_of(project, error)
    return None if owner is None else _of_evidence(project, session, owner, replace(step, kind="evidence"))


def session_of(project: Project, error: HandoffError) -> str | None:
    """Name the session whose evidence an error is about, by the file that it names."""
    if error.path is None:
        return None
    path = Path(os.path.normpath((project.here or project.folder) / error.path))
    evidence = project.evidence
    return path.relative_to(evidence).parts[0] if path != evidence and path.is_relative_to(evidence) else None


def _of_evidence(project: Project, session: str | None, owner: str, step: Step) -> Step:
    """Choose how to repair a session's evidence: with git's copy, the history that may have one, or another run."""
    do, command = restored(project, owner)
    if command is not None:
        return replace(step, do=do, command=command)
    if step.file is not None and not step.file.endswith(f"/{RECORD}") and owner == session and _is_newest(project, owner):
        return replace(step, do="record it again", command=run_of(owner))
    if session not in (None, owner) and not project.store.has(owner) and (command := _without_it(project, str(session))):
        return replace(step, do="git has no copy of it: continue the remaining sessions instead", command=command)
    return step if step.do else replace(step, do=f"move it away, then {run_of(owner)}")


def _is_newest(project: Project, session: str) -> bool:
    """Check that no session continues this one: recording it again breaks no later one."""
    try:
        return not project.chain.after(session)
    except HandoffError:
        return False


def _without_it(project: Project, session: str) -> str | None:
    """Write the run that continues the sessions that are left, in place of one that is lost."""
    chain = project.chain
    try:
        if chain.after(session):
            return None
        here = chain.newest_of(chain.links.keys() - {session})
    except HandoffError:
        return None
    return " ".join([run_of(session), *(f"--handoff-previous={quote(name)}" for name in here)]) if here else None


def missing_document(project: Project, session: str, step: Step) -> Step:
    """Build the step for a missing document: if git has a copy, that holds a person's words."""
    command = restoring_file(project, project.document(session))
    return step if command is None else replace(step, do=f"restore it with {command}", command=command)
