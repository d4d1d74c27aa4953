"""Annotations as GitHub Actions reads them."""

from __future__ import annotations

import pytest

from pytest_handoff.github import error_commands, on_github


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
