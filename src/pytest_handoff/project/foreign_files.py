"""Read files that a repository names: only regular files of a bounded size, and never through a link that points outside it.

A refusal is an :class:`OSError` like any other error of a file, so that one sentence names the file and says why.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


MEGABYTE = 1 << 20
SETTINGS, TEXT, TABLE, LINES = 4 * MEGABYTE, 64 * MEGABYTE, 64 * MEGABYTE, 256 * MEGABYTE
"""The most bytes read of a settings file or template, of a document or source file, of a record, and of a JSON Lines file."""

_PIECE = 1 << 16

FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
"""Flags to open such a file: a link is refused, and a pipe that nobody writes to does not block the opening."""


class Refused(OSError):
    """A path that is not followed, or a file that is not read; ``why`` is a predicate such as ``is not a regular file``."""

    def __init__(self, why: str, path: Path | str) -> None:
        super().__init__(errno.EPERM, f"it {why}", str(path))
        self.why = why


def real_path(path: Path | str, within: Sequence[Path]) -> Path:
    """Return where a path leads, with all links followed.

    Args:
        within: folders with their own links followed; the path must lead into one of them.

    Raises:
        Refused: for a path that leads elsewhere, or into ``.git``, where files decide what git runs.
    """
    if "\0" in str(path):
        raise Refused("has a name that no file can have", str(path).replace("\0", "\\0"))
    real = os.path.realpath(path)
    inner = next((real[len(str(folder)) :] for folder in within if _is_below(real, str(folder))), None)
    if inner is None:
        raise Refused("points outside the repository", path)
    if ".git" in inner.casefold().replace(os.sep, "/").split("/"):
        raise Refused("points into .git", path)
    return Path(real)


def _is_below(path: str, folder: str) -> bool:
    """Check whether a path is a folder or is in it; paths of pathlib would take as long as following the links."""
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def leads_outside(path: Path | str, within: Sequence[Path]) -> str | None:
    """Say why a path must not be followed, or return ``None`` where it may be."""
    try:
        real_path(path, within)
    except Refused as refused:
        return refused.why
    return None


def is_file(path: Path) -> bool:
    """Check whether there is a file, as far as this user may know."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_file(path: Path | str, within: Sequence[Path], most: int) -> bytes:
    """Read a file that a repository names.

    Args:
        most: the most bytes that it may have.

    Raises:
        OSError: when it cannot be read, is not a regular file, is too large, or leads out of the folders.
    """
    return read_opened(os.open(real_path(path, within), FLAGS), path, most)


def read_own(path: Path | str, within: Sequence[Path], most: int) -> bytes:
    """Read a file whose folder is known to are within the folders: only the file itself may be a link.

    Raises:
        OSError: as :func:`read_file`.
    """
    try:
        descriptor = os.open(path, FLAGS)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EMLINK):  # the errors of systems for a link that must not be followed
            raise
        return read_file(path, within, most)
    return read_opened(descriptor, path, most)


def read_opened(descriptor: int, path: Path | str, most: int) -> bytes:
    """Read an opened file, and close it.

    Raises:
        OSError: as :func:`read_file`.
    """
    try:
        size = _checked_size(descriptor, path, most)
        data = os.read(descriptor, size + 1)
        if data and len(data) == size:  # there is no more: a chain of files is read with few calls of the system
            return data
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            return data + file.readall()
    finally:
        os.close(descriptor)


def pieces_of(path: Path | str, within: Sequence[Path], most: int) -> Iterator[bytes]:
    """Read a file as :func:`read_file` does, but in pieces that end where lines end.

    Raises:
        OSError: as :func:`read_file`.
    """
    with os.fdopen(os.open(real_path(path, within), FLAGS), "rb") as file:
        _checked_size(file.fileno(), path, most)
        while piece := file.read(_PIECE):
            yield piece if piece.endswith(b"\n") else piece + file.readline()


def _checked_size(descriptor: int, path: Path | str, most: int) -> int:
    found = os.fstat(descriptor)
    if not S_ISREG(found.st_mode):
        raise Refused("is not a regular file", path)
    if found.st_size > most:
        raise Refused(f"has more than {most // MEGABYTE} MB", path)
    return found.st_size


def read_if_there(path: Path | str, within: Sequence[Path], most: int) -> bytes | None:
    """Read a file that a repository names, or return ``None`` if there is none or it must not be read.

    Raises:
        OSError: when the system does not let it be read.
    """
    try:
        return read_file(path, within, most)
    except (Refused, FileNotFoundError, NotADirectoryError):
        return None


def named_by_a_person(path: Path, root: Path) -> Path:
    """Return the folder that links of a path named by a person may not lead out of: the root, or outside it the path itself.

    Args:
        path: a file or folder that a person named, absolute.
        root: the top of the repository, or of the project without git.
    """
    plain = Path(os.path.normpath(path))
    return root if plain.is_relative_to(root) else Path(os.path.realpath(plain))
