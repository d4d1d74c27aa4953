"""Whether a run was whole, and how several runs on one tree add up."""

from __future__ import annotations

import pytest

from builders import NOW, ledger_of, run_info, run_of
from pytest_handoff.evidence.completeness import (
    WHOLE,
    RunScope,
    add_up,
    disagreement,
    fill_in,
    scope_of,
    uncollected,
    why_incomplete,
)
from pytest_handoff.record import Changes
from pytest_handoff.run import SuiteFiles


def test_scope_of_a_whole_run() -> None:
    """A run of everything says so."""
    assert scope_of(run_of("unit a.py::x passed")) == RunScope(parts=(WHOLE,), whole_files=frozenset({"a.py"}))


def test_scope_of_a_narrowed_run() -> None:
    """A narrowed run is one part, named by all that narrowed it."""
    assert scope_of(run_of(why_partial=("-k was given", "-m was given"))).parts == ("-k was given; -m was given",)


def test_a_run_with_a_broken_file_is_not_whole() -> None:
    """What could not be collected is named, and such a run never counts as one of everything."""
    scope = scope_of(run_of(broken_files={"b.py": "SyntaxError"}, mishaps=("files changed",)))
    assert scope.mishaps == ("files changed", "b.py could not be collected: SyntaxError")
    assert scope.parts == ("1 file could not be collected",)


def test_a_broken_new_file_is_not_forgotten_by_a_later_part() -> None:
    """A test file that was never collected keeps the sum of two runs incomplete, though no known test is missing."""
    first = scope_of(run_of("unit a.py::x passed", broken_files={"new.py": "SyntaxError"}))
    second = scope_of(run_of("unit a.py::x passed", why_partial=("only some tests were selected: a.py",)))
    scope = add_up(second, run_info(["broken"], parts=list(first.parts), whole_files=sorted(first.whole_files)))
    assert why_incomplete(scope, {}, ["a.py", "new.py"]) == ["1 test file not looked at: new.py"]


@pytest.mark.parametrize(
    ("parts", "whole", "ledger", "reasons"),
    [
        ((WHOLE,), {"a.py"}, "unit a.py::x passed", []),
        ((WHOLE,), set(), "unit a.py::x passed", []),
        ((WHOLE,), {"a.py"}, "unit a.py::x not_run", ["1 test did not run: a.py::x"]),
        ((WHOLE,), {"a.py"}, "unit a.py::x gone retired=session-1:old", []),
        (("-k was given",), {"a.py", "b.py"}, "unit a.py::x passed", ["-k was given"]),
        (("part a", "part b"), {"a.py", "b.py"}, "unit a.py::x passed", []),
        (("part a", "part b"), {"a.py"}, "unit a.py::x passed", ["1 test file not looked at: b.py"]),
        (("part a", "part b"), {"a.py", "b.py"}, "unit b.py::x not_run", ["1 test did not run: b.py::x"]),
        (("part a", WHOLE), {"a.py"}, "unit a.py::x passed", []),
    ],
)
def test_why_a_record_is_incomplete(parts: tuple[str, ...], whole: set[str], ledger: str, reasons: list[str]) -> None:
    """A record is complete when a run of everything, or parts that looked at every test file, left no known test out."""
    scope = RunScope(parts=parts, whole_files=frozenset(whole))
    assert why_incomplete(scope, ledger_of(ledger), ["a.py", "b.py"]) == reasons


def test_mishaps_make_a_run_incomplete() -> None:
    """What went wrong beside the tests is a reason of its own."""
    assert why_incomplete(RunScope(parts=(WHOLE,), whole_files=frozenset(), mishaps=("a worker crashed",)), {}, []) == [
        "a worker crashed"
    ]


def test_scopes_add_up() -> None:
    """Parts are named once, in their order, and whole files of all of them are known."""
    scope = RunScope(parts=("unit",), whole_files=frozenset({"a.py"}), mishaps=("now",))
    found = add_up(scope, run_info(["then"], parts=["e2e", "unit"], whole_files=["b.py"]))
    assert found == RunScope(parts=("e2e", "unit"), whole_files=frozenset({"a.py", "b.py"}), mishaps=("now",))


@pytest.mark.parametrize(
    ("now", "before", "merged"),
    [
        ("not_run", "passed", "passed"),
        ("not_run last=session-1:passed", "failed error=boom", "failed error=boom"),
        ("passed", "not_run", "passed"),
        ("passed", "gone", "passed"),
        ("passed", "passed", "passed"),
        ("passed", "failed", "passed flaky"),
        ("failed", "passed", "failed flaky"),
        ("passed", "passed flaky", "passed flaky"),
        ("not_run", "not_run", "not_run"),
        ("passed flaky reruns=1", "passed", "passed flaky reruns=1"),
    ],
)
def test_two_runs_of_one_test(now: str, before: str, merged: str) -> None:
    """What did not run now is taken from before; two runs of one tree that differ show a flaky test."""
    found = fill_in(ledger_of(f"unit a::x {now}"), ledger_of(f"unit a::x {before}"), {}, NOW)
    assert found == ledger_of(f"unit a::x {merged}")


