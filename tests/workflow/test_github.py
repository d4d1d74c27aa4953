"""Annotations as GitHub Actions reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import WriteProblem
from pytest_handoff.workflow.ci import (
    SUMMARY_LIMIT,
    Annotation,
    annotations_of,
    append_summary,
    error_commands,
    fitting,
    gate_summary,
    on_github,
)
from pytest_handoff.workflow.steps import Step

if TYPE_CHECKING:
    from pathlib import Path


def test_an_annotation_becomes_a_workflow_command() -> None:
    """Path, lines, title and message are escaped as workflow commands want it."""
    found = Annotation(path="handoffs/a,b.md", line=3, end=5, title="tests+a:b", message="50% of\nit: no")
    assert error_commands([found]) == ["::error file=handoffs/a%2Cb.md,line=3,endLine=5,title=tests+a%3Ab::50%25 of%0Ait: no"]
    found = Annotation(path="record.json", title="chain", message="is missing")
    assert error_commands([found]) == ["::error file=record.json,title=chain::is missing"]


def test_steps_stand_beside_their_lines() -> None:
    """Each block of new lines has its own; a placeholder and what has no place have none."""
    steps = [
        Step(kind="failures", what="a::t failed", do="make it pass", file="a.py", line=2, names=["a::t"]),
        Step(kind="new_code", what="b.py 3, 7-9: new", do="test them", file="b.py", line=3, names=["3", "7-9"]),
        Step(kind="new_code", what="not measured", do="measure it", file="handoffs/s.md", line=4),
        Step(kind="document", what="differs", do="fill it", file="handoffs/s.md", command="handoff fill s"),
        Step(kind="complete", what="-k was given", do="run all"),
        Step(kind="placeholder", what="Agent", do="write over it", file="handoffs/s.md", line=1),
    ]
    assert [(one.path, one.line, one.end, one.title) for one in annotations_of(steps)] == [
        ("a.py", 2, None, "failures"),
        ("b.py", 3, None, "new_code"),
        ("b.py", 7, 9, "new_code"),
        ("handoffs/s.md", 4, None, "new_code"),
        ("handoffs/s.md", None, None, "document"),
    ]
    assert annotations_of(steps)[-1].message == "differs; fill it: handoff fill s"


@pytest.mark.parametrize(
    ("found", "shown", "last"), [(10, 10, "::f9"), (11, 10, "::2 more; handoff next lists all 11"), (0, 0, "")]
)
def test_no_more_than_ten_are_written(found: int, shown: int, last: str) -> None:
    """GitHub drops errors beyond the tenth without a word, so the tenth says how many more there are."""
    lines = error_commands([Annotation(path=f"f{number}", title="t", message=f"f{number}") for number in range(found)])

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
    assert found.splitlines()[2:] == ["| Gate | What | Fix |", "|---|---|---|", r"| claims | a \| b # c | mend it |"]


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
    assert path.read_text("utf-8").endswith("Cut off here; the log of this step has the rest.\n")
    assert path.stat().st_size <= SUMMARY_LIMIT
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(WriteProblem, match="cannot be written"):
        append_summary("one\n")
