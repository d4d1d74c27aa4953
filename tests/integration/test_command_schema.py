"""``handoff schema``, held to what the command really prints and a run really writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema

if TYPE_CHECKING:
    from stories import Story


def test_what_a_run_writes_and_the_command_prints_is_by_its_schema(shop: Story) -> None:
    """With coverage, over two sessions with a failure, a skip and a new test."""
    shop.pytest("--handoff=session-1")
    shop.edit("tests/unit/test_cart.py", "== 0", "== 1")
    shop.write_files({"tests/unit/test_more.py": "import pytest\n\n@pytest.mark.skip(reason='slow')\ndef test_more(): pass\n"})
    shop.pytest("--handoff=session-2")
    schemas = json.loads(shop.handoff("schema").out)
    printed = {
        "show": ("show", "session-2", "--json"),
        "history": ("history", "--json"),
        "life": ("history", "test_empty", "--json"),
    }

    assert schemas["show"] == json.loads(shop.handoff("schema", "show").out)
    jsonschema.validate(json.loads(shop.text("handoffs/evidence/session-2/record.json")), schemas["record"])
    for line in shop.text("handoffs/evidence/session-2/tests.jsonl").splitlines():
        jsonschema.validate(json.loads(line), schemas["ledger"])
    for line in shop.text("handoffs/evidence/session-2/sources.jsonl").splitlines():
        jsonschema.validate(json.loads(line), schemas["sources"])
    for name, arguments in printed.items():
        jsonschema.validate(json.loads(shop.handoff(*arguments).out), schemas[name])


def test_a_name_that_is_none_is_told(shop: Story) -> None:
    """With those that there are, and exit code 2."""
    done = shop.handoff("schema", "receipt")

    assert done.code == 2
    assert "record, ledger, sources, coverage, statements, part, proof, details, show" in done.err


def test_descriptions_are_markdown(empty: Story) -> None:
    """They come from docstrings, but editors show them: code stands between single backticks, and no role is named."""
    out = empty.handoff("schema").out

    assert "`survivors` are the faults" in out
    assert "``" not in out
    assert ":mod:`" not in out
    assert ":func:`" not in out
    assert ":class:`" not in out
