"""Kills runs at random moments, and looks at what each left behind.

``python tests/kill_harness.py --kills 200`` or ``make kills``. Each kill has a seed of its own that decides the shape of the
run, the process, the signal and the moment; a failure names it, and ``--kills 1 --seed SEED`` tries it again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from pytest_handoff.cli.handoff import main
from pytest_handoff.project.pending_note import read_note

SHAPES = {
    "serial": ["--no-cov"],
    "serial with coverage": [],
    "artifacts": ["--no-cov", "--handoff-artifacts=artifacts"],
    "only some": ["--no-cov", "-k", "1"],
    "parallel": ["--no-cov", "-n", "2"],
    "parallel with coverage": ["-n", "2"],
}
OFTEN = [5, 4, 4, 3, 2, 1]
"""How often a shape is chosen: a run with workers costs three times as much as one without."""

FINISHED = "finished, but its record was not written"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
HUNG = 999
MOST_SECONDS = 180.0
"""Longer than any run takes on a slow machine: a run that hangs is a failure."""

TESTS = 40
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["src"]\n',
    ".gitignore": "__pycache__/\n.coverage*\nartifacts/\n",
    "src/thing.py": "def double(x):\n    return 2 * x\n",
    "tests/conftest.py": """
import os, pathlib

def pytest_configure(config):
    if hasattr(config, "workerinput"):
        (pathlib.Path(os.environ["WORKERS"]) / str(os.getpid())).touch()
""",
    "tests/test_thing.py": f"""
import time
import pytest
from thing import double

@pytest.mark.parametrize("n", range({TESTS}))
def test_double(n):
    time.sleep(0.01)
    assert double(n) == 2 * n
""",
}


class Kill(NamedTuple):
    """What came of one kill: what was done, how the run ended, and what is wrong with what it left."""

    seed: int
    what: str
    came_to: str
    wrong: list[str]

    def told(self) -> str:
        """The kill in words, with what is wrong."""
        return "\n  ".join([f"seed {self.seed}: {self.what}: {self.came_to}", *self.wrong])


def prepare(folder: Path) -> None:
    """A repository with a recorded session whose code has changed since."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    done = _run(folder, "serial")
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    with (folder / "src/thing.py").open("a") as file:
        file.write("\n\ndef half(x):\n    return x / 2\n")


def kills(number: int, seed: int, seconds: float, processes: int = 2) -> list[Kill]:
    """So many kills, or as many as the time allows."""
    end = time.monotonic() + seconds
    found: list[Kill] = []
    with tempfile.TemporaryDirectory(prefix="handoff-kills-") as there:
        template = Path(there) / "project"
        prepare(template)
        begin = time.monotonic()
        with _copy(template) as folder:
            _run(folder, "serial")
        length = time.monotonic() - begin
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            waiting = [pool.submit(kill_once, template, seed + n, length) for n in range(number)]
            for done in as_completed(waiting):
                if not done.cancelled():
                    found.append(done.result())
                    _tell_wrong(found[-1])
                if time.monotonic() > end:
                    for one in waiting:
                        one.cancel()
    return found


def _tell_wrong(kill: Kill) -> None:
    if kill.wrong:
        sys.stdout.write(f"{kill.told()}\n")
        sys.stdout.flush()


def kill_once(template: Path, seed: int, length: float) -> Kill:
    """Run a copy of the project, kill it, and look. ``length`` is about how long a run takes, in seconds."""
    dice = random.Random(seed)  # noqa: S311 - chance, no secret
    [shape] = dice.choices(list(SHAPES), OFTEN)
    number = dice.choice(SIGNALS)
    longer = length * (2 if "parallel" in shape else 1)
    moment = longer * (dice.uniform(0.7, 1.1) if dice.random() < 0.6 else dice.uniform(0.2, 1.3))  # late ones are the hard ones
    hits_worker = "parallel" in shape and dice.random() < 0.3
    what = f"{shape}, {signal.Signals(number).name} to {'a worker' if hits_worker else 'the controller'} at {moment:.2f} s"
    with _copy(template) as folder:
        before = _evidence(folder)
        code = _run_and_kill(folder, shape, number, moment, hits_worker=hits_worker)
        with contextlib.chdir(folder):
            came_to, wrong = _look(folder, before, code, runs_again=dice.random() < 0.25)
    return Kill(seed, what, came_to, wrong)


@contextlib.contextmanager
def _copy(template: Path):  # type: ignore[no-untyped-def] # an iterator of one folder
    with tempfile.TemporaryDirectory(prefix="handoff-kill-", ignore_cleanup_errors=True) as there:
        folder = Path(there) / "project"
        shutil.copytree(template, folder, symlinks=True)
        yield folder


def _run(folder: Path, shape: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(shape), cwd=folder, env=_environment(folder), check=False, capture_output=True, text=True, timeout=MOST_SECONDS
    )


def _command(shape: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--handoff=session-1", *SHAPES[shape]]


def _environment(folder: Path) -> dict[str, str]:
    workers = folder.parent / "workers"
    workers.mkdir(exist_ok=True)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("COV_", "COVERAGE_", "PYTEST_", "GIT_"))}
    return kept | {"WORKERS": str(workers)}


def _run_and_kill(folder: Path, shape: str, number: int, moment: float, *, hits_worker: bool) -> int:
    environment = _environment(folder)
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(_command(shape), cwd=folder, env=environment, **silent) as run:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return run.wait(moment)  # it was faster than the kill
        workers = sorted(int(path.name) for path in Path(environment["WORKERS"]).iterdir())
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself in this moment
            os.kill(workers[0] if hits_worker and workers else run.pid, number)
        try:
            return run.wait(MOST_SECONDS)
        except subprocess.TimeoutExpired:
            run.kill()
            return HUNG


