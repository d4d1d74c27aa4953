"""Read the target that a table names for a figure, and convert between units of time."""

from __future__ import annotations

import re
from decimal import Decimal

from pytest_handoff.figures import Comparison
from pytest_handoff.record import Frozen

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
