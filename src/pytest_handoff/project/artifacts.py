"""Describe files to be written as values, and write them safely."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from stat import S_ISREG
from uuid import uuid4

from pytest_handoff.errors import WriteProblem
from pytest_handoff.project.foreign_files import real_path
from pytest_handoff.record import Frozen

IGNORE_ALL = b"*\n"
"""A ``.gitignore`` with only this hides its folder and itself from git; pytest's cache and htmlcov do the same."""


Content = bytes | Callable[[], Iterable[bytes]]
"""The bytes of a file, or, for a long file, a function that makes the same pieces whenever it is called."""


class Artifact(Frozen, frozen=True):
    """A file's whole content; ``path`` is absolute.

    ``alone`` is what the file holds where other files, which it refers to here, are not beside it.
    """

    path: Path
    content: Content
    alone: Content | None = None

    @property
    def whole(self) -> bytes:
        """Return the content in one piece."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterable[bytes]:
        """Return the content in pieces, as it is made."""
        return (self.content,) if isinstance(self.content, bytes) else self.content()

    def differs(self) -> bool:
        """Check whether the file on disk is absent or has other content, without waiting for anything but a regular file."""
        try:
            with open(self.path, "rb", opener=_without_waiting) as file:
                if not S_ISREG(os.fstat(file.fileno()).st_mode):
                    return True
                return any(file.read(len(piece)) != piece for piece in self.pieces()) or file.read(1) != b""
        except FileNotFoundError:
            return True


def self_ignoring(folder: Path) -> Artifact:
    """Build the file that keeps a folder of generated files out of git, and out of the tree that evidence is about."""
    return Artifact(path=folder / ".gitignore", content=IGNORE_ALL)


def write_each(artifacts: Iterable[Artifact], within: Sequence[Path] | None = None) -> None:
    """Write each artifact that differs, in the given order, so that a file comes after those that it names.

    Each file is written beside its place, synced and renamed: a reader sees the old file or the new one. Symbolic links are
    followed and the mode of an existing file is kept.

    Args:
        within: folders that no link may lead out of, for places where the repository may have put a link.

    Raises:
        WriteProblem: naming the file; files written before it stay, and the file that it was to replace is untouched.
    """
    for artifact in artifacts:
        try:
            place = Path(os.path.realpath(artifact.path)) if within is None else real_path(artifact.path, within)
            if artifact.differs():
                _replace(place, artifact.pieces())
        except OSError as error:
            raise WriteProblem(f"cannot be written: {error.strerror or error}", path=str(artifact.path)) from error


def write_beside(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write a file that can replace ``path``: in the same folder, synced, with the same mode; return its path.

    Raises:
        OSError: when it cannot be written; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("xb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(path.stat().st_mode)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power failure, if the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _replace(path: Path, pieces: Iterable[bytes]) -> None:
    temporary = write_beside(path, pieces)
    try:
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
