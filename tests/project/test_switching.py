"""Files that belong together, and processes that die between them."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pytest_handoff.config import Config
from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.project.artifacts import Artifact
from pytest_handoff.project.layout import Project
from pytest_handoff.project.pending_note import read_note, remove_note
from pytest_handoff.project.writing import finish_interrupted_write, refuse_mixed, unfinished, write_as_one

NAMES = ("evidence/s/sources.jsonl", "evidence/s/tests.jsonl", "s.md", "evidence/s/record.json")

DIES = """
import os, pathlib, sys
from pytest_handoff.project.artifacts import Artifact
from pytest_handoff.config import Config
from pytest_handoff.project.layout import Project
from pytest_handoff.project import writing

root, last, names = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
folder = root / "handoffs"
count = 0

def counting(function):
    def step(*args, **kwargs):
        global count
        count += 1
        if count > last:
            os._exit(9)
        return function(*args, **kwargs)
    return step

os.fsync, os.replace, os.rename = map(counting, (os.fsync, os.replace, os.rename))
pathlib.Path.replace, pathlib.Path.unlink = map(counting, (pathlib.Path.replace, pathlib.Path.unlink))
project = Project(folder=root, root=root, uses_git=False, config=Config(), handoffs=folder)
writing.write_as_one(project, "s", [Artifact(path=folder / name, content=b"new " + name.encode()) for name in names])
print(count)
"""


def project_in(folder: Path) -> Project:
    return Project(folder=folder, root=folder, uses_git=False, config=Config(), handoffs=folder / "handoffs")


def write(folder: Path, word: str) -> None:
    project = project_in(folder)
    write_as_one(project, "s", [Artifact(path=project.handoffs / name, content=f"{word} {name}".encode()) for name in NAMES])


def words(folder: Path) -> set[str]:
    """The first word of every file; a file that is not there has none."""
    files = [folder / "handoffs" / name for name in NAMES]
    return {file.read_text().partition(" ")[0] if file.exists() else "" for file in files}


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".*"))


def die_after(folder: Path, steps: int) -> subprocess.CompletedProcess[str]:
    """Write the new files in a process that dies after so many system calls that change something."""
    command = [sys.executable, "-c", DIES, str(folder), str(steps), *NAMES]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@functools.cache
def steps_to_half_way() -> int:
    """After how many of these calls the first of the files is in its place, and the last is not."""
    for steps in range(99):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            write(folder, "old")
            die_after(folder, steps)
            is_mixed = words(folder) == {"old", "new"}
            finish_interrupted_write(project_in(folder))  # so that its note goes
        if is_mixed:
            return steps
    pytest.fail("no step leaves old and new files")


def die_half_way(folder: Path) -> None:
    """Let a process die that has put the first of its files into their places."""
    write(folder, "old")
    die_after(folder, steps_to_half_way())
    assert words(folder) == {"old", "new"}


@pytest.mark.parametrize("before", ["old", ""], ids=["over earlier files", "first"])
def test_death_at_every_step_leaves_all_or_nothing(tmp_path: Path, before: str) -> None:
    """Wherever the process dies, whoever writes next finds the earlier files or the new ones, and a mixture is told as one."""
    calls = int(die_after(tmp_path / "count", 10_000).stdout)
    assert calls > 2 * len(NAMES)
    seen = set()
    for steps in range(calls):
        folder = tmp_path / str(steps)
        folder.mkdir()
        if before:
            write(folder, before)
        assert die_after(folder, steps).returncode == 9
        found = unfinished(project_in(folder))
        assert (found is not None and found.mixed) == (len(words(folder)) == 2)
        finish_interrupted_write(project_in(folder))
        assert len(words(folder)) == 1, (steps, words(folder))
        seen |= words(folder)
        write(folder, "newest")
        assert words(folder) == {"newest"}
        assert left_over(folder) == []
        assert unfinished(project_in(folder)) is None
    assert seen == {before, "new"}


def test_nothing_of_it_lies_in_the_project(tmp_path: Path) -> None:
    """Nothing but the finished files beside their places, and the state folder has a note that this user alone may read."""
    die_half_way(tmp_path)
    assert all(name.endswith(".tmp") for name in left_over(tmp_path))
    [note] = Path(os.environ["XDG_STATE_HOME"]).rglob("*.json")
    assert note.stat().st_mode & 0o077 == 0
    finish_interrupted_write(project_in(tmp_path))
    assert not note.exists()


def test_a_note_that_is_lost_leaves_a_word(tmp_path: Path) -> None:
    """Without its note a write cannot be finished, and nobody pretends to: the digests of the evidence tell."""
    die_half_way(tmp_path)
    remove_note(tmp_path / "handoffs")
    assert finish_interrupted_write(project_in(tmp_path)) == []
    assert words(tmp_path) == {"old", "new"}
    write(tmp_path, "newest")
    assert left_over(tmp_path) == []


def test_no_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user has no folder that can be written, the note lies beside the lock."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    folder = tmp_path / "project"
    folder.mkdir()
    die_half_way(folder)
    assert refuse_mixed_says(folder).endswith("finish it with handoff fill s")
    assert finish_interrupted_write(project_in(folder)) == []
    assert words(folder) == {"new"}


def refuse_mixed_says(folder: Path) -> str:
    with pytest.raises(EvidenceProblem) as caught:
        refuse_mixed(project_in(folder))
    return str(caught.value)


def test_a_persons_change_in_between_stays(tmp_path: Path) -> None:
    """What somebody edits after the death is theirs: the rest is finished, that file is left and named."""
    die_half_way(tmp_path)
    (tmp_path / "handoffs/s.md").write_text("mine")

    assert finish_interrupted_write(project_in(tmp_path)) == ["handoffs/s.md"]
    assert words(tmp_path) == {"mine", "new"}
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_what_cannot_be_made_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]) -> None:
    """A disk that fills up, or Ctrl-C, before all contents are made: every file is as it was."""
    write(tmp_path, "old")
    calls = iter(range(9))

    def full(descriptor: int) -> None:
        if next(calls) == 2:
            raise kind(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WriteProblem if kind is OSError else kind, match="No space left"):
        write(tmp_path, "new")
    assert words(tmp_path) == {"old"}
    assert left_over(tmp_path) == []


def test_what_cannot_take_its_place_is_finished_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a place cannot be taken, the note stays, and the next command that writes finishes."""
    write(tmp_path, "old")
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if target.name == "s.md":
            raise OSError(13, "Permission denied", str(target))
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(WriteProblem, match=r"s\.md: cannot be written: Permission denied"):
            write(tmp_path, "new")
    assert words(tmp_path) == {"old", "new"}
    assert finish_interrupted_write(project_in(tmp_path)) == []
    assert words(tmp_path) == {"new"}


