"""One writer at a time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import WriteProblem
from pytest_handoff.project.locks import locked

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from pytest_handoff.project.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
    Path(sys.argv[2]).write_text("first")
"""


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks lie in the system's folder for temporary files; here in one of the test's own."""
    folder = tmp_path / "locks"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def test_a_second_process_waits_or_is_told(tmp_path: Path) -> None:
    """While another process writes, an impatient one is told so, and a patient one writes after it."""
    order = tmp_path / "order"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), str(order)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(WriteProblem, match="another process is writing here; wait for it") as caught, locked(tmp_path, 0):
            order.write_text("never")
        assert caught.value.path == str(tmp_path)
        other.stdin.close()
        with locked(tmp_path):
            assert order.read_text() == "first"
    assert other.returncode == 0


def test_the_lock_is_given_back(tmp_path: Path) -> None:
    """After the work, also after work that failed, the lock is free, and nothing of it lies in the folder."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyError), locked(tmp_path, 0):
        raise KeyError
    with locked(tmp_path, 0):
        assert sorted(tmp_path.iterdir()) == before


def test_two_folders_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Each folder has a lock of its own."""
    with ExitStack() as stack:
        for name in ("a", "b"):
            stack.enter_context(locked(tmp_path / name, 0))


def test_one_folder_by_two_names(tmp_path: Path) -> None:
    """A folder that is reached through a link is the same folder."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with locked(tmp_path / "real", 0), pytest.raises(WriteProblem), locked(tmp_path / "link", 0):
        pass


def test_a_lock_that_cannot_be_taken(tmp_path: Path, own_locks: Path) -> None:
    """Where no lock can be made, that is told with its path."""
    own_locks.rmdir()
    own_locks.write_bytes(b"")
    with pytest.raises(WriteProblem, match="cannot be taken"), locked(tmp_path, 0):
        pass
