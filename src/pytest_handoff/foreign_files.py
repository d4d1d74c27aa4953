"""Files that a repository names: read as regular files of a bounded size, and never through a link that leads out of it.

What is refused is an :class:`OSError` like any other that a file may give, so that one sentence names the file and says why.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MEGABYTE = 1 << 20
SETTINGS, TEXT, TABLE, LINES = 4 * MEGABYTE, 64 * MEGABYTE, 64 * MEGABYTE, 256 * MEGABYTE
"""The most that is read of a settings file or template, of a document or source file, of a record, of a file of JSON Lines."""

FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
"""How such a file is opened: a link is refused, and a pipe that nobody writes to is opened at once and then seen to be one."""


class Refused(OSError):
    """A path that is not followed, or a file that is not read; ``why`` is a verb and what belongs to it."""

    def __init__(self, why: str, path: Path | str) -> None:
        super().__init__(errno.EPERM, f"it {why}", str(path))
        self.why = why


def real_path(path: Path | str, within: Sequence[Path]) -> Path:
    """Return where a path leads once links are followed.

    Args:
        within: folders, as they are once links are followed; the path must lead into one of them.

    Raises:
        Refused: for a path that leads elsewhere, or into git's own folder, where files decide what git runs.
    """
    real = Path(os.path.realpath(path))
    inner = next((real.relative_to(folder) for folder in within if real.is_relative_to(folder)), None)
    if inner is None:
        raise Refused("leads out of the repository", path)
    if any(part.casefold() == ".git" for part in inner.parts):
        raise Refused("leads into .git", path)
    return real


def leads_outside(path: Path | str, within: Sequence[Path]) -> str | None:
    """Say why a path is not to be followed, or ``None`` where it may be."""
    try:
        real_path(path, within)
    except Refused as refused:
        return refused.why
    return None


def read_file(path: Path | str, within: Sequence[Path], most: int) -> bytes:
    """Read a file that a repository names.

    Args:
        most: the bytes that it may have.

    Raises:
        OSError: when it cannot be read, is no regular file, is too large, or leads out of the folders.
    """
    return read_opened(os.open(real_path(path, within), FLAGS), path, most)


def read_own(path: Path | str, within: Sequence[Path], most: int) -> bytes:
    """Read a file whose folder is known to lie within the folders: only the file itself may be a link.

    Raises:
        OSError: as :func:`read_file`.
    """
    try:
        descriptor = os.open(path, FLAGS)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EMLINK):  # what systems answer for a link that is not to be followed
            raise
        return read_file(path, within, most)
    return read_opened(descriptor, path, most)


def read_opened(descriptor: int, path: Path | str, most: int) -> bytes:
    """Read what was opened, and close it.

    Raises:
        OSError: as :func:`read_file`.
    """
    try:
        found = os.fstat(descriptor)
        if not S_ISREG(found.st_mode):
            raise Refused("is no regular file", path)
        if found.st_size > most:
            raise Refused(f"has more than {most // MEGABYTE} MB", path)
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            return file.readall()
    finally:
        os.close(descriptor)


def read_if_there(path: Path | str, within: Sequence[Path], most: int) -> bytes | None:
    """Read a file that a repository names, or return ``None`` where there is none that may be read.

    Raises:
        OSError: when the system does not let it be read.
    """
    try:
        return read_file(path, within, most)
    except (Refused, FileNotFoundError, NotADirectoryError):
        return None


def named_by_a_person(path: Path, root: Path) -> Path:
    """Return what links may not lead out of, where a person names a path: elsewhere than in the repository, the path itself.

    Args:
        path: a file or folder that a person named, absolute.
        root: the top of the repository, or of the project without git.
    """
    plain = Path(os.path.normpath(path))
    return root if plain.is_relative_to(root) else Path(os.path.realpath(plain))
