"""Whether evidence is about this code, and whether the chain is whole."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import record_of
from pytest_handoff.config import Config
from pytest_handoff.project.artifacts import Artifact, write_each
from pytest_handoff.project.contents import with_lines
from pytest_handoff.project.layout import Project
from pytest_handoff.project.tree import read_tree
from pytest_handoff.record import Parent, Record
from pytest_handoff.workflow.chain import Problem, chain_of
from pytest_handoff.workflow.verify import is_fresh, stale_files, verify

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(repository: Path) -> Project:
    """A project with one file of code, one that git ignores, and a document."""
    (repository / "a.py").write_text("1\n")
    (repository / ".gitignore").write_text("made.py\n")
    (repository / "made.py").write_text("2\n")
    (repository / "handoffs").mkdir()
    (repository / "handoffs" / "s-1.md").write_bytes(b"one\ntwo\n")
    return Project(folder=repository, root=repository, uses_git=True, config=Config(), handoffs=repository / "handoffs")


def keep(project: Project, session: str = "s-1", previous: tuple[Parent, ...] = (), *, sources: bool = True) -> Record:
    """Write a record of the tree as it stands; the ignored file was measured, and what changed was not known."""
    tree = read_tree(project)
    made = record_of({}, session=session)
    made = replace(made, source=replace(made.source, fingerprint=tree.fingerprint, base_found="pruned"), previous=list(previous))
    lines = with_lines(project, tree, ["made.py"], {}).values() if sources else None
    write_each(project.store.artifacts(made, b"", lines))
    return made


class Filled:
    """What filling again would write, as far as verifying looks at it."""

    def __init__(self, project: Project, content: bytes) -> None:
        self.record = project.store.record("s-1")
        facts = SimpleNamespace(record=self.record, ledger={})
        self.composition = SimpleNamespace(facts=facts, decisions=(), written=(), findings=(), verdicts=[])
        self.artifacts = (Artifact(path=project.document("s-1"), content=content),)


def problems(project: Project, content: bytes = b"one\ntwo\n", **options: Any) -> list[Problem]:
    return verify(project, "s-1", Filled(project, content), **options)  # type: ignore[arg-type]


def test_fresh_evidence(project: Project) -> None:
    """Right after a run nothing is stale, and nothing is wrong."""
    record = keep(project)
    assert is_fresh(project, record)
    assert problems(project) == []


def test_stale_files_are_named_and_no_others(project: Project) -> None:
    """What was edited, added or removed is named; a measured file that git ignores is no part of the tree."""
    record = keep(project)
    (project.root / "a.py").write_text("other\n")
    (project.root / "b.py").write_text("new\n")
    (project.root / ".gitignore").unlink()
    (project.root / ".gitignore").write_text("made.py\n")
    assert stale_files(project, record, read_tree(project)) == ["a.py", "b.py"]
    (found,) = problems(project)
    assert str(found) == (
        "handoffs/evidence/s-1/record.json: is about another tree: 2 files differ: a.py, b.py; run pytest --handoff=s-1 again"
    )
    assert problems(project, fresh=False) == []


def test_pruned_sources_cannot_name_what_changed(project: Project) -> None:
    """Without the sources evidence is still stale, though which file differs is not known."""
    record = keep(project, sources=False)
    (project.root / "a.py").write_text("other\n")
    assert stale_files(project, record, read_tree(project)) == ["(which files is not known: sources.jsonl was pruned)"]


@pytest.mark.parametrize(
    ("content", "line"), [(b"one\nTWO\n", 2), (b"one\n", 2), (b"one\ntwo\nthree\n", 3), (b"one\ntwo", 2), (b"One\ntwo\n", 1)]
)
def test_a_document_that_differs(project: Project, content: bytes, line: int) -> None:
    """The first line in which the document is not what the evidence says is named."""
    keep(project)
    (found,) = problems(project, content)
    assert (found.kind, found.path, found.line) == ("document", "handoffs/s-1.md", line)


def test_a_document_that_is_missing(project: Project) -> None:
    """A document that is gone is told, with how it is made."""
    keep(project)
    project.document("s-1").unlink()
    assert [str(found) for found in problems(project)] == ["handoffs/s-1.md: is missing; write it with handoff fill s-1"]


def test_the_chain(project: Project) -> None:
    """A parent's record must be there, and be the one that was continued."""
    keep(project, "s-0")
    right = Parent(session="s-0", digest=project.store.digest("s-0"))
    keep(project, previous=(right,))
    assert problems(project) == []
    assert chain_of(project, "s-1") == ["s-1", "s-0"]
    path = project.store.evidence / "s-0" / "record.json"
    path.write_bytes(path.read_bytes() + b"\n")
    assert [found.message for found in problems(project)] == ["is not the record that s-1 continues"]
    path.unlink()
    assert [found.message for found in problems(project)] == ["is missing, but s-1 continues it"]
    assert chain_of(project, "s-1") == ["s-1"]
