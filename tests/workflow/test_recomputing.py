"""What a record says of files and tests, against what the tree says."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import facts_from, ledger_of, record_of
from pytest_handoff.config import Config
from pytest_handoff.evidence.ledger import join_parents
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.contents import with_lines
from pytest_handoff.project.encoding import encode_lines
from pytest_handoff.project.layout import Project
from pytest_handoff.project.tree import read_tree
from pytest_handoff.record import Integrity, ParsedFiles
from pytest_handoff.workflow.recheck import missing_bases, recompute, untrue

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.evidence.facts import Facts

SOUND = "def test_x():\n    assert 1 + 1 == 2\n"
EMPTIED = "def test_x():\n    pass\n"
LEDGER = "unit test_a.py::test_x passed since=s-1"


@pytest.fixture
def project(repository: Path) -> Project:
    """A project with a test and a configuration file, before its first session."""
    project = Project(folder=repository, root=repository, uses_git=True, config=Config(), handoffs=repository / "handoffs")
    (repository / "test_a.py").write_text(SOUND)
    keep(project, "s-1")
    (repository / "test_a.py").write_text(EMPTIED)
    (repository / "a.json").write_text("{")
    return project


def keep(project: Project, session: str) -> None:
    """Write the evidence of a session, as far as the next one is compared with it."""
    tree = read_tree(project)
    lines = with_lines(project, tree, (), {})
    ledger = ledger_of(LEDGER)
    record = record_of(ledger, session=session)
    record = replace(record, tests=replace(record.tests, ledger=record.tests.ledger))
    write_each(project.store.artifacts(record, encode_lines(ledger.values()), lines.values()))


def second(project: Project, **changes: Any) -> Facts:
    """The facts of the second session with a true record, before it is changed."""
    ledger = ledger_of(LEDGER)
    earlier = join_parents([("s-1", ledger_of(LEDGER))])
    record = record_of(ledger, earlier, session="s-2")
    record = replace(record, run=replace(record.run, python=platform.python_version()))
    facts = facts_from(record, ledger, earlier)
    sources = project.store.sources_of(project.store.record("s-1"))
    assert sources is not None
    true = recompute(project, facts, read_tree(project), [sources])
    whole = replace(record, changes=true.changes, unparsable=true.unparsable, integrity=true.integrity)
    return replace(facts, record=replace(whole, **changes))


def test_a_true_record(project: Project) -> None:
    """What was recorded of the tree is what the tree says."""
    facts = second(project)
    parsed = ParsedFiles(formats={"JSON": 1})
    assert facts.record.integrity == Integrity(
        changed=["test_a.py::test_x"], without_assertion=["test_a.py::test_x"], parsed=parsed
    )
    assert list(facts.record.unparsable or {}) == ["a.json"]
    assert untrue(project, facts, read_tree(project)) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"integrity": None},
            [
                "in the tests that changed, it omits test_a.py::test_x",
                "in the tests that assert nothing, it omits test_a.py::test_x",
            ],
        ),
        (
            {"integrity": Integrity(changed=["test_a.py::test_x", "test_b.py::test_y"], without_assertion=["test_a.py::test_x"])},
            ["in the tests that changed, it wrongly lists test_b.py::test_y"],
        ),
        ({"unparsable": {}}, ["in the files that do not parse, it omits a.json"]),
        ({"changes": None}, ["it does not say what changed, although the earlier trees were available"]),
    ],
)
def test_an_edited_record(project: Project, changes: dict[str, Any], expected: list[str]) -> None:
    """What was taken out or put in is named."""
    assert untrue(project, second(project, **changes), read_tree(project)) == expected


def test_a_broken_file_that_did_not_change(project: Project) -> None:
    """It is read where the record before does not know of it, and a record that leaves it out is found out."""
    (project.root / "a.json").rename(project.root / "old.json")
    keep(project, "s-1")
    true = second(project).record.integrity
    assert true is not None
    assert true.parsed is not None
    assert list(true.parsed.broken) == ["old.json"]
    hidden = second(project, integrity=replace(true, parsed=ParsedFiles(formats={"JSON": 1})))
    assert untrue(project, hidden, read_tree(project)) == ["in the files that do not parse, it omits old.json"]


def test_edited_changes(project: Project) -> None:
    """A file that is left out is named; where only the figures differ, they are."""
    true = second(project).record.changes
    assert true is not None
    hidden = second(project, changes=replace(true, created=[]))
    fewer = second(project, changes=replace(true, lines_added=0, lines_removed=0))
    assert untrue(project, hidden, read_tree(project)) == ["it describes the changes differently: a.json"]
    assert untrue(project, fewer, read_tree(project)) == ["it describes the changes differently: the figures"]


def test_another_python(project: Project) -> None:
    """A Python that reads the files otherwise may name less; what is left out is named all the same."""
    known = Integrity(changed=["test_a.py::test_x", "test_b.py::test_y"], without_assertion=[])
    facts = second(project, integrity=known)
    facts = replace(facts, record=replace(facts.record, run=replace(facts.record.run, python="2.7.18")))
    assert untrue(project, facts, read_tree(project)) == ["in the tests that assert nothing, it omits test_a.py::test_x"]


def test_pruned_bases(project: Project) -> None:
    """Without the tree before there is nothing to compare with, and which one is missing is told."""
    facts = second(project)
    project.store.sources_path("s-1").unlink()
    assert untrue(project, facts, read_tree(project)) == []
    assert missing_bases(project, facts.record) == ["s-1"]
    unknown = replace(facts.record, changes=None, source=replace(facts.record.source, base_found="pruned"))
    assert (missing_bases(project, unknown), untrue(project, replace(facts, record=unknown), read_tree(project))) == ([], [])
