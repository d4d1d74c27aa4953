"""Tell evidence from files that only have its name: whatever could run is code, wherever it is."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.project.foreign_files import FLAGS, LINES, Refused, leads_outside, read_opened
from pytest_handoff.project.stored_files import DETAILS, EVIDENCE_FILES, LEDGER, PROOF, RECORD, SOURCES

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project


ATTRIBUTES = ".gitattributes"
_BEGINNING = 512
_OUR_TABLE = re.compile(rb'\s*\{\s*"schema":\s*"pytest-handoff/(record|proof|details)/[0-9]+",\s*"session":\s*"([^"\\]+)"')
_OUR_LINES = re.compile(rb'\s*(?:\{"|\Z)')

_REMARK = b"# Evidence of pytest-handoff: reviews fold it, and two versions of a file are a conflict, never mixed."
ATTRIBUTES_OF_EVIDENCE = _REMARK + b"\n*.json -text -merge linguist-generated\n*.jsonl -text -merge linguist-generated\n"
"""What a first run tells git about evidence: its bytes are hashed, so convert no line endings and let no merge write into it."""

_PLAIN_ATTRIBUTES = (
    re.escape(_REMARK) + rb"|"
    rb"(?:[\w./*-]+(?:[ \t]+(?:-?linguist-\w+(?:=(?:true|false))?|-?(?:diff|merge|text)|merge=\w+|text=auto|eol=lf))+)?[ \t]*"
)
"""A line that says how evidence is shown and merged, and nothing else."""


def not_evidence(project: Project) -> list[str]:
    """Name what has the name of evidence, or of git's attributes of it, and is something else (by their keys), sorted.

    Of a session that is recorded only the beginnings of its files are read, since there may be very many; what is in a folder
    without a record has to be JSON throughout.
    """
    evidence = project.evidence
    if not evidence.is_relative_to(project.root) or leads_outside(evidence, project.within):
        return []
    found = [path for folder in (project.handoffs, evidence) if _has_other_attributes(path := f"{folder}/{ATTRIBUTES}")]
    try:
        with os.scandir(evidence) as entries:
            sessions = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        sessions = []
    place = str(evidence)
    found += [path for session in sessions for path in _others_in(f"{place}/{session}", session)]
    return sorted(project.key(Path(path)) for path in found)


def _others_in(folder: str, session: str) -> list[str]:
    """Name the files in a session's folder that have names of evidence but are not evidence."""
    starts = {name: start for name in _names_in(folder) if (start := _beginning(f"{folder}/{name}")) is not None}
    is_recorded = RECORD in starts and _is_ours(f"{folder}/{RECORD}", starts[RECORD], "record", session)
    found = ((f"{folder}/{name}", start) for name, start in starts.items())
    return [path for path, start in found if not _is_sound(path, start, session, is_recorded=is_recorded)]


def _names_in(folder: str) -> frozenset[str]:
    """Name the files of evidence that a folder holds, or may hold where it cannot be listed."""
    try:
        return EVIDENCE_FILES.intersection(os.listdir(folder))  # noqa: PTH208 - a thousand sessions need no thousand paths
    except OSError:
        return EVIDENCE_FILES


def _is_sound(path: str, start: bytes, session: str, *, is_recorded: bool) -> bool:
    """Check that a file of a session's folder is what its name says."""
    name = path.rpartition("/")[2]
    if name == RECORD:
        return is_recorded
    if name == PROOF:
        return _is_ours(path, start, "proof", session)
    if name == DETAILS:
        return _are_details(path, start, session)
    if name in (LEDGER, SOURCES):
        return _OUR_LINES.match(start) is not None and (is_recorded or _are_json_lines(path))
    return _are_json_lines(path)  # no record need name these


def has_sessions(project: Project) -> bool:
    """Check whether there is a folder of any session's evidence."""
    try:
        with os.scandir(project.evidence) as entries:
            return any(entry.is_dir(follow_symlinks=False) for entry in entries)
    except OSError:
        return False


def is_evidence(path: Path) -> bool:
    """Check whether a file that a write left beside evidence holds some."""
    start = _beginning(str(path))
    return start is not None and (_OUR_TABLE.match(start) or _OUR_LINES.match(start)) is not None


def _is_ours(path: str, start: bytes, what: str, session: str) -> bool:
    """Check that this is the folder's own record or proof, even if a formatter has reordered its keys."""
    if (head := _OUR_TABLE.match(start)) is not None:
        return (head[1], head[2]) == (what.encode(), session.encode("utf-8", "surrogateescape"))
    table = _json_in(path)
    return isinstance(table, dict) and table.get("session") == session and f"pytest-handoff/{what}/" in str(table.get("schema"))


def _are_details(path: str, start: bytes, session: str) -> bool:
    """Check that these are details of the folder's session, and JSON to the last byte: no command would miss them otherwise."""
    try:
        msgspec.json.decode(_content(path) or b"", type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return _is_ours(path, start, "details", session)


def _has_other_attributes(path: str) -> bool:
    content = _content(path)
    if content is None or content == ATTRIBUTES_OF_EVIDENCE:
        return False
    return not all(re.fullmatch(_PLAIN_ATTRIBUTES, line) for line in content.splitlines())


def _json_in(path: str) -> object:
    """Return the value that a file holds; ``None`` where it holds anything else."""
    try:
        return json.loads(_content(path) or b"")
    except (ValueError, RecursionError):
        return None


def _are_json_lines(path: str) -> bool:
    """Check that each line of a file is JSON; nothing is made of it, since a thousand sessions may have a thousand lines each."""
    content, decoder = _content(path) or b"", msgspec.json.Decoder(msgspec.Raw)
    try:
        content.decode()  # which a raw value need not be
        for line in content.splitlines():
            decoder.decode(line)
    except (ValueError, RecursionError):
        return False
    return True


def _beginning(path: str) -> bytes | None:
    """Read how a file begins; ``None`` if it does not exist, and something that no evidence holds if it is not a regular file."""
    try:
        file = os.open(path, FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return b"?"
    try:
        return os.read(file, _BEGINNING)
    except OSError:
        return b"?"
    finally:
        os.close(file)


def _content(path: str) -> bytes | None:
    try:
        return read_opened(os.open(path, FLAGS), path, LINES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, Refused):
        return b"?"
