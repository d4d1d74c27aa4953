"""How evidence that cannot be read is mended: by git's copy, by the history, by another run, or by continuing other sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import DocumentProblem, EvidenceProblem, HandoffError, NewerEvidence, UsageProblem
from pytest_handoff.project.layout import open_project
from pytest_handoff.workflow.mending import mending, missing_document, session_of
from pytest_handoff.workflow.steps import Step
from repositories import commit, record, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_handoff.project.layout import Project

EVIDENCE = "handoffs/evidence"


@pytest.fixture
def project(repository: Path, plain_git: Callable[..., str]) -> Project:
    """Two sessions are committed, a third one is recorded."""
    found = open_project(repository)
    record(found.store, "s-1", lines="unit a.py::x passed")
    write(repository, "handoffs/s-1.md")
    record(found.store, "s-2", "s-1", lines="unit a.py::x passed")
    commit(plain_git, repository)
    record(found.store, "s-3", "s-2", lines="unit a.py::x passed")
    return found


def damaged(name: str, message: str = "is damaged") -> EvidenceProblem:
    """What is said of a file of the evidence."""
    return EvidenceProblem(message, path=f"{EVIDENCE}/{name}")


def mended(project: Project, name: str, *, session: str | None = "s-3", message: str = "is damaged") -> Step:
    """The step for a file of the evidence that was asked for by this session."""
    step = mending(project, session, damaged(name, message))
    assert step is not None
    assert (step.kind, step.file, step.what) == ("evidence", f"{EVIDENCE}/{name}", f"{EVIDENCE}/{name}: {message}")
    return step


@pytest.mark.parametrize(
    "error",
    [
        NewerEvidence("upgrade", path=f"{EVIDENCE}/s-1/record.json"),
        UsageProblem("no such option", path="a.py"),
        EvidenceProblem("nothing is recorded"),
        DocumentProblem("cannot be filled", path="handoffs/s-1.md"),
        EvidenceProblem("is damaged", path="elsewhere/record.json"),
    ],
    ids=["newer", "usage", "no path", "no remedy", "no evidence"],
)
def test_what_no_step_mends(project: Project, error: HandoffError) -> None:
    """A newer version, a wrong option, and what is said of no file that is known."""
    assert mending(project, "s-1", error) is None


def test_a_document_and_two_sides_of_a_merge(project: Project) -> None:
    """The error says itself what to do, and where."""
    step = mending(project, "s-1", DocumentProblem("is no UTF-8; save it as UTF-8", path="handoffs/s-1.md", line=3))
    assert step == Step(
        kind="document", what="handoffs/s-1.md: is no UTF-8", do="save it as UTF-8", file="handoffs/s-1.md", line=3
    )
    sides = EvidenceProblem("git could not merge it; take one side", path=f"{EVIDENCE}/s-1/record.json")
    step = mending(project, "s-1", sides)
    assert step is not None
    assert (step.kind, step.do, step.command) == ("conflict", "take one side", None)


def test_whose_evidence_it_is(project: Project) -> None:
    """By the file that an error names."""
    assert session_of(project, damaged("s-2/tests.jsonl")) == "s-2"
    assert session_of(project, EvidenceProblem("nothing is recorded")) is None
    assert session_of(project, EvidenceProblem("cannot be read", path=EVIDENCE)) is None


@pytest.mark.parametrize("name", ["s-2/record.json", "s-2/tests.jsonl"])
def test_git_has_a_copy(project: Project, name: str) -> None:
    """Of the record that the next session continues; the command brings it back."""
    (project.root / EVIDENCE / name).write_text("{")
    step = mended(project, name)
    assert step.command == f"git checkout HEAD -- {EVIDENCE}/s-2"
    assert step.do == f"restore it with {step.command}"


def test_git_has_a_copy_in_an_earlier_commit(project: Project, plain_git: Callable[..., str]) -> None:
    """Where the damage was committed, that commit is no help; the document comes along where it is gone too."""
    good = plain_git(project.root, "rev-parse", "HEAD")
    (project.root / EVIDENCE / "s-1/record.json").write_text("{")
    (project.root / "handoffs/s-1.md").unlink()
    commit(plain_git, project.root)
    assert mended(project, "s-1/record.json").command == f"git checkout {good[:12]} -- {EVIDENCE}/s-1 handoffs/s-1.md"


def test_git_has_another_record_only(project: Project, plain_git: Callable[..., str]) -> None:
    """A record that no session continues mends nothing."""
    record(project.store, "s-2", "s-1", lines="unit a.py::x failed")
    record(project.store, "s-3", "s-2")
    (project.root / EVIDENCE / "s-2/record.json").unlink()
    step = mended(project, "s-2/record.json")
    assert step.command == "pytest --handoff=s-3 --handoff-previous=s-1"
    assert step.do == "git has no copy of it: continue the remaining sessions instead"


def test_the_newest_session_is_recorded_again(project: Project) -> None:
    """Nothing continues it; but its record itself is somebody's to move away."""
    step = mended(project, "s-3/tests.jsonl")
    assert (step.do, step.command) == ("record it again", "pytest --handoff=s-3")
    step = mended(project, "s-3/record.json")
    assert (step.do, step.command) == ("move it away, then pytest --handoff=s-3", None)
    step = mending(project, "s-3", damaged("s-3/record.json", "is damaged; delete it"))
    assert step is not None
    assert (step.do, step.command) == ("delete it", None)