NOT_BELIEVED = {
    "no list of steps": "{",
    "another shape": '[{"made": "a", "place": "b", "before": null}]',
    "a mark with a path": '{"session": "s", "steps": [{"kind": "document", "mark": "../../x", "before": null}]}',
    "a session with a path": '{"session": "../s", "steps": []}',
    "a file that is none of ours": '{"session": "s", "steps": [{"kind": "conftest.py", "mark": "00000000", "before": null}]}',
}


@pytest.mark.parametrize("text", NOT_BELIEVED.values(), ids=NOT_BELIEVED)
def test_a_note_that_we_did_not_write(tmp_path: Path, text: str) -> None:
    """It is followed by nobody, and the next write takes its place."""
    write(tmp_path, "old")
    note = _place_a_note(tmp_path, text)
    assert (unfinished(project_in(tmp_path)), finish_interrupted_write(project_in(tmp_path))) == (None, [])
    write(tmp_path, "newest")
    assert (words(tmp_path), note.exists()) == ({"newest"}, False)


@pytest.mark.skipif(os.name == "nt", reason="needs links and owners")
def test_a_note_that_is_a_link_or_anothers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that all may write to anybody may leave one: only a file of this user's own is read."""
    die_half_way(tmp_path)
    assert read_note(tmp_path / "handoffs") is not None
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert read_note(tmp_path / "handoffs") is None
    [note] = Path(os.environ["XDG_STATE_HOME"]).rglob("*.json")
    note.rename(tmp_path / "elsewhere.json")
    note.symlink_to(tmp_path / "elsewhere.json")
    assert read_note(tmp_path / "handoffs") is None
    note.unlink()


def _place_a_note(folder: Path, text: str) -> Path:
    """Put a text where the note about a folder would be."""
    die_half_way(folder)
    [note] = Path(os.environ["XDG_STATE_HOME"]).rglob("*.json")
    finish_interrupted_write(project_in(folder))
    note.write_text(text)
    return note


def test_equal_files_are_left_alone(tmp_path: Path) -> None:
    """Where nothing differs, nothing is written."""
    write(tmp_path, "old")
    stamp = (tmp_path / "handoffs/s.md").stat().st_mtime_ns
    write(tmp_path, "old")
    assert (tmp_path / "handoffs/s.md").stat().st_mtime_ns == stamp


def test_only_our_own_leftovers_are_removed(tmp_path: Path) -> None:
    """A person's file that is called alike stays, and so does what a link beside the place leads to."""
    write(tmp_path, "old")
    folder = tmp_path / "handoffs"
    kept = [folder / name for name in (".s.md.notes.tmp", ".s.md.0123456789.tmp", ".s.md.0123456G.tmp", "s.md.01234567.tmp")]
    for path in kept:
        path.write_text("mine")
    (tmp_path / "outside").write_text("theirs")
    (folder / ".s.md.89abcdef.tmp").symlink_to(tmp_path / "outside")
    (folder / ".s.md.01234567.tmp").write_text("left by a process that died")
    write(tmp_path, "new")
    assert [path.read_text() for path in kept] == ["mine"] * 4
    assert (tmp_path / "outside").read_text() == "theirs"
    assert not (folder / ".s.md.01234567.tmp").exists()
