"""Whole files in pieces: cut, folded one after the other, hashed and searched as if each were one."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project import pieces
from pytest_handoff.project.differences import changes_since, fold, read_difference, write_difference
from pytest_handoff.project.encoding import encode_lines
from pytest_handoff.record import Difference, LedgerLine

HEAD = Difference(differs_from="session-1", digest="sha256:0")
NAMES = [f"tests/test_{number // 30:03}.py::test_{number:05}" for number in range(1200)]
SOME = st.dictionaries(st.integers(0, 1199), st.sampled_from(["gone", "failed", "skipped"]), max_size=8)


def ledger(changes: dict[int, str]) -> bytes:
    """All tests pass but those that are gone or end otherwise."""
    kept = [(name, changes.get(number, "passed")) for number, name in enumerate(NAMES) if changes.get(number) != "gone"]
    return encode_lines(LedgerLine(id=name, tier="unit", since="s", outcome=outcome) for name, outcome in kept)


def follow(wholes: list[bytes]) -> list[pieces.Pieces]:
    """Fold the difference of each file from the one before into that, and ask for the digest each time."""
    found = [pieces.cut(wholes[0], "id", "f")]
    for old, new in pairwise(wholes):
        found[-1].digest()
        layer = read_difference(write_difference(HEAD, changes_since([old], [new], "id")), "id", "f")
        found.append(fold(found[-1], [layer], "id", "f"))
    return found


@given(st.lists(SOME, min_size=2, max_size=6))
def test_each_file_of_a_chain_has_the_digest_of_all_its_bytes(chain: list[dict[int, str]]) -> None:
    """Also where its beginning was hashed for the file before, and when asked again."""
    wholes = [ledger(changes) for changes in chain]
    for whole, found in zip(wholes, follow(wholes), strict=True):
        assert b"".join(found.parts) == whole
        assert found.digest() == found.digest() == f"sha256:{sha256(whole).hexdigest()}"


@given(st.lists(SOME, min_size=2, max_size=6))
def test_a_search_finds_in_each_file_what_stands_there(chain: list[dict[int, str]]) -> None:
    """Although it looks at a piece that files share once."""
    wholes = [ledger(changes) for changes in chain]
    wanted = [NAMES[0], NAMES[600], NAMES[1199]]
    search = pieces.Search([f'"{name}"'.encode() for name in wanted])
    for whole, found in zip(wholes, follow(wholes), strict=True):
        lines = b"".join(line for line in whole.splitlines(keepends=True) if any(name.encode() in line for name in wanted))
        assert search.lines(found.parts) == search.lines([whole]) == lines


def test_files_that_differ_in_one_line_share_all_pieces_but_one() -> None:
    """So a chain of sessions takes the memory of one file and of what changed."""
    first, second = follow([ledger({}), ledger({600: "failed"})])
    assert len(first.parts) > 40
    assert sum(one is not other for one, other in zip(first.parts, second.parts, strict=True)) == 1


def test_pieces_stay_pieces_however_much_is_added() -> None:
    """Neither one that grows for ever nor ever more small ones."""
    chain = [ledger(dict.fromkeys(range(number, 1200), "gone")) for number in range(0, 1201, 20)]
    *_, last = follow(chain)
    assert b"".join(last.parts) == ledger({})
    sizes = sorted(map(len, last.parts))
    assert (sizes[1] > 1000, sizes[-1] < 5000) == (True, True)


def test_a_line_without_a_name_is_a_sentence() -> None:
    """With its number, where it ends a piece."""
    data = ledger({})
    place = data.index(b"\n", 2048)
    at = data.rindex(b'{"id"', 0, place)
    number = data.count(b"\n", 0, at) + 1
    with pytest.raises(EvidenceProblem, match=re.escape(f"there:{number}: is damaged: ")):
        pieces.cut(data[:at] + b"[]".ljust(place - at) + data[place:], "id", "there")
