"""What surrounds a run."""

from __future__ import annotations

import re

import pytest

from builders import run_of
from pytest_handoff.errors import UsageProblem
from pytest_handoff.project.environment import context_of, provenance, today
from pytest_handoff.record import Provenance

GITHUB = {
    "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.example", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7",
}  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, Provenance(kind="local", run_url=None, attempt=None)),
        ({"CI": "true"}, Provenance(kind="ci", run_url=None, attempt=None)),
        ({"CI": "1"}, Provenance(kind="ci", run_url=None, attempt=None)),
        ({"CI": "false"}, Provenance(kind="local", run_url=None, attempt=None)),
        (GITHUB, Provenance(kind="ci", run_url="https://git.example/a/b/actions/runs/7", attempt=None)),
        (
            GITHUB | {"GITHUB_RUN_ATTEMPT": "2"},
            Provenance(kind="ci", run_url="https://git.example/a/b/actions/runs/7", attempt=2),
        ),
        ({"GITHUB_ACTIONS": "true", "GITHUB_RUN_ATTEMPT": "x"}, Provenance(kind="ci", run_url=None, attempt=None)),
        ({"GITLAB_CI": "true", "CI_JOB_URL": "https://j"}, Provenance(kind="ci", run_url="https://j", attempt=None)),
    ],
)
def test_provenance(environment: dict[str, str], found: Provenance) -> None:
    """Evidence is local unless a CI system says that it runs this; its address is kept where it is known."""
    assert provenance(environment) == found


def test_times_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are in UTC to the second, the duration to the millisecond; the agent is as said, else from the environment."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setenv("HANDOFF_AGENT", "someone")
    found = context_of(run_of(started=1_000.0, finished=1_001.23456), None)
    assert (found.started, found.finished, found.duration_s) == ("1970-01-01T00:16:40Z", "1970-01-01T00:16:41Z", 1.235)
    assert found.agent == "someone"
    assert context_of(run_of(), "me").agent == "me"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", today())


def test_a_clock_that_is_held_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable of reproducible builds a run has no duration, and every date is that one."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    found = context_of(run_of(), None)
    assert (found.started, found.finished, found.duration_s) == ("1970-01-02T00:00:00Z", "1970-01-02T00:00:00Z", 0.0)
    assert today() == "1970-01-02"


@pytest.mark.parametrize("text", ["yesterday", "1e400", "9" * 30, "1.5"])
def test_a_clock_that_cannot_be_set(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A variable that is not a number of seconds is told, not a crash."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(UsageProblem, match="SOURCE_DATE_EPOCH is not a number of seconds"):
        today()
