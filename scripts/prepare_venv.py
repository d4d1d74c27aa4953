"""Make a virtual environment with this checkout (editable) and its development tools: ``prepare_venv.py FOLDER``.

The plugins that ours is tried beside go into ``FOLDER/neighbours``, where only the tests that mean them find them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def main(folder: Path) -> None:
    """Make or complete the environment; one that works already is kept, with its own Python."""
    python = folder / "bin" / "python"
    if not _works(python):
        _run(sys.executable, "-m", "venv", "--clear", folder)
    if not _works(python, "-m", "pip", "--version"):
        _run(python, "-m", "ensurepip")
    # An older pip does not know --group.
    _run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1")
    _run(python, "-m", "pip", "install", "--quiet", "--editable", CHECKOUT, "--group", f"{CHECKOUT}/pyproject.toml:dev")
    beside = ("--upgrade", "--no-deps", "--target", folder / "neighbours")
    _run(python, "-m", "pip", "install", "--quiet", *beside, "--group", f"{CHECKOUT}/pyproject.toml:neighbours")


def _works(python: Path, *arguments: str) -> bool:
    if not python.exists():
        return False
    command: list[str | Path] = [python, *(arguments or ("-c", ""))]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(*command: str | Path) -> None:
    if code := subprocess.run(command, check=False).returncode:
        sys.exit(f"prepare_venv: {' '.join(map(str, command))} ended with exit code {code}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