def test_new_tests_of_an_earlier_part_stay() -> None:
    """A new test that only the earlier part saw is kept, in its sorted place."""
    found = fill_in(ledger_of("unit b::x passed"), ledger_of("unit a::x passed since=session-2"), {}, NOW)
    assert list(found) == ["a::x", "b::x"]


ONE, OTHER = "a::x[1f0c9a52-6f7e-4d3a-9b1c-2a7c5d0e8f11]", "a::x[ae4d6a07-0d5b-4a3c-8b83-90ff2d3c1e55]"


@pytest.mark.parametrize(
    ("now", "before", "kept"),
    [
        (f"unit {ONE} passed", f"unit {OTHER} failed", {ONE: "passed"}),
        (f"unit {ONE} not_run", f"unit {OTHER} failed", {OTHER: "failed"}),
        (f"unit {ONE} passed", f"unit {OTHER} not_run", {ONE: "passed"}),
        (f"unit {ONE} passed", "unit a::x[2] failed", {ONE: "passed", "a::x[2]": "failed"}),
        (f"unit {ONE} passed\nunit {OTHER} passed", f"unit {OTHER} passed", {ONE: "passed", OTHER: "passed"}),
    ],
)
def test_an_id_that_changes_by_itself_is_one_test(now: str, before: str, kept: dict[str, str]) -> None:
    """A test whose id was another in the run before is there once: as it ran, and as it ran last."""
    found = fill_in(ledger_of(now, since=NOW), ledger_of(before, since=NOW), {}, NOW)
    assert {test: line.outcome for test, line in found.items()} == kept


@pytest.mark.parametrize(
    ("knowing", "other"),
    [
        ("unit b::x passed moved_from=a::x", "unit a::x gone last=session-1:passed"),
        ("unit b::x passed moved_from=a::x", "unit a::x not_run last=session-1:passed"),
        ("unit a::x[2] passed", "unit a::x[1] not_run last=session-1:passed"),
    ],
)
def test_what_one_part_knows_to_go_on(knowing: str, other: str) -> None:
    """A test that one part saw under a new id or with other parameters is not missed because the other part could not see it."""
    earlier = ledger_of("unit a::x passed\nunit a::x[1] passed")
    parts = ledger_of(knowing), ledger_of(other)
    assert fill_in(*parts, earlier, NOW) == fill_in(*parts[::-1], earlier, NOW) == parts[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("unit a::x[2] passed since=session-2", "unit a::x[1] not_run last=session-1:passed"),
        ("unit a::x[2] passed\nunit a::x[1] not_run", "unit a::x[1] not_run"),
        ("unit b::x passed moved_from=a::x", "unit a::x failed"),
    ],
)
def test_what_no_part_knows_to_go_on_stays(one: str, other: str) -> None:
    """New tests replace nothing, a parameter that both parts have is waited for, and what ran is never dropped."""
    earlier = ledger_of("unit a::x passed\nunit a::x[1] passed")
    assert set(fill_in(ledger_of(one), ledger_of(other), earlier, NOW)) == {*ledger_of(one), *ledger_of(other)}


@pytest.mark.parametrize(
    ("reported", "stats", "said"),
    [
        ({"passed": 2, "failed": 0}, {"passed": 2, "warnings": 5}, None),
        ({"passed": 2}, None, None),
        ({"passed": 2, "failed": 1}, {"passed": 3}, "passed: 3"),
        ({"passed": 1}, {}, "passed: 0"),
        ({"passed": 1, "failed": 2, "error": 1}, {"passed": 1, "error": 3}, None),
        ({"passed": 1, "failed": 2, "error": 0}, {"passed": 2, "error": 1}, "error: 1"),
        ({"failed": 2, "error": 0}, {"error": 1}, "failed: 0"),
    ],
)
def test_counts_are_compared_with_pytests_own(reported: dict[str, int], stats: dict[str, int] | None, said: str | None) -> None:
    """Every category that we count must have pytest's number; where pytest keeps none there is nothing to compare."""
    found = disagreement(run_of(reported=reported), stats)
    assert (found is None) == (said is None)
    assert said is None or f"{said.split(': ')[1]} {said.split(': ')[0]} by pytest" in str(found)


@pytest.mark.parametrize(
    ("patterns", "whole", "found"),
    [
        (["test_*.py"], [], ["tests/test_a.py", "tests/test_b.py"]),
        (["test_*.py"], ["tests/test_a.py", "tests/test_old.py"], ["tests/test_b.py"]),
        (["check_*.py"], [], ["tests/check_a.py"]),
        (["*.py"], [], []),  # names say nothing then
    ],
)
def test_modules_that_a_whole_run_did_not_collect(patterns: list[str], whole: list[str], found: list[str]) -> None:
    """New, changed and moved files count, if they are called as test modules are."""
    changes = Changes(
        created=["tests/test_a.py", "tests/check_a.py", "src/a.py"], renamed=[("x.py", "tests/test_b.py")],
        modified=[], removed=[], lines_added=0, lines_removed=0, tests_added=0, documents_changed=0,
    )  # fmt: skip
    suite = SuiteFiles(patterns=patterns, folders=[])
    scope = RunScope(parts=(WHOLE,), whole_files=frozenset(whole))
    assert uncollected(scope, changes, suite.is_module) == found
    assert uncollected(scope, None, suite.is_module) == []
