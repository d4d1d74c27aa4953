"""Write several files that belong together, so that all of them change or none does, whenever the process dies."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from shlex import quote
from stat import S_ISREG
from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.project.artifacts import Artifact, sync_folder, write_beside, write_each
from pytest_handoff.project.evidence_files import ATTRIBUTES, ATTRIBUTES_OF_EVIDENCE, has_sessions
from pytest_handoff.project.foreign_files import FLAGS, Refused, real_path
from pytest_handoff.project.locks import PATIENCE, locked
from pytest_handoff.project.pending_note import Note, Step, read_note, remove_note, write_note
from pytest_handoff.project.stored_files import COVERAGE, LEDGER, RECORD, SOURCES, STATEMENTS
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.pending_note import Kind


_FORMS: dict[Kind, str] = {"ledger": LEDGER, "sources": SOURCES, "coverage": COVERAGE, "statements": STATEMENTS}
"""The files that may hold what differs from another session's."""
_NAMES: dict[Kind, str] = {**_FORMS, "record": RECORD}

OLD_NOTE = ".handoff-switch.json"
"""The note that version 0.1 kept in the hand-off folder; anybody can commit one, so it is not followed there."""


class Unfinished(Bundle, frozen=True):
    """A write whose process died: its session, and whether some files are new and others are not."""

    session: str
    mixed: bool

    def __str__(self) -> str:
        """Say in one sentence what is left, and what finishes it."""
        how = "some of its files are in place and others are not" if self.mixed else "its evidence is unchanged"
        return f"a write of {self.session} was cut short, {how}; finish it with handoff fill {quote(self.session)}"


@contextmanager
def writing(project: Project) -> Iterator[None]:
    """Hold the lock of the hand-off folder, and first finish any write that another process began.

    Raises:
        WriteProblem: when another process holds the lock, or a file cannot take its place.
    """
    with locked(project.handoffs):
        _finish(project)
        yield


def write_as_one(project: Project, session: str, artifacts: Iterable[Artifact]) -> None:
    """Write a session's files so that :func:`finish_interrupted_write` finds either nothing to do, or everything to do.

    Each file is first written beside its place, then a note names the files, then they take their places in the given order.
    Call it within :func:`writing`.

    Raises:
        WriteProblem: naming the file; either nothing has changed, or the note is there and the next writing command finishes.
    """
    is_first = not has_sessions(project)
    kinds = {path: kind for kind, path in _files(project, session).items()}
    steps: list[Step] = []
    try:
        for artifact in artifacts:
            if artifact.differs():
                steps.append(_make(project, kinds[artifact.path], artifact))  # noqa: PERF401 - what is made so far must be known when the next one fails
        if replaced := [_FORMS[step.kind] for step in steps if step.kind in _FORMS and step.before is not None]:
            _let_go(project, session, replaced)
        if steps:
            write_note(project.handoffs, Note(session=session, steps=steps))
    except BaseException as error:
        for step in steps:
            _made(project, session, step).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written(error, project) from error
        raise
    if steps:
        _take_places(project, session, steps)
    if is_first:
        _tell_git(project)


def _tell_git(project: Project) -> None:
    """Write the attributes of evidence beside the first session's; a file that is there stays as it is."""
    path = project.evidence / ATTRIBUTES
    if project.uses_git and has_sessions(project) and not os.path.lexists(path):
        with suppress(WriteProblem):  # the evidence itself is there
            write_each([Artifact(path=path, content=ATTRIBUTES_OF_EVIDENCE)], project.within)


def _let_go(project: Project, session: str, names: Sequence[str]) -> None:
    """Write whole what holds only a difference from files that are about to be replaced; each is right before and after."""
    from pytest_handoff.project.forms import let_go

    write_each(let_go(project.store, session, names), project.within)


def finish_interrupted_write(project: Project) -> list[str]:
    """Finish a write whose process died; return the names of files that a person has changed since, which stay as they are.

    Raises:
        WriteProblem: when another process holds the lock, or a file cannot take its place.
    """
    if read_note(project.handoffs) is None:
        return []
    with locked(project.handoffs):
        return _finish(project)


