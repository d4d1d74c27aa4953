"""Fail the gate about failures if a known failure is past its last day, even if the run itself was earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.evidence.regression import FAILING
from pytest_handoff.figures import listed
from pytest_handoff.nodeids import id_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.config import KnownFailure
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Verdict


def after_its_day(verdict: Verdict, facts: Facts, known: Sequence[KnownFailure], today: str) -> Verdict:
    """Fail the gate about failures if only an expired entry excuses a failing test."""
    if verdict.id != "failures" or verdict.verdict != "passed":
        return verdict
    lines = facts.kinds.lines(lambda kind: kind.known is not None and kind.outcome in FAILING)
    found: dict[str, str] = {}
    for line in lines:
        entries = [entry for entry in known if id_matches(line.id, entry.test)]
        if entries and all(entry.until is not None and entry.until < today for entry in entries):
            found[line.id] = max(entry.until or "" for entry in entries)
    if not found:
        return verdict
    evidence = listed([f"{test} fails, and was known to fail only until {day}" for test, day in found.items()])
    return replace(verdict, verdict="failed", evidence=evidence, needs="make them pass, or name a later day, and run them again")
