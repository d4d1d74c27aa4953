"""Keep ids that other cases of their function replaced: the ledger still lists them, but they are not tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.evidence.ledger import last_seen
from pytest_handoff.nodeids import without_parameters
from pytest_handoff.record import LedgerLine

if TYPE_CHECKING:
    from collections.abc import Container

    from pytest_handoff.evidence.ledger import EarlierTests, Ledger, Lineage


def replaced_ids(
    session: str, earlier: EarlierTests, lineage: Lineage, *, before: Ledger, unstable: Container[str], known: Container[str]
) -> Ledger:
    """List the ids that are gone because other cases of their function came in their place, in this session or before it.

    Nobody can tell which case replaced which, so no line names another one.

    Args:
        before: such ids that an earlier run of this session found, to which this one adds.
        unstable: functions whose ids change by themselves: each run would leave as many behind, and they say nothing.
        known: the tests of the ledger.
    """
    found = {**earlier.replaced, **before}
    for test in (*lineage.reparametrized.values(), *sorted(lineage.folded)):
        line = earlier.lines[test]
        last = last_seen(earlier, test)
        found[test] = LedgerLine(id=test, tier=line.tier, since=line.since, outcome=None, last=last, replaced=session)
    return {test: line for test, line in sorted(found.items()) if test not in known and without_parameters(test) not in unstable}
