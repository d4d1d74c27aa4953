"""Moved files are found again by their blob or by their lines, and never by a guess."""

from __future__ import annotations

import pytest

from pytest_handoff.evidence.source_changes import hash_lines, match_moves
from pytest_handoff.record import SourceLine


def tree(**files: str) -> dict[str, SourceLine]:
    """A tree by path (``__`` stands for a slash); each word of a text is a line, the text itself its blob."""
    lines = {
        path.replace("__", "/"): (text, hash_lines("".join(f"{word}\n" for word in text.split()).encode()))
        for path, text in files.items()
    }
    return {path: SourceLine(path=path, blob=text, lines=hashed) for path, (text, hashed) in lines.items()}


@pytest.mark.parametrize(
    ("base", "now", "moves"),
    [
        pytest.param(tree(a="1 2 3"), tree(a="1 2 3"), {}, id="nothing moved"),
        pytest.param(tree(a="1 2 3"), tree(b="1 2 3"), {"b": "a"}, id="renamed"),
        pytest.param(tree(a="1 2 3"), tree(a="1 2 3", b="1 2 3"), {}, id="a copy is no move"),
        pytest.param(tree(a="1 2 3 4"), tree(b="1 2 x y"), {"b": "a"}, id="renamed and half rewritten"),
        pytest.param(tree(a="1 2 3 4"), tree(b="1 x y z"), {}, id="less than half in common"),
        pytest.param(tree(a="1 2"), tree(b="1 2 3 4 5"), {}, id="small beside what it became"),
        pytest.param(tree(a="1 2 3 4 5 6"), tree(b="1 2 3 4", c="5 6"), {"b": "a"}, id="split in two"),
        pytest.param(tree(a="1 2", b="3 4"), tree(c="1 2", d="3 4"), {"c": "a", "d": "b"}, id="two renamed"),
        pytest.param(tree(a="1 2 3 4"), tree(b="1 2 3 x", c="1 2 3 4"), {"c": "a"}, id="the same blob comes first"),
        pytest.param(tree(a="1 2 3 4"), tree(b="1 2 3 x", c="1 2 x y"), {"b": "a"}, id="the more similar one"),
        pytest.param(tree(a="1 2", b="1 2"), tree(c="1 2"), {}, id="two equal candidates"),
        pytest.param(tree(a="1 2"), tree(b="1 2", c="1 2"), {}, id="two equal heirs"),
        pytest.param(tree(x__a="1 2", x__b="1 2"), tree(y__a="1 2", y__b="1 2"), {"y/a": "x/a", "y/b": "x/b"}, id="names decide"),
        pytest.param(tree(x__a="1 2", y__a="1 2"), tree(z__a="1 2"), {}, id="names that do not decide"),
        pytest.param(tree(a="1 2 3 4", b="1 2 3 4 5"), tree(c="1 2 3 4 5 6"), {"c": "b"}, id="the best of two"),
        pytest.param(tree(a=""), tree(b="1"), {}, id="nothing in common with nothing"),
    ],
)
def test_moves(base: dict[str, SourceLine], now: dict[str, SourceLine], moves: dict[str, str]) -> None:
    """Each new path has the one old path that fits best, if one fits best."""
    assert match_moves(base, now) == moves


def test_a_tie_is_not_settled_by_what_is_left() -> None:
    """An old file that two heirs claim equally does not go to a third that fits less well."""
    base = tree(a="1 2 3 4")
    now = tree(b="1 2 3 x", c="1 2 3 y", d="1 2 x y")
    assert match_moves(base, now) == {}


def test_blank_lines_make_no_likeness() -> None:
    """Files that have only their blank lines in common are strangers."""
    blank = hash_lines(b"\n\n\n\n")
    base = {"a": SourceLine(path="a", blob="a", lines=blank + hash_lines(b"x\n"))}
    now = {"b": SourceLine(path="b", blob="b", lines=blank + hash_lines(b"y\n"))}
    assert match_moves(base, now) == {}


def test_files_without_lines_move_by_their_blob() -> None:
    """A file that is no code has no line hashes; its blob is enough."""
    base = {"a.bin": SourceLine(path="a.bin", blob="1"), "b.bin": SourceLine(path="b.bin", blob="2")}
    now = {"c.bin": SourceLine(path="c.bin", blob="1"), "d.bin": SourceLine(path="d.bin", blob="3")}
    assert match_moves(base, now) == {"c.bin": "a.bin"}
