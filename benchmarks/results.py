"""One measured thing beside its budget, as a row of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing; ``budget`` is ``None`` for a comparison without one, and both are in ``unit``."""

    what: str
    budget: float | None
    measured: float
    unit: str = "×"
    detail: str = ""

    @property
    def over(self) -> bool:
        """Whether the measured figure exceeds the budget."""
        return self.budget is not None and self.measured > self.budget

    def __str__(self) -> str:
        budget = "" if self.budget is None else f"≤ {self.budget:g} {self.unit}"
        return f"{self.what:66} {budget:>10} {self.measured:9.3f} {self.unit:4} {'OVER' if self.over else '':4} {self.detail}"
