"""New statements after random edits of random modules, against an oracle that is slow and obvious."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import NO_LINES
from pytest_handoff.evidence.measurement import Measured, MeasuredFile, Measurement
from pytest_handoff.evidence.new_code import Trees, new_code
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.record import SourceLine

if TYPE_CHECKING:
    from collections.abc import Sequence

SHAPES = (
    ("x = {}",),
    ("call(", "    {},", ")"),
    ("if {}:", "    pass"),
    ("# {}",),
    ("",),
)
"""Ways of writing a piece; a piece has one statement but ``if`` (two), the comment and the blank line (none)."""

STATEMENTS = ((0,), (0,), (0, 1), (), ())
CONTINUED = ({}, {1: 0, 2: 0}, {}, {}, {})

Piece = tuple[int, int]
PIECES = st.lists(st.tuples(st.integers(0, len(SHAPES) - 1), st.integers(0, 9)), min_size=1, max_size=6)


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[Piece], list[Piece], int, str]:
    """A module, what became of it, by how much it is indented now, and its name now."""
    before = draw(PIECES)
    now = list(before)
    for what in draw(st.lists(st.sampled_from(["insert", "delete", "move"]), max_size=4)):
        at = draw(st.integers(0, len(now)))
        if what == "insert":
            now[at:at] = draw(PIECES)[:1]
        elif now:
            piece = now.pop(min(at, len(now) - 1))
            if what == "move":
                now.insert(draw(st.integers(0, len(now))), piece)
    return before, now, draw(st.sampled_from([0, 0, 4])), draw(st.sampled_from(["old.py", "new.py"]))


def text(pieces: Sequence[Piece], indent: int = 0) -> list[str]:
    lines = [line.format(value) for shape, value in pieces for line in SHAPES[shape]]
    return [" " * indent + line if line else line for line in lines]


def measured(pieces: Sequence[Piece], path: str) -> MeasuredFile:
    statements, first_line, at = set(), {}, 1
    for shape, _ in pieces:
        statements |= {at + offset for offset in STATEMENTS[shape]}
        first_line |= {at + offset: at + first for offset, first in CONTINUED[shape].items()}
        at += len(SHAPES[shape])
    return MeasuredFile(path=path, statements=frozenset(statements), first_line=first_line, percent=0.0)


def source(path: str, lines: Sequence[str]) -> SourceLine:
    data = "\n".join(lines).encode() + b"\n"
    return SourceLine(path=path, blob=str(data), lines=hash_lines(data))


def ways_to_keep(old: Sequence[str], new: Sequence[str]) -> frozenset[frozenset[int]]:
    """Every set of lines of ``new`` (from 1) that a longest comparison with ``old`` keeps."""

    @cache
    def ways(i: int, j: int) -> frozenset[frozenset[int]]:
        if i == len(old) or j == len(new):
            return frozenset([frozenset()])
        found = ways(i + 1, j) | ways(i, j + 1)
        if old[i] == new[j]:
            found |= {rest | {j + 1} for rest in ways(i + 1, j + 1)}
        most = max(map(len, found))
        return frozenset(way for way in found if len(way) == most)

    return ways(0, 0)


def is_found_again(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether a renamed file is the old one: the same text, or half of the longer one's lines in common, blank ones left out."""
    if old == new:
        return True
    left, right = [line for line in old if line], [line for line in new if line]
    longer = max(len(left), len(right))
    common = sum(min(left.count(line), right.count(line)) for line in set(left))
    return longer > 0 and 2 * common >= longer


@settings(max_examples=300)
@given(edited())
def test_random_edits(case: tuple[list[Piece], list[Piece], int, str]) -> None:
    """The new statements are those of one of the longest comparisons, and all of them in a file that has no old version."""
    before, pieces, indent, path = case
    old, now = text(before), text(pieces, indent)
    file = measured(pieces, path)
    found = new_code(
        Measured(Measurement(files={path: file}, percent=0.0, branch_percent=None), NO_LINES),
        Trees(bases=[{"old.py": source("old.py", old)}], base_name="base", now={path: source(path, now)}),
        session="s",
    )
    new = {number for one in found.files.values() for number in _numbers(one.lines)}
    kept_in = ways_to_keep(old, now) if path == "old.py" or is_found_again(old, now) else {frozenset[int]()}
    assert new in [_statements_with_a_line_not_in(kept, file) for kept in kept_in]


def _statements_with_a_line_not_in(kept: frozenset[int], file: MeasuredFile) -> set[int]:
    lines = {first: {first, *(line for line, of in file.first_line.items() if of == first)} for first in file.statements}
    return {first for first, own in lines.items() if not own <= kept}


def _numbers(ranges: str) -> list[int]:
    pairs = [part.strip().split("-") for part in ranges.split(",") if part.strip()]
    return [number for pair in pairs for number in range(int(pair[0]), int(pair[-1]) + 1)]
