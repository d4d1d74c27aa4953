"""A changed file of the sources costs the lines that changed in it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.source_changes import WIDTH
from pytest_handoff.project.differences import changes_since, fold, read_difference, write_difference
from pytest_handoff.project.encoding import encode_json, encode_lines
from pytest_handoff.project.pieces import cut
from pytest_handoff.record import Difference, SourceLine

HEAD = Difference(differs_from="session-1", digest="sha256:0")
PATH = "src/a.py"


def source(lines: list[int], kind: str = "") -> bytes:
    """A file whose lines are these, by a hash each; equal numbers are equal lines."""
    hashes = "".join(f"{line:0{WIDTH}x}" for line in lines)
    return encode_lines([SourceLine(path=PATH, blob=f"{hash(tuple(lines)):x}", lines=hashes, kind=kind)])


def difference(old: bytes, new: bytes) -> bytes:
    return write_difference(HEAD, changes_since([old], [new], "path"))


def folded(base: bytes, *files: bytes) -> bytes:
    return b"".join(fold(cut(base, "path", "base"), [read_difference(file, "path", "f") for file in files], "path", "base").parts)


@given(st.lists(st.lists(st.integers(0, 5), max_size=30), min_size=2, max_size=5))
def test_any_history_of_a_file_comes_back(versions: list[list[int]]) -> None:
    """Lines added, taken out, changed and repeated; all differences are applied at once."""
    wholes = [source(lines) for lines in versions]
    files = [difference(old, new) for old, new in pairwise(wholes)]
    assert folded(wholes[0], *files) == wholes[-1]
    for old, new, file in zip(wholes, wholes[1:], files, strict=False):
        assert folded(old, file) == new


@pytest.mark.parametrize(
    ("new", "edits"),
    [
        ([*range(50), 99, *range(51, 100)], [(50, 1, [99])]),
        ([*range(50), *range(51, 100)], [(50, 1, [])]),
        ([*range(50), 7, 7, *range(50, 100)], [(50, 0, [7, 7])]),
        ([77, *range(1, 99), 88], [(0, 1, [77]), (99, 1, [88])]),
    ],
)
def test_an_edit_says_which_lines_changed(new: list[int], edits: list[tuple[int, int, list[int]]]) -> None:
    """Where, how many are gone, and what stands there now."""
    blob = f"{hash(tuple(new)):x}"
    told = [[at, gone, "".join(f"{line:0{WIDTH}x}" for line in lines)] for at, gone, lines in edits]
    assert difference(source([*range(100)]), source(new)).splitlines()[1] == encode_json(
        {"path": PATH, "blob": blob, "edits": told}
    )


def test_what_is_not_shorter_stands_in_full() -> None:
    """A file that is new to the last line, and a kind that changed stays with its edits."""
    old, new = source([*range(100)]), source([*range(100, 200)])
    assert difference(old, new).partition(b"\n")[2] == new
    linked = source([*range(100)], kind="executable")
    assert b'"edits":[],"kind":"executable"' in difference(old, linked)
    assert folded(old, difference(old, linked)) == linked


def test_very_many_lines_that_repeat_take_no_time() -> None:
    """The lines in between become one edit, or are compared one by one where they are as many as before."""
    old = [0, 1] * 20_000
    assert folded(source(old), difference(source(old), source([5, *old[1:-1], 6]))) == source([5, *old[1:-1], 6])
    longer = [5, *old, 6]
    assert folded(source(old), difference(source(old), source(longer))) == source(longer)


OVERLAPPING = ",".join(['[0,100,""],[0,0,""]'] * 50)


@pytest.mark.parametrize(
    "edits", ['[[200,1,""]]', '[[-1,1,""]]', '[[5,-1,""]]', '[[5,1,""],[4,1,""]]', f"[{OVERLAPPING}]"], ids=range(5)
)
def test_edits_that_fit_no_file_make_no_file(edits: str) -> None:
    """They are of another file; the digest of the whole says so, and few of them make no long one."""
    file = encode_json(HEAD) + f'\n{{"path":"{PATH}","blob":"1","edits":{edits}}}\n'.encode()
    assert folded(source([*range(100)]), file) == encode_lines([SourceLine(path=PATH, blob="1")])
    assert folded(b"", file) == b""


@pytest.mark.parametrize("edits", ["[1]", '[[1,1,"",1]]', "[[1,1,1]]", '[[0.5,1,""]]'])
def test_edits_that_no_run_writes_are_refused(edits: str) -> None:
    """With the file and the line that they stand in."""
    file = encode_json(HEAD) + f'\n{{"path":"{PATH}","blob":"1","edits":{edits}}}\n'.encode()
    with pytest.raises(EvidenceProblem, match=r"^f:2: is damaged: "):
        read_difference(file, "path", "f")