def test_git_has_what_is_no_record(project: Project, plain_git: Callable[..., str]) -> None:
    """Damage that was committed is no copy; neither is a folder in the place of a file the file."""
    (project.root / EVIDENCE / "s-3/record.json").write_text("{")
    commit(plain_git, project.root)
    assert mended(project, "s-3/record.json").command is None
    (project.root / EVIDENCE / "s-1/tests.jsonl").unlink()
    (project.root / EVIDENCE / "s-1/tests.jsonl").mkdir()
    assert mended(project, "s-1/tests.jsonl").command == f"git checkout HEAD -- {EVIDENCE}/s-1"


def test_a_session_in_between(project: Project) -> None:
    """It cannot be recorded again: a later one continues it; nor is the chain known where another record is damaged."""
    record(project.store, "s-4", "s-3")
    step = mended(project, "s-3/tests.jsonl")
    assert (step.do, step.command) == ("move it away, then pytest --handoff=s-3", None)
    (project.root / EVIDENCE / "s-4/record.json").write_text("{")
    assert mended(project, "s-3/tests.jsonl").command is None


def test_a_lost_session_that_others_need(project: Project) -> None:
    """Nothing is continued in its place where something comes after who asks, or a record cannot be read."""
    record(project.store, "s-4", "s-3")
    record(project.store, "s-5", "s-4")
    (project.root / EVIDENCE / "s-3/record.json").unlink()
    assert mended(project, "s-3/record.json", session="s-4").command is None
    (project.root / EVIDENCE / "s-1/record.json").write_text("{")
    assert mended(project, "s-3/record.json", session="s-5").command is None


def test_a_clone_without_its_history(project: Project, plain_git: Callable[..., str], tmp_path: Path) -> None:
    """The history may have it; without a remote, or without git, there is none to fetch."""
    (project.root / EVIDENCE / "s-1/record.json").write_text("{")
    commit(plain_git, project.root)
    plain_git(tmp_path, "clone", "--quiet", "--depth=1", project.root.as_uri(), str(tmp_path / "shallow"))
    shallow = open_project(tmp_path / "shallow")
    step = mended(shallow, "s-1/record.json")
    assert step.command == "git fetch --unshallow"
    assert step.do == "fetch the history with git fetch --unshallow, then restore it from git"
    plain_git(shallow.root, "remote", "remove", "origin")
    assert mended(shallow, "s-1/record.json").command is None


def test_without_git(tmp_path: Path) -> None:
    """There is neither a copy nor a history."""
    project = open_project(tmp_path)
    record(project.store, "s-1")
    step = mended(project, "s-1/tests.jsonl", session="s-1")
    assert (step.do, step.command) == ("record it again", "pytest --handoff=s-1")


def test_a_missing_document(project: Project) -> None:
    """Git's copy holds a person's words; where there is none, the step stays as it is."""
    step = Step(kind="document", what="it is missing", do="fill it")
    found = missing_document(project, "s-1", step)
    assert found.command == "git checkout HEAD -- handoffs/s-1.md"
    assert missing_document(project, "s-2", step) == step
    outside = open_project(project.root, dir_option=str(project.root.parent / "notes"))
    assert missing_document(outside, "s-1", step) == step
