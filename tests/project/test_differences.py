"""A whole file, its difference from another one, and the whole again."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.differences import changes_since, fold, folded, read_difference, write_difference
from pytest_handoff.project.encoding import blocks, encode_in_pieces, encode_lines
from pytest_handoff.project.pieces import cut
from pytest_handoff.project.stored_files import is_difference
from pytest_handoff.record import OUTCOMES, Difference, LedgerLine, Outcome, SourceLine

if TYPE_CHECKING:
    from pytest_handoff.project.differences import Layer
    from pytest_handoff.project.pieces import Key

HEAD = Difference(differs_from="session-1", digest="sha256:0")
TEXT = st.characters(codec="utf-8")
ODD = ["a.py::x", "a.py::x[1]", 'q"', "\\", "\n", "é", "\U0001f600"]
NAMES = st.text(TEXT, max_size=6) | st.sampled_from(ODD)
Tests = dict[str, tuple[Outcome, str | None]]
Files = dict[str, tuple[str, str]]
TESTS = st.dictionaries(NAMES, st.tuples(st.sampled_from(OUTCOMES), st.none() | st.text(TEXT, max_size=3)))
FILES = st.dictionaries(NAMES, st.tuples(st.sampled_from(["0", "1"]), st.text("ab", max_size=4)))


def ledger(lines: Tests) -> list[LedgerLine]:
    return [LedgerLine(id=name, tier="unit", since="s", outcome=lines[name][0], error=lines[name][1]) for name in sorted(lines)]


def sources(lines: Files) -> list[SourceLine]:
    return [SourceLine(path=name, blob=lines[name][0], lines=lines[name][1]) for name in sorted(lines)]


def again(base: bytes, now: bytes, key: Key) -> bytes:
    """Write the difference as a file, read that, and fold it into the base."""
    file = write_difference(HEAD, changes_since([base], [now], key))
    assert is_difference(file)
    return whole(base, [read_difference(file, key, "f")], key)


def whole(base: bytes, layers: list[Layer], key: Key = "id") -> bytes:
    """Fold differences into a file that is held, and into one that comes in pieces: both say the same."""
    found = b"".join(fold(cut(base, key, "f"), layers, key, "f").parts)
    for size in (1, 3000):
        assert b"".join(folded(blocks(base, size), layers, key, "f")) == found
    return found


@given(TESTS, TESTS)
def test_any_ledger_comes_back_from_its_difference(old: Tests, new: Tests) -> None:
    """Whatever the two have in common."""
    base, now = encode_lines(ledger(old)), encode_lines(ledger(new))
    assert again(base, now, "id") == now
    assert again(base, base, "id") == base


@given(FILES, FILES)
def test_any_sources_come_back_from_their_difference(old: Files, new: Files) -> None:
    """As a ledger does."""
    base, now = encode_lines(sources(old)), encode_lines(sources(new))
    assert again(base, now, "path") == now


@given(st.lists(TESTS, min_size=2, max_size=6))
def test_a_chain_folds_as_its_links_do_one_by_one(ledgers: list[Tests]) -> None:
    """All differences are applied at once."""
    wholes = [encode_lines(ledger(one)) for one in ledgers]
    files = [write_difference(HEAD, changes_since([old], [new], "id")) for old, new in pairwise(wholes)]
    layers = [read_difference(file, "id", "f") for file in files]
    assert whole(wholes[0], layers) == wholes[-1]


@given(st.data())
def test_long_files_come_back(data: st.DataObject) -> None:
    """Files of several blocks and pieces, of which most blocks are copied as they stand."""
    names = [f"tests/test_{number // 30:03}.py::test_{number:05}" for number in range(1500)]
    kept = data.draw(st.sets(st.integers(0, 1499), max_size=8))
    old: Tests = {name: ("passed", None) for number, name in enumerate(names) if number not in kept}
    new = old | {names[data.draw(st.integers(0, 1499))]: ("failed", "no") for _ in range(5)}
    base = encode_lines(ledger(old))
    pieces = list(encode_in_pieces(ledger(new)))
    file = write_difference(HEAD, changes_since([base], pieces, "id"))
    assert whole(base, [read_difference(file, "id", "f")]) == b"".join(pieces)
    assert len(file) < 2000


def test_a_difference_says_what_a_reviewer_asks() -> None:
    """New tests, changed outcomes, and what is gone; nothing of the rest."""
    base = ledger({"a::kept": ("passed", None), "a::lost": ("passed", None), "a::worse": ("passed", None)})
    now = ledger({"a::kept": ("passed", None), "a::new": ("passed", None), "a::worse": ("failed", "no")})
    file = write_difference(HEAD, changes_since([encode_lines(base)], [encode_lines(now)], "id"))
    assert file.decode().splitlines() == [
        '{"differs_from":"session-1","digest":"sha256:0","gone":["a::lost"]}',
        '{"id":"a::new","tier":"unit","since":"s","outcome":"passed"}',
        '{"id":"a::worse","tier":"unit","since":"s","outcome":"failed","error":"no"}',
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"differs_from":', "f:1: is damaged"),
        (b'{"differs_from":1,"digest":""}\n', "f:1: is damaged: Expected `str`, got `int`"),
        (b'{"differs_from":"s","digest":"d","more":1}\n', "f:1: is damaged: Object contains unknown field `more`"),
        (b'{"differs_from":"s","digest":"d"}\n{"id":"b"}\n{"id":"a"}\n', "f:3: is damaged: its lines are out of order"),
        (b'{"differs_from":"s","digest":"d"}\n{"id":"a"}\n{"id":"a"}\n', "f:3: is damaged: its lines are out of order"),
        (b'{"differs_from":"s","digest":"d"}\n{"id":"a"}', "f:2: is damaged: its lines are out of order, or one is cut off"),
        (b'{"differs_from":"s","digest":"d"}\n{"id":1}\n', "f:2: is damaged: Expected `str`"),
        (b'{"differs_from":"s","digest":"d"}\n\n', "f:2: is damaged"),
        (
            b'{"differs_from":"s","digest":"d","gone":["a"]}\n{"id":"a"}\n',
            "f:1: is damaged: 'a' is listed as both removed and changed",
        ),
    ],
)
def test_what_no_run_writes_is_refused(data: bytes, said: str) -> None:
    """In one sentence with file and line."""
    with pytest.raises(EvidenceProblem) as caught:
        read_difference(data, "id", "f")
    assert str(caught.value).startswith(said)


def test_small_edits_of_a_long_line_cannot_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short chain over one long line would copy it again for each edit: what no run comes near to is refused."""
    base = encode_lines([SourceLine(path="a.py", blob="0" * 40, lines="0" * 8000)])
    edit = '{"path":"a.py","blob":"%s","edits":[[5,1,"11111111"]]}\n' % ("1" * 40)
    head = '{"differs_from":"s","digest":"sha256:0","gone":[]}\n'
    layers = [read_difference((head + edit).encode(), "path", "here")] * 50
    monkeypatch.setattr("pytest_handoff.project.differences._MOST_EDITED", 50 * len(base))
    assert b"11111111" in whole(base, layers, "path")

    with pytest.raises(EvidenceProblem, match="more edits of long lines than any run writes"):
        whole(base, [*layers, layers[0]], "path")
