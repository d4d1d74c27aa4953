"""Statements that differ in nothing but annotations."""

from __future__ import annotations

import pytest

from pytest_handoff.evidence.annotations import only_annotated
from pytest_handoff.evidence.source_changes import hash_lines

BODY = "    return a\n"


def found(base: str, now: str, *, at_hand: bool = False) -> set[int]:
    """The first lines of the statements that were only annotated."""
    old, new = base.encode(), now.encode()
    return set(only_annotated(hash_lines(old), hash_lines(new), new, lambda: old if at_hand else None))


@pytest.mark.parametrize(
    ("base", "now"),
    [
        pytest.param("def f(a):\n", "def f(a: int):\n", id="an argument"),
        pytest.param("def f(a):\n", "def f(a) -> int:\n", id="what it returns"),
        pytest.param(
            "def f(a=1, *b, c=2, **d):\n", 'def f(a: int = 1, *b: str, c: "int" = 2, **d: x.y[z]) -> None | int:\n', id="all"
        ),
        pytest.param("async def f(a, /, b = 1):\n", "async def f(a: int, /, b = 1) -> str:\n", id="one of two"),
        pytest.param("def f(a, b=1):\n", "def f(\n    a: int,\n    b: int = 1,\n) -> int:\n", id="in several lines by then"),
        pytest.param(
            "def f(\n    a,\n    b=1,\n):\n", "def f(\n    a: int,\n    b: int = 1,\n) -> int:\n", id="in several lines"
        ),
        pytest.param("def f(a, ä='ö'):\n", "def f(a, ä: Größe = 'ö') -> Maß:\n", id="beyond ASCII"),
        pytest.param("def f(a):  # why\n", "def f(a: int) -> int:  # why\n", id="before a comment"),
    ],
)
def test_annotations_that_were_added(base: str, now: str) -> None:
    """The hashes of the earlier lines are enough."""
    assert found(base + BODY, now + BODY) == {1}


def test_a_variable_within_a_function() -> None:
    """An assignment is the same with an annotation."""
    assert found("def f():\n    a = [1]\n    return a\n", "def f():\n    a: list[int] = [1]\n    return a\n") == {2}


@pytest.mark.parametrize(
    ("base", "now"),
    [
        pytest.param("def f(a: Optional[int]) -> str:\n", "def f(a: int | None) -> str:\n", id="changed"),
        pytest.param("def f(a: int) -> str:\n", "def f(\n    a: int | None,\n) -> str:\n", id="in several lines by then"),
        pytest.param("def f(\n    a: int | None,\n) -> str:\n", "def f(a: int) -> str:\n", id="in one line by then"),
    ],
)
def test_annotations_in_place_of_others(base: str, now: str) -> None:
    """The earlier text is needed, as git may have it."""
    assert found(base + BODY, now + BODY) == set()
    assert found(base + BODY, now + BODY, at_hand=True) == {1}


@pytest.mark.parametrize("at_hand", [False, True])
@pytest.mark.parametrize(
    ("base", "now"),
    [
        pytest.param("def f(a):\n", "def f(a: int, b: int):\n", id="another argument"),
        pytest.param("def f(a=1):\n", "def f(a: int = 2):\n", id="another default"),
        pytest.param("def f(a):\n", "def g(a: int):\n", id="another name"),
        pytest.param("def f(a):\n", "async def f(a: int):\n", id="a coroutine"),
        pytest.param("def f(a):\n", "def f(a: int, /):\n", id="by position only"),
        pytest.param("def f(a):\n", "def f(a: Depends(levy)):\n", id="an annotation that calls"),
        pytest.param("def f(a):\n", "def f(a: (lambda: levy)):\n", id="one that is a function"),
        pytest.param("def f(a):\n", "def f(a: [levy for levy in a]):\n", id="one that loops"),
        pytest.param("def f(a: int = 1): return a\n", "def f(a: str = 1): return -a\n", id="another body in its line"),
        pytest.param("x = 1\n", "def f(a: int):\n", id="a new function"),
    ],
)
def test_what_changed_besides_is_new(base: str, now: str, at_hand: bool) -> None:
    """Code is code, in an annotation too."""
    assert found(base + BODY.replace("a", "1"), now + BODY, at_hand=at_hand) == set()


def test_a_line_elsewhere_proves_nothing() -> None:
    """A statement is compared where it stands: a second one of the same words is new."""
    base = "def f(a):\n    return a\n"
    now = base + "\n\ndef f(a: int):\n    return -a\n"
    assert found(base, now) == set()
    assert found(base, now, at_hand=True) == set()


def test_text_that_cannot_be_read_is_left_alone() -> None:
    """Neither a file of another language, nor one that has changed since it was hashed."""
    assert found("def f(a):\n    {%\n", "def f(a: int):\n    {%\n") == set()
    changed = hash_lines(b"def f(a):\n    return a\n")
    assert not only_annotated(changed, changed, b"def f(a: int):\n    return a\n", lambda: None)
    latin = "# coding: latin-1\ndef f(ä: int):\n    return 1\n".encode("latin-1")
    assert not only_annotated(changed, hash_lines(latin), latin, lambda: None)
