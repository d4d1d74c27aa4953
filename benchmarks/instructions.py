"""Instructions that a run of pytest executes, counted by valgrind: the same whatever else the machine does.

    python benchmarks/instructions.py                  about five minutes; needs valgrind

Two suites are run, and the cost is split in two: what each test adds, and what is there with one test already. Instructions are
not time: what waits for a disk or for another process (git) is not among them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measuring_cpu import commit, cost, environment, make_suite, start_anew, write
from peers import PEERS, install_peers
from results import Row

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = ("-p", "pytest_cov.plugin", "-p", "pytest_handoff.plugin", "--handoff=session-2", "--no-cov")
_WAYS = {
    "bare": (),
    "an empty plugin": ("-p", "empty_plugin"),
    "unused": ("-p", "pytest_handoff.plugin"),
    "handoff": _OURS,
    "junitxml": ("--junitxml=report.xml",),
}
_BUDGETS = {"handoff": (1.15, 1.02), "unused": (1.01, 1.01)}
_MANY = 301


@dataclass(frozen=True, slots=True)
class Cost:
    """Instructions: those of a run of one test, and those of each further one."""

    fixed: float
    per_test: float


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch)), sep="\n")
    return 0


def measure(scratch: Path, tests: int = _MANY) -> list[Row]:
    """Every way to run beside the bare one; none where valgrind is not installed."""
    if shutil.which("valgrind") is None:
        print("no instructions are counted: valgrind is not installed", file=sys.stderr)
        return []
    packages = install_peers(scratch / "peers")
    ways = _WAYS | (PEERS if packages else {})
    suites = [_with_empty_plugin(make_suite(scratch / str(size) / "suite", size)) for size in (1, tests)]
    found = {}
    for way, options in ways.items():
        one, many = (count(suite, "-m", "pytest", "-q", *options, packages=packages) for suite in suites)
        found[way] = Cost(one, (many - one) / (tests - 1))
        print(".", end="", file=sys.stderr, flush=True)
    return [row for way, spent in found.items() if way != "bare" for row in _rows(way, spent, found["bare"])]


def _with_empty_plugin(suite: Path) -> Path:
    """The first plugin that is loaded by ``-p`` makes pytest look at its file, whatever is in it."""
    write(suite / "empty_plugin.py", "")
    commit(suite)
    return suite


def count(suite: Path, *arguments: str, packages: Path | None = None) -> int:
    """Instructions of this Python with the arguments, after a run that leaves byte code behind; its children do not count."""
    variables = environment(suite) | {"PYTHONHASHSEED": "0"} | ({"PYTHONPATH": str(packages)} if packages else {})
    cost(suite, *arguments, variables=variables)
    start_anew(suite)
    return executed(sys.executable, *arguments, folder=suite, variables=variables)


def executed(python: str, *arguments: str, folder: Path, variables: Mapping[str, str]) -> int:
    """Instructions of a Python with the arguments in a folder; a run that fails ends the benchmark."""
    done = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", python, *arguments],
        cwd=folder, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    counted = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode or counted is None:
        sys.exit(f"{' '.join(arguments)} under valgrind ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-2000:]}")
    return int(counted[1].replace(",", ""))


def _rows(way: str, spent: Cost, bare: Cost) -> list[Row]:
    fixed, per_test = _BUDGETS.get(way, (None, None))
    one, more = (spent.fixed, bare.fixed), (spent.per_test, bare.per_test)
    return [
        Row(f"{way}: one test, in instructions", fixed, one[0] / one[1], detail=in_millions(*one)),
        Row(f"{way}: each further test", per_test, more[0] / more[1], detail=in_millions(*more)),
    ]


def in_millions(spent: float, bare: float) -> str:
    return f"{spent / 1e6:,.2f} M, bare {bare / 1e6:,.2f} M"


if __name__ == "__main__":
    raise SystemExit(main())
