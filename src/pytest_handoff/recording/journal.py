"""Keep the results of a run on disk while it runs, so that the next command can say how far an interrupted run got.

Each run has its own folder. ``start.json`` says what was asked for, ``collection.json`` what was collected, and ``tests.jsonl``
has a line for each test that has ended: just its id if it simply passed, else ``[id, result]``; ``failures.jsonl`` holds what
failing tests said. While the process lives, it
holds a lock on ``alive``, which the system releases when the process ends, however it ends. ``recorded.json`` is written just
before the record: if the record's ``run`` is the same, the run was recorded. Two files are empty, since they need no room on a
full disk: ``finished.STATUS`` says that the tests ended with this exit status, and ``gaps`` that some lines are missing. A
journal without ``start.json`` is ignored: its run died before it began, or ended well. ``seal`` shows that one of this user's
runs made the journal: a journal that came with a repository is ignored too.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from json.encoder import encode_basestring_ascii
from os import getpid  # bound now: a test may leave os.getpid mocked, and the run would take itself for another one
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.details import MOST_A_SESSION, Failure
from pytest_handoff.project.foreign_files import LINES, read_own
from pytest_handoff.project.locks import sign_of, take_lock
from pytest_handoff.project.user_folder import Sealed, user_key
from pytest_handoff.record import Frozen, RunInfo
from pytest_handoff.run import PASSED, CaseResult, SuiteFiles

if TYPE_CHECKING:
    from collections.abc import Iterator


ALIVE, BESIDE, START, SEAL, TESTS, RECORDED = "alive", "beside", "start.json", "seal", "tests.jsonl", "recorded.json"
FAILURES, GAPS, FINISHED = "failures.jsonl", "gaps", "finished."
_PATIENCE = 10.0
"""Seconds to wait for our own lock: another process can hold it only for an instant, to check if we are alive."""


class JournalStart(Frozen, frozen=True):
    """The plan of a run; ``prefix`` makes a node id relative to the git root, ``started`` is in seconds since the epoch."""

    session: str
    fingerprint: str
    started: float
    prefix: str
    args: list[str]
    why_partial: list[str]
    previous: list[str]
    instructions: str | None
    plugins: dict[str, str]
    suite: SuiteFiles


class Journal:
    """The journal of a run that is still going on.

    Args:
        journals: the folder of all runs of the project, see :func:`journals_of`.
        start: the plan of the run.

    Raises:
        OSError: if the folder cannot be written.
    """

    def __init__(self, journals: Path, start: JournalStart) -> None:
        self.folder = journals / start.session / f"{int(start.started * 1000)}-{getpid()}"
        self.trouble: str | None = None
        self.folder.mkdir(parents=True)
        self._let_go = take_lock(self.folder / ALIVE, _PATIENCE)
        self._beside = _greet(journals, self.folder)
        begun, key = msgspec.json.encode(start), user_key(_project_of(journals))
        if key is None:
            self.trouble = "there is no folder outside the project that only you can write to"
        else:
            _write_whole(self.folder / SEAL, _seal_of(self.folder, begun, key))
        _write_whole(self.folder / START, begun)
        self._tests, self._pid = _Lines(self.folder / TESTS), getpid()
        self._room = 4 * MOST_A_SESSION

    def note(self, nodeid: str, result: CaseResult) -> None:
        """Write the line of a test that has ended; a full disk, or what a test left mocked, costs the journal, never the run.

        A child that a test forked, and that continues as if it were the run, writes nothing.
        """
        if self.trouble is not None:
            return
        try:
            if getpid() != self._pid:
                return
            line = encode_basestring_ascii(nodeid)
            if result is not PASSED and result != PASSED:
                line = f"[{line},{json.dumps(msgspec.to_builtins(result))}]"
            data = (line + "\n").encode()
            if self._tests.write(data) != len(data):
                self._give_up("the disk is full")
        except Exception as error:
            self._give_up(getattr(error, "strerror", None) or str(error) or type(error).__name__)

    def note_failure(self, failure: Failure) -> None:
        """Write down what a failing test said, up to a limit for all of them.

        The last line about a test counts.
        """
        if self.trouble is not None or getpid() != self._pid:
            return
        line = msgspec.json.encode(failure) + b"\n"
        self._room -= len(line)
        if self._room >= 0:
            with (self.folder / FAILURES).open("ab") as file:
                file.write(line)

    def will_be_recorded(self, run: RunInfo) -> None:
        """Write down what the record is about to say about this run."""
        try:
            _write_whole(self.folder / RECORDED, msgspec.json.encode(run))
        except OSError as error:
            self.trouble = error.strerror or str(error)

    def had_company(self) -> bool:
        """Check if another run of this project was alive at any time during this one."""
        return self._beside or (self.folder / BESIDE).exists()

    def close(self, *, keep: bool, finished: int | None = None) -> None:
        """Close the journal.

        Args:
            keep: leave it to be found as that of a run that was not recorded.
            finished: the exit status, if the tests ran to their end; ``None`` if the run was interrupted.
        """
        self._tests.close()
        if not keep:  # while the lock is held, so that nobody takes this run, which is over, for an interrupted one
            self._disown()
        elif finished is not None:
            self._mark(f"{FINISHED}{finished}")
        self._let_go()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _give_up(self, trouble: str) -> None:
        self.trouble = trouble
        self._mark(GAPS)

    def _mark(self, name: str) -> None:
        """Make an empty file; if even that fails, nobody may find the journal, since it would say something false."""
        try:
            (self.folder / name).touch()
        except Exception:  # a test may have left anything mocked
            self._disown()

    def _disown(self) -> None:
        with suppress(Exception):  # a test may have put something else in the place of the folder
            (self.folder / START).unlink(missing_ok=True)


class _Lines:
    """A file to append lines to; a test may have closed its descriptor, and the number may belong to another file now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def write(self, data: bytes) -> int:
        """Add data, and return how much of it the disk took."""
        if sign_of(self._descriptor) != self._sign:
            self._open()
        return os.write(self._descriptor, data)

    def close(self) -> None:
        """Close the file, if it is still this one."""
        if sign_of(self._descriptor) == self._sign:
            os.close(self._descriptor)

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        self._sign = sign_of(self._descriptor)


