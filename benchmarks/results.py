"""One measured thing beside its budget, as a row of a table; and the page that keeps the table of a whole run."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
        verdict = "OVER" if self.over else ""
        return f"{self.what:68} {self._budget():>10} {self.measured:9.3f} {self.unit:5} {verdict:4} {self.detail}".rstrip()

    def as_markdown(self) -> str:
        """The row of a Markdown table."""
        verdict = "" if self.budget is None else "over" if self.over else "kept"
        return f"| {self.what} | {self._budget()} | {self.measured:.3f} {self.unit} | {verdict} | {self.detail} |"

    def _budget(self) -> str:
        return "" if self.budget is None else f"≤ {self.budget:g} {self.unit}".rstrip()


def page(sections: Mapping[str, Iterable[Row]], *, date: str) -> str:
    """A Markdown page of what one run of the benchmarks measured."""
    head = "| what | budget | measured | | beside |\n|---|---|---|---|---|\n"
    tables = (f"## {title}\n\n{head}" + "\n".join(row.as_markdown() for row in rows) for title, rows in sections.items())
    measured = f"Measured on {date}, {machine()}. [What it means, and why](../RESULTS.md)."
    return "\n\n".join([f"# What the plugin costs on Python {platform.python_version()}\n\n{measured}", *tables]) + "\n"


def machine() -> str:
    """The size of the machine and the versions of what ran."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("pytest", "pytest-cov", "coverage", "pytest-xdist"))
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB"
    return f"{system}, Python {platform.python_version()}, {versions}"
