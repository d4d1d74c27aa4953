"""Two processes at once: whatever they do to a session, its evidence is that of one of them, or of both added up."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pytest_handoff.cli.handoff import main
from pytest_handoff.project import locks, writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stories import Story

WAITS = """
    import pathlib, sys

    def test_a():
        print("waits", flush=True)
        assert sys.stdin.readline() == "go\\n"

    def test_b():
        pass
"""


class Waiting:
    """A run that has come to its first test, and goes on when it is told."""

    def __init__(self, story: Story, *args: str) -> None:
        command = [sys.executable, "-m", "pytest", "-s", *args]
        self._process = subprocess.Popen(
            command, cwd=story.folder, env=story.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for line in self._stream(self._process.stdout):
            if "waits" in line:
                return
        raise AssertionError("the run never came to its test")

    def go_on(self) -> tuple[int, str]:
        """Let it come to its end; return its exit code and what it said from here on."""
        out, _ = self._process.communicate("go\n", timeout=120)
        return self._process.returncode, out

    def kill(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()
        self._process.communicate()

    @staticmethod
    def _stream(stream: IO[str] | None) -> IO[str]:
        assert stream is not None
        return stream


@pytest.fixture
def two(empty: Story) -> Story:
    """A project of two tests, of which the first waits for a word."""
    empty.write_files({"tests/unit/test_two.py": WAITS, "tests/e2e/test_far.py": "def test_far(): pass\n"})
    empty.commit()
    return empty


@pytest.fixture
def waiting(two: Story, request: pytest.FixtureRequest) -> Iterator[Waiting]:
    """A run of ``session-1`` that waits; its arguments are the test's parameter."""
    run = Waiting(two, "--handoff=session-1", *getattr(request, "param", ["--no-cov"]))
    yield run
    run.kill()


def outcomes(story: Story) -> dict[str, str]:
    table = story.show("session-1")
    return {test.partition("::")[2]: entry["outcome"] for test, entry in table["tests"].items()}


def agrees(story: Story) -> bool:
    """Whether the files of the evidence, and the document, fit each other."""
    return story.handoff("verify", "session-1").code == 0


def test_the_later_of_two_whole_runs_stands(two: Story, waiting: Waiting) -> None:
    """Both run, one after the other writes, and the later one says whose place it takes."""
    other = Waiting(two, "--no-cov", "--handoff=session-1", "-x")
    first, said_first = other.go_on()
    recorded = two.evidence()["handoffs/evidence/session-1/record.json"]
    second, said = waiting.go_on()

    assert (first, second) == (0, 0)
    assert "another run" not in said_first
    assert "another run of session-1 was recorded while this one ran; this one replaces it" in said
    assert json.loads(two.evidence()["handoffs/evidence/session-1/record.json"])["run"] != json.loads(recorded)["run"]
    assert outcomes(two) == {"test_a": "passed", "test_b": "passed", "test_far": "passed"}
    assert agrees(two)


@pytest.mark.parametrize("waiting", [["--no-cov", "tests/unit"]], indirect=True)
def test_parts_that_run_at_once_add_up(two: Story, waiting: Waiting) -> None:
    """A run of some tests, in which another run of the other tests is recorded, joins them on the same tree."""
    two.pytest("--no-cov", "--handoff=session-1", "tests/e2e")
    assert two.show("session-1")["complete"] is False
    code, said = waiting.go_on()

    assert code == 0
    assert "another run of session-1 was recorded while this one ran; the two add up" in said
    assert outcomes(two) == {"test_a": "passed", "test_b": "passed", "test_far": "passed"}
    assert two.show("session-1")["complete"] is True
    assert agrees(two)


@pytest.mark.parametrize("waiting", [[]], indirect=True)
def test_coverage_beside_another_run_is_not_measured(two: Story, waiting: Waiting) -> None:
    """coverage.py may have taken in the other run's data: then no figure is shown."""
    two.pytest("--no-cov", "--handoff=session-2", "tests/e2e")
    waiting.go_on()

    table = two.show("session-1")
    assert table["coverage"] is None
    assert "another run recorded here at the same time" in table["not_measured"]["coverage"]


def test_filling_while_a_run_goes_on(two: Story, waiting: Waiting) -> None:
    """``fill`` works on what is recorded at that moment, and the run that ends afterwards on what ``fill`` left."""
    assert two.handoff("fill", "session-1").code == 2
    two.edit("tests/e2e/test_far.py", "pass", "assert True")
    two.pytest("--no-cov", "--handoff=session-1", "tests/e2e")
    filled = two.handoff("fill", "session-1")
    assert filled.code == 0
    assert "interrupted" not in filled.err
    code, said = waiting.go_on()

    assert code == 0
    assert "files changed while the tests ran" in said
    assert two.show("session-1")["complete"] is False


def test_a_session_whose_parent_is_recorded_anew_meanwhile(two: Story) -> None:
    """It was compared with something that is gone; its results can still be recorded, compared with what is there now."""
    Waiting(two, "--no-cov", "--handoff=session-1").go_on()
    run = Waiting(two, "--no-cov", "--handoff=session-2")
    try:
        Waiting(two, "--no-cov", "--handoff=session-1").go_on()
        code, said = run.go_on()
    finally:
        run.kill()
    assert code == 3
    assert "the record of 'session-1', which 'session-2' continues, changed while the tests ran" in said
    assert not (two.folder / "handoffs/evidence/session-2").exists()

    used = two.handoff("fill", "session-2", "--interrupted")
    assert used.code == 0, used
    assert two.show("session-2")["previous"] == ["session-1"]
    assert two.handoff("verify", "session-2", "--all").code == 0


def test_filling_in_the_moment_in_which_a_run_is_recorded(shop: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process wrote before ``fill`` got the lock is what ``fill`` reads: nothing older is written back."""
    shop.pytest("--no-cov", "--handoff=session-1")
    old = shop.folder / "handoffs"
    shutil.copytree(old, tmp_path / "old")
    shop.edit("tests/e2e/test_shop.py", "== 5", "== 6")
    shop.pytest("--no-cov", "--handoff=session-1")
    shutil.copytree(old, tmp_path / "new")
    shutil.copytree(tmp_path / "old", old, dirs_exist_ok=True)

    @contextmanager
    def locked_at_last(folder: Path) -> Iterator[None]:
        shutil.copytree(tmp_path / "new", folder, dirs_exist_ok=True)
        with locks.locked(folder):
            yield

    monkeypatch.setattr(writing, "locked", locked_at_last)
    monkeypatch.chdir(shop.folder)
    filled = CliRunner().invoke(main, ["fill", "session-1"])

    assert filled.exit_code == 0, filled.output
    assert shop.show("session-1")["counts"]["failed"] == 1
    assert agrees(shop)
