"""Measured values of the user's: how a test hands one over, what one is worth beside its target and its baseline."""

from __future__ import annotations

import math
from collections import defaultdict
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Literal, cast

from msgspec.structs import replace

from pytest_handoff.nodeids import name_of
from pytest_handoff.record import Metric
from pytest_handoff.targets import read_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROPERTY = "handoff_metric"
"""The name under which a metric travels with a test's report, from an xdist worker too."""

_DIGITS = 6


def as_property(
    name: str, value: float, *, unit: str | None = None, target: float | None = None, better: str | None = None
) -> tuple[str, dict[str, object]]:
    """A metric as primitives, the only things that a report carries from one process to another.

    Raises:
        ValueError: for an empty name, a value or target that is no finite number, or another direction than ``lower``/``higher``.
    """
    if not str(name).strip():
        raise ValueError("handoff_metric: the name is empty")
    for what, number in (("value", value), ("target", target)):
        if number is not None and (isinstance(number, bool) or not math.isfinite(number)):
            raise ValueError(f"handoff_metric: the {what} of {name!r} must be a finite number, not {number!r}")
    if better not in (None, "lower", "higher"):
        raise ValueError(f"handoff_metric: better is 'lower' or 'higher', not {better!r}")
    goal = None if target is None else float(target)
    return PROPERTY, {"name": " ".join(name.split()), "value": float(value), "unit": unit, "target": goal, "better": better}


def from_properties(properties: Iterable[tuple[str, object]]) -> list[Metric]:
    """The metrics among a report's properties; those of other plugins are not ours to read."""
    return [Metric(**cast("dict[str, object]", value)) for name, value in properties if name == PROPERTY]  # type: ignore[arg-type] # as_property made it


def joined(found: Iterable[tuple[str, Metric]]) -> list[Metric]:
    """One metric a name, sorted. Where several tests gave one, the worst is kept; without a direction each keeps its own."""
    by_name: defaultdict[str, dict[str, Metric]] = defaultdict(dict)
    for test, metric in sorted(found, key=lambda pair: pair[0]):
        known = by_name[metric.name].get(test)
        by_name[metric.name][test] = metric if known is None else _worse(known, metric)
    return sorted((one for given in by_name.values() for one in _one_a_name(given)), key=lambda metric: metric.name)


def is_met(metric: Metric, asked: str = "") -> bool | None:
    """Whether the metric meets its own target, else the one that a document names; ``None`` where there is no saying."""
    if metric.target is not None:
        return _compares(metric.value, metric.target, metric.better)
    wanted = read_target(asked)
    if wanted is None or (wanted.unit and wanted.unit != (metric.unit or "")):
        return None
    direction = {"<": "lower", "<=": "lower", ">": "higher", ">=": "higher"}.get(wanted.op or "", metric.better)
    if wanted.op in ("<", ">") and Decimal(metric.value) == wanted.value:
        return False
    return _compares(metric.value, float(wanted.value), cast("Literal['lower', 'higher'] | None", direction))


def improvement(metric: Metric, baseline: float | None) -> str | None:
    """How much better than the baseline, in percent of it; worse is negative. Nothing where no direction is better."""
    if not baseline or metric.better is None:
        return None
    gain = (Decimal(metric.value) - Decimal(baseline)) / abs(Decimal(baseline)) * 100
    gain = -gain if metric.better == "lower" else gain
    return f"{gain.quantize(Decimal('0.1'), ROUND_DOWN):+,} %"


def shown(value: float, unit: str | None) -> str:
    """A value with its unit, cut to six digits."""
    exact = Decimal(str(value))
    digits = _DIGITS - exact.adjusted() - 1
    cut = exact.quantize(Decimal(1).scaleb(-digits), ROUND_DOWN) if digits > 0 else exact.quantize(Decimal(1), ROUND_DOWN)
    text = f"{cut:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {unit}" if unit else text


def _one_a_name(given: Mapping[str, Metric]) -> list[Metric]:
    metrics = list(given.values())
    if len(metrics) == 1 or len({metric.value for metric in metrics}) == 1:
        return metrics[:1]
    if any(metric.better is None for metric in metrics):
        return [replace(metric, name=f"{metric.name} ({name_of(test)})") for test, metric in given.items()]
    worst = metrics[0]
    for metric in metrics[1:]:
        worst = _worse(worst, metric)
    return [worst]


def _worse(one: Metric, other: Metric) -> Metric:
    if one.better == "higher":
        return min(one, other, key=lambda metric: metric.value)
    return max(one, other, key=lambda metric: metric.value) if one.better == "lower" else other


def _compares(value: float, target: float, better: Literal["lower", "higher"] | None) -> bool | None:
    if better is None:
        return None
    return value <= target if better == "lower" else value >= target
