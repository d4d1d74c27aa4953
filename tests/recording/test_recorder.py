"""What each test did, from pytest's reports in the orders in which they come."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_handoff.recording.collection import first_line, key_of
from pytest_handoff.recording.recorder import Invocation, Recorder
from pytest_handoff.run import CaseResult, Collected, Collection, Run


def report(when: str, outcome: str, *, test: str = "a.py::x", **more: Any) -> pytest.TestReport:
    """One report; ``wasxfail=`` makes it an expected failure."""
    longrepr = more.pop("longrepr", "E   boom" if outcome in ("failed", "rerun") else None)
    return pytest.TestReport(test, ("a.py", 1, "x"), {}, outcome, longrepr, when, **more)  # type: ignore[arg-type]


class SubReport(pytest.TestReport):
    """A report of a sub-test, as far as a recorder can tell."""

    context = object()


def sub(outcome: str) -> SubReport:
    """A sub-test's report."""
    return SubReport("a.py::x", ("a.py", 1, "x"), {}, outcome, "E   sub boom", "call")  # type: ignore[arg-type]


def finished(recorder: Recorder) -> Run:
    collection = Collection(
        tests={test: Collected(tier="unit") for test in ("a.py::x", "sub/a.py::x")},
        whole_files=["a.py"],
        broken_files={"b.py": "why"},
    )
    invocation = Invocation(
        ["-k was given"], ["odd"], started=1.0, finished=2.0, exitstatus=1, args=["-q"], plugins={"pytest": "9"}
    )
    return recorder.finish(collection, invocation)


def run_of_reports(*phases: str, prefix: str = "") -> Run:
    """A run of reports such as ``call:passed`` or ``sub:failed``; a third part is ``wasxfail``."""
    recorder = Recorder(prefix)
    for phase in phases:
        when, outcome, *reason = phase.split(":")
        made = sub(outcome) if when == "sub" else report(when, outcome)
        if reason:
            made.wasxfail = reason[0]
        recorder.pytest_runtest_logreport(made)
    return finished(recorder)


@pytest.mark.parametrize(
    ("phases", "result"),
    [
        ("setup:passed call:passed teardown:passed", CaseResult(outcome="passed")),
        ("setup:passed call:failed teardown:passed", CaseResult(outcome="failed", error="boom")),
        ("setup:failed teardown:passed", CaseResult(outcome="error", error="boom")),
        ("setup:passed call:passed teardown:failed", CaseResult(outcome="error", error="boom")),
        ("setup:passed call:failed teardown:failed", CaseResult(outcome="failed", error="boom")),
        ("setup:skipped teardown:passed", CaseResult(outcome="skipped")),
        ("setup:passed call:passed teardown:skipped", CaseResult(outcome="passed")),
        ("setup:skipped teardown:failed", CaseResult(outcome="error", error="boom")),
        ("setup:passed call:skipped:later teardown:passed", CaseResult(outcome="xfailed", reason="later")),
        ("setup:passed call:skipped: teardown:passed", CaseResult(outcome="xfailed")),
        ("setup:passed call:passed:later teardown:passed", CaseResult(outcome="xpassed", reason="later")),
        ("setup:passed call:passed:later teardown:failed", CaseResult(outcome="error", error="boom")),
        ("???:failed", CaseResult(outcome="error", error="boom")),
        ("setup:passed call:passed ???:failed", CaseResult(outcome="error", error="boom")),
        ("setup:passed call:passed teardown:passed setup:passed call:failed", CaseResult(outcome="failed", error="boom")),
        ("setup:passed call:failed teardown:passed setup:passed call:passed", CaseResult(outcome="failed", error="boom")),
        (
            "sub:passed sub:failed call:passed teardown:passed",
            CaseResult(outcome="failed", subtests=2, failed_subtests=1, error="sub boom"),
        ),
        ("sub:passed call:passed teardown:passed", CaseResult(outcome="passed", subtests=1)),
        ("call:rerun teardown:passed setup:passed call:passed", CaseResult(outcome="passed", reruns=1, flaky=True)),
        ("call:rerun call:rerun call:failed", CaseResult(outcome="failed", reruns=2, error="boom")),
        ("call:retried call:passed", CaseResult(outcome="passed", reruns=1, flaky=True)),
        ("call:retried call:failed", CaseResult(outcome="failed", reruns=1, error="boom")),
        ("sub:failed call:rerun sub:passed call:passed", CaseResult(outcome="passed", reruns=1, flaky=True, subtests=1)),
        ("sub:failed call:skipped", CaseResult(outcome="failed", subtests=1, failed_subtests=1, error="sub boom")),
        ("call:passed teardown:rerun setup:skipped", CaseResult(outcome="skipped", reruns=1)),
    ],
)  # fmt: skip
def test_one_final_outcome(phases: str, result: CaseResult) -> None:
    """Of all the reports on a test there is one outcome: the worst of the last attempt."""
    assert run_of_reports(*phases.split()).results == {"a.py::x": result}


