"""What became of every earlier test."""

from __future__ import annotations

import pytest

from builders import NOW, earlier_of, facts_of, ledger_of
from pytest_handoff.evidence.ledger import join_parents
from pytest_handoff.evidence.regression import fates, summarise, then

OUTCOMES = ("passed", "xpassed", "failed", "error", "skipped", "xfailed", "not_run", "gone")
TABLE = """
then      passed         xpassed        failed         error          skipped        xfailed        not_run  gone
passed    still_passing  still_passing  regressed      regressed      newly_skipped  newly_skipped  not_run  missing
xpassed   still_passing  still_passing  regressed      regressed      newly_skipped  newly_skipped  not_run  missing
failed    fixed          fixed          still_failing  still_failing  newly_skipped  newly_skipped  not_run  missing
error     fixed          fixed          still_failing  still_failing  newly_skipped  newly_skipped  not_run  missing
skipped   fixed          fixed          still_failing  still_failing  still_skipped  still_skipped  not_run  missing
xfailed   fixed          fixed          still_failing  still_failing  still_skipped  still_skipped  not_run  missing
not_run   fixed          fixed          still_failing  still_failing  newly_skipped  newly_skipped  not_run  missing
gone      fixed          fixed          still_failing  still_failing  newly_skipped  newly_skipped  not_run  missing
"""


def _pairs() -> list[tuple[str, str, str]]:
    header, *rows = [row.split() for row in TABLE.strip().splitlines()]
    return [(row[0], now, status) for row in rows for now, status in zip(header[1:], row[1:], strict=True)]


def fate_of(now: str, before: str) -> tuple[str, bool, bool]:
    """Status, whether it counts, whether it passes, of the one test of the ledger ``now``."""
    (fate,) = fates(NOW, ledger_of(now), earlier_of(before)).values()
    return fate.status, fate.counts, fate.passes


@pytest.mark.parametrize(("before", "now", "status"), _pairs())
def test_every_pair_of_outcomes(before: str, now: str, status: str) -> None:
    """The status follows from what a test was and is; only what is left out both then and now does not count."""
    counts, passes = status != "still_skipped", now in ("passed", "xpassed")
    assert fate_of(f"unit a::x {now}", f"unit a::x {before}") == (status, counts, passes)


@pytest.mark.parametrize("absent", ["not_run", "gone"])
@pytest.mark.parametrize(("before", "now", "status"), [row for row in _pairs() if row[0] not in ("not_run", "gone")])
def test_the_last_outcome_stands_for_one_that_is_not_known(absent: str, before: str, now: str, status: str) -> None:
    """A test that did not run or was missing in the session before is compared with its newest outcome."""
    assert fate_of(f"unit a::x {now}", f"unit a::x {absent} last=session-0:{before}")[0] == status


@pytest.mark.parametrize(
    ("now", "status", "counts"),
    [
        ("passed", "moved", True),
        ("failed", "regressed", True),
        ("skipped", "newly_skipped", True),
        ("not_run", "not_run", True),
    ],
)
def test_a_moved_test(now: str, status: str, counts: bool) -> None:
    """A test under a new id is compared with its old one; one that fails is regressed, not moved."""
    assert fate_of(f"unit b::x {now} moved_from=a::x", "unit a::x passed")[:2] == (status, counts)


@pytest.mark.parametrize(
    ("now", "status", "passes"),
    [
        ("passed", "reparametrized", True),
        ("failed", "reparametrized", False),
        ("not_run", "not_run", False),
    ],
)
def test_other_parameters(now: str, status: str, passes: bool) -> None:
    """New parameters of an earlier function count among the earlier tests and must pass."""
    assert fate_of(f"unit a::x[2] {now}", "unit a::x[1] passed") == (status, True, passes)


