"""The gate on loosened settings."""

from __future__ import annotations

from msgspec.structs import replace

from builders import facts_of
from pytest_handoff.checklist.condition import Condition
from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.evidence.policy import Loosening

SPEC = Condition(gate="policy")
LATER = facts_of("unit tests/a.py::test_x passed", before="unit tests/a.py::test_x passed")


def test_a_loosened_setting_fails_and_says_what_mends_it() -> None:
    """The verdict names the file, the setting and the waiver that could explain it."""
    finding = Loosening(file="pyproject.toml", what="'omit': 1 entry added: 'a.py'", against="session-1")
    verdict = evaluate(replace(LATER, loosened=(finding,)), SPEC)

    assert verdict.verdict == "failed"
    assert verdict.evidence == "pyproject.toml: 'omit': 1 entry added: 'a.py', looser than in session-1"
    assert 'gate = "policy"' in str(verdict.needs)


def test_a_target_branch_that_is_not_here_is_unknown() -> None:
    """What cannot be compared does not pass."""
    assert evaluate(replace(LATER, policy_unknown="main is not here"), SPEC).verdict == "unknown"


def test_nothing_loosened_passes_and_a_first_session_has_nothing_before_it() -> None:
    """A first session is waived, a later one passes."""
    assert evaluate(LATER, SPEC).verdict == "passed"
    assert evaluate(facts_of("unit tests/a.py::test_x passed"), SPEC).verdict == "waived"
