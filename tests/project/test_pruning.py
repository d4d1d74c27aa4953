"""Which source trees are removed, and which stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builders import record_of
from pytest_handoff.project.sessions import Pruning, plan
from pytest_handoff.project.store import Store
from pytest_handoff.record import Parent, SourceLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def store_of(folder: Path, sessions: Mapping[str, Iterable[str]], *, pruned: Iterable[str] = ()) -> Store:
    """Session name to its parents' names."""
    store = Store(folder, folder)
    for name, parents in sessions.items():
        links = [Parent(session=parent, digest="sha256:0") for parent in parents]
        sources = None if name in pruned else [SourceLine(path="a.py", blob="1")]
        for artifact in store.artifacts(record_of(session=name, previous=links), b"", sources):
            artifact.path.parent.mkdir(parents=True, exist_ok=True)
            artifact.path.write_bytes(artifact.whole)
    return store


@pytest.mark.parametrize(
    ("sessions", "pruned", "expected"),
    [
        pytest.param({}, (), Pruning(removable=[], kept=[], unrepeatable=[]), id="nothing recorded"),
        pytest.param({"a": ""}, (), Pruning(removable=[], kept=["a"], unrepeatable=[]), id="one session"),
        pytest.param({"a": "", "b": "a"}, (), Pruning(removable=[], kept=["a", "b"], unrepeatable=[]), id="and the next"),
        pytest.param(
            {"a": "", "b": "a", "c": "b", "d": "c"}, (),
            Pruning(removable=["a", "b"], kept=["c", "d"], unrepeatable=["b", "c"]), id="a chain",
        ),
        pytest.param(
            {"a": "", "b": "a", "c": "a"}, (), Pruning(removable=[], kept=["a", "b", "c"], unrepeatable=[]), id="two tips",
        ),
        pytest.param(
            {"a": "", "b": "a", "c": "a", "d": "bc"}, (),
            Pruning(removable=["a"], kept=["b", "c", "d"], unrepeatable=["b", "c"]), id="joined again",
        ),
        pytest.param(
            {"a": "", "b": "a", "c": "b"}, ("a", "b"), Pruning(removable=[], kept=["c"], unrepeatable=[]), id="pruned before",
        ),
    ],
)  # fmt: skip
def test_what_is_removed(tmp_path: Path, sessions: Mapping[str, str], pruned: tuple[str, ...], expected: Pruning) -> None:
    """The newest sessions' trees and those of the sessions they continue stay; of the others one needs to know who lacks them."""
    assert plan(store_of(tmp_path, sessions, pruned=pruned)) == expected
