"""Write a long file of evidence as a difference from an earlier session's, and rebuild the whole file from differences.

A difference is a file of JSON Lines like the whole. Its first line names the session that it differs from, the digest of that
session's whole file and the names that are gone; the other lines are those that are new or changed, in full, or as edits of what
they were (:mod:`pytest_handoff.project.line_edits`). Here are only
bytes: where they come from, and whether the whole is the one that a record names, is for :mod:`pytest_handoff.project.store`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.encoding import blocks, encode_json
from pytest_handoff.project.foreign_files import LINES
from pytest_handoff.project.line_edits import apply, check, is_edit, shorter
from pytest_handoff.project.pieces import DAMAGE, PIECE, Pieces, add, last_name, name_of, names_of
from pytest_handoff.record import Bundle, Difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.project.pieces import Key

MOST_LINKS = 100
"""The most differences between a session's file and the whole file that they start from."""

_MOST_EDITED = 4 * LINES
"""The most bytes that are copied to apply edits, a line for each edit of it: a hundred sessions that edit a million lines need
less, and small edits of very long lines could take minutes."""

Changes = dict[str, bytes | None]
"""New and changed lines by name, some as edits of the line before; ``None`` for a name that is gone."""


_HEAD = msgspec.json.Decoder(Difference)


class Layer(Bundle, frozen=True):
    """A difference as it was read: what it differs from, what has changed, and its size in bytes."""

    head: Difference
    changes: Changes
    size: int


def read_head(data: bytes, path: str) -> Difference:
    """Read the first line of a difference.

    Raises:
        EvidenceProblem: when it is none that a run writes.
    """
    try:
        return _HEAD.decode(data[: data.find(b"\n")])
    except DAMAGE as error:
        raise EvidenceProblem(f"is damaged: {error}", path=path, line=1) from error


def read_difference(data: bytes, key: Key, path: str) -> Layer:
    """Read the file of a difference.

    Args:
        path: how messages name the file.

    Raises:
        EvidenceProblem: naming the first line that no run writes.
    """
    head = read_head(data, path)
    changes: Changes = {}
    number, before = 1, None
    try:
        for number, line in enumerate(data.splitlines(keepends=True)[1:], start=2):
            name = name_of(line, key)
            if (before is not None and name <= before) or not line.endswith(b"\n"):
                raise EvidenceProblem("is damaged: its lines are out of order, or one is cut off", path=path, line=number)
            if is_edit(line):
                check(line)
            changes[name] = line
            before = name
    except DAMAGE as error:
        raise EvidenceProblem(f"is damaged: {error}", path=path, line=number) from error
    if both := changes.keys() & head.gone:
        raise EvidenceProblem(f"is damaged: {min(both)!r} is listed as both removed and changed", path=path, line=1)
    return Layer(head, changes | dict.fromkeys(head.gone), len(data))


def write_difference(head: Difference, changes: Mapping[str, bytes | None]) -> bytes:
    """Write the file of a difference; ``head`` names what it differs from, and ``changes`` what is gone.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    gone = sorted(name for name, line in changes.items() if line is None)
    head = Difference(differs_from=head.differs_from, digest=head.digest, gone=gone)
    return b"".join([encode_json(head), b"\n", *(line for _, line in sorted(changes.items()) if line is not None)])


class _Ahead:
    """Read a whole file from its beginning on, in pieces that end where lines end, and hold only what is compared at once."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held, self._at = b"", 0

    def passes(self, block: bytes) -> bool:
        """Go on behind a block if it comes next."""
        lacking = len(block) - (len(self._held) - self._at)
        if lacking > 0:
            more = [self._held[self._at :]]
            while lacking > 0 and (piece := next(self._pieces, b"")):
                more.append(piece)
                lacking -= len(piece)
            self._held, self._at = b"".join(more), 0
        if not self._held.startswith(block, self._at):
            return False
        self._at += len(block)
        return True

    def line(self) -> bytes:
        """Return the next line without going on; it is empty behind the last one."""
        if self._at == len(self._held):
            self._held, self._at = next(self._pieces, b""), 0
        return _line_at(self._held, self._at)

    def skip(self, line: bytes) -> None:
        """Go on behind the next line."""
        self._at += len(line)

    def rest(self) -> Iterator[bytes]:
        """Yield what comes next, to the end."""
        yield self._held[self._at :]
        yield from self._pieces


