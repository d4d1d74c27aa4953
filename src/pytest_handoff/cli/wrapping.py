"""Wrap lines for a terminal, with a hanging indent; output that is not a terminal keeps one line a fact."""

from __future__ import annotations

import textwrap

from pytest_handoff.printing import console

NARROWEST = 40
"""Columns below which wrapping would cost more lines than it saves."""


def width() -> int | None:
    """Return the columns of the terminal, or ``None`` where the output is none: a log and ``grep`` want whole lines."""
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
    return textwrap.wrap(
        text, room, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    ) or [first.rstrip()]
