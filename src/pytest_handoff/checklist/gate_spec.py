"""Describe what a gate is asked to decide: the common language of checklist lines, configuration and gates."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pytest_handoff.evidence.facts import Scope
from pytest_handoff.figures import Comparison
from pytest_handoff.record import Frozen

CoveredBy = Literal["any", "unit", "new_unit"]


class GateSpec(Frozen, frozen=True):
    """One condition that a gate decides.

    Attributes:
        gate: the gate's id, such as ``tests``, ``regression``, ``coverage``, ``new_code``, ``files_parse``.
        tier: only tests (or coverage) of this tier; ``None`` is every tier.
        scope: tests of this session (``current``), of earlier ones (``previous``), or both.
        path: only tests or files that match this glob, relative to the git root.
        by: the tests whose execution counts for ``new_code``.
        op, value, unit: the comparison; all ``None`` means *all of them*. ``value`` is exact: ``Decimal("90")`` percent, or a
            count.
        name: the checklist line whose linked tests are meant, or the metric.
    """

    gate: str
    tier: str | None = None
    scope: Scope = "all"
    path: str | None = None
    by: CoveredBy = "any"
    op: Comparison | None = None
    value: Decimal | None = None
    unit: Literal["percent", "count"] | None = None
    name: str | None = None

    def __str__(self) -> str:
        """Format the condition as ``explain`` prints it: ``tests(tier=e2e, scope=current, all pass)``."""
        parts = [f"tier={self.tier}"] if self.tier else []
        parts += [f"scope={self.scope}"] if self.gate == "tests" else []
        parts += [f"path={self.path}"] if self.path else []
        parts += [f"{'marker' if self.gate == 'linked' else 'name'}={self.name}"] if self.name else []
        parts += [f"by={self.by.replace('_', ' ')} tests"] if self.gate == "new_code" and self.by != "any" else []
        if self.op is not None:
            parts.append(f"{self.op} {self.value}{' %' if self.unit == 'percent' else ''}")
        elif self.gate == "tests":
            parts.append("all pass")
        return f"{self.gate}({', '.join(parts)})" if parts else self.gate


class Check(Frozen, frozen=True):
    """The way in which one checklist line is decided.

    Attributes:
        decision: ``decided`` (the machine ticks and unticks), ``veto`` (it can only block), ``person``, or ``waived``.
        specs: the conditions that must all hold; empty for ``person`` and ``waived``.
        why: how the line was understood, or why it was left to a person, in one short phrase; for ``waived`` the reason given.
    """

    decision: Literal["decided", "veto", "person", "waived"]
    specs: tuple[GateSpec, ...] = ()
    why: str = ""
