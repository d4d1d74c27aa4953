"""What does a hand-off cost with real projects' own suites, beside plain ``--cov``? Cold and warm, in turns.

    python benchmarks/real_cost.py [NAME...]        some minutes; needs PyPI and git

A release becomes ``session-1`` of a git repository. Measured are runs of the same code, and of the next release, in which nearly
every file has changed. A cold run has no cache, as in CI; a warm one has what the cold one left. None prints a report. A ratio is
the median of the rounds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring_cpu import start_anew
from project_runs import Project, handoff_run, make_environment
from real_projects import download, take_over

PROJECTS = (Project("click", ("8.1.8", "8.2.1")), Project("tomlkit", ("0.13.1", "0.13.2")))
_ROUNDS = 5
_BARE, _PLAIN = ("-p", "no:cov", "-p", "no:pytest_handoff"), ("--cov", "--cov-report=")
_RUNS = {
    "bare": _BARE,
    "plain --cov": _PLAIN,
    "a hand-off, cold": (*_PLAIN, "--handoff=session-2", "--cache-clear"),
    "a hand-off, warm": (*_PLAIN, "--handoff=session-2"),
}
_METER = "import os, resource, sys; os.spawnv(os.P_WAIT, sys.executable, [sys.executable, *sys.argv[1:]]); " \
         "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime)"  # fmt: skip


def main(names: list[str]) -> int:
    """Print a table of the projects."""
    print("| project | run | processor time | over plain `--cov` |\n|---|---|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="handoff-real-") as scratch:
        python = make_environment(Path(scratch) / "venv")
        for project in PROJECTS:
            if not names or project.name in names:
                older, newer = (download(project.name, version, Path(scratch)) for version in project.versions)
                for what, before in (("the same code", newer), (f"since {older.name}", older)):
                    repository = Path(scratch) / f"{project.name}-since-{before.name}"
                    take_over(repository, before)
                    handoff_run(python, repository, "session-1", *_PLAIN)
                    take_over(repository, newer)
                    _print_rows(f"{newer.name}, {what}", _in_turns(python, repository))
    return 0


def _in_turns(python: Path, repository: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in _RUNS}
    for turn in range(_ROUNDS + 1):
        for name, options in _RUNS.items():
            seconds = _seconds(python, repository, *options)
            if turn:  # the first of each makes what is kept between runs
                found[name].append(seconds)
    return found


def _seconds(python: Path, repository: Path, *options: str) -> float:
    """Measure the processor time of a run with its children; what a session of an earlier run left is gone before."""
    start_anew(repository)
    environment = {**os.environ, "PYTHONPATH": "src"}
    command = [str(python), "-c", _METER, "-m", "pytest", "-q", *options]
    done = subprocess.run(command, cwd=repository, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def _print_rows(title: str, found: dict[str, list[float]]) -> None:
    for name, seconds in found.items():
        ratios = [one / plain for one, plain in zip(seconds, found["plain --cov"], strict=True)]
        beside = f"{statistics.median(ratios):.2f} × ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"| {title} | {name} | {statistics.median(seconds):.2f} s | {beside} |", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
