"""Encode evidence as bytes with its digests, and read JSON Lines back: fast if all is well, exact about any damage."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import force_setattr, replace

from pytest_handoff.errors import EvidenceProblem, NewerEvidence, WriteProblem
from pytest_handoff.record import FileCoverage, LedgerLine, NewCodeFile

if TYPE_CHECKING:
    from _hashlib import HASH
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from pytest_handoff.record import Record, SourceLine


Line = TypeVar("Line", bound=msgspec.Struct)

_DAMAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BLOCK = 1 << 16
"""Bytes to decode before their common values are shared, so that the next block can use the memory that this frees."""

_WIDTH = 120
"""The most characters of a value that stands on one line of a record."""

_DEFAULTS = dict(zip(FileCoverage.__struct_fields__[1:], FileCoverage.__struct_defaults__, strict=True))

_OF_NEW_CODE = dict(zip(NewCodeFile.__struct_fields__[1:], NewCodeFile.__struct_defaults__, strict=True))
_WORKED_OUT = ("covered_by_new_unit", "covered_by_unit", "covered", "num_statements")

LONGEST = 1 << 20
"""Bytes of a line; the longest line of a test holds its id and one line of its error."""


def decode_lines(data: bytes, kind: type[Line], path: str, *, few: Sequence[str] = (), longest: int = LONGEST) -> list[Line]:
    """Decode the lines of a file.

    Args:
        path: how messages name the file.
        few: names of fields that have few different values: all lines with the same value share one copy of it.
        longest: the most bytes that a line may have.

    Raises:
        EvidenceProblem: naming the first line that is not such a struct, or is too long.
    """
    _refuse_long(data, path, longest)
    decoder = msgspec.json.Decoder(kind)
    with suppress(*_DAMAGE):
        lines = _decode_all(decoder, data, few)
        if len(lines) == _number_of_lines(data):  # else there are empty ones, which it passes over
            return lines
    return [_decode_one(decoder, line, path, number) for number, line in enumerate(data.splitlines(), start=1)]


def lines_with(data: bytes, parts: Sequence[bytes]) -> list[bytes]:
    """Return the lines that hold one of some parts, each once, without looking at the others one by one."""
    starts: set[int] = set()
    for part in parts:
        at = data.find(part)
        while at >= 0:
            starts.add(data.rfind(b"\n", 0, at) + 1)
            end = data.find(b"\n", at)
            at = -1 if end < 0 else data.find(part, end)
    return [data[start : data.find(b"\n", start) + 1 or len(data)] for start in sorted(starts)]


def by_name(lines: Sequence[Line], name_of: Callable[[Line], str], path: str) -> dict[str, Line]:
    """Map each name to its line.

    Raises:
        EvidenceProblem: when two lines have the same name.
    """
    found = dict(zip(map(name_of, lines), lines, strict=True))
    if len(found) < len(lines):
        known: set[str] = set()
        for number, name in enumerate(map(name_of, lines), start=1):
            if name in known:
                raise EvidenceProblem(f"is damaged: {name!r} appears in it twice", path=path, line=number)
            known.add(name)
    return found


def _refuse_long(data: bytes, path: str, longest: int) -> None:
    """Refuse a line that is too long; search backwards from the farthest allowed end, so that most lines are skipped."""
    start = 0
    while len(data) - start > longest:
        end = data.rfind(b"\n", start, start + longest + 1)
        if end < 0:
            line = data.count(b"\n", 0, start) + 1
            raise EvidenceProblem(f"is damaged: the line has more than {longest:,} bytes", path=path, line=line)
        start = end + 1


def _decode_all(decoder: msgspec.json.Decoder[Line], data: bytes, few: Sequence[str]) -> list[Line]:
    if not few:
        return decoder.decode_lines(data)
    found: list[Line] = []
    values: dict[object, object] = {}
    for block in blocks(data, _BLOCK):
        lines = decoder.decode_lines(block)
        for name in few:
            for line in lines:
                value = getattr(line, name)
                if (known := values.setdefault(value, value)) is not value:
                    force_setattr(line, name, known)  # the line says the same as before
        found += lines
    return found


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    """Split data into blocks of at least so many bytes, the last one apart, that end where a line ends."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + size) + 1 or len(data)
        yield data[start:end]
        start = end


