"""What ``--help`` says, at the width of a terminal that nobody made wider."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from pytest_handoff.cli import handoff
from pytest_handoff.cli.handoff import VERBS, main, verb_named


@pytest.mark.parametrize("name", VERBS)
def test_each_summary_fits(name: str) -> None:
    """At most 45 characters, cut nowhere."""
    summary = verb_named(name).get_short_help_str(limit=1_000)

    assert 0 < len(summary) <= 45
    assert not summary.endswith((".", "..."))


def test_the_list_of_verbs_is_whole_at_80_columns() -> None:
    """One line a verb, nothing cut."""
    done = CliRunner().invoke(main, ["--help"], terminal_width=80)
    rows = done.output.partition("Commands:\n")[2].splitlines()

    assert [row.split()[0] for row in rows] == sorted(VERBS)
    assert "..." not in done.output.partition("Commands:\n")[2]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("shwo", "No such command 'shwo'. Did you mean 'show'?"),
        ("xyzzy", "No such command 'xyzzy'.\n"),
        ("Gate", "Did you mean 'gate'?"),
    ],
)
def test_a_verb_that_is_nearly_right(typed: str, said: str) -> None:
    """The verb that was meant is named, where there is one."""
    done = CliRunner().invoke(main, [typed, "session-1"])

    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
def test_what_is_interrupted_gives_no_answer(monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]) -> None:
    """Exit code 1 would say *no*, to a script that asks whether the gate passes."""

    def interrupted(_name: str) -> click.Command:
        raise stop

    monkeypatch.setattr(handoff, "verb_named", interrupted)
    done = CliRunner().invoke(handoff.main, ["gate", "session-1"])
    assert (done.exit_code, done.output) == (2, "\nhandoff: interrupted\n")
