"""The ledger that a run leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builders import NOW, earlier_of, ledger_of, run_of
from pytest_handoff.config import Retirement
from pytest_handoff.evidence.exceptions import Exceptions, with_exceptions
from pytest_handoff.evidence.ledger import certainly_gone, count_by_tier, new_ledger, sum_of_tiers, trace
from pytest_handoff.project.encoding import encode_lines
from pytest_handoff.record import OUTCOMES, LedgerLine

if TYPE_CHECKING:
    from pytest_handoff.run import Run


def after(run: Run, before: str = "", *, renames: dict[str, str] | None = None, retire: str = "") -> dict[str, LedgerLine]:
    """The ledger of ``session-2``; ``retire`` is ``glob: reason``. Files that were not collected whole are there."""
    earlier = earlier_of(before)
    existing = {test.partition("::")[0] for test in earlier.lines if test.partition("::")[0] not in (renames or {})}
    gone = certainly_gone(earlier, run.collected, run.whole_files, existing)
    lineage = trace(earlier, run.collected, gone, renames or {}, lambda _old, _new: True)
    entries = [Retirement(test=glob, reason=reason) for glob, _, reason in [retire.partition(": ")] if glob]
    lines = new_ledger(session=NOW, run=run, earlier=earlier, lineage=lineage)
    return with_exceptions(lines, NOW, Exceptions(retire=entries), earlier, today="2026-01-02")


@pytest.mark.parametrize(
    ("run", "before", "line"),
    [
        ("unit a.py::x passed", "", "unit a.py::x passed since=session-2"),
        ("unit a.py::x passed", "unit a.py::x failed since=session-0", "unit a.py::x passed since=session-0"),
        ("e2e a.py::x passed", "unit a.py::x passed", "e2e a.py::x passed"),
        ("unit a.py::x failed error=boom", "unit a.py::x passed", "unit a.py::x failed error=boom"),
        ("unit a.py::x passed flaky reruns=2 subtests=3", "", "unit a.py::x passed flaky reruns=2 subtests=3 since=session-2"),
        ("unit a.py::x xfailed promised reason=later", "", "unit a.py::x xfailed promised reason=later since=session-2"),
        ("unit a.py::x passed promised", "", "unit a.py::x passed since=session-2"),
        ("unit a.py::x unrun", "", "unit a.py::x not_run since=session-2"),
        ("unit a.py::x unrun", "unit a.py::x passed", "unit a.py::x not_run last=session-1:passed"),
        (
            "unit a.py::x unrun",
            "unit a.py::x not_run last=session-0:failed",
            "unit a.py::x not_run last=session-0:failed",
        ),
        ("unit a.py::x unrun", "unit a.py::x xfailed promised", "unit a.py::x not_run last=session-1:xfailed promised"),
    ],
)
def test_line_of_a_collected_test(run: str, before: str, line: str) -> None:
    """A line has what the run found, the age of the test, and its newest outcome where it did not run."""
    assert after(run_of(run), before) == ledger_of(line)


@pytest.mark.parametrize(
    ("before", "whole", "line"),
    [
        ("unit a.py::x passed", ["a.py"], "unit a.py::x gone last=session-1:passed"),
        ("unit a.py::x passed", [], "unit a.py::x not_run last=session-1:passed"),
        ("unit a.py::x gone last=session-0:passed", ["a.py"], "unit a.py::x gone last=session-0:passed"),
        (
            "unit a.py::x passed retired=session-1:old", ["a.py"],
            "unit a.py::x gone last=session-1:passed retired=session-1:old",
        ),
        (
            "unit a.py::x failed flaky retired=session-1:old", [],
            "unit a.py::x gone last=session-1:failed retired=session-1:old",
        ),
    ],
)  # fmt: skip
def test_line_of_a_test_that_was_not_collected(before: str, whole: list[str], line: str) -> None:
    """What is not there is missing if its file was collected whole, else not run; a retired one is gone and has no outcome."""
    assert after(run_of(whole=whole), before) == ledger_of(line)


def test_a_moved_test() -> None:
    """A moved test has one line, under its new id, with the old one beside it."""
    lines = after(run_of("unit b.py::x passed\nunit b.py::y unrun"), "unit a.py::x failed\nunit a.py::y passed",
                  renames={"a.py": "b.py"})  # fmt: skip
    assert lines == ledger_of("""
        unit b.py::x passed moved_from=a.py::x
        unit b.py::y not_run moved_from=a.py::y last=session-1:passed
    """)


def test_other_parameters_take_the_place_of_the_old_ones() -> None:
    """New parameters are as old as the ones that they replace, which are not waited for."""
    lines = after(run_of("unit a.py::x[1] passed\nunit a.py::x[3] passed"), "unit a.py::x[1] passed\nunit a.py::x[2] passed")
    assert lines == ledger_of("unit a.py::x[1] passed\nunit a.py::x[3] passed")


@pytest.mark.parametrize(
    ("run", "before", "glob", "line"),
    [
        ("unit a.py::x[1] skipped", "unit a.py::x[1] passed", "a.py::x[1]", "unit a.py::x[1] skipped retired=session-2:old"),
        ("unit a.py::x[1] xfailed", "unit a.py::x[1] passed", "a.py::x[*]", "unit a.py::x[1] xfailed retired=session-2:old"),
        ("unit a.py::x1 skipped", "unit a.py::x1 passed", "a.py::x[1]", "unit a.py::x1 skipped"),
        ("unit a.py::x skipped", "", "*", "unit a.py::x skipped since=session-2"),
        ("unit a.py::x unrun", "unit a.py::x passed", "*", "unit a.py::x gone last=session-1:passed retired=session-2:old"),
        ("unit a.py::x passed", "unit a.py::x passed", "*", "unit a.py::x passed"),
        ("unit a.py::x failed", "unit a.py::x passed", "a.py::x", "unit a.py::x failed"),
        (
            "unit a.py::x skipped", "unit a.py::x skipped retired=session-0:old", "*",
            "unit a.py::x skipped retired=session-0:old",
        ),
        (
            "unit a.py::x skipped", "unit a.py::x skipped retired=session-0:because", "*",
            "unit a.py::x skipped retired=session-2:old",
        ),
        ("unit a.py::x passed", "unit a.py::x passed retired=session-0:old", "*", "unit a.py::x passed"),
        ("unit a.py::x passed", "unit a.py::x passed retired=session-0:old", "b", "unit a.py::x passed"),
    ],
)  # fmt: skip
def test_retirements(run: str, before: str, glob: str, line: str) -> None:
    """A retirement takes an earlier test out, from the session on in which its reason was first given.

    It takes out no new test, and none that passes or fails: that one is not given up.
    """
    assert after(run_of(run), before, retire=f"{glob}: old") == ledger_of(line)


@pytest.mark.parametrize(
    ("before", "glob", "retired"),
    [
        ("passed", "a.py::*", False),
        ("failed", "a.py::?", False),
        ("passed", "a.py::x", True),
        ("skipped", "a.py::*", True),
        ("gone retired=session-0:old", "a.py::*", True),
    ],
)
def test_a_glob_that_was_there_before(before: str, glob: str, retired: bool) -> None:
    """It takes out no test that came under it later and is lost now; a retirement that names the test does."""
    earlier, entry = earlier_of(f"unit a.py::x {before}"), Retirement(test=glob, reason="old")
    lineage = trace(earlier, {}, ["a.py::x"], {}, lambda _old, _new: False)
    lines = new_ledger(session=NOW, run=run_of(""), earlier=earlier, lineage=lineage)
    found = with_exceptions(lines, NOW, Exceptions([entry], retired_before=[entry]), earlier, today="2026-01-02")
    assert (found["a.py::x"].retired is not None) is retired


def test_lines_are_sorted_and_bytes_repeat() -> None:
    """The same results in another order give the same bytes."""
    rows = ["unit b.py::x passed", "e2e a.py::y failed", "unit a.py::x skipped"]
    one, other = (encode_lines(after(run_of("\n".join(order))).values()) for order in (rows, rows[::-1]))
    assert one == other
    assert one.splitlines()[0] == b'{"id":"a.py::x","tier":"unit","since":"session-2","outcome":"skipped"}'


def test_counts() -> None:
    """Every outcome is counted, also with zero; a test that is gone has none."""
    lines = ledger_of("unit a passed\nunit b failed\ne2e c passed\nperformance d gone\nunit e not_run").values()
    assert sum_of_tiers(count_by_tier(lines)) == dict.fromkeys(OUTCOMES, 0) | {"passed": 2, "failed": 1, "not_run": 1}
    assert count_by_tier(lines) == {
        "e2e": dict.fromkeys(OUTCOMES, 0) | {"passed": 1},
        "unit": dict.fromkeys(OUTCOMES, 0) | {"passed": 1, "failed": 1, "not_run": 1},
    }
