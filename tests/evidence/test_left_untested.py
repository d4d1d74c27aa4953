"""What sessions left untested, worked out from records alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from builders import NO_LINES, new_code_of, record_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.measurement import Measured, MeasuredFile, Measurement
from pytest_handoff.evidence.owed_code import Debts, left_untested, owed_now, told
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.record import Parent, Record, SourceLine, Verdict

PATH = "src/a.py"
FAILED = Verdict(id="new_code(>= 90 %)", verdict="failed", evidence="")


def left(missing: str = "2", *, verdict: Verdict = FAILED, previous: bool = True) -> Record:
    """The record of a session with four new statements, of which one is missing."""
    parents = [Parent(session="session-0", digest="0" * 64)] if previous else []
    code = new_code_of(4, covered=3, missing=missing)
    return replace(record_of(new_code=code), session="session-1", previous=parents, gates=[verdict])


def measured(*missing: int, statements: int = 9) -> Measured:
    """A measurement of one file."""
    file = MeasuredFile(path=PATH, statements=frozenset(range(1, statements + 1)), missing=frozenset(missing), percent=50)
    return Measured(Measurement(files={PATH: file}, percent=50, branch_percent=None), NO_LINES)


def tree(text: str) -> dict[str, SourceLine]:
    """A tree with one file."""
    return {PATH: SourceLine(path=PATH, blob=text, lines=hash_lines(text.encode()))}


@pytest.mark.parametrize(
    ("record", "owes"),
    [
        (left(), {"session-1": {PATH: "2"}}),
        (left(missing=""), {}),
        (left(previous=False), {}),
        (left(verdict=replace(FAILED, verdict="waived")), {}),
        (left(verdict=replace(FAILED, verdict="unknown")), {}),
        (left(verdict=replace(FAILED, id="new_code_of_ours")), {}),
        (left(verdict=replace(FAILED, id="new_code(by=unit tests, > 90 %)")), {"session-1": {PATH: "2"}}),
        (replace(left(), new_code=None), {}),
    ],
)
def test_a_session_owes_what_its_own_line_asked_for(record: Record, owes: dict[str, dict[str, str]]) -> None:
    """Nothing is owed where nothing was asked, and nothing by a first session."""
    assert left_untested(record).owed == ({"unit" if "by=" in record.gates[0].id else "any": owes} if owes else {})


def test_lines_are_followed_to_where_they_stand_now() -> None:
    """A line above moves them; of two parents, both count."""
    parents = [(left_untested(left(missing)), tree("a\nb\nc\n")) for missing in ("2", "3")]

    assert owed_now(parents, measured(3, 4), tree("new\na\nb\nc\n"), "session-2").owed == {"any": {"session-1": {PATH: "3-4"}}}
    assert owed_now(parents, measured(3, 4), tree("new\na\nother\nc\n"), "session-2").owed == {"any": {"session-1": {PATH: "4"}}}
    assert owed_now(parents, measured(1), tree("a\nb\nc\n"), "session-2").owed == {}
    assert owed_now(parents, measured(3, 4), {}, "session-2").owed == {}


def test_a_statement_that_was_only_annotated_is_owed_still() -> None:
    """It is not new, so nobody else would ask for it; one that changed besides is new."""
    debts = Debts({"any": {"session-1": {PATH: "1-2"}}})
    was, now = "def f(a):\n    b = a\n    return b\n", "def f(a: int) -> int:\n    b: int = {}\n    return b\n"
    for value, lines in (("a", "1-2"), ("-a", "1")):
        text = now.format(value)
        found = measured(1, 2)
        seen = Measured(found.measurement, replace(NO_LINES, text=lambda _path, text=text: text.encode()))
        assert owed_now([(debts, tree(was))], seen, tree(text), "session-2").owed == {"any": {"session-1": {PATH: lines}}}


def test_numbers_that_are_none_are_refused() -> None:
    """The sentence names the session whose record was edited."""
    with pytest.raises(EvidenceProblem, match=r"^the new code of session-1 names impossible lines: .*; restore"):
        owed_now([(left_untested(left("2-x")), tree("a\nb\n"))], measured(2), tree("a\nb\n"), "session-2")


def test_the_phrase_names_every_session_and_place() -> None:
    """One statement is one, and several places stand in one row."""
    owed = {"session-1": {"a.py": "2", "b.py": "4-5, 7"}, "session-2": {"c.py": "1"}}

    assert told(Debts({"any": owed}), known=True) == (
        "no test runs 4 statements that session-1 left untested: a.py:2, b.py:4-5, 7; "
        "no test runs 1 statement that session-2 left untested: c.py:1"
    )
    by_unit = Debts({"unit": {"session-1": {"a.py": "2"}}})
    assert told(by_unit, known=True) == "no unit test runs 1 statement that session-1 left without one: a.py:2"
    assert told(by_unit, known=False).startswith("it is not known whether a unit test runs 1 statement")


def test_what_was_handed_on_outlives_a_session_that_cannot_tell() -> None:
    """A line that is not known settles nothing."""
    code = replace(new_code_of(4, covered=4), owed={"session-0": {PATH: "1"}})
    record = replace(left(verdict=replace(FAILED, verdict="unknown")), new_code=code)
    assert left_untested(record).owed == {"any": {"session-0": {PATH: "1"}}}


@pytest.mark.parametrize(("missing", "owes"), [("2-3", True), ("2", False)])
def test_a_line_spares_what_its_threshold_lets_go(missing: str, owes: bool) -> None:
    """Of four statements, 75 % may leave one."""
    record = left(missing, verdict=replace(FAILED, id="new_code(>= 75 %)"))
    assert left_untested(record) == (Debts({"any": {"session-1": {PATH: "2-3"}}}, {"session-1": 1}) if owes else Debts())
    later = owed_now(
        [(Debts({"any": {"session-1": {PATH: missing}}}, {"session-1": 1}), tree("a"))], measured(2, 3), tree("a"), "s"
    )
    assert bool(later.owed) is owes
