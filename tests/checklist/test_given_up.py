"""What the project's own hooks, markers and bindings decided before, or decide now in a person's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builders import BEFORE, facts_of, record_of
from pytest_handoff.checklist.decisions import given_up, taken_from_people
from pytest_handoff.config import Binding, Config
from pytest_handoff.record import Extensions, LedgerLine, Verdict

if TYPE_CHECKING:
    from pytest_handoff.evidence.facts import Facts

GATE = Verdict("docs", "passed", "all built")
LINE = "Docs are built"
TESTS = "unit t.py::x passed\nunit t.py::y passed"


def linked(lines: dict[str, LedgerLine], *tests: str) -> dict[str, LedgerLine]:
    return {test: replace(line, checks=(LINE,)) if test in tests else line for test, line in lines.items()}


def facts(*, before: tuple[str, ...] = (), now: tuple[str, ...] = (), tests: str = TESTS, **extensions: object) -> Facts:
    """Facts in which these tests were linked to the line, and are."""
    found = facts_of(tests, TESTS, extensions=Extensions(**extensions))
    earlier = replace(found.earlier, lines=linked(found.earlier.lines, *before))
    return replace(found, earlier=earlier, ledger=linked(found.ledger, *now))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"gates": [GATE], "checks": {LINE: "docs"}}, []),
        ({"checks": {LINE: "docs"}}, ["the project's own gate 'docs' is gone"]),
        ({"gates": [GATE]}, [f"no hook binds the line {LINE!r} to 'docs' any more"]),
        ({"gates": [GATE], "checks": {LINE: "tests"}}, [f"no hook binds the line {LINE!r} to 'docs' any more"]),
    ],
)
def test_gates_and_lines_of_hooks(now: dict[str, object], said: list[str]) -> None:
    """A hook that says less than before lets more through."""
    parent = record_of(session=BEFORE, extensions=Extensions(gates=[GATE], checks={LINE: "docs"}))
    found = list(given_up(facts(**now), [parent]))
    assert [(one.what, one.against, one.file) for one in found] == [(what, BEFORE, "the settings") for what in said]


@pytest.mark.parametrize(
    ("now", "tests", "given"),
    [
        pytest.param(("t.py::x",), TESTS, False, id="as before"),
        pytest.param(("t.py::y",), TESTS, False, id="another test is linked"),
        pytest.param((), TESTS, True, id="none is"),
        pytest.param((), "unit t.py::x gone\nunit t.py::y passed", False, id="the test is gone, which is told elsewhere"),
        pytest.param((), "unit t.py::y passed", False, id="the test has no line any more"),
        pytest.param((), "unit t.py::x passed retired=session-2:old", False, id="it is retired"),
    ],
)
def test_lines_that_tests_were_linked_to(now: tuple[str, ...], tests: str, *, given: bool) -> None:
    """Some test has to be, as long as the one that was is there."""
    found = [(one.what, one.file, one.against) for one in given_up(facts(before=("t.py::x",), now=now, tests=tests), [])]
    assert found == ([(f"no test is linked to the line {LINE!r} any more", "t.py", BEFORE)] if given else [])


REQUIRED = {"required": ["The colours are pleasant"]}


@pytest.mark.parametrize(
    ("policy", "config", "told"),
    [
        pytest.param(REQUIRED, Config(bind=[Binding(line="The colours are pleasant", gate="failures")]), True, id="bound now"),
        pytest.param(REQUIRED, Config(), False, id="still a person's"),
        pytest.param({}, Config(bind=[Binding(line="The colours are pleasant", gate="failures")]), False, id="not required"),
    ],
)
def test_lines_that_were_a_person_s(policy: dict[str, object], config: Config, *, told: bool) -> None:
    """Nobody takes one from a person without being told."""
    found = list(taken_from_people(facts(), config, [record_of(session=BEFORE, policy=policy)]))
    assert [one.against for one in found] == ([BEFORE] if told else [])
    assert all("was left to a person, and is now " in one.what for one in found)
