"""The sessions that a session goes back to, read from real files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builders import record_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.sessions import Chain
from pytest_handoff.project.store import Store
from pytest_handoff.record import Parent

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.record import Record


def written(folder: Path, **parents: str) -> tuple[Store, dict[str, Record]]:
    """A store with these sessions, each with its parents."""
    store = Store(folder, folder)
    records = {
        name: record_of(session=name, previous=[Parent(session=parent, digest="sha256:0") for parent in before.split()])
        for name, before in parents.items()
    }
    for record in records.values():
        write_each(store.artifacts(record, b"", None))
    return store, records


def test_ancestors_come_oldest_first(tmp_path: Path) -> None:
    """Over two branches, without what came beside or after, and without what is gone."""
    store, records = written(tmp_path, a="gone", b="a", c="a", d="b c", beside="a", after="d")

    assert [record.session for record in Chain(store).records_up_to(records["d"])] == ["a", "b", "c", "d"]


def test_no_more_than_asked_for_are_read(tmp_path: Path) -> None:
    """A damaged record further back does not matter."""
    store, records = written(tmp_path, a="", b="a", c="b")
    (store.evidence / "a" / "record.json").write_text("{")

    assert [record.session for record in Chain(store).records_up_to(records["c"], most=2)] == ["b", "c"]


def test_a_circle_is_told(tmp_path: Path) -> None:
    """Records that name each other are no chain."""
    store, records = written(tmp_path, a="b", b="a")

    with pytest.raises(EvidenceProblem, match="circle"):
        Chain(store).records_up_to(records["a"])


def test_names_before_and_after(tmp_path: Path) -> None:
    """The nearest come first, each once; what is gone is not named, and a circle ends."""
    chain = Chain(written(tmp_path, a="gone", b="a", c="a", d="b c", x="y", y="x")[0])

    assert chain.before("d") == ["b", "c", "a"]
    assert chain.after("a") == ["b", "c"]
    assert (chain.before("x"), chain.after("d"), chain.before("nobody")) == (["y", "x"], [], [])
