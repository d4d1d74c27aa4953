"""The statement about a session: its subjects, its result, and where each test is listed."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from builders import facts_of
from pytest_handoff.cli.attest import Digests, statement
from pytest_handoff.record import Provenance, Verdict

NOW = """
    unit a.py::passed passed
    unit a.py::flaky passed flaky
    unit a.py::skipped skipped
    unit a.py::xfailed xfailed
    unit a.py::failed failed
    unit a.py::not_run not_run
    unit a.py::gone gone
    unit a.py::retired gone retired=session-2:why
"""
WAIVED = Verdict(id="policy", verdict="waived", evidence="looser (waived: vendored code came in)")
FAILED = Verdict(id="failures", verdict="failed", evidence="one failed")


def told(blocking: tuple[Verdict, ...] = (), verdicts: tuple[Verdict, ...] = (), **changes: Any) -> dict[str, Any]:
    """The statement as a table."""
    facts = facts_of(NOW, "unit a.py::passed passed", **changes)
    composed = SimpleNamespace(facts=facts, blocking=list(blocking), verdicts=list(verdicts))
    table: dict[str, Any] = json.loads(statement(composed, Digests(files={"b": "sha256:2", "a": "sha256:1"})))  # type: ignore[arg-type] # all it looks at
    return table


def test_every_test_is_listed_once() -> None:
    """Passed ones, those that a reader has to know of, and all others; a retired one is none."""
    predicate = told()["predicate"]
    assert predicate["passedTests"] == ["a.py::passed"]
    assert predicate["warnedTests"] == ["a.py::flaky", "a.py::skipped", "a.py::xfailed"]
    assert predicate["failedTests"] == ["a.py::failed", "a.py::gone", "a.py::not_run"]


@pytest.mark.parametrize(
    ("blocking", "verdicts", "result"),
    [((), (), "PASSED"), ((), (WAIVED,), "WARNED"), ((FAILED,), (WAIVED,), "FAILED")],
)
def test_the_result(blocking: tuple[Verdict, ...], verdicts: tuple[Verdict, ...], result: str) -> None:
    """What blocks fails; what only a waiver lets through is a warning."""
    assert told(blocking, verdicts)["predicate"]["result"] == result


@pytest.mark.parametrize(
    ("commit", "dirty", "names"),
    [("c0ffee", False, ["tree-without-handoff-files", "commit"]), ("c0ffee", True, ["tree-without-handoff-files"]),
     (None, None, ["tree-without-handoff-files"])],
)  # fmt: skip
def test_the_subjects(commit: str | None, dirty: bool | None, names: list[str]) -> None:
    """The tree always; the commit only where nothing beside it was in the tree."""
    source = replace(facts_of(NOW).record.source, commit=commit, dirty=dirty)
    table = told(source=source)
    assert [subject["name"] for subject in table["subject"]] == names
    assert table["subject"][0]["digest"] == {"sha256": "tree"}


def test_files_and_the_run() -> None:
    """The policy comes first, then files by name; the address of the run where there is one."""
    ran = told(provenance=Provenance(kind="ci", run_url="https://ci.example/1", attempt=1))["predicate"]
    assert [entry["name"] for entry in ran["configuration"]] == ["policy", "a", "b"]
    assert ran["configuration"][1]["digest"] == {"sha256": "1"}
    assert ran["url"] == "https://ci.example/1"
    assert "url" not in told()["predicate"]
