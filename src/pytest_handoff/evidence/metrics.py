"""Carry a user's measured values from the test to the record, and compare them with targets and baselines."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Literal, cast

from msgspec.structs import replace

from pytest_handoff.figures import Comparison, holds
from pytest_handoff.nodeids import name_of
from pytest_handoff.record import Frozen, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import RunInfo


_TARGET = r"(?P<op>>=|<=|≥|≤|>|<|=)?\s*+(?P<value>\d{1,3}(?:,\d{3})+|\d++(?:\.\d++)?)\s*+(?P<unit>[^\d\s+|][^\d+|]*+)?+\+?"
_LONGEST_FIGURE = 30  # nobody means a longer one, and arithmetic has its limits
_OPERATORS: dict[str, Comparison] = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "=": "==", "≥": ">=", "≤": "<="}
_SECONDS = {
    **dict.fromkeys(("ns",), Decimal("1e-9")),
    **dict.fromkeys(("us", "µs", "μs"), Decimal("1e-6")),
    **dict.fromkeys(("ms", "msec"), Decimal("1e-3")),
    **dict.fromkeys(("s", "sec", "second", "seconds"), Decimal(1)),
    **dict.fromkeys(("min", "minute", "minutes"), Decimal(60)),
}


class Target(Frozen, frozen=True):
    """A bound with its unit as written; ``op`` is ``None`` for a bare number, which the caller reads as its figure needs."""

    value: Decimal
    op: Comparison | None
    unit: str


def read_target(text: str) -> Target | None:
    """Read the target in a cell: ``≥ 80 %``, ``80%+``, ``220+``, ``< 200 ms``; ``None`` for everything else."""
    found = re.fullmatch(_TARGET, text.strip().strip("*_` ")) if text else None
    if found is None or len(found["value"]) > _LONGEST_FIGURE:
        return None
    op = found["op"]
    return Target(
        value=Decimal(found["value"].replace(",", "")),
        op=_OPERATORS[op] if op else None,
        unit=(found["unit"] or "").strip(),
    )


def unit_factor(of: str, to: str) -> Decimal | None:
    """Return the factor from one unit to another; ``None`` if the two do not measure the same thing."""
    if of == to:
        return Decimal(1)
    return _SECONDS[of] / _SECONDS[to] if of in _SECONDS and to in _SECONDS else None


PROPERTY = "handoff_metric"
"""The name under which a metric travels with a test's report, also from an xdist worker."""

DURATION_ROW = "metrics.duration"
"""The id of the row for the duration of the whole run."""

BOUNDS: Mapping[str | None, str] = {"lower": "≤ ", "higher": "≥ "}
"""The sign before a target, by which direction is better."""

_DIGITS = 6


def as_property(
    name: str, value: float, *, unit: str | None = None, target: float | None = None, better: str | None = None
) -> tuple[str, dict[str, object]]:
    """Turn a metric into primitives, the only things that a report carries from one process to another.

    Raises:
        ValueError: the name is empty, the value or target is not a finite number, or the direction is neither ``lower`` nor
            ``higher``.
    """
    if not str(name).strip():
        raise ValueError("handoff_metric: the name is empty")
    for what, number in (("value", value), ("target", target)):
        if number is not None and (isinstance(number, bool) or not math.isfinite(number)):
            raise ValueError(f"handoff_metric: the {what} of {name!r} must be a finite number, not {number!r}")
    if better not in (None, "lower", "higher"):
        raise ValueError(f"handoff_metric: better must be 'lower' or 'higher', not {better!r}")
    goal = None if target is None else float(target)
    return PROPERTY, {"name": " ".join(name.split()), "value": float(value), "unit": unit, "target": goal, "better": better}


def from_properties(properties: Iterable[tuple[str, object]]) -> list[Metric]:
    """Read the metrics among a report's properties, and leave other plugins' properties alone."""
    return [Metric(**cast("dict[str, object]", value)) for name, value in properties if name == PROPERTY]  # type: ignore[arg-type] # as_property made it


def joined(found: Iterable[tuple[str, Metric]]) -> list[Metric]:
    """Join the metrics, sorted by name. If several tests gave one, keep the worst; without a direction, keep each test's own."""
    by_name: defaultdict[str, dict[str, Metric]] = defaultdict(dict)
    for test, metric in sorted(found, key=lambda pair: pair[0]):
        known = by_name[metric.name].get(test)
        by_name[metric.name][test] = metric if known is None else _worse(known, metric)
    return sorted((one for given in by_name.values() for one in _one_a_name(given)), key=lambda metric: metric.name)


def is_met(metric: Metric, asked: str = "") -> bool | None:
    """Decide whether the metric meets its own target and the document's; ``None`` if that cannot be decided.

    A document may give a time in a different unit than the test does.
    """
    found = [] if metric.target is None else [_compares(metric.value, metric.target, metric.better)]
    wanted = read_target(asked)
    if wanted is not None:
        found.append(_meets(metric, wanted))
    return None if not found or None in found else all(found)


def _meets(metric: Metric, wanted: Target) -> bool | None:
    factor = 1 if not wanted.unit else unit_factor(wanted.unit, metric.unit or "")
    if factor is None:
        return None
    value, bound = Decimal(str(metric.value)), wanted.value * factor
    by_direction: dict[str | None, Comparison] = {"lower": "<=", "higher": ">="}
    op = wanted.op or by_direction.get(metric.better)
    return None if op is None else holds(value, op, bound)


def run_seconds(run: RunInfo) -> float | None:
    """Return how long the tests ran; ``None`` if several runs add up (only the last one's time is known) or the clock stood."""
    return run.duration_s if run.duration_s > 0 and len(run.parts) == 1 else None


def improvement(metric: Metric, baseline: float | None) -> str | None:
    """Format the improvement in percent of the baseline, negative if worse.

    ``None`` without a direction, without a baseline, or with a baseline of 0.
    """
    if not baseline or metric.better is None:
        return None
    gain = (Decimal(metric.value) - Decimal(baseline)) / abs(Decimal(baseline)) * 100
    gain = -gain if metric.better == "lower" else gain
    return f"{gain.quantize(Decimal('0.1'), ROUND_DOWN):+,} %"


def shown(value: float, unit: str | None) -> str:
    """Format a value with its unit, cut to six significant digits but never before the decimal point."""
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


def duration_of(facts: Facts) -> Metric | None:
    """Return the run's duration as a metric, or ``None`` if it is not known."""
    seconds = run_seconds(facts.record.run)
    return None if seconds is None else Metric(name="test duration", value=seconds, unit="s", better="lower")