def unfinished(project: Project, patience: float = PATIENCE) -> Unfinished | None:
    """Find a write that its process died in, without changing anything.

    Args:
        patience: seconds to wait for a process that is writing now.

    Raises:
        WriteProblem: when another process holds the lock for longer.
    """
    if read_note(project.handoffs) is None:
        return None
    with locked(project.handoffs, patience):
        note = read_note(project.handoffs)
        if note is None:
            return None
        waiting = [step for step in note.steps if _waiting(project, note.session, step) is not None]
        return Unfinished(note.session, mixed=len(waiting) < len(note.steps)) if waiting else None


def refuse_mixed(project: Project) -> Unfinished | None:
    """Return the result of :func:`unfinished` if the evidence can still be read: every file is as it was before.

    Raises:
        EvidenceProblem: when some files are new and others are not, so that any answer might be false.
        WriteProblem: as :func:`unfinished`.
    """
    found = unfinished(project)
    if found is not None and found.mixed:
        raise EvidenceProblem(str(found), path=project.shown(project.evidence / found.session))
    return found


def _files(project: Project, session: str) -> dict[Kind, Path]:
    """Name the only files that a write may replace."""
    return {kind: _file(project, session, kind) for kind in (*_NAMES, "document")}


def _file(project: Project, session: str, kind: Kind) -> Path:
    return project.document(session) if kind == "document" else project.evidence / session / _NAMES[kind]


def _make(project: Project, kind: Kind, artifact: Artifact) -> Step:
    place = real_path(artifact.path, project.within)
    _sweep(place)
    made = write_beside(place, artifact.pieces())
    return Step(kind=kind, mark=made.suffixes[-2][1:], before=_digest(place))


def _made(project: Project, session: str, step: Step) -> Path:
    """Locate the finished file of a step, beside its place.

    Raises:
        OSError: when the place points outside the repository.
    """
    return _beside(real_path(_file(project, session, step.kind), project.within), step)


def _beside(place: Path, step: Step) -> Path:
    return place.with_name(f".{place.name}.{step.mark}.tmp")


def _waiting(project: Project, session: str, step: Step) -> tuple[Path, Path] | None:
    """Locate the finished file of a step and its place, links followed, if it is still there."""
    try:
        place = real_path(_file(project, session, step.kind), project.within)
        made = _beside(place, step)
        return (made, place) if S_ISREG(made.lstat().st_mode) else None
    except OSError:
        return None


def _finish(project: Project) -> list[str]:
    note = read_note(project.handoffs)
    return [] if note is None else _take_places(project, note.session, note.steps)


def _take_places(project: Project, session: str, steps: Sequence[Step]) -> list[str]:
    try:
        kept = [project.shown(path) for step in steps if (path := _take_place(project, session, step)) is not None]
        for changed in dict.fromkeys(_made(project, session, step).parent for step in steps):
            sync_folder(changed)
        remove_note(project.handoffs)
    except OSError as error:
        raise _not_written(error, project) from error
    return kept


def _take_place(project: Project, session: str, step: Step) -> Path | None:
    """Put a finished file into its place; leave the place alone and return it if somebody else changed it meanwhile."""
    waiting = _waiting(project, session, step)
    if waiting is None:
        return None
    made, place = waiting
    if _digest(place) != step.before:
        made.unlink()
        return _file(project, session, step.kind)
    made.replace(place)
    _sweep(place)
    return None


def _sweep(place: Path) -> None:
    """Remove the files of processes that died before they wrote their note; nobody else gives a file such a name."""
    begins = f".{place.name}."
    try:
        with os.scandir(place.parent) as beside:
            found = [entry for entry in beside if entry.name.startswith(begins) and _is_mark(entry.name, begins)]
            left = [entry.path for entry in found if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return
    for old in left:
        Path(old).unlink(missing_ok=True)


def _is_mark(name: str, begins: str) -> bool:
    mark = name.removeprefix(begins).removesuffix(".tmp")
    return name == f"{begins}{mark}.tmp" and len(mark) == 8 and set(mark) <= set("0123456789abcdef")


def _digest(path: Path) -> str | None:
    """Hash a regular file, or return ``None`` if there is none."""
    try:
        descriptor = os.open(path, FLAGS)
    except OSError:
        return None
    try:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file_digest(file, "sha256").hexdigest()
    finally:
        os.close(descriptor)


def _not_written(error: OSError, project: Project) -> WriteProblem:
    why = f"cannot be written: {error.strerror or error}"
    if isinstance(error, Refused):
        why = f"{error.why}, so nothing was written there"
    path = error.filename
    return WriteProblem(why, path=project.shown(Path(os.fsdecode(path)) if path else project.handoffs))
