"""Add up coverage.py's data files: those of earlier runs on the same tree, or of the parts of a session."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from coverage.data import CoverageData
from coverage.exceptions import CoverageException

from pytest_handoff.coverage.strange_coverage import why_strange
from pytest_handoff.errors import EvidenceProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Kept(NamedTuple):
    """A data file that coverage.py made, with the run it belongs to and the folder that its file names are relative to."""

    path: Path
    top: Path
    whose: str = "an earlier run"


def add(joined: CoverageData, files: Iterable[Kept], untidy: list[str]) -> None:
    """Add data files, and note in ``untidy`` which of them cannot be added.

    Raises:
        EvidenceProblem: for a file that holds more than coverage.py puts there.
    """
    with TemporaryDirectory(prefix="handoff-", ignore_cleanup_errors=True) as folder:
        _add(joined, files, untidy, Path(folder, "copy"))


def _add(joined: CoverageData, files: Iterable[Kept], untidy: list[str], copy: Path) -> None:
    for kept in files:
        # coverage.py would take a path that does not exist for a new, empty file, and make it.
        if not kept.path.is_file():
            untidy.append(f"The coverage of {kept.whose} is gone: {kept.path.name}.")
            continue
        try:
            why = why_strange(kept.path, copy)
            if why is not None:
                raise EvidenceProblem(
                    f"the coverage of {kept.whose} is none that coverage.py made: {why}; do not use it", path=str(kept.path)
                )
            with closing_data(CoverageData(basename=str(copy))) as earlier:
                earlier.read()
                joined.update(earlier, map_path=partial(_place, kept.top))
        except (CoverageException, sqlite3.Error) as problem:
            untidy.append(f"The coverage of {kept.whose} could not be added: {one_line_of(problem)}.")


@contextmanager
def joined_data() -> Iterator[CoverageData]:
    """Open empty data in a file of their own: before 7.17, coverage.py can add only one file to data in memory."""
    with (
        TemporaryDirectory(prefix="handoff-", ignore_cleanup_errors=True) as folder,
        closing_data(CoverageData(basename=str(Path(folder, "joined")))) as data,
    ):
        yield data


@contextmanager
def closing_data(data: CoverageData) -> Iterator[CoverageData]:
    """Close a data file in the end: an open one cannot be removed on Windows, and raises a warning in the user's run."""
    try:
        yield data
    finally:
        data.close(force=True)


def one_line_of(problem: Exception) -> str:
    """Return an error's message on one line, without its full stop."""
    return " ".join(str(problem).split()).rstrip(".")


def _place(top: Path, name: str) -> str:
    return str((top / name).resolve())
