"""Every way a test can end, in every way a run can be made: the same ledger, and pytest's own totals."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import torture

if TYPE_CHECKING:
    from stories import Story

WAYS = {
    "serial": [],
    "parallel": ["-n", "2"],
    "by group": ["-n", "2", "--dist", "loadgroup"],
    "no terminal": ["-p", "no:terminal"],
    "no terminal, parallel": ["-p", "no:terminal", "-n", "2"],
}


def outcomes(story: Story, session: str = "session-1") -> dict[str, str]:
    """Each test of the ledger with its outcome and whatever else is known of it, in a few words."""
    lines = map(json.loads, story.text(f"handoffs/evidence/{session}/tests.jsonl").splitlines())
    return {line["id"]: _in_words(line) for line in lines}


def _in_words(line: dict[str, object]) -> str:
    words = [str(line["outcome"])]
    words += [name for name in ("promised", "flaky") if line.get(name)]
    return " ".join(words + [f"{name}={line[name]}" for name in ("reruns", "subtests") if line.get(name)])


def last_line(text: str) -> Counter[str]:
    """The totals of pytest's last line."""
    line = next(line for line in reversed(text.splitlines()) if re.search(r" in [0-9.]+s", line))
    found = re.findall(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|rerun|deselected)", line)
    return Counter({word.removesuffix("s") if word == "errors" else word: int(number) for number, word in found})


@pytest.fixture
def tortured(empty: Story) -> Story:
    """A project with every way a test can end."""
    empty.write_files(torture.FILES)
    empty.commit()
    return empty


@pytest.mark.parametrize("args", WAYS.values(), ids=WAYS)
def test_every_outcome_in_every_way(tortured: Story, args: list[str]) -> None:
    """The ledger is the one written by hand, however the tests were run."""
    done = tortured.pytest("--no-cov", "--handoff=session-1", *args)

    assert done.code == 1, done
    assert outcomes(tortured) == torture.LEDGER


SECOND_REPORTS = Counter(
    passed=4,  # calls before a teardown error, before two, before a teardown that xfails, and before a class's broken end
    skipped=2,  # a skip before a teardown error, a skip in teardown
    error=2,  # teardown errors after an error in setup and after a failure
    xpassed=1,  # a pass before its expected teardown error
    xfailed=1,  # an expected failure before its expected teardown error
)
"""What pytest counts beside one outcome a test: a test may have two reports."""

SKIPPED_FILE = Counter(skipped=1)
"""The file that skips itself: nobody knows its tests."""

SKIPPED_FILE_AGAIN = Counter(skipped=1)
"""The file that skips itself is collected for doctests too; from its workers xdist hears of it once."""

SUBTESTS = Counter(
    failed=1 + 2,  # failed parts of tests that pytest calls failed too; two more stand for a test it calls otherwise:
    skipped=1,  # the one that skips after its part failed
    passed=1,  # unittest's, which pytest does not fail
)
SUBTESTS_SHOWN = Counter(skipped=1, xfailed=1)
"""Parts that did not fail: pytest's last line has them with ``-v``."""


@pytest.mark.parametrize("args", [[], ["-n", "2"], ["-v"]], ids=["serial", "parallel", "verbose"])
def test_totals_are_those_of_the_last_line(tortured: Story, args: list[str]) -> None:
    """Outcomes by hand, and what pytest counts beside them, make up its last line."""
    done = tortured.pytest("--no-cov", "--handoff=session-1", *args)
    by_hand = Counter(words.partition(" ")[0] for words in torture.LEDGER.values())
    more = Counter() if "-n" in args else SKIPPED_FILE_AGAIN
    if torture.HAS_SUBTESTS:
        more = more + SUBTESTS + (SUBTESTS_SHOWN if "-v" in args else Counter())

    assert last_line(done.out) == by_hand + SKIPPED_FILE + SECOND_REPORTS + more
    assert tortured.show("session-1")["counts"] == {**(by_hand + SKIPPED_FILE), "not_run": 0}


SOME_PARTS_FAIL = """
    def test_passes(subtests):
        with subtests.test():
            pass

    def test_two_of_three(subtests):
        for n in range(3):
            with subtests.test(n=n):
                assert n < 1

    def test_and_the_rest(subtests):
        with subtests.test("part"):
            assert 0
        assert 0
"""
UNITTESTS = """
    import unittest

    class Cases(unittest.TestCase):
        def test_two_of_three(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertLess(n, 1)

        def test_passes(self):
            with self.subTest():
                pass
"""


@pytest.mark.skipif(not torture.HAS_SUBTESTS, reason="sub-tests are a part of pytest since 9.0")
@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
@pytest.mark.parametrize(("code", "by_hand"), [(SOME_PARTS_FAIL, (1, 2, 3)), (UNITTESTS, (1, 1, 2))], ids=["pytest", "unittest"])
def test_both_numbers_of_pytest_s_last_line(empty: Story, args: list[str], code: str, by_hand: tuple[int, int, int]) -> None:
    """Whoever compares finds the tests and the failing sub-tests, which pytest's last line has together."""
    passed, failed, parts = by_hand
    empty.write_files({"tests/unit/test_parts.py": code})
    done = empty.pytest("--no-cov", "--handoff=session-1", *args)

    last = last_line(done.out)
    both = (passed, failed + parts) if code is SOME_PARTS_FAIL else (passed + failed, parts)
    assert (last["passed"], last["failed"]) == both, done
    told = f"{failed} failed ({parts} failing sub-tests)"
    assert f"tests      {passed} passed, {told}   unit" in done.section
    assert f"{passed}/{passed + failed} passed, {told}" in empty.document("session-1")
    assert told in empty.handoff("show", "session-1").out
    assert empty.handoff("verify", "session-1").code == 0
    tests = empty.evidence()["handoffs/evidence/session-1/tests.jsonl"]
    assert sum(json.loads(line).get("failed_subtests", 0) for line in tests.splitlines()) == parts


OWN_WORDS = """
    def pytest_report_teststatus(report):
        if report.when == "call" and "known" in report.nodeid:
            return WORD, "k", "KNOWN"
"""
KNOWN = """
    def test_total(): assert 2 + 3 == 5

    def test_known_bug(): assert 2 + 3 == 6
"""


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
@pytest.mark.parametrize("word", ["known bug", "error"])
def test_a_project_with_words_of_its_own(empty: Story, word: str, args: list[str]) -> None:
    """What a conftest or a plugin calls a failure in pytest's last line does not matter; that one calls it passed does."""
    empty.write_files({"conftest.py": OWN_WORDS.replace("WORD", repr(word)), "tests/test_sums.py": KNOWN})
    done = empty.pytest("--no-cov", "--handoff=session-1", *args)

    assert f"1 {word}" in done.out
    assert done.code == 1, done
    assert outcomes(empty) == {"tests/test_sums.py::test_total": "passed", "tests/test_sums.py::test_known_bug": "failed"}
    evidence = empty.evidence()

    empty.write_files({"conftest.py": OWN_WORDS.replace("WORD", "'passed'")})
    done = empty.pytest("--no-cov", "--handoff=session-1", *args)

    assert "2 passed" in done.out
    assert (
        "2 passed by pytest, 1 by pytest-handoff, 0 failed by pytest, 1 by pytest-handoff; nothing was recorded" in done.section
    )
    assert empty.evidence() == evidence
