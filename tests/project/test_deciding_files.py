"""Settings, templates and files that they name, read as they stand here and as they are in a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.config import Config
from pytest_handoff.errors import UsageProblem
from pytest_handoff.project import deciding_files
from pytest_handoff.project.deciding_files import FilesHere, FilesThere
from pytest_handoff.project.layout import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = "[tool.handoff]\n"


@pytest.fixture
def project(repository: Path, plain_git: Callable[..., str]) -> Project:
    """A project in a folder of its repository, all of it committed."""
    folder = repository / "app"
    (folder / "templates" / "more").mkdir(parents=True)
    for name, content in {
        "pyproject.toml": SETTINGS, "tox.ini": "[pytest]\n", "templates/a.md.j2": "a\r\nb\n", "templates/more/b.md.j2": "b\n",
        "templates/notes.txt": "c\n", "options.txt": "-q\n", "../beside.txt": "up\n",
    }.items():  # fmt: skip
        (folder / name).write_bytes(content.encode())
    plain_git(repository, "add", "--all")
    plain_git(repository, "commit", "--quiet", "--message", "work")
    return Project(folder=folder, root=repository, uses_git=True, config=Config(), handoffs=folder / "handoffs")


@pytest.fixture(params=["here", "there"])
def files(project: Project, request: pytest.FixtureRequest) -> FilesHere | FilesThere:
    """The same files, in the work tree and in a commit."""
    return FilesHere(project) if request.param == "here" else FilesThere(project, "HEAD")


def test_settings(files: FilesHere | FilesThere) -> None:
    """Only files that are there, by name."""
    assert files.settings() == {"pyproject.toml": SETTINGS, "tox.ini": "[pytest]\n"}


def test_templates(files: FilesHere | FilesThere) -> None:
    """Of all folders below, whatever ends their lines."""
    found = files.templates("templates")
    assert list(found) == ["app/templates/a.md.j2", "app/templates/more/b.md.j2"]
    assert found["app/templates/a.md.j2"] == deciding_files._digest(b"a\nb\n")
    assert files.templates("templates/../templates/more/") == {"app/templates/more/b.md.j2": deciding_files._digest(b"b\n")}
    assert files.templates("none") == {}


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ("options.txt", "-q\n"),
        ("./templates/../options.txt", "-q\n"),
        ("../beside.txt", "up\n"),
        ("none.txt", None),
        ("templates", None),
        ("../../outside.txt", None),
        ("options.txt\0", None),
    ],
)
def test_a_file_that_the_settings_name(files: FilesHere | FilesThere, project: Project, named: str, text: str | None) -> None:
    """Beside the settings, and nowhere outside the repository."""
    (project.root.parent / "outside.txt").write_text("secret\n")
    assert files.beside(named) == text


def test_a_commit_is_what_it_was(project: Project) -> None:
    """What changed or is gone here still is there; a name that no file can have is no file."""
    (project.folder / "options.txt").write_text("-v\n")
    (project.folder / "templates" / "a.md.j2").unlink()
    here, there = FilesHere(project), FilesThere(project, "HEAD")
    assert (here.text("app/options.txt"), there.text("app/options.txt")) == ("-v\n", "-q\n")
    assert [len(files.templates("templates")) for files in (here, there)] == [1, 2]
    assert there.text("app/\0") is None
    assert FilesThere(project, "none").settings() == {}


@pytest.mark.parametrize("reader", ["read_file", "read_if_there"])
def test_a_file_that_cannot_be_read(project: Project, monkeypatch: pytest.MonkeyPatch, reader: str) -> None:
    """The message names it; a file that settings only name is as good as none."""

    def read(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(deciding_files, reader, read)
    files = FilesHere(project)
    with pytest.raises(UsageProblem) as raised:
        files.settings() if reader == "read_file" else files.templates("templates")
    assert "cannot be read: Permission denied" in str(raised.value)
    assert ("pyproject.toml" if reader == "read_file" else "templates/a.md.j2") in str(raised.value)
    assert files.beside("options.txt") == ("-q\n" if reader == "read_file" else None)
