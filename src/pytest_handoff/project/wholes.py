"""Rebuild the whole ledger or sources of a session from a chain of differences, wherever their files are read from."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.differences import MOST_LINKS, fold, read_difference, read_head
from pytest_handoff.project.encoding import digest_of
from pytest_handoff.project.foreign_files import LINES, MEGABYTE
from pytest_handoff.project.records import names_no_folder
from pytest_handoff.project.stored_files import LEDGER, RECORD, Gap, is_difference
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn, Protocol

    from pytest_handoff.project.differences import Key, Layer

    class Reader(Protocol):
        """Read the files of sessions as they are stored, from a folder or from a commit."""

        def read_if_there(self, name: str, session: str) -> bytes | None:
            """Read the file of a session, or return ``None`` if there is none."""

        def named(self, name: str, session: str) -> str:
            """Return how messages name the file of a session."""


_KEPT, _MOST_KEPT = 3, 4 * MEGABYTE
"""How many whole files are kept for the sessions that differ from them, and how large each may be."""


_MOST_FOLDED = LINES
"""The most bytes that are folded, a whole file for each difference, to find out which of them has changed."""


class Whole(Bundle, frozen=True):
    """The whole file of a session.

    Attributes:
        links: how many differences lie between it and a file that is written whole.
        weight: the size of these differences together.
        base_size: the size of that whole file.
    """

    data: bytes
    links: int
    weight: int
    base_size: int


class Wholes:
    """The whole files of one name, each rebuilt from the file of its session and those that this one goes back to."""

    def __init__(self, files: Reader, name: str) -> None:
        self.key: Key = "id" if name == LEDGER else "path"
        self._files = files
        self._file = name
        self._kept: dict[tuple[str, str], Whole] = {}

    def checked(self, session: str, data: bytes, digest: str | None) -> Whole:
        """Rebuild the whole file of a session, and check that it is the one with this digest.

        Args:
            data: the session's file as it is stored.

        Raises:
            EvidenceProblem: as :meth:`rebuild`, or when it is another one.
        """
        whole = self.rebuild(session, data)
        if digest_of(whole.data) != digest:
            self._refuse(session, data)
        if whole.links and len(whole.data) <= _MOST_KEPT:
            self._kept.pop((session, str(digest)), None)
            self._kept[session, str(digest)] = whole
            if len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return whole

    def rebuild(self, session: str, data: bytes) -> Whole:
        """Rebuild the whole file of a session, which may be anything if one that it goes back to was edited.

        Raises:
            Gap: when a file that it goes back to is missing.
            EvidenceProblem: when one of them is damaged, or there are too many.
        """
        if not is_difference(data):
            return Whole(data, 0, 0, len(data))
        base, name, layers = self._base_of(session, data)
        found = b"".join(fold(base.data, reversed(layers), self.key, self._named(name)))
        weight = base.weight + sum(layer.size for layer in layers)
        return Whole(found, base.links + len(layers), weight, base.base_size)

    def lacking(self, session: str) -> str | None:
        """Name the nearest session whose file is needed for the whole one of this session and is not there."""
        data = self._files.read_if_there(self._file, session)
        if data is None:
            return session
        try:
            self._base_of(session, data)
        except Gap as gap:
            return gap.lacking
        except EvidenceProblem:  # it is there, and whoever reads it says what is wrong
            return None
        return None

    def bases_of(self, session: str) -> list[str]:
        """Name the sessions whose files the whole one of this session goes back to, nearest first.

        Raises:
            EvidenceProblem: as :meth:`rebuild`.
        """
        data = self._files.read_if_there(self._file, session)
        return [] if data is None else [name for name, _ in self._back_from(session, data)][1:]

    def _base_of(self, session: str, data: bytes) -> tuple[Whole, str, list[Layer]]:
        """Find the nearest whole file that a session goes back to, whose it is, and the differences from it, nearest first."""
        layers: list[Layer] = []
        for name, stored in self._back_from(session, data):
            if not is_difference(stored):
                return Whole(stored, 0, 0, len(stored)), name, layers
            layers.append(read_difference(stored, self.key, self._named(name)))
            head = layers[-1].head
            if (kept := self._kept.get((head.differs_from, head.digest))) is not None:
                return kept, head.differs_from, layers
        raise EvidenceProblem(
            f"builds on more files than any run writes; restore it from git, or run pytest --handoff={quote(session)} again",
            path=self._named(session),
        )

    def _back_from(self, session: str, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield this session and those that it goes back to, each with its file as it is stored, to a whole one or very many."""
        name, size = session, len(data)
        for _ in range(2 * MOST_LINKS):
            yield name, data
            if not is_difference(data) or size > LINES:
                return
            before = read_head(data, self._named(name)).differs_from
            found = None if names_no_folder(before) else self._files.read_if_there(self._file, before)
            if found is None:
                raise Gap(
                    f"has only what differs from {before!r}, but {self._named(before)} is missing; "
                    f"restore that from git, or run pytest --handoff={quote(session)} again",
                    path=self._named(name),
                    lacking=before,
                )
            name, data = before, found
            size += len(data)

    def _refuse(self, session: str, data: bytes) -> NoReturn:
        """Say which file it is that has changed since the session's was written."""
        files = list(self._back_from(session, data))
        whole, again = files.pop()[1], f"restore it, or run pytest --handoff={quote(session)} again"
        if len(whole) * len(files) > _MOST_FOLDED:
            raise EvidenceProblem(
                f"does not match the digest in {RECORD}: it or a file that it builds on was edited; {again}",
                path=self._named(session),
            )
        for name, stored in reversed(files):
            layer = read_difference(stored, self.key, self._named(name))
            if digest_of(whole) != layer.head.digest:
                raise EvidenceProblem(
                    f"is not the file that {name} was written against: it was edited or recorded again; {again}",
                    path=self._named(layer.head.differs_from),
                )
            whole = b"".join(fold(whole, [layer], self.key, self._named(name)))
        raise EvidenceProblem(
            f"does not match the digest in {RECORD}: it was edited or belongs to another run; {again}", path=self._named(session)
        )

    def _named(self, session: str) -> str:
        return self._files.named(self._file, session)
