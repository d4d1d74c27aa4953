"""The JSON Schemas hold for what is written and printed, and refuse what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from builders import coverage_of, facts_of, ledger_of, new_code_of, record_of
from pytest_handoff.cli.schemas import NAMES, Shown, schema
from pytest_handoff.evidence.history import history_table, life_of, life_table, session_rows
from pytest_handoff.project.encoding import encode_lines

EXAMPLE = Path(__file__).parents[2] / "example_project" / "handoffs" / "evidence"
LEDGER = """
unit a.py::kept passed since=session-1
unit b.py::moved failed since=session-1 moved_from=a.py::moved error=boom flaky
e2e a.py::gone gone since=session-1 last=session-1:passed
unit a.py::dropped gone since=session-1 retired=session-2:replaced
unit a.py::owed xfailed since=session-2 promised reason=later
"""
BEFORE = "unit a.py::kept passed\nunit a.py::moved passed\ne2e a.py::gone passed\nunit a.py::dropped passed"


def check(name: str, value: Any) -> None:
    """Hold a value to a schema."""
    jsonschema.Draft202012Validator(schema(name)).validate(value)


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_one(name: str) -> None:
    """By the rules of its own dialect."""
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("session", ["session-1", "session-2", "session-3"])
def test_the_example_project_holds(session: str) -> None:
    """Each file of its evidence, each line of them."""
    folder = EXAMPLE / session
    record = json.loads((folder / "record.json").read_text("utf-8"))
    check("record", record)
    for name, file in (("ledger", "tests.jsonl"), ("sources", "sources.jsonl")):
        if (folder / file).is_file():
            for line in (folder / file).read_text("utf-8").splitlines():
                check(name, json.loads(line))


def test_what_the_tests_build_holds() -> None:
    """A ledger with every oddity, a record with everything measured, its history, and the life of a test."""
    facts = facts_of(LEDGER, BEFORE, coverage=coverage_of(a=(9, 10)), new_code=new_code_of(4, covered=3, unit=2, new_unit=1))
    for line in encode_lines(facts.ledger.values()).splitlines():
        check("ledger", json.loads(line))
    check("record", json.loads(msgspec.json.encode(facts.record)))
    check("history", json.loads(json.dumps(history_table(session_rows({"session-2": facts.record})))))
    life = life_of({"b.py::moved"}, [("session-2", list(facts.ledger.values()))])
    check("life", json.loads(json.dumps(life_table("b.py::moved", life))))


@pytest.mark.parametrize(
    "change",
    [{"surplus": 1}, {"schema": "pytest-handoff/record/2"}, {"coverage": "93 %"}, {"gates": [{"id": "a", "verdict": "maybe"}]}],
    ids=lambda change: next(iter(change)),
)
def test_another_record_is_refused(change: dict[str, Any]) -> None:
    """A key that nobody knows, a newer schema, a value of another type, a verdict that there is not."""
    record = json.loads(msgspec.json.encode(record_of(ledger_of("unit a.py::t passed")))) | change

    with pytest.raises(jsonschema.ValidationError):
        check("record", record)


def test_what_is_printed_may_grow() -> None:
    """A program that reads it is told that keys may be added, at every depth, and that none is missing."""
    text = json.dumps(schema("show"))

    assert '"additionalProperties": false' not in text
    assert sorted(schema("show")["$defs"]["Shown"]["required"]) == sorted(Shown.__struct_fields__)


@pytest.mark.parametrize("name", NAMES)
def test_descriptions_speak_of_json(name: str) -> None:
    """What is not known is ``null`` there, as a reader of the file finds it."""
    text = json.dumps(schema(name))
    assert "`None`" not in text
    assert name != "ledger" or "`outcome` is `null` where the test is gone" in text
