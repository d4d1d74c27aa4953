"""Show code on the page: first the new lines that no test runs, then every measured file with its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_handoff.figures import count_ranges, join_ranges, parse_ranges, percent_of
from pytest_handoff.markup import one_line
from pytest_handoff.printable import printable_text
from pytest_handoff.project.foreign_files import TEXT, Refused, read_file
from pytest_handoff.record import Frozen
from pytest_handoff.text_lines import raw_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.checklist.condition import CoveredBy
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import NewCodeFile, Record, SourceLine


MOST_SOURCE = 400_000
"""The most characters of source in a page, so that it can still be mailed; files with missing lines come first."""

MOST_FILES, MOST_LINES = 20, 60
"""The most files whose untested new lines are shown, and the most lines of each."""

_CHANGED = "This file has changed since it was measured, so its lines are not shown."
_BY = {"any": "no test", "unit": "no unit test", "new_unit": "no new unit test"}


class CodeLine(NamedTuple):
    """A line of source: its number, its text, and who does not run it (empty where somebody does)."""

    number: int
    text: str
    by: str


class UntestedFile(Frozen, frozen=True):
    """A file with new statements that are not tested; ``lines`` are the first of them, ``why`` says why there are none."""

    path: str
    ranges: str
    statements: int
    lines: list[CodeLine]
    why: str
    more: int


class Sources:
    """The text of the measured files, if it is still what was measured; each file is read once.

    Args:
        files: the blob of each file in the tree as it stands.
    """

    def __init__(self, project: Project, record: Record, files: Mapping[str, str]) -> None:
        self._project, self._files = project, files
        self._known: Mapping[str, SourceLine] = project.store.sources_of(record) or {}
        self._read: dict[str, tuple[str | None, str]] = {}

    def text(self, path: str) -> tuple[str | None, str]:
        """Return the text of a file, or why it is not shown."""
        if path not in self._read:
            same = path in self._known and self._files.get(path) == self._known[path].blob
            self._read[path] = _text(self._project, path) if same else (None, _CHANGED)
        return self._read[path]


def _text(project: Project, path: str) -> tuple[str | None, str]:
    try:
        return printable_text(read_file(project.root / path, project.within, TEXT).decode("utf-8", "replace")), ""
    except Refused as refused:
        return None, f"The file {refused.why}, so its lines are not shown."
    except OSError:
        return None, _CHANGED


def untested(record: Record, sources: Sources, by: CoveredBy) -> list[UntestedFile]:
    """List the files with new statements that the tests in question do not run, most statements first; the page cuts the list."""
    if record.new_code is None:
        return []
    found = [(path, file, _ranges(file, by)) for path, file in record.new_code.files.items()]
    rows = sorted(((count_ranges(ranges), path, file, ranges) for path, file, ranges in found if ranges), key=_most_first)
    return [_untested(row, sources, by, shown=at < MOST_FILES) for at, row in enumerate(rows)]


def _most_first(row: tuple[int, str, NewCodeFile, str]) -> tuple[int, str]:
    return -row[0], row[1]


def _untested(row: tuple[int, str, NewCodeFile, str], sources: Sources, by: CoveredBy, *, shown: bool) -> UntestedFile:
    statements, path, file, ranges = row
    text, why = sources.text(path) if shown else (None, "")
    lines = raw_lines(text or "")
    numbers = sorted(parse_ranges(ranges, last=len(lines)))
    nobody = parse_ranges(join_ranges(file.missing, file.marked), last=len(lines))
    return UntestedFile(
        path=path,
        ranges=ranges,
        statements=statements,
        lines=[
            CodeLine(number, lines[number - 1].rstrip("\r\n"), _BY["any"] if number in nobody else _BY[by])
            for number in numbers[:MOST_LINES]
        ],
        why=why,
        more=len(numbers[MOST_LINES:]),
    )


def _ranges(file: NewCodeFile, by: CoveredBy) -> str:
    others = {"any": None, "unit": file.not_by_unit, "new_unit": file.not_by_new_unit}[by]
    return join_ranges(file.missing, others or "", file.marked)


def coverage_rows(record: Record, sources: Sources) -> list[dict[str, Any]]:
    """List the measured files with their source: first those with untested new lines, then others with new lines, then the rest.

    Within these the files with most missing statements come first.
    """
    if record.coverage is None:
        return []
    new = record.new_code.files if record.new_code else {}
    found, room = [], MOST_SOURCE

    def rank(path: str) -> tuple[int, int, str]:
        file, code = files[path], new.get(path)
        return 2 if code is None else int(not code.missing), file.covered - file.num_statements, path

    files = record.coverage.files
    for path in sorted(files, key=rank):
        file, code = files[path], new.get(path)
        row: dict[str, Any] = {
            "path": one_line(path), "n": file.num_statements, "c": file.covered, "percent": percent_of(file.percent),
            "missing": file.missing, "new": code.lines if code else "", "new_missing": code.missing if code else "",
        }  # fmt: skip
        if file.missing or code:
            text, row["why"] = sources.text(path)
            if text is not None and len(text) > room:
                text, row["why"] = None, "This page already shows as much source as it may; open the file itself."
            row["source"] = text
            row["marks"] = _line_marks(file.missing, code.lines if code else "", last=len(raw_lines(text or "")))
            room -= len(text or "")
        found.append(row)
    return found


def _line_marks(missing: str, new: str, *, last: int) -> dict[str, list[int]]:
    """Mark lines of a shown source, up to its last line; a damaged record may name very many others."""
    return {"missing": sorted(parse_ranges(missing, last=last)), "new": sorted(parse_ranges(new, last=last))}
