"""The books of the shed."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolshed.store import DuplicateName, Store, Tool, UnknownTool


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "shed.db")


def test_a_new_shed_is_empty(store: Store) -> None:
    assert store.tools() == []


def test_tools_keep_the_order_in_which_they_came(store: Store) -> None:
    store.add_tool("saw")
    store.add_tool("drill")
    assert store.tools() == [Tool(1, "saw"), Tool(2, "drill")]


def test_a_tool_is_found_by_its_number(store: Store) -> None:
    added = store.add_tool("saw")
    assert store.tool(added.id) == added


def test_an_unknown_number_is_an_error(store: Store) -> None:
    with pytest.raises(UnknownTool, match="no tool has the number 7"):
        store.tool(7)


def test_two_tools_cannot_share_a_name(store: Store) -> None:
    store.add_tool("saw")
    with pytest.raises(DuplicateName, match="'saw'"):
        store.add_tool("saw")
    assert len(store.tools()) == 1


def test_the_books_outlive_the_program(tmp_path: Path) -> None:
    Store(tmp_path / "shed.db").add_tool("saw")
    assert Store(tmp_path / "shed.db").tools() == [Tool(1, "saw")]
