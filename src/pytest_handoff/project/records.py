"""Read the record of a session, and refuse one that no run writes: damaged, edited, of another schema or another session."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem, NewerEvidence
from pytest_handoff.project.encoding import content_digest
from pytest_handoff.project.foreign_files import FLAGS
from pytest_handoff.project.stored_files import RECORD
from pytest_handoff.record import RECORD_SCHEMA, Parent, Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_handoff.project.stored_files import StoredFiles


_MOST_PARENTS, _LONGEST_RUN = 100, 1e9
"""The most sessions that one continues, and the most seconds that a run took."""

_LONGEST_HEAD = 4096
"""Bytes to read; the head of a record with one parent has 200."""
_HEAD = re.compile(
    rb'\s*\{\s*"schema":\s*"%s",\s*"session":\s*"([^"]+)",\s*"previous":\s*(\[[^\]]*\]),\s*"run":\s*\{'
    % re.escape(RECORD_SCHEMA.encode())
)
"""The first keys of a record as :meth:`pytest_handoff.project.store.Store.artifacts` writes them."""
_PARENTS = msgspec.json.Decoder(list[Parent])


def parents_at_head(path: Path | str, session: str) -> list[Parent] | None:
    """Read which records a record continues, or return ``None`` if it does not begin as we write it.

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
        return _PARENTS.decode(head[2])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class _Schema(msgspec.Struct):
    schema: str


_Read = TypeVar("_Read", bound=msgspec.Struct)


def read_record(files: StoredFiles, session: str) -> Record:
    """Read the record of a session as :meth:`pytest_handoff.project.store.Store.figures` does."""
    data = files.read(RECORD, session)
    files.refuse_conflict(RECORD, session, data)
    shown = files.named(RECORD, session)
    schema = _decode(files, session, data, _Schema, "is not a record").schema
    if schema != RECORD_SCHEMA:
        raise NewerEvidence(
            f"has the schema {schema!r}, but this version reads {RECORD_SCHEMA!r}: upgrade pytest-handoff", path=shown
        )
    record = _decode(files, session, data, Record, "is not a complete record")
    _refuse_twins(files, session, data)
    if record.session != session:
        raise EvidenceProblem(f"is the record of {record.session!r}, not of {session!r}", path=shown)
    if impossible := _impossible(record):
        raise EvidenceProblem(f"is damaged: {impossible}; {_instead(session)}", path=shown)
    if record.digest not in (None, content_digest(record)):
        raise EvidenceProblem(f"was edited or damaged after it was written; {_instead(session)}", path=shown)
    return replace(record, digest=None)


def _decode(files: StoredFiles, session: str, data: bytes, kind: type[_Read], complaint: str) -> _Read:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceProblem(f"{complaint}: {error}; {_instead(session)}", path=files.named(RECORD, session)) from error


def _refuse_twins(files: StoredFiles, session: str, data: bytes) -> None:
    """Refuse a record with the same key twice in one table: readers differ in which of the two counts."""

    path = files.named(RECORD, session)

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        table = dict(pairs)
        if len(table) < len(pairs):
            twin = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise EvidenceProblem(f"is damaged: the key {twin!r} appears twice in one table", path=files.named(RECORD, session))
        return table

    try:
        json.loads(data, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise EvidenceProblem(f"is damaged: {error}; {_instead(session)}", path=path) from error


def names_no_folder(name: str) -> bool:
    """Check for a name that no folder below the evidence has."""
    return name in ("", ".", "..") or "/" in name or "\0" in name


def are_sessions(parents: Sequence[str]) -> bool:
    """Tell whether these can be the sessions that one session continues."""
    return len(set(parents)) == len(parents) <= _MOST_PARENTS and not any(map(names_no_folder, parents))


def _impossible(record: Record) -> str | None:
    """Name what a record holds that no run writes: its readers would stumble over it, or read very much."""
    if not are_sessions([parent.session for parent in record.previous]):
        return "its list of parent sessions is impossible"
    coverage, took = record.coverage, record.run.duration_s
    files = coverage.files.values() if coverage else ()
    percents = [coverage.percent, coverage.branch_percent or 0, *(file.percent for file in files)] if coverage else []
    if files and coverage is not None and coverage.by_file is not None:
        return "it has the coverage of each file, but names another file for it"
    if not all(0 <= percent <= 100 for percent in percents):
        return "it has an impossible percentage"
    if not 0 <= took <= _LONGEST_RUN:
        return "its run has an impossible duration"
    return None


def _instead(session: str) -> str:
    """Say how to fix a record that cannot be read; it stops a new run, since only it says what its session continues."""
    return f"restore it from git, or delete it and run pytest --handoff={quote(session)} again"