def test_a_test_that_was_only_set_up_has_no_outcome() -> None:
    """A test that never came to its call did not run."""
    assert run_of_reports("setup:passed").results == {}


@pytest.mark.parametrize(
    ("phases", "counts"),
    [
        ("call:passed", {"passed": 1}),
        ("call:failed teardown:failed", {"failed": 1, "error": 1}),
        ("setup:failed", {"error": 1}),
        ("???:failed", {"failed": 1}),
        ("setup:skipped", {"skipped": 1}),
        ("call:skipped:why", {"xfailed": 1}),
        ("call:passed:why", {"xpassed": 1}),
        ("call:passed call:passed", {"passed": 2}),
        ("sub:failed call:passed", {"passed": 1}),
        ("sub:failed sub:skipped call:failed", {"failed": 1}),
    ],
)
def test_reports_are_counted_as_pytest_counts_them(phases: str, counts: dict[str, int]) -> None:
    """The categories of tests' own reports are those of pytest's last line; sub-tests are no part of the comparison."""
    reported = run_of_reports(*phases.split()).reported
    assert {category: number for category, number in reported.items() if number} == counts


def test_ids_get_their_prefix_and_lose_their_group() -> None:
    """Keys are relative to the git root, and what xdist appends for a group is no part of them."""
    recorder = Recorder("sub/")
    for phase in (report("call", "rerun", test="a.py::x@g"), report("call", "passed", test="a.py::x@g")):
        recorder.pytest_runtest_logreport(phase)
    assert finished(recorder).results == {"sub/a.py::x": CaseResult(outcome="passed", reruns=1, flaky=True)}


def test_a_failed_subtest_in_a_group_fails_its_test() -> None:
    """With a group in the id a failed sub-test is still its test's."""
    recorder = Recorder("")
    for made in (sub("failed"), report("call", "passed")):
        made.nodeid = "a.py::x@g"
        recorder.pytest_runtest_logreport(made)
    recorder.pytest_runtest_logreport(report("call", "passed", test="a.py::x@h"))
    assert finished(recorder).results["a.py::x"].outcome == "failed"


@pytest.mark.parametrize(
    ("longrepr", "reason"),
    [(("a.py", 3, "Skipped: no\n  db"), "no db"), (None, None), ("Skipped: \udcff", "\\udcff"), ("x" * 300, "x" * 200)],
)
def test_skip_reasons(longrepr: object, reason: str | None) -> None:
    """A skip's reason is one line of at most 200 characters that UTF-8 can hold."""
    recorder = Recorder("")
    recorder.pytest_runtest_logreport(report("setup", "skipped", longrepr=longrepr))
    assert finished(recorder).results["a.py::x"].reason == reason


