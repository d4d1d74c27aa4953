"""A test that turned up in another file is the lost one if its body says so; a name says nothing."""

from __future__ import annotations

from textwrap import dedent

import pytest

from pytest_handoff.evidence.moved_tests import Bodies
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.record import SourceLine

OLD = """
    import pytest
    from shop import order, total


    def test_main():
        basket = order("tea", "bread")
        assert total(basket) == 3
        assert basket


    def test_other():
        assert total([]) == 0


    class TestBasket:
        def test_empty(self):
            assert total([]) == 0
"""


def agree(now: str, name: str, *, old: str = "test_old.py", was: str = "") -> bool:
    """Whether the test of this name in the new text is the one of the old text."""
    bases = [{"test_old.py": SourceLine(path="test_old.py", blob="1", lines=hash_lines(dedent(was or OLD).encode()))}]
    files = {"test_new.py": dedent(now).encode()}
    return Bodies(bases, files.get).agree(f"{old}::{name}", f"test_new.py::{name}")


@pytest.mark.parametrize(
    ("now", "name", "same"),
    [
        pytest.param(OLD, "test_main", True, id="as it was"),
        pytest.param(OLD, "test_main[a::b]", True, id="with parameters"),
        pytest.param(OLD, "TestBasket::test_empty", True, id="in a class"),
        pytest.param(
            "@pytest.mark.slow\ndef test_main():\n    basket = order('milk')\n    assert total(basket) == 3\n    assert basket\n",
            "test_main", True, id="one line of three changed, and a new decorator",
        ),
        pytest.param(
            'def test_main(shop):\n    basket = order("tea", "bread")\n    assert total(basket) == 3\n    assert basket\n',
            "test_main", True, id="another head, the same body",
        ),
        pytest.param(
            'def test_main():\n    basket = order("tea", "bread")\n    assert len(basket) == 2\n', "test_main", False,
            id="half is not more than half",
        ),
        pytest.param("def test_main():\n    assert total([]) == 0\n", "test_main", False, id="the body of another test"),
        pytest.param("def test_main(): pass\n", "test_main", False, id="emptied"),
        pytest.param("def test_elsewhere(): pass\n", "test_main", False, id="no such function: inherited, or made by a call"),
        pytest.param("def test_main(:\n", "test_main", False, id="no Python"),
        pytest.param(OLD, "", False, id="an item without a name"),
        pytest.param(OLD, "Cell 0", False, id="an item that is no function"),
    ],
)  # fmt: skip
def test_bodies(now: str, name: str, same: bool) -> None:
    """More than half of the body's lines must stand behind the old head, or anywhere if the head changed."""
    assert agree(now, name) is same


def test_one_line() -> None:
    """A function on one line is compared whole."""
    assert agree("def test_it(): assert 1\n", "test_it", was="def test_it(): assert 1\n")
    assert not agree("def test_it(): assert 1\n", "test_it", was="def test_it(): assert 2\n")


def test_a_file_that_nobody_kept() -> None:
    """Without the lines of the old file nothing agrees: sources may be pruned, and are kept of code only."""
    assert not agree(OLD, "test_main", old="test_gone.py")
    assert not agree(OLD, "test_main", was="\n")
