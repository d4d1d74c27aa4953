"""Fill a session recovery: the tests by tier, and the commands to resume work."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_handoff.composition.wording import failures, if_incomplete, live, passing, total_coverage
from pytest_handoff.evidence.regression import FAILING
from pytest_handoff.figures import percent
from pytest_handoff.markup import escape, one_line

if TYPE_CHECKING:
    from collections import Counter

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Outcome


_TIERS = ("unit", "integration", "e2e", "performance")
_MOST_COMMANDS = 10


def recovery_values(facts: Facts) -> dict[str, str | None]:
    """Map each place to its text; a tier without tests says so."""
    values: dict[str, str | None] = {
        "recovery.updated": facts.record.run.finished[:10],
        "recovery.commands": _commands(facts),
    }
    for tier in _TIERS:
        outcomes = live(facts, tier)
        values[f"tier.{tier}.status"] = _state(outcomes) + if_incomplete(facts)
        values[f"tier.{tier}.passing"] = f"{passing(outcomes)}/{outcomes.total()} tests" if outcomes else "no test"
        values[f"tier.{tier}.issues"] = failures(facts, tier)
        values[f"tier.{tier}.coverage"] = _tier_coverage(facts, tier) if outcomes else "no test"
    return values


def _state(outcomes: Counter[Outcome | None]) -> str:
    if not outcomes:
        return "Not yet written"
    if not FAILING.isdisjoint(outcomes):
        return "Failing"
    if "not_run" in outcomes:
        return "Not all were run"
    return "Passing" if passing(outcomes) else "None passes"


def _tier_coverage(facts: Facts, tier: str) -> str | None:
    """Word a tier's coverage: of the new code for unit tests, and otherwise the total, named as such, since no more is known."""
    total = total_coverage(facts)
    if total is None:
        return f"not measured: {escape(facts.record.not_measured.get('coverage', 'no reason is recorded'))}"
    code = facts.record.new_code
    if tier == "unit" and code and code.num_statements and code.covered_by_unit is not None:
        share = percent(code.covered_by_unit, code.num_statements)
        return f"{share} of the new code by unit tests; {total} of all code by all tests{if_incomplete(facts)}"
    return f"not measured for this kind alone; {total} of all code by all tests{if_incomplete(facts)}"


def _commands(facts: Facts) -> str:
    """List the commands that show where the work stands, run what failed, and record the next step."""
    failing = [line.id for line in facts.kinds.lines(lambda kind: kind.outcome in FAILING)]
    rows = ["git status"]
    rows += [f"python -m pytest {shlex.quote(one_line(test))}" for test in failing[:_MOST_COMMANDS]]
    session = shlex.quote(facts.session)
    return "\n".join([*rows, f"python -m pytest --handoff={session}", f"handoff explain {session}", f"handoff gate {session}"])
