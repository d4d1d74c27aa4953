"""The page on checklists says of each line what the checklist language says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_handoff.checklist.decisions import GATES, STANDING
from pytest_handoff.checklist.language import understand

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "checklists.md").read_text("utf-8")


def _rows(name: str) -> list[tuple[str, str]]:
    """The first two cells of each row of the table behind a comment of this name."""
    table = PAGE.partition(f"<!-- {name} -->\n")[2].partition("\n\n")[0]
    cells = (row.strip("| ").split(" | ") for row in table.splitlines()[2:])
    return [(first, second) for first, second, *_ in cells]


@pytest.mark.parametrize(("line", "conditions"), _rows("understood"))
def test_a_line_is_decided_as_the_page_says(line: str, conditions: str) -> None:
    """The conditions beside a line are those it asks."""
    check = understand(line)
    assert check.decision == "decided"
    assert [str(spec) for spec in check.specs] == re.findall(r"`([^`]+)`", conditions)


@pytest.mark.parametrize(("line", "condition"), _rows("veto"))
def test_a_line_can_be_blocked_as_the_page_says(line: str, condition: str) -> None:
    """The condition beside the line can only block it."""
    check = understand(line)
    assert (check.decision, [f"`{spec}`" for spec in check.specs]) == ("veto", [condition])


@pytest.mark.parametrize("line", [line for line, _ in _rows("person")])
def test_a_line_is_left_to_a_person_as_the_page_says(line: str) -> None:
    """No rule understands these lines."""
    assert understand(line).decision == "person"


@pytest.mark.parametrize(("line", "reason"), _rows("waived"))
def test_a_line_is_waived_as_the_page_says(line: str, reason: str) -> None:
    """The reason is the one in the line."""
    check = understand(line)
    assert (check.decision, check.why) == ("waived", reason)


def test_a_reason_that_says_nothing_waives_nothing() -> None:
    """TBD is no reason."""
    assert understand("All tests pass (N/A: TBD)").decision != "waived"


def test_the_page_has_every_gate() -> None:
    """Each gate is in the table, those of every session first."""
    listed = [gate.strip("`") for gate, _ in _rows("gates")]
    assert sorted(listed) == sorted(GATES)
    assert listed[: len(STANDING)] == [spec.gate for spec in STANDING]
