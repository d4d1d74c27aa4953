"""Summarise a coverage measurement for the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.figures import format_ranges
from pytest_handoff.record import CoverageSummary, FileCoverage

if TYPE_CHECKING:
    from pytest_handoff.evidence.measurement import MeasuredFile, Measurement


def summarise(measurement: Measurement) -> CoverageSummary:
    """Turn the measurement into figures and line ranges, with the files sorted by path."""
    files = {path: _summarise_file(measurement.files[path]) for path in sorted(measurement.files)}
    return CoverageSummary(
        percent=measurement.percent,
        branch_percent=measurement.branch_percent,
        num_statements=sum(file.num_statements for file in files.values()),
        covered=sum(file.covered for file in files.values()),
        files=files,
    )


def _summarise_file(file: MeasuredFile) -> FileCoverage:
    return FileCoverage(
        num_statements=len(file.statements),
        covered=len(file.statements - file.missing),
        percent=file.percent,
        missing=format_ranges(file.missing),
        excluded=len(file.excluded),
        excluded_lines=format_ranges(file.excluded),
        num_branches=file.num_branches,
        covered_branches=file.covered_branches,
    )
