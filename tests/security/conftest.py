"""A stranger's hand-off: a project with a recorded session, which an attack then changes, and the world around it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from stories import FIRST, Story, new_story

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = """
    # Session 1

    ## Test Results

    - **Current Session Tests**: [X/Y passed]

    ## Final Checklist

    - [ ] All unit tests pass
    - [ ] All E2E tests for current session pass
"""


@pytest.fixture(scope="session")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose first session is recorded, filled and committed; to be copied, never changed."""
    story = new_story(tmp_path_factory.mktemp("recorded") / "project")
    story.write_files(FIRST | {"handoffs/session-1.md": DOCUMENT})
    story.commit("first")
    done = story.pytest("-q", "--handoff=session-1")
    assert done.code == 0, done
    story.commit("session-1")
    return story.folder


@pytest.fixture
def recorded(recorded_once: Path, tmp_path: Path) -> Story:
    """A copy of that project of one's own; ``tmp_path`` around it is the world that no attack may touch or read."""
    shutil.copytree(recorded_once, tmp_path / "project", symlinks=True)
    return Story(tmp_path / "project")
