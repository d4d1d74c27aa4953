"""The verdict of every gate, in all four words."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import coverage_of, facts_of, new_code_of
from pytest_handoff.checklist.condition import Condition
from pytest_handoff.checklist.decisions import GATES, STANDING, evaluate
from pytest_handoff.checklist.language import understand
from pytest_handoff.evidence.facts import DocumentFacts
from pytest_handoff.record import Integrity, ParsedFiles

if TYPE_CHECKING:
    from pytest_handoff.record import FileCoverage, Verdict

PART = {"why_incomplete": ["-k was given"]}
PARTLY = ", but the run is incomplete"
PASSED = "unit a.py::x passed"
BOTH = "unit a.py::x passed\nunit a.py::y passed"
BY_OLD = new_code_of(20, covered=20, unit=18, new_unit=0)


def spec_of(text: str) -> Condition:
    """``tests unit previous >=90%`` as a condition; a word with a slash is a path, ``by=`` says by whom."""
    gate, *words = text.split()
    known: dict[str, Any] = {"gate": gate}
    for word in words:
        if word in ("current", "previous", "all"):
            known["scope"] = word
        elif word.startswith("by="):
            known["by"] = word[3:]
        elif word == "none-fails":
            known["unit"] = "failing"
        elif word[0] in "<>=":
            op = word.rstrip("0123456789.%")
            known |= {"op": op, "value": Decimal(word[len(op) :].rstrip("%")), "unit": "percent" if word[-1] == "%" else "count"}
        else:
            known["path" if "/" in word else "tier"] = word
    return Condition(**known)


def verdict(spec: str, now: str = PASSED, before: str = "", **changes: Any) -> Verdict:
    """What a gate says of a session."""
    return evaluate(facts_of(now, before, **changes), spec_of(spec))


@pytest.mark.parametrize(
    ("spec", "now", "before", "changes", "word", "evidence"),
    [
        ("complete", PASSED, "", {}, "passed", "1 test known, all accounted for"),
        ("complete", PASSED, "", PART, "failed", "incomplete: -k was given"),
        ("collection", PASSED, "", PART, "failed", "incomplete: -k was given"),
        ("failures", PASSED, "", {}, "passed", "1 test passed, none failed"),
        ("failures", "unit a.py::x xpassed", "", {}, "passed", "1 test passed, none failed"),
        ("failures", "", "", {}, "failed", "no test passed"),
        ("failures", "unit a.py::x skipped", "", {}, "failed", "no test passed"),
        ("failures", f"{PASSED}\nunit a.py::y failed error=boom", "", {}, "failed", "a.py::y failed (boom)"),
        ("failures", f"{PASSED}\nunit a.py::y error", "", {}, "failed", "a.py::y ended in an error"),
        ("flaky", PASSED, "", {}, "passed", "no test needed a second attempt"),
        ("flaky", PASSED, "", PART, "unknown", f"no test needed a second attempt{PARTLY}"),
        ("flaky", f"{PASSED} flaky", "", PART, "failed", "1 flaky test: a.py::x"),
        ("new_failures", PASSED, "", {}, "passed", "no test fails that did not fail before"),
        ("new_failures", "unit a.py::x failed", "", {}, "failed", "1 new failure: a.py::x failed"),
        ("new_failures", "unit a.py::x failed", PASSED, {}, "failed", "1 new failure: a.py::x failed"),
        ("new_failures", "unit a.py::x error", "unit a.py::x skipped", {}, "failed", "1 new failure: a.py::x ended in an error"),
        ("new_failures", "unit a.py::x failed", "unit a.py::x failed", {}, "passed",
         "no test fails that did not fail before; 1 test fails as before: a.py::x"),
        ("new_failures", "unit b.py::x failed moved_from=a.py::x", "unit a.py::x error", {}, "passed",
         "no test fails that did not fail before; 1 test fails as before: b.py::x"),
        ("new_failures", "unit a.py::x gone", PASSED, {}, "failed", "no test ran"),
        ("new_failures e2e", "unit a.py::x failed\ne2e b.py::x passed", PASSED, {}, "passed",
         "no e2e test fails that did not fail before"),
        ("new_failures e2e", PASSED, "", {}, "failed", "no e2e test ran"),
        ("new_failures", f"{PASSED}\nunit b.py::x not_run", PASSED, PART, "unknown",
         f"no test fails that did not fail before{PARTLY}"),
        ("skips", PASSED, "", {}, "passed", "0 skipped tests"),
        ("skips", PASSED, "", PART, "unknown", f"0 skipped tests{PARTLY}"),
        ("skips", "unit a.py::x skipped", "", {}, "failed", "1 skipped test: a.py::x"),
        ("skips", "unit a.py::x skipped", "unit a.py::x skipped", {}, "failed", "1 skipped test: a.py::x"),
        ("skips current", "unit a.py::x skipped", "unit a.py::x skipped", {}, "passed", "0 skipped tests"),
        ("skips e2e", "unit a.py::x skipped", "", {}, "passed", "0 skipped tests"),
        ("skips <=1", "unit a.py::x skipped", "", {}, "passed", "1 skipped test: a.py::x"),
        ("skips <=1", "unit a.py::x skipped\nunit a.py::y skipped", "", {}, "failed", "2 skipped tests: a.py::x, a.py::y"),
        ("new_tests >=2", "unit a.py::x passed\nunit a.py::y passed", "", {}, "passed", "2 new tests"),
        ("new_tests e2e >=1", PASSED, "", {}, "failed", "0 new e2e tests, the line asks for at least 1"),
        ("new_tests >=1", PASSED, PASSED, {}, "failed", "0 new tests, the line asks for at least 1"),
        ("new_tests >=1", PASSED, "", PART, "unknown", f"1 new test{PARTLY}"),
        ("new_tests", PASSED, "", {}, "failed", "1 new test, the line gives no number"),
        ("linked */a.py::*", "unit t/a.py::x passed\nunit t/b.py::y failed", "", {}, "passed", "1/1 linked tests passed"),
        ("linked */a.py::*", "unit t/a.py::x failed", "", {}, "failed", "t/a.py::x failed"),
        ("linked */a.py::*", "unit t/a.py::x gone", "unit t/a.py::x passed", {}, "failed", "t/a.py::x is missing"),
        ("linked */a.py::*", PASSED, "", {}, "failed", "no test matches '*/a.py::*'"),
        ("linked */a.py::*", "unit t/a.py::x passed retired=session-1:y", "", {}, "failed", "no test matches '*/a.py::*'"),
        ("linked */a.py::*", "unit t/a.py::x passed", "", PART, "unknown", f"1/1 linked tests passed{PARTLY}"),
        ("tests previous e2e", "unit a.py::x passed", "e2e a.py::x passed", {}, "passed",
         "1/1 earlier e2e tests passed (now unit: a.py::x)"),
        ("tests previous e2e", "unit a.py::x failed", "e2e a.py::x passed", {}, "failed",
         "0/1 earlier e2e tests passed (now unit: a.py::x): a.py::x failed"),
        ("tests previous e2e", "unit u/a.py::x passed moved_from=e/a.py::x", "e2e e/a.py::x passed", {}, "passed",
         "1/1 earlier e2e tests passed (now unit: u/a.py::x)"),
        ("tests previous e2e", "unit a.py::x[2] passed", "e2e a.py::x[1] passed", {}, "passed",
         "1/1 earlier e2e tests passed (now unit: a.py::x[2])"),
        ("tests previous unit", "unit a.py::x passed", "e2e a.py::x passed", {}, "passed", "1/1 earlier unit tests passed"),
        ("tests previous e2e", "unit a.py::x passed", PASSED, {}, "waived", "not applicable: there are no earlier e2e tests"),
        ("skips previous e2e", "unit a.py::x skipped", "e2e a.py::x passed", {}, "failed", "1 skipped test: a.py::x"),
        ("collection ==2", "unit a.py::x passed\nunit a.py::y failed", "", {}, "passed", "2 tests ran, every file was collected"),
        ("collection ==2", "unit a.py::x passed\nunit a.py::y skipped", "", {}, "failed",
         "1 test ran, every file was collected, the line asks for exactly 2"),
        ("nonsense", PASSED, "", {}, "unknown", "there is no gate named 'nonsense'"),
    ],
)  # fmt: skip
def test_gates_on_tests(  # noqa: PLR0917 # one for each column of the table
    spec: str, now: str, before: str, changes: dict[str, Any], word: str, evidence: str
) -> None:
    """Each gate has one verdict and says on what evidence."""
    found = verdict(spec, now, before, **changes)
    assert (found.verdict, found.evidence) == (word, evidence)
    assert (found.needs is None) == (word in ("passed", "waived"))


@pytest.mark.parametrize(
    ("now", "before", "changes", "word", "evidence"),
    [
        (PASSED, "", {}, "waived", "not applicable: session-2 is the first session"),
        (PASSED, PASSED, {}, "passed", "1/1 earlier tests still pass"),
        (PASSED, PASSED, PART, "unknown", f"1/1 earlier tests still pass{PARTLY}"),
        ("unit a.py::x failed", PASSED, {}, "failed", "0/1 still pass: a.py::x (passed in session-1, now failed)"),
        ("unit a.py::x failed", PASSED, PART, "failed", "0/1 still pass: a.py::x (passed in session-1, now failed)"),
        ("unit a.py::x skipped", PASSED, {}, "failed", "0/1 still pass: a.py::x (passed in session-1, now skipped)"),
        ("unit a.py::x xfailed", PASSED, {}, "failed", "0/1 still pass: a.py::x (passed in session-1, now xfailed)"),
        ("unit a.py::x gone", PASSED, {}, "failed", "0/1 still pass: a.py::x (passed in session-1, now missing)"),
        ("unit a.py::x not_run", PASSED, PART, "unknown", "1 of 1 earlier tests did not run"),
        (
            "unit a.py::x not_run\nunit a.py::y gone", f"{PASSED}\nunit a.py::y passed", PART, "failed",
            "0/2 still pass: a.py::x (passed in session-1, now not_run), a.py::y (passed in session-1, now missing)",
        ),
        (
            "unit b.py::x failed moved_from=a.py::x", PASSED, {}, "failed",
            "0/1 still pass: b.py::x (passed in session-1, now failed)",
        ),
        ("unit a.py::x[2] failed", "unit a.py::x[1] passed", {}, "failed", "0/1 still pass: a.py::x[2] (now failed)"),
        (
            "unit a.py::x gone last=session-0:passed", "unit a.py::x gone last=session-0:passed", {}, "failed",
            "0/1 still pass: a.py::x (passed in session-0, the last time it ran; now missing)",
        ),
        (
            "unit a.py::x failed", "unit a.py::x not_run last=session-0:passed", {}, "failed",
            "0/1 still pass: a.py::x (passed in session-0, the last time it ran; now failed)",
        ),
        (
            "unit b.py::x skipped moved_from=a.py::x", "unit a.py::x not_run last=session-0:passed", {}, "failed",
            "0/1 still pass: b.py::x (passed in session-0, the last time it ran; now skipped)",
        ),
        ("unit a.py::x skipped", "unit a.py::x skipped", {}, "waived", "not applicable: no earlier test counts"),
        ("unit a.py::x gone retired=session-2:y", PASSED, {}, "waived", "not applicable: no earlier test counts"),
    ],
)  # fmt: skip
def test_regression(now: str, before: str, changes: dict[str, Any], word: str, evidence: str) -> None:
    """Every earlier test that counts must pass; what did not run is not known, what is lost in any way fails."""
    found = verdict("regression", now, before, **changes)
    assert (found.verdict, found.evidence) == (word, evidence)


@pytest.mark.parametrize(
    ("now", "before", "needs"),
    [
        ("unit a.py::x failed", PASSED, "make it pass again"),
        ("unit a.py::x failed\nunit a.py::y error", BOTH, "make them pass again"),
        (
            "unit a.py::x failed", "unit a.py::x error",
            "make it pass, or name it in [[tool.handoff.known]], with a reason",
        ),
        ("unit a.py::x gone", PASSED, "make it pass again, or retire it in [[tool.handoff.retire]], with a reason"),
        (
            "unit a.py::x gone\nunit a.py::y skipped", BOTH,
            "make them pass again, or retire them in [[tool.handoff.retire]], with a reason",
        ),
        (
            "unit a.py::x failed\nunit a.py::y gone", BOTH,
            "make them pass again, or retire those that do not fail in [[tool.handoff.retire]], with a reason",
        ),
        (
            "unit a.py::x failed\nunit a.py::y failed", "unit a.py::x failed\nunit a.py::y passed",
            "make them pass again, or name those that failed before in [[tool.handoff.known]], with a reason",
        ),
    ],
)  # fmt: skip
def test_what_helps_a_lost_test(now: str, before: str, needs: str) -> None:
    """Nobody is sent to retire a test that fails: it would count all the same."""
    assert verdict("regression", now, before).needs == needs


def test_a_retirement_that_names_a_file_is_told_how() -> None:
    """A file's path is the id of no test."""
    policy = {"retire": [{"test": "a.py", "reason": "given up"}]}
    needs = verdict("regression", "unit a.py::x gone", PASSED, policy=policy).needs or ""
    assert "retire it in [[tool.handoff.retire]] (the tests of a file are a.py::*), with a reason" in needs


