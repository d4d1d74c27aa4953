"""Settings of no honest shape are refused at once, by one sentence."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.config import read_config
from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.settings_text import parse_ini, parse_toml
from pytest_handoff.evidence.tool_settings import coverage_settings, pytest_settings
from pytest_handoff.project.tree import unparsable

if TYPE_CHECKING:
    from pathlib import Path

DOTTED = ".".join(["a"] * 250_000) + " = 1\n"
ESCAPED = '"\\UFFFFFFFF"'
HUGE = "dir = 1" + "0" * 5_000
SPACED = "[pytest]\naddopts" + " " * 200_000 + "x\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (DOTTED, "line 1 has a key of more than 200 parts"),
        (f"x = 1\n[{DOTTED[:-5]}]", "line 2 has a key"),
        (HUGE, "Exceeds the limit"),
        ("ignore = " + "[" * 100_000, "nested too deeply"),
        ("dir =", "Invalid value"),
    ],
)
def test_toml_of_no_honest_shape(text: str, why: str) -> None:
    """It is refused before its parser has much to do."""
    with pytest.raises(ValueError, match=why):
        parse_toml(text)


def test_toml_with_dots_in_its_values() -> None:
    """A long value may hold as many dots as it likes."""
    assert parse_toml(f'a.b = "{"." * 5_000}"\n') == {"a": {"b": "." * 5_000}}


@pytest.mark.parametrize("text", [SPACED, "[a]\n" + "x" * 20_000 + "= 1", "a = 1\n"])
def test_ini_of_no_honest_shape(text: str) -> None:
    """One long line would take minutes."""
    with pytest.raises(ValueError, match=r"more than 10,000 characters|no section headers"):
        parse_ini(text, configparser.ConfigParser())


def test_whoever_reads_settings_names_the_file() -> None:
    """pytest's and coverage.py's own files as well."""
    with pytest.raises(UsageProblem, match=r"tox\.ini: cannot be read: line 2 has more than 10,000 characters"):
        pytest_settings({"tox.ini": SPACED})
    with pytest.raises(UsageProblem, match=r"\.coveragerc: cannot be read: line 2 has more"):
        coverage_settings({".coveragerc": SPACED})
    with pytest.raises(UsageProblem, match=r"pyproject\.toml: cannot be read: Exceeds the limit"):
        pytest_settings({"pyproject.toml": HUGE})


def test_changed_files_of_no_honest_shape_do_not_parse(tmp_path: Path) -> None:
    """They are told like any other file that does not."""
    contents = {
        "a.toml": DOTTED,
        "b.ini": SPACED,
        "c.yaml": "[" * 300_000,
        "d.json": "[" * 300_000,
        "e.yml": "a: 1\n" * 1_000_000,
        "f.yml": ESCAPED,
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)

    found = unparsable(tmp_path, contents)

    assert sorted(found) == sorted(contents)
    assert found["e.yml"] == "it has more than 4 MB"


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"ignore": [f"**/x{number}" for number in range(60_000)]}, "'ignore' has 60,000 entries; the limit is 5,000"),
        ({f"k{number}": 1 for number in range(60_000)}, "the table has 60,000 entries"),
        ({"words": {"verbs": {"pass": ["a " * 100_000]}}}, "an entry of 'pass' has 200,000 characters; the limit is 2,000"),
        ({"d" * 9_000: 1}, "a key of the table has 9,000 characters"),
        ({"dir": "a\0b"}, "'dir': contains a control character"),
        ({"document": "a\x1b/{session}.md"}, "'document': contains a control character"),
        ({"templates": "a\n"}, "'templates': contains a control character"),
        ({"target": "main\0x"}, "'target': contains a control character"),
        ({"dir": "a" * 300}, "'dir': has a name longer than 255 bytes"),
        ({"document": "ü" * 200 + "/x.md"}, "'document': has a name longer than 255 bytes"),
    ],
)
def test_settings_of_no_honest_size(table: dict[str, Any], why: str) -> None:
    """Nobody writes so many, or such."""
    with pytest.raises(UsageProblem, match=why):
        read_config(table, path="handoff.toml")