class DeadRun(Frozen, frozen=True):
    """The journal of a run whose process has ended.

    Attributes:
        last: the time of its last sign of life, in seconds since the epoch.
        recorded: what its record was to say about it, if it came as far as writing one.
        finished: the exit status of tests that ran to their end; ``None`` if the run was interrupted.
        gaps: true if some tests that ended are not in ``results``.
    """

    folder: Path
    start: JournalStart
    results: list[tuple[str, CaseResult]]
    last: float
    recorded: RunInfo | None
    finished: int | None
    gaps: bool

    def failures(self) -> list[Failure]:
        """Read what the failing tests said, by pytest's ids, up to a line that the process left unfinished."""
        try:
            lines = read_own(self.folder / FAILURES, [self.folder], LINES).splitlines(keepends=True)
        except OSError:
            return []
        found: dict[str, Failure] = {}
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            for line in lines:
                failure = msgspec.json.decode(line, type=Failure)
                found[failure.test] = failure
        return list(found.values())


def journals_of(project_folder: Path) -> Path:
    """Return the folder of a project's journals; it is in pytest's cache, which git ignores."""
    return project_folder / ".pytest_cache" / "handoff" / ".journals"


def left_behind(journals: Path, session: str) -> list[DeadRun]:
    """Find the journals of a session's runs that this user started and whose processes have ended, oldest first."""
    ended = [folder for folder in _runs(journals / session) if not _is_alive(folder)]
    key = user_key(_project_of(journals), make=False) if ended else None
    found = [_read(folder) for folder in ended if key is not None and _bears_seal(folder, key)]
    return sorted((run for run in found if run is not None), key=lambda run: run.start.started)


