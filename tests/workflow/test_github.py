"""Annotations as GitHub Actions reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import WriteProblem
from pytest_handoff.workflow.ci import SUMMARY_LIMIT, append_summary, error_commands, fitting, gate_summary, on_github

if TYPE_CHECKING:
    from pathlib import Path


def test_a_finding_becomes_a_workflow_command() -> None:
    """Path, line and message are escaped as workflow commands want it."""
    assert error_commands([("handoffs/a,b.md", 3, "50% of\nit: no")]) == [
        "::error file=handoffs/a%2Cb.md,line=3,title=handoff::50%25 of%0Ait: no"
    ]
    assert error_commands([("record.json", None, "is missing")]) == ["::error file=record.json,title=handoff::is missing"]


@pytest.mark.parametrize(
    ("findings", "shown", "last"), [(10, 10, "::f9"), (11, 10, "::2 more; the step's log has all 11"), (0, 0, "")]
)
def test_no_more_than_ten_are_written(findings: int, shown: int, last: str) -> None:
    """GitHub drops errors beyond the tenth without a word, so the tenth says how many more there are."""
    lines = error_commands([(f"f{number}", None, f"f{number}") for number in range(findings)])

    assert len(lines) == shown
    assert not lines or lines[-1].endswith(last)


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("", False), ("1", False)])
def test_only_github_is_github(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    """The variable that GitHub documents decides."""
    monkeypatch.setenv("GITHUB_ACTIONS", value)

    assert on_github() is expected


def test_the_summary_of_the_gate() -> None:
    """Each reason is a row in which nothing can forge another; without one the gate passes."""
    assert gate_summary("s-1", []) == "### Hand-off s-1: the gate passes\n\n"
    found = gate_summary("s-1", [("claims", "a | b\n# c", "mend it")])
    assert found.splitlines()[2:] == ["| Gate | What | To mend |", "|---|---|---|", r"| claims | a \| b # c | mend it |"]


@pytest.mark.parametrize(
    ("limit", "expected"), [(12, b"one\ntwo\nsix\n"), (11, b"one\ntwo>>"), (8, b"one>>"), (2, b""), (0, b""), (-5, b"")]
)
def test_a_text_that_must_fit(limit: int, expected: bytes) -> None:
    """It is cut at a line, and says so; where not even that fits there is nothing."""
    assert fitting("one\ntwo\nsix\n", limit, ">>") == expected
    assert len(fitting("one\ntwo\nsix\n", limit, ">>")) <= max(limit, 0)


def test_the_summary_is_appended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Behind what the step said before, within what GitHub shows of all of it; without the variable nothing is written."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    append_summary("lost\n")
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    append_summary("one\n")
    append_summary("x\n" * SUMMARY_LIMIT)
    append_summary("too late\n")

    assert path.read_text("utf-8").startswith("one\nx\n")
    assert path.read_text("utf-8").endswith("Cut here; the step's log has the rest.\n")
    assert path.stat().st_size <= SUMMARY_LIMIT
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(WriteProblem, match="cannot be written"):
        append_summary("one\n")
