"""Find what speaks against a session's tests, from the status of each and the reasons in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.figures import counted, listed
from pytest_handoff.nodeids import id_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.config import Adaptation
    from pytest_handoff.proof import EarlierProof, EarlierTry, FaultProof, NewProof

_EXCUSED = ("adapted", "mended_in_test", "cannot_run")
"""The statuses that a reason in the settings explains."""

_AGAINST = {
    "mended_in_test": "failed before, and passed only after an edit to the test",
    "fails": "failed in the old version, and did not pass in the new one either",
}
_STRICT = {
    "adapted": "failed in the old version, and [[tool.handoff.adapt]] gives no reason",
    "cannot_run": "could not run in the old version, and [[tool.handoff.adapt]] gives no reason",
}


def with_reasons(found: EarlierProof | None, adapt: Sequence[Adaptation]) -> EarlierProof | None:
    """Add the reason from the settings to the tests that had to change with the code."""
    if found is None:
        return None
    return replace(found, tests={test: _with_reason(test, tried, adapt) for test, tried in found.tests.items()})


def _with_reason(test: str, tried: EarlierTry, adapt: Sequence[Adaptation]) -> EarlierTry:
    entry = next((entry for entry in adapt if id_matches(test, entry.test)), None)
    return replace(tried, reason=entry.reason) if entry is not None and tried.status in _EXCUSED else tried


def against_earlier(found: EarlierProof, *, strict: bool) -> list[str]:
    """Say which earlier tests are findings against the session.

    Args:
        strict: whether every test that had to change needs a reason.
    """
    words = _AGAINST | (_STRICT if strict else {})
    told = {
        status: [test for test, tried in found.tests.items() if tried.status == status and not tried.reason] for status in words
    }
    return [f"{counted(len(tests), 'earlier test')} {words[status]}: {listed(tests)}" for status, tests in told.items() if tests]


def against_new(found: NewProof, *, has_new_code: bool) -> list[str]:
    """Say that no new test needs the change, where there is new code and every new test was tried."""
    statuses = {tried.status for tried in found.tests.values()}
    if not has_new_code or statuses & {"needs_the_change", "not_tried"}:
        return []
    return ["there is new code, but no new test needs it: none fails on the old code"]


def against_faults(found: FaultProof) -> list[str]:
    """Say that the tests noticed none of the faults that were tried."""
    if not found.tried or found.caught or found.timeout:
        return []
    return [f"the tests noticed none of the {counted(found.tried, 'fault')} tried in the new code"]