def changes_since(base: Iterable[bytes], now: Iterable[bytes], key: Key) -> Changes:
    """Compare two whole files whose lines are in order; both come in pieces that end where a line ends."""
    changes: Changes = {}
    ahead = _Ahead(base)
    for block in (block for piece in now for block in blocks(piece, PIECE)):
        if ahead.passes(block):  # mostly few lines differ
            continue
        for line in block.splitlines(keepends=True):
            old = ahead.line()
            if line == old:
                ahead.skip(old)
                continue
            name, before = name_of(line, key), None
            while old and (older_name := name_of(old, key)) <= name:
                if older_name < name:
                    changes[older_name] = None
                else:
                    before = old
                ahead.skip(old)
                old = ahead.line()
            changes[name] = line if before is None or key == "id" else shorter(before, line)
    for piece in ahead.rest():
        changes |= dict.fromkeys(names_of(piece, key))
    return changes


def fold(base: Pieces, layers: Iterable[Layer], key: Key, path: str) -> Pieces:
    """Apply differences to the whole file that the first of them differs from; pieces in which nothing changes are shared.

    What it returns may be anything where a file was edited: its digest tells.

    Args:
        path: how messages name the base.

    Raises:
        EvidenceProblem: where the base cannot be read.
    """
    changes, edits = _joined(layers)
    names = sorted(changes.keys() | edits.keys())
    parts, lasts = (base.parts, base.lasts) if base.parts else ([b""], [""])
    first = min(bisect_left(lasts, names[0]), len(lasts) - 1) if names else len(lasts)
    found, left = base.before(first), [_MOST_EDITED]
    at, kept = 0, first
    try:
        while at < len(names):
            which = min(bisect_left(lasts, names[at], kept), len(lasts) - 1)
            after = bisect_right(names, lasts[which], at) if which < len(lasts) - 1 else len(names)
            found.parts.extend(parts[kept:which])
            found.lasts.extend(lasts[kept:which])
            kept = which + 1
            add(found, *_merged(parts[which], names[at:after], changes, edits, key, left=left), key)
            at = after
    except DAMAGE as error:
        line = sum(part.count(b"\n") for part in parts[: kept - 1]) + 1
        raise EvidenceProblem(f"is damaged: {error}", path=path, line=line) from error
    except _TooMuch as error:
        raise _too_many_edits(path) from error
    found.parts.extend(parts[kept:])
    found.lasts.extend(lasts[kept:])
    return found


def folded(base: Iterable[bytes], layers: Iterable[Layer], key: Key, path: str) -> Iterator[bytes]:
    """Apply differences as :func:`fold` does, and hold neither the whole file that they begin with nor the one that they make.

    Args:
        base: the whole file, in pieces that end where lines end.
        path: how messages name it.

    Raises:
        EvidenceProblem: where edits are too many.
        msgspec.DecodeError: as reading a name does.
    """
    changes, edits = _joined(layers)
    names = sorted(changes.keys() | edits.keys())
    at, left = 0, [_MOST_EDITED]
    try:
        for block in (block for piece in base for block in blocks(piece, PIECE)):
            after = bisect_right(names, last_name(block, key), at) if at < len(names) else at
            yield _merged(block, names[at:after], changes, edits, key, left=left)[0] if after > at else block
            at = after
        if at < len(names):
            yield _merged(b"", names[at:], changes, edits, key, left=left)[0]
    except _TooMuch as error:
        raise _too_many_edits(path) from error


def _too_many_edits(path: str) -> EvidenceProblem:
    return EvidenceProblem("has more edits of long lines than any run writes; restore it from git", path=path)


class _TooMuch(Exception):  # it is no error of this program
    """More bytes to copy than any run writes edits of."""


def _joined(layers: Iterable[Layer]) -> tuple[Changes, dict[str, list[bytes]]]:
    """Join what differences change: the last full line of each name, and the edits that came after it."""
    changes: Changes = {}
    edits: dict[str, list[bytes]] = {}
    for layer in layers:
        for name, line in layer.changes.items():
            if line is not None and is_edit(line):
                edits.setdefault(name, []).append(line)
            else:
                changes[name] = line
                edits.pop(name, None)
    return changes, edits


def _merged(
    block: bytes, names: Sequence[str], changes: Changes, edits: Mapping[str, Sequence[bytes]], key: Key, *, left: list[int]
) -> tuple[bytes, str]:
    """Apply the changes of some names to the lines of a block, and name its last line.

    Args:
        left: counts down what may be copied for edits.
    """
    known, lines = names_of(block, key), block.splitlines(keepends=True)
    for name in names:
        at = bisect_left(known, name)
        end = at + (known[at : at + 1] == [name])
        line = changes[name] if name in changes else lines[at] if end > at else None
        if name in edits:
            left[0] -= len(line or b"") * len(edits[name])
            if left[0] < 0:
                raise _TooMuch
            line = apply(line, edits[name])
        known[at:end], lines[at:end] = ([name], [line]) if line else ([], [])
    return b"".join(lines), known[-1] if known else ""


def _line_at(data: bytes, start: int) -> bytes:
    return data[start : data.find(b"\n", start) + 1 or len(data)]
