"""Keep for the next run which source lines are statements and where they can go on, and reuse it for unchanged files."""

from __future__ import annotations

from contextlib import suppress
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import HandoffError
from pytest_handoff.evidence.layouts import lines_in
from pytest_handoff.evidence.source_changes import WIDTH
from pytest_handoff.project.encoding import by_name, decode_lines, digest_of, encode_json
from pytest_handoff.project.stored_files import STATEMENTS
from pytest_handoff.record import KnownStatements, ParsedBy, StatementsLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.evidence.measurement import Measurement
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record, SourceLine
    from pytest_handoff.workflow.start import Start


_FEWEST = 1000
"""The fewest source lines whose statements are kept: fewer are parsed in 30 ms."""


def statements_of(measurement: Measurement) -> tuple[bytes, KnownStatements | None]:
    """Build the file with the statements of each source, and its entry in the record; nothing if few lines were parsed.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    if measurement.parsed_by is None:
        return b"", None
    files = {**measurement.beside, **measurement.files}
    known = (StatementsLine(path=path, layout=file.layout, branches=file.branches) for path, file in sorted(files.items()))
    lines = b"".join(encode_json(line) + b"\n" for line in known if line.layout)
    if sum(lines_in(file.layout) for file in files.values()) < _FEWEST:
        return b"", None
    return lines, KnownStatements(digest=digest_of(lines), parsed_by=measurement.parsed_by)


def unchanged_paths(start: Start) -> frozenset[str]:
    """Name the files with the same content and kind as in an earlier session."""
    return frozenset(path for sources in start.parents.sources or () for path in _same(sources, start.sources))


def statements_before(project: Project, start: Start, by: ParsedBy) -> dict[str, StatementsLine]:
    """Read what earlier sessions say about unchanged files, if the same versions parsed them and we may believe their records.

    Whatever is missing, damaged or of another make is nothing: these files are parsed.
    """
    found: dict[str, StatementsLine] = {}
    for record, sources in zip(start.parents.records, start.parents.sources or (), strict=False):
        known = record.coverage.statements if record.coverage else None
        if known is None or not _is_of_this_make(known.parsed_by, by):
            continue
        with suppress(HandoffError):
            if _is_believed(project, record):
                lines = read_statements(project, record, known)
                same = ((path, lines[path]) for path in _same(sources, start.sources) if path in lines)
                found |= {path: line for path, line in same if _is_as_long(line.layout, start.sources[path])}
    return found


def _is_of_this_make(known: ParsedBy, by: ParsedBy) -> bool:
    """Check that what is known is what would be found now; without branches nobody asks what decides on them."""
    return known == by or (by.partial is None and replace(known, partial=None) == by)


def read_statements(project: Project, record: Record, known: KnownStatements) -> dict[str, StatementsLine]:
    """Read what a session says of each source.

    Raises:
        EvidenceProblem: when the file is missing, damaged, or not the one that the record was written with.
    """
    shown = project.shown(project.evidence / record.session / STATEMENTS)
    data = project.store.whole(STATEMENTS, record.session, known.digest)
    return by_name(decode_lines(data, StatementsLine, shown), attrgetter("path"), shown)


def _is_believed(project: Project, record: Record) -> bool:
    """Check that the target branch, if one is named, holds this record; anybody may have made up another one."""
    from pytest_handoff.project.merged_sessions import merged_sessions, stands
    from pytest_handoff.project.target_branch import targets_of

    return not targets_of(project) or stands(project, record.session, merged_sessions(project).records)


def _is_as_long(layout: str, source: SourceLine) -> bool:
    """Check that a layout has no more lines than the source: a short text could claim very many."""
    return lines_in(layout) <= len(source.lines) // WIDTH


def _same(before: dict[str, SourceLine], now: dict[str, SourceLine]) -> Iterator[str]:
    for path, line in now.items():
        old = before.get(path)
        if old is not None and (old.blob, old.kind) == (line.blob, line.kind):
            yield path
