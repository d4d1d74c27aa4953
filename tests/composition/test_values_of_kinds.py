"""What stands at the places of recoveries, summaries, phase READMEs and tables of metrics."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from builders import coverage_of, facts_of, new_code_of, run_info
from pytest_handoff.composition.values import Rows, values
from pytest_handoff.evidence.facts import DocumentFacts
from pytest_handoff.record import CoverageSummary, Metric

PASSED = "unit a.py::x passed"


def value(place: str, now: str = PASSED, *, rows: Rows | None = None, **record: Any) -> str | None:
    """The text at one place."""
    return values(facts_of(now, PASSED, **record), agent=None, parent_percent=None, rows=rows or Rows()).get(place)


@pytest.mark.parametrize(
    ("now", "state", "passing", "issues"),
    [
        (PASSED, "Passing", "1/1 tests", "none"),
        (f"{PASSED}\nunit a.py::y failed error=no", "Failing", "1/2 tests", "`a.py::y` — no"),
        (f"{PASSED}\nunit a.py::y error", "Failing", "1/2 tests", "`a.py::y` — failed"),
        (f"{PASSED}\nunit a.py::y not_run", "Not all were run", "1/2 tests", "1 earlier test not run, in `a.py`"),
        ("unit a.py::x skipped", "None passes", "0/1 tests", "`a.py::x` — skipped now"),
        ("unit a.py::x gone", "Not yet written", "no test", "`a.py::x` — missing"),
        ("e2e a.py::x passed", "Not yet written", "no test", "none"),
    ],
)
def test_a_tier(now: str, state: str, passing: str, issues: str) -> None:
    """A kind of tests is passing only where nothing fails and everything ran."""
    found = [value(f"tier.unit.{what}", now) for what in ("status", "passing", "issues")]
    assert found == [state, passing, issues]


def test_a_part_is_called_one() -> None:
    """The status of a tier in an incomplete run says that it is."""
    assert value("tier.unit.status", why_incomplete=["-k x"]) == "Passing (incomplete run)"


@pytest.mark.parametrize(
    ("tier", "record", "expected"),
    [
        ("unit", {}, "not measured: no pytest-cov"),
        ("e2e", {}, "no test"),
        ("unit", {"coverage": coverage_of(a=(9, 10))}, "not measured for this tier alone; 90.0 % of all code by all tests"),
        (
            "unit",
            {"coverage": coverage_of(a=(9, 10)), "new_code": new_code_of(3, covered=3, unit=2)},
            "66.6 % of the new code by unit tests; 90.0 % of all code by all tests",
        ),
    ],
)
def test_coverage_of_a_tier(tier: str, record: dict[str, Any], expected: str) -> None:
    """What one kind of tests covers is known of unit tests and new code only, and is never guessed."""
    assert value(f"tier.{tier}.coverage", **record) == expected


def test_commands_run_what_failed() -> None:
    """The commands name failing tests so that a shell takes them as they are."""
    now = f"{PASSED}\nunit a.py::y[1~$b] failed"
    assert value("recovery.commands", now) == (
        "git status\npython -m pytest 'a.py::y[1~$b]'\npython -m pytest --handoff=session-2\n"
        "handoff explain session-2\nhandoff gate session-2"
    )


@pytest.mark.parametrize(
    ("target", "expected"),
    [("2+", "✅ met"), ("3", "❌ not met"), ("2", "✅ met"), ("> 2", "❌ not met"), ("80%", None), ("many", None), ("", None)],
)
def test_a_count_and_its_target(target: str, expected: str | None) -> None:
    """A bare number is the least that is wanted; a target of another kind says nothing."""
    rows = Rows(targets={"metrics.tests": target})
    assert value("metrics.tests.status", f"{PASSED}\nunit a.py::y passed", rows=rows) == expected


@pytest.mark.parametrize(
    ("covered", "target", "expected"),
    [((18, 20), ">90%", "❌ not met"), ((19, 20), ">90%", "✅ met"), ((18, 20), "≥ 90 %", "✅ met"), ((18, 20), "90", None)],
)
def test_coverage_and_its_target(covered: tuple[int, int], target: str, expected: str | None) -> None:
    """A share is compared exactly, and only with a percentage."""
    rows = Rows(targets={"metrics.coverage": target})
    assert value("metrics.coverage.status", rows=rows, coverage=coverage_of(a=covered)) == expected


def test_no_part_of_the_tests_meets_a_target() -> None:
    """In an incomplete run a target may be missed, never met."""
    rows = Rows(targets={"metrics.tests": "1", "metrics.pass_rate": ">100%"})
    assert value("metrics.tests.value", rows=rows, why_incomplete=["-k x"]) == "1 (incomplete run)"
    assert value("metrics.tests.status", rows=rows, why_incomplete=["-k x"]) == "not known (incomplete run)"
    assert value("metrics.pass_rate.status", rows=rows, why_incomplete=["-k x"]) == "❌ not met"


def test_what_was_not_measured_is_left_out() -> None:
    """No coverage, no new code, no test, no clock: no figure; nothing new is said in words."""
    nothing = CoverageSummary(percent=100.0, branch_percent=None, num_statements=0, covered=0, files={})
    assert value("metrics.coverage.value") is None
    assert value("metrics.coverage.value", coverage=nothing) is None
    assert value("metrics.new_code.value") is None
    assert value("metrics.pass_rate.value", "unit a.py::x gone") is None
    assert value("metrics.duration.value", run=run_info(duration_s=0.0)) is None
    assert value("metrics.duration.value") == "12 s"
    assert value("metrics.duration.value", run=run_info(parts=["tests/unit", "tests/e2e"])) is None
    assert value("targets.new_code.value", new_code=new_code_of(0, covered=0)) == "no new statements"


def test_how_long_the_run_took() -> None:
    """The run's duration beside its target and the run before; of a part no target is met, and a baseline says nothing."""
    facts = replace(
        facts_of(PASSED), baselines={"metrics.duration": 24.0}, document=DocumentFacts(targets={"metrics.duration": "< 1 min"})
    )
    part = replace(facts, record=replace(facts.record, run=run_info(why_incomplete=["-k x"])))
    found = [values(one, agent=None, parent_percent=None) for one in (facts, part)]
    rows = [{place.rpartition(".")[2]: text for place, text in one.items() if "duration." in place} for one in found]
    assert rows[0] == {"value": "12 s", "baseline": "24 s", "before": "24 s", "improvement": "+50.0 %", "status": "✅ met"}
    assert rows[1] == {
        "value": "12 s (incomplete run)", "baseline": "24 s", "before": "24 s", "status": "not known (incomplete run)",
    }  # fmt: skip