def _look(folder: Path, before: dict[str, bytes], code: int, *, runs_again: bool) -> tuple[str, list[str]]:
    """Which of the allowed ends this is, and what is wrong with it."""
    if code == HUNG:
        return "hung", [f"the run did not end within {MOST_SECONDS:.0f} s"]
    wrong = _finished(folder)
    shown = _handoff("show", "session-1")
    after = _evidence(folder)
    same = after == before
    came_to = "nothing recorded" if same else "recorded"
    told = re.search(rf"was interrupted (after (\d+) of {TESTS} tests|before all tests were collected)|{FINISHED}", shown.stderr)
    wrong += [*_of_the_evidence(shown), *_of_what_is_said(shown.stderr, told, code, same=same)]
    if told:
        came_to += f", told that it {'finished' if told[0] == FINISHED else 'began'}" if told[2] is None else ", told how far"
        wrong += _of_the_use_of_a_finished_run() if told[0] == FINISHED else _of_its_use(told[2])
    if runs_again:
        wrong += _of_the_next_run(folder)
    return came_to, wrong


def _finished(folder: Path) -> list[str]:
    """What is wrong with a write that was cut short: whoever reads is told, and filling finishes it."""
    if read_note(folder / "handoffs") is None:
        return []
    told = "finish it with handoff fill session-1"
    before = _handoff("show", "session-1")
    done = _handoff("fill", "session-1")
    wrong = [] if told in before.stderr or before.exit_code == 0 else [f"not told of: {before.output[-300:]}"]
    wrong += [] if done.exit_code == 0 else [f"handoff fill: {done.exit_code} {done.output[-600:]}"]
    return wrong + (["the write was not finished"] if read_note(folder / "handoffs") is not None else [])


def _of_the_evidence(shown) -> list[str]:  # type: ignore[no-untyped-def] # click's Result differs between versions
    wrong = [] if shown.exit_code == 0 else [f"handoff show: {shown.exit_code} {shown.output[-600:]}"]
    checked = _handoff("fill", "session-1", "--check")
    wrong += [] if checked.exit_code == 0 else [f"document and record do not agree: {checked.output[-300:]}"]
    return wrong


def _of_what_is_said(stderr: str, told: re.Match[str] | None, code: int, *, same: bool) -> list[str]:
    wrong = []
    if code == 0 and same:
        wrong.append("the run ended with 0 and recorded nothing")
    if told is None and "interrupted" in stderr:
        wrong.append(f"what is said is not how far it came: {stderr}")
    if told and not same:
        wrong.append(f"it is recorded and said not to be: {stderr}")
    return wrong


def _of_its_use(number: str | None) -> list[str]:
    """What ``fill --interrupted`` makes of it: exactly what was told, or a sentence."""
    used = _handoff("fill", "session-1", "--interrupted")
    expected = 2 if number is None else 0
    if used.exit_code != expected:
        return [f"fill --interrupted: {used.exit_code} {used.output[-600:]}"]
    if number is None:
        return [] if used.stderr.startswith("handoff: ") else [f"fill --interrupted: {used.output[-600:]}"]
    table = json.loads(_handoff("show", "session-1", "--json").stdout)
    counts = table["counts"]
    good = not table["complete"] and counts["passed"] == int(number) and counts["not_run"] == TESTS - int(number)
    return [] if good else [f"{number} tests were told, and the record counts {counts}, complete {table['complete']}"]


def _of_the_use_of_a_finished_run() -> list[str]:
    """What ``fill --interrupted`` makes of it: an incomplete run, in which each test counts once."""
    used = _handoff("fill", "session-1", "--interrupted")
    table = json.loads(_handoff("show", "session-1", "--json").stdout)
    counts = table["counts"]
    good = used.exit_code == 0 and not table["complete"] and counts["passed"] + counts["not_run"] == TESTS
    return [] if good else [f"fill --interrupted: {used.exit_code} {used.output[-600:]}; the record counts {counts}"]


MEANT = {".details", ".gitignore", ".gitattributes"}
"""Hidden files that a run leaves in the hand-off folder on purpose."""


def _of_the_next_run(folder: Path) -> list[str]:
    again = _run(folder, "serial")
    wrong = [] if again.returncode == 0 else [f"the next run does not come to its end: {again.stdout[-600:]}"]
    left = [path.name for path in (folder / "handoffs").rglob(".*") if path.name not in MEANT]
    left += [path.name for path in (folder / ".pytest_cache/handoff/.journals/session-1").glob("*")]
    return wrong + ([f"left behind: {left}"] if left else [])


def _handoff(*args: str):  # type: ignore[no-untyped-def] # click's Result, whose streams differ between its versions
    return CliRunner().invoke(main, args)


def _evidence(folder: Path) -> dict[str, bytes]:
    files = (path for path in (folder / "handoffs").rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--seconds", type=float, default=1800, help="stop beginning new kills after so many")
    given = parser.parse_args()
    found = kills(given.kills, given.seed, given.seconds)
    for (shape, end), count in sorted(Counter((kill.what.partition(",")[0], kill.came_to) for kill in found).items()):
        sys.stdout.write(f"{count:5}  {shape:24} {end}\n")
    failed = sum(bool(kill.wrong) for kill in found)
    sys.stdout.write(f"{len(found)} kills from seed {given.seed}, {failed} with something wrong\n")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(_main())
