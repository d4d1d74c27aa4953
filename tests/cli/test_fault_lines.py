"""What a terminal shows of faults that were tried, and how a shard is named."""

from __future__ import annotations

import click
import pytest

from pytest_handoff.cli.prove_faults import ShardType, fault_lines
from pytest_handoff.proof import FaultProof, Survivor


def shown(found: FaultProof) -> list[str]:
    return ["".join(text for text, *_ in parts) for parts in fault_lines(found)]


def test_nothing_to_try() -> None:
    """It is said why."""
    assert shown(FaultProof(nothing="there is no new code")) == ["faults   there is no new code"]


def test_a_fault_that_nobody_noticed() -> None:
    """With its place, its lines, and some of the tests that ran it."""
    tests = [f"a.py::test_{number}" for number in range(5)]
    survivor = Survivor(path="src/a.py", line=7, diff="- x < 1\n+ x <= 1", tests=tests, more=2)
    first, *rest = shown(FaultProof(possible=2, tried=2, caught=1, survived=[survivor]))
    assert first.startswith("faults   ")
    assert rest == [
        "  survived  src/a.py:7", "    - x < 1", "    + x <= 1",
        "    ran it: a.py::test_0, a.py::test_1, a.py::test_2 and 4 more",
    ]  # fmt: skip


def test_very_many_of_them() -> None:
    """The others are in the proof."""
    survivor = Survivor(path="src/a.py", line=7, diff="- x\n+ y", tests=["a.py::test_x"])
    found = shown(FaultProof(possible=25, tried=25, survived=[survivor] * 25))
    assert found[-1] == "  … and 5 more in proof.json"
    assert found.count("    ran it: a.py::test_x") == 20


def test_what_was_not_tried() -> None:
    """Shards that are missing, a budget that ran out, files and tests that were left out."""
    found = shown(FaultProof(possible=3, budget=5.0, shards=["1/3", "3/3"], left_out={"a.py::test_x": "it is flaky"}))
    assert found[1:] == [
        "         shards 1/3, 3/3; missing: 2/3",
        "         the budget of 5 s ran out before the first fault; give it more time",
        "  left out  a.py::test_x  it is flaky",
    ]
    found = shown(FaultProof(possible=3, budget=5.0, shards=["1/1"], not_tried={"src/a.py": "it does not parse"}))
    assert found[1:] == ["         shards 1/1; missing: none", "  not tried  src/a.py  it does not parse"]


@pytest.mark.parametrize("value", ["0/2", "3/2", "1", "a/b", "1/20000"])
def test_what_is_no_shard(value: str) -> None:
    """It is refused with an example."""
    with pytest.raises(click.BadParameter, match="is not a shard; give its number and the total, such as 2/8"):
        ShardType().convert(value, None, None)


def test_a_shard() -> None:
    """Its number, and how many there are."""
    assert ShardType().convert("2/8", None, None) == (2, 8)
    assert ShardType().convert((2, 8), None, None) == (2, 8)