@pytest.mark.parametrize(("pattern", "advice"), [("a.py::*", "by full id "), ("b.py::*", "")])
def test_what_helps_a_test_that_an_older_pattern_matches(pattern: str, advice: str) -> None:
    """A pattern from before retires no test that passed then; only the id of the test, or a new pattern, does."""
    policy = {"retire": [{"test": pattern, "reason": "old"}]}
    needs = verdict("regression", "unit a.py::x skipped", PASSED, policy=policy).needs or ""
    assert needs.startswith(f"make it pass again, or retire it {advice}in [[tool.handoff.retire]]")
    assert ("(an older pattern does not apply)" in needs) == bool(advice)


@pytest.mark.parametrize(
    ("spec", "now", "before", "changes", "word", "evidence"),
    [
        ("tests current", PASSED, "", {}, "passed", "1/1 tests of session-2 passed"),
        ("tests current", PASSED, PASSED, {}, "waived", "not applicable: there are no tests of session-2"),
        ("tests e2e all", PASSED, "", {}, "failed", "there are no e2e tests"),
        ("tests all", "", "", {}, "failed", "there are no tests"),
        ("tests all tests/x", PASSED, "", {}, "failed", "there are no tests in tests/x"),
        ("tests previous", PASSED, "", {}, "waived", "not applicable: there are no earlier tests"),
        ("tests e2e previous >=90%", PASSED, PASSED, {}, "waived", "not applicable: there are no earlier e2e tests"),
        ("tests previous >=2", PASSED, "", {}, "failed", "there are no earlier tests"),
        ("tests previous", PASSED, PASSED, {}, "passed", "1/1 earlier tests passed"),
        ("tests all", PASSED, "", PART, "unknown", f"1/1 tests passed{PARTLY}"),
        ("tests all", f"{PASSED}\nunit a.py::y failed", "", {}, "failed", "1/2 tests passed: a.py::y failed"),
        ("tests all", f"{PASSED}\nunit a.py::y skipped reason=why", "", {}, "failed", "1/2 tests passed: a.py::y skipped (why)"),
        ("tests all", f"{PASSED}\nunit a.py::y not_run", "", PART, "unknown", "1/2 tests passed, 1 test did not run"),
        ("tests all", "unit a.py::x xfailed promised", "", {}, "failed", "there are no tests"),
        (
            "tests unit current", f"{PASSED} since=session-2\nunit a.py::y xfailed promised since=session-2\ne2e b.py::z passed",
            "e2e b.py::z passed", {}, "passed", "1/1 unit tests of session-2 passed; not counted: 1 promised",
        ),
        (
            "tests previous", f"{PASSED}\nunit a.py::y skipped\nunit a.py::z xfailed promised since=session-2",
            f"{PASSED}\nunit a.py::y skipped", {}, "passed", "1/1 earlier tests passed; not counted: 1 skipped as before",
        ),
        ("tests all none-fails", f"{PASSED}\nunit a.py::y skipped", "", {}, "passed", "0/1 tests failed"),
        ("tests all none-fails", f"{PASSED}\nunit a.py::y gone", BOTH, {}, "passed", "0/1 tests failed"),
        ("tests all none-fails", f"{PASSED}\nunit a.py::y failed", "", {}, "failed", "1/2 tests failed: a.py::y failed"),
        ("tests all none-fails", "unit a.py::y skipped", "", {}, "failed", "none of them ran"),
        ("tests all none-fails", f"{PASSED}\nunit a.py::y failed known=slow", "", {}, "passed",
         "0/1 tests failed; not counted: 1 known to fail"),
        ("tests all none-fails", "unit a.py::y failed known=slow", "", {}, "failed",
         "none of them ran; not counted: 1 known to fail"),
        (
            "tests unit current none-fails", "e2e a.py::x passed", "", {}, "waived",
            "not applicable: there are no unit tests of session-2",
        ),
        ("tests all none-fails", f"{PASSED}\nunit a.py::y not_run", "", PART, "unknown", f"0/1 tests failed{PARTLY}"),
        ("tests all ==1", PASSED, "", {}, "passed", "1/1 tests passed, the line asks for exactly 1"),
        ("tests all ==2", PASSED, "", {}, "failed", "1/1 tests passed, the line asks for exactly 2"),
        ("tests all >=1", f"{PASSED}\nunit a.py::y failed", "", {}, "passed", "1/2 tests passed, the line asks for at least 1"),
        ("tests all >1", f"{PASSED}\nunit a.py::y failed", "", {}, "failed", "1/2 tests passed, the line asks for more than 1"),
        (
            "tests all >=2", f"{PASSED}\nunit a.py::y not_run", "", PART, "unknown",
            "1/2 tests passed, the line asks for at least 2, 1 test did not run",
        ),
        (
            "tests all >=50%", f"{PASSED}\nunit a.py::y failed", "", {}, "passed",
            "1/2 tests passed = 50.0 %, the line asks for at least 50 %",
        ),
        (
            "tests all >50%", f"{PASSED}\nunit a.py::y failed", "", {}, "failed",
            "1/2 tests passed = 50.0 %, the line asks for more than 50 %: a.py::y failed",
        ),
        (
            "tests all >=94%", f"{PASSED}\nunit a.py::y gone", f"{PASSED}\nunit a.py::y passed", {}, "passed",
            "1/1 tests passed = 100 %, the line asks for at least 94 %",
        ),
        (
            "tests all >=94%", f"{PASSED}\nunit a.py::y not_run", "", PART, "unknown",
            "1/2 tests passed = 50.0 %, the line asks for at least 94 %",
        ),
    ],
)  # fmt: skip
def test_tests(  # noqa: PLR0917 # one for each column of the table
    spec: str, now: str, before: str, changes: dict[str, Any], word: str, evidence: str
) -> None:
    """Tests of a tier and scope pass all, at a rate, or in a number; none at all is never all of them."""
    found = verdict(spec, now, before, **changes)
    assert (found.verdict, found.evidence) == (word, evidence)


