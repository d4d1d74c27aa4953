"""Count the instructions that a run of pytest executes, by valgrind: the same whatever else the machine does.

Instructions are not time: what waits for a disk or for another process (git) is not among them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from measuring_cpu import cost, environment, start_anew

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def count(suite: Path, *arguments: str, packages: Path | None = None) -> int:
    """Count those of this Python with the arguments, after a run that leaves byte code behind; its children do not count."""
    variables = environment(suite) | {"PYTHONHASHSEED": "0"} | ({"PYTHONPATH": str(packages)} if packages else {})
    cost(suite, *arguments, variables=variables)
    start_anew(suite)
    return executed(sys.executable, *arguments, folder=suite, variables=variables)


def executed(python: str, *arguments: str, folder: Path, variables: Mapping[str, str]) -> int:
    """Count those of a Python with the arguments in a folder; a run that fails ends the benchmark."""
    done = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", python, *arguments],
        cwd=folder, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    counted = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode or counted is None:
        sys.exit(f"{' '.join(arguments)} under valgrind ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-2000:]}")
    return int(counted[1].replace(",", ""))


def in_millions(spent: float, bare: float) -> str:
    """Word two counts side by side."""
    return f"{spent / 1e6:,.2f} M, bare {bare / 1e6:,.2f} M"
