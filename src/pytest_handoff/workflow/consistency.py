"""Check that the figures of a record fit each other; if they do not, the record was edited."""

from __future__ import annotations

import re
from math import isclose
from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.record import CoverageSummary, NewCode, NewCodeFile, Record


_RANGE = re.compile(r"([1-9]\d{0,8})(?:-([1-9]\d{0,8}))?", re.ASCII)


def refuse_edited(record: Record) -> None:
    """Refuse a record that contradicts itself.

    Raises:
        EvidenceProblem: naming the first contradiction.
    """
    for contradiction in contradictions(record):
        raise EvidenceProblem(
            f"the record of {record.session} contradicts itself, {contradiction}: it was edited; "
            f"restore it, or run pytest --handoff={record.session} again"
        )


def contradictions(record: Record) -> list[str]:
    """List the contradictions in a record, one phrase each; an untouched record has none."""
    found = list(_of_run(record))
    if record.coverage is not None:
        found += _of_coverage(record.coverage)
    if record.new_code is not None:
        found += _of_new_code(record.new_code)
    return found


def _of_run(record: Record) -> Iterator[str]:
    run, counts = record.run, record.tests.counts
    if not record.previous and any(record.tests.regression.statuses.values()):
        yield "it names no session before it, and counts tests of earlier ones"
    if run.complete and run.why_incomplete:
        yield "it calls the run complete and says why it is not"
    if run.complete and counts.get("not_run", 0):
        yield f"it calls the run complete, and {counts['not_run']} of its tests did not run"


def _of_coverage(coverage: CoverageSummary) -> Iterator[str]:
    files = coverage.files.values()
    if coverage.covered != sum(file.covered for file in files):
        yield "the covered statements of the files do not add up to its total"
    if coverage.num_statements != sum(file.num_statements for file in files):
        yield "the statements of the files do not add up to its total"
    branches = [(file.covered_branches or 0, file.num_branches or 0) for file in files]
    hit = coverage.covered + sum(covered for covered, _ in branches)
    total = coverage.num_statements + sum(number for _, number in branches)
    if total and not isclose(coverage.percent, 100 * hit / total, abs_tol=1e-6):
        yield f"its coverage of {coverage.percent} % is not that of its files"
    for path, file in coverage.files.items():
        if file.num_statements - file.covered != _lines_in(file.missing):
            yield f"the figures of {path} do not fit its missing lines"


def _of_new_code(code: NewCode) -> Iterator[str]:
    files = code.files.values()
    if code.num_statements != sum(file.num_statements for file in files):
        yield "the new statements of the files do not add up to its total"
    if code.covered != sum(file.covered for file in files):
        yield "the covered new statements of the files do not add up to its total"
    if code.excluded != sum(_lines_in(file.excluded) for file in files):
        yield "the excluded new lines of the files do not add up to its total"
    for whose in ("unit", "new_unit"):
        total, parts = getattr(code, f"covered_by_{whose}"), [getattr(file, f"covered_by_{whose}") for file in files]
        if total != (None if None in parts else sum(parts)) and (parts or total):
            yield f"the new statements covered by {whose.replace('_', ' ')} tests do not add up to its total"
    for path, file in code.files.items():
        yield from _of_new_lines(path, file)


def _of_new_lines(path: str, file: NewCodeFile) -> Iterator[str]:
    if _lines_in(file.marked) < 0:
        yield f"the marked lines of {path} are no line numbers"
    if file.num_statements != _lines_in(file.lines):
        yield f"the number of {path}'s new statements is not that of its new lines"
    if file.num_statements - file.covered != _lines_in(file.missing):
        yield f"the figures of {path}'s new lines do not fit its missing lines"
    for covered, others in ((file.covered_by_unit, file.not_by_unit), (file.covered_by_new_unit, file.not_by_new_unit)):
        if (covered is None) != (others is None) or (covered is not None and file.covered - covered != _lines_in(others or "")):
            yield f"the figures of {path}'s new lines do not fit the lines that other tests ran"


def _lines_in(ranges: str) -> int:
    """Count the lines in ``7, 9-10`` without listing them, since a damaged record may name very many; -1 for any other text."""
    parts = [_RANGE.fullmatch(part.strip()) for part in ranges.split(",")] if ranges.strip() else []
    if None in parts:
        return -1
    return sum(int(part[2] or part[1]) - int(part[1]) + 1 for part in parts if part)
