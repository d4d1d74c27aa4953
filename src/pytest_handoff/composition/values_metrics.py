"""Fill the table rows of the user's own metrics: value, target, baseline, improvement, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.composition.tables import MET, MISSED, NOT_KNOWN
from pytest_handoff.composition.wording import if_incomplete
from pytest_handoff.document.catalogue import row_of
from pytest_handoff.evidence.metrics import BOUNDS, DURATION_ROW, duration_of, improvement, is_met, shown
from pytest_handoff.record import Frozen, Metric

if TYPE_CHECKING:
    from pytest_handoff.evidence.facts import Facts


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
    """Build a row for each metric of the session; its status is held against its own target and the document's."""
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
