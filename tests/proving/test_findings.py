"""What speaks against a session's tests, and how shards that several machines tried are joined."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_handoff.config import Adaptation
from pytest_handoff.proof import EarlierProof, EarlierTry, FaultProof, FileFaults, NewProof, NewTry, Survivor
from pytest_handoff.proving.joining import joined, joins
from pytest_handoff.proving.verdict import against_earlier, against_faults, against_new, with_reasons


def earlier(**statuses: Any) -> EarlierProof:
    """A proof of tests by name and status."""
    return EarlierProof(tests={f"a.py::{name}": EarlierTry(status=status) for name, status in statuses.items()})


ALL = {"one": "holds", "two": "adapted", "three": "mended_in_test", "four": "fails", "five": "cannot_run"}


def test_earlier_tests() -> None:
    """What was mended in the test, and what fails, always counts; other changes count where reasons are asked for."""
    assert against_earlier(earlier(**ALL), strict=False) == [
        "1 earlier test failed before, and passed only after an edit to the test: a.py::three",
        "1 earlier test failed in the old version, and did not pass in the new one either: a.py::four",
    ]
    strict = against_earlier(earlier(**ALL), strict=True)
    assert strict[2:] == [
        "1 earlier test failed in the old version, and [[tool.handoff.adapt]] gives no reason: a.py::two",
        "1 earlier test could not run in the old version, and [[tool.handoff.adapt]] gives no reason: a.py::five",
    ]


def test_reasons_of_the_settings() -> None:
    """They excuse tests that had to change with the code, never one that fails now."""
    found = with_reasons(earlier(**ALL), [Adaptation(test="a.py::*", reason="renamed")])
    assert found is not None
    assert against_earlier(found, strict=True) == [
        "1 earlier test failed in the old version, and did not pass in the new one either: a.py::four"
    ]
    assert found.tests["a.py::one"].reason is None
    assert with_reasons(None, []) is None


@pytest.mark.parametrize(
    ("statuses", "has_new_code", "told"),
    [
        (["passes_without_it"], True, True),
        (["passes_without_it", "needs_the_change"], True, False),
        (["not_tried"], True, False),
        (["passes_without_it"], False, False),
    ],
)
def test_new_tests(statuses: list[Any], has_new_code: bool, told: bool) -> None:
    """Where there is new code, one of them has to need it."""
    found = NewProof(tests={f"a.py::{at}": NewTry(status=status) for at, status in enumerate(statuses)})
    expected = ["there is new code, but no new test needs it: none fails on the old code"]
    assert against_new(found, has_new_code=has_new_code) == (expected if told else [])


def test_faults() -> None:
    """One that was noticed is enough; where none was tried, nothing speaks against the tests."""
    assert against_faults(FaultProof(tried=3)) == ["the tests noticed none of the 3 faults tried in the new code"]
    for noticed in (FaultProof(), FaultProof(tried=3, caught=1), FaultProof(tried=3, timeout=1)):
        assert against_faults(noticed) == []


def shard(*shards: str, **changes: Any) -> FaultProof:
    """What one machine tried."""
    defaults: dict[str, Any] = {"possible": 10, "tried": 5, "caught": 4, "seconds": 1.24, "shards": list(shards)}
    return FaultProof(**defaults | changes)


@pytest.mark.parametrize(
    ("one", "other", "fit"),
    [
        (shard("1/2"), shard("2/2"), True),
        (shard("1/2"), shard("1/2"), False),
        (shard("1/2"), shard("2/3"), False),
        (shard("1/2"), shard("2/2", sample=10), False),
        (shard("1/2"), shard(), False),
        (shard("1/2"), None, False),
    ],
)
def test_which_shards_fit(one: FaultProof, other: FaultProof | None, fit: bool) -> None:
    """Different ones of as many, of the same sample."""
    assert joins(one, other) is fit


def test_shards_that_are_joined() -> None:
    """What was tried adds up; what is possible is what all knew, without what any found to be broken."""
    survivors = [Survivor(path="src/a.py", line=line, diff="- x\n+ y", tests=[]) for line in (9, 2)]
    first = shard("2/2", broken=1, survived=survivors[:1], not_reached=3, files={"a": FileFaults(possible=4, tried=2, caught=2)})
    second = shard(
        "1/2", possible=9, broken=2, survived=survivors[1:], not_reached=3, budget=60.0, not_tried={"b": "why"},
        files={"a": FileFaults(possible=3, tried=1, survived=1, broken=1), "c": FileFaults(possible=2)},
    )  # fmt: skip
    found = joined(first, second)
    assert (found.possible, found.tried, found.caught, found.broken, found.not_reached) == (8, 10, 8, 3, 3)
    assert [one.line for one in found.survived] == [2, 9]
    assert (found.shards, found.missing_shards, found.budget, found.seconds) == (["1/2", "2/2"], [], None, 2.5)
    assert found.files["a"] == FileFaults(possible=3, tried=3, caught=2, survived=1, broken=1)
    assert (found.files["c"], found.not_tried) == (FileFaults(possible=2), {"b": "why"})
    assert joined(shard("1/2", budget=5.0), shard("2/2", budget=9.0)).budget == 9.0
