"""Sessions side by side and the life of a test, from records and ledgers made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from builders import coverage_of, ledger_of, new_code_of, record_of, run_info
from pytest_handoff.cli.history import WIDE, history_lines, life_lines
from pytest_handoff.evidence.history import (
    Rate,
    SessionProof,
    SessionRow,
    history_table,
    in_order,
    life_of,
    life_table,
    names_of,
    session_rows,
)
from pytest_handoff.evidence.ledger import join_parents
from pytest_handoff.record import Parent, Record, Verdict

PASSED = Verdict(id="complete", verdict="passed", evidence="all ran")
FAILED = Verdict(id="new_code(by=new unit tests, > 90 %)", verdict="failed", evidence="54/60")
UNKNOWN = Verdict(id="coverage(>= 85 %)", verdict="unknown", evidence="not measured")


def chain(*parents: tuple[str, str], **changes: Any) -> dict[str, Record]:
    """Records by name, each pair a session and its parents (blank-separated); the clock stands still."""
    links = {name: [Parent(session=parent, digest="sha256:0") for parent in before.split()] for name, before in parents}
    return {name: record_of(session=name, previous=previous, **changes) for name, previous in links.items()}


def text_of(lines: list[list[Any]]) -> list[str]:
    """The lines without their styles."""
    return ["".join(part.text for part in line).rstrip() for line in lines]


@pytest.mark.parametrize(
    ("parents", "order"),
    [
        ([("b", "a"), ("a", "")], "a b"),
        ([("z", ""), ("a", "z"), ("m", "z"), ("end", "m a")], "z a m end"),
        ([("b", "gone"), ("a", "")], "a b"),
        ([("a", "b"), ("b", "a"), ("c", "")], "c a b"),
        ([], ""),
    ],
)
def test_a_session_stands_after_its_parents(parents: list[tuple[str, str]], order: str) -> None:
    """The chain orders sessions, whatever their names; a missing parent and a circle lose none of them."""
    assert [record.session for record in in_order(chain(*parents))] == order.split()


def test_the_earlier_start_comes_first_where_the_chain_does_not_say() -> None:
    """Two branches are ordered by when they ran."""
    late = record_of(session="a", run=run_info(started="2026-01-03T00:00:00Z"))
    soon = record_of(session="b", run=run_info(started="2026-01-02T00:00:00Z"))

    assert [record.session for record in in_order({"a": late, "b": soon})] == ["b", "a"]


def test_a_row_holds_what_the_record_says() -> None:
    """Counts, what became of earlier tests, both coverage figures, the change against the parent, and the open gates."""
    before = ledger_of("unit a.py::t1 passed\nunit a.py::t2 passed\nunit a.py::t3 passed")
    now = ledger_of("unit a.py::t1 passed\nunit a.py::t2 failed\nunit a.py::t3 gone\ne2e b.py::new passed since=session-2")
    first = record_of(before, session="session-1", coverage=coverage_of(a=(80, 100)))
    second = record_of(
        now,
        join_parents([("session-1", before)]),
        coverage=coverage_of(a=(85, 100)),
        new_code=new_code_of(60, covered=54),
        gates=[PASSED, FAILED, UNKNOWN],
    )

    one, two = session_rows({"session-2": second, "session-1": first})

    assert (one.session, one.earlier, one.percent_change, one.gate) == ("session-1", None, None, None)
    assert (two.new, two.lost, two.regressed) == (1, 1, 1)
    assert two.earlier == Rate(part=1, whole=3)
    assert two.percent_change == 5
    assert two.new_code == Rate(part=54, whole=60)
    assert two.gate == "failed"
    assert two.open_gates == (FAILED.id, UNKNOWN.id)
    assert two.counts["passed"] == 2


@pytest.mark.parametrize(
    ("gates", "gate"), [([], None), ([PASSED], "passed"), ([PASSED, UNKNOWN], "failed"), ([FAILED], "failed")]
)
def test_what_is_unknown_does_not_pass(gates: list[Verdict], gate: str | None) -> None:
    """A gate that is unknown keeps the session from passing, and no gate at all is no pass."""
    [row] = session_rows({"session-2": record_of(gates=gates)})

    assert row.gate == gate


def test_the_table_for_programs_names_its_schema() -> None:
    """What was not measured is null, never zero."""
    table = history_table(session_rows({"session-2": record_of()}))

    assert table["schema"] == "pytest-handoff/history/1"
    assert table["sessions"][0]["percent"] is None
    assert table["sessions"][0]["new_code"] is None
    assert table["sessions"][0]["earlier"] is None


def a_row(**changes: Any) -> SessionRow:
    """A row of a session with 40 passing tests."""
    none = dict.fromkeys(("passed", "failed", "error", "skipped", "xfailed", "xpassed", "not_run"), 0)
    defaults: dict[str, Any] = {
        "session": "session-2", "previous": ("session-1",), "finished": "2026-01-02T03:04:17Z", "complete": True,
        "counts": none | {"passed": 40}, "tiers": {"unit": none | {"passed": 40}}, "new": 22, "lost": 0, "flaky": 0,
        "regressed": 0, "earlier": Rate(part=18, whole=18), "percent": 91.96, "percent_change": 3.5,
        "new_code": Rate(part=26, whole=27), "gate": "passed", "open_gates": (),
    }  # fmt: skip
    counts = none | changes.pop("counts", {"passed": 40})
    return SessionRow(**defaults | changes | {"counts": counts})


def test_a_wide_terminal_has_a_session_a_line() -> None:
    """Each figure stands under its name, cut and never rounded up."""
    head, row = text_of(history_lines([a_row()], width=WIDE))

    assert head == "session    tests  by tier     new  lost  earlier  coverage      new code  gate"
    assert row == "session-2  40 ✓   unit 40/40  22   0     18/18    91.9 % ▲ 3.5  96.2 %    ✓ passes"


def test_a_proof_has_a_column_where_there_is_one() -> None:
    """Whether it holds, and the share of the faults that were noticed; narrow, it stands beside the coverage."""
    holds, against = SessionProof(holds=True, faults=Rate(part=2, whole=3)), SessionProof(holds=False, faults=None)
    rows = [a_row(), a_row(proof=holds), a_row(proof=against)]
    head, *wide = text_of(history_lines(rows, width=WIDE))

    assert head.split()[-2:] == ["proof", "gate"]
    assert [line.split("96.2 %")[1].split("✓ passes")[0].strip() for line in wide] == ["–", "✓ 66.6 %", "✗ does not hold"]
    assert "  coverage 91.9 % ▲ 3.5 · new code 96.2 % · proof ✓ 66.6 %" in text_of(history_lines([rows[1]], width=80))


def test_a_narrow_terminal_has_a_few_lines_a_session() -> None:
    """No line is wider than the terminal, and no figure is torn apart."""
    lines = text_of(history_lines([a_row(gate="failed", open_gates=("regression", FAILED.id))], width=38))

    assert lines == [
        "session-2  ✗ regression, new_code",
        "  40 ✓ · 22 new · 0 lost",
        "  earlier 18/18",
        "  coverage 91.9 % ▲ 3.5",
        "  new code 96.2 %",
    ]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"percent": None, "percent_change": None}, "–"),
        ({"percent_change": -0.26}, "91.9 % ▼ 0.2"),
        ({"percent_change": 95.1 - 91.6}, "91.9 % ▲ 3.5"),
        ({"percent_change": 0.099}, "91.9 % ="),
        ({"new_code": None}, "–"),
        ({"new_code": Rate(part=0, whole=0)}, "none"),
        ({"earlier": None}, "–"),
        ({"counts": {"passed": 38, "failed": 1, "error": 1}}, "38 ✓  2 ✗"),
        ({"counts": {"passed": 1, "skipped": 2, "xfailed": 3, "not_run": 4}}, "1 ✓  2 skipped  3 xfailed  4 not run"),
        ({"flaky": 2}, "40 ✓  2 flaky"),
        ({"gate": None}, "– no gate recorded"),
        ({"complete": False}, "– incomplete"),
        ({"complete": False, "gate": "failed", "open_gates": ("complete", "claims")}, "✗ incomplete, claims"),
    ],
)
def test_each_figure_says_what_it_is(changes: dict[str, Any], shown: str) -> None:
    """What was not measured is a dash, a fall is a sign and a figure, an incomplete run does not pass."""
    row = text_of(history_lines([a_row(**changes)], width=1000))[1]

    assert f"  {shown}  " in f"  {row}  "


def test_no_session_is_no_line() -> None:
    """Nothing recorded makes nothing, not a heading over nothing."""
    assert history_lines([], width=WIDE) == []


FIRST = list(ledger_of("unit a.py::t passed since=session-1\nunit a.py::u passed since=session-1").values())
SECOND = list(ledger_of("unit b.py::t failed since=session-1 moved_from=a.py::t error=boom").values())
THIRD = list(ledger_of("unit b.py::t passed since=session-1 flaky").values())
FOURTH = list(ledger_of("unit b.py::t gone since=session-1 last=session-3:passed").values())
FIFTH = list(ledger_of("unit b.py::t gone since=session-1 retired=session-5:replaced").values())
LEDGERS = [FIRST, SECOND, THIRD, FOURTH, FIFTH]


@pytest.mark.parametrize("test", ["a.py::t", "b.py::t"])
def test_a_moved_test_is_one_test(test: str) -> None:
    """By its old id or by its new one, both are found."""
    assert names_of(test, LEDGERS) == {"a.py::t", "b.py::t"}


def test_a_test_moved_twice_is_followed_both_ways() -> None:
    """From the id in the middle to the first and to the last."""
    again = list(ledger_of("unit c.py::t passed since=session-1 moved_from=b.py::t").values())

    assert names_of("b.py::t", [FIRST, SECOND, again]) == {"a.py::t", "b.py::t", "c.py::t"}


def test_a_life_is_told_session_by_session() -> None:
    """New, moved and failing, flaky, missing, retired: each in its session, and nothing of another test."""
    moments = life_of({"a.py::t", "b.py::t"}, [(f"session-{number}", lines) for number, lines in enumerate(LEDGERS, 1)])

    assert [(moment.session, moment.what) for moment in moments] == [
        ("session-1", "passed · new"),
        ("session-2", "failed: boom · moved from a.py::t"),
        ("session-3", "passed · flaky, 0 more tries"),
        ("session-4", "missing, passed in session-3"),
        ("session-5", "retired in session-5: replaced"),
    ]
    assert text_of(life_lines(moments)) == [
        "a.py::t",
        "  session-1  ✓ passed · new",
        "b.py::t",
        "  session-2  ✗ failed: boom · moved from a.py::t",
        "  session-3  ≈ passed · flaky, 0 more tries",
        "  session-4  ∅ missing, passed in session-3",
        "  session-5  ∅ retired in session-5: replaced",
    ]


def test_sessions_in_which_nothing_happened_share_a_line() -> None:
    """A thousand passes are one line, and a skip after them is another."""
    same = [(f"session-{number}", list(ledger_of("unit a.py::t passed since=s").values())) for number in range(1, 10)]
    skipped = ("session-10", list(ledger_of("unit a.py::t skipped since=s reason=slow").values()))

    assert text_of(life_lines(life_of({"a.py::t"}, [*same, skipped]))) == [
        "a.py::t",
        "  session-1 … session-9 (9 sessions)  ✓ passed",
        "  session-10                          – skipped: slow",
    ]


def test_a_life_for_programs() -> None:
    """The first session that has the test is its ``since``; a test that no session has has none."""
    moments = life_of({"a.py::u"}, [("session-1", FIRST)])

    assert life_table("a.py::u", moments)["since"] == "session-1"
    assert life_table("a.py::u", moments)["sessions"][0]["outcome"] == "passed"
    assert life_table("x", [])["since"] is None