@pytest.mark.parametrize(
    ("now", "before", "word", "evidence"),
    [
        (PASSED, PASSED, "waived", "not applicable: nothing was promised"),
        (PASSED, "unit a.py::x xfailed promised", "passed", "1/1 promises kept"),
        ("unit a.py::x xfailed promised", "unit a.py::x xfailed promised", "passed", "0/1 promises kept; still owed: a.py::x"),
        ("unit a.py::x xfailed", "unit a.py::x xfailed promised", "failed", "broken: a.py::x xfailed"),
        ("unit a.py::x failed", "unit a.py::x xfailed promised", "failed", "broken: a.py::x failed"),
        ("unit a.py::x gone", "unit a.py::x xfailed promised", "failed", "broken: a.py::x is missing"),
        ("unit a.py::x gone retired=session-2:y", "unit a.py::x xfailed promised", "passed", "0/1 promises kept"),
        ("unit b.py::x passed moved_from=a.py::x", "unit a.py::x xfailed promised", "passed", "1/1 promises kept"),
        ("unit a.py::x[2] skipped", "unit a.py::x[1] xfailed promised", "failed", "broken: a.py::x[2] skipped"),
    ],
)
def test_promises(now: str, before: str, word: str, evidence: str) -> None:
    """What was promised is kept or still owed; a promise that is gone, skipped or no longer strict is broken."""
    found = verdict("promises", now, before)
    assert (found.verdict, found.evidence) == (word, evidence)


