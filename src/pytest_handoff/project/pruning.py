"""Find the ``sources.jsonl`` that no session needs as a base any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.project.ancestry import Chain
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from pytest_handoff.project.store import Store


class Pruning(Frozen, frozen=True):
    """The sessions whose sources can go and those whose sources have to stay, each a sorted list.

    Attributes:
        removable: sessions whose sources no session will be compared with.
        kept: sessions whose sources are a base: the newest ones, for the session to come, and those that they continue, so that
            the newest can be run again.
        unrepeatable: sessions that could not have their new code measured again without the removable sources.
    """

    removable: list[str]
    kept: list[str]
    unrepeatable: list[str]


def plan(store: Store) -> Pruning:
    """Plan what pruning would remove.

    Raises:
        EvidenceProblem: when a record cannot be read, since the bases would then be a guess.
    """
    records = {name: store.record(name) for name in store.sessions()}
    tips = Chain(store).tips()
    needed = {*tips, *(parent.session for tip in tips for parent in records[tip].previous)}
    there = {name for name in records if store.has_sources(name)}
    removable = there - needed
    repeats = [name for name, record in records.items() if removable & {parent.session for parent in record.previous}]
    return Pruning(removable=sorted(removable), kept=sorted(there & needed), unrepeatable=sorted(repeats))
