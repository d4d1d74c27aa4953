"""Fill the rows of summaries and of the user's own metrics: value, target, baseline, improvement, status."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.composition.wording import if_incomplete, live
from pytest_handoff.document.catalogue import row_of
from pytest_handoff.evidence.metrics import (
    BOUNDS,
    DURATION_ROW,
    duration_of,
    improvement,
    is_met,
    read_target,
    shown,
)
from pytest_handoff.evidence.regression import count_passing
from pytest_handoff.figures import count_holds, count_ranges, percent, rate_holds
from pytest_handoff.nodeids import path_matches
from pytest_handoff.record import Frozen, Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.figures import Comparison
    from pytest_handoff.record import FileCoverage


MET, MISSED, NOT_KNOWN = "✅ met", "❌ not met", "not known (incomplete run)"

_NEW_CODE_ROWS = ("metrics.new_code", "targets.new_code")


class Figure(Frozen, frozen=True):
    """A figure to show: ``part`` as a count or, if there is a ``whole``, as a percentage of it."""

    shown: str
    part: int
    whole: int | None = None


def summary_values(facts: Facts, targets: Mapping[str, str], paths: Mapping[str, str]) -> dict[str, str | None]:
    """Map the id of each cell to its text.

    Args:
        targets: the targets that the document names, by row id.
        paths: the paths that the document has rows for, by row id.
    """
    figures = {**_figures(facts), **{row: _of_path(facts, path) for row, path in paths.items()}}
    values: dict[str, str | None] = {}
    for row, figure in figures.items():
        if figure is not None:
            values[f"{row}.value"] = figure.shown + if_incomplete(facts)
            values[f"{row}.status"] = status_of(facts, figure, targets.get(row, ""))
    code = facts.record.new_code
    if code and not code.num_statements:
        nothing = {"value": "no new statements", "status": "not applicable"}
        values |= {f"{row}.{column}": text for row in _NEW_CODE_ROWS for column, text in nothing.items()}
    return values


def _figures(facts: Facts) -> dict[str, Figure | None]:
    outcomes, coverage, code = live(facts), facts.record.coverage, facts.record.new_code
    rated = facts.rated()
    total = None
    if coverage and coverage.files:
        total = coverage_of(list(coverage.files.values()), coverage.shown)
    marked = sum(count_ranges(file.marked) for file in code.files.values()) if code else 0  # no cover: a gate counts them as well
    new = share(code.covered, code.num_statements + marked) if code and code.num_statements else None
    return {
        "metrics.tests": Figure(shown=f"{outcomes.total():,}", part=outcomes.total()),
        "metrics.pass_rate": share(count_passing(rated), len(rated)) if rated else None,
        "metrics.coverage": total,
        "metrics.new_code": new,
        "targets.overall": total,
        "targets.new_code": new,
    }


def _of_path(facts: Facts, path: str) -> Figure | None:
    measured = facts.record.coverage.files if facts.record.coverage else {}
    return coverage_of([file for name, file in measured.items() if path_matches(name, path)])


def coverage_of(files: list[FileCoverage], shown: str | None = None) -> Figure | None:
    """Measure the coverage of some files as coverage.py does, with branches where they are measured."""
    covered = sum(file.covered + (file.covered_branches or 0) for file in files)
    whole = sum(file.num_statements + (file.num_branches or 0) for file in files)
    return Figure(shown=shown or percent(covered, whole), part=covered, whole=whole) if whole else None


def share(part: int, whole: int) -> Figure:
    """Make a figure of a part and its whole."""
    return Figure(shown=percent(part, whole), part=part, whole=whole)


def status_of(facts: Facts, figure: Figure, target: str, default: Comparison = ">=") -> str | None:
    """Say whether the target is met; ``None`` if it is not understood, or is for another kind of figure."""
    wanted = read_target(target)
    if wanted is None or wanted.unit.startswith("%") != (figure.whole is not None):
        return None
    op = wanted.op or default
    if figure.whole is None:
        met = count_holds(figure.part, op, wanted.value)
    else:
        met = rate_holds(figure.part, figure.whole, op, Decimal(wanted.value))
    if met and not facts.record.run.complete:
        return NOT_KNOWN
    return MET if met else MISSED


_COLUMNS = ("value", "target", "baseline", "improvement", "status")


class MetricRow(Frozen, frozen=True):
    """One metric as text; ``None`` means not known."""

    name: str
    value: str
    target: str | None
    baseline: str | None
    improvement: str | None
    status: str | None


def metric_rows(facts: Facts) -> list[MetricRow]:
    """Build a row for each metric of the session; compare it with its own target and the document's."""
    return [_row(facts, metric, row_of(metric.name), facts.baselines.get(metric.name)) for metric in facts.record.metrics]


def metric_values(facts: Facts) -> dict[str, str | None]:
    """Map the id of each cell to its text; a target that a person wrote is read, not filled."""
    rows = {row_of(row.name): row for row in metric_rows(facts)}
    values: dict[str, str | None] = {}
    for place, row in (rows | _duration(facts)).items():
        values |= {f"{place}.{column}": getattr(row, column) for column in _COLUMNS}
        values[f"{place}.before"] = row.baseline
        if place in facts.document.targets:
            values[f"{place}.target"] = None
    return values


def _duration(facts: Facts) -> dict[str, MetricRow]:
    metric = duration_of(facts)
    if metric is None:
        return {}
    row = _row(facts, metric, DURATION_ROW, facts.baselines.get(DURATION_ROW))
    if not facts.record.run.complete:
        row = replace(row, value=row.value + if_incomplete(facts), status=row.status and NOT_KNOWN, improvement=None)
    return {DURATION_ROW: row}


def _row(facts: Facts, metric: Metric, place: str, before: float | None) -> MetricRow:
    met = is_met(metric, facts.document.targets.get(place, ""))
    return MetricRow(
        name=metric.name,
        value=shown(metric.value, metric.unit),
        target=None if metric.target is None else BOUNDS.get(metric.better, "") + shown(metric.target, metric.unit),
        baseline=None if before is None else shown(before, metric.unit),
        improvement=improvement(metric, before),
        status=None if met is None else MET if met else MISSED,
    )
