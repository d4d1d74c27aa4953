"""One writer at a time for a hand-off folder."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.errors import WriteProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0
"""Seconds to wait for another writer; writing takes well under one."""


@contextmanager
def locked(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of a folder; it lies outside of the project, so that nothing appears in git.

    Raises:
        WriteProblem: when another process holds it for longer than ``patience`` seconds, or it cannot be taken at all.
    """
    from filelock import FileLock, Timeout

    name = sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"pytest-handoff-{name}.lock"
    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise WriteProblem("another run is writing here; wait for it to end and run again", path=str(folder)) from error
    except OSError as error:
        raise WriteProblem(f"the lock of {folder} cannot be taken: {error.strerror or error}", path=str(path)) from error
    try:
        yield
    finally:
        lock.release()
