"""Read the structure of a text by the rules of CommonMark and tables; decode and encode a document's bytes exactly.

The text is read, never rendered: everything found points into the original characters, so that an edit is a splice. A long text
is read in parts, each from one heading at the start of its line to another: such a heading ends every open block except fenced
code and HTML, so the blocks of the parts are those of the whole.

The parser is imported only where it is needed: many documents never need it, and it makes a logger for each of its rules, while
pytest goes through all loggers six times in each test.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from pytest_handoff.document.outline import Structure
from pytest_handoff.document.plain_reader import plain_blocks, put_plain
from pytest_handoff.errors import DocumentProblem
from pytest_handoff.text_lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pytest_handoff.document.outline import Inline, Outline


_FRONT_MATTER_KEY = r"#|[\w\"'][^:]*:(?:\s|$)"
_FENCE_OR_HEADING = re.compile(r"^(?: {0,3}(?P<fence>```|~~~)|#{1,6}(?:[ \t]|$))", re.MULTILINE)


def parse(text: str, *, in_parts: bool = True) -> Outline:
    """Read a text's structure. A BOM and YAML front matter are not part of the Markdown.

    Args:
        in_parts: ``False`` makes the parser read the whole text at once, which takes longer, with the same result.
    """
    reading = _Reading(text, in_parts=in_parts)
    while reading.start < len(reading.source):
        reading.go_on()
    return reading.structure.finished(reading.references, reading.inline)


def fenced_lines(text: str) -> frozenset[int]:
    """Find the indices of all lines in code fences, closed or not, and of their marks."""
    from pytest_handoff.document.markdown_it_reader import fenced_lines

    return fenced_lines("\n".join(Structure(text).raws))


class _Reading:
    """A text being read part by part: ``start`` and ``line`` are where the next part begins, at a heading or at the top."""

    def __init__(self, text: str, *, in_parts: bool) -> None:
        self.structure = Structure(text)
        self.source = "\n".join(_without_front_matter(self.structure.raws))
        self.in_parts = in_parts
        self.stops: list[int] = [*(_cuts(self.source) if in_parts else ()), len(self.source)]
        self.references: dict[str, Any] = {}
        self.start = self.line = 0

    def go_on(self) -> None:
        """Read one more part."""
        stop = self._stop_from(self.start + 1)
        plain = plain_blocks(self.source, self.start, stop) if self.in_parts else None
        if plain is None:
            stop = self._put_parsed(stop)
        else:
            put_plain(plain, self.structure, self.line)
        self.line += self.source.count("\n", self.start, stop)
        self.start = stop

    def inline(self, content: str) -> Inline:
        """Read inline content with the parser."""
        from pytest_handoff.document.markdown_it_reader import read_inline

        return read_inline(content, self.references)

    def _put_parsed(self, stop: int) -> int:
        """Have the parser read up to ``stop``, or further if a fence or HTML is open there; return where it stopped."""
        from pytest_handoff.document.markdown_it_reader import put_blocks, reaches_on, read_blocks

        blocks = read_blocks(self.source[self.start : stop])
        while stop < len(self.source) and reaches_on(blocks, self.source[self.start : stop]):
            stop = self._stop_from(2 * stop - self.start)  # twice as long, so that all attempts together stay linear
            blocks = read_blocks(self.source[self.start : stop])
        put_blocks(blocks, self.structure, self.line)
        for label, reference in blocks.references.items():
            self.references.setdefault(label, reference)
        return stop

    def _stop_from(self, offset: int) -> int:
        """Find the first offset, from this one on, where a part may end."""
        return self.stops[bisect_left(self.stops, min(offset, len(self.source)))]


def _cuts(source: str) -> Iterator[int]:
    """Find where headings begin at the start of a line, except inside what looks like a fence, or at the very top."""
    fenced = False
    for found in _FENCE_OR_HEADING.finditer(source):
        if found["fence"]:
            fenced = not fenced
        elif found.start() and not fenced:
            yield found.start()


def _without_front_matter(raws: list[str]) -> list[str]:
    """Blank the lines of front matter and drop a BOM, so that line numbers stay."""
    lines = [*(raw.removeprefix("\ufeff") for raw in raws[:1]), *raws[1:]]
    if len(lines) < 3 or lines[0].rstrip() != "---" or not re.match(_FRONT_MATTER_KEY, lines[1]):
        return lines
    close = next((number for number, raw in enumerate(lines) if number and raw.rstrip() in ("---", "...")), None)
    return lines if close is None else [""] * (close + 1) + lines[close + 1 :]


class UnresolvedMerge(DocumentProblem):
    """A document that holds both sides of a merge."""


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
    """Refuse a text that we cannot write to safely.

    Raises:
        DocumentProblem: the text holds NUL.
        UnresolvedMerge: it holds the markers of an unresolved merge outside code fences.
    """
    if (nul := text.find("\0")) >= 0:
        line = len(split_lines(text[: nul + 1]))
        raise DocumentProblem("this is not a text file: it contains a NUL byte", path=path, line=line)
    if (conflict := _merge_conflict(text)) is not None:
        raise UnresolvedMerge("an unresolved merge conflict starts here; resolve it first", path=path, line=conflict + 1)


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