@pytest.mark.parametrize(
    ("spec", "coverage", "changes", "word", "evidence"),
    [
        ("coverage >=90%", {"a": (8999, 10000)}, {}, "failed", "8999/10000 = 89.9 %, the line asks for at least 90 %"),
        ("coverage >=90%", {"a": (9000, 10000)}, {}, "passed", "9000/10000 = 90.0 %"),
        ("coverage >90%", {"a": (9000, 10000)}, {}, "failed", "9000/10000 = 90.0 %, the line asks for more than 90 %"),
        ("coverage >90%", {"a": (9001, 10000)}, {}, "passed", "9001/10000 = 90.0 %"),
        ("coverage ==100%", {"a": (99999, 100000)}, {}, "failed",
         "99999/100000 = 99.9 %, the line asks for exactly 100 %"),
        ("coverage >=90%", {"a": (9, 10)}, PART, "unknown", f"9/10 = 90.0 %{PARTLY}"),
        ("coverage >=90%", {"a": (8, 10)}, PART, "failed", "8/10 = 80.0 %, the line asks for at least 90 %"),
        ("coverage src/b.py >=90%", {"a": (0, 10), "b": (10, 10)}, {}, "passed", "10/10 = 100 %"),
        ("coverage src/c.py >=90%", {"a": (9, 10)}, {}, "unknown", "there is nothing to cover in src/c.py"),
        ("coverage >=0%", {"a": (0, 0)}, {}, "unknown", "there is nothing to cover"),
        ("coverage >=90%", None, {}, "unknown", "not measured: no pytest-cov"),
        ("coverage unit >=90%", {"a": (9, 10)}, {}, "waived",
         "not measured for unit tests alone; 9/10 = 90.0 % by all tests"),
        ("coverage unit >=91%", {"a": (9, 10)}, {}, "failed", "9/10 = 90.0 % by all tests, the line asks for at least 91 %"),
        ("coverage unit ==80%", {"a": (9, 10)}, {}, "waived",
         "not measured for unit tests alone; 9/10 = 90.0 % by all tests"),
        ("coverage", {"a": (9, 10)}, {}, "unknown", "no threshold is given"),
        ("reports", {"a": (9, 10)}, {}, "passed", "coverage of 1 file is in the record"),
        ("reports", {"a": (9, 10)}, PART, "unknown", f"coverage of 1 file is in the record{PARTLY}"),
        ("reports", None, {}, "unknown", "not measured: no pytest-cov"),
    ],
)  # fmt: skip
def test_coverage(
    spec: str, coverage: dict[str, tuple[int, int]] | None, changes: dict[str, Any], word: str, evidence: str
) -> None:
    """A threshold is exact; what was not measured is unknown, and so is a share of nothing."""
    found = verdict(spec, coverage=None if coverage is None else coverage_of(**coverage), **changes)
    assert (found.verdict, found.evidence) == (word, evidence)


