"""Files that a run imported in place of those of its tree, and how they are told without naming this machine's folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_handoff.proving.imported import Shadow, shadows

TREE, REAL = Path("/scratch"), Path("/checkout")
KNOWN = {"src/shop/__init__.py", "src/shop/cart.py", "lib.py"}
EDITABLE = "install the project with pip install --editable, or add its folder to pytest's pythonpath"
BY_PATH = "import it in tests by a path relative to the tree, or add its folder to pytest's pythonpath"


def found(name: str, file: str, *, same: bool = False) -> list[Shadow]:
    """What is said of one module."""
    known = shadows(
        [(name, file)], tree=TREE, real=REAL, known=KNOWN, roots=["src", ""], is_same=lambda _path, _place: same
    )  # fmt: skip
    return list(known)


@pytest.mark.parametrize(
    ("name", "file", "said"),
    [
        (
            "shop.cart", "/py/lib/site-packages/shop/cart.py",
            f"site-packages/shop/cart.py ran instead of src/shop/cart.py; {EDITABLE}",
        ),
        (
            "shop", "/py/dist-packages/shop/__init__.so",
            f"dist-packages/shop/__init__.so ran instead of src/shop/__init__.py; {EDITABLE}",
        ),
        ("any", "/checkout/lib.py", f"the work tree's lib.py ran instead of lib.py; {BY_PATH}"),
        ("lib", "/elsewhere/lib.py", f"another lib.py ran instead of lib.py; {BY_PATH}"),
        ("lib", "/checkout/build/lib.py", f"the work tree's build/lib.py ran instead of lib.py; {BY_PATH}"),
    ],
)  # fmt: skip
def test_another_file_ran(name: str, file: str, said: str) -> None:
    """It is said which one, and what to do."""
    assert [*map(str, found(name, file))] == [said]


@pytest.mark.parametrize(
    ("name", "file"),
    [("shop.cart", "/scratch/src/shop/cart.py"), ("json.lib", "/py/json/lib.py"), ("other", "/py/site-packages/other.py")],
    ids=["of the tree", "of Python", "of somebody else"],
)
def test_files_that_replace_none(name: str, file: str) -> None:
    """The tree's own, those of Python itself, and those of other projects."""
    assert found(name, file) == []


def test_a_copy_of_the_same_content() -> None:
    """It makes no difference."""
    assert found("lib", "/elsewhere/lib.py", same=True) == []
