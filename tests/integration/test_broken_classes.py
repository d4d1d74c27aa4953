"""A class that cannot be collected: pytest counts an error, and its tests are there, but did not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_outcomes import last_line

if TYPE_CHECKING:
    from stories import Story

GOOD = "def test_alone(): pass\n\n\nclass TestA:\n    def test_one(self): pass\n\n    def test_two(self): pass\n"
BROKEN = {
    "parametrize": GOOD.replace("    def test_two", "    @pytest.mark.parametrize('n,', 3)\n    def test_two"),
    "nested": GOOD + "\n    class TestInner:\n        @pytest.mark.parametrize('n', 3)\n        def test_three(self, n): pass\n",
    "hook": GOOD + "\n    def pytest_generate_tests(self, metafunc):\n        raise ValueError('no cases today')\n",
}
WHERE = {"parametrize": "TestA", "nested": "TestA::TestInner", "hook": "TestA"}


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "xdist"])
@pytest.mark.parametrize("how", BROKEN)
def test_the_class_is_named_and_the_run_is_not_whole(empty: Story, how: str, workers: list[str]) -> None:
    """The gate does not pass on the tests that could be collected, and says which class is broken."""
    empty.write_files(
        {"tests/unit/test_a.py": "import pytest\n\n\n" + BROKEN[how], "tests/e2e/test_b.py": "def test_b(): pass\n"}
    )
    empty.commit()
    ran = empty.pytest("--continue-on-collection-errors", "--no-cov", "--handoff=session-1", "--handoff-gate", *workers)

    assert ran.code == 1, ran
    assert " error" in ran.out
    totals = last_line(ran.out)
    del totals["error"]  # of a class, which each worker collects, and of no test
    assert {how: number for how, number in empty.show("session-1")["counts"].items() if number} == totals, ran.out
    assert f"tests/unit/test_a.py could not be collected: in {WHERE[how]}: " in empty.show("session-1")["why_incomplete"]
    gated = empty.handoff("gate", "session-1", "--machine-only")
    assert gated.code == 1
    assert WHERE[how] in gated.out


def test_its_tests_did_not_run_and_are_not_missing(empty: Story) -> None:
    """Nobody took them away: they come back with the class."""
    empty.write_files({"tests/unit/test_a.py": GOOD})
    empty.pytest("--no-cov", "--handoff=session-1")
    empty.commit()
    empty.write_files({"tests/unit/test_a.py": "import pytest\n\n\n" + BROKEN["parametrize"]})
    empty.pytest("--continue-on-collection-errors", "--no-cov", "--handoff=session-2")

    assert empty.statuses("session-2") == {
        "test_alone": "still_passing",
        "TestA::test_one": "not_run",
        "TestA::test_two": "not_run",
    }