def test_branches_count_where_they_are_measured() -> None:
    """Statements and branches together are what coverage.py calls covered."""
    coverage = coverage_of(a=(9, 10))
    file: FileCoverage = replace(coverage.files["src/a.py"], num_branches=10, covered_branches=1)
    found = verdict("coverage >=50%", coverage=replace(coverage, files={"src/a.py": file}))
    assert (found.verdict, found.evidence) == ("passed", "10/20 = 50.0 %")


@pytest.mark.parametrize(
    ("spec", "code", "changes", "word", "evidence"),
    [
        ("new_code >90%", new_code_of(20, covered=19), {}, "passed", "19/20 new statements = 95.0 %"),
        (
            "new_code >90%", new_code_of(20, covered=18, missing="7, 9"), {}, "failed",
            "18/20 new statements = 90.0 %, the line asks for more than 90 %: src/a.py 7, 9",
        ),
        ("new_code >=90%", new_code_of(20, covered=18), {}, "passed", "18/20 new statements = 90.0 %"),
        ("new_code >=90%", new_code_of(20, covered=18), PART, "unknown", f"18/20 new statements = 90.0 %{PARTLY}"),
        ("new_code >=90% by=unit", BY_OLD, {}, "passed", "18/20 new statements = 90.0 %"),
        (
            "new_code >=90% by=new_unit", BY_OLD, {}, "failed",
            "0/20 new statements = 0.0 %, the line asks for at least 90 %: ",
        ),
        ("new_code >=90% by=unit", new_code_of(20, covered=20), {}, "unknown", "not measured: contexts are missing"),
        ("new_code >=90%", new_code_of(0, covered=0), {}, "passed", "not applicable: no new statements"),
        ("new_code >=90%", new_code_of(0, covered=0), PART, "unknown", f"not applicable: no new statements{PARTLY}"),
        ("new_code >=90%", None, {}, "unknown", "not measured: no reason is recorded"),
        ("new_code", new_code_of(20, covered=19), {}, "unknown", "no threshold is given"),
    ],
)  # fmt: skip
def test_new_code(spec: str, code: Any, changes: dict[str, Any], word: str, evidence: str) -> None:
    """Coverage of new code is exact, by whoever is asked for; without new statements the gate holds and says so."""
    found = verdict(spec, new_code=code, not_measured={"contexts": "contexts are missing"}, **changes)
    assert (found.verdict, found.evidence) == (word, evidence)


