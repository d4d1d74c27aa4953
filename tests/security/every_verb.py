"""Every verb of the command, played in this process, and a picture of the world that none of them may change."""

from __future__ import annotations

import os
from contextlib import chdir
from typing import TYPE_CHECKING

from click.testing import CliRunner

from pytest_handoff.cli.handoff import main
from stories import Done

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Story

READING = {
    "show": ("show", "session-1"),
    "show --json": ("show", "session-1", "--json"),
    "explain": ("explain", "session-1"),
    "history": ("history",),
    "history TEST": ("history", "test_total"),
    "verify": ("verify", "session-1"),
    "gate": ("gate", "session-1"),
    "report": ("report", "session-1"),
    "attest": ("attest", "session-1"),
    "next": ("next", "session-1"),
    "comment": ("comment", "session-1"),
    "export junit": ("export", "junit", "session-1"),
    "export ctrf": ("export", "ctrf", "session-1"),
    "export sarif": ("export", "sarif", "session-1"),
    "fill --check": ("fill", "session-1", "--check"),
    "fill --diff": ("fill", "session-1", "--diff"),
    "prune --dry-run": ("prune", "--dry-run"),
    "schema": ("schema",),
}
"""Verbs that change nothing; a report is the one file that one of them is asked for."""

WRITING = {
    "fill": ("fill", "session-1"),
    "fill --interrupted": ("fill", "session-1", "--interrupted"),
    "init": ("init", "session-2"),
    "prune": ("prune",),
    "combine": ("combine", "session-1"),
}

EVERY = READING | WRITING


def play(story: Story, *args: str) -> Done:
    """Run a verb in this process; whatever it does not understand is a sentence, never a traceback."""
    with chdir(story.folder):
        done = CliRunner().invoke(main, args)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def complete(story: Story, words: str = "handoff show ") -> list[str]:
    """Run what the shell runs when somebody presses the tabulator."""
    environment = {"_HANDOFF_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()))}
    with chdir(story.folder):
        return CliRunner().invoke(main, prog_name="handoff", env=environment).output.split()


def picture(folder: Path, *, without: str = "\0") -> dict[str, bytes | str]:
    """Every file below a folder with its content, and every link with where it leads; caches of git and pytest are theirs."""
    found: dict[str, bytes | str] = {}
    for place, below, names in os.walk(folder):
        here = folder.__class__(place)
        below[:] = [name for name in below if name not in (".pytest_cache", "__pycache__", without)]
        for name in (*names, *below):
            path = here / name
            if path.is_symlink():
                found[str(path.relative_to(folder))] = str(path.readlink())
            elif path.is_file():
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found
