"""Encode evidence as bytes, whole or in pieces, and compute the digests that a record holds."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from pytest_handoff.errors import WriteProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_handoff.record import LedgerLine, Record, SourceLine


_Value = TypeVar("_Value")
_LINES_AT_ONCE = 500


def encode_lines(lines: Iterable[LedgerLine | SourceLine]) -> bytes:
    """Encode structs as JSON Lines, one struct per line.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    return _encoded(msgspec.json.Encoder().encode_lines, lines)


def encode_in_pieces(lines: Iterable[LedgerLine | SourceLine]) -> Iterator[bytes]:
    """Encode structs as :func:`encode_lines` does, but in pieces, since there may be very many lines.

    Raises:
        WriteProblem: as :func:`encode_lines`.
    """
    ahead = iter(lines)
    while some := list(islice(ahead, _LINES_AT_ONCE)):
        yield encode_lines(some)


def encode_json(value: object) -> bytes:
    """Encode any value as JSON.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    return _encoded(msgspec.json.encode, value)


def digest_of(data: bytes) -> str:
    """Return the digest of bytes as records hold it: ``sha256:`` and the hash in hex."""
    return digest_of_pieces((data,))


def digest_of_pieces(pieces: Iterable[bytes]) -> str:
    """Return the digest of bytes that come in pieces."""
    found = sha256()
    for piece in pieces:
        found.update(piece)
    return f"sha256:{found.hexdigest()}"


def content_digest(record: Record) -> str:
    """Return the digest of a record's content, whatever its line endings and the order of its keys."""
    return digest_of(_encoded(partial(msgspec.json.encode, order="sorted"), replace(record, digest=None)))


def _encoded(encode: Callable[[_Value], bytes], value: _Value) -> bytes:
    try:
        return encode(value)
    except UnicodeEncodeError as error:
        shown = error.object.encode("utf-8", "backslashreplace").decode()
        raise WriteProblem(f"evidence is UTF-8, and this is not: {shown[:200]!r}; rename it") from error
