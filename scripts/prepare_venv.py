"""Make a virtual environment with this checkout (editable) and its development tools: ``prepare_venv.py FOLDER``.

The plugins that ours is tried beside go into ``FOLDER/neighbours``, where only the tests that mean them find them.
``prepare_venv.py FOLDER --oldest`` takes the oldest versions that pyproject.toml allows, and what the stories of users need;
``--newest`` takes the newest of what this plugin works beside, pre-releases too, and whether pyproject.toml allows them or not.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


NEEDED_BY_STORIES = ("hypothesis", "pytest-rerunfailures", "pytest-xdist")
WORKED_BESIDE = ("coverage", "jinja2", "pytest", "pytest-benchmark", "pytest-cov", "pytest-rerunfailures", "pytest-xdist")


def main(folder: Path, *, oldest: bool = False, newest: bool = False) -> None:
    """Make or complete the environment; one that works already is kept, with its own Python."""
    python = folder / "bin" / "python"
    if not _works(python):
        _run(sys.executable, "-m", "venv", "--clear", folder)
    if not _works(python, "-m", "pip", "--version"):
        _run(python, "-m", "ensurepip")
    # An older pip does not know --group.
    _run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1")
    if oldest:
        _run(python, "-m", "pip", "install", "--quiet", "--editable", CHECKOUT, *_oldest_versions())
        return
    if newest:
        _run(python, "-m", "pip", "install", "--quiet", "--editable", CHECKOUT, "--group", f"{CHECKOUT}/pyproject.toml:test")
        _run(python, "-m", "pip", "install", "--quiet", "--upgrade", "--pre", *WORKED_BESIDE)
        _run(python, "-m", "pip", "list")
        return
    _run(python, "-m", "pip", "install", "--quiet", "--editable", CHECKOUT, "--group", f"{CHECKOUT}/pyproject.toml:dev")
    beside = ("--upgrade", "--no-deps", "--target", folder / "neighbours")
    _run(python, "-m", "pip", "install", "--quiet", *beside, "--group", f"{CHECKOUT}/pyproject.toml:neighbours")


def _oldest_versions() -> list[str]:
    """What the project depends on and its stories need, each at the version behind ``>=``."""
    table = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    needed = [entry for entry in table["dependency-groups"]["test"] if entry.partition(">=")[0] in NEEDED_BY_STORIES]
    return [entry.replace(">=", "==") for entry in (*table["project"]["dependencies"], *needed)]


def _works(python: Path, *arguments: str) -> bool:
    if not python.exists():
        return False
    command: list[str | Path] = [python, *(arguments or ("-c", ""))]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(*command: str | Path) -> None:
    if code := subprocess.run(command, check=False).returncode:
        sys.exit(f"prepare_venv: {' '.join(map(str, command))} ended with exit code {code}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder]:
            main(Path(folder))
        case [folder, "--oldest"]:
            main(Path(folder), oldest=True)
        case [folder, "--newest"]:
            main(Path(folder), newest=True)
        case _:
            sys.exit(__doc__)
