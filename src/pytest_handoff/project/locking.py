"""Allow one writer at a time in a hand-off folder."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.project.locks import take_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
    """Hold the lock of a folder; it lies outside the project, so that nothing appears in git.

    Raises:
        WriteProblem: when another process holds it for longer than ``patience`` seconds, or it cannot be taken at all.
    """
    path = Path(tempfile.gettempdir()) / f"pytest-handoff-{key_of_folder(folder)}.lock"
    try:
        let_go = take_lock(path, patience)
    except TimeoutError as error:
        raise WriteProblem("another process is writing here; wait for it to end and run again", path=str(folder)) from error
    except OSError as error:
        raise WriteProblem(f"the lock of {folder} cannot be taken: {error.strerror or error}", path=str(path)) from error
    try:
        yield
    finally:
        let_go()
