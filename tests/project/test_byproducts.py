"""What tools leave beside the code: told by its name where git tracks nothing of it, and by its content where git does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project.byproducts import in_place_of_source, left_by_tools, named_by_tools

if TYPE_CHECKING:
    from pathlib import Path

MADE = b"MAGI" + bytes(4) + b"timesize"
HASHED = b"MAGI" + b"\1\0\0\0" + b"hashhash"
CACHED = "pkg/__pycache__/a.cpython-313.pyc"


def wrote(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "made"),
    [
        (CACHED, MADE, True),
        (CACHED, HASHED, False),
        (CACHED, MADE[:9], False),
        ("pkg/__pycache__/a.txt", MADE, False),
        (".coverage", b"", True),
        (".coverage.host", b"SQLite format 3\0more", True),
        (".coverage", b"code", False),
        (".pytest_cache/v/a", b"", False),
        ("a.py", b"", False),
    ],
)
def test_what_git_tracks_is_told_by_its_content(tmp_path: Path, name: str, content: bytes, *, made: bool) -> None:
    """A file with the name of something that a tool leaves may be anything; untracked, its name is enough."""
    wrote(tmp_path, {name: content})
    assert left_by_tools(tmp_path, [name], untracked=[]) == ({name} if made else set())
    named = {name} if name != "a.py" else set()
    assert left_by_tools(tmp_path, [name], untracked=[name]) == named
    assert set(named_by_tools([name])) == named


def test_what_is_no_file_of_this_project(tmp_path: Path) -> None:
    """A link that leads out, and a folder, are not what a tool made."""
    (tmp_path / "root" / ".coverage.folder").mkdir(parents=True)
    wrote(tmp_path, {"outside": b""})
    (tmp_path / "root" / ".coverage").symlink_to(tmp_path / "outside")
    assert left_by_tools(tmp_path / "root", [".coverage", ".coverage.folder", ".coverage.none"], untracked=[]) == set()


def test_byte_code_in_place_of_a_source(tmp_path: Path) -> None:
    """Only byte code whose source is there, and only where Python looks for it."""
    wrote(tmp_path, {"pkg/a.py": b"", "a.py": b""})
    names = [CACHED, "pkg/__pycache__/b.cpython-313.pyc", "pkg/__pycache__/a.txt", "pkg/a.pyc", "__pycache__/a.cpython-312.pyc"]
    assert in_place_of_source(tmp_path, names) == ["__pycache__/a.cpython-312.pyc", CACHED]
