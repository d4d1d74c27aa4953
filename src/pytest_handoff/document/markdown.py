"""Decode and encode the text of documents exactly, and refuse a text into which nothing can be written safely."""

from __future__ import annotations

from pytest_handoff.document.parse import fenced_lines
from pytest_handoff.errors import DocumentProblem
from pytest_handoff.text_lines import split_lines


def decode(data: bytes, path: str) -> str:
    """Decode a document; bytes that are not UTF-8 become lone surrogates, and a BOM stays the first character.

    Raises:
        DocumentProblem: the file is UTF-16, holds NUL bytes, or holds the markers of an unresolved merge.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DocumentProblem("this is UTF-16; save it as UTF-8", path=path)
    text = data.decode("utf-8", "surrogateescape")
    refuse_unfit(text, path)
    return text


def refuse_unfit(text: str, path: str | None) -> None:
    """Refuse a text into which nothing can be written safely.

    Raises:
        DocumentProblem: the text holds NUL, or the markers of an unresolved merge outside code fences.
    """
    if (nul := text.find("\0")) >= 0:
        line = len(split_lines(text[: nul + 1]))
        raise DocumentProblem("this is not a text file: it holds a NUL byte", path=path, line=line)
    if (conflict := _merge_conflict(text)) is not None:
        raise DocumentProblem("an unresolved merge conflict starts here; resolve it first", path=path, line=conflict + 1)


def encode(text: str) -> bytes:
    """Encode a document: the exact inverse of :func:`decode`."""
    return text.encode("utf-8", "surrogateescape")


def _merge_conflict(text: str) -> int | None:
    """Find the index of the line with the first conflict marker, if all three stand in order outside fences."""
    if "<<<<<<<" not in text:
        return None
    fenced = fenced_lines(text)
    first: int | None = None
    wanted = ["<<<<<<<", "=======", ">>>>>>>"]
    for number, line in enumerate(split_lines(text)):
        if number not in fenced and line.startswith(wanted[0]):
            first = number if first is None else first
            wanted.pop(0)
            if not wanted:
                return first
    return None
