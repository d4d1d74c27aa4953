"""The shed's books: its tools and who has them, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from os import PathLike

SCHEMA = """
CREATE TABLE IF NOT EXISTS tool (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS loan (
    tool INTEGER PRIMARY KEY REFERENCES tool (id), borrower TEXT NOT NULL, due TEXT NOT NULL
);
"""


class UnknownTool(LookupError):
    """No tool has this number."""


class DuplicateName(ValueError):
    """The shed has a tool of this name already."""


class NotAvailable(ValueError):
    """The tool is lent and cannot be lent again, or is in the shed and cannot come back, or late and cannot stay."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A thing that can be borrowed."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Loan:
    """Who has a tool, and when it is due back."""

    tool: Tool
    borrower: str
    due: date


class Store:
    """Reads and writes one SQLite file; a connection lives as long as one call, so threads may share a store."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = path
        with self._connected() as db:
            db.executescript(SCHEMA)

    def add_tool(self, name: str) -> Tool:
        """Put a tool into the shed; raises `DuplicateName`."""
        with self._connected() as db:
            try:
                row = db.execute("INSERT INTO tool (name) VALUES (?) RETURNING id", (name,)).fetchone()
            except sqlite3.IntegrityError as error:
                raise DuplicateName(f"there is a tool named {name!r} already") from error
        return Tool(row[0], name)

    def tools(self) -> list[Tool]:
        """Every tool, in the order in which they came."""
        with self._connected() as db:
            return [Tool(*row) for row in db.execute("SELECT id, name FROM tool ORDER BY id")]

    def tool(self, number: int) -> Tool:
        """One tool; raises `UnknownTool`."""
        with self._connected() as db:
            row = db.execute("SELECT id, name FROM tool WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise UnknownTool(f"no tool has the number {number}")
        return Tool(*row)

    def lend(self, number: int, borrower: str, due: date) -> Loan:
        """Give a tool out; raises `UnknownTool` and `NotAvailable`."""
        tool = self.tool(number)
        with self._connected() as db:
            try:
                db.execute("INSERT INTO loan VALUES (?, ?, ?)", (number, borrower, due.isoformat()))
            except sqlite3.IntegrityError as error:
                raise NotAvailable(f"the {tool.name} is lent") from error
        return Loan(tool, borrower, due)

    def take_back(self, number: int) -> Tool:
        """Put a lent tool back; raises `UnknownTool` and `NotAvailable`."""
        tool = self.tool(number)
        with self._connected() as db:
            if not db.execute("DELETE FROM loan WHERE tool = ?", (number,)).rowcount:
                raise NotAvailable(f"the {tool.name} is in the shed")
        return tool

    def loans(self) -> list[Loan]:
        """Every tool that is out, the one that is due first in front."""
        query = "SELECT id, name, borrower, due FROM loan JOIN tool ON tool.id = loan.tool ORDER BY due, id"
        with self._connected() as db:
            rows = db.execute(query).fetchall()
        return [Loan(Tool(number, name), borrower, date.fromisoformat(due)) for number, name, borrower, due in rows]

    def loan(self, number: int) -> Loan:
        """Who has the tool; raises `UnknownTool` and `NotAvailable`."""
        tool = self.tool(number)
        with self._connected() as db:
            row = db.execute("SELECT borrower, due FROM loan WHERE tool = ?", (number,)).fetchone()
        if row is None:
            raise NotAvailable(f"the {tool.name} is in the shed")
        return Loan(tool, row[0], date.fromisoformat(row[1]))

    def extend(self, loan: Loan, due: date) -> Loan:
        """Let a loan run until another day."""
        with self._connected() as db:
            db.execute("UPDATE loan SET due = ? WHERE tool = ?", (due.isoformat(), loan.tool.id))
        return replace(loan, due=due)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path)) as db, db:
            yield db
