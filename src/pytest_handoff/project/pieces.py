"""Hold a whole file of evidence in pieces that end where lines end, so that files that differ in few lines share the others.

Whoever follows a chain of sessions then pays for what each of them changed, and for the digest of its whole file.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import msgspec

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.encoding import blocks, digest_of_pieces, lines_with, shown_digest
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from _hashlib import HASH
    from collections.abc import Iterable, Iterator, Sequence

Key = Literal["id", "path"]
"""The key that names a line: of a test in the ledger, of a file in the sources."""

DAMAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises on a file that no run writes."""

PIECE = 1 << 11
"""The fewest bytes of a piece of a longer file; one of twice as many is cut."""

_BETWEEN_STATES = 8
"""How many pieces lie between two of which the state of the hash is remembered."""


class _Test(msgspec.Struct):
    id: str


class _File(msgspec.Struct):
    path: str


_TESTS, _FILES = msgspec.json.Decoder(_Test), msgspec.json.Decoder(_File)


class Pieces(Bundle, frozen=True):
    """The pieces of a whole file, each with the name of its last line; both lists have the same length.

    Attributes:
        hashed: the state of the hash before some of the pieces, by their place, so that files which begin alike are hashed from
            where they differ.
    """

    parts: list[bytes]
    lasts: list[str]
    hashed: dict[int, HASH]

    def before(self, at: int) -> Pieces:
        """Return the pieces before a place, to be followed by others."""
        return Pieces(self.parts[:at], self.lasts[:at], {place: state for place, state in self.hashed.items() if place <= at})

    def digest(self) -> str:
        """Return the digest of the file as records hold it; no more pieces are added then."""
        start = max(self.hashed, default=0)
        state = self.hashed[start].copy() if start else sha256()
        for at in range(start, len(self.parts)):
            if at % _BETWEEN_STATES == 0:
                self.hashed[at] = state.copy()
            state.update(self.parts[at])
        return shown_digest(state)


def cut(data: bytes, key: Key, path: str) -> Pieces:
    """Cut a whole file into pieces.

    Args:
        path: how messages name the file.

    Raises:
        EvidenceProblem: where a line that ends a piece is none that a run writes.
    """
    found = Pieces([], [], {})
    try:
        _add_cut(found, data, key)
    except DAMAGE as error:
        line = sum(part.count(b"\n") for part in found.parts) + (not found.parts[-1].endswith(b"\n"))
        raise EvidenceProblem(f"is damaged: {error}", path=path, line=line) from error
    return found


def add(pieces: Pieces, lines: bytes, last: str, key: Key) -> None:
    """Add lines at the end, the last of which has this name: as one piece, or as several where they are long.

    Raises:
        msgspec.DecodeError: as reading a name does.
    """
    if len(lines) > 2 * PIECE:
        _add_cut(pieces, lines, key)
    elif lines:
        pieces.parts.append(lines)
        pieces.lasts.append(last)


def _add_cut(pieces: Pieces, lines: bytes, key: Key) -> None:
    for part in blocks(lines, PIECE):
        pieces.parts.append(part)
        pieces.lasts.append(last_name(part, key))


def name_of(line: bytes, key: Key) -> str:
    """Read the name of a line."""
    return _TESTS.decode(line).id if key == "id" else _FILES.decode(line).path


def last_name(block: bytes, key: Key) -> str:
    """Read the name of the last line of a block."""
    return name_of(block[block.rfind(b"\n", 0, -1) + 1 :], key)


def names_of(block: bytes, key: Key) -> list[str]:
    """Read the names of the lines of a block."""
    if key == "id":
        return [line.id for line in _TESTS.decode_lines(block)]
    return [line.path for line in _FILES.decode_lines(block)]


def measured(pieces: Iterable[bytes]) -> tuple[str, int]:
    """Return the digest of bytes that come in pieces, and how many they are."""
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for piece in pieces:
            size += len(piece)
            yield piece

    return digest_of_pieces(counted()), size


class Search:
    """Look for the lines that hold one of some parts in one file after the other, and in each piece that they share once."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts
        self._known: dict[bytes, bytes] = {}

    def lines(self, pieces: Sequence[bytes]) -> bytes:
        """Return the lines of a file that hold one of the parts."""
        if len(pieces) == 1:  # a file that is written whole shares nothing
            return self._in(pieces[0])
        if len(self._known) > 2 * len(pieces):  # most of these pieces are those of earlier files
            self._known = {piece: self._known[piece] for piece in pieces if piece in self._known}
        self._known |= {piece: self._in(piece) for piece in pieces if piece not in self._known}
        return b"".join(map(self._known.__getitem__, pieces))

    def _in(self, piece: bytes) -> bytes:
        return b"".join(lines_with(piece, self._parts))
