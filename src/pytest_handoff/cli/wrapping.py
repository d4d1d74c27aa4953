"""Wrap lines for a terminal, with a hanging indent; other output keeps one line per fact."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.printing import console
from pytest_handoff.text_lines import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NARROWEST = 40
"""Columns below which wrapping would cost more lines than it saves."""


def width() -> int | None:
    """Return the columns of the terminal, or ``None`` if the output is no terminal: a log and ``grep`` want whole lines."""
    terminal = console()
    return max(terminal.width, NARROWEST) if terminal.is_terminal else None


def hanging(text: str, *, first: str = "", rest: str = "", columns: int | None = None) -> list[str]:
    """Wrap a text at blanks; a word that is longer than a line, such as a test id, stays whole.

    Args:
        first: what stands before the first line.
        rest: what stands before each further line.
        columns: the columns to fill; without a number those of the terminal.
    """
    room = width() if columns is None else columns
    if room is None:
        return [first + text]
    return wrap(text, room, first=first, rest=rest) or [first.rstrip()]


_PIECE = re.compile(r"\s+|\S*\d %\S*|\S+")
"""White space, or a word; a figure and its sign are one."""


def hung(lines: Iterable[Sequence[tuple[str, str]]], indent: int, columns: int | None = None) -> Iterator[list[tuple[str, str]]]:
    """Wrap styled lines at blanks, each further line behind an indent; without columns those of the terminal, if it is one."""
    room = width() if columns is None else columns
    for line in lines:
        if room is None or sum(len(text) for text, _ in line) <= room:
            yield list(line)
        else:
            yield from _wrapped(line, indent, room)


def _wrapped(line: Sequence[tuple[str, str]], indent: int, room: int) -> Iterator[list[tuple[str, str]]]:
    """Break a line where a word would not fit; a word that is longer than a line stands alone on one."""
    done: list[tuple[str, str]] = []
    used, begun, fresh = 0, False, False
    for text, style in line:
        for piece in _PIECE.findall(text):
            if begun and not fresh and not piece.isspace() and used + len(piece) > room:
                yield _joined(done)
                done, used, fresh = [(" " * indent, "")], indent, True
            if fresh and piece.isspace():
                continue
            done.append((piece, style))
            used, begun, fresh = used + len(piece), begun or not piece.isspace(), False
    yield _joined(done)


def _joined(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Join neighbours of one style, without the blanks at the end of the line."""
    while len(pieces) > 1 and pieces[-1][0].isspace():
        pieces = pieces[:-1]
    joined: list[tuple[str, str]] = []
    for text, style in pieces:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined
