"""The journal of a run: what it keeps while the run goes on, and what is found of it when the run died."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from builders import run_info
from pytest_handoff.details import Failure
from pytest_handoff.project.locks import take_lock
from pytest_handoff.recording import journal
from pytest_handoff.recording.journal import (
    ALIVE,
    BESIDE,
    FAILURES,
    SEAL,
    START,
    TESTS,
    Journal,
    JournalStart,
    forget,
    has_strange,
    is_going_on,
    journals_of,
    left_behind,
    sweep,
)
from pytest_handoff.run import CaseResult, SuiteFiles

if TYPE_CHECKING:
    from pathlib import Path

PASSED, FAILED = CaseResult(outcome="passed"), CaseResult(outcome="failed", error="boom")


def begun(session: str = "s", started: float = 1.0) -> JournalStart:
    return JournalStart(
        session=session, fingerprint="sha256:tree", started=started, prefix="", args=[], why_partial=[], previous=[],
        instructions=None, plugins={}, suite=SuiteFiles(patterns=["test_*.py"], folders=[]),
    )  # fmt: skip


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    return journals_of(tmp_path)


def failure(test: str, text: str = "boom") -> Failure:
    return Failure(test=test, outcome="failed", when="call", message=f"a.py:1: {test}", text=text)


def test_a_run_that_died(journals: Path) -> None:
    """Everything that it noted is found, and forgotten when it is not needed any more."""
    run = Journal(journals, begun())
    run.note("a.py::x", PASSED)
    run.note("a.py::é", FAILED)
    run.will_be_recorded(run_info())
    assert (run.trouble, left_behind(journals, "s"), is_going_on(journals, run.folder)) == (None, [], True)
    run.close(keep=True)
    (dead,) = left_behind(journals, "s")
    assert (dead.start, dead.results, dead.recorded) == (begun(), [("a.py::x", PASSED), ("a.py::é", FAILED)], run_info())
    assert (dead.last, dead.failures()) == ((run.folder / TESTS).stat().st_mtime, [])
    assert not is_going_on(journals, run.folder)
    forget([dead])
    assert left_behind(journals, "s") == []


def test_a_run_that_ended(journals: Path) -> None:
    """Nothing of it is left."""
    run = Journal(journals, begun())
    run.note("a.py::x", PASSED)
    run.close(keep=False)
    assert not run.folder.exists()
    assert left_behind(journals, "s") == []


def test_runs_at_the_same_time(journals: Path) -> None:
    """Each knows of the other, and one that ended is no company."""
    old = Journal(journals, begun("old"))
    old.close(keep=True)
    one = Journal(journals, begun("one"))
    assert not one.had_company()
    two = Journal(journals, begun("two"))
    assert (one.had_company(), two.had_company()) == (True, True)
    assert (one.folder / BESIDE).exists()
    one.close(keep=False)
    two.close(keep=False)
    assert not (old.folder / BESIDE).exists()


def test_runs_are_found_oldest_first_and_swept(journals: Path) -> None:
    """One that is alive stays, and so does one that is to be kept."""
    runs = [Journal(journals, begun(started=started)) for started in (3.0, 1.0, 2.0)]
    for run in runs[:2]:
        run.close(keep=True)
    dead = left_behind(journals, "s")
    assert [one.start.started for one in dead] == [1.0, 3.0]
    sweep(journals, "s", keep=dead[:1])
    assert [run.folder.exists() for run in runs] == [False, True, True]
    runs[2].close(keep=False)


@pytest.mark.parametrize(
    ("name", "content", "results"),
    [
        (TESTS, b'"a.py::x"\n"a.py::y', ["a.py::x"]),
        (TESTS, b'"a.py::x"\n{}\n"a.py::y"\n', ["a.py::x"]),
        (TESTS, b'["a.py::x", {"outcome": "odd"}]\n"a.py::y"\n', []),
        (START, b"{", None),
        (SEAL, b"forged", None),
    ],
)
def test_a_journal_that_is_not_whole(journals: Path, name: str, content: bytes, results: list[str] | None) -> None:
    """What comes after a torn line cannot be trusted, and nothing at all where the beginning is another one."""
    run = Journal(journals, begun())
    run.close(keep=True)
    (run.folder / name).write_bytes(content)
    found = [[test for test, _ in dead.results] for dead in left_behind(journals, "s")]
    assert found == ([] if results is None else [results])
    assert has_strange(journals, "s") is (results is None)


def test_a_record_that_is_torn(journals: Path) -> None:
    """Such a journal cannot be read."""
    run = Journal(journals, begun())
    run.will_be_recorded(run_info())
    run.close(keep=True)
    (run.folder / journal.RECORDED).write_bytes(b'{"started')
    assert left_behind(journals, "s") == []


def test_a_run_without_tests(journals: Path) -> None:
    """Its last sign of life is its beginning."""
    run = Journal(journals, begun(started=7.0))
    run.close(keep=True)
    (run.folder / TESTS).unlink()
    (dead,) = left_behind(journals, "s")
    assert (dead.results, dead.last, dead.recorded) == ([], 7.0, None)


def test_a_user_without_a_folder_of_their_own(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No seal can be made, so nothing is noted, and what is there is nobody's."""
    monkeypatch.setattr(journal, "user_key", lambda *_, **__: None)
    run = Journal(journals, begun())
    run.note("a.py::x", PASSED)
    run.note_failure(failure("a.py::x"))
    run.close(keep=True)
    assert run.trouble == "there is no folder outside the project that only you can write to"
    assert (run.folder / TESTS).read_bytes() == b""
    assert not (run.folder / FAILURES).exists()
    assert left_behind(journals, "s") == []
    assert has_strange(journals, "s")


