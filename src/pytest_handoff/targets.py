"""The target that a table names for a figure, and whether the figure meets it."""

from __future__ import annotations

import re
from decimal import Decimal

from pytest_handoff.gate_spec import Comparison
from pytest_handoff.record import Frozen

_TARGET = re.compile(
    r"(?P<op>>=|<=|≥|≤|>|<|=)?\s*(?P<value>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s*(?P<unit>[^\d\s+|][^\d+|]*?)?\s*\+?"
)
_OPERATORS: dict[str, Comparison] = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "=": "==", "≥": ">=", "≤": "<="}


class Target(Frozen, frozen=True):
    """A bound with its unit as written; ``op`` is ``None`` where only a number stands, which is then the least wanted."""

    value: Decimal
    op: Comparison | None
    unit: str


def read_target(text: str) -> Target | None:
    """The target that a cell names: ``≥ 80 %``, ``80%+``, ``220+``, ``< 200 ms``; ``None`` for everything else."""
    found = _TARGET.fullmatch(text.strip().strip("*_` "))
    if found is None:
        return None
    op = found["op"]
    return Target(
        value=Decimal(found["value"].replace(",", "")),
        op=_OPERATORS[op] if op else None,
        unit=(found["unit"] or "").strip(),
    )
