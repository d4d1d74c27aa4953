"""Which lines of a source can go on in several ways: written as one short text, read again as it was, and counted by it."""

from __future__ import annotations

import random

import pytest

from pytest_handoff.evidence.branches import Branches, count_taken, read_branches, write_branches


def branches(
    ways: dict[int, set[int]] | None = None,
    back: dict[tuple[int, int], int] | None = None,
    never_asked: dict[int, int] | None = None,
) -> Branches:
    return Branches({line: frozenset(found) for line, found in (ways or {}).items()}, back or {}, never_asked or {})


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (".", branches()),
        ("12la5a", branches({12: {13, 17}})),
        ("2l2ea", branches({2: {-1, 3}})),
        ("lea", branches({1: {-1, 2}})),
        ("3l3ea2lb4a", branches({3: {-1, 4}, 5: {4, 9}})),
        ("4l2ba3wla3a", branches({4: {2, 5}, 5: {6, 8}}, {(4, 1): 5})),
        ("6l4a4w2w9a", branches({6: {10, 15}}, {(6, 2): 10, (6, 4): 10})),
        ("7l2p3la2a", branches({10: {11, 12}}, never_asked={7: 2})),
        ("7l12p", branches(never_asked={7: 12})),
    ],
)
def test_branches_are_one_short_text(text: str, known: Branches) -> None:
    """Either way."""
    assert write_branches(known) == text
    assert read_branches(text) == known


@pytest.mark.parametrize(
    "text",
    [
        "",
        "l",
        "la",
        "a2a",
        "l1aa",
        "l2aa",
        "laa",
        "2lab",
        "4la2be",
        "3lae",
        "lb2a",
        "l2e2a",
        "la2ap",
        "lp",
        "l2pa",
        "l2p2p",
        "3lw2a",
        "3laa",
        "5la2aw2w",
        "5lawa2w2a2w",
        "5law2aw",
        "la2a.",
        "..",
        "la2a2",
        "la02a",
        "la 2a",
        "la2a\n",
        "l²a3a",
        "999999l2a3a",
        "la9999999a",
        "9999999l2p",
    ],
)
def test_no_other_text_says_branches(text: str) -> None:
    """Nothing is read that no run writes, in whichever order."""
    assert read_branches(text) is None


@pytest.mark.parametrize(
    "odd",
    [
        branches({3: {4}}),
        branches({3: set()}),
        branches({3: {3, 4}}),
        branches({3: {0, 4}}),
        branches({3: {-9, 4}}),
        branches({3: {4, 6}}, {(3, 2): 8}),
        branches({3: {4, 6}}, {(3, 5): 6}),
        branches({3: {4, 6}}, never_asked={3: 2}),
        branches(never_asked={3: 1}),
        branches({0: {4, 6}}),
        branches({3: {4, 1_000_000}}),
    ],
)
def test_what_no_source_has_is_not_written(odd: Branches) -> None:
    """Its file is parsed again."""
    assert write_branches(odd) == ""


def test_whatever_branches_are_written_are_read_as_they_were() -> None:
    """Five hundred random ones; and what is read of a damaged text is written as that text."""
    numbers = random.Random(11)  # noqa: S311 - the same ones each time
    damaged = 0
    for _ in range(500):
        ways: dict[int, frozenset[int]] = {}
        back: dict[tuple[int, int], int] = {}
        never: dict[int, int] = {}
        for line in sorted(numbers.sample(range(1, 90), numbers.randint(0, 12))):
            possible = [*range(-line, 0), *range(1, line), *range(line + 1, 99)]
            ways[line] = frozenset(numbers.sample(possible, numbers.randint(2, 4)))
            if numbers.random() < 0.2:
                never[line] = len(ways.pop(line))
            elif line > 5:
                back |= {(line, start): min(ways[line]) for start in numbers.sample(range(1, line), numbers.randint(0, 2))}
        known = Branches(ways, back, never)
        text = write_branches(known)
        assert text
        assert read_branches(text) == known
        place = numbers.randrange(len(text))
        other = text[:place] + numbers.choice("labewp.123456789") + text[place + numbers.randint(0, 1) :]
        read = read_branches(other)
        assert read is None or write_branches(read) == other
        damaged += read is not None
    assert damaged > 50


def test_branches_that_were_taken_are_counted() -> None:
    """Each once, from and to any line of a statement; nothing else is one."""
    known = branches({2: {3, 5}, 5: {-1, 6}, 8: {9, 12}}, {(8, 7): 12}, {20: 3})
    first_line = {4: 3, 13: 12, 9: 8}
    assert count_taken(known, first_line, []) == (9, 3)
    assert count_taken(known, first_line, [(2, 3), (2, 4), (2, 2), (2, 6), (-1, 2), (3, 5), (20, 21)]) == (9, 4)
    assert count_taken(known, first_line, [(2, 5), (5, -1), (5, 6), (8, 7), (8, 13)]) == (9, 7)
    assert count_taken(known, {**first_line, 1: 1, 6: 5}, [(6, -1), (9, 13)]) == (9, 5)
