"""Line hashes: one a line, blind to line endings and trailing blanks."""

from __future__ import annotations

from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.source_changes import WIDTH, hash_lines, split_hashes


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\nb\n", b"a\rb\r"),
        (b"a\nb\n", b"a\nb"),
        (b"a\nb\n", b"a  \nb\t\n"),
        (b"a\n\nb\n", b"a\n   \nb\n"),
    ],
)
def test_what_does_not_change_a_hash(left: bytes, right: bytes) -> None:
    """Line endings, a missing last one and trailing blanks are no difference."""
    assert hash_lines(left) == hash_lines(right)


@pytest.mark.parametrize(
    ("left", "right"), [(b"a\n", b" a\n"), (b"a b\n", b"a  b\n"), (b"a\n", b"A\n"), (b"a\nb\n", b"b\na\n"), (b"a", b"a\n\n")]
)
def test_what_changes_a_hash(left: bytes, right: bytes) -> None:
    """Indentation, inner blanks, letters, order and blank lines are differences."""
    assert hash_lines(left) != hash_lines(right)


def test_a_hash_is_blake2b_of_the_line() -> None:
    """The hash is a documented one, eight hexadecimal characters of the stripped line's blake2b."""
    assert hash_lines(b"x = 1 \n") == blake2b(b"x = 1", digest_size=4).hexdigest()


@pytest.mark.parametrize(
    ("data", "count"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\n\n", 2), (b"a\r\n\r\nb", 3), (b"a\x0cb\n", 1), (b"\xff\xfe\n", 1)]
)
def test_there_is_one_hash_a_line(data: bytes, count: int) -> None:
    """Lines are counted as Python's tokenizer counts them; bytes need not be text."""
    assert len(split_hashes(hash_lines(data))) == count


@given(st.lists(st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=12))
@settings(max_examples=200)
def test_hashes_split_into_those_of_the_lines(lines: list[bytes]) -> None:
    """The hash of a file is the hashes of its lines, one after the other."""
    joined = hash_lines(b"".join(line + b"\n" for line in lines))
    assert split_hashes(joined) == [hash_lines(line + b"\n") for line in lines]


def test_a_cut_text_is_damaged() -> None:
    """Hashes that lost a character are refused."""
    with pytest.raises(EvidenceProblem, match=f"multiple of {WIDTH}"):
        split_hashes("0123456")
