"""Lay out a tree in a scratch folder: the files of the work tree, some of them in their old version."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.project.foreign_files import Refused, real_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_WITHOUT = shutil.ignore_patterns(".git")


def lay_out(root: Path, folder: Path, files: Iterable[str], patch: Mapping[str, bytes | None]) -> None:
    """Write a tree.

    Args:
        root: the top of the work tree that the files are copied from.
        folder: a new folder for the tree.
        files: the paths to copy, relative to the root; those that are not there are left out.
        patch: the contents of files that differ from the work tree; ``None`` for those that are not to be there.

    Raises:
        WriteProblem: when a file cannot be written.
        EvidenceProblem: for a path that leads out of the tree.
    """
    folder.mkdir()
    try:
        for path in files:
            if path not in patch and os.path.lexists(root / path):
                _copy(root / path, _place(folder, path))
        for path, content in patch.items():
            if content is not None:
                _write(root / path, _place(folder, path), content)
    except Refused as refused:
        raise EvidenceProblem(
            f"the evidence names a file that {refused.why}; restore it from git", path=refused.filename
        ) from None
    except OSError as error:
        raise WriteProblem(f"cannot write the scratch tree: {error.strerror or error}", path=str(folder)) from error


def _place(folder: Path, path: str) -> Path:
    """Return the place of a file in the tree, with its folder; evidence that anybody may have written names the path.

    Raises:
        Refused: when it is outside the tree.
    """
    place = real_path(folder / path, [folder])
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _copy(source: Path, place: Path) -> None:
    if source.is_symlink():
        place.symlink_to(source.readlink())
    elif source.is_dir():  # a submodule, or the metadata of an installed project
        shutil.copytree(source, place, symlinks=True, ignore=_WITHOUT, dirs_exist_ok=True)
    elif source.is_file():
        shutil.copy2(source, place)


def _write(beside: Path, place: Path, content: bytes) -> None:
    """Write a file as it was; its mode is that of the file of now, or follows from its first line."""
    place.write_bytes(content)
    if beside.is_file() and not beside.is_symlink():
        shutil.copymode(beside, place)
    elif content.startswith(b"#!"):
        place.chmod(0o755)
