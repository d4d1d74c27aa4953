"""Files to be written, as values, and the one way they reach the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from stat import S_ISREG
from uuid import uuid4

from pytest_handoff.errors import WriteProblem
from pytest_handoff.foreign_files import real_path
from pytest_handoff.record import Frozen

IGNORE_ALL = b"*\n"
"""A ``.gitignore`` of nothing else makes its folder, and itself, invisible to git; pytest's cache and htmlcov have the same."""


Content = bytes | Callable[[], Iterable[bytes]]
"""The bytes of a file, or of a long one what makes them piece by piece, the same whenever it is asked."""


class Artifact(Frozen, frozen=True):
    """A file's whole content; ``path`` is absolute."""

    path: Path
    content: Content

    @property
    def whole(self) -> bytes:
        """The content in one piece."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterable[bytes]:
        """The content in as many pieces as it is made in."""
        return (self.content,) if isinstance(self.content, bytes) else self.content()

    def differs(self) -> bool:
        """Whether the file on disk is absent or another one; what is no regular file is not waited for."""
        try:
            with open(self.path, "rb", opener=_without_waiting) as file:
                if not S_ISREG(os.fstat(file.fileno()).st_mode):
                    return True
                return any(file.read(len(piece)) != piece for piece in self.pieces()) or file.read(1) != b""
        except FileNotFoundError:
            return True


def self_ignoring(folder: Path) -> Artifact:
    """The file that keeps a folder of generated files out of git, and out of the tree that evidence is about."""
    return Artifact(path=folder / ".gitignore", content=IGNORE_ALL)


def write_all(artifacts: Iterable[Artifact], within: Sequence[Path] | None = None) -> None:
    """Write each artifact that differs, in the given order, so that what names another file comes after it.

    Each file is written beside its place, synced and renamed: a reader sees the old file or the new one. Symbolic links are
    followed and the mode of an existing file is kept.

    Args:
        within: folders that a link may not lead out of, wherever the repository may have brought one.

    Raises:
        WriteProblem: naming the file; what was written before it stays, what it was to replace is untouched.
    """
    for artifact in artifacts:
        try:
            place = Path(os.path.realpath(artifact.path)) if within is None else real_path(artifact.path, within)
            if artifact.differs():
                _replace(place, artifact.pieces())
        except OSError as error:
            raise WriteProblem(f"cannot be written: {error.strerror or error}", path=str(artifact.path)) from error


def write_beside(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write a file that can take the place of ``path``: in its folder, synced, with its mode; return its path.

    Raises:
        OSError: when it cannot be written; nothing of it is left.
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
    """Make the names in a folder survive a loss of power, where the system can."""
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
