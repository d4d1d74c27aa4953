"""Read and write our markers in comments, and the blocks between two of them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from pytest_handoff.document.labels import without_escapes
from pytest_handoff.document.outline import Comment
from pytest_handoff.figures import enumerated
from pytest_handoff.text_lines import eol_of, split_lines

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from pytest_handoff.document.outline import Outline


_ID = r"[A-Za-z][\w.-]*"
_MARKER = re.compile(rf"<!--\s*handoff:\s*(?:(begin|end)\s+({_ID})(?:\s+([0-9a-f]+))?|({_ID}))\s*-->")
_OURS = re.compile(r"<!--\s*handoff:")
_FORGED = re.compile(r"<!--\s*handoff:|^<{7}", re.MULTILINE)
_DELIMITER_ROW = r"[ \t>]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+"


class Marker(msgspec.Struct, frozen=True):
    """One of our comments: what it does, the id it names, and for ``end`` the checksum written there."""

    does: Literal["begin", "end", "off", "value"]
    id: str
    checksum: str | None
    comment: Comment


class Block(msgspec.Struct, frozen=True):
    """A block between two markers; ``start`` to ``end`` is from the line under ``begin`` through the ``end`` comment."""

    id: str
    line: int
    last: int
    start: int
    end: int
    prefix: str
    body: str
    checksum: str | None


class MarkerProblem(msgspec.Struct, frozen=True):
    """A marker that cannot be followed, at a line index, with the reason."""

    line: int
    id: str | None
    message: str


def read_markers(parsed: Outline) -> tuple[list[Marker], list[MarkerProblem]]:
    """Read all our comments, in order; those that cannot be read are problems."""
    markers, troubles = [], []
    for comment in parsed.comments:
        if _OURS.match(comment.text):
            marker = _marker(comment)
            if marker is None:
                troubles.append(MarkerProblem(comment.line, None, f"unknown marker: {comment.text}"))
            elif marker.does in ("begin", "end") and not comment.alone:
                troubles.append(MarkerProblem(comment.line, marker.id, f"this marker needs its own line: {comment.text}"))
            else:
                markers.append(marker)
    return markers, troubles


def pair_blocks(parsed: Outline, markers: list[Marker], off: Container[int] = ()) -> tuple[list[Block], list[MarkerProblem]]:
    """Pair each begin marker with its own end marker; markers without a partner and blocks that come twice are problems.

    Args:
        off: the lines where the plugin keeps out; a copy of a block there is a person's.
    """
    blocks: list[Block] = []
    troubles: list[MarkerProblem] = []
    opened: Marker | None = None
    for marker in markers:
        if marker.does == "begin":
            troubles += [_unclosed(opened, marker)] if opened else []
            opened = marker
        elif marker.does == "end" and opened is not None and opened.id == marker.id:
            blocks.append(_block(parsed, opened, marker))
            opened = None
        elif marker.does == "end":
            troubles += [_unclosed(opened, marker)] if opened else []
            troubles.append(_unopened(opened, marker))
            opened = None
    troubles += [_unclosed(opened, None)] if opened else []
    return blocks, [*troubles, *_twins(block for block in blocks if block.line not in off)]


def block_checksum(body: str) -> str:
    """Hash a block's text to eight hexadecimal digits.

    A run of white space counts as one blank, and not at all beside a pipe; the dashes under a table's header count as one dash,
    and backslashes before punctuation do not count: what a Markdown formatter changes does not change the checksum.
    """
    return hashlib.sha256(_essence(body).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def is_sealed(block: Block) -> bool:
    """Check whether a block's text is still the one its checksum was written for, or there is nothing to lose."""
    if block.checksum is None or not block.body.strip():
        return True
    return len(block.checksum) >= 4 and block_checksum(block.body).startswith(block.checksum)


