"""A project's own suite, run in an environment made for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
# click 8.2 parametrizes with iterators, which pytest 9 warns of and its configuration makes an error.
_NEEDED_BY_SUITES = ("appdirs", "diff-cover", "freezegun", "pytest<9", "pytest-asyncio", "pytest-mock", "pytest-xdist", "pyyaml",
                     "tornado", "typeguard")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Project:
    """A project on PyPI, and releases of it, the oldest one first."""

    name: str
    versions: tuple[str, ...]


def make_environment(folder: Path) -> Path:
    """An environment with this checkout and what the suites need; its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", CHECKOUT, *_NEEDED_BY_SUITES], check=True)
    return python


def handoff_run(python: Path, repository: Path, session: str, *options: str) -> tuple[str, dict[str, Any]]:
    """Run the suite as a session: pytest's output, and what ``handoff show --json`` says.

    Ends the program where ``handoff verify`` finds anything wrong with evidence that nobody touched.
    """
    output = suite_run(python, repository, f"--handoff={session}", *options)
    shown = {}
    for verb in ("verify", "show"):
        command = [str(python), "-m", "pytest_handoff", verb, session, "--json"]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"handoff {verb} {session} in {repository.name}:\n{done.stdout}{done.stderr}\nafter\n{output}")
        shown = json.loads(done.stdout)
    return output, shown


def suite_run(python: Path, project: Path, *options: str) -> str:
    """What pytest prints, run on the project's own sources; a failing test is no error here, a usage error is."""
    environment = {**os.environ, "PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, "-m", "pytest", "-q", *options], cwd=project, env=environment, capture_output=True, text=True,
                          check=False)  # fmt: skip
    if done.returncode not in {0, 1}:
        sys.exit(f"pytest {' '.join(options)} in {project.name} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout.rstrip()
