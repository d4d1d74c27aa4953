"""What all commands share: completion of session names, progress, and plain signs where a terminal has no others."""

from __future__ import annotations

import io
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from builders import record_of
from pytest_handoff.cli.handoff import main
from pytest_handoff.cli.support import CANNOT_TELL
from pytest_handoff.printing import progress, say_parts
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two recorded sessions."""
    (tmp_path / "handoff.toml").write_text("")
    store = Store(tmp_path / "handoffs", tmp_path)
    for session in ("session-1", "other"):
        write_each(store.artifacts(record_of(session=session), b"", None))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(words: str) -> list[str]:
    """What bash is offered behind these words."""
    number = len(words.split()) - (not words.endswith(" "))
    environment = {"_HANDOFF_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
    return CliRunner().invoke(main, prog_name="handoff", env=environment).output.split()


def test_a_session_that_is_left_out_is_the_newest(project: Path) -> None:
    """It is named on standard error, and before there is one, how to begin; the exit code is that of bad usage."""
    done = CliRunner().invoke(main, ["explain"])
    assert done.stderr.splitlines()[0] == "handoff: session-1 (the newest)"
    shutil.rmtree(project / "handoffs")
    done = CliRunner().invoke(main, ["show", "--json"])
    begin = "handoff: handoffs: no session is recorded yet; start with pytest --handoff=session-1"
    assert (done.exit_code, done.stdout, done.stderr.splitlines()) == (CANNOT_TELL, "", [begin])


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("handoff show ", ["plain,other", "plain,session-1"]),
        ("handoff gate s", ["plain,session-1"]),
        ("handoff report o", ["plain,other"]),
        ("handoff hist", ["plain,history"]),
        ("handoff show x", []),
    ],
)
def test_the_shell_completes_verbs_and_sessions(project: Path, words: str, offered: list[str]) -> None:
    """Names of recorded sessions, of verbs too."""
    assert completed(words) == offered


def test_broken_settings_are_no_completion(project: Path) -> None:
    """In the middle of a command line nobody wants to read a message."""
    (project / "handoff.toml").write_text("=")

    assert completed("handoff show ") == []


def test_bash_gets_a_script() -> None:
    """The way that the documentation names to turn completion on."""
    done = CliRunner().invoke(main, prog_name="handoff", env={"_HANDOFF_COMPLETE": "bash_source"})

    assert "_handoff_completion" in done.output


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Always."""
        return True


@pytest.mark.parametrize(
    ("stream", "number", "drawn"), [(Terminal(), 30, True), (Terminal(), 3, False), (io.StringIO(), 30, False)]
)
def test_long_work_shows_a_bar_on_a_terminal(
    stream: io.StringIO, number: int, drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every item comes; the bar is on standard error, only on a terminal, and only where there are many."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)

    assert list(progress(list(range(number)), "reading")) == list(range(number))
    assert ("reading" in stream.getvalue()) is drawn


def test_a_stream_without_our_signs_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stops at a sign that the encoding does not have."""
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, "ascii"))
    say_parts([[("✓ 90 % ≥", "green"), (" café", "")]])
    sys.stdout.flush()

    assert data.getvalue() == b"OK 90 % >= cafe\n"


def test_the_history_reads_records_only(project: Path) -> None:
    """Neither a ledger nor sources are looked at: without them the table is the same."""
    for path in project.glob("handoffs/evidence/*/tests.jsonl"):
        path.unlink()
    done = CliRunner().invoke(main, ["history"])

    assert done.exit_code == 0
    assert [line.split()[0] for line in done.output.splitlines()] == ["session", "other", "session-1"]
