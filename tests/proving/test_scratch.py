"""Scratch folders: outside of the project, gone in the end, and gone with the next command when their own was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_handoff.proving.scratch import scratch_folder

HOLDS_ONE = """
import sys
from pathlib import Path
from pytest_handoff.proving.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "tree").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_a_scratch_folder_lives_as_long_as_its_command(project: Path) -> None:
    """It is not in the project, and neither it nor its lock stays."""
    with scratch_folder(project) as folder:
        assert folder.is_dir()
        assert not folder.is_relative_to(project)
        (folder / "file").write_text("x")
    assert list(folder.parent.iterdir()) == []


def test_a_kept_folder_stays_for_the_next_command_too(project: Path) -> None:
    """Whoever asked for it removes it."""
    with scratch_folder(project, keep=True) as folder:
        (folder / "file").write_text("x")
    with scratch_folder(project):
        pass
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_folder_without_the_right_to_write_goes_as_well(project: Path) -> None:
    """Tests may leave such a folder."""
    with scratch_folder(project) as folder:
        (folder / "a").mkdir()
        (folder / "a" / "file").write_text("x")
        (folder / "a").chmod(0o500)
    assert not folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="kills a process by a signal")
def test_the_next_command_removes_what_a_killed_one_left_and_nothing_of_one_that_lives(project: Path) -> None:
    """The lock says who lives, whatever process ids there are by now."""
    started = [
        subprocess.Popen([sys.executable, "-c", HOLDS_ONE, str(project)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    killed, alive = started
    folders = [Path(os.fsdecode(process.stdout.readline().strip())) for process in started if process.stdout]
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert folders[0].is_dir()
    with scratch_folder(project):
        assert not folders[0].exists()
        assert (folders[1] / "tree").is_dir()
    alive.communicate()
    assert not folders[1].exists()
