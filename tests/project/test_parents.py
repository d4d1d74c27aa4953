"""The sessions that a session continues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builders import coverage_of, ledger_of, record_of
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.evidence.ledger import EarlierTests
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.encoding import digest_of, encode_lines
from pytest_handoff.project.sessions import Parents, choose_parents, load_parents
from pytest_handoff.project.store import Store
from pytest_handoff.record import Parent, SourceLine

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = SourceLine(path="a.py", blob="b")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Evidence of s-1, which s-2 and s-3 continue."""
    found = Store(tmp_path, tmp_path)
    keep(found, "s-1")
    keep(found, "s-2", "s-1")
    keep(found, "s-3", "s-1")
    return found


def keep(store: Store, session: str, *previous: str, percent: bool = True, sources: bool = True) -> None:
    """Write a session's evidence."""
    lines = ledger_of(f"unit a.py::{session} passed")
    encoded = encode_lines(lines.values())
    record = record_of(lines, session=session, coverage=coverage_of(a=(9, 10)) if percent else None)
    record = replace(
        record, tests=replace(record.tests, ledger=digest_of(encoded)),
        previous=[Parent(session=name, digest=store.digest(name)) for name in previous],
    )  # fmt: skip
    write_each(store.artifacts(record, encoded, [SOURCE] if sources else None))


@pytest.mark.parametrize(
    ("session", "override", "parents"),
    [
        ("s-4", (), ["s-2", "s-3"]),
        ("s-3", (), ["s-1"]),
        ("s-1", (), []),
        ("s-4", ("s-1",), ["s-1"]),
        ("s-4", ("s-2", "s-2", "s-1"), ["s-2", "s-1"]),
        ("s-3", ("s-2",), ["s-2"]),
    ],
)
def test_which_sessions_are_continued(store: Store, session: str, override: tuple[str, ...], parents: list[str]) -> None:
    """A new session continues the tips, one that is run again keeps its parents, and what is asked for wins."""
    assert choose_parents(store, session, override) == parents


@pytest.mark.parametrize(
    ("session", "tracked", "parents"),
    [
        ("s-2", ("s-1", "s-2"), ["s-1"]),
        ("s-2", ("s-1", "s-2", "s-3"), ["s-1", "s-3"]),
        ("s-2", ("s-1", "s-3", "s-4", "s-5"), ["s-1", "s-4"]),
        ("s-1", ("s-1", "s-2", "s-3", "s-4", "s-5"), []),
        ("s-3", ("s-5", "s-9"), ["s-1"]),
    ],
)
def test_what_was_merged_is_continued_too(store: Store, session: str, tracked: tuple[str, ...], parents: list[str]) -> None:
    """A session that is run again takes in the ends of what has come beside it, never a session that goes back to itself."""
    keep(store, "s-4", "s-3")
    keep(store, "s-5", "s-2", "s-3")
    assert choose_parents(store, session, tracked=tracked) == parents
    assert choose_parents(store, "s-2", ("s-1",), tracked=tracked) == ["s-1"]


def test_a_parent_that_another_parent_goes_back_to_says_nothing_more(store: Store) -> None:
    """What a later session retired or moved is not asked for once more because an earlier one had it."""
    parents = load_parents(store, ["s-1", "s-2"])
    assert [link.session for link in parents.links] == ["s-1", "s-2"]
    assert sorted(parents.earlier.lines) == ["a.py::s-2"]
    assert parents.names == "s-2"


@pytest.mark.parametrize(
    ("session", "name", "said"),
    [
        ("s-4", "s-4", "a session cannot continue itself"),
        ("s-1", "s-2", "it comes after s-1 itself"),
        ("s-4", "s-9", r"there is no record of it; recorded: s-1, s-2, s-3"),
        ("s-4", "../s-1", "do not allow in file names"),
    ],
)
def test_sessions_that_cannot_be_continued(store: Store, session: str, name: str, said: str) -> None:
    """A session continues neither itself, nor one that comes after it, nor one that is not there."""
    with pytest.raises(UsageProblem, match=said):
        choose_parents(store, session, (name,))


def test_what_parents_left(store: Store) -> None:
    """Two parents' ledgers are joined, and each record is named with its digest."""
    parents = load_parents(store, ["s-2", "s-3"])
    assert parents.names == "s-2 and s-3"
    assert sorted(parents.earlier.lines) == ["a.py::s-2", "a.py::s-3"]
    assert parents.links == [Parent(session=name, digest=store.digest(name)) for name in ("s-2", "s-3")]
    assert parents.sources == ({"a.py": SOURCE},) * 2


def test_no_parents(store: Store) -> None:
    """A first session has nothing before it."""
    assert load_parents(store, []) == Parents(earlier=EarlierTests(), sources=())


def test_coverage_before(store: Store) -> None:
    """The coverage before is known where there is one parent and it was measured."""
    keep(store, "s-5", percent=False)
    assert [load_parents(store, names).percent for names in (["s-2"], ["s-2", "s-3"], ["s-5"], [])] == [90.0, None, None, None]


def test_pruned_sources(store: Store) -> None:
    """Where the sources of a parent are gone, the base is not known at all."""
    keep(store, "s-6", sources=False)
    assert load_parents(store, ["s-2", "s-6"]).sources is None


def test_a_parent_whose_ledger_was_edited(store: Store) -> None:
    """Earlier evidence that was edited is not continued."""
    path = store.evidence / "s-2" / "tests.jsonl"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(EvidenceProblem, match="does not match the digest"):
        load_parents(store, ["s-2"])
