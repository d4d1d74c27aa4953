"""Options that would do nothing, or not what was meant, are refused with what to type instead."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

USAGE_ERROR = 4


@pytest.mark.parametrize("option", ["--handoff-dir=x", "--handoff-artifacts=x", "--handoff-agent=me", "--handoff-previous=a"])
def test_an_option_that_needs_a_session_is_not_ignored(shop: Story, option: str) -> None:
    """Typed without ``--handoff`` it is a mistake; nothing runs."""
    done = shop.pytest(option)
    assert done.code == USAGE_ERROR
    assert f"ERROR: {option.partition('=')[0]} needs --handoff=SESSION: without it, no session is recorded" in done.err
    assert "passed" not in done.out


def test_an_option_in_the_settings_waits_for_a_session(shop: Story) -> None:
    """In ``addopts`` it is a default for the runs that ask for a hand-off."""
    shop.edit("pyproject.toml", "[tool.pytest.ini_options]", '[tool.pytest.ini_options]\naddopts = ["--handoff-dir=notes"]')
    assert shop.pytest("-q").code == 0
    assert shop.pytest("--handoff=session-1", "--no-cov", "-q").code == 0
    assert (shop.folder / "notes" / "session-1.md").exists()
    assert (shop.folder / "notes" / "evidence" / "session-1" / "record.json").exists()
    assert not (shop.folder / "handoffs").exists()
    assert shop.handoff("--handoff-dir=notes", "verify", "session-1").code == 0


def test_a_path_is_not_taken_for_a_session(shop: Story) -> None:
    """``pytest --handoff tests`` forgot the name; written with ``=`` it is meant."""
    done = shop.pytest("--handoff", "tests")
    assert done.code == USAGE_ERROR
    assert "--handoff: took 'tests' as the name of the session, but a file or folder has that name; " in done.err
    assert not (shop.folder / "handoffs").exists()
    assert shop.pytest("--handoff=tests", "--no-cov", "-q").code == 0


@pytest.mark.parametrize(
    ("verb", "choices"),
    [
        (["export"], "Choose from: ctrf, junit, sarif"),
        (["agents"], "Choose from: install, remove, hook"),
        (["agents", "install"], "Choose from: claude, codex, "),
    ],
)
def test_the_choices_for_a_missing_argument(empty: Story, verb: list[str], choices: str) -> None:
    """They are listed in one line, without the line breaks and tabs that click puts between them."""
    done = empty.handoff(*verb)
    assert done.code != 0
    assert "\\" not in done.err
    assert choices in done.err.splitlines()[-1]


@pytest.mark.parametrize(
    "args", [["no\nsuch"], ["export", "odd\n::error::x"], ["verify", "a", "odd\n::error::x"], ["--odd\n::x"]]
)
def test_a_line_break_in_an_argument_stays_an_escape(empty: Story, args: list[str]) -> None:
    """What is repeated of the command line cannot begin a line."""
    done = empty.handoff(*args)
    assert done.code != 0
    assert "\\n" in done.err
    assert not any(line.startswith(("::", "such")) for line in done.err.splitlines())


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in which somebody stands cannot be removed there")
@pytest.mark.parametrize("command", ["next", "history", "gate session-1"])
def test_a_working_directory_that_is_gone(shop: Story, command: str) -> None:
    """It is named in one sentence; exit code 1 would say *no*."""
    run = f"mkdir gone && cd gone && rmdir ../gone && {sys.executable} -m pytest_handoff {command}"
    done = shop.run("sh", "-c", run)
    assert (done.code, done.err) == (2, "handoff: the working directory is gone; change to one that exists\n")
