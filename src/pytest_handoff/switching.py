"""Several files that belong together: all of them change, or none does, whenever the process dies."""

from __future__ import annotations

import os
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.artifacts import sync_folder, write_beside
from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.locking import locked
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_handoff.artifacts import Artifact

NOTE = ".handoff-switch.json"
"""Name of the note that says which finished files are still to take their places; it exists for an instant only."""


class _Step(Frozen, frozen=True):
    """A finished file and the place it is to take, both relative to the note; ``before`` is what the place held."""

    made: str
    place: str
    before: str | None


def write_together(folder: Path, artifacts: Iterable[Artifact]) -> None:
    """Write artifacts so that :func:`finish_switch` finds either nothing to do, or everything to do.

    All contents are made beside their places first, then a note in ``folder`` names them, then they take their places in the
    given order. To be called with the lock of the folder held.

    Raises:
        WriteProblem: naming the file; then nothing has changed, or the note is there and the next command finishes.
    """
    steps: list[_Step] = []
    try:
        for artifact in artifacts:
            if artifact.differs():
                steps.append(_make(folder, artifact))  # noqa: PERF401 - what is made so far must be known when the next one fails
        if steps:
            _note_down(folder, steps)
    except BaseException as error:
        for step in steps:
            (folder / step.made).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WriteProblem(f"cannot be written: {error.strerror or error}", path=str(error.filename or folder)) from error
        raise
    if steps:
        _take_places(folder, steps)


def finish_switch(folder: Path) -> list[str]:
    """Finish what a process that died had begun; return the names of files that a person has changed since and keeps.

    Raises:
        EvidenceProblem: when the note cannot be read.
        WriteProblem: when another process holds the lock, or a file cannot take its place.
    """
    if not (folder / NOTE).is_file():
        return []
    with locked(folder):
        note = folder / NOTE
        if not note.is_file():
            return []
        _sweep(note)
        try:
            steps = msgspec.json.decode(note.read_bytes(), type=list[_Step])
        except msgspec.DecodeError as error:
            raise EvidenceProblem(f"is damaged: {error}; remove it and run again", path=str(note)) from error
        return _take_places(folder, steps)


def _make(folder: Path, artifact: Artifact) -> _Step:
    place = artifact.path.resolve()
    _sweep(place)
    made = write_beside(place, artifact.pieces())
    return _Step(made=_relative(made, folder), place=_relative(place, folder), before=_digest(place))


def _sweep(place: Path) -> None:
    """Remove what processes left that died before they came to their note."""
    beside = os.scandir(place.parent) if place.parent.is_dir() else ()
    left = [entry.path for entry in beside if entry.name.startswith(f".{place.name}.") and entry.name.endswith(".tmp")]
    for old in left:
        Path(old).unlink(missing_ok=True)


def _note_down(folder: Path, steps: list[_Step]) -> None:
    _sweep(folder / NOTE)
    made = write_beside(folder / NOTE, [msgspec.json.encode(steps)])
    made.replace(folder / NOTE)
    sync_folder(folder)


def _take_places(folder: Path, steps: list[_Step]) -> list[str]:
    try:
        kept = [folder / step.place for step in steps if not _take_place(folder, step)]
        for changed in {(folder / step.place).parent for step in steps}:
            sync_folder(changed)
        (folder / NOTE).unlink(missing_ok=True)
    except OSError as error:
        raise WriteProblem(f"cannot be written: {error.strerror or error}", path=str(error.filename or folder)) from error
    return list(_names(kept))


def _take_place(folder: Path, step: _Step) -> bool:
    """Whether the place holds what it should; not where somebody else has changed it in between."""
    made, place = folder / step.made, folder / step.place
    if not made.is_file():
        return True
    if _digest(place) != step.before:
        made.unlink()
        return False
    made.replace(place)
    return True


def _digest(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder.resolve())).as_posix()


def _names(paths: Iterable[Path]) -> Iterator[str]:
    return (os.path.normpath(path) for path in paths)
