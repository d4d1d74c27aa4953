"""Tests by kind: what is asked of the kinds is what asking each test would say."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from builders import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_handoff.evidence.regression import LineGroup
    from pytest_handoff.record import LedgerLine

BEFORE = """
    unit tests/b.py::test_kept passed
    unit tests/a.py::test_lost passed
    e2e  tests/c.py::test_slow passed
    unit tests/c.py::test_gone passed
"""
NOW = """
    unit tests/b.py::test_kept passed flaky
    unit tests/a.py::test_new passed since=session-2
    unit tests/b.py::test_owed xfailed since=session-2 promised
    unit tests/a.py::test_lost skipped
    e2e  tests/c.py::test_slow passed
    unit tests/c.py::test_gone gone
    unit tests/c.py::test_old failed retired=session-1:replaced
"""
FACTS = facts_of(NOW, BEFORE)

QUESTIONS: dict[str, tuple[Callable[[LineGroup], bool], Callable[[LedgerLine], bool]]] = {
    "all": (bool, bool),
    "none": (lambda kind: kind.tier == "performance", lambda line: line.tier == "performance"),
    "tier": (lambda kind: kind.tier == "unit", lambda line: line.tier == "unit"),
    "one kind": (lambda kind: kind.flaky, lambda line: line.flaky),
    "since": (lambda kind: kind.since == "session-2", lambda line: line.since == "session-2"),
    "promised": (lambda kind: kind.promised, lambda line: line.promised),
    "live": (lambda kind: kind.live, lambda line: line.outcome is not None and line.retired is None),
    "fate": (lambda kind: kind.fate.counts, lambda line: FACTS.fates[line.id].counts),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_kinds_answer_for_their_tests(name: str) -> None:
    """Lines sorted by id, their number and their files are those of the tests one by one."""
    of_kind, of_line = QUESTIONS[name]
    wanted = [line for line in FACTS.ledger.values() if of_line(line)]
    assert list(FACTS.kinds.lines(of_kind)) == wanted
    assert FACTS.kinds.count(of_kind) == len(wanted)
    assert FACTS.kinds.files(of_kind) == Counter(line.id.partition("::")[0] for line in wanted)


def test_there_are_fewer_kinds_than_tests_of_them() -> None:
    """Two tests that differ in nothing but their names are of one kind, whatever sessions came before."""
    lines = "\n".join(f"unit tests/a.py::test_{number} passed" for number in range(20))
    assert [number for _, number in facts_of(lines, lines).kinds] == [20]
