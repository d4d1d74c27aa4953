"""Lines that have the hash of an earlier line, and are another text."""

from __future__ import annotations

import pytest

from pytest_handoff.evidence.annotations import only_annotated
from pytest_handoff.evidence.line_collisions import collided_lines
from pytest_handoff.evidence.source_changes import changed_lines, hash_lines

GONE, COLLIDES = "def total(prices):", "        prices = ()  # lwwmnna"
"""Two lines with one hash. All comments of seven letters were tried in turn, ``aaaaaaa`` first: this was number 160,624,943."""

BASE = f"{GONE}\n    return sum(prices)\n\n\ndef rest():\n    return 0\n"
NOW = f"def total(prices=None):\n    if prices is None:\n{COLLIDES}\n    return sum(prices)\n\n\ndef rest():\n    return 0\n"


def collided(base: str, now: str) -> frozenset[int]:
    return collided_lines(base.encode(), now.encode())


def test_the_two_lines_have_one_hash() -> None:
    """Everything here rests on it; the comparison by hashes takes the one for the other."""
    assert hash_lines(GONE.encode()) == hash_lines(COLLIDES.encode())
    assert changed_lines(hash_lines(BASE.encode()), hash_lines(NOW.encode())) == {1, 2}


def test_a_line_with_the_hash_of_one_that_is_gone() -> None:
    """Wherever it stands: a comparison may take it for that one."""
    assert collided(BASE, NOW) == {3}
    assert collided(BASE, f"{BASE}{COLLIDES}\n") == {7}


@pytest.mark.parametrize(
    "now",
    [
        BASE,
        BASE.replace("\n", "\r\n"),
        BASE.replace("\n", "  \n").rstrip(),
        NOW.replace("lwwmnna", "lwwmnnb"),
        f"def rest():\n    return 0\n\n\n{GONE}\n    return sum(prices)\n",
        f"{BASE}\n\n{GONE}\n    return 0\n",
        BASE.replace("(prices)", "(prices: list[int])"),
        "",
    ],
    ids=["same", "line ends", "blanks", "no collision", "moved", "twice", "annotated", "empty"],
)
def test_honest_changes(now: str) -> None:
    """Lines that move, stand twice, are annotated, or end otherwise, are the texts that they were."""
    assert collided(BASE, now) == frozenset()


def test_a_collision_without_the_annotation() -> None:
    """A statement is compared without its annotations as well, by hashes too."""
    now = NOW.replace("prices = ()", "prices: tuple[int, ...] = ()")
    old, new = hash_lines(BASE.encode()), hash_lines(now.encode())
    assert only_annotated(old, new, now.encode(), lambda: None) == {3}
    assert collided(BASE, now) == {3}


def test_one_of_two_lines_in_the_place_of_the_other() -> None:
    """Both were there and have one hash, so only the places tell that one of them is new where it stands."""
    base = f"{BASE}\n\nif 0:\n    if 0:\n{COLLIDES}\n"
    assert collided(base, NOW) == {3}
    assert collided(base, base.replace("    return 0\n", "    return 1\n")) == frozenset()
    assert collided(base, base.replace(COLLIDES, f"{COLLIDES}b")) == frozenset()


def test_one_of_two_lines_in_the_place_of_the_other_but_for_an_annotation() -> None:
    """The same with an annotation, without which it is a line that was there."""
    base = f"{BASE}\n\nif 0:\n    if 0:\n{COLLIDES}\n"
    assert collided(base, NOW.replace("prices = ()", "prices: tuple[int, ...] = ()")) == {3}


def test_bytes_that_are_no_text() -> None:
    """Files of any kind have lines."""
    assert collided_lines(GONE.encode() + b"\n\xff\n", b"\xff: \n" + COLLIDES.encode()) == {2}