@pytest.mark.parametrize(
    ("before", "now", "status", "counts"),
    [
        ("skipped", "skipped", "reparametrized", False),
        ("xfailed", "skipped", "reparametrized", False),
        ("passed", "skipped", "reparametrized", True),
        ("skipped", "passed", "reparametrized", True),
        ("skipped", "failed", "reparametrized", True),
    ],
)
def test_other_parameters_of_a_skipped_test(before: str, now: str, status: str, counts: bool) -> None:
    """A test that is skipped with other parameters as it was with its earlier ones is no loss."""
    assert fate_of(f"unit a::x[2] {now}", f"unit a::x[1] {before}")[:2] == (status, counts)


@pytest.mark.parametrize(("now", "status"), [("passed", "still_passing"), ("failed", "regressed")])
def test_an_old_test_that_no_parent_has(now: str, status: str) -> None:
    """Where the parents do not have a test that is older than the session, it is taken to have passed."""
    assert fate_of(f"unit a::y {now}", "")[0] == status


@pytest.mark.parametrize("outcome", ["passed", "failed", "gone"])
def test_new_and_retired_tests_do_not_count(outcome: str) -> None:
    """A test of this session is new, whatever it does, and a retired one is retired; neither counts."""
    assert fate_of(f"unit a::x {outcome} since=session-2", "")[:2] == ("new", False)
    assert fate_of(f"unit a::x {outcome} retired=session-2:why", "unit a::x passed")[:2] == ("retired", False)


def test_x_of_y() -> None:
    """Y is what counts, X what of it passes, and every status is named."""
    facts = facts_of(
        """
        unit a::keeps passed
        unit a::breaks failed
        unit a::waits skipped
        unit a::lost gone
        unit a::fresh passed since=session-2
        unit a::old gone retired=session-2:gone
        """,
        "unit a::keeps passed\nunit a::breaks passed\nunit a::waits skipped\nunit a::lost passed\nunit a::old passed",
    )
    found = summarise(facts.fates.values())
    assert (found.passing, found.expected) == (1, 3)
    assert {status: number for status, number in found.statuses.items() if number} == {
        "still_passing": 1, "regressed": 1, "still_skipped": 1, "missing": 1, "retired": 1,
    }  # fmt: skip
    assert len(found.statuses) == 11


def test_then_is_the_newest_outcome_known() -> None:
    """What a test was is its outcome, else the last one it had, else nothing."""
    earlier = earlier_of("unit a::x not_run last=session-0:failed\nunit a::y not_run\nunit a::z passed").lines
    lines = ledger_of("unit a::x passed\nunit a::y passed\nunit b::z passed moved_from=a::z\nunit a::new passed")
    assert {test: then(line, earlier) for test, line in lines.items()} == {
        "a::x": "failed", "a::y": None, "b::z": "passed", "a::new": None,
    }  # fmt: skip


def test_two_parents_that_differ() -> None:
    """What passed in one branch and fails after the merge is regressed, whichever branch is named first."""
    passing, failing = ("s-2", ledger_of("unit a::x passed")), ("s-3", ledger_of("unit a::x failed"))
    for parents in ([passing, failing], [failing, passing]):
        found = fates(NOW, ledger_of("unit a::x failed"), join_parents(parents))
        assert found["a::x"].status == "regressed"


def test_only_the_kinds_of_a_session_are_asked_about_its_tests() -> None:
    """Else a thousand sessions, which each have a kind of their own, would ask a thousand kinds each."""
    kinds = facts_of("\n".join(f"unit a::{letter} passed since=session-{ord(letter) - 96}" for letter in "edcbab")).kinds
    asked: list[str] = []
    found = kinds.lines(lambda kind: asked.append(kind.since) is None, since="session-2")
    assert ([line.id for line in found], asked) == (["a::b"], ["session-2"])
    assert [line.id for line in kinds.lines(lambda kind: kind.live)] == [f"a::{letter}" for letter in "abcde"]
    assert kinds.lines(lambda _kind: True, since="session-9") == []
