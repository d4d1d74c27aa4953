"""Allow one writer at a time in a hand-off folder; the system releases the lock when its holder dies, however it dies.

Where the system has ``flock``, it is called directly, since importing filelock costs a run more time than all its writing. On
Windows, and on file systems without such locks, filelock knows what to use instead.
"""

from __future__ import annotations

import errno
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_handoff.errors import EvidenceProblem, WriteProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


try:
    import fcntl
except ImportError:  # Windows
    HAS_FLOCK = False
else:
    HAS_FLOCK = True

_HELD_ELSEWHERE = {errno.EACCES, errno.EAGAIN}
_PAUSE = 0.05
"""Seconds between two attempts."""


def take_lock(path: Path, patience: float) -> Callable[[], None]:
    """Lock a file, making it if need be; return a function that releases the lock and leaves the file.

    Args:
        patience: seconds to wait for another process.

    Raises:
        TimeoutError: when another process holds it for longer.
        OSError: when it cannot be taken at all.
    """
    if not HAS_FLOCK:
        return _by_filelock(path, patience)
    deadline = time.monotonic() + patience
    try:
        while (held := _attempt(path)) is None:
            if time.monotonic() >= deadline:
                raise TimeoutError(errno.ETIMEDOUT, "another process holds the lock", str(path))
            time.sleep(_PAUSE)
    except OSError as error:
        if error.errno == errno.ENOSYS:
            return _by_filelock(path, patience)
        raise
    descriptor, sign = held, sign_of(held)
    return lambda: _let_go(descriptor, sign)


def sign_of(descriptor: int) -> tuple[int, int] | None:
    """Return what identifies an open file, or ``None`` if the descriptor is closed.

    A test may close descriptors that it did not open (``os.closerange``), and the number then belongs to the next file.
    """
    try:
        about = os.fstat(descriptor)
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _attempt(path: Path) -> int | None:
    """Return the descriptor that holds the lock, or ``None`` where another process holds it or has just removed the file."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError) and error.errno in _HELD_ELSEWHERE:
            return None
        raise
    os.close(descriptor)
    return None


def _open(path: Path) -> int:
    """Open the file, first without ``O_CREAT``: with it the system may refuse another user's file in a shared folder.

    Another user's file may be readable only, and is locked as well then. A new one is open to all users, whatever the umask: it
    stays when its maker, such as root, is gone.
    """
    flags = os.O_RDWR | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        return _make(path, flags)
    except PermissionError:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)


def _make(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:  # another process was faster
        return os.open(path, flags)
    with suppress(OSError):  # a file system without modes
        os.fchmod(descriptor, 0o666)
    return descriptor


def _let_go(descriptor: int, sign: tuple[int, int] | None) -> None:
    """Unlock before closing: a child that was forked meanwhile has the file open too."""
    if sign_of(descriptor) == sign is not None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _by_filelock(path: Path, patience: float) -> Callable[[], None]:
    """Lock by filelock; where only the file system lacks ``flock``, use another file as the lock, since ours was just made."""
    from filelock import FileLock, SoftFileLock

    lock = SoftFileLock(path.with_name(f"{path.name}.held")) if HAS_FLOCK else FileLock(path)
    lock.acquire(timeout=patience)
    return lock.release


Read = TypeVar("Read")

PATIENCE = 60.0
"""Seconds to wait for another writer; writing takes well under one."""


def read_settled(folder: Path, read: Callable[[], Read]) -> Read:
    """Call ``read`` on a folder; where its files do not fit together, call it once more while nobody writes there.

    Raises:
        EvidenceProblem: when they do not fit together then either.
        WriteProblem: when another process writes for longer than it should.
    """
    try:
        return read()
    except EvidenceProblem:
        with locked(folder):
            return read()


def key_of_folder(folder: Path) -> str:
    """Return the key of a folder for the names of files about it that lie elsewhere."""
    return sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]


@contextmanager
def locked(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of a folder; it is outside the project, so that nothing appears in git.

    Raises:
        WriteProblem: when another process holds it for longer than ``patience`` seconds, or it cannot be taken at all.
    """
    path = Path(tempfile.gettempdir()) / f"pytest-handoff-{key_of_folder(folder)}.lock"
    try:
        let_go = take_lock(path, patience)
    except TimeoutError as error:
        raise WriteProblem("another process is writing here; wait for it to end and run again", path=str(folder)) from error
    except OSError as error:
        why = error.strerror or str(error)
        if isinstance(error, PermissionError):
            why += "; if another user made it, ask them to remove it, or set TMPDIR to another folder"
        raise WriteProblem(f"the lock of {folder} cannot be taken: {why}", path=str(path)) from error
    try:
        yield
    finally:
        let_go()
