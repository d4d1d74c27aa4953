"""How a text differs from what it is to become, as a unified diff of their lines."""

from __future__ import annotations

import difflib
from difflib import Match, SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_MOST_LINES = 1_000
"""Where many lines are the same, the time that :mod:`difflib` takes grows with the cube of their number."""

_WINDOW = 64
"""So many lines ahead the next line that is in both texts is looked for, in texts of more lines than that."""


def unified(old: Sequence[str], new: Sequence[str], before: str, after: str, *, end: str = "\n") -> Iterator[str]:
    """Write the diff; ``end`` closes the lines that come beside those of the texts."""
    if max(len(old), len(new)) <= _MOST_LINES:
        yield from difflib.unified_diff(old, new, before, after, lineterm=end)
        return
    for at, group in enumerate(_NearestLines(old, new).get_grouped_opcodes()):
        if not at:
            yield from (f"--- {before}{end}", f"+++ {after}{end}")
        (_, first, _, start, _), (_, _, last, _, stop) = group[0], group[-1]
        yield f"@@ -{_lines(first, last)} +{_lines(start, stop)} @@{end}"
        for tag, first, last, start, stop in group:
            yield from (f"{' ' if tag == 'equal' else '-'}{line}" for line in old[first:last])
            yield from (f"+{line}" for line in new[start:stop] if tag != "equal")


class _NearestLines(SequenceMatcher[str]):
    """Pairs each line with the next one that is the same: what was filled or adopted stands where it stood."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, old, new)
        self._texts = old, new

    def get_matching_blocks(self) -> list[Match]:
        """The blocks in which both texts are the same, in time that grows with their length."""
        old, new = self._texts
        blocks: list[Match] = []
        first = start = 0
        while first < len(old) and start < len(new):
            same = first
            while same < len(old) and start + same - first < len(new) and old[same] == new[start + same - first]:
                same += 1
            if same > first:
                blocks.append(Match(first, start, same - first))
            first, start = _next_in_both(old, new, same, start + same - first)
        return [*blocks, Match(len(old), len(new), 0)]


def _next_in_both(old: Sequence[str], new: Sequence[str], first: int, start: int) -> tuple[int, int]:
    """Find where the texts go on together after a difference: the nearest such lines."""
    ahead: dict[str, int] = {}
    for at, line in enumerate(new[start : start + _WINDOW]):
        ahead.setdefault(line, at)
    pairs = ((at, ahead[line]) for at, line in enumerate(old[first : first + _WINDOW]) if line in ahead)
    down, right = min(pairs, key=lambda pair: (max(pair), -min(pair)), default=(1, 1))
    return first + down, start + right


def _lines(first: int, last: int) -> str:
    """The lines of a hunk as unified diffs number them."""
    length = last - first
    return f"{first + (length > 0)}" if length == 1 else f"{first + (length > 0)},{length}"
