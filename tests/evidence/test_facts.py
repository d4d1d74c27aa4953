"""What gates and documents are told about a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builders import facts_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.facts import fates_on_record

if TYPE_CHECKING:
    from pytest_handoff.evidence.facts import Scope
    from pytest_handoff.record import LedgerLine

BEFORE = """
    unit tests/a.py::keeps passed
    unit tests/a.py::waits skipped
    unit tests/a.py::lost passed
    unit tests/a.py::old passed
    e2e tests/e.py::owed xfailed promised
    e2e tests/e.py::moves xfailed promised
    e2e tests/e.py::p[1] xfailed promised
"""
NOW = """
    unit tests/a.py::keeps passed
    unit tests/a.py::waits skipped
    unit tests/a.py::lost gone
    unit tests/a.py::old failed retired=session-2:why
    unit tests/b.py::fresh passed since=session-2
    e2e tests/e.py::later xfailed promised since=session-2
    e2e tests/e.py::owed passed
    e2e tests/f.py::moves xfailed promised moved_from=tests/e.py::moves
    e2e tests/e.py::p[2] passed
"""


def names(lines: list[LedgerLine]) -> str:
    """The tests' names without their files."""
    return " ".join(line.id.partition("::")[2] for line in lines)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "keeps lost fresh p[2] owed"),
        ({"scope": "current"}, "fresh"),
        ({"scope": "previous"}, "keeps lost p[2] owed"),
        ({"tier": "unit"}, "keeps lost fresh"),
        ({"tier": "e2e", "scope": "previous"}, "p[2] owed"),
        ({"path": "tests/b.py"}, "fresh"),
        ({"tier": "performance"}, ""),
    ],
)
def test_tests_of_a_scope(asked: dict[str, str], found: str) -> None:
    """Retired tests, those skipped both then and now, and promises are left out; missing ones are not."""
    lines = facts_of(NOW, BEFORE).tests(**asked)  # type: ignore[arg-type]
    assert sorted(names(lines).split()) == sorted(found.split())


def test_what_was_owed_and_what_is_promised() -> None:
    """A promise of the session before is followed to its new id or parameters; this session's promises are its strict xfails."""
    facts = facts_of(NOW, BEFORE)
    assert sorted(names(facts.owed()).split()) == ["moves", "owed", "p[2]"]
    assert sorted(names(facts.promised()).split()) == ["later", "moves"]


def test_new_tests_and_statuses() -> None:
    """Tests can be asked for by their age and by what became of them."""
    facts = facts_of(NOW, BEFORE)
    assert (names(facts.new()), names(facts.new("e2e"))) == ("fresh later", "later")
    assert names(facts.with_status("missing", "retired")) == "lost old"
    assert (facts.session, facts.is_first, facts_of(NOW).is_first) == ("session-2", False, True)


@pytest.mark.parametrize("key", ["new", "flaky", "counts", "tiers", "regression"])
def test_an_edited_record(key: str) -> None:
    """Figures in the record that do not follow from the ledger are an edited record's."""
    facts = facts_of(NOW, BEFORE)
    tests = facts.record.tests
    wrong = {"new": 9, "flaky": 9, "counts": {}, "tiers": {}, "regression": replace(tests.regression, passing=9)}
    edited = replace(facts.record, tests=replace(tests, **{key: wrong[key]}))
    with pytest.raises(EvidenceProblem, match="does not match its ledger"):
        fates_on_record(edited, facts.ledger, facts.earlier)
    assert fates_on_record(facts.record, facts.ledger, facts.earlier) == facts.fates


@pytest.mark.parametrize(
    ("scope", "tier", "expected"),
    [
        ("all", None, {"passed": 4, None: 1}),
        ("previous", None, {"passed": 3, None: 1}),
        ("current", None, {"passed": 1}),
        ("previous", "unit", {"passed": 1, None: 1}),
        ("current", "e2e", {}),
    ],
)
def test_outcomes_are_counted(scope: Scope, tier: str | None, expected: dict[str | None, int]) -> None:
    """Of the tests that count, those that are lost included."""
    assert facts_of(NOW, BEFORE).outcomes(tier=tier, scope=scope) == expected
