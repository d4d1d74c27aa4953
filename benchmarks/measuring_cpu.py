"""A generated suite in a git repository, and the processor time and peak memory of one pytest run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid")
_PER_FILE = 50


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process and its children took: processor seconds and MiB at the peak."""

    cpu: float
    peak: float


def make_suite(folder: Path, tests: int) -> Path:
    """A project of small functions with one trivial test each, committed, with ``session-1`` recorded."""
    for first in range(0, tests, _PER_FILE):
        numbers = range(first, min(first + _PER_FILE, tests))
        tier = "e2e" if first // _PER_FILE % 10 == 9 else "unit"
        _write(folder / f"src/app/part{first}.py", "\n\n\n".join(f"def f{n}(x):\n    return x + {n}" for n in numbers))
        checks = "\n\n\n".join(f"def test_f{n}():\n    assert part{first}.f{n}(1) == {n + 1}" for n in numbers)
        _write(folder / f"tests/{tier}/test_part{first}.py", f"from app import part{first}\n\n\n{checks}")
    _write(folder / "src/app/__init__.py", "")
    _write(folder / ".gitignore", "__pycache__/\n.coverage*\n.pytest_cache/\nreport.xml")
    _write(folder / "pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]')
    subprocess.run([*_GIT, "init", "-q"], cwd=folder, check=True)
    commit(folder)
    cost(folder, "-m", "pytest", "-q", "-p", "pytest_cov", "-p", "handoff", "--handoff=session-1")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything, as after a session."""
    for arguments in (["add", "-A"], ["commit", "-qm", "session"]):
        subprocess.run([*_GIT, *arguments], cwd=folder, check=True)


def cost(folder: Path, *arguments: str) -> Cost:
    """Run this Python with the arguments in the suite, as after ``session-1``; a run that fails ends the benchmark."""
    for leftover in (folder / "handoffs").glob("**/session-2*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    log = folder.parent / "output.txt"
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environment, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} ended with exit code {process.returncode}:\n{log.read_text()[-2000:]}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
