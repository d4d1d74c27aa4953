"""Write what changed in one source file as edits of its hashes, and apply such edits to the earlier line.

A line of the sources holds a hash for each line of a file. Where a session changed few of them, its difference holds only these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.evidence.source_changes import WIDTH
from pytest_handoff.project.encoding import encode_json
from pytest_handoff.record import SourceEdits, SourceLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MARK = b',"edits":['
"""What no line but one with edits holds: within a JSON string the quotation marks would have backslashes."""

_MOST_COMPARED = 1 << 20
"""Pairs of lines up to which the lines between the first and the last change are compared; else all of them are one edit."""


def is_edit(line: bytes) -> bool:
    """Check whether a line holds edits of the line before."""
    return _MARK in line


def shorter(old: bytes, new: bytes) -> bytes:
    """Return the edits that make one line of the sources out of another one, or that line where it is not longer.

    Raises:
        msgspec.DecodeError: when one of them is no line of the sources.
    """
    if b',"lines":"' not in old or b',"lines":"' not in new:
        return new
    before, now = msgspec.json.decode(old, type=SourceLine), msgspec.json.decode(new, type=SourceLine)
    edits = [*_edits(_hashes(before.lines), _hashes(now.lines))]
    line = encode_json(SourceEdits(path=now.path, blob=now.blob, edits=edits, kind=now.kind)) + b"\n"
    return line if len(line) < len(new) else new


def check(line: bytes) -> None:
    """Check that a run could have written these edits.

    Raises:
        msgspec.DecodeError: when they are not.
    """
    msgspec.json.decode(line, type=SourceEdits)


def apply(line: bytes | None, edits: Sequence[bytes]) -> bytes:
    """Apply edits, the oldest first, to the line of a file; edits of another file give a wrong line, which its digest reveals.

    Raises:
        msgspec.DecodeError: when the line is none of the sources.
    """
    if line is None:
        return b""
    found = msgspec.json.decode(line, type=SourceLine)
    for edit in (msgspec.json.decode(one, type=SourceEdits) for one in edits):
        hashes = "".join(_edited(found.lines, edit)) if _fits(found.lines, edit) else ""
        found = SourceLine(path=edit.path, blob=edit.blob, lines=hashes, kind=edit.kind)
    return encode_json(found) + b"\n"


def _fits(hashes: str, edit: SourceEdits) -> bool:
    """Check that edits follow each other within the lines: else few of them could make very many lines."""
    at = 0
    for start, gone, _ in edit.edits:
        if not at <= start <= start + gone <= -(-len(hashes) // WIDTH):
            return False
        at = start + gone
    return True


def _edited(hashes: str, edit: SourceEdits) -> Iterator[str]:
    at = 0
    for start, gone, new in edit.edits:
        yield hashes[at : start * WIDTH]
        yield new
        at = (start + gone) * WIDTH
    yield hashes[at:]


def _hashes(lines: str) -> list[str]:
    return [lines[at : at + WIDTH] for at in range(0, len(lines), WIDTH)]


def _edits(old: list[str], new: list[str]) -> Iterator[tuple[int, int, str]]:
    """Find where lines differ: the first one (from 0), how many are gone, and the hashes of those in their place."""
    start = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new)))
    most = min(len(old), len(new)) - start
    end = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    if len(left) * len(right) > _MOST_COMPARED and len(left) != len(right):
        yield start, len(left), "".join(right)
        return
    found = _in_place(left, right) if len(left) == len(right) else _compared(left, right)
    for low, high, first, last in found:
        yield start + low, high - low, "".join(right[first:last])


def _in_place(left: list[str], right: list[str]) -> Iterator[tuple[int, int, int, int]]:
    at = 0
    while at < len(left):
        end = at
        while end < len(left) and left[end] != right[end]:
            end += 1
        if end > at:
            yield at, end, at, end
        at = end + 1


def _compared(left: list[str], right: list[str]) -> Iterator[tuple[int, int, int, int]]:
    from difflib import SequenceMatcher

    for tag, low, high, first, last in SequenceMatcher(None, left, right, autojunk=True).get_opcodes():
        if tag != "equal":
            yield low, high, first, last
