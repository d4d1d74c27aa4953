"""The lock under everything that one process alone may do: another process's, the system's, and filelock's in its place."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock, Timeout

from pytest_handoff.errors import WriteProblem
from pytest_handoff.project import locks
from pytest_handoff.project.locks import locked, take_lock

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, os
from pathlib import Path
from pytest_handoff.project.locks import take_lock
let_go = take_lock(Path(sys.argv[1]), 0)
print("held", flush=True)
sys.stdin.read()
os._exit(9)
"""
FLOCK_ONLY = pytest.mark.skipif(not locks.HAS_FLOCK, reason="this system has no flock")


@pytest.fixture(params=[pytest.param(True, marks=FLOCK_ONLY, id="flock"), pytest.param(False, id="filelock")])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's own lock, and with what filelock does where there is none."""
    monkeypatch.setattr(locks, "HAS_FLOCK", request.param)


@pytest.mark.usefixtures("either_way")
def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    """A second one gives up in time, whichever way it asks; afterwards it is free, and the file stays."""
    let_go = take_lock(tmp_path / "lock", 0)
    with pytest.raises(TimeoutError):
        take_lock(tmp_path / "lock", 0)
    with pytest.raises(Timeout):
        FileLock(tmp_path / "lock").acquire(timeout=0)
    let_go()
    assert (tmp_path / "lock").exists()
    take_lock(tmp_path / "lock", 0)()


@pytest.mark.usefixtures("either_way")
def test_a_file_that_is_there_keeps_what_it_holds(tmp_path: Path) -> None:
    """Taking the lock writes nothing."""
    (tmp_path / "lock").write_bytes(b"mine")
    take_lock(tmp_path / "lock", 0)()
    assert (tmp_path / "lock").read_bytes() == b"mine"


@FLOCK_ONLY
def test_a_file_of_another_user_is_locked_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be read, not written; the lock holds all the same, whoever made the file."""
    theirs, plainly = tmp_path / "lock", os.open
    theirs.touch()

    def denied(path: Path, flags: int, *mode: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return plainly(path, flags, *mode)

    monkeypatch.setattr(os, "open", denied)
    let_go = take_lock(theirs, 0)
    with pytest.raises(TimeoutError):
        take_lock(theirs, 0)
    let_go()
    take_lock(theirs, 0)()


@FLOCK_ONLY
def test_a_new_file_is_open_to_other_users(tmp_path: Path) -> None:
    """Root, a container or a run with a narrow umask may make it, and others must be able to lock it afterwards."""
    before = os.umask(0o077)
    try:
        take_lock(tmp_path / "lock", 0)()
    finally:
        os.umask(before)
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o666


@FLOCK_ONLY
def test_a_file_that_another_process_makes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between looking for the file and making it, another process may have made it."""
    plainly, path = os.open, tmp_path / "lock"

    def late(name: Path, flags: int, *mode: int) -> int:
        if flags & os.O_EXCL:
            path.touch()
        return plainly(name, flags, *mode)

    monkeypatch.setattr(os, "open", late)
    take_lock(path, 0)()


@FLOCK_ONLY
def test_a_file_that_another_user_closed_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been made by an older version, under a narrow umask."""

    def denied(path: Path, *_flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "open", denied)
    with (
        pytest.raises(WriteProblem, match=r"Permission denied; if another user made it, ask them to remove it"),
        locked(tmp_path),
    ):
        pass


def test_it_dies_with_its_process(tmp_path: Path) -> None:
    """A process that ends without letting go holds it no longer; one that waits gets it then."""
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError):
            take_lock(path, 0)
        threading.Thread(target=other.stdin.close).start()
        take_lock(path, 60)()
    assert other.returncode == 9


@FLOCK_ONLY
def test_a_forked_child_does_not_keep_it(tmp_path: Path) -> None:
    """A child that lives on has the file open; once its parent has let go, the lock is free nevertheless."""
    let_go = take_lock(tmp_path / "lock", 0)
    reads, writes = os.pipe()
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=reads, close_fds=False) as child:
        os.close(reads)
        let_go()
        take_lock(tmp_path / "lock", 0)()
        assert child.poll() is None
        os.close(writes)


@FLOCK_ONLY
def test_a_file_that_was_removed_meanwhile_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock on a file that has no name any more would keep nobody out."""
    path, opened = tmp_path / "lock", os.open

    def open_and_remove(*arguments: object) -> int:
        monkeypatch.undo()
        path.touch()
        descriptor = opened(*arguments)  # type: ignore[arg-type] # whatever the caller gives
        path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", open_and_remove)
    let_go = take_lock(path, 1)
    with pytest.raises(TimeoutError):
        take_lock(path, 0)
    let_go()


@FLOCK_ONLY
def test_a_file_system_without_such_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system says that it has none, a file that is there is the lock."""
    import fcntl

    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    let_go = take_lock(tmp_path / "lock", 0)
    with pytest.raises(TimeoutError):
        take_lock(tmp_path / "lock", 0)
    let_go()
    take_lock(tmp_path / "lock", 0)()


@pytest.mark.usefixtures("either_way")
def test_a_place_where_no_file_can_be(tmp_path: Path) -> None:
    """That is another error than a lock that somebody holds."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Not a directory|File exists") as caught:
        take_lock(tmp_path / "file" / "lock", 0)
    assert not isinstance(caught.value, TimeoutError)
