"""Rebuild the whole ledger or sources of a session from a chain of differences, wherever their files are read from."""

from __future__ import annotations

from collections import deque
from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.differences import MOST_LINKS, fold, folded, read_difference, read_head
from pytest_handoff.project.encoding import digest_of
from pytest_handoff.project.foreign_files import LINES, MEGABYTE
from pytest_handoff.project.pieces import Pieces, cut, measured
from pytest_handoff.project.records import names_no_folder
from pytest_handoff.project.stored_files import LEDGER, RECORD, Gap, is_difference
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import NoReturn, Protocol

    from pytest_handoff.project.differences import Layer
    from pytest_handoff.project.pieces import Key
    from pytest_handoff.project.stored_files import StoredFiles

    class Reader(Protocol):
        """Read the files of sessions as they are stored, from a folder or from a commit."""

        def read_if_there(self, name: str, session: str) -> bytes | None:
            """Read the file of a session, or return ``None`` if there is none."""

        def named(self, name: str, session: str) -> str:
            """Return how messages name the file of a session."""


_KEPT, _MOST_KEPT = 3, 12 * MEGABYTE
"""How many whole files are kept for the sessions that differ from them, and how large they may be together."""


_MOST_FOLDED = LINES
"""The most bytes that are folded, a whole file for each difference, to find out which of them has changed."""


_LONG = 1 << 20
"""Bytes up to which a file that differences make is held while others are compared with it."""


class Whole(Bundle, frozen=True):
    """The whole file of a session.

    Attributes:
        stored: the file of the session as it is stored.
        links: how many differences lie between it and a file that is written whole.
        weight: the size of these differences together.
        base_size: the size of that whole file.
    """

    pieces: Pieces
    stored: bytes
    links: int
    weight: int
    base_size: int

    @property
    def data(self) -> bytes:
        """Return the bytes: of a file that is written whole those that are stored, since it may be large."""
        return b"".join(self.pieces.parts) if self.links else self.stored


class Base(Bundle, frozen=True):
    """A whole file that another one may differ from, as it is compared with that.

    Attributes:
        pieces: makes its pieces, which end where lines end, whenever it is called.
        links: how many differences lie between it and a file that is written whole.
        weight: the size of these differences together.
        size: the size of that whole file.
    """

    pieces: Callable[[], Iterable[bytes]]
    links: int
    weight: int
    size: int


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
        kept = self._kept.pop((session, str(digest)), None)
        whole = kept if kept is not None and kept.stored == data else self.rebuild(session, data)
        if whole.pieces.digest() != digest:
            self._kept.clear()  # the file that has changed may be one that these are made of
            self._refuse(session, data)
        if whole.links:
            self._keep(session, digest, whole)
        return whole

    def base(self, session: str, files: StoredFiles, digest: str) -> Base:
        """Check that the whole file of a session is the one with this digest, without holding it where it is long.

        Args:
            files: the files that this object was made with.

        Raises:
            EvidenceProblem: as :meth:`checked`; the pieces raise it, too, where a file can be read no more.
            msgspec.DecodeError: where a file holds what no run writes.
        """
        pieces, size = self._pieces(session, files)
        layers: list[Layer] = []
        name, weight = session, 0
        while is_difference(next(iter(pieces()), b"")) and len(layers) < MOST_LINKS and weight <= LINES:
            layers.append(read_difference(b"".join(pieces()), self.key, self._named(name)))
            name, weight = layers[-1].head.differs_from, weight + size
            pieces, size = self._pieces(name, files)
        made = self._made(pieces, layers[::-1], self._named(name), hold=size <= _LONG) if layers else pieces
        if measured(made())[0] != digest:
            self._refuse(session, files.read(self._file, session))
        return Base(made, len(layers), weight, size)

    def _made(
        self, whole: Callable[[], Iterable[bytes]], layers: list[Layer], path: str, *, hold: bool
    ) -> Callable[[], Iterable[bytes]]:
        """Return what makes the pieces of a file from a whole one and differences; they are made once where they are held."""

        def make() -> Iterable[bytes]:
            return folded(whole(), layers, self.key, path)

        held = list(make()) if hold else []
        return (lambda: held) if hold else make

    def _pieces(self, session: str, files: StoredFiles) -> tuple[Callable[[], Iterable[bytes]], int]:
        """Return what makes the pieces of a session's file as it is stored, and its size."""
        if names_no_folder(session):
            raise EvidenceProblem("is no name of a session", path=session)
        pieces = files.in_pieces(self._file, session)
        return pieces, sum(map(len, pieces()))

    def _keep(self, session: str, digest: str, whole: Whole) -> None:
        """Keep a whole file for those that differ from it; nobody believes it before its digest is compared again."""
        self._kept.pop((session, digest), None)
        self._kept[session, digest] = whole
        while len(self._kept) > _KEPT or sum(one.base_size + one.weight for one in self._kept.values()) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def rebuild(self, session: str, data: bytes) -> Whole:
        """Rebuild the whole file of a session, which may be anything if one that it goes back to was edited.

        That of the session before is kept, too, since whoever asks for a session often asks for that one next.

        Raises:
            Gap: when a file that it goes back to is missing.
            EvidenceProblem: when one of them is damaged, or there are too many.
        """
        if not is_difference(data):
            return self._written_whole(session, data)
        base, name, stored, layers = self._base_of(session, data)
        if layers[1:]:
            base = self._folded(base, name, stored[1], layers[:0:-1])
            name = layers[0].head.differs_from
            self._keep(name, layers[0].head.digest, base)
        return self._folded(base, name, data, layers[:1])

    def _written_whole(self, session: str, data: bytes) -> Whole:
        return Whole(cut(data, self.key, self._named(session)), data, 0, 0, len(data))

    def _folded(self, base: Whole, name: str, stored: bytes, layers: Sequence[Layer]) -> Whole:
        """Fold differences, the oldest first, into the whole file of a session."""
        found = fold(base.pieces, layers, self.key, self._named(name))
        return Whole(found, stored, base.links + len(layers), base.weight + sum(one.size for one in layers), base.base_size)

    def lacking(self, session: str) -> str | None:
        """Name the nearest session whose file is needed for the whole one of this session and is not there."""
        data = self._files.read_if_there(self._file, session)
        if data is None:
            return session
        try:
            deque(self._back_from(session, data), maxlen=0)
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

    def _base_of(self, session: str, data: bytes) -> tuple[Whole, str, list[bytes], list[Layer]]:
        """Find the nearest whole file that a session goes back to, and whose it is; then the differences, nearest first.

        Those come as they are stored, then as they were read.
        """
        found: list[bytes] = []
        layers: list[Layer] = []
        for name, stored in self._back_from(session, data):
            if not is_difference(stored):
                return self._written_whole(name, stored), name, found, layers
            found.append(stored)
            layers.append(read_difference(stored, self.key, self._named(name)))
            head = layers[-1].head
            if (kept := self._kept.get((head.differs_from, head.digest))) is not None:
                return kept, head.differs_from, found, layers
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
            whole = b"".join(fold(cut(whole, self.key, self._named(name)), [layer], self.key, self._named(name)).parts)
        raise EvidenceProblem(
            f"does not match the digest in {RECORD}: it was edited or belongs to another run; {again}", path=self._named(session)
        )

    def _named(self, session: str) -> str:
        return self._files.named(self._file, session)
