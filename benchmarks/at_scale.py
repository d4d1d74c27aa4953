"""What a very large project pays: 100,000 tests in 2,000 files, 2,000 source files, all of them measured.

    python benchmarks/at_scale.py                         about three minutes
    python benchmarks/at_scale.py --tests 10000           a quick look

No test is run: the run is made up, and given to the functions that a run of pytest gives its results to in the end.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from measuring_cpu import GIT, Cost, commit, cost, metered, write
from results import Row

if TYPE_CHECKING:
    from pytest_handoff.evidence.measurement import Measured
    from pytest_handoff.run import Run

_PER_FILE = 50
_STATEMENTS = 20
_HERE = Path(__file__)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=100_000)
    parser.add_argument("--session", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.session:
        print(json.dumps(_record(options.folder, options.session, options.tests)))
        return 0
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch) / "project", options.tests), sep="\n")
    return 0


def measure(folder: Path, tests: int) -> list[Row]:
    """Two sessions of a large project, with the commands that read what the second one left."""
    _make_project(folder, tests)
    _session(folder, "session-1", tests)
    commit(folder)
    before = _packed(folder)
    for number in range(0, tests // _PER_FILE, 100):
        write(folder / f"src/part{number}.py", _source(number) + "\n\ndef more():\n    return 1")
    found = _session(folder, "session-2", tests)
    plain = sum(path.stat().st_size for path in (folder / "handoffs" / "evidence" / "session-2").iterdir())
    start = _command(folder, "--version")
    commands = {verb: _command(folder, verb, "session-2") for verb in ("fill", "verify", "gate")}
    commit(folder)
    size = f"{tests:,} tests, {tests // _PER_FILE:,} files"
    return [
        Row(f"read the sessions before and the tree, {size}", None, found["begin"], "s"),
        Row("compare, gate, fill and write, the same", 1.5, found["record"] + found["write"], "s", detail=_parts(found)),
        Row("memory of both at the peak, the same", None, found["peak"], "MiB"),
        *(
            Row(f"handoff {verb}, the same, less start-up", budget, commands[verb].cpu - start.cpu, "s",
                detail=f"{commands[verb].peak:.0f} MiB, exit {commands[verb].code}")
            for verb, budget in (("fill", None), ("verify", 1.0), ("gate", 1.0))
        ),
        Row("evidence on disk, the same", 20, plain / 1e6, "MB"),
        Row("a second session alike, as git packs it", 300, (_packed(folder) - before) / 1e3, "kB"),
    ]  # fmt: skip


def _parts(found: dict[str, float]) -> str:
    return f"record {found['record']:.2f} s, write {found['write']:.2f} s"


def _make_project(folder: Path, tests: int) -> None:
    for number in range(tests // _PER_FILE):
        write(folder / f"src/part{number}.py", _source(number))
        write(folder / f"tests/unit/test_part{number}.py", f"def test_case(n={number}):\n    assert n == {number}")
    write(folder / "pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["tests"]')
    write(folder / ".gitignore", ".pytest_cache/")
    subprocess.run([*GIT, "init", "-q"], cwd=folder, check=True)
    commit(folder)


def _source(number: int) -> str:
    return "\n".join(f"value_{line} = {number * line}" for line in range(_STATEMENTS))


def _session(folder: Path, session: str, tests: int) -> dict[str, float]:
    """Record in a process of its own, which ends with what it had taken."""
    command = metered(folder.parent / "meter.txt", str(_HERE), f"--session={session}", f"--folder={folder}", f"--tests={tests}")
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _record(folder: Path, session: str, tests: int) -> dict[str, float]:
    """Processor seconds of each step, and MiB at the peak over what was there before the first."""
    from pytest_handoff.project.environment import context_of
    from pytest_handoff.project.layout import open_project
    from pytest_handoff.project.writing import write_as_one
    from pytest_handoff.workflow import start as workflow_start
    from pytest_handoff.workflow.record import RunResults, record_run

    run = _run(tests)
    measured = _measured(tests)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ticks = [_cpu()]
    project = open_project(folder, fallback=folder)
    start = workflow_start.begin(project, session)
    ticks.append(_cpu())
    context = context_of(run, None)
    results = RunResults(run=run, measured=measured, context=context, is_test_file=lambda path: "/test_" in path)
    outcome = record_run(project, start, results)
    ticks.append(_cpu())
    write_as_one(project, session, outcome.artifacts)
    ticks.append(_cpu())
    steps = dict(zip(("begin", "record", "write"), (end - begin for begin, end in pairwise(ticks)), strict=True))
    return steps | {"peak": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) / 1024}


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _run(tests: int) -> Run:
    from pytest_handoff.run import CaseResult, Collected, Run

    passed = CaseResult(outcome="passed")
    unit = Collected(tier="unit")
    ids = [f"tests/unit/test_part{number // _PER_FILE}.py::test_case[{number % _PER_FILE}]" for number in range(tests)]
    return Run(
        collected=dict.fromkeys(ids, unit),
        results=dict.fromkeys(ids, passed),
        whole_files=frozenset(test.partition("::")[0] for test in ids),
        broken_files={},
        why_partial=(),
        mishaps=(),
        interrupted=None,
        started=0.0,
        finished=60.0,
        exitstatus=0,
        args=(),
        plugins={},
        reported={"passed": tests},
    )


def _measured(tests: int) -> Measured:
    from pytest_handoff.evidence.measurement import Lines, Measured, MeasuredFile, Measurement, RunBy

    lines = frozenset(range(1, _STATEMENTS + 1))
    by = {RunBy(None, "unit", "old"): lines - {3}}
    paths = [f"src/part{number}.py" for number in range(tests // _PER_FILE)]
    files = {
        path: MeasuredFile(path=path, statements=lines, missing=frozenset({3}), import_time=lines, percent=95.0) for path in paths
    }
    found = Measurement(files=files, percent=95.0, branch_percent=None)
    return Measured(found, Lines(executed=lambda _path: by, marked=lambda _path: frozenset()))


def _command(folder: Path, *arguments: str) -> Cost:
    return cost(folder, "-m", "pytest_handoff", *arguments, keep=True, allowed=(0, 1))


def _packed(folder: Path) -> int:
    """Bytes of the repository's packs when everything is packed as git does it by itself."""
    subprocess.run([*GIT, "gc", "--quiet"], cwd=folder, check=True)
    return sum(path.stat().st_size for path in (folder / ".git" / "objects" / "pack").glob("*.pack"))


if __name__ == "__main__":
    raise SystemExit(main())
