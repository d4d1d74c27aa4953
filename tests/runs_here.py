"""Whole runs of pytest and whole commands in the test's own process, where coverage can see what they run."""

from __future__ import annotations

from contextlib import chdir
from textwrap import dedent
from typing import TYPE_CHECKING

from click.testing import CliRunner

from pytest_handoff.cli.handoff import main
from pytest_handoff.project.layout import open_project
from stories import Done

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import LedgerLine, Record

PASSES = "def test_x():\n    pass\n"

QUIET = """
[tool.pytest.ini_options]
addopts = ["--no-cov", "-p", "no:rerunfailures", "-p", "no:benchmark"]
"""
"""A run in a process that may be measured must not measure; the two plugins leave threads and folders behind."""


class RunsHere:
    """A project in a git repository of its own, with runs and commands in this process."""

    def __init__(self, pytester: pytest.Pytester, git: Callable[..., str]) -> None:
        self.folder, self._pytester, self._git = pytester.path, pytester, git
        self.git("init", "--quiet", "--initial-branch=main")
        self.write({"pyproject.toml": QUIET, ".gitignore": ".pytest_cache/\n", "test_a.py": PASSES})

    def write(self, files: dict[str, str]) -> None:
        """Write files by path, their text dedented."""
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(dedent(text), "utf-8")

    def git(self, *args: str) -> str:
        """Run git, which must succeed."""
        return self._git(self.folder, *args)

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "work")

    def pytest(self, *args: str, session: str = "session-1") -> Done:
        """Record a run of pytest."""
        return self.plain(f"--handoff={session}", *args)

    def plain(self, *args: str) -> Done:
        """Run pytest with these options only; Ctrl-C ends it, and no test that watches it."""
        done = self._pytester.runpytest_inprocess(*args, no_reraise_ctrlc=True)
        return Done(int(done.ret), done.stdout.str(), done.stderr.str())

    def handoff(self, *args: str) -> Done:
        """Run the command; what it does not expect is raised."""
        with chdir(self.folder):
            done = CliRunner().invoke(main, args)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    @property
    def project(self) -> Project:
        """The project as the code sees it."""
        return open_project(self.folder)

    def record(self, session: str = "session-1") -> Record:
        """What is recorded of a session."""
        return self.project.store.figures(session)

    def ledger(self, session: str = "session-1") -> dict[str, LedgerLine]:
        """The tests of a session by id."""
        return dict(self.project.store.ledger(self.record(session)))

    def is_recorded(self, session: str = "session-1") -> bool:
        """Whether there is evidence of a session."""
        return self.project.store.has(session)
