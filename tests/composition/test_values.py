"""What the evidence says at each place of a document."""

from __future__ import annotations

from typing import Any

import pytest

from builders import coverage_of, facts_of, run_info
from pytest_handoff.composition.values import values
from pytest_handoff.record import Changes

PASSED = "unit a.py::x passed"


def value(
    place: str, now: str = PASSED, before: str = "", *, agent: str | None = None, percent: float | None = None, **more: Any
) -> str | None:
    """The text at one place, or nothing where the evidence says nothing."""
    return values(facts_of(now, before, **more), agent=agent, parent_percent=percent).get(place)


@pytest.mark.parametrize(
    ("place", "now", "before", "text"),
    [
        ("overview.session", PASSED, "", "session-2"),
        ("overview.date", PASSED, "", "2026-01-02"),
        ("overview.duration", PASSED, "", "test run: 12 s"),
        ("overview.agent", PASSED, "", None),
        ("tests.total", f"{PASSED}\nunit b.py::y failed\ne2e c.py::z skipped", PASSED, "1/3 passed, 1 failed, 1 skipped"),
        ("tests.total", "unit a.py::x gone retired=session-2:why", PASSED, "none: there are no tests"),
        ("tests.current", PASSED, "", "1/1 passed"),
        ("tests.current", f"{PASSED}\nunit a.py::y failed\nunit a.py::z error", "", "1/3 passed, 1 failed, 1 in error"),
        ("tests.current", f"{PASSED}\ne2e b.py::y skipped", "", "1/2 passed, 1 skipped"),
        ("tests.current@e2e", f"{PASSED}\ne2e b.py::y skipped", "", "0/1 passed, 1 skipped"),
        ("tests.current@e2e", PASSED, "", "1/1 passed (tests of every tier: there are no e2e tests)"),
        ("tests.current@e2e", PASSED, PASSED, "none: no new test"),
        ("tests.current", PASSED, PASSED, "none: no new test"),
        ("tests.current@e2e", "e2e b.py::x passed", "e2e b.py::x passed", "none: no new e2e test"),
        ("tests.previous", PASSED, "", "none: session-2 is the first session"),
        ("tests.previous", PASSED, "unit a.py::y skipped", "1/1 passed"),
        ("tests.previous", "unit a.py::x gone\nunit a.py::y not_run", PASSED, "0/2 passed, 1 missing, 1 not run"),
        ("tests.previous@e2e", f"{PASSED}\ne2e b.py::y passed since=session-2", PASSED, "none: no earlier e2e test"),
        ("tests.new", PASSED, PASSED, "no new test"),
        ("tests.new", f"{PASSED}\ne2e b.py::y passed", "", "2 tests (first session): 1 e2e, 1 unit, in `a.py`, `b.py`"),
        ("tests.new", f"{PASSED}\nunit b.py::y passed since=session-2", PASSED, "1 new test: 1 unit, in `b.py`"),
        ("tests.failures", PASSED, "", "none"),
        ("tests.failures", "unit a.py::x[|] failed error=a*b", "", "`a.py::x[|]` — a\\*b"),
        ("tests.failures", "unit a.py::x gone\nunit a.py::y skipped", f"{PASSED}\nunit a.py::y passed",
         "`a.py::x` — missing; `a.py::y` — skipped now"),
        ("tests.failures", f"{PASSED}\nunit a.py::y not_run\nunit b.py::z not_run",
         f"{PASSED}\nunit a.py::y passed\nunit b.py::z passed", "2 earlier tests not run, in `a.py`, `b.py`"),
        ("tests.failures#count", "unit a.py::x gone\nunit a.py::y failed", PASSED, "2"),
        ("tests.total#count", f"{PASSED}\nunit b.py::y failed", PASSED, "2"),
        ("tests.total#percent", f"{PASSED}\nunit b.py::y failed", PASSED, "50.0 % passing"),
        ("tests.since.session-1", f"{PASSED}\nunit b.py::y failed", f"{PASSED}\nunit b.py::y passed", "1/2 passed, 1 failed"),
        ("tests.since.session-1@e2e", f"{PASSED}\ne2e b.py::y failed", f"{PASSED}\ne2e b.py::y passed", "0/1 passed, 1 failed"),
        ("tests.since.session-1@e2e", PASSED, PASSED, "none: no e2e test is of session-1"),
        (
            "tier.unit.status#fraction", f"{PASSED}\nunit b.py::y skipped\nunit c.py::z xfailed", PASSED,
            "1/3 passed, 1 skipped, 1 xfailed",
        ),
        ("tier.unit.status#fraction", f"{PASSED}\nunit b.py::y failed", PASSED, "1/2 passed, 1 failed"),
        ("tier.e2e.status#fraction", PASSED, PASSED, "0/0 passed (no e2e test)"),
        ("tier.e2e.status#percent", PASSED, PASSED, "no rate: no test"),
        ("next.existing", "unit a.py::x failed", "", "none: no test passes"),
        ("next.existing", f"{PASSED}\ne2e b.py::y passed", "",
         "2 tests that pass now (1 e2e, 1 unit), in 2 files; ledger `0123456789ab`"),
        ("next.existing", f"{PASSED} retired=session-2:y", PASSED, "none: no test passes"),
        ("next.new", PASSED, "", "none promised"),
        ("next.new", "unit a.py::x xfailed promised reason=later", "", "`a.py::x` — later"),
        ("next.integration", PASSED, "", None),
        ("next.integration", "integration a.py::x passed", "",
         "1 test that passes now (1 integration), in 1 file; ledger `0123456789ab`"),
        ("coverage.total", PASSED, "", "not measured: no pytest-cov"),
        ("files.created", PASSED, "", None),
    ],
)  # fmt: skip
def test_values(place: str, now: str, before: str, text: str | None) -> None:
    """Each place has one plain text, and none where nothing is known."""
    assert value(place, now, before) == text


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("tests.current", "1/1 passed (incomplete run)"),
        ("tests.failures", "none (incomplete run)"),
        ("coverage.total", "90.0 % (incomplete run)"),
    ],
)
def test_an_incomplete_run_is_called_so(place: str, text: str) -> None:
    """No figure of a part of the tests stands there as one of all."""
    assert value(place, why_incomplete=["-k was given"], coverage=coverage_of(a=(9, 10))) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, None), (0.2, "test run: 1 s"), (60.0, "test run: 1 min 0 s"), (3671.5, "test run: 61 min 12 s")],
)
def test_duration(seconds: float, text: str | None) -> None:
    """A duration stands in whole seconds, and not at all where the clock was held still."""
    assert value("overview.duration", run=run_info(duration_s=seconds)) == text