def test_the_rest_of_a_run() -> None:
    """Collection, narrowing, mishaps and lost workers are handed on."""
    recorder = Recorder("")
    recorder.pytest_testnodedown(object(), None)
    recorder.pytest_testnodedown(object(), "crashed")
    run = finished(recorder)
    assert run.mishaps == ("odd", "worker a worker crashed, and its coverage is lost")
    assert (run.whole_files, run.broken_files, run.why_partial) == (frozenset({"a.py"}), {"b.py": "why"}, ("-k was given",))
    assert run.interrupted is None


def test_interruptions() -> None:
    """Ctrl-C, ``pytest.exit`` and internal errors are remembered; that xdist stops after ``-x`` is none."""
    recorder = Recorder("")
    for error, said in ((type("Interrupted", (Exception,), {})("stop"), None), (KeyboardInterrupt(), "KeyboardInterrupt")):
        with pytest.raises(type(error)) as caught:
            raise error
        recorder.pytest_keyboard_interrupt(caught)
        assert recorder.interrupted == said
    with pytest.raises(RuntimeError) as broke:
        raise RuntimeError("it broke\nin two lines")
    recorder.pytest_internalerror(broke)
    assert recorder.interrupted == "internal error: RuntimeError: it broke"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n\nE   first\nE       second\n", "first"),
        ("\n  plain \nmore", "plain"),
        (
            'E     File "/home/me/test_a.py", line 1\nE       def\nE          ^\nE   SyntaxError: invalid syntax\n',
            "SyntaxError: invalid syntax",
        ),
        ("", "no message"),
        ("E   \udcff\x1b[31m", "\\udcff\\x1b[31m"),
        ("y" * 300, "y" * 200),
    ],
)
def test_the_line_that_says_what_is_wrong(text: str, line: str) -> None:
    """The first line that pytest marks is the error, else the first line at all; always printable, never long."""
    assert first_line(text) == line


@pytest.mark.parametrize(
    ("nodeid", "test"),
    [
        ("a.py::x@g", "in/a.py::x"),
        ("a.py::x[a@b]", "in/a.py::x[a@b]"),
        ("a.py::x[a@b]@g", "in/a.py::x[a@b]"),
        ("a.py::x@g@h", "in/a.py::x"),
        ("a@b/c.py::x", "in/a@b/c.py::x"),
        ("a@b/c.py::x@g::h", "in/a@b/c.py::x"),
        ("a@b.txt", "in/a@b.txt"),
        ("users.cases::login admin@de", "in/users.cases::login admin@de"),
        ("users.cases::login admin@de@g", "in/users.cases::login admin@de"),
        ("users.cases::nobody@de", "in/users.cases::nobody@de"),
    ],
)
def test_groups(nodeid: str, test: str) -> None:
    """A group stands behind the id of a collected test; any other ``@`` belongs to the id."""
    tests = {"in/a.py::x", "in/a.py::x[a@b]", "in/a@b/c.py::x", "in/users.cases::login admin@de"}
    assert key_of(nodeid, "in/", tests) == test


def test_each_test_ends_under_its_own_id() -> None:
    """Also where the reports of several processes come in turns, and where a test fails after one that passed."""
    ended: list[tuple[str, str]] = []
    recorder = Recorder("", ended=lambda test, result: ended.append((test, result.outcome)))
    places = {test: ("a.py", 1, test) for test in ("a.py::x", "a.py::y", "a.py::z")}
    for when, outcome, test in [
        ("call", "passed", "a.py::x"), ("call", "passed", "a.py::y"), ("teardown", "passed", "a.py::x"),
        ("teardown", "passed", "a.py::y"), ("call", "failed", "a.py::z"), ("teardown", "passed", "a.py::z"),
    ]:  # fmt: skip
        made = report(when, outcome, test=test)
        made.location = places[test]
        recorder.pytest_runtest_logreport(made)
    assert ended == [("a.py::x", "passed"), ("a.py::y", "passed"), ("a.py::z", "failed")]
