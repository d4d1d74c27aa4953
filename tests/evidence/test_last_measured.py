"""The settings that a run is compared with where the session before it was not measured."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from pytest_handoff.evidence.last_measured import changed_plugins, expected_of, not_compared, plugins_that_stay, without_plugins
from pytest_handoff.evidence.policy import InForce, Policy, Settings
from pytest_handoff.evidence.tool_settings import CoverageSettings


def policy(files: dict[str, Any] | None = None, run: dict[str, Any] | None = None) -> Policy:
    """The settings of coverage.py in the files of a session, and those that its run went by."""
    settings = None if files is None else Settings(coverage=CoverageSettings(**files))
    return Policy(settings=settings, in_force=InForce(coverage=None if run is None else CoverageSettings(**run)))


@pytest.mark.parametrize(
    ("parent", "last", "expected"),
    [
        pytest.param(policy({"branch": True}), policy({}), {}, id="nothing was ever measured"),
        pytest.param(policy(), policy({}, {"branch": True}), {"branch": True}, id="no settings were kept"),
        pytest.param(
            policy({"omit": ["b"]}),
            policy({}, {"omit": ["a"], "branch": True, "fail_under": 80}),
            {"omit": ["b", "a"], "branch": True, "fail_under": 80},
            id="what the run did, and the files of the unmeasured session",
        ),
        pytest.param(
            policy({"branch": False, "fail_under": 60, "source": ["lib"]}),
            policy({"branch": True, "fail_under": 80, "source": ["src"]}, {"branch": True, "fail_under": 80, "source": ["src"]}),
            {"branch": False, "fail_under": 60, "source": ["lib"]},
            id="what that session changed is its own to answer for",
        ),
        pytest.param(
            policy({"fail_under": 60}), policy(None, {"fail_under": 80}), {"fail_under": 80}, id="the last one kept no files"
        ),
    ],
)
def test_what_a_run_would_have_measured_by(parent: Policy, last: Policy, expected: dict[str, Any]) -> None:
    """What the last measured run did, with what the files say now."""
    assert expected_of(parent, last) == CoverageSettings(**expected)


HERE = CoverageSettings(omit=["a"], exclude=["x"], plugins=["covdefaults", "new"])
RUN = CoverageSettings(omit=["a", "more"], exclude=["x", "y"], paths=["p as q"], branch=True, plugins=["covdefaults"])


@pytest.mark.parametrize(
    ("before", "file", "taken_out"),
    [
        pytest.param(["covdefaults"], "pyproject.toml", True, id="a plugin that was there"),
        pytest.param([], "pyproject.toml", False, id="a new plugin answers for what it leaves out"),
        pytest.param(["covdefaults"], "other.ini", False, id="another file may say anything"),
    ],
)
def test_what_plugins_added(before: list[str], file: str, *, taken_out: bool) -> None:
    """Only what plugins that stay can have added is taken out of the settings of a run."""
    run = replace(RUN, file=file)
    expected = replace(run, omit=["a"], exclude=["x"], paths=None) if taken_out else run
    assert without_plugins(HERE, run, CoverageSettings(plugins=before)) == expected


def test_plugins_that_stay() -> None:
    """In the order of now."""
    before = CoverageSettings(plugins=["gone", "b", "a"])
    assert plugins_that_stay(before, CoverageSettings(plugins=["a", "new", "b"])) == ["a", "b"]


PLUGGED = {"plugins": ["covdefaults"], "omit": ["a"]}
WIDER = {"plugins": ["covdefaults"], "omit": ["a", "tests/*"], "exclude": ["if DEBUG:"]}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        pytest.param(policy(PLUGGED), policy(PLUGGED, WIDER), True, id="two entries are in no file"),
        pytest.param(policy(PLUGGED, PLUGGED), policy(PLUGGED, WIDER), False, id="it can be compared"),
        pytest.param(policy(PLUGGED), policy(PLUGGED), False, id="nothing measured now"),
        pytest.param(policy(), policy(PLUGGED, WIDER), False, id="no settings before"),
        pytest.param(policy(PLUGGED), policy(None, WIDER), False, id="no settings now"),
        pytest.param(policy({}), policy(PLUGGED, WIDER), False, id="no plugin stays"),
        pytest.param(policy(PLUGGED), policy(PLUGGED, WIDER | {"file": "a.ini"}), False, id="another file was in force"),
        pytest.param(policy(PLUGGED), policy(PLUGGED, PLUGGED), False, id="the plugin adds nothing"),
    ],
)
def test_what_can_be_compared_with_no_session(before: Policy, now: Policy, *, told: bool) -> None:
    """What a plugin leaves out is said once, in full."""
    said = (
        "session-1 was not measured, so what coverage.py plugins (covdefaults) add is compared from now on: "
        "2 entries of 'omit' and excluded lines that are in no file: 'tests/*', 'if DEBUG:'"
    )
    assert not_compared(before, now, session="session-1") == (said if told else None)


def test_code_of_a_plugin_that_a_session_changed() -> None:
    """A module or a package by the plugin's name, wherever it is; what was no plugin before is none that changed."""
    before, now = policy({"plugins": ["ours.plugin", "other"]}), policy({"plugins": ["ours.plugin", "new"]})
    touched = ["src/ours/plugin.py", "ours.py", "other.py", "new.py", "src/yours/a.py", "ours.txt"]
    assert changed_plugins(before, now, touched) == ["ours.py", "src/ours/plugin.py"]
    assert changed_plugins(policy(), now, touched) == []
    assert changed_plugins(before, policy(), touched) == []
