"""Where this user's key is kept: in a folder that nobody else can write to, outside of all that is shared."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.project import user_folder as module
from pytest_handoff.project.user_folder import Sealed, user_folder, user_key

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other places and no modes")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, beside a cache, a home and a folder for temporary files."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def made_in(project: Path) -> str:
    found = user_folder(project)
    assert found is not None
    return found.relative_to(project.parent).parts[0]


def test_the_cache_then_home_then_temporary_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first place that is safe; a relative one is none."""
    assert user_folder(project, make=False) is None
    assert made_in(project) == "cache"
    assert user_folder(project, make=False) == user_folder(project)
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert made_in(project) == "home"
    monkeypatch.setenv("HOME", "home")
    assert made_in(project) == "tmp"


def test_a_place_within_a_work_tree_is_no_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is in a project or in another repository may be shared."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "cache"))
    assert made_in(project) == "home"
    (project.parent / "home" / ".git").mkdir()
    assert made_in(project) == "tmp"


def test_a_place_that_others_write_to(project: Path) -> None:
    """Or that is no folder, or cannot be made, is passed over."""
    folder = user_folder(project)
    assert folder is not None
    folder.chmod(0o777)
    assert made_in(project) == "home"
    folder.rmdir()
    folder.write_text("a file")
    assert made_in(project) == "home"


def test_a_key_is_made_once(project: Path) -> None:
    """Another run reads the same; without a key and without leave to make one there is none."""
    assert user_key(project, make=False) is None
    key = user_key(project)
    assert key is not None
    assert (user_key(project), user_key(project, make=False), len(key)) == (key, key, 32)
    folder: Any = user_folder(project)
    (only,) = folder.iterdir()
    only.write_bytes(b"short")
    assert user_key(project) is None


@pytest.mark.parametrize("error", [FileExistsError, OSError])
def test_a_key_that_cannot_be_linked(project: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError]) -> None:
    """Another process may have been faster, whose key is taken; a file system without links takes ours."""
    other = b"o" * 32

    def link(_: Path, path: Path) -> None:
        if error is FileExistsError:
            path.write_bytes(other)
            path.chmod(0o600)
        raise error

    monkeypatch.setattr(os, "link", link)
    key = user_key(project)
    assert key is not None
    assert (key == other) is (error is FileExistsError)
    folder: Any = user_folder(project)
    assert len(list(folder.iterdir())) == 1
    assert user_key(project) == key


def test_no_place_at_all(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be sealed."""
    monkeypatch.setattr(module, "_places", lambda: iter(()))
    assert user_key(project) is None


def test_seals(tmp_path: Path) -> None:
    """They tell names, contents and keys apart, and where one content ends."""
    one, other = Sealed(tmp_path, bytes(32)), Sealed(tmp_path, b"1" * 32)
    seals = [one.seal("a", b"xy"), one.seal("b", b"xy"), other.seal("a", b"xy"), one.seal("a", b"x", b"y"), one.seal("ax", b"y")]
    assert len(set(seals)) == 5
    assert one.seal("a", b"xy") == seals[0]