def _number_of_lines(data: bytes) -> int:
    """Count the lines as ``splitlines`` does, without copying each."""
    if b"\r" in data:
        return len(data.splitlines())
    return data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


def _decode_one(decoder: msgspec.json.Decoder[Line], line: bytes, path: str, number: int) -> Line:
    try:
        return decoder.decode(line)
    except _DAMAGE as error:
        raise EvidenceProblem(f"is damaged: {error}", path=path, line=number) from error


_Value = TypeVar("_Value")
_LINES_AT_ONCE, _FILES_AT_ONCE = 500, 32
_FEW = 1_000


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
    for first in ahead:  # a line of the sources holds a hash for each line of a file
        more = _LINES_AT_ONCE if isinstance(first, LedgerLine) else _FILES_AT_ONCE
        yield encode_lines([first, *islice(ahead, more - 1)])


def encode_at_hand(lines: Collection[LedgerLine]) -> Callable[[], Iterable[bytes]]:
    """Return what makes the pieces of :func:`encode_in_pieces`: it encodes few lines only once, and very many again each time.

    Raises:
        WriteProblem: as :func:`encode_lines`.
    """
    if len(lines) > _FEW:
        return partial(encode_in_pieces, lines)
    pieces = list(encode_in_pieces(lines))
    return lambda: pieces


def encode_json(value: object) -> bytes:
    """Encode any value as JSON.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    return _encoded(msgspec.json.encode, value)


def encode_record(record: Record) -> bytes:
    """Encode a record as it is stored: what fits stands on one line, and what follows from the rest is left out.

    It reads back as the same record, and its digest is that of all of it.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    table = msgspec.to_builtins(_as_stored(record))
    if record.new_code is not None:
        table["new_code"]["files"] = {path: _brief(file) for path, file in record.new_code.files.items()}
    table["gates"] = [_without_empty(gate, "needs", None) for gate in table["gates"]]
    if record.coverage is not None and record.coverage.by_file is None:
        table["coverage"]["files"] = {path: shortened(file) for path, file in record.coverage.files.items()}
    table["places"] = [_without_empty(place, "text", "") if "sha256" in place else place for place in table["places"]]
    keys = [f" {_key(key)}: {_laid_out(value, 1)}" for key, value in table.items()]
    return _encoded(str.encode, "{\n" + ",\n".join(keys) + "\n}\n")


def _without_empty(table: dict[str, str | None], key: str, empty: str | None) -> dict[str, str | None]:
    return {name: value for name, value in table.items() if name != key or value != empty}


def _brief(file: NewCodeFile) -> dict[str, object]:
    """Leave out of a file's new code what reading works out again."""
    given = {name: value for name, default in _OF_NEW_CODE.items() if (value := getattr(file, name)) != default}
    for name in _WORKED_OUT:
        rest = {key: value for key, value in given.items() if key != name}
        with suppress(ValueError):
            if NewCodeFile(lines=file.lines, **rest) == file:
                given = rest
    return {"lines": file.lines} | given


def shortened(file: FileCoverage) -> dict[str, object]:
    """Leave out of a file's coverage what reading works out again."""
    given = {name: getattr(file, name) for name, default in _DEFAULTS.items() if getattr(file, name) != default}
    for names in (("covered", "percent"), ("percent",), ("covered",)):
        rest = {key: value for key, value in given.items() if key not in names}
        with suppress(ValueError):
            if FileCoverage(num_statements=file.num_statements, **rest) == file:
                given = rest
                break
    return {"num_statements": file.num_statements} | given


