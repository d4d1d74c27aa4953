"""Which ids change by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.evidence.completeness import masked, sentence, unstable_ids
from pytest_handoff.record import UnstableIds

if TYPE_CHECKING:
    from collections.abc import Collection

STARTED = 1_795_000_000.0  # 2026-11-18, 07:06:40 UTC
OBJECT, UUID4 = "<object object at 0x7f31c04ed2b0>", "1f0c9a52-6f7e-4d3a-9b1c-2a7c5d0e8f11"


def found(*ids: str, known: Collection[str] = (), before: Collection[str] = (), code: str = "") -> dict[str, str]:
    """Function to reason, for ids given without their file."""
    told = unstable_ids(
        [f"a.py::{test}" for test in ids],
        known=[f"a.py::{test}" for test in known],
        before=[f"a.py::{test}" for test in before],
        started=STARTED,
        stand_in_code=lambda texts: {text for text in texts if text in code},
    )
    return {ids.test.removeprefix("a.py::"): ids.why for ids in told}


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (f"test_x[{OBJECT}]", "a memory address"),
        ("test_x[1-<function <lambda> at 0x7F31C04ED2B0>-b]", "a memory address"),
        (f"test_x[{UUID4}]", "a UUID"),
        (f"test_x[user-{UUID4.upper()}]", "a UUID"),
        ("test_x[1d19dad6-ba7b-11f0-8de9-0242ac120002]", "a UUID"),
        ("test_x[2026-11-18]", "the time of the run"),
        ("test_x[2026-11-19T00:10:11+14:00]", "the time of the run"),
        ("test_x[1795000001]", "the time of the run"),
        ("test_x[1794999999.123]", "the time of the run"),
        ("test_x[1795000000123]", "the time of the run"),
        ("test_x[2024-02-29]", None),
        ("test_x[1700000000]", None),
        ("test_x[17950000001]", None),
        ("test_x[0x7f31c04ed2b0]", None),
        ("test_x[deadbeef-5]", None),
        ("test_x[00000000-0000-0000-0000-000000000005]", None),
        ("test_x[6ba7b810-9dad-51d1-80b4-00c04fd430c8]", None),
        ("test_2026-11-18", None),
        ("test_x[a-b]", None),
    ],
)
def test_what_looks_made_at_run_time(test: str, why: str | None) -> None:
    """Addresses of objects, UUIDs that are random or made of the time, and times of today; hashes and old dates are none."""
    assert found(test) == ({"test_x": why} if why else {})


@pytest.mark.parametrize(
    "code", [f'USER = "{UUID4}"', f'@pytest.mark.parametrize("user", ["{UUID4}"])'], ids=["elsewhere", "in place"]
)
def test_what_stands_in_the_code_is_stable(code: str) -> None:
    """A literal is the same each time."""
    assert found(f"test_x[{UUID4}]", code=code) == {}


def test_a_day_may_be_spelled_as_a_call() -> None:
    """``date(2026, 11, 18)`` is a literal, too."""
    assert found("test_x[2026-11-18]", code="date(2026, 11, 18)") == {}
    assert found("test_x[2026-11-18]", code="date(2026, 11, 1)") == {"test_x": "the time of the run"}


def test_what_was_there_before_is_stable() -> None:
    """An id of an earlier session proves that it stays."""
    assert found(f"test_x[{UUID4}]", known=[f"test_x[{UUID4}]"]) == {}
    assert found(f"test_x[{OBJECT}]", f"test_x[{UUID4}]", known=[f"test_x[{UUID4}]"]) == {"test_x": "a memory address"}


@pytest.mark.parametrize(
    ("now", "before", "unstable"),
    [
        (["x[0.73]"], ["x[0.25]"], True),
        (["x[a]", "x[b]"], ["x[b]", "x[c]"], True),
        (["x[a]", "x[b]"], ["x[a]"], False),
        (["x[a]"], ["x[a]", "x[b]"], False),
        (["x[a]", "y[1]"], ["x[b]", "y[1]"], True),
        (["y"], ["x"], False),
        (["x[a]"], [], False),
    ],
)
def test_other_ids_on_the_same_code(now: list[str], before: list[str], unstable: bool) -> None:
    """A function that lost ids and got others while the code stayed has ids that depend on something else."""
    assert found(*now, before=before) == ({"x": "other parameters on the same code"} if unstable else {})


def test_nothing_is_looked_up_where_nothing_looks_unstable() -> None:
    """The files of the tree are read only where an id needs it."""
    asked: list[Collection[str]] = []

    def ask(texts: Collection[str]) -> Collection[str]:
        asked.append(texts)
        return ()

    unstable_ids(["a.py::x[1]", "a.py::y"], known=[], before=[], started=STARTED, stand_in_code=ask)
    assert asked == []


def test_ids_are_counted_by_function() -> None:
    """One entry a function, with the first of its ids as an example."""
    ids = [f"b.py::x[<A object at 0x7f31c04ed{n}b0>]" for n in (3, 2)]
    told = unstable_ids(ids, known=[], before=[], started=STARTED, stand_in_code=lambda _: ())
    assert told == [UnstableIds(test="b.py::x", why="a memory address", ids=2, example=ids[1])]
    assert sentence(told[0]) == (
        "2 ids such as x[<A object at 0x7f31c04ed2b0>]: a memory address changes on every run, "
        "so the next session cannot match them; "
        "name the parameters with ids="
    )


def test_masked() -> None:
    """Two ids that differ only in what changes are the same then."""
    assert masked(f"a.py::x[{OBJECT}-1]") == masked(f"a.py::x[{OBJECT.replace('c0', 'd1')}-1]") != masked(f"a.py::x[{OBJECT}-2]")
    assert masked("a.py::x[1-b]") == "a.py::x[1-b]"
