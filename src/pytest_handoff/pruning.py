"""Which ``sources.jsonl`` are nobody's base any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.ancestry import Chain
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from pytest_handoff.store import Store


class Pruning(Frozen, frozen=True):
    """What can go and what has to stay, each a sorted list of sessions.

    Attributes:
        removable: sessions whose sources nobody will be compared with.
        kept: sessions whose sources are a base: the newest ones, for the session to come, and those that they continue, for
            running the newest once more.
        unrepeatable: sessions that could not have their new code measured again without the removable sources.
    """

    removable: list[str]
    kept: list[str]
    unrepeatable: list[str]


def plan(store: Store) -> Pruning:
    """What pruning would do.

    Raises:
        EvidenceProblem: when a record cannot be read: whose base it is would be a guess.
    """
    records = {name: store.record(name) for name in store.sessions()}
    tips = Chain(store).tips()
    needed = {*tips, *(parent.session for tip in tips for parent in records[tip].previous)}
    there = {name for name in records if store.has_sources(name)}
    removable = there - needed
    repeats = [name for name, record in records.items() if removable & {parent.session for parent in record.previous}]
    return Pruning(removable=sorted(removable), kept=sorted(there & needed), unrepeatable=sorted(repeats))
