"""What `handoff show` says of failing tests, in short and with ``-v``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from builders import facts_of
from pytest_handoff.cli.failures import details_lines, details_table
from pytest_handoff.config import Config
from pytest_handoff.details import Attachment, Details, Failure, Section
from pytest_handoff.project.layout import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(folder=tmp_path, root=tmp_path, uses_git=False, config=Config(), handoffs=tmp_path / "handoffs")


def failure(number: int = 1, **changes: Any) -> Failure:
    fields: dict[str, Any] = {"outcome": "failed", "message": f"t.py:{number}: boom", "text": "def x():\nE   one\nE   two\n"}
    return Failure(test=f"t.py::x{number}", **fields | changes)


def shown(project: Project, *failures: Failure, everything: bool = False, left_out: str | None = None) -> list[str]:
    details = Details(schema="", session="session-2", record="", failures=list(failures), left_out=left_out)
    lines = details_lines(project, details, facts_of("unit t.py::x1 failed"), everything=everything)
    return ["".join(part.text for part in line) for line in lines]


def test_nothing_failed(project: Project) -> None:
    """Then there is nothing to say, not even a headline."""
    assert shown(project) == []


def test_a_failure_in_short(project: Project) -> None:
    """Where and why, and how to run it alone."""
    assert shown(project, failure()) == [
        "failures",
        "  ✗ t.py::x1",
        "      t.py:1: boom",
        "      E   one",
        "      E   two",
        "      run it alone: pytest t.py::x1",
    ]


def test_a_failure_of_many_lines(project: Project) -> None:
    """Ten of them are shown; where there is no place, none is named."""
    text = "".join(f"E   {number}\n" for number in range(1, 13))
    lines = shown(project, failure(message="", text=text, outcome="passed"))
    assert lines[1:4] == ["  ✗ t.py::x1 (passed when it was run again)", "      E   1", "      E   2"]
    assert lines[11:] == ["      E   10", "      and 2 more lines: -v shows them", "      run it alone: pytest t.py::x1"]


def test_a_failure_with_all_that_was_kept(project: Project) -> None:
    """The whole traceback, captured output, attachments and what was left out."""
    kept = failure(
        sections=[Section(title="Captured stdout call", text="hello\n")],
        attachments=[Attachment(name="shot", path="a.png"), Attachment(name="trace", path="b.zip", below="artifacts")],
        left_out="9 lines are left out",
    )
    assert shown(project, kept, everything=True)[2:-1] == [
        "      t.py:1: boom",
        "      def x():",
        "      E   one",
        "      E   two",
        "      --- Captured stdout call ---",
        "      hello",
        "      shot: a.png",
        "      trace: b.zip (in the artifacts)",
        "      9 lines are left out",
    ]


def test_many_failures(project: Project) -> None:
    """Ten of them are shown, all with ``-v``; what has no text is said."""
    failures = [failure(number) for number in range(1, 14)]
    lines = shown(project, *failures, left_out="2 more failures have no text")
    assert lines[-2:] == ["  and 3 more: -v shows them", "  2 more failures have no text"]
    assert sum("✗" in line for line in lines) == 10
    assert sum("✗" in line for line in shown(project, *failures, everything=True)) == 13


def test_the_table_of_details(project: Project) -> None:
    """It has every key of a failure, and the command that runs it."""
    details = Details(schema="", session="session-2", record="", failures=[failure()], seconds={"t.py::x1": 1.5})
    table = details_table(project, details, facts_of("unit t.py::x1 failed"))
    assert (table["seconds"], table["left_out"]) == ({"t.py::x1": 1.5}, None)
    (row,) = table["failures"]
    assert row["command"] == "pytest t.py::x1"
    assert (row["when"], row["sections"], row["attachments"], row["left_out"]) == ("call", [], [], None)
