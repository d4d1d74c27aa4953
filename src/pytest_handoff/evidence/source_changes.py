"""Find the new lines of a file by comparing two sequences of line hashes."""

from __future__ import annotations

from collections import defaultdict
from math import isqrt

from pytest_handoff.evidence.line_hashes import split_hashes


def changed_lines(base: str, now: str) -> frozenset[int]:
    """Return the numbers (from 1) of the lines of ``now`` that are not in a longest common subsequence with ``base``.

    No comparison of the two texts can therefore call fewer lines new. Both texts are line hashes, as :func:`hash_lines` returns
    them. The work grows with the product of the two lengths, dozens of lines at a step: 10,000 rewritten lines take a fraction
    of a second.

    Raises:
        EvidenceProblem: one of the texts is damaged.
    """
    old, new = split_hashes(base), split_hashes(now)
    if not old:
        return frozenset(range(1, len(new) + 1))
    start = _common_start(old, new)
    old, new = old[start:], new[start:]
    end = _common_start(old[::-1], new[::-1])
    old, new = old[: len(old) - end], new[: len(new) - end]
    kept = _kept(old, new)
    return frozenset(start + index + 1 for index in range(len(new)) if index not in kept)


def _common_start(old: list[str], new: list[str]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(old), len(new)))


def _kept(old: list[str], new: list[str]) -> set[int]:
    """Return the indexes of the lines of ``new`` that are in one longest common subsequence.

    The table of its lengths has one row for each line of ``new``, held as the bits of one integer: bit ``i`` is 0 where the
    length grows from column ``i`` to ``i + 1`` (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004). Walking back
    needs every row; only one in ``step`` is stored, and the others are computed again when the walk reaches them.
    """
    wanted = set(new)
    masks: dict[str, int] = defaultdict(int)
    column = 0
    for line in old:
        if line in wanted:
            masks[line] |= 1 << column
            column += 1
    step = isqrt(len(new)) + 1
    ones = (1 << column) - 1
    stored = [ones]
    for start in range(0, len(new), step):
        stored.append(_rows(stored[-1], new[start : start + step], masks, ones)[-1])
    kept: set[int] = set()
    for block in range(len(stored) - 2, -1, -1):
        start = block * step
        column = _walk_back(_rows(stored[block], new[start : start + step], masks, ones), start, column, kept)
    return kept


def _rows(row: int, lines: list[str], masks: dict[str, int], ones: int) -> list[int]:
    rows = [row]
    for line in lines:
        if mask := masks.get(line, 0):
            matches = row & mask
            row = ((row + matches) | (row - matches)) & ones
        rows.append(row)
    return rows


def _walk_back(rows: list[int], start: int, column: int, kept: set[int]) -> int:
    index = len(rows) - 1
    while index and column:
        bit = 1 << (column - 1)
        if rows[index] & bit:
            column -= 1
            continue
        index -= 1
        # Only this line made the length grow here, so it is the match.
        if rows[index] & bit:
            kept.add(start + index)
            column -= 1
    return column
