"""Files that belong together, and processes that die between them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_handoff.artifacts import Artifact
from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.switching import NOTE, finish_switch, write_together

NAMES = ("evidence/sources.jsonl", "evidence/tests.jsonl", "s.md", "evidence/record.json")

DIES = """
import os, pathlib, sys
from pytest_handoff.artifacts import Artifact
from pytest_handoff import switching

folder, last, names = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
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
switching.write_together(folder, [Artifact(path=folder / name, content=b"new " + name.encode()) for name in names])
print(count)
"""


def artifacts(folder: Path, word: str) -> list[Artifact]:
    return [Artifact(path=folder / name, content=f"{word} {name}".encode()) for name in NAMES]


def words(folder: Path) -> set[str]:
    """The first word of every file; a file that is not there has none."""
    return {(folder / name).read_text().partition(" ")[0] if (folder / name).exists() else "" for name in NAMES}


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".*"))


def die_after(folder: Path, steps: int) -> subprocess.CompletedProcess[str]:
    """Write the new files in a process that dies after so many system calls that change something."""
    command = [sys.executable, "-c", DIES, str(folder), str(steps), *NAMES]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("before", ["old", ""], ids=["over earlier files", "first"])
def test_death_at_every_step_leaves_all_or_nothing(tmp_path: Path, before: str) -> None:
    """Wherever the process dies, the next one finds the earlier files or the new ones, never a mixture."""
    calls = int(die_after(tmp_path / "count", 10_000).stdout)
    assert calls > 2 * len(NAMES)
    seen = set()
    for steps in range(calls):
        folder = tmp_path / str(steps)
        folder.mkdir()
        if before:
            write_together(folder, artifacts(folder, before))
        assert die_after(folder, steps).returncode == 9
        finish_switch(folder)
        assert len(words(folder)) == 1, (steps, words(folder))
        seen |= words(folder)
        write_together(folder, artifacts(folder, "newest"))
        assert words(folder) == {"newest"}
        assert left_over(folder) == []
    assert seen == {before, "new"}


def test_a_persons_change_in_between_stays(tmp_path: Path) -> None:
    """What somebody edits after the death is theirs: the rest is finished, that file is left and named."""
    write_together(tmp_path, artifacts(tmp_path, "old"))
    die_after(tmp_path, next(n for n in range(99) if die_after(tmp_path, n) and (tmp_path / NOTE).exists()))
    (tmp_path / "s.md").write_text("mine")

    assert finish_switch(tmp_path) == [str(tmp_path / "s.md")]
    assert words(tmp_path) == {"mine", "new"}
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_what_cannot_be_made_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]) -> None:
    """A disk that fills up, or Ctrl-C, before all contents are made: every file is as it was."""
    write_together(tmp_path, artifacts(tmp_path, "old"))
    calls = iter(range(9))

    def full(descriptor: int) -> None:
        if next(calls) == 2:
            raise kind(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WriteProblem if kind is OSError else kind, match="No space left"):
        write_together(tmp_path, artifacts(tmp_path, "new"))
    assert words(tmp_path) == {"old"}
    assert left_over(tmp_path) == []


def test_what_cannot_take_its_place_is_finished_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a place cannot be taken, the note stays, and the next command finishes."""
    write_together(tmp_path, artifacts(tmp_path, "old"))
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if target.name == "s.md":
            raise OSError(13, "Permission denied", str(target))
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(WriteProblem, match=r"s\.md: cannot be written: Permission denied"):
            write_together(tmp_path, artifacts(tmp_path, "new"))
    assert words(tmp_path) == {"old", "new"}
    assert finish_switch(tmp_path) == []
    assert words(tmp_path) == {"new"}


def test_a_damaged_note_is_named(tmp_path: Path) -> None:
    """A note that is no list of steps is a problem of its own, and nothing is moved by it."""
    (tmp_path / NOTE).write_text("{")
    with pytest.raises(EvidenceProblem, match="is damaged"):
        finish_switch(tmp_path)


def test_equal_files_are_left_alone(tmp_path: Path) -> None:
    """Where nothing differs, nothing is written."""
    write_together(tmp_path, artifacts(tmp_path, "old"))
    stamp = (tmp_path / "s.md").stat().st_mtime_ns
    write_together(tmp_path, artifacts(tmp_path, "old"))
    assert (tmp_path / "s.md").stat().st_mtime_ns == stamp
