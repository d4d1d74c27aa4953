"""Give a command a folder for scratch trees: below the user's cache, locked while the command lives, and removed after it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IRWXU
from typing import TYPE_CHECKING
from uuid import uuid4

from pytest_handoff.errors import WriteProblem
from pytest_handoff.project.locks import take_lock
from pytest_handoff.project.user_folder import user_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER, _LOCK = "proving", ".lock"


@contextmanager
def scratch_folder(project: Path, *, keep: bool = False) -> Iterator[Path]:
    """Make a folder outside the project, and remove it in the end, unless it is to be kept.

    A lock beside it says that it is in use; the system releases it when the process dies, and the next command that needs a
    folder removes what the dead one left.

    Raises:
        WriteProblem: when there is no safe place for it, or no folder can be made there.
    """
    cache = user_folder(project)
    if cache is None:
        raise WriteProblem("no folder for scratch trees: you have none outside the project; set XDG_CACHE_HOME to one")
    place = cache / _FOLDER
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        remove_abandoned(place)
        folder = place / uuid4().hex[:12]
        lock = folder.with_suffix(_LOCK)
        let_go = take_lock(lock, 1)
    except OSError as error:
        raise WriteProblem(f"cannot create a scratch tree: {error.strerror or error}", path=str(place)) from error
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        if not keep:
            remove(folder)
        lock.unlink(missing_ok=True)
        let_go()


def remove_abandoned(place: Path) -> None:
    """Remove the folders of commands that died: the lock of each can be taken."""
    for lock in sorted(place.glob(f"*{_LOCK}")):
        with suppress(OSError):  # a command that lives holds it
            let_go = take_lock(lock, 0)
            try:
                remove(lock.with_suffix(""))
                lock.unlink(missing_ok=True)
            finally:
                let_go()


def remove(folder: Path) -> None:
    """Remove a folder, even where tests took away the right to write in it."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for top, _, _ in os.walk(folder):
            with suppress(OSError):
                Path(top).chmod(S_IRWXU)
        shutil.rmtree(folder, ignore_errors=True)