def test_agent_and_coverage_of_the_session_before() -> None:
    """Who worked is named as said, and coverage stands beside that of the session before."""
    assert value("overview.agent", agent="a_b *x*") == "a_b \\*x\\*"
    shown = value("coverage.total", PASSED, PASSED, percent=99.99, coverage=coverage_of(a=(999, 1000)))
    assert shown == "99.9 % (session-1: 99.9 %)"
    assert value("coverage.total", PASSED, percent=99.99, coverage=coverage_of(a=(10, 10))) == "100 %"


def test_a_first_session_does_not_count_the_repository_as_its_work() -> None:
    """Whether a project had a past is not known, so nothing is said of what its first session changed."""
    changes = Changes(
        created=["src/a.py"], modified=[], removed=[], renamed=[], lines_added=10_955, lines_removed=0, tests_added=9,
        documents_changed=7,
    )  # fmt: skip
    found = values(facts_of(PASSED, changes=changes), agent=None, parent_percent=None)
    told = {text for place, text in found.items() if place.startswith(("files.", "stats."))}
    assert told == {"not known: first session", "- not known: first session"}


def test_changes() -> None:
    """Changed files and their numbers each have their place."""
    changes = Changes(
        created=["src/a.py"], modified=["src/b.py"], removed=[], renamed=[("old.py", "new.py")], lines_added=1234,
        lines_removed=5, tests_added=2, documents_changed=1,
    )  # fmt: skip
    found = values(facts_of(PASSED, PASSED, changes=changes), agent=None, parent_percent=None)
    assert {place: text for place, text in found.items() if place.startswith(("files.", "stats."))} == {
        "files.created": "src/\n└── a.py",
        "files.modified": "src/b.py\nnew.py (was old.py)",
        "files.removed": "none",
        "files.list": "- `src/a.py` - new\n- `src/b.py` - changed\n- `new.py` - was `old.py`",
        "stats.lines_added": "1,234 (and 5 removed)",
        "stats.files_created": "1",
        "stats.files_modified": "2",
        "stats.tests_added": "2",
        "stats.docs_updated": "1",
    }
