"""Evidence has sha256's digest, and bytes that did not change are hashed once."""

from __future__ import annotations

from hashlib import sha256

import pytest

from pytest_handoff.project import encoding
from pytest_handoff.project.encoding import digest_of, digest_of_pieces, encode_at_hand
from pytest_handoff.record import LedgerLine

LARGE = 1 << 20


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes were hashed at once, with nothing hashed before."""
    found: list[int] = []

    def counting(data: bytes = b"") -> object:
        found.append(len(data))
        return sha256(data)

    monkeypatch.setattr(encoding, "_hashed", {})
    monkeypatch.setattr(encoding, "sha256", counting)
    return found


@pytest.mark.parametrize("size", [0, 1, 1000, LARGE])
def test_digests_are_those_of_sha256(size: int) -> None:
    """Also of bytes as long as those before, of one changed byte, and in pieces."""
    for data in (b"a" * size, b"b" * size, b"a" * size, b"a" * (size - 1) + b"c" if size else b""):
        expected = f"sha256:{sha256(data).hexdigest()}"
        assert digest_of(data) == expected
        assert digest_of_pieces(data[at : at + 999] for at in range(0, size, 999)) == expected


def test_the_same_bytes_are_hashed_once(hashed: list[int]) -> None:
    """Whether in one piece or in several; other bytes of that length are hashed, and the last ones count."""
    for data in (b"ab", bytes([97, 98]), b"cd", b"cd"):
        digest_of(data)
    digest_of_pieces([b"c", b"d"])
    assert hashed == [2, 2]


def test_few_bytes_are_kept(hashed: list[int]) -> None:
    """Large ones are not, and of many only the last."""
    for _ in range(2):
        digest_of(bytes(LARGE))
    for size in (*range(20), 19, 0):
        digest_of(bytes(size))
    assert hashed == [LARGE, LARGE, *range(20), 0]


def test_few_lines_are_encoded_once() -> None:
    """Very many are encoded again each time, since they would take room."""
    few, many = (
        [LedgerLine(id=f"t.py::x{n}", tier="unit", since="s", outcome="passed") for n in range(size)] for size in (3, 6000)
    )
    for lines, once in ((few, True), (many, False)):
        made = encode_at_hand(lines)
        assert b"".join(made()).count(b"\n") == len(lines)
        assert (made() is made()) is once
