"""Choose how the ledger and the sources of a session are written: whole, or as the difference from an earlier session's.

The form is not evidence: the record holds the digest of the whole, and one form may take the other's place at any time.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.artifacts import Artifact
from pytest_handoff.project.stored_files import SMALL, is_difference
from pytest_handoff.record import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_handoff.project.store import Store


class Form:
    """The form of one file of a session.

    Args:
        name: ``tests.jsonl``, ``sources.jsonl``, ``coverage.jsonl`` or ``statements.jsonl``.
        bases: sessions whose file of this name it may differ from, each with the digest of that; the last one that can be read
            counts.
    """

    def __init__(self, store: Store, name: str, bases: Sequence[tuple[str, str]]) -> None:
        self._store = store
        self._name = name
        self._bases = bases

    def choose(self, session: str, whole: Artifact, digest: str | None) -> Artifact:
        """Choose the file as it stands if that is right, else the difference where that is shorter, else the whole.

        Args:
            digest: the digest of the whole, as the record holds it.
        """
        if digest is None or not _is_long(whole.pieces()):
            return whole
        with suppress(EvidenceProblem, OSError):
            if not whole.differs():
                return whole
            stands = self._store.stored(self._name, session)
            if stands is not None and is_difference(stands.whole):
                self._store.whole(self._name, session, digest)
                return replace(stands, alone=whole.content)
        found = (self._from(base, its, whole, digest) for base, its in reversed(self._bases))
        file = next((one for one in found if one is not None), None)
        return whole if file is None else Artifact(path=whole.path, content=file, alone=whole.content)

    def _from(self, session: str, its: str, whole: Artifact, digest: str) -> bytes | None:
        """Make the difference from another session's file, or ``None`` where that cannot be read or it would not be shorter."""
        from pytest_handoff.project.differences import MOST_LINKS, changes_since, folded, read_difference, write_difference
        from pytest_handoff.project.pieces import DAMAGE, measured

        key = self._store.chain(self._name).key
        try:  # each file is read again where it is compared: only the difference is held
            base = self._store.base(self._name, session, its)
            changes = changes_since(base.pieces(), whole.pieces(), key)
            file = write_difference(Difference(differs_from=session, digest=its), changes)
            if base.links >= MOST_LINKS or base.weight + len(file) > base.size:
                return None
            found, size = measured(folded(base.pieces(), [read_difference(file, key, self._name)], key, self._name))
        except (EvidenceProblem, *DAMAGE):  # it is no file that a run writes, and whoever reads it says so
            return None
        return file if found == digest and len(file) < size else None


def let_go(store: Store, session: str, names: Iterable[str]) -> list[Artifact]:
    """Make whole files of those that hold what differs from these files of a session, before others replace them.

    So a session may be recorded again without taking from those that continue it what their own files do not repeat. A file
    that cannot be rebuilt loses nothing by it, and is left alone.
    """
    found = []
    for name in names:
        for child in store.differences(name):
            with suppress(EvidenceProblem):
                if store.chain(name).bases_of(child)[:1] == [session]:
                    found.append(store.made_whole(name, child))
    return found


def _is_long(pieces: Iterable[bytes]) -> bool:
    size = 0
    return any((size := size + len(piece)) > SMALL for piece in pieces)
