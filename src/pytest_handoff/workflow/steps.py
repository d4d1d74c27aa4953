"""Describe one thing that is left to do, and turn problems of the evidence, the document or the proof into such steps."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from pytest_handoff.figures import counted
from pytest_handoff.record import Frozen
from pytest_handoff.workflow.verify import stale_files

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.workflow.chain import Problem
    from pytest_handoff.workflow.finish import FinishedSession


_CHANGED = "files changed while the tests ran: "
_NAMED = 3
"""How many of those files a run names."""


class Step(Frozen, frozen=True):
    """One thing that is left to do.

    Attributes:
        kind: ``run``, ``stale``, ``evidence``, ``conflict``, ``person``, ``placeholder``, or what the gate calls it.
        what: what is wrong, in one sentence.
        do: what fixes it, in one sentence.
        file, line: where to look, relative to the git root; ``None`` where there is no such place.
        names: all tests, files or lines that it is about.
        command: a command that does it; ``None`` where something has to be written first.
        who: ``person`` where only a judgement is missing.
        failure: where and how the test failed, in one line, where that was kept beside the evidence.
    """

    kind: str
    what: str
    do: str
    file: str | None = None
    line: int | None = None
    names: list[str] = []
    command: str | None = None
    who: Literal["anyone", "person"] = "anyone"
    failure: str | None = None

    @property
    def remedy(self) -> str:
        """Say what fixes it, with the command unless that is said already."""
        return self.do if self.command is None or self.command in self.do else f"{self.do}: {self.command}"


def run_of(session: str) -> str:
    """Write the command that runs all tests of a session."""
    return f"pytest --handoff={quote(session)}"


def prove_of(session: str) -> str:
    """Write the command that proves the tests of a session."""
    return f"handoff prove {quote(session)}"


def first_run(project: Project, session: str) -> Step:
    """Make the step of a session that has a document and no record."""
    return Step(
        kind="run",
        what=f"{session} is not recorded yet",
        do="run all tests",
        file=project.key(project.document(session)),
        command=run_of(session),
    )


def step_of(project: Project, problem: Problem, outcome: FinishedSession, tree: Tree) -> Step:
    """Turn a problem of the evidence, the document or the proof into a step.

    There is a command only where it is all that is needed: one that changes nothing would be asked for for ever.
    """
    path = project.key(Path(os.path.normpath((project.here or project.folder) / problem.path)))
    what = f"{path}: {problem.message.removeprefix(f'{problem.path}: ')}"
    step = Step(kind=problem.kind, what=what, do=problem.remedy or "", file=path, line=problem.line, command=problem.command)
    return _stale(project, outcome, step, tree) if problem.kind == "stale" else step


def _stale(project: Project, outcome: FinishedSession, step: Step, tree: Tree) -> Step:
    """Name all files that differ; where the run itself changes them, another run would do so again."""
    session, names = outcome.record.session, stale_files(project, outcome.record, tree)
    known = [name for name in names if not name.startswith("(which ")]  # else it is said that nobody knows which
    files = counted(len(known), "file differs/files differ") if known else names[0].strip("()")
    told = next((why for why in outcome.record.run.why_incomplete if why.startswith(_CHANGED)), None)
    if told is None or not all(name in told.partition(" (what")[0] for name in names[:_NAMED]):
        return replace(step, what=f"the tests of {session} ran on another tree: {files}", names=known, command=run_of(session))
    do = f"make the tests write elsewhere, or add what they write to .gitignore; then {run_of(session)}"
    return replace(step, what=f"each run of {session} changes the tree: {files}", names=names, do=do, file=names[0])
