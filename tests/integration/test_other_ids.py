"""Tests that go on under other ids: what earlier sessions knew of them is neither lost nor counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Story


def test_first_parameters_and_no_more_parameters(shop: Story) -> None:
    """A test that is parametrized for the first time, or not any more, is the one that earlier sessions had."""
    shop.write_files({"tests/unit/test_n.py": "import pytest\n\n@pytest.mark.parametrize('n', [7])\ndef test_n(n):\n    pass\n"})
    shop.pytest("--no-cov", "--handoff=session-1")
    cases = "import pytest\n\n@pytest.mark.parametrize('n', [0, 1])\ndef test_empty(n):"
    shop.edit("tests/unit/test_cart.py", "def test_empty():", cases)
    shop.write_files({"tests/unit/test_n.py": "def test_n():\n    pass\n"})
    done = shop.pytest("--no-cov", "--handoff=session-2")

    assert shop.statuses("session-2") == {
        "test_checkout": "still_passing",
        "test_total": "still_passing",
        "test_empty[0]": "reparametrized",
        "test_empty[1]": "reparametrized",
        "test_n": "reparametrized",
    }
    assert "5/5 still pass   3 reparametrized" in done.section
    assert "0 new" in done.section
