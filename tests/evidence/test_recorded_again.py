"""A merged session that was recorded again: what its tests were, and what they are now."""

from __future__ import annotations

import pytest

from pytest_handoff.evidence.recorded_again import Replaced, compare_again, together
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.record import LedgerLine, Outcome, Retired

PATH, OTHER = "tests/test_a.py", "tests/test_b.py"
TEST = "def test_one():\n    assert 1 + 1 == 2\n"


def line(test: str, outcome: Outcome | None = "passed", *, tier: str = "unit", since: str = "s2") -> LedgerLine:
    return LedgerLine(id=test, tier=tier, since=since, outcome=outcome)


def compared(then: list[LedgerLine], now: list[LedgerLine], was: dict[str, str], files: dict[str, str]) -> Replaced:
    contents = {path: text.encode() for path, text in files.items()}
    return compare_again("s2", then, now, merged=[{path: text.encode() for path, text in was.items()}], read=contents.get)


@pytest.mark.parametrize(
    ("now", "text", "differing"),
    [
        (line(f"{PATH}::test_one"), TEST, {}),
        (line(f"{PATH}::test_one"), TEST.replace("\n", "\r\n"), {}),
        (line(f"{PATH}::test_one"), f"import sys\n\n\n{TEST}\n\ndef test_two():\n    pass\n", {}),
        (line(f"{PATH}::test_one"), "def test_one():\n    assert 1 + 1\n", {f"{PATH}::test_one": ["changed"]}),
        (line(f"{PATH}::test_one"), "def test_one():\n    pass\n", {f"{PATH}::test_one": ["changed"]}),
        (line(f"{PATH}::test_one", "skipped"), TEST, {f"{PATH}::test_one": ["passed and is skipped"]}),
        (line(f"{PATH}::test_one", "xfailed"), TEST, {f"{PATH}::test_one": ["passed and is xfailed"]}),
        (line(f"{PATH}::test_one", "failed"), TEST, {}),  # another gate says that
        (line(f"{PATH}::test_one", tier="e2e"), TEST, {f"{PATH}::test_one": ["was unit and is e2e"]}),
    ],
)
def test_a_test_of_the_same_name(now: LedgerLine, text: str, differing: dict[str, list[str]]) -> None:
    """Its lines and its outcome are as they were, or it is named."""
    assert compared([line(f"{PATH}::test_one")], [now], {PATH: TEST}, {PATH: text}) == Replaced(differing=differing)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEST, Replaced()),
        ("def test_one():\n    assert True\n", Replaced(differing={f"{OTHER}::test_one": ["changed"]})),
    ],
)
def test_a_test_of_its_name_elsewhere(text: str, expected: Replaced) -> None:
    """It moved if its lines are the same, and is another test if they are not."""
    assert compared([line(f"{PATH}::test_one")], [line(f"{OTHER}::test_one")], {PATH: TEST}, {OTHER: text}) == expected


def test_a_line_that_only_its_hash_takes_for_another() -> None:
    """The lines have one hash (see ``test_line_collisions.py``), so that only their texts tell that the file changed."""
    was = "def test_one():\n    assert discount(price) <= price\n"
    now = "def test_one():\n    assert True  # mdwduuc\n"
    assert hash_lines(was.encode()) == hash_lines(now.encode())
    expected = Replaced(differing={PATH: ["changed"]})
    assert compared([line(f"{PATH}::test_one")], [line(f"{PATH}::test_one")], {PATH: was}, {PATH: now}) == expected


def test_a_second_test_of_its_name_stands_in_for_none() -> None:
    """A test that both know is no other test's place: what is gone is lost."""
    then = [line(f"{PATH}::test_one"), line(f"{OTHER}::test_one")]
    found = compared(then, [line(f"{OTHER}::test_one")], {PATH: TEST, OTHER: TEST}, {OTHER: TEST})
    assert found == Replaced(lost=[f"{PATH}::test_one"])


def test_parameters_that_change() -> None:
    """Of a function whose lines are the same as many cases must be there; fewer are lost tests."""
    then = [line(f"{PATH}::test_one[{number}]") for number in (1, 2)]
    files = {PATH: TEST}
    assert compared(then, [line(f"{PATH}::test_one[{number}]") for number in (2, 3)], files, files) == Replaced()
    assert compared(then, [line(f"{PATH}::test_one[2]")], files, files) == Replaced(lost=[f"{PATH}::test_one[1]"])


def test_what_regression_and_retirement_answer_for() -> None:
    """An earlier session's test that is gone is a lost test there; one that was retired has its reason in the document."""
    gone = [line(f"{PATH}::test_one", since="s1")]
    assert compared(gone, [], {PATH: TEST}, {}) == Replaced()
    retired = LedgerLine(
        id=f"{PATH}::test_one", tier="unit", since="s2", outcome="failed", retired=Retired(session="s2", reason="r")
    )
    assert compared([line(f"{PATH}::test_one")], [retired], {PATH: TEST}, {PATH: "def test_one(): ...\n"}) == Replaced()


def test_a_constant_that_it_uses() -> None:
    """What a test uses in its file is a part of it."""
    was = "CASES = [1, 2]\n\n\ndef test_one():\n    assert CASES\n"
    now = was.replace("[1, 2]", "[1]")
    found = compared([line(f"{PATH}::test_one")], [line(f"{PATH}::test_one")], {PATH: was}, {PATH: now})
    assert found == Replaced(differing={f"{PATH}::CASES": ["changed"]})


def test_several_findings_of_one_test() -> None:
    """It is named once, also where several versions of the session were merged."""
    then, now = [line(f"{PATH}::test_one")], [line(f"{PATH}::test_one", "skipped", tier="e2e")]
    text = f"import pytest\n\n\n@pytest.mark.skip\n{TEST}"
    found = [compared(then, now, {PATH: was}, {PATH: text}) for was in (TEST, text)]
    assert together(found).weaker == [f"{PATH}::test_one passed and is skipped, and was unit and is e2e, and changed"]
