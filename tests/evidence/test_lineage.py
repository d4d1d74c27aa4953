"""Which test continues which earlier one."""

from __future__ import annotations

import pytest

from builders import earlier_of, ledger_of
from pytest_handoff.evidence.ledger import EarlierTests, certainly_gone, join_parents, trace

A, B, C = "tests/a.py::test_x", "tests/b.py::test_x", "tests/c.py::test_x"


def ids(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize(
    ("earlier", "collected", "renames", "same", "vanished"),
    [
        pytest.param(A, B, {"tests/a.py": "tests/b.py"}, {B: A}, "", id="its file was renamed"),
        pytest.param(f"{A}[1]", f"{B}[1]", {"tests/a.py": "tests/b.py"}, {f"{B}[1]": f"{A}[1]"}, "", id="with parameters"),
        pytest.param(A, B, {}, {B: A}, "", id="the same name turned up elsewhere"),
        pytest.param(A, f"{B} {C}", {}, {}, A, id="two new candidates: no guess"),
        pytest.param(f"{A} {B}", C, {}, {}, f"{A} {B}", id="two vanished candidates: no guess"),
        pytest.param(A, f"{B} {C}", {"tests/a.py": "tests/b.py"}, {B: A}, "", id="a renamed file decides between two"),
        pytest.param(f"{A} {B}", f"{B} {C}", {}, {C: A}, "", id="a name that stays where it was is no candidate"),
        pytest.param(f"{A}[1]", f"{B}[2]", {}, {}, f"{A}[1]", id="other parameters elsewhere: another test"),
        pytest.param("tests/a.py::TestA::test_x", B, {}, {}, "tests/a.py::TestA::test_x", id="another class: another test"),
        pytest.param(A, "tests/b.py::test_y", {"tests/a.py": "tests/b.py"}, {}, A, id="renamed file without the test"),
        pytest.param(A, A, {}, {}, "", id="nothing changed"),
        pytest.param("", A, {}, {}, "", id="a first test"),
    ],
)  # fmt: skip
def test_moves(earlier: str, collected: str, renames: dict[str, str], same: dict[str, str], vanished: str) -> None:
    """A test goes on under a new id when its file was renamed or its name turned up at exactly one other place."""
    before = earlier_of("\n".join(f"unit {test} passed" for test in ids(earlier)))
    gone = [test for test in ids(earlier) if test not in ids(collected)]
    found = trace(before, ids(collected), gone, renames, lambda _old, _new: True)
    assert (found.same, found.vanished) == (same, frozenset(ids(vanished)))


@pytest.mark.parametrize(
    ("earlier", "collected", "reparametrized", "vanished"),
    [
        ("x[1] x[2]", "x[3] x[4]", "x[3] x[4]", ""),
        ("x[1] x[2]", "x[3] x[4] x[5]", "x[3] x[4]", ""),
        ("x[1] x[2]", "x[3]", "x[3]", "x[2]"),
        ("x[1] x[2]", "x[1] x[3]", "x[3]", ""),
        ("x[1] x[2]", "x[1]", "", "x[2]"),
        ("x[1] y[1]", "x[2] x[3]", "x[2]", "y[1]"),
        ("x[1-[a]]", "x[2-[a]]", "x[2-[a]]", ""),
        ("x", "x[1] x[2]", "x[1]", ""),
        ("x[1]", "x", "x", ""),
        ("x[1] x[2]", "x", "x", "x[2]"),
    ],
)
def test_other_parameters(earlier: str, collected: str, reparametrized: str, vanished: str) -> None:
    """Old parameters go on in new ones, one for one; more are new cases, and fewer are lost ones."""
    before = earlier_of("\n".join(f"unit t.py::{test} passed since=session-0" for test in ids(earlier)))
    now = [f"t.py::{test}" for test in ids(collected)]
    found = trace(before, now, [test for test in before.lines if test not in now], {}, lambda _old, _new: False)
    assert sorted(found.reparametrized) == [f"t.py::{test}" for test in ids(reparametrized)]
    assert {found.since(test, "session-1", before) for test in found.reparametrized} <= {"session-0"}
    assert found.vanished == {f"t.py::{test}" for test in ids(vanished)}


def test_age_of_what_continues() -> None:
    """A moved test and new parameters are as old as what they replace; everything else is of this session."""
    before = earlier_of("unit a.py::x passed since=s-0\nunit a.py::p[1] passed since=s-1\nunit a.py::p[2] passed since=s-0")
    now = ["b.py::x", "a.py::p[3]", "a.py::p[4]", "a.py::fresh"]
    found = trace(before, now, list(before.lines), {"a.py": "b.py"}, lambda _old, _new: False)
    assert [found.since(test, "s-2", before) for test in now] == ["s-0", "s-1", "s-0", "s-2"]


@pytest.mark.parametrize(("one", "other"), [("session-2", "session-10"), ("session-9", "session-10"), ("z-first", "a-second")])
def test_age_of_a_function_whose_cases_are_of_several_ages(one: str, other: str) -> None:
    """Names of sessions are no numbers and not in order: each case keeps the age of the one that it replaces."""
    before = earlier_of(f"unit a.py::p[1] passed since={one}\nunit a.py::p[2] passed since={other}")
    found = trace(before, ["a.py::p[3]", "a.py::p[4]"], list(before.lines), {}, lambda _old, _new: False)
    assert [found.since(test, "s-11", before) for test in ("a.py::p[3]", "a.py::p[4]")] == [one, other]


@pytest.mark.parametrize(
    ("test", "whole", "existing", "gone"),
    [
        ("a.py::x", ["a.py"], ["a.py"], True),
        ("a.py::x", [], ["a.py"], False),
        ("a.py::x", [], [], True),
        ("a.py::x", ["b.py"], ["a.py"], False),
    ],
)
def test_when_a_test_is_certainly_gone(test: str, whole: list[str], existing: list[str], gone: bool) -> None:
    """Only a file that was collected whole without the test, or that is not there, proves that the test is gone."""
    before = earlier_of(f"unit {test} passed")
    assert certainly_gone(before, {}, set(whole), set(existing)) == ([test] if gone else [])


def test_what_is_not_gone() -> None:
    """A test that was collected, or retired before, is not looked for."""
    before = earlier_of("unit a.py::x passed\nunit a.py::y gone retired=session-1:old")
    assert certainly_gone(before, {"a.py::x"}, {"a.py"}, set()) == []


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        ("passed", "failed", "passed"),
        ("failed", "passed", "passed"),
        ("skipped", "xfailed", "xfailed"),
        ("gone", "not_run", "not_run"),
        ("passed retired=s-2:old", "failed", "failed"),
        ("passed", "passed", "passed"),
    ],
)
def test_two_parents_joined(one: str, other: str, joined: str) -> None:
    """Of two lines for a test the one that promises more is kept, so that nothing is lost by a merge."""
    parents = [("s-2", ledger_of(f"unit a.py::x {one}")), ("s-3", ledger_of(f"unit a.py::x {other}"))]
    earlier = join_parents(parents)
    assert earlier.lines["a.py::x"].outcome == joined
    assert earlier.sessions == ("s-2", "s-3")


def test_parents_keep_where_a_line_came_from() -> None:
    """What only one parent has is kept, with the parent it was read from."""
    one, other = "unit a.py::x passed\nunit a.py::z passed", "unit a.py::y passed\nunit a.py::z failed"
    earlier = join_parents([("s-2", ledger_of(one)), ("s-3", ledger_of(other))])
    assert {test: earlier.session_of(test) for test in earlier.lines} == {"a.py::x": "s-2", "a.py::y": "s-3", "a.py::z": "s-2"}


def test_no_parents() -> None:
    """A first session has nothing before it."""
    assert join_parents([]) == EarlierTests()
