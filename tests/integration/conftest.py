"""Real projects in real git repositories, with real pytest runs and real commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stories import FIRST, Story, new_story

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def empty(tmp_path: Path) -> Story:
    """A project without code."""
    return new_story(tmp_path / "project")


@pytest.fixture
def shop(empty: Story) -> Story:
    """A small project with unit and e2e tests, committed, before its first session."""
    empty.write_files(FIRST)
    empty.commit("first")
    return empty
