"""Find the folder where this user's runs keep what later runs trust: no repository can put anything into it.

Files that a run leaves for the next one outside this folder are sealed with a key that is kept here, so that the next run can
recognize them. Without such a folder nothing is kept, and only time is lost.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING
from uuid import uuid4

from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterator


_NAME = "pytest-handoff"
_KEY = "key"
_BYTES = 32
_WRITTEN_BY_OTHERS = 0o022
_READ_BY_OTHERS = 0o077


class Sealed(Bundle, frozen=True):
    """A folder that anybody may have filled, with the key that tells which files this user's runs left there."""

    path: Path
    key: bytes

    def seal(self, name: str, *contents: bytes) -> bytes:
        """Compute the seal of contents under a name; nobody can without the key."""
        made = blake2b(name.encode("utf-8", "surrogateescape") + b"\0", key=self.key, digest_size=_BYTES)
        for content in contents:
            made.update(len(content).to_bytes(8, "big"))
            made.update(content)
        return made.digest()


def user_folder(project: Path, *, make: bool = True) -> Path | None:
    """Find this user's own cache folder, or make it; ``None`` where none is safe.

    A safe folder belongs to this user, cannot be written by others, and is outside the project and every git work tree.
    """
    inner = project.resolve()
    for place in _places():
        with suppress(OSError):
            resolved = place.resolve()
            if not _is_outside(resolved, inner):
                continue
            if make:
                resolved.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_own(resolved):
                return resolved
    return None


def user_key(project: Path, *, make: bool = True) -> bytes | None:
    """Read the key of this user's seals, or make it; ``None`` where it cannot be kept."""
    folder = user_folder(project, make=make)
    if folder is None:
        return None
    with suppress(OSError):
        path = folder / _KEY
        if make and not path.exists():
            _make_key(path)
        return _read_key(path)
    return None


def _places() -> Iterator[Path]:
    """Name the folders to try; the temporary one is for a home that is missing or cannot be written."""
    if os.name == "nt":
        named = [os.environ.get("LOCALAPPDATA", "")]
    else:
        home = os.path.expanduser("~")  # noqa: PTH111 # Path.expanduser raises an error where there is no home
        named = [os.environ.get("XDG_CACHE_HOME", ""), f"{home}/.cache" if home else ""]
    yield from (Path(folder, _NAME) for folder in named if Path(folder).is_absolute())
    yield Path(tempfile.gettempdir(), f"{_NAME}-{os.getuid() if hasattr(os, 'getuid') else os.environ.get('USERNAME', '')}")


def _is_outside(place: Path, project: Path) -> bool:
    trees = (folder for folder in place.parents if folder == project or os.path.lexists(folder / ".git"))
    return next(trees, None) is None


def _is_own(place: Path) -> bool:
    status = place.lstat()
    return S_ISDIR(status.st_mode) and _is_mine(status, _WRITTEN_BY_OTHERS) and os.access(place, os.R_OK | os.W_OK | os.X_OK)


def _is_mine(status: os.stat_result, denied: int) -> bool:
    """Check that a file is this user's alone; Windows, which has no such owners, keeps a user's folders from others."""
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & denied)


def _make_key(path: Path) -> None:
    """Put a key in its place at once, unless another process was faster."""
    beside = path.with_name(f".{_KEY}.{uuid4().hex[:8]}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_BYTES))
        try:
            os.link(beside, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _read_key(path: Path) -> bytes | None:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        key = file.read(_BYTES)
    return key if S_ISREG(status.st_mode) and _is_mine(status, _READ_BY_OTHERS) and len(key) == _BYTES else None
