"""Read all evidence, and make the files to write: ``record.json``, ``tests.jsonl`` and ``sources.jsonl`` of each session.

A project may have thousands of sessions, and of most of them no more than the beginning of the record is needed.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from functools import partial
from operator import attrgetter
from shlex import quote
from typing import TYPE_CHECKING, NoReturn, TypeVar

import msgspec
from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.artifacts import Artifact
from pytest_handoff.project.encoding import by_name, content_digest, decode_lines, digest_of, encode_in_pieces, encode_json
from pytest_handoff.project.foreign_files import FLAGS, LINES, MEGABYTE, TABLE, leads_outside, read_file
from pytest_handoff.record import RECORD_SCHEMA, LedgerLine, Parent, Record, SourceLine

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from pytest_handoff.project.artifacts import Content


RECORD, LEDGER, SOURCES, PROOF = "record.json", "tests.jsonl", "sources.jsonl", "proof.json"
DETAILS = "details.json"

_MOST_PARENTS, _LONGEST_RUN = 100, 1e9
"""The most sessions that one continues, and the most seconds that a run took."""

_NO_FOLDER = re.compile(r"\.{0,2}|.*[/\0].*", re.DOTALL)
"""Names that no folder below the evidence has."""

_REPLACED = b'"replaced":'
"""What stands in a ledger that holds ids which were replaced."""

_LONGEST_SOURCE = 16 * MEGABYTE
"""Bytes of a line of the sources, which holds a hash for each line of a file."""

_LONGEST_HEAD = 4096
"""Bytes to read; the head of a record with one parent has 200."""
_HEAD = re.compile(
    rb'\s*\{\s*"schema":\s*"%s",\s*"session":\s*"([^"\\]+)",\s*"previous":\s*(\[[^\[\]\\]*\]),\s*"run":\s*\{'
    % re.escape(RECORD_SCHEMA.encode())
)
"""The first keys of a record as :meth:`Store.artifacts` writes them."""


def parents_at_head(path: Path | str, session: str) -> list[Parent] | None:
    """Read which records a record continues, or return ``None`` where its beginning is not as we write it.

    Raises:
        OSError: when the file cannot be read.
    """
    file = os.open(path, FLAGS)
    try:
        head = _HEAD.match(os.read(file, _LONGEST_HEAD))
    finally:
        os.close(file)
    if head is None or head[1] != session.encode("utf-8", "surrogateescape"):
        return None
    try:
        return msgspec.json.decode(head[2], type=list[Parent])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class Store:
    """The evidence below one hand-off folder.

    Args:
        folder: the hand-off folder; evidence is in ``evidence/<session>/`` below it.
        root: the folder that paths in messages are relative to.
        within: the folders that no link may lead out of; by default the two above.
    """

    def __init__(self, folder: Path, root: Path, within: Sequence[Path] = ()) -> None:
        self.evidence = folder / "evidence"
        self._root = root
        self._within = within or (root.resolve(), folder.resolve())

    def sessions(self) -> list[str]:
        """Name the sessions that have a record, sorted."""
        return sorted(name for name in self._folders() if self.has(name))

    def has(self, session: str) -> bool:
        """Check that there is a record of this session."""
        return (self.evidence / session / RECORD).is_file()

    def record(self, session: str) -> Record:
        """Read the record of a session.

        Raises:
            EvidenceProblem: when it is missing, damaged, edited or of another schema.
        """
        path = self.evidence / session / RECORD
        data = self._bytes(path, session)
        self._refuse_conflict(path, data)
        schema = self._decode(path, data, _Schema, "is no record").schema
        if schema != RECORD_SCHEMA:
            raise EvidenceProblem(
                f"has the schema {schema!r}, this version reads {RECORD_SCHEMA!r}: upgrade pytest-handoff", path=self._name(path)
            )
        record = self._decode(path, data, Record, "is no whole record")
        self._refuse_twins(path, data)
        if record.session != session:
            raise EvidenceProblem(f"is the record of {record.session!r}, not of {session!r}", path=self._name(path))
        if impossible := _impossible(record):
            raise EvidenceProblem(f"is damaged: {impossible}; {_instead(session)}", path=self._name(path))
        if record.digest not in (None, content_digest(record)):
            raise EvidenceProblem(
                f"is not as it was written: it was edited or damaged; {_instead(session)}",
                path=self._name(path),
            )
        return replace(record, digest=None)

    def digest(self, session: str) -> str:
        """Hash a record's bytes with sha256, as a child's ``previous`` holds it."""
        return digest_of(self._bytes(self.evidence / session / RECORD, session))

    def ledger(self, record: Record) -> dict[str, LedgerLine]:
        """Read the tests of the ledger that belongs to a record, without the ids that were replaced.

        Raises:
            EvidenceProblem: when it is missing, damaged, or not the one the record was written with.
        """
        return self.whole_ledger(record)[0]

    def whole_ledger(self, record: Record) -> tuple[dict[str, LedgerLine], dict[str, LedgerLine]]:
        """Read the tests of a ledger, and apart from them the ids in whose place other cases of their function came.

        Raises:
            EvidenceProblem: as :meth:`ledger`.
        """
        path, data = self._ledger(record)
        found = decode_lines(data, LedgerLine, shown := self._name(path), few=("tier", "since"))
        lines = by_name(found, attrgetter("id"), shown)
        replaced = {test: line for test, line in lines.items() if line.replaced is not None} if _REPLACED in data else {}
        for test in replaced:
            del lines[test]
        return lines, replaced

    def ledger_lines(self, record: Record, tests: Collection[str]) -> list[LedgerLine]:
        """Decode only the lines whose test has one of these ids, or moved from one of them.

        Raises:
            EvidenceProblem: as :meth:`ledger`.
        """
        path, data = self._ledger(record)
        names = [msgspec.json.encode(test) for test in tests]
        if not any(name in data for name in names):
            return []
        lines = b"\n".join(line for line in data.splitlines() if any(name in line for name in names))
        found = decode_lines(lines, LedgerLine, self._name(path))
        return [line for line in found if line.id in tests or line.moved_from in tests]

    def sources(self, session: str) -> dict[str, SourceLine] | None:
        """Read the tree as a session left it, or return ``None`` where it was pruned."""
        path = self.sources_path(session)
        if not path.is_file():
            return None
        lines = decode_lines(self._bytes(path, session), SourceLine, shown := self._name(path), longest=_LONGEST_SOURCE)
        return by_name(lines, attrgetter("path"), shown)

    def sources_of(self, record: Record) -> dict[str, SourceLine] | None:
        """Read the tree that belongs to a record, or return ``None`` where it was pruned.

        Raises:
            EvidenceProblem: when it is damaged, or not the one that the record was written with.
        """
        path = self.sources_path(record.session)
        expected = record.source.sources
        if expected is not None and path.is_file() and digest_of(data := self._bytes(path, record.session)) != expected:
            self._refuse_conflict(path, data)
            self._refuse_other(path, record.session)
        return self.sources(record.session)

    def sources_path(self, session: str) -> Path:
        """Return the path where the source tree of a session is, or would be."""
        return self.evidence / session / SOURCES

    def has_sources(self, session: str) -> bool:
        """Check that the source tree of a session is there, not pruned."""
        return self.sources_path(session).is_file()

    def links(self) -> dict[str, list[str]]:
        """Map each recorded session to the sessions it continues, reading only the beginning of each record.

        Raises:
            EvidenceProblem: when a record cannot be read, or its beginning says too little and the rest is damaged.
        """
        parents = {name: self._parents(name, linked=linked) for name, linked in self._folders().items()}
        return {name: [link.session for link in links] for name, links in parents.items() if links is not None}

    def parents(self, session: str) -> list[Parent]:
        """Read which records a recorded session continues, from the beginning of its record.

        Raises:
            EvidenceProblem: as :meth:`links`.
        """
        return self._parents(session, linked=(self.evidence / session).is_symlink()) or []

    def artifacts(self, record: Record, ledger: Content, sources: Collection[SourceLine] | None) -> tuple[Artifact, ...]:
        """Build the files of a session's evidence, the record last, so that it never names a ledger that is not there.

        Raises:
            WriteProblem: for a name that is not UTF-8.
        """
        folder = self.evidence / record.session
        kept = [] if sources is None else [Artifact(path=folder / SOURCES, content=partial(encode_in_pieces, sources))]
        sealed = replace(record, digest=content_digest(record))
        record_bytes = msgspec.json.format(encode_json(sealed), indent=1) + b"\n"
        return (*kept, Artifact(path=folder / LEDGER, content=ledger), Artifact(path=folder / RECORD, content=record_bytes))

    def _folders(self) -> dict[str, bool]:
        """Map each name in the evidence folder to whether it is a link."""
        if why := leads_outside(self.evidence, self._within):
            raise EvidenceProblem(f"{why}; put the evidence there itself", path=self._name(self.evidence))
        try:
            with os.scandir(self.evidence) as found:  # a project may have a thousand sessions: no system call for each
                return {entry.name: entry.is_symlink() for entry in found}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def _parents(self, session: str, *, linked: bool) -> list[Parent] | None:
        """Read which records a session continues, or return ``None`` where its folder holds no record."""
        if linked:
            return self.record(session).previous if self.has(session) else None
        try:
            parents = parents_at_head(f"{self.evidence}/{session}/{RECORD}", session)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            parents = None  # reading the whole record will say why
        if parents is None or not _are_sessions([parent.session for parent in parents]):
            return self.record(session).previous
        return parents

    def _ledger(self, record: Record) -> tuple[Path, bytes]:
        path = self.evidence / record.session / LEDGER
        data = self._bytes(path, record.session)
        if digest_of(data) != record.tests.ledger:
            self._refuse_conflict(path, data)
            self._refuse_other(path, record.session)
        return path, data

    def _refuse_other(self, path: Path, session: str) -> NoReturn:
        if any(path.parent.glob(".*.????????.tmp")):  # its note is gone, or was kept on another machine
            raise EvidenceProblem(
                f"does not fit the digest in {RECORD}: a write of {session} was cut short; run pytest --handoff={session} again",
                path=self._name(path),
            )
        raise EvidenceProblem(
            f"does not fit the digest in {RECORD}: it was edited or belongs to another run; "
            f"restore it, or run pytest --handoff={session} again",
            path=self._name(path),
        )

    def _refuse_conflict(self, path: Path, data: bytes) -> None:
        """Refuse a file with a merge conflict: git leaves both sides in it, but evidence is that of one run."""
        if b"<<<<<<< " in data and (marker := re.search(rb"^<<<<<<< ", data, re.MULTILINE)):
            document = self.evidence.with_name(f"{path.parent.name}.md")
            places = [quote(self._name(place)) for place in (path.parent, document) if place.exists()]
            raise EvidenceProblem(
                f"an unresolved merge conflict starts here; take one side: git checkout --ours (or --theirs) {' '.join(places)}; "
                "if two people chose this name, take the one that is merged, and record the other's work under a new name",
                path=self._name(path),
                line=data.count(b"\n", 0, marker.start()) + 1,
            )

    def _bytes(self, path: Path, session: str) -> bytes:
        try:
            return read_file(path, self._within, TABLE if path.name == RECORD else LINES)
        except (FileNotFoundError, NotADirectoryError) as error:
            again = "" if path.name == RECORD else f", or record it again: pytest --handoff={session}"
            raise EvidenceProblem(
                f"is missing, and with it the evidence of {session!r}; restore it from git{again}", path=self._name(path)
            ) from error
        except OSError as error:
            raise EvidenceProblem(f"cannot be read: {error.strerror or error}", path=self._name(path)) from error

    def _decode(self, path: Path, data: bytes, kind: type[_Read], complaint: str) -> _Read:
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise EvidenceProblem(f"{complaint}: {error}; {_instead(path.parent.name)}", path=self._name(path)) from error

    def _refuse_twins(self, path: Path, data: bytes) -> None:
        """Refuse a record with the same key twice in one table: readers differ in which of the two counts."""

        def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
            table = dict(pairs)
            if len(table) < len(pairs):
                twin = Counter(key for key, _ in pairs).most_common(1)[0][0]
                raise EvidenceProblem(f"is damaged: the key {twin!r} stands in one table twice", path=self._name(path))
            return table

        try:
            json.loads(data, object_pairs_hook=once)
        except (ValueError, RecursionError) as error:
            raise EvidenceProblem(f"is damaged: {error}; {_instead(path.parent.name)}", path=self._name(path)) from error

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)


def _are_sessions(parents: Sequence[str]) -> bool:
    """Tell whether these can be the sessions that one session continues."""
    return len(set(parents)) == len(parents) <= _MOST_PARENTS and not any(map(_NO_FOLDER.fullmatch, parents))


def _impossible(record: Record) -> str | None:
    """Say what no run writes into a record: what reads it would stumble over that, or read very much."""
    if not _are_sessions([parent.session for parent in record.previous]):
        return "it continues sessions that cannot be"
    coverage, took = record.coverage, record.run.duration_s
    files = coverage.files.values() if coverage else ()
    percents = [coverage.percent, coverage.branch_percent or 0, *(file.percent for file in files)] if coverage else []
    if not all(0 <= percent <= 100 for percent in percents):
        return "it has a percentage that is none"
    if not 0 <= took <= _LONGEST_RUN:
        return "its run took longer than any"
    return None


def _instead(session: str) -> str:
    """Name the remedy for a record that cannot be read; it stops a new run, since only it says what its session continues."""
    return f"restore it from git, or delete it and run pytest --handoff={session} again"


class _Schema(msgspec.Struct):
    schema: str


_Read = TypeVar("_Read", bound=msgspec.Struct)