def block_text(id: str, body: str, *, prefix: str, eol: str) -> str:  # noqa: A002 - the word every other module uses
    """Write the body and the end comment of a block, as they stand under its begin comment."""
    body = harmless(body)
    lines = [*split_body(body), f"<!-- handoff:end {id} {block_checksum(body)} -->"]
    return eol.join(f"{prefix}{line}" if line else prefix.rstrip() for line in lines)


def with_block(text: str, after_line: int, id: str, body: str) -> str:  # noqa: A002 - the word every other module uses
    """Insert a new block after a line (counted from 1; 0 is the top), set off by blank lines."""
    lines = split_lines(text)
    bom = "\ufeff" if not after_line and text.startswith("\ufeff") else ""
    eol = next((eol_of(line) for line in reversed(lines[: max(after_line, 1)]) if eol_of(line)), "\n")
    before, after = "".join(lines[:after_line]), "".join(lines[after_line:]).removeprefix(bom)
    if before and not eol_of(lines[after_line - 1]):
        before += eol
    gap = eol if before and lines[after_line - 1].strip() else ""
    block = f"<!-- handoff:begin {id} -->{eol}{block_text(id, body, prefix='', eol=eol)}{eol}"
    return bom + before + gap + block + (eol if after and after.split("\n")[0].strip() else "") + after


def harmless(value: str) -> str:
    """Defuse our markers and merge conflict markers in a value, so that no value brings one into a document."""
    return _FORGED.sub(lambda found: "&lt;" + found[0][1:], value)


def split_body(body: str) -> list[str]:
    """Split a body into its lines, without the blank lines around it."""
    return re.split(r"\r\n?|\n", body.strip("\r\n")) if body.strip("\r\n") else []


def _marker(comment: Comment) -> Marker | None:
    found = _MARKER.fullmatch(comment.text)
    if found is None or found[4] in ("begin", "end"):
        return None
    if found[4] is None:
        return Marker("begin" if found[1] == "begin" else "end", found[2], found[3], comment)
    return Marker("off" if found[4] == "off" else "value", found[4], None, comment)


def _block(parsed: Outline, begin: Marker, end: Marker) -> Block:
    first, last = begin.comment.line, end.comment.line
    prefix = parsed.text[parsed.starts[last] : end.comment.start]
    lines = [parsed.raw(line) for line in range(first + 1, last)]
    body = "\n".join("" if line.rstrip() == prefix.rstrip() else line.removeprefix(prefix) for line in lines)
    start = parsed.starts[min(first + 1, last)]
    return Block(begin.id, first, last, start, end.comment.end, prefix, body, end.checksum)


def _unclosed(begin: Marker, following: Marker | None) -> MarkerProblem:
    line = begin.comment.line
    where = "" if following is None else f" before line {following.comment.line + 1}"
    return MarkerProblem(line, begin.id, f"the block {begin.id} that begins on line {line + 1} has no end{where}")


def _unopened(begin: Marker | None, end: Marker) -> MarkerProblem:
    line = end.comment.line
    where = "" if begin is None else f"; {begin.id} begins on line {begin.comment.line + 1}"
    return MarkerProblem(line, end.id, f"the end of {end.id} on line {line + 1} has no beginning{where}")


def _twins(blocks: Iterable[Block]) -> Iterator[MarkerProblem]:
    lines: dict[str, list[int]] = {}
    for block in blocks:
        lines.setdefault(block.id, []).append(block.line)
    for id, places in lines.items():  # noqa: A001 - the word every other module uses
        if len(places) > 1:
            named = enumerated([line + 1 for line in places])
            yield MarkerProblem(places[0], id, f"the block {id} appears more than once, on lines {named}")


def _essence(body: str) -> str:
    lines = (re.sub(r"-+", "-", line) if _is_delimiter_row(line) else line for line in split_body(body))
    return re.sub(r" ?\| ?", "|", without_escapes(" ".join(" ".join(lines).split())))


def _is_delimiter_row(line: str) -> bool:
    return "-" in line and not line.strip(" \t>|:-") and re.fullmatch(_DELIMITER_ROW, line) is not None
