"""The tests of several parts as those of one run."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import collection_of, part_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.parts import joining
from pytest_handoff.run import CaseResult

LINUX, WINDOWS = "Linux x86_64", "Windows AMD64"


def outcome(parts: list[str], **on: str) -> tuple[str, bool, dict[str, str]]:
    """Outcome, flakiness and outcome by part of one test that ended so in parts ``a``, ``b``, …, all of one environment."""
    labels = zip("abc", parts, strict=False)
    made = [part_of(f"unit t.py::x {how}", label=label, platform=on.get(label, LINUX)) for label, how in labels]
    run = joining.joined_run(made)
    result = run.results["t.py::x"]
    return result.outcome, result.flaky, run.differing.get("t.py::x", {})


@pytest.mark.parametrize(
    ("parts", "worst", "flaky"),
    [
        (["passed", "passed"], "passed", False),
        (["passed", "failed"], "failed", True),
        (["failed", "passed"], "failed", True),
        (["error", "passed"], "error", True),
        (["failed", "error"], "failed", True),
        (["xfailed", "passed"], "xfailed", True),
        (["xpassed", "passed"], "xpassed", True),
        (["skipped", "passed"], "passed", False),
        (["skipped", "xpassed"], "xpassed", False),
        (["skipped", "failed"], "failed", False),
        (["skipped", "skipped"], "skipped", False),
        (["passed", "skipped", "failed"], "failed", True),
    ],
)
def test_the_worst_outcome_counts(parts: list[str], worst: str, flaky: bool) -> None:
    """Two verdicts of one environment on one tree are flaky; a skip is none, and takes nothing away from a test that ran."""
    found = outcome(parts)

    assert found[:2] == (worst, flaky)
    assert list(found[2].values()) == (parts if len(set(parts)) > 1 else [])


def test_environments_may_differ() -> None:
    """What fails on one system only is no flaky test; every part's outcome is kept."""
    assert outcome(["passed", "failed"], b=WINDOWS) == ("failed", False, {"a": "passed", "b": "failed"})
    assert outcome(["passed", "passed flaky"], b=WINDOWS) == ("passed", True, {})


def test_an_earlier_attempt_makes_flaky_and_decides_nothing() -> None:
    """A job that was run again counts with its newest attempt, whatever it ran on; what changed in it is flaky."""
    old = part_of("unit t.py::x failed\nunit t.py::y passed", label="a", attempt=1, python="3.13.1")
    new = part_of("unit t.py::x passed\nunit t.py::y passed", label="a", attempt=2, python="3.13.2")
    run = joining.joined_run([new], [old])

    assert run.results == {"t.py::x": CaseResult(outcome="passed", flaky=True), "t.py::y": CaseResult(outcome="passed")}
    assert run.differing == {"t.py::x": {"a": "failed", "a (attempt 2)": "passed"}}


def test_shares_add_up() -> None:
    """What nobody ran did not run; collected is what any part collected, and each part's mishaps name it."""
    suite = "unit t.py::x unrun\nunit t.py::y unrun\nunit t.py::z unrun"
    one = part_of(suite.replace("x unrun", "x passed"), label="1", mishaps=["lost"])
    two = part_of(suite.replace("y unrun", "y failed"), label="2", exitstatus=1)
    run = joining.joined_run([one, two], mishaps=["the part '3' is missing"])

    assert list(run.collected) == ["t.py::x", "t.py::y", "t.py::z"]
    assert {test: result.outcome for test, result in run.results.items()} == {"t.py::x": "passed", "t.py::y": "failed"}
    assert run.mishaps == ("the part '3' is missing", "1: lost")
    assert (run.exitstatus, run.differing) == (1, {})


def test_a_share_without_a_test_is_no_failure() -> None:
    """pytest ends with 5 where nothing was selected; that is one part's emptiness, not the session's."""
    run = joining.joined_run([part_of("unit t.py::x passed", label="1"), part_of("unit t.py::x unrun", label="2", exitstatus=5)])

    assert run.exitstatus == 0


def test_the_scope_is_that_of_all_parts() -> None:
    """How each part was narrowed, once; files that could not be collected are named."""
    unit = part_of("unit t.py::x passed", label="unit", why_partial=["-m was given"], broken={"b.py": "boom"})
    e2e = part_of("e2e e.py::x passed", label="e2e", why_partial=["-m was given"])
    scope = joining.joined_scope([e2e, unit], joining.joined_run([e2e, unit]))

    assert scope.parts == ("-m was given",)
    assert scope.whole_files == {"t.py", "e.py"}
    assert scope.mishaps == ("b.py could not be collected: boom",)


SUITE = "unit t.py::x passed\nunit t.py::y unrun"
OTHER = "unit t.py::x unrun\nunit t.py::z passed"


def test_shards_must_collect_the_same() -> None:
    """Where a share is dealt out from a list that differs, a test may be in nobody's; file, test and parts are named."""
    with pytest.raises(EvidenceProblem, match=r"'1' and '2' collected different tests from t\.py \(t\.py::y and 1 more\)"):
        joining.joined_run([part_of(SUITE, label="1"), part_of(OTHER, label="2")])


@pytest.mark.parametrize(
    "other",
    [
        {"platform": WINDOWS},
        {"python": "3.11.1"},
        {"plugins": {"pytest": "8.4.0"}},
        {"whole": []},
    ],
    ids=str,
)
def test_what_may_collect_otherwise(other: dict[str, object]) -> None:
    """Another environment has other tests, and so has a part that was given single ids of a file."""
    assert len(joining.joined_run([part_of(SUITE, label="1"), part_of(OTHER, label="2", **other)]).collected) == 3


def test_parts_that_ran_all_they_have_may_differ() -> None:
    """Two jobs with different services, each of which ran every test that it has."""
    run = joining.joined_run([part_of("unit t.py::x passed", label="1"), part_of("unit t.py::y passed", label="2")])

    assert list(run.results) == ["t.py::x", "t.py::y"]


def test_one_collection_is_looked_at_once() -> None:
    """Shards share the object; that of another folder is another one."""
    seen = collection_of(SUITE)
    parts = [part_of(SUITE, label=label, collection=seen, folder=Path(label)) for label in "ab"]

    assert len(joining.joined_run(parts).collected) == 2


def test_versions_of_plugins_are_told() -> None:
    """Each plugin with every version that a part used, pytest first."""
    one = part_of("unit t.py::x passed", label="1", plugins={"pytest": "8.4.0", "b": "1"})
    two = part_of("unit t.py::x passed", label="2", plugins={"pytest": "9.2.0", "a": "1", "b": "1"})

    assert list(joining.joined_run([one, two]).plugins.items()) == [("pytest", "8.4.0, 9.2.0"), ("a", "1"), ("b", "1")]


def test_what_the_record_keeps_of_a_part() -> None:
    """Its label, where it ran, and its outcomes; nothing that did not occur."""
    kept = joining.combined_part(part_of("unit t.py::x passed\nunit t.py::y failed", label="py", attempt=2, exitstatus=1))

    assert (kept.label, kept.attempt, kept.exitstatus, kept.counts) == ("py", 2, 1, {"passed": 1, "failed": 1})
