"""Tests that were emptied, weakened or moved to another tier are there to be seen, and decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

CART = "tests/unit/test_cart.py"
MORE = """

@pytest.mark.parametrize("price", [1, 2])
def test_each(price):
    assert total([price]) == price


def test_reformatted( ):
    assert total( [1,1] ) == 2


@pytest.mark.integration
def test_tier():
    assert total([]) == 0


def test_skipped():
    assert total([]) == 0


def test_xfailed():
    assert total([1]) == 1
"""


@pytest.fixture
def recorded(shop: Story) -> Story:
    """A first session with tests of many kinds."""
    (shop.folder / CART).write_text("import pytest\n" + shop.text(CART) + MORE, "utf-8")
    shop.pytest("--handoff=session-1")
    shop.commit("session-1")
    return shop


def row(name: str, what: str) -> str:
    return f"| `{CART}::{name}` | {what} |"


def test_what_was_done_to_tests_is_shown(recorded: Story) -> None:
    """All of it is in the document, for programs and in the terminal, by name; the run passes as it did."""
    recorded.edit(CART, "    assert total([1, 2]) == 3\n", "    pass\n")
    recorded.edit(CART, "== price\n", ">= 0\n")
    recorded.edit(CART, "@pytest.mark.integration\n", "@pytest.mark.e2e\n")
    recorded.edit(CART, "def test_skipped", "@pytest.mark.skip\ndef test_skipped")
    recorded.edit(CART, "def test_xfailed", "@pytest.mark.xfail\ndef test_xfailed")
    recorded.edit(CART, "    assert total([1]) == 1", "    assert total([1]) == 2")
    recorded.write_files(
        {"tests/unit/test_new.py": "def test_new():\n    len([])\n\ndef test_sound():\n    assert len([]) == 0\n"}
    )
    done = recorded.pytest("--handoff=session-2", "-v")
    assert done.code == 0, done
    changed = [f"{CART}::test_{name}" for name in ("each", "skipped", "tier", "total", "xfailed")]
    assert recorded.show("session-2")["integrity"] == {
        "changed": changed,
        "beside": [],
        "without_assertion": [f"{CART}::test_total", "tests/unit/test_new.py::test_new"],
        "in_another_name": [],
        "uncollected": [],
        "tier_changes": [{"id": f"{CART}::test_tier", "was": "integration", "now": "e2e"}],
        "newly_skipped": [f"{CART}::test_skipped"],
        "newly_xfailed": [f"{CART}::test_xfailed"],
    }
    document = recorded.document("session-2")
    assert all(f"| `{test}` | changed |" in document for test in changed)
    assert row("test_total", "asserts nothing") in document
    assert row("test_tier", "was integration, is now e2e") in document
    assert row("test_skipped", "skipped now") in document
    assert row("test_xfailed", "expected to fail now") in document
    assert "test_sound" not in document.partition("handoff:begin tests.changed")[2].partition("handoff:end")[0]
    assert " · 5 changed" in done.section
    assert f"changed    {CART}::test_total" in done.section
    assert "no assert  tests/unit/test_new.py::test_new" in done.section
    assert f"tier       {CART}::test_tier was integration, is now e2e" in done.section
    assert recorded.handoff("verify", "session-2").code == 0


def test_a_reformatted_test_leaves_the_others_alone(recorded: Story) -> None:
    """Of a file that changed only the functions that changed are named, and the gate has no word in it."""
    gates = recorded.gate("session-1").keys()
    recorded.edit(
        CART, "def test_reformatted( ):\n    assert total( [1,1] ) == 2", "def test_reformatted():\n    assert total([1, 1]) == 2"
    )
    recorded.write_files({"tests/unit/__init__.py": ""})
    recorded.pytest("--handoff=session-2")
    found = recorded.show("session-2")["integrity"]
    assert found["changed"] == [f"{CART}::test_reformatted"]
    assert (found["without_assertion"], found["tier_changes"]) == ([], [])
    assert recorded.gate("session-2").keys() == gates


def test_untouched_tests_are_said_to_be_so(recorded: Story) -> None:
    """Where nothing was done to tests there is one sentence, and nothing in the terminal."""
    recorded.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 0")
    done = recorded.pytest("--handoff=session-2", "-v")
    block = recorded.document("session-2").partition("handoff:begin tests.changed -->\n")[2].partition("\n<!--")[0]
    assert block == "No earlier test changed."
    assert "changed" not in done.section
