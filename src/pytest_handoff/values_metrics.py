"""What the evidence says of the user's own metrics, in rows of tables: value, target, baseline, improvement, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.metrics import improvement, is_met, shown
from pytest_handoff.record import Frozen
from pytest_handoff.values_summary import MET, MISSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.facts import Facts
    from pytest_handoff.record import Metric

_COLUMNS = ("value", "target", "baseline", "improvement", "status")


class MetricRow(Frozen, frozen=True):
    """One metric as text; ``None`` is not known."""

    name: str
    value: str
    target: str | None
    baseline: str | None
    improvement: str | None
    status: str | None


def metric_rows(facts: Facts, targets: Mapping[str, str] | None = None) -> list[MetricRow]:
    """Every metric of the session, by name; ``targets`` is what the document names as target, by the metric's row."""
    asked = targets or {}
    return [_row(facts, metric, asked.get(row_of(metric.name), "")) for metric in facts.record.metrics]


def row_of(name: str) -> str:
    """The id of the row of a metric."""
    return "metric." + "-".join(name.split())


def metric_values(facts: Facts, targets: Mapping[str, str]) -> dict[str, str | None]:
    """Cell id to text; a target that a person wrote is read, not filled."""
    values: dict[str, str | None] = {}
    for row in metric_rows(facts, targets):
        place = row_of(row.name)
        values |= {f"{place}.{column}": getattr(row, column) for column in _COLUMNS}
        values[f"{place}.before"] = row.baseline
        if place in targets:
            values[f"{place}.target"] = None
    return values


def _row(facts: Facts, metric: Metric, asked: str) -> MetricRow:
    before = facts.baselines.get(metric.name)
    met = is_met(metric, asked)
    sign = {"lower": "≤ ", "higher": "≥ "}.get(metric.better or "", "")
    return MetricRow(
        name=metric.name,
        value=shown(metric.value, metric.unit),
        target=None if metric.target is None else sign + shown(metric.target, metric.unit),
        baseline=None if before is None else shown(before, metric.unit),
        improvement=improvement(metric, before),
        status=None if met is None else MET if met else MISSED,
    )
