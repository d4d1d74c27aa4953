"""Keep a note of a write in progress, and read only notes that can be trusted.

The note is outside the repository, where nobody's commit can put one. It survives a restart in the user's own state folder;
where that cannot be written, it is beside the lock. It holds no path: a note can only name files that our own writes make.
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pytest_handoff.config import check_session_name
from pytest_handoff.errors import HandoffError
from pytest_handoff.project.artifacts import sync_folder
from pytest_handoff.project.foreign_files import FLAGS, MEGABYTE, read_opened
from pytest_handoff.project.locks import key_of_folder
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator


Kind = Literal["sources", "coverage", "statements", "ledger", "document", "record"]
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
_MARK = r"[0-9a-f]{8}"


class Step(Frozen, frozen=True):
    """A finished file that has yet to take its place.

    Attributes:
        kind: which of a session's files it is.
        mark: the part of the finished file's name that tells it from others beside its place.
        before: the digest of the file that was in the place, or ``None``.
    """

    kind: Kind
    mark: str
    before: str | None


class Note(Frozen, frozen=True):
    """The files of a session that are to take their places, in that order."""

    session: str
    steps: list[Step]


def write_note(folder: Path, note: Note) -> None:
    """Write the note about a hand-off folder.

    Raises:
        OSError: when it cannot be written anywhere.
    """
    content = msgspec.json.encode(note)
    *elsewhere, last = _places(folder)
    for path in elsewhere:
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, content)
            return
    _write(last, content)


def read_note(folder: Path) -> Note | None:
    """Return the note about a hand-off folder, if this user left a complete one.

    If a process died while it wrote its note, no file has taken its place yet.
    """
    for path in _places(folder):
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, HandoffError):
            note = msgspec.json.decode(_read_own(path), type=Note)
            check_session_name(note.session)
            if all(re.fullmatch(_MARK, step.mark) for step in note.steps):
                return note
    return None


def remove_note(folder: Path) -> None:
    """Remove the notes about a hand-off folder."""
    for path in _places(folder):
        with suppress(OSError):
            path.unlink()


def _write(path: Path, content: bytes) -> None:
    """Write a new file instead of the note of an earlier write, which is finished."""
    with suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, _NEW, 0o600)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def _read_own(path: Path) -> bytes:
    """Read a regular file of this user; anybody may have left one in a folder that all may write to."""
    descriptor = os.open(path, FLAGS)
    if hasattr(os, "geteuid") and os.fstat(descriptor).st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError
    return read_opened(descriptor, path, MEGABYTE)


def _places(folder: Path) -> Iterator[Path]:
    """List the places where a note may be, the preferred one first."""
    name = f"pytest-handoff-{key_of_folder(folder)}.unfinished.json"
    state = _state_folder()
    if state is not None:
        yield state / name
    yield Path(tempfile.gettempdir()) / name


def _state_folder() -> Path | None:
    """Find the user's state folder (XDG Base Directory Specification)."""
    named = Path(os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME", ""))
    if named.is_absolute():
        return named / "pytest-handoff"
    try:
        return Path.home() / ".local" / "state" / "pytest-handoff"
    except RuntimeError:  # nobody knows this user
        return None
