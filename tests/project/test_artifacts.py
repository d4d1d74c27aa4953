"""How files reach the disk."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pytest_handoff.errors import WriteProblem
from pytest_handoff.project.artifacts import Artifact, write_each


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_folders_are_made(tmp_path: Path) -> None:
    """A file in folders that are not there yet is written with them."""
    write_each([Artifact(path=tmp_path / "a" / "b" / "c.md", content=b"x")])
    assert (tmp_path / "a" / "b" / "c.md").read_bytes() == b"x"
    assert names_in(tmp_path / "a" / "b") == ["c.md"]


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    """A file with the same content is not touched, one with another content is replaced."""
    same, other = tmp_path / "same", tmp_path / "other"
    same.write_bytes(b"1")
    other.write_bytes(b"1")
    before = {path: path.stat() for path in (same, other)}
    write_each([Artifact(path=same, content=b"1"), Artifact(path=other, content=b"2")])
    assert same.stat().st_ino == before[same].st_ino
    assert same.stat().st_mtime_ns == before[same].st_mtime_ns
    assert other.stat().st_ino != before[other].st_ino
    assert other.read_bytes() == b"2"


@pytest.mark.parametrize("before", [b"", b"on", b"onetw", b"onetwo", b"onetwo!", b"one-two", b"x"])
def test_content_in_pieces(tmp_path: Path, before: bytes) -> None:
    """What is made piece by piece is compared and written as one content, and made again whenever it is asked for."""
    path = tmp_path / "long"
    path.write_bytes(before)
    long = Artifact(path=path, content=lambda: iter([b"one", b"", b"two"]))
    assert long.differs() == (before != b"onetwo")
    write_each([long])
    assert (path.read_bytes(), long.differs(), long.whole) == (b"onetwo", False, b"onetwo")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_the_mode_is_kept(tmp_path: Path, mode: int) -> None:
    """A file that is replaced keeps its mode."""
    path = tmp_path / "a.md"
    path.write_bytes(b"1")
    path.chmod(mode)
    write_each([Artifact(path=path, content=b"2")])
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("exists", [True, False])
def test_links_are_followed(tmp_path: Path, exists: bool) -> None:
    """What a link names is written, also where it is not there yet, and the link stays."""
    target, link = tmp_path / "there" / "real.md", tmp_path / "link.md"
    target.parent.mkdir()
    if exists:
        target.write_bytes(b"1")
    link.symlink_to(target)
    write_each([Artifact(path=link, content=b"2")])
    assert link.is_symlink()
    assert target.read_bytes() == b"2"


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the old file is whole, no temporary one is left, and what came before it stays written."""
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    second.write_bytes(b"old")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "second":
            raise full
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(WriteProblem, match=r"second: cannot be written: No space left on device"):
        write_each([Artifact(path=path, content=b"new") for path in (first, second, third)])
    assert names_in(tmp_path) == ["first", "second"]
    assert second.read_bytes() == b"old"


def test_a_folder_or_file_in_the_way(tmp_path: Path) -> None:
    """A folder where the file should be, or a file where a folder should be, is told with the path."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "folder", tmp_path / "file" / "below"):
        with pytest.raises(WriteProblem, match="cannot be written") as caught:
            write_each([Artifact(path=path, content=b"")])
        assert caught.value.path == str(path)
    assert names_in(tmp_path) == ["file", "folder"]


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    """A link that leads nowhere at all is told."""
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(WriteProblem, match="cannot be written"):
        write_each([Artifact(path=tmp_path / "loop", content=b"")])
