"""Which parts make up a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builders import part_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.parts import joining
from pytest_handoff.record import Parent, Provenance

if TYPE_CHECKING:
    from pytest_handoff.parts.files import Part

PARENT = Parent(session="session-1", digest="sha256:one")


def head(label: str, **changes: object) -> Part:
    """The head of a finished part."""
    return part_of("unit t.py::x passed", label=label, **changes).head


def dead(label: str, **changes: object) -> Part:
    """The head of a part whose process died."""
    return replace(head(label, **changes), run=None, unfinished="killed")


def test_the_newest_attempt_counts() -> None:
    """By the number of the attempt, not by place; older ones that finished are known beside it."""
    heads = {"z": head("unit", attempt=1), "y": dead("unit", attempt=2), "x": head("unit", attempt=10), "a": head("e2e")}

    assert joining.newest_attempts(heads) == (["a", "x"], ["z"])


def test_a_label_that_two_parts_have() -> None:
    """Neither counts, and both places are named."""
    with pytest.raises(EvidenceProblem, match=r"^two: the label 'unit' is also used in one: give each job its own label"):
        joining.newest_attempts({"one": head("unit"), "two": head("unit")})


def test_attempts_of_two_runs_are_no_attempts() -> None:
    """A part of yesterday's run of CI is not an earlier attempt of today's."""
    other = Provenance(kind="ci", run_url="https://example.invalid/2", attempt=2)
    with pytest.raises(EvidenceProblem, match="the label 'unit' is also used in one"):
        joining.newest_attempts({"one": head("unit", attempt=1), "two": replace(head("unit"), provenance=other)})


def test_a_part_that_did_not_finish() -> None:
    """Its last attempt must; why it did not is said."""
    heads = {"one": head("unit", attempt=1), "two": dead("unit", attempt=2)}
    with pytest.raises(EvidenceProblem, match=r"^two: the part 'unit \(attempt 2\)' did not finish: killed; run that job again"):
        joining.newest_attempts(heads)


def test_a_part_of_another_session() -> None:
    """Is named with the session that it belongs to."""
    with pytest.raises(EvidenceProblem, match=r"^one: is a part of 'session-2', not of 'session-9'"):
        joining.refuse_strangers({"one": head("unit")}, session="session-9", previous=[])


def test_a_part_that_was_compared_with_other_sessions() -> None:
    """Which of its tests are new was decided by those; both sides are named."""
    message = r"was compared with session-1 \(one\), but here that is no session: check out the same hand-off folder"
    with pytest.raises(EvidenceProblem, match=message):
        joining.refuse_strangers({"one": replace(head("unit"), previous=[PARENT])}, session="session-2", previous=[])


def test_missing_parts() -> None:
    """Each one that is declared and not there; without a declaration nobody is missed."""
    assert joining.missing(["unit", "e2e"], ["unit", "other"]) == ["the part 'e2e' is missing"]
    assert joining.missing([], ["unit"]) == []
