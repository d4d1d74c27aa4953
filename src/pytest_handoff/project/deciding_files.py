"""Read the files that decide what evidence counts, here or in a commit: settings, own templates, instructions."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.errors import HandoffError, UsageProblem
from pytest_handoff.evidence.tool_settings import NAMES
from pytest_handoff.project import git
from pytest_handoff.project.foreign_files import MEGABYTE, SETTINGS, TEXT, read_file, read_if_there

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_handoff.project.layout import Project

_TEMPLATE = ".j2"


class FilesHere:
    """The files in the work tree."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def settings(self) -> dict[str, str]:
        """Read the files that may hold settings, by name.

        Raises:
            UsageProblem: when one cannot be read.
        """
        paths = {name: self._project.folder / name for name in NAMES}
        return {name: self._setting(path) for name, path in paths.items() if path.is_file()}

    def templates(self, folder: str) -> dict[str, str]:
        """Map the path of each template in a folder to a digest, which line endings do not change.

        Raises:
            UsageProblem: when one cannot be read.
        """
        top = Path(os.path.normpath(self._project.folder / folder))
        contents = {path: self._template(path) for path in sorted(top.rglob(f"*{_TEMPLATE}"))}
        return {self._project.key(path): _digest(content) for path, content in contents.items() if content is not None}

    def beside(self, path: str) -> str | None:
        """Read a file that the settings name, or return ``None`` if there is none in the repository."""
        return _named(self._project, path, self.text)

    def text(self, key: str) -> str | None:
        """Read a text file, or return ``None`` if there is none."""
        content = read_if_there(self._project.root / key, self._project.within, TEXT)
        return None if content is None else content.decode("utf-8", "replace")

    def _template(self, path: Path) -> bytes | None:
        try:
            return read_if_there(path, self._project.within, MEGABYTE)
        except OSError as error:
            raise UsageProblem(f"cannot be read: {error.strerror or error}", path=self._project.shown(path)) from error

    def _setting(self, path: Path) -> str:
        try:
            return read_file(path, self._project.within, SETTINGS).decode("utf-8", "replace")
        except OSError as error:
            raise UsageProblem(f"cannot be read: {error.strerror or error}", path=self._project.shown(path)) from error


class FilesThere:
    """The files as they are in a commit."""

    def __init__(self, project: Project, commit: str) -> None:
        self._project = project
        self._commit = commit

    def settings(self) -> dict[str, str]:
        """Read the files that may hold settings, by name."""
        found = {name: self.text(self._project.key(self._project.folder / name)) for name in NAMES}
        return {name: text for name, text in found.items() if text is not None}

    def templates(self, folder: str) -> dict[str, str]:
        """Map the path of each template in a folder to a digest, which line endings do not change."""
        below = self._project.key(Path(os.path.normpath(self._project.folder / folder))).rstrip("/") + "/"
        tree = git.tree_of(self._project.root, self._commit)
        blobs = {path: blob for path, blob in tree.items() if path.startswith(below) and path.endswith(_TEMPLATE)}
        contents = git.read_blobs(self._project.root, blobs.values())
        return {path: _digest(contents[blob]) for path, blob in sorted(blobs.items())}

    def beside(self, path: str) -> str | None:
        """Read a file that the settings name, or return ``None`` if there is none in the repository."""
        return _named(self._project, path, self.text)

    def text(self, key: str) -> str | None:
        """Read a text file, or return ``None`` if there is none."""
        if "\0" in key:  # a record that somebody edited
            return None
        done = git.run_git(self._project.root, "cat-file", "blob", f"{self._commit}:{key}")
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _named(project: Project, path: str, text: Callable[[str], str | None]) -> str | None:
    place = Path(os.path.normpath(project.folder / path))
    if "\0" in path or not place.is_relative_to(project.root):
        return None
    try:
        return text(project.key(place))
    except (OSError, HandoffError):
        return None


def _digest(content: bytes) -> str:
    return "sha256:" + sha256(content.replace(b"\r\n", b"\n")).hexdigest()
