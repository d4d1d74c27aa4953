"""The sessions that a session goes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.history import in_order

if TYPE_CHECKING:
    from pytest_handoff.record import Record
    from pytest_handoff.store import Store


def with_ancestors(store: Store, record: Record, *, most: int | None = None) -> list[Record]:
    """A session's record behind those of the sessions that it goes back to, oldest first.

    A session whose evidence is not there any more ends its line.

    Args:
        record: the session's own record, which need not be written yet.
        most: so many records at most, the nearest ones; the others are not read.

    Raises:
        EvidenceProblem: when a record cannot be read, or the sessions form a circle.
    """
    found = {record.session: record}
    ahead = [record]
    while ahead and (most is None or len(found) < most):
        for link in ahead.pop(0).previous:
            if link.session not in found and store.has(link.session):
                found[link.session] = store.record(link.session)
                ahead.append(found[link.session])
    ordered = in_order(found)
    if ordered[-1].session != record.session:
        raise EvidenceProblem(f"the sessions before {record.session} form a circle; restore their records")
    return ordered if most is None else ordered[-most:]