def is_going_on(journals: Path, folder: Path) -> bool:
    """Check if a folder is that of a run of this project whose process is alive."""
    return folder.parent.parent == journals and folder in _runs(folder.parent) and _is_alive(folder)


def has_strange(journals: Path, session: str) -> bool:
    """Check if a session has a journal that none of this user's runs made."""
    key = user_key(_project_of(journals), make=False)
    return any(key is None or not _bears_seal(folder, key) for folder in _runs(journals / session) if (folder / START).exists())


def forget(runs: list[DeadRun]) -> None:
    """Remove journals that are no longer needed."""
    for run in runs:
        shutil.rmtree(run.folder, ignore_errors=True)


def sweep(journals: Path, session: str, *, keep: list[DeadRun]) -> None:
    """Remove every journal of a session whose process has ended, except those to ``keep``."""
    kept = {run.folder for run in keep}
    for folder in _runs(journals / session):
        if folder not in kept and not _is_alive(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _project_of(journals: Path) -> Path:
    return journals.parents[2]


def _seal_of(folder: Path, begun: bytes, key: bytes) -> bytes:
    return Sealed(folder, key).seal(f"{folder.parent.name}/{folder.name}", begun)


def _bears_seal(folder: Path, key: bytes) -> bool:
    try:
        begun = read_own(folder / START, [folder], LINES)
        return read_own(folder / SEAL, [folder], LINES) == _seal_of(folder, begun, key)
    except OSError:
        return False


def _write_whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.tmp")
    beside.write_bytes(content)
    beside.replace(path)


def _greet(journals: Path, own: Path) -> bool:
    """Tell every live run of the project that it is not alone; return whether there is one."""
    others = [run for session in _folders(journals) for run in _runs(session) if run != own and _is_alive(run)]
    for other in others:
        (other / BESIDE).touch()
    return bool(others)


def _read(folder: Path) -> DeadRun | None:
    """Read a journal up to a line that a dying process left unfinished; return ``None`` if its start cannot be read."""
    try:
        start = msgspec.json.decode(read_own(folder / START, [folder], LINES), type=JournalStart)
        tests = folder / TESTS
        lines = read_own(tests, [folder], LINES).decode("ascii", "replace").splitlines(keepends=True) if tests.exists() else []
        last = tests.stat().st_mtime if tests.exists() else start.started
        recorded = folder / RECORDED
        run = msgspec.json.decode(read_own(recorded, [folder], LINES), type=RunInfo) if recorded.exists() else None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return DeadRun(
        folder=folder,
        start=start,
        results=list(_results(lines)),
        last=last,
        recorded=run,
        finished=_exit_status(folder),
        gaps=(folder / GAPS).exists(),
    )


def _exit_status(folder: Path) -> int | None:
    """Read the exit status from the name of a file, which needs no room; ``None`` if the tests did not run to their end."""
    told = (path.name.removeprefix(FINISHED) for path in folder.glob(f"{FINISHED}*"))
    return next((int(status) for status in told if status.isdecimal() and status.isascii()), None)


def _results(lines: list[str]) -> Iterator[tuple[str, CaseResult]]:
    for line in lines:
        try:
            found = json.loads(line) if line.endswith("\n") else None
            if isinstance(found, str):
                yield found, PASSED
            else:
                yield msgspec.convert(found, tuple[str, CaseResult])
        except (ValueError, RecursionError):  # msgspec's ValidationError is a ValueError
            return  # lines after a torn one cannot be trusted


def _is_alive(folder: Path) -> bool:
    try:
        let_go = take_lock(folder / ALIVE, patience=0)
    except TimeoutError:
        return True
    except OSError:  # its run ended and removed it just now
        return False
    let_go()
    return False


def _runs(session: Path) -> list[Path]:
    return [folder for folder in _folders(session) if (folder / ALIVE).exists()]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