@pytest.mark.parametrize(
    ("write", "trouble"),
    [
        (lambda *_: 1, "the disk is full"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (ValueError("odd"), "odd"),
        (ValueError(), "ValueError"),
    ],
)
def test_a_line_that_cannot_be_written(journals: Path, monkeypatch: pytest.MonkeyPatch, write: Any, trouble: str) -> None:
    """It costs the journal, never the run; nothing is tried again."""
    asked: list[bytes] = []

    def written(_: object, data: bytes) -> int:
        asked.append(data)
        if isinstance(write, Exception):
            raise write
        return int(write())

    run = Journal(journals, begun())
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", written)
        run.note("a.py::x", PASSED)
        run.note("a.py::y", PASSED)
    run.close(keep=False)
    assert (run.trouble, asked) == (trouble, [b'"a.py::x"\n'])


def test_a_journal_with_gaps(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds it is told that a line is missing, and whether the run finished."""
    for number, finished in enumerate((None, 1)):
        run = Journal(journals, begun(started=number))
        run.note("a.py::x", PASSED)
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda *_: 1)
            run.note("a.py::y", PASSED)
        run.close(keep=True, finished=finished)
    found = [(dead.results, dead.gaps, dead.finished) for dead in left_behind(journals, "s")]
    assert found == [([("a.py::x", PASSED)], True, None), ([("a.py::x", PASSED)], True, 1)]


def test_a_run_that_finished(journals: Path) -> None:
    """Its exit status is kept; a name that holds none says nothing."""
    run = Journal(journals, begun())
    run.note("a.py::x", PASSED)
    run.close(keep=True, finished=0)
    (dead,) = left_behind(journals, "s")
    assert (dead.finished, dead.gaps, dead.results) == (0, False, [("a.py::x", PASSED)])
    (run.folder / "finished.0").rename(run.folder / "finished.well")
    (dead,) = left_behind(journals, "s")
    assert dead.finished is None


def test_no_room_to_say_that_a_run_finished(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nobody finds its journal: it would tell of an interruption."""
    run = Journal(journals, begun())

    def touch(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(type(journals), "touch", touch)
        run.close(keep=True, finished=0)
    assert left_behind(journals, "s") == []
    assert not (run.folder / START).exists()


def test_a_forked_child(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it goes on to run is not the run's."""
    run = Journal(journals, begun())
    with monkeypatch.context() as patched:
        patched.setattr(journal, "getpid", lambda: -1)
        run.note("a.py::x", PASSED)
        run.note_failure(failure("a.py::x"))
    run.note("a.py::y", PASSED)
    run.close(keep=True)
    (dead,) = left_behind(journals, "s")
    assert (dead.results, dead.failures(), run.trouble) == ([("a.py::y", PASSED)], [], None)


def test_a_descriptor_that_a_test_closed(journals: Path, tmp_path: Path) -> None:
    """The number may be another file's, which gets no line of ours and is not closed by us."""
    run = Journal(journals, begun())
    number = run._tests._descriptor
    other = os.open(tmp_path / "other", os.O_WRONLY | os.O_CREAT)
    os.dup2(other, number)
    run.note("a.py::x", PASSED)
    assert run._tests._descriptor != number
    again = run._tests._descriptor
    os.dup2(other, again)
    run.close(keep=True)
    for descriptor in (other, number, again):
        os.close(descriptor)  # fails for one that is closed
    (dead,) = left_behind(journals, "s")
    assert dead.results == [("a.py::x", PASSED)]
    assert (tmp_path / "other").read_bytes() == b""


def test_what_failing_tests_said(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last word about a test counts, up to a limit for all, and to a torn line."""
    monkeypatch.setattr(journal, "MOST_A_SESSION", 1000)
    run = Journal(journals, begun())
    for text in ("one", "two", "x" * 5000, "three"):
        run.note_failure(failure("a.py::x", text))
    run.close(keep=True)
    (dead,) = left_behind(journals, "s")
    assert dead.failures() == [failure("a.py::x", "two")]
    with (run.folder / FAILURES).open("ab") as file:
        file.write(b'{"test": "a.py::y"')
    assert dead.failures() == [failure("a.py::x", "two")]


def test_a_record_that_cannot_be_announced(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on without a journal."""
    run = Journal(journals, begun())

    def write(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(journal, "_write_whole", write)
        run.will_be_recorded(run_info())
    run.close(keep=False)
    assert run.trouble == "No space left on device"


def test_a_run_that_is_removed_while_it_is_looked_at(journals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is over."""
    run = Journal(journals, begun())
    assert is_going_on(journals, run.folder)

    def take(*_: object, **__: object) -> None:
        raise FileNotFoundError

    with monkeypatch.context() as patched:
        patched.setattr(journal, "take_lock", take)
        assert not is_going_on(journals, run.folder)
    run.close(keep=False)
    assert not is_going_on(journals, run.folder)


def test_a_folder_that_is_no_run_s(journals: Path, tmp_path: Path) -> None:
    """A lock that is held elsewhere says nothing of a run of this project."""
    elsewhere = tmp_path / "elsewhere" / "s" / "1-1"
    elsewhere.mkdir(parents=True)
    let_go = take_lock(elsewhere / ALIVE, 0)
    assert not is_going_on(journals, elsewhere)
    let_go()
