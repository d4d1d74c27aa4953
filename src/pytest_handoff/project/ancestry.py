"""Follow the chain of sessions: which one continues which."""

from __future__ import annotations

from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem

if TYPE_CHECKING:
    from pytest_handoff.project.store import Store
    from pytest_handoff.record import Record


class Chain:
    """The recorded sessions of a hand-off folder as they stand, each with the sessions it continues.

    Only the beginning of each record is read, once, when the first question is asked.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @cached_property
    def links(self) -> dict[str, list[str]]:
        """Map every recorded session to the names of the sessions it continues, which need not exist any more.

        Raises:
            EvidenceProblem: when a record cannot be read.
        """
        return self._store.links()

    def tips(self) -> list[str]:
        """Name the sessions that no other session continues, oldest first.

        Raises:
            EvidenceProblem: as :attr:`links`, or when the record of a tip is damaged.
        """
        continued = {parent for parents in self.links.values() for parent in parents}
        return sorted(self.links.keys() - continued, key=lambda name: (self._store.record(name).run.started, name))

    def after(self, session: str) -> list[str]:
        """Name the sessions that continue this one, sorted."""
        return sorted(name for name, parents in self.links.items() if session in parents)

    def before(self, session: str) -> list[str]:
        """Name the recorded ancestors of this session, nearest first."""
        found: dict[str, None] = {}
        ahead = deque([session])
        while ahead:
            for name in self.links.get(ahead.popleft(), ()):
                if name in self.links and name not in found:
                    found[name] = None
                    ahead.append(name)
        return list(found)

    def records_up_to(self, record: Record, *, most: int | None = None) -> list[Record]:
        """Read the records of a session and of its ancestors, oldest first.

        The walk does not go past a session whose evidence is gone.

        Args:
            record: the session's own record, which need not be written yet.
            most: the most records to read, the nearest ones.

        Raises:
            EvidenceProblem: when a record cannot be read, or the sessions form a circle.
        """
        from pytest_handoff.evidence.history import in_order

        found = {record.session: record}
        ahead = [record]
        while ahead and (most is None or len(found) < most):
            for link in ahead.pop(0).previous:
                if link.session not in found and self._store.has(link.session):
                    found[link.session] = self._store.record(link.session)
                    ahead.append(found[link.session])
        ordered = in_order(found)
        if ordered[-1].session != record.session:
            raise EvidenceProblem(f"the sessions before {record.session} form a circle; restore their records")
        return ordered if most is None else ordered[-most:]
