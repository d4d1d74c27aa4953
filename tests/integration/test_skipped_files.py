"""Files that skip themselves: pytest counts each once, and the tests in them are skipped for the file's reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from test_outcomes import last_line

if TYPE_CHECKING:
    from stories import Story

TESTS = "def test_one(): pass\n\ndef test_two(): pass\n"
WAYS = {
    "skip": 'import pytest\npytest.skip("needs twisted", allow_module_level=True)\n',
    "importorskip": 'import pytest\npytest.importorskip("no_such_twisted", reason="needs twisted")\n',
    "unittest": 'import unittest\nraise unittest.SkipTest("needs twisted")\n',
}


@pytest.fixture
def recorded(shop: Story) -> Story:
    """A shop with a test file that session-1 ran, and that will skip itself."""
    shop.write_files({"tests/unit/test_twisted.py": TESTS})
    shop.commit()
    assert shop.pytest("--handoff=session-1").code == 0
    shop.commit()
    return shop


def line(story: Story, session: str, test: str) -> dict[str, object]:
    """The ledger's line of a test."""
    rows = map(json.loads, story.text(f"handoffs/evidence/{session}/tests.jsonl").splitlines())
    found: dict[str, object] = next(row for row in rows if row["id"] == test)
    return found


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
@pytest.mark.parametrize("way", WAYS)
def test_the_totals_are_those_of_pytest_and_its_tests_are_skipped(recorded: Story, way: str, args: list[str]) -> None:
    """Each such file counts once, and an earlier test in it is a lost test with the file's reason, not one that did not run."""
    recorded.write_files({"tests/unit/test_twisted.py": WAYS[way] + TESTS})
    done = recorded.pytest("--handoff=session-2", *args)
    shown = recorded.show("session-2")

    assert {how: number for how, number in shown["counts"].items() if number} == last_line(done.out), done.out
    assert sum(shown["tiers"]["unit"].values()) == 3
    assert shown["complete"], shown["why_incomplete"]
    assert recorded.statuses("session-2")["test_one"] == "newly_skipped"
    told = line(recorded, "session-2", "tests/unit/test_twisted.py::test_two")
    assert (told["outcome"], told["reason"], told["since"]) == ("skipped", "needs twisted", "session-1")
    assert "did not run" not in done.out
    assert recorded.gate("session-2")["regression"] == "failed"
    assert recorded.handoff("verify", "session-2").code == 0


def test_a_file_that_always_skipped_itself(shop: Story) -> None:
    """Nothing is known of its tests, and it is in the totals all the same; it is no new test, and no lost one later."""
    shop.write_files({"tests/unit/test_twisted.py": WAYS["skip"] + TESTS})
    shop.commit()
    shop.pytest("--handoff=session-1")
    shop.commit()
    assert shop.show("session-1")["counts"]["skipped"] == 1
    assert shop.statuses("session-1").keys() == {"test_total", "test_empty", "test_checkout"}

    shop.write_files({"tests/unit/test_twisted.py": TESTS})
    done = shop.pytest("--handoff=session-2")

    assert "3/3 still pass" in done.out
    assert shop.show("session-2")["counts"] == {**dict.fromkeys(shop.show("session-2")["counts"], 0), "passed": 5}
    assert shop.statuses("session-2")["test_one"] == "new"


def test_it_comes_back(recorded: Story) -> None:
    """Skipped in one session and run in the next, its tests are mended; nothing of the file is left in the ledger."""
    recorded.write_files({"tests/unit/test_twisted.py": WAYS["skip"] + TESTS})
    recorded.commit()
    recorded.pytest("--handoff=session-2")
    recorded.commit()
    recorded.write_files({"tests/unit/test_twisted.py": TESTS})
    recorded.pytest("--handoff=session-3")

    assert recorded.statuses("session-3")["test_one"] == "fixed"
    assert recorded.show("session-3")["counts"]["skipped"] == 0
    assert "with_file" not in line(recorded, "session-3", "tests/unit/test_twisted.py::test_one")


def test_runs_that_add_up(recorded: Story) -> None:
    """A part that looked at the file, and one that did not: together they are whole, and the file is counted once."""
    recorded.write_files({"tests/unit/test_twisted.py": WAYS["skip"] + TESTS})
    recorded.commit()
    recorded.pytest("--handoff=session-2", "tests/unit")
    recorded.pytest("--handoff=session-2", "tests/e2e")
    shown = recorded.show("session-2")

    assert shown["complete"], shown["why_incomplete"]
    assert (shown["counts"]["skipped"], shown["counts"]["passed"]) == (1, 3)


def test_a_test_of_this_very_session(shop: Story) -> None:
    """A run again on other code: what the session itself had added is skipped with its file."""
    shop.write_files({"tests/unit/test_twisted.py": TESTS})
    shop.pytest("--handoff=session-1")
    shop.write_files({"tests/unit/test_twisted.py": WAYS["skip"] + TESTS})
    shop.pytest("--handoff=session-1")

    told = line(shop, "session-1", "tests/unit/test_twisted.py::test_one")
    assert (told["outcome"], told["reason"]) == ("skipped", "needs twisted")
    assert shop.show("session-1")["counts"]["skipped"] == 1


def test_sources_that_doctest_cannot_import(shop: Story) -> None:
    """pytest counts a module that `--doctest-ignore-import-errors` passes over as skipped, and so do we."""
    shop.write_files({"src/shop/windows.py": "import no_such_winreg\n"})
    shop.commit()
    done = shop.pytest("--handoff=session-1", "--doctest-modules", "--doctest-ignore-import-errors", "src", "tests")

    counts = {how: number for how, number in shop.show("session-1")["counts"].items() if number}
    assert counts == {how: number for how, number in last_line(done.out).items() if number} == {"passed": 3, "skipped": 1}


def test_a_part_that_skips_and_one_that_runs(shop: Story) -> None:
    """Joined, a file that only one job skipped is counted by its tests."""
    text = 'import os, pytest\nif os.environ.get("NO_TWISTED"):\n    pytest.skip("needs twisted", allow_module_level=True)\n'
    shop.write_files({"tests/unit/test_twisted.py": text + TESTS})
    shop.commit()
    shop.pytest("--handoff=session-1", "--handoff-part=with", "--no-cov")
    shop.environment["NO_TWISTED"] = "1"
    shop.pytest("--handoff=session-1", "--handoff-part=without", "--no-cov")
    done = shop.handoff("combine", "session-1")

    assert done.code == 0, done
    assert shop.show("session-1")["counts"]["skipped"] == 0
    assert shop.show("session-1")["counts"]["passed"] == 5
