"""Whether git is to heed the modes of files where its configuration says that there are none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project.modes import heeding_modes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")

HEEDING = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fileMode", "GIT_CONFIG_VALUE_0": "true"}


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_CONFIG_COUNT", raising=False)


@pytest.mark.parametrize(
    ("configuration", "says_no"),
    [
        ("[core]\n\tfilemode = false\n", True),
        ('[core] fileMode="off"\n', True),
        ("[core]\n\tfilemode = 0\n", True),
        ("[core]\n\tfilemode = true\n", False),
        ("[core]\n\tfilemodes = false\n", False),
        ("# filemode = false\n", False),
        ("", False),
    ],
)
def test_what_the_configuration_says(repository: Path, configuration: str, *, says_no: bool) -> None:
    """Where all files are of one kind, it is believed; where some are executable and some are not, it is not."""
    (repository / "a.py").write_text("1\n")
    (repository / ".git" / "config").write_text(configuration)
    assert heeding_modes(repository, repository / ".git") == ({} if says_no else HEEDING)
    (repository / "a.py").chmod(0o755)
    assert heeding_modes(repository, repository / ".git") == HEEDING


def test_files_that_are_gone_have_no_mode(repository: Path) -> None:
    """Nor have links."""
    (repository / "a.py").symlink_to("none.py")
    (repository / ".git" / "config").write_text("[core]\n\tfilemode = false\n")
    assert heeding_modes(repository, repository / ".git") == {}


@pytest.mark.parametrize(("given", "at"), [("2", 2), ("many", 0)])
def test_settings_that_are_there_stay(repository: Path, monkeypatch: pytest.MonkeyPatch, given: str, at: int) -> None:
    """Ours comes behind those of the environment."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", given)
    found = heeding_modes(repository, repository / ".git")
    assert found == {
        "GIT_CONFIG_COUNT": str(at + 1), f"GIT_CONFIG_KEY_{at}": "core.fileMode", f"GIT_CONFIG_VALUE_{at}": "true",
    }  # fmt: skip
