"""Changed files as a tree or list."""

from __future__ import annotations

import pytest

from pytest_handoff.composition.wording import plain, tree


def test_a_tree() -> None:
    """Folders stand before files, each in the order of their names, with what is below them."""
    assert tree(["src/app/b.py", "README.md", "src/app/a.py", "src/app/deep/x.py", "src/z.py", "tests/t.py"]) == (
        "src/\n├── app/\n│   ├── deep/\n│   │   └── x.py\n│   ├── a.py\n│   └── b.py\n└── z.py\ntests/\n└── t.py\nREADME.md"
    )


@pytest.mark.parametrize("shape", [tree, plain])
def test_no_files(shape: object) -> None:
    """Without a file there is a word for it."""
    assert shape([]) == "none"  # type: ignore[operator]


@pytest.mark.parametrize("shape", [tree, plain])
@pytest.mark.parametrize(
    ("number", "rows", "last"), [(60, 60, "f59"), (61, 61, "… and 1 more file"), (1100, 61, "… and 1,040 more files")]
)
def test_many_files(shape: object, number: int, rows: int, last: str) -> None:
    """Sixty files are shown, the rest is counted."""
    shown = shape([f"f{position:02}" for position in range(number)]).splitlines()  # type: ignore[operator]
    assert (len(shown), shown[-1]) == (rows, last)


@pytest.mark.parametrize("shape", [tree, plain])
@pytest.mark.parametrize(("path", "row"), [("```", "./```"), ("~~~~ x", "./~~~~ x"), ("a\n```", "a ```"), ("a\x1b", "a\\x1b")])
def test_no_name_ends_the_fence(shape: object, path: str, row: str) -> None:
    """No file name can end the fenced block that the rows stand in."""
    assert shape([path]) == row  # type: ignore[operator]