@pytest.mark.parametrize(
    ("spec", "total", "covered", "needs"),
    [
        ("new_code >90%", 20, 18, "cover 1 more statement"),
        ("new_code >=90%", 20, 10, "cover 8 more statements"),
        ("new_code >100%", 20, 20, "the line asks for more than 100 %"),
    ],
)
def test_how_many_statements_are_wanting(spec: str, total: int, covered: int, needs: str) -> None:
    """The remedy names the smallest number of statements that is enough."""
    assert verdict(spec, new_code=new_code_of(total, covered=covered)).needs == needs


FOUR = {"JSON": 3, "TOML": 1}


@pytest.mark.parametrize(
    ("spec", "unparsable", "parsed", "word", "evidence"),
    [
        ("files_parse", None, ParsedFiles(formats=FOUR), "unknown", "not measured: what the session changed is not known"),
        ("files_parse", {}, None, "waived", "every changed configuration file parses"),
        ("files_parse", {}, ParsedFiles(formats={}), "waived", "not applicable: there is no configuration file"),
        ("files_parse", {}, ParsedFiles(formats=FOUR), "passed", "all 4 configuration files parse"),
        ("files_parse", {"a.json": "x"}, None, "failed", "a.json: x"),
        ("files_parse", {"a.json": "x"}, ParsedFiles(formats=FOUR, broken={"b.toml": "y"}), "failed", "a.json: x, b.toml: y"),
        ("files_parse current", {}, ParsedFiles(formats=FOUR, broken={"b.toml": "y"}), "passed",
         "every changed configuration file parses"),
        ("files_parse current", {"a.json": "x"}, ParsedFiles(formats=FOUR), "failed", "a.json: x"),
        ("files_parse", {"tests/data/bad.toml": "x"}, ParsedFiles(formats=FOUR), "passed",
         "all 3 configuration files parse; of the files that tests read, tests/data/bad.toml does not"),
        ("files_parse", {"app/test/a.json": "x"}, ParsedFiles(formats=FOUR, broken={"tests/b.ini": "y"}), "passed",
         "all 2 configuration files parse; of the files that tests read, app/test/a.json, tests/b.ini do not"),
        ("files_parse current", {"tests/data/bad.toml": "x"}, ParsedFiles(formats=FOUR), "passed",
         "every changed configuration file parses; of the files that tests read, tests/data/bad.toml does not"),
        ("files_parse", {}, ParsedFiles(formats={"TOML": 1}, broken={"tests/bad.toml": "x"}), "waived",
         "not applicable: there is no configuration file; of the files that tests read, tests/bad.toml does not"),
        ("files_parse", {"tests/bad.toml": "x"}, ParsedFiles(formats=FOUR, broken={"latest/b.toml": "y"}), "failed",
         "latest/b.toml: y"),
        ("files_parse", {"conf/tests.json": "y"}, ParsedFiles(formats=FOUR), "failed", "conf/tests.json: y"),
    ],
)  # fmt: skip
def test_files_parse(spec: str, unparsable: dict[str, str] | None, parsed: ParsedFiles | None, word: str, evidence: str) -> None:
    """All files of the tree parse, or the changed ones; a record that knows of these alone shows nothing of the others."""
    integrity = Integrity(changed=None, without_assertion=[], parsed=parsed)
    found = verdict(spec, unparsable=unparsable, integrity=integrity)
    assert (found.verdict, found.evidence) == (word, evidence)