def _laid_out(value: object, depth: int) -> str:
    """Lay out a value by its width; each of its parts gets a line of its own, except plain values, which share one."""
    line = _on_one_line(value)
    if len(line) <= _WIDTH or not isinstance(value, dict | list) or not value:
        return line
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    rows: list[str] = []
    shared = False
    for key, item in value.items() if isinstance(value, dict) else ((None, item) for item in value):
        text = ("" if key is None else f"{_key(key)}: ") + _laid_out(item, depth + 1)
        plain = not item or not isinstance(item, dict | list)
        if plain and shared and len(rows[-1]) + len(text) <= _WIDTH:
            rows[-1] += f", {text}"
        else:
            rows.append(text)
        shared = plain
    inner, outer = "\n" + " " * (depth + 1), "\n" + " " * depth
    return opening + inner + f",{inner}".join(rows) + outer + closing


def _key(name: str) -> str:
    return encode_json(name).decode()


def _on_one_line(value: object) -> str:
    return msgspec.json.format(encode_json(value), indent=0).decode()


class _Schema(msgspec.Struct):
    schema: str


def refuse_other_schema(data: bytes, schema: str, path: str) -> None:
    """Refuse a file that another version of the plugin wrote.

    Raises:
        EvidenceProblem: when its ``schema`` is another one.
        msgspec.DecodeError: when it is not JSON, or has none.
    """
    found = msgspec.json.decode(data, type=_Schema).schema
    if found != schema:
        raise NewerEvidence(f"has the schema {found!r}, but this version reads {schema!r}: upgrade pytest-handoff", path=path)


_LARGEST_KEPT, _MOST_KEPT = 1 << 17, 8
"""How large the bytes may be together that are kept with their digests, and how many of them are kept."""

_hashed: dict[int, tuple[bytes, str]] = {}
"""Bytes that were hashed last, by their number: a run reads evidence again that a test may have changed, and mostly none has."""


def digest_of(data: bytes) -> str:
    """Return the digest of bytes as records hold it: ``sha256:`` and the hash in hex."""
    known = _hashed.pop(len(data), None)
    if known is None or known[0] != data:
        known = data, f"sha256:{sha256(data).hexdigest()}"
    if len(data) <= _LARGEST_KEPT:
        _hashed[len(data)] = known
        while len(_hashed) > _MOST_KEPT or sum(_hashed) > _LARGEST_KEPT:
            del _hashed[next(iter(_hashed))]
    return known[1]


def digest_of_pieces(pieces: Iterable[bytes]) -> str:
    """Return the digest of bytes that come in pieces."""
    ahead, first, size = iter(pieces), list[bytes](), 0
    for piece in ahead:
        first.append(piece)
        size += len(piece)
        if size > _LARGEST_KEPT:
            break
    else:
        return digest_of(b"".join(first))
    found = sha256()
    for piece in first:
        found.update(piece)
    first.clear()  # a long file is not held as a whole
    for piece in ahead:
        found.update(piece)
    return shown_digest(found)


def shown_digest(found: HASH) -> str:
    """Write the digest of what was hashed with sha256 as records hold it."""
    return f"sha256:{found.hexdigest()}"


def content_digest(record: Record) -> str:
    """Return the digest of a record's content, whatever its line endings and the order of its keys."""
    return digest_of(_encoded(partial(msgspec.json.encode, order="sorted"), replace(_as_stored(record), digest=None)))


def _as_stored(record: Record) -> Record:
    """Take out the files whose coverage ``coverage.jsonl`` holds; the record names its digest."""
    if record.coverage is None or record.coverage.by_file is None:
        return record
    return replace(record, coverage=replace(record.coverage, files={}))


def run_digest(record: Record) -> str:
    """Return the digest of what a record says about its run; leave out the document, so that filling it again changes nothing.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    return content_digest(replace(record, gates=[], places=[], required=[]))


def _encoded(encode: Callable[[_Value], bytes], value: _Value) -> bytes:
    try:
        return encode(value)
    except UnicodeEncodeError as error:
        shown = error.object.encode("utf-8", "backslashreplace").decode()
        raise WriteProblem(f"evidence must be UTF-8, but this name is not: {shown[:200]!r}; rename it") from error