@pytest.mark.parametrize(("path", "expected"), [("src/a.py", "50.0 %"), ("src", "75.0 %"), ("lib", None)])
def test_coverage_of_a_path(path: str, expected: str | None) -> None:
    """A path's figure is that of all measured files below it."""
    rows = Rows(paths={f"targets.{path}": path})
    assert value(f"targets.{path}.value", rows=rows, coverage=coverage_of(a=(1, 2), b=(2, 2))) == expected


def test_counts_of_named_files() -> None:
    """Files that are known have a figure, others none."""
    places = ("count.tests:a.py", "count.lines:src/a.py", "count.tests:b.py", "count.lines:src/b.py")
    rows = Rows(counts=places, line_counts={"src/a.py": 1})
    assert [value(place, rows=rows) for place in places] == ["1 test", "1 line", None, None]


def test_the_results_of_a_phase() -> None:
    """The block of results has the outcomes, then coverage by file, cut after forty."""
    files = {f"f{number:02}": (1, 1) for number in range(42)}
    text = value("phase.results", f"{PASSED}\nunit a.py::y not_run", coverage=coverage_of(**files), why_incomplete=["-k x"])
    assert text is not None
    lines = text.splitlines()
    assert lines[:4] == ["1 passed, 1 not run", "", "Coverage", "src/f00.py    100 %"]
    assert lines[-2:] == ["… and 2 more files", "TOTAL         100 % (incomplete run)"]
    assert value("phase.results", "unit a.py::x gone") == "no test was run\n\nCoverage was not measured: no pytest-cov"
    assert value("phase.files") == "1 test file"


def test_a_metric_in_its_row() -> None:
    """All columns of a metric's row; a target that a person wrote is read instead of filled."""
    metric = Metric(name="Check out", value=100, unit="ms", better="lower")
    facts = replace(
        facts_of(PASSED, metrics=[metric]),
        baselines={"Check out": 125.0},
        document=DocumentFacts(targets={"metric.Check-out": "< 90 ms"}),
    )
    found = values(facts, agent=None, parent_percent=None)
    shown = {place.removeprefix("metric.Check-out."): text for place, text in found.items() if place.startswith("metric.")}
    assert shown == {
        "value": "100 ms", "baseline": "125 ms", "before": "125 ms", "improvement": "+20.0 %", "status": "❌ not met",
    }  # fmt: skip