@pytest.mark.parametrize(
    ("name", "word", "evidence"),
    [
        ("JSON", "failed", "a.json: x"),
        ("TOML", "passed", "1 TOML file parses; files outside src were not checked"),
        ("YAML", "waived", "not applicable: there is no YAML file"),
    ],
)
def test_files_of_one_format_parse(name: str, word: str, evidence: str) -> None:
    """A broken file of another format says nothing, and what the settings leave out is named."""
    integrity = Integrity(changed=None, without_assertion=[], parsed=ParsedFiles(formats=FOUR, broken={"a.json": "x"}))
    facts = facts_of(PASSED, unparsable={}, integrity=integrity, policy={"scope": ["src"]})
    found = evaluate(facts, Condition(gate="files_parse", name=name))
    assert (found.verdict, found.evidence) == (word, evidence)


@pytest.mark.parametrize("written", ["N/A: a library", "n/a", "not applicable, a library", "N/A - a library"])
def test_a_required_line_that_was_waived_in_another_form(written: str) -> None:
    """Who waives a line without parentheses is told to write them, and what is named waives it."""
    absent = (("All E2E tests pass", f"All E2E tests pass {written}"),)
    found = evaluate(replace(facts_of(PASSED), document=DocumentFacts(absent=absent)), Condition(gate="required"))
    assert found.verdict == "failed"
    assert (found.needs or "").endswith("after the line: `(N/A: reason)`")
    assert understand("All E2E tests pass (N/A: a library)").decision == "waived"


