"""Reading JSON Lines, one struct a line: fast where all is well, and exact about what is not."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import msgspec

from pytest_handoff.errors import EvidenceProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Line = TypeVar("Line", bound=msgspec.Struct)

_DAMAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_lines(data: bytes, kind: type[Line], path: str) -> list[Line]:
    """The lines of a file.

    Args:
        path: how messages name the file.

    Raises:
        EvidenceProblem: naming the first line that is no such struct.
    """
    decoder = msgspec.json.Decoder(kind)
    with suppress(*_DAMAGE):
        lines = decoder.decode_lines(data)
        if len(lines) == _number_of_lines(data):  # else there are empty ones, which it passes over
            return lines
    return [_decode_one(decoder, line, path, number) for number, line in enumerate(data.splitlines(), start=1)]


def by_name(lines: Sequence[Line], name_of: Callable[[Line], str], path: str) -> dict[str, Line]:
    """The lines by their names.

    Raises:
        EvidenceProblem: when two have the same.
    """
    found = dict(zip(map(name_of, lines), lines, strict=True))
    if len(found) < len(lines):
        known: set[str] = set()
        for number, name in enumerate(map(name_of, lines), start=1):
            if name in known:
                raise EvidenceProblem(f"is damaged: {name!r} stands in it twice", path=path, line=number)
            known.add(name)
    return found


def _number_of_lines(data: bytes) -> int:
    """As many as ``splitlines`` finds, and without a copy of each."""
    if b"\r" in data:
        return len(data.splitlines())
    return data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


def _decode_one(decoder: msgspec.json.Decoder[Line], line: bytes, path: str, number: int) -> Line:
    try:
        return decoder.decode(line)
    except _DAMAGE as error:
        raise EvidenceProblem(f"is damaged: {error}", path=path, line=number) from error
