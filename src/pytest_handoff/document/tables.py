"""Find the cells of a table by their offsets: a parser gives a row's contents, but not where each cell stands in its line."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_handoff.document.outline import _ANY_PIPE, Cell

if TYPE_CHECKING:
    from collections.abc import Sequence


_PIPE = re.compile(r"(?<!\\)\|")


def aligned_cells(raw: str, start: int, contents: Sequence[str]) -> tuple[Cell, ...]:
    """Find the cells of a line that hold exactly what the parser read there.

    Args:
        raw: the line without its ending.
        start: the offset of the line in the text.
        contents: the parser's cells of this row; it adds empty ones where the line is short.

    Returns:
        As many cells as the line really has; none if line and parser disagree, so that nothing is written there.
    """
    cuts = [-1, *(pipe.start() for pipe in _PIPE.finditer(raw)), len(raw)]
    spans = [(left + 1, right) for left, right in pairwise(cuts)]
    pieces = [Cell(start + left, start + right, raw[left:right].strip(" \t")) for left, right in spans]
    for first in (1, 0):  # with and without a pipe at the start of the line
        cells = pieces[first:][: len(contents)]
        if cells and cells[-1] is pieces[-1] and not cells[-1].text:
            cells.pop()
        if cells and _agree(cells, contents):
            return tuple(cells)
    return ()


def split_cells(row: str) -> list[str]:
    """Split a row at its pipes, but for those with a backslash before them, which goes."""
    return [cell.replace("\\|", "|") for cell in _PIPE.split(row)]


def _agree(cells: Sequence[Cell], contents: Sequence[str]) -> bool:
    return all(_ANY_PIPE.sub("|", cell.text) == content for cell, content in zip(cells, contents, strict=False)) and not any(
        contents[len(cells) :]
    )
