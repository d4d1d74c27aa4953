"""A generated suite in a git repository, and the processor time and peak memory of one pytest run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "maintenance.auto=false")
_PER_FILE = 50

_METER = """
import os, resource, sys
code = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, *sys.argv[2:]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    print(used.ru_utime + used.ru_stime, used.ru_maxrss, code, file=file)
"""
"""A small process between the benchmark and what it measures: on Linux the peak of a process is at least that of its parent."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process and its children took: processor seconds, MiB at the peak, and the exit code."""

    cpu: float
    peak: float
    code: int = 0


def make_suite(folder: Path, tests: int) -> Path:
    """A project of small functions with one trivial test each, committed, with ``session-1`` recorded."""
    for first in range(0, tests, _PER_FILE):
        numbers = range(first, min(first + _PER_FILE, tests))
        tier = "e2e" if first // _PER_FILE % 10 == 9 else "unit"
        write(folder / f"src/app/part{first}.py", "\n\n\n".join(f"def f{n}(x):\n    return x + {n}" for n in numbers))
        checks = "\n\n\n".join(f"def test_f{n}():\n    assert part{first}.f{n}(1) == {n + 1}" for n in numbers)
        write(folder / f"tests/{tier}/test_part{first}.py", f"from app import part{first}\n\n\n{checks}")
    write(folder / "src/app/__init__.py", "")
    write(folder / ".gitignore", "__pycache__/\n.coverage*\n.pytest_cache/\nreport.*")
    write(folder / "pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]')
    subprocess.run([*GIT, "init", "-q"], cwd=folder, check=True)
    commit(folder)
    cost(folder, "-m", "pytest", "-q", "-p", "pytest_cov.plugin", "-p", "pytest_handoff.plugin", "--handoff=session-1")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything, as after a session."""
    for arguments in (["add", "-A"], ["commit", "-qm", "session"]):
        subprocess.run([*GIT, *arguments], cwd=folder, check=True)


def cost(
    folder: Path,
    *arguments: str,
    keep: bool = False,
    allowed: Sequence[int] = (0,),
    variables: Mapping[str, str] | None = None,
) -> Cost:
    """Run this Python with the arguments in the suite; an exit code that is not allowed ends the benchmark.

    Args:
        keep: leave ``session-2`` as it is; else the run begins as after ``session-1``.
        variables: the environment, where it is not :func:`environment`'s.
    """
    if not keep:
        start_anew(folder)
    log, meter = folder.parent / "output.txt", folder.parent / "meter.txt"
    with log.open("w") as output:
        subprocess.run(
            metered(meter, *arguments), cwd=folder, env=variables or environment(folder), stdout=output, stderr=output, check=True
        )
    cpu, kib, code = map(float, meter.read_text().split())
    if code not in allowed:
        sys.exit(f"{' '.join(arguments)} ended with exit code {code:.0f}:\n{log.read_text()[-2000:]}")
    return Cost(cpu, kib / 1024, int(code))


def metered(meter: Path, *arguments: str) -> list[str]:
    """This Python with the arguments, from a small process that leaves processor seconds, KiB at the peak and exit code."""
    return [sys.executable, "-I", "-S", "-c", _METER, str(meter), *arguments]


def start_anew(folder: Path) -> None:
    """Leave the suite as it was after ``session-1``."""
    for leftover in (folder / "handoffs").glob("**/session-2*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def environment(folder: Path) -> dict[str, str]:
    """The variables of a run: no plugin by itself, and byte code beside the suite, where a user has it beside the modules."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPYCACHEPREFIX": str(folder.parent / "byte-code")}


def write(path: Path, text: str) -> None:
    """Write a file, with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
