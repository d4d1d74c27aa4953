"""The note of a write that is under way: where the machine keeps it, and which notes are believed.

It lies outside of the repository, where nobody else's commit can put one. It survives a restart in the user's own folder for
such things; where that cannot be written it lies beside the lock. It holds no path: what a note can name is only what a write
of ours writes.
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pytest_handoff.artifacts import sync_folder
from pytest_handoff.config import check_session_name
from pytest_handoff.errors import HandoffError
from pytest_handoff.foreign_files import FLAGS, MEGABYTE, read_opened
from pytest_handoff.locking import key_of_folder
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["sources", "ledger", "document", "record"]
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
_MARK = re.compile(r"[0-9a-f]{8}")


class Step(Frozen, frozen=True):
    """A finished file that is to take its place.

    Attributes:
        kind: which of a session's files it is.
        mark: what tells the finished file beside its place from others.
        before: the digest of what the place held, or ``None``.
    """

    kind: Kind
    mark: str
    before: str | None


class Note(Frozen, frozen=True):
    """The files of a session that are still to take their places, in that order."""

    session: str
    steps: list[Step]


def write_note(folder: Path, note: Note) -> None:
    """Keep a note about a hand-off folder.

    Raises:
        OSError: when there is no place that it can be written to.
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
    """Return the note about a hand-off folder, if this user left one that is whole.

    A note that a process did not live to finish names nothing that has begun.
    """
    for path in _places(folder):
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, HandoffError):
            note = msgspec.json.decode(_read_own(path), type=Note)
            check_session_name(note.session)
            if all(_MARK.fullmatch(step.mark) for step in note.steps):
                return note
    return None


def remove_note(folder: Path) -> None:
    """Forget the notes about a hand-off folder."""
    for path in _places(folder):
        with suppress(OSError):
            path.unlink()


def _write(path: Path, content: bytes) -> None:
    """Write a file that was not there before; the caller's note of an earlier write is done with."""
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
    """Read a regular file of this user's; in a folder that all may write to anybody may have left one."""
    descriptor = os.open(path, FLAGS)
    if hasattr(os, "geteuid") and os.fstat(descriptor).st_uid != os.geteuid():
        os.close(descriptor)
        raise PermissionError
    return read_opened(descriptor, path, MEGABYTE)


def _places(folder: Path) -> Iterator[Path]:
    """Where a note may be, the place that is preferred first."""
    name = f"pytest-handoff-{key_of_folder(folder)}.unfinished.json"
    state = _state_folder()
    if state is not None:
        yield state / name
    yield Path(tempfile.gettempdir()) / name


def _state_folder() -> Path | None:
    """The user's folder for what programs keep from one start to the next (XDG Base Directory Specification)."""
    named = Path(os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_STATE_HOME", ""))
    if named.is_absolute():
        return named / "pytest-handoff"
    try:
        return Path.home() / ".local" / "state" / "pytest-handoff"
    except RuntimeError:  # nobody knows this user
        return None
