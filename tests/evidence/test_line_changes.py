"""Which lines are new: by a longest common subsequence."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.source_changes import changed_lines, count_changed, hash_lines

if TYPE_CHECKING:
    from pathlib import Path

LETTERS = st.lists(st.sampled_from("abcd"), max_size=14)


def hashes(lines: list[str] | str) -> str:
    return hash_lines("".join(f"{line}\n" for line in lines).encode())


def common_length(left: list[str], right: list[str]) -> int:
    """The length of a longest common subsequence, by the textbook's table."""
    above = [0] * (len(right) + 1)
    for item in left:
        row = [0]
        for column, other in enumerate(right):
            row.append(above[column] + 1 if item == other else max(above[column + 1], row[column]))
        above = row
    return above[-1]


@pytest.mark.parametrize(
    ("base", "now", "new"),
    [
        ("", "", set()),
        ("", "ab", {1, 2}),
        ("ab", "", set()),
        ("abc", "abc", set()),
        ("abc", "axbc", {2}),
        ("abc", "xabc", {1}),
        ("abc", "abcx", {4}),
        ("abc", "ac", set()),
        ("abc", "axc", {2}),
        ("abcdef", "abXdYf", {3, 5}),
        ("abcdef", "defX", {4}),
        ("aab", "aaab", {3}),
        ("abab", "ababXabab", {5, 6, 7, 8, 9}),
        ("xa)", "ya)b)", {1, 4, 5}),
        ("xa)..z", "ya)..b)..z", {1, 6, 7, 8, 9}),
        ("xaa", "yaba", {1, 3}),
    ],
)
def test_new_lines_are_those_left_over(base: str, now: str, new: set[int]) -> None:
    """Each letter is a line; deleted lines make nothing new, repeated ones are new where they were added."""
    assert changed_lines(hashes(list(base)), hashes(list(now))) == new


OLD = """\
\"\"\"A.\"\"\"


def a(x):
    if x:
        return 1
    raise ValueError(
        x
    )
"""
NEXT = """

def b(x):
    if x:
        return 2
    raise ValueError(
        x
    )
"""


@pytest.mark.parametrize(
    ("base", "now"),
    [
        pytest.param(OLD, OLD.replace("A.", "All.") + NEXT, id="the last line is that of the block before"),
        pytest.param(OLD, OLD + NEXT + NEXT.replace("def b", "def c"), id="two blocks that end alike"),
        pytest.param(OLD + NEXT, OLD + NEXT.replace("def b", "def c") + NEXT, id="one between two that end alike"),
        pytest.param("T = [\n    (\n        1,\n    ),\n]\n", "T = [\n    (\n        1,\n    ),\n    (\n        2,\n    ),\n]\n",
                     id="an entry behind one that ends alike"),
    ],
)  # fmt: skip
def test_an_appended_block_is_new_as_git_says(tmp_path: Path, base: str, now: str) -> None:
    """No line of the block above becomes new because the new one ends alike."""
    for name, text in (("base", base), ("now", now)):
        (tmp_path / name).write_text(text)
    command = ["git", "diff", "--no-index", "--unified=0", "--no-color", "base", "now"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    hunks = re.findall(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", told, re.MULTILINE)
    added = {int(first) + offset for first, many in hunks for offset in range(int(many or 1))}
    assert changed_lines(hash_lines(base.encode()), hash_lines(now.encode())) == added


@given(LETTERS, LETTERS)
@settings(max_examples=300)
def test_no_comparison_finds_fewer_new_lines(base: list[str], now: list[str]) -> None:
    """What is not new is a common subsequence of both, and a longest one."""
    new = changed_lines(hashes(base), hashes(now))
    kept = [line for number, line in enumerate(now, 1) if number not in new]
    rest = iter(base)
    assert all(line in rest for line in kept)
    assert len(kept) == common_length(base, now)
    assert count_changed(hashes(base), hashes(now)) == (len(new), len(base) - len(kept))


def test_swapped_halves_of_a_large_file_are_half_new() -> None:
    """A file whose halves changed places is compared whole, without a limit or a heuristic."""
    half = [f"first {number}" for number in range(1500)]
    other = [f"second {number}" for number in range(1501)]
    assert changed_lines(hashes(half + other), hashes(other + half)) == set(range(1502, 3002))


def test_a_file_of_few_different_lines_is_compared_exactly() -> None:
    """Lines that occur thousands of times are not set aside as noise."""
    base = ["0,", "1,"] * 1500
    now = [*base[:1000], "2,", *base[1000:2000], *base[2002:]]
    assert changed_lines(hashes(base), hashes(now)) == {1001}


def test_damaged_hashes_are_refused() -> None:
    """A base that cannot be read is an error, not an empty one."""
    with pytest.raises(EvidenceProblem):
        changed_lines("abc", hashes("a"))
    with pytest.raises(EvidenceProblem):
        count_changed(hashes("a"), "abc")
