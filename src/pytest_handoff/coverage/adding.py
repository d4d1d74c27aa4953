"""Add up coverage.py's data files: those of earlier runs on the same tree, or of the parts of a session.

A data file that somebody else made is first compared with what coverage.py makes. It is a database, and a database can hold more
than data: views and triggers, which run when it is read or written, and computed columns; the journals beside it name files to
replay and remove.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from coverage.exceptions import CoverageException

from coverage import CoverageData
from pytest_handoff.errors import EvidenceProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


_Shape = dict[str, list[tuple[object, ...]]]

_TYPES = {"integer": ("integer", "null"), "text": ("text", "null"), "blob": ("blob", "null")}


def why_strange(file: Path, copy: Path) -> str | None:
    """Copy a data file alone, without the files beside it, and say why it is not one of coverage.py's, if it is not.

    Raises:
        sqlite3.Error: when it is no database.
    """
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        database.execute("pragma trusted_schema=off")
        return _more_than_tables(database) or _other_columns(database) or _other_values(database)


def _more_than_tables(database: sqlite3.Connection) -> str | None:
    """Find anything but coverage.py's tables and the indices that SQLite makes for them."""
    for kind, name, sql in database.execute("select type, name, sql from sqlite_master"):
        plain = kind == "table" and name in _ours() and " ".join(str(sql).split()[:2]).upper() == "CREATE TABLE"
        if not plain and not (kind == "index" and sql is None):
            return f"it has the {kind} {name!r}"
    return None


def _other_columns(database: sqlite3.Connection) -> str | None:
    shape = _shape(database)
    for name, columns in _ours().items():
        if shape.get(name) != columns:
            return f"its table {name!r} has other columns" if name in shape else f"it lacks the table {name!r}"
    return None


def _other_values(database: sqlite3.Connection) -> str | None:
    """Find values of another type than their column's, and names that no file can have: a reader would fail on them."""
    for table, columns in _shape(database).items():
        for name, kind in columns:
            allowed = ", ".join(f"'{one}'" for one in _TYPES[str(kind).lower()])
            odd = f"typeof({name}) not in ({allowed}) or (typeof({name}) = 'text' and instr({name}, char(0)))"
            if database.execute(f"select 1 from {table} where {odd} limit 1").fetchone():  # noqa: S608 # names of our own schema
                return f"its table {table!r} has a strange {name!r}"
    for table, name in (("file", "path"), ("context", "context")):
        database.execute(f"select {name} from {table}").fetchall()  # noqa: S608 # raises an error for what is no UTF-8
    return None


@lru_cache(maxsize=1)
def _ours() -> _Shape:
    with TemporaryDirectory(prefix="handoff-", ignore_cleanup_errors=True) as folder:
        with closing_data(CoverageData(basename=str(Path(folder, "empty")))) as empty:
            empty.add_lines({"m.py": [1]})
        with closing(sqlite3.connect(empty.data_filename())) as database:
            return _shape(database)


def _shape(database: sqlite3.Connection) -> _Shape:
    """Map each table to its columns' names and types; the type of a computed one is ``computed``."""
    names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
    columns = "select name, case hidden when 0 then lower(type) else 'computed' end from pragma_table_xinfo(?)"
    return {name: list(database.execute(columns, (name,))) for name in names}


class SavedData(NamedTuple):
    """A data file that coverage.py made, with the run it belongs to and the folder that its file names are relative to."""

    path: Path
    top: Path
    whose: str = "an earlier run"


def add(joined: CoverageData, files: Iterable[SavedData], untidy: list[str]) -> None:
    """Add data files, and note in ``untidy`` which of them cannot be added.

    Raises:
        EvidenceProblem: for a file that holds more than coverage.py puts there.
    """
    with TemporaryDirectory(prefix="handoff-", ignore_cleanup_errors=True) as folder:
        _add(joined, files, untidy, Path(folder, "copy"))


def _add(joined: CoverageData, files: Iterable[SavedData], untidy: list[str], copy: Path) -> None:
    for kept in files:
        # coverage.py would take a path that does not exist for a new, empty file, and make it.
        if not kept.path.is_file():
            untidy.append(f"The coverage of {kept.whose} is gone: {kept.path.name}.")
            continue
        try:
            why = why_strange(kept.path, copy)
            if why is not None:
                raise EvidenceProblem(
                    f"the coverage of {kept.whose} was not written by coverage.py: {why}; do not use it", path=str(kept.path)
                )
            with closing_data(CoverageData(basename=str(copy))) as earlier:
                earlier.read()
                joined.update(earlier, map_path=partial(_place, kept.top))
        except (CoverageException, sqlite3.Error) as problem:
            untidy.append(f"The coverage of {kept.whose} could not be added: {one_line_of(problem)}.")


@contextmanager
def joined_data() -> Iterator[CoverageData]:
    """Open empty data in a separate file: before 7.17, coverage.py can add only one file to data in memory."""
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


def disown(file: Path, is_foreign: Callable[[str], bool]) -> None:
    """Rename the contexts of a data file of our own that some code in the run named as the plugin would.

    Raises:
        sqlite3.Error: when the file cannot be changed.
    """
    with closing(sqlite3.connect(file)) as database, database:
        names = database.execute("select id, context from context").fetchall()
        foreign = [(f"not of this run: {name}", number) for number, name in names if is_foreign(name)]
        if foreign:
            database.executemany("update context set context = ? where id = ?", foreign)


def one_line_of(problem: Exception) -> str:
    """Return an error's message on one line, without its full stop."""
    return " ".join(str(problem).split()).rstrip(".")


def _place(top: Path, name: str) -> str:
    return str((top / name).resolve())
