"""The project's settings and the names of sessions."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from pytest_handoff.config import Config, TierRule, check_session_name, read_config
from pytest_handoff.errors import UsageProblem


def complaint(table: dict[str, Any]) -> str:
    """What is said of a table that cannot be used."""
    with pytest.raises(UsageProblem) as caught:
        read_config(table, path="pyproject.toml [tool.handoff]")
    return str(caught.value)


def test_defaults() -> None:
    """Without settings there are four tiers, a folder for hand-offs, and nothing is left out."""
    config = read_config({}, path="x")
    assert config == Config()
    assert list(config.tiers) == ["unit", "integration", "e2e", "performance"]
    assert config.document_path("session-3") == "handoffs/session-3.md"


def test_everything_set() -> None:
    """Every setting reaches its place."""
    config = read_config(
        {
            "dir": "notes", "document": "specs/{session}/recovery.md", "template": "own", "templates": "t", "ignore": ["*.csv"],
            "scope": ["libs"], "tiers": {"smoke": {"markers": ["quick"]}}, "default_tier": "integration",
            "retire": [{"test": "a::*", "reason": "gone"}], "required": ["All tests pass"],
            "bind": [{"line": "Login works", "tests": "*login*"}],
            "waive": [{"gate": "regression", "reason": "known", "until": "2026-12-31"}],
            "prove": ["earlier"], "adapt": [{"test": "a::*", "reason": "two decimals"}],
        },
        path="x",
    )  # fmt: skip
    assert config.document_path("s-1") == "specs/s-1/recovery.md"
    assert config.tiers["smoke"] == TierRule(markers=["quick"])
    assert config.tiers["unit"] == TierRule(markers=["unit"], paths=["**/unit/**"])
    assert (config.prove, config.adapt[0].reason) == (["earlier"], "two decimals")
    assert (config.retire[0].reason, config.bind[0].tests, config.waive[0].until) == ("gone", "*login*", "2026-12-31")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"requird": []}, "unknown key 'requird', did you mean 'required'?"),
        ({"xyzzy": 1}, "unknown key 'xyzzy'"),
        ({"parts": ["a/b"]}, "'parts': 'a/b' contains a character that some systems do not allow in file names"),
        ({"parts": ["unit", "e2e", "unit"]}, "'parts': 'unit' appears twice"),
        ({"dir": 3}, "'dir': expected `str`, got `int`"),
        ({"retire": [{"test": "a"}]}, "'retire': object missing required field `reason` at [0]"),
        ({"retire": [{"test": "a", "reason": "b", "by": "c"}]}, "'retire': object contains unknown field `by` at [0]"),
        ({"retire": [{"test": "a", "reason": " "}]}, "'retire': an entry has no reason"),
        ({"waive": [{"gate": "a", "reason": ""}]}, "'waive': an entry has no reason"),
        ({"waive": [{"gate": "a", "reason": "\u200b"}]}, "'waive': an entry has no reason"),
        ({"known": [{"test": "a", "reason": "\u3164 —"}]}, "'known': an entry has no reason"),
        ({"adapt": [{"test": "a", "reason": ""}]}, "'adapt': an entry has no reason"),
        ({"prove": ["older"]}, "'prove': invalid enum value 'older' at [0]; choose from 'earlier', 'new', 'faults'"),
        ({"prove": "new"}, "'prove': expected `array`, got `str`; choose from 'earlier', 'new', 'faults'"),
        ({"corrections": True}, "'corrections': expected `str`, got `bool`; choose from 'on', 'off'"),
        ({"details": "yes"}, "'details': invalid enum value 'yes'; choose from 'local', 'commit', 'off'"),
        ({"waive": [{"gate": "a", "reason": "b", "until": "31.12.2026"}]}, "'31.12.2026' is not a date such as 2026-12-31"),
        ({"waive": [{"gate": "a", "reason": "b", "until": "2026-1-5"}]}, "'2026-1-5' is not a date"),
        ({"waive": [{"gate": "a", "reason": "b", "until": "20261231"}]}, "'20261231' is not a date"),
        ({"waive": [{"gate": "a", "reason": "b", "until": datetime.date(2026, 1, 1)}]}, "expected `str | null`, got `date`"),
        ({"tiers": {"unit": {"marker": "x"}}}, "'tiers': object contains unknown field `marker` at [...]"),
        ({"dir": "docs\\handoffs"}, "'dir': 'docs\\\\handoffs' has a backslash; write folders with '/'"),
        ({"document": "docs\\{session}.md"}, "'document': 'docs\\\\{session}.md' has a backslash"),
        ({"templates": ".\\templates"}, "'templates': '.\\\\templates' has a backslash"),
        ({"scope": "libs"}, "'scope': expected `array`, got `str`"),
    ],
)  # fmt: skip
def test_what_cannot_be_used(table: dict[str, Any], said: str) -> None:
    """Each mistake is named with its key, and the file it is in."""
    assert said in complaint(table)
    assert complaint(table).startswith("pyproject.toml [tool.handoff]: ")


def test_all_problems_at_once() -> None:
    """Every problem of the table is in one message."""
    said = complaint({"dirr": "x", "scope": 1, "ignore": [2], "other": 0})
    assert [part in said for part in ("'dirr'", "'scope'", "'ignore'", "'other'")] == [True] * 4


@pytest.mark.parametrize("name", ["session-3", "a", "Session 3", "sprint_7.2", "été", "console", "x" * 100])
def test_names_that_a_session_can_have(name: str) -> None:
    """Whatever can be a file's name everywhere can be a session's."""
    assert check_session_name(name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("a\nb", "contains a control character"),
        ("a\x00", "contains a control character"),
        ("a\ud800", "contains a control character"),
        ("../up", "contains a character that some systems do not allow in file names"),
        ("a/b", "contains a character"),
        ("a\\b", "contains a character"),
        ("c:x", "contains a character"),
        ("{session}", "contains a character"),
        ("..", "begins or ends"),
        (".hidden", "begins or ends"),
        ("-x", "begins or ends"),
        (" x", "begins or ends"),
        ("x ", "begins or ends"),
        ("x.", "begins or ends"),
        ("con", "is a device name on Windows"),
        ("NUL.md", "is a device name on Windows"),
        ("com1", "is a device name on Windows"),
        ("x" * 101, "is longer than 100 bytes"),
        ("é" * 51, "is longer than 100 bytes"),
    ],
)
def test_names_that_no_session_can_have(name: str, said: str) -> None:
    """What is wrong with a name is said with the name."""
    with pytest.raises(UsageProblem, match=said) as caught:
        check_session_name(name)
    assert repr(name) in str(caught.value)