def test_claims_and_required_lines() -> None:
    """A contradicted claim and an absent line fail their gates, which otherwise pass."""
    facts = facts_of(PASSED)
    assert [evaluate(facts, Condition(gate=name)).verdict for name in ("claims", "required")] == ["passed", "passed"]
    facts = replace(
        facts,
        document=DocumentFacts(contradicted=("line 3 says 9/9",), absent=(("All tests pass", "Some pass"), ("Docs", None))),
    )
    claims, required = (evaluate(facts, Condition(gate=name)) for name in ("claims", "required"))
    assert (claims.verdict, claims.evidence) == ("failed", "line 3 says 9/9")
    assert (required.verdict, required.evidence) == ("failed", "missing: 'All tests pass' (nearest: 'Some pass'), 'Docs'")
    assert required.needs == "put the lines back, or waive them with a reason in [[tool.handoff.waive]]"


def test_standing_gates_are_known_and_explained() -> None:
    """Every gate that a session must pass exists, and each gate says in its docstring what it asks."""
    assert {spec.gate for spec in STANDING} <= GATES.keys()
    assert all(gate.__doc__ for gate in GATES.values())


@pytest.mark.parametrize(
    ("most", "now", "more", "verdict"),
    [
        (1, f"{BOTH}\nunit a.py::z failed", {}, "passed"),
        (0, f"{BOTH}\nunit a.py::z failed", {}, "failed"),
        (0, f"{BOTH}\nunit a.py::z failed known=slow", {}, "failed"),  # it fails, whatever is known of it
        (1, f"{BOTH}\nunit a.py::z error", PART, "unknown"),
        (1, "unit a.py::z skipped", {}, "failed"),  # nothing ran
    ],
)
def test_a_limit_of_failures(most: int, now: str, more: dict[str, Any], verdict: str) -> None:
    """*At most 1 test fails* counts every failure, and is not decided by a part of the tests."""
    spec = Condition(gate="tests", op="<=", value=Decimal(most), unit="failing")
    assert evaluate(facts_of(now, "", **more), spec).verdict == verdict
