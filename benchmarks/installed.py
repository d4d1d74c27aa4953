"""What the installed plugin costs whoever does not use it: pytest with everything the plugin needs, and with the plugin as well.

    python benchmarks/installed.py                  about two minutes; needs valgrind, and PyPI

pytest finds the plugin by its entry point here, as it does for users, and not by ``-p``: it then looks at each file that the
distribution lists, to know which modules may hold assertions to rewrite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from instructions import executed, in_millions
from measuring_cpu import write
from results import Row

_CHECKOUT = Path(__file__).resolve().parents[1]
_USES = {"pytest --version": ("--version",), "a run of one test": ("-q",)}


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch)), sep="\n")
    return 0


def measure(scratch: Path) -> list[Row]:
    """Each use of pytest with the plugin over the same without it; none where valgrind or PyPI is not at hand."""
    if shutil.which("valgrind") is None:
        print("no instructions are counted: valgrind is not installed", file=sys.stderr)
        return []
    venv.create(scratch / "venv", with_pip=True)
    python = scratch / "venv" / "bin" / "python"
    if not _pip(python, "install", str(_CHECKOUT)):
        return []
    write(scratch / "suite" / "test_one.py", "def test_one():\n    assert True")
    write(scratch / "suite" / "pytest.ini", "[pytest]")
    found = _of_each_use(python, scratch / "suite")
    _pip(python, "uninstall", "--yes", "pytest-handoff")
    bare = _of_each_use(python, scratch / "suite")
    return [
        Row(f"installed and not used: {use}", 1.01, found[use] / bare[use], detail=in_millions(found[use], bare[use]))
        for use in _USES
    ]


def _pip(python: Path, *arguments: str) -> bool:
    done = subprocess.run([python, "-m", "pip", *arguments, "--quiet"], check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"nothing is installed to be measured: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return done.returncode == 0


def _of_each_use(python: Path, suite: Path) -> dict[str, int]:
    """Instructions of each, after a run that leaves byte code behind."""
    ours = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    variables = {name: value for name, value in os.environ.items() if name not in ours} | {"PYTHONHASHSEED": "0"}
    found = {}
    for use, options in _USES.items():
        arguments = ("-m", "pytest", *options)
        subprocess.run([python, *arguments], cwd=suite, env=variables, check=True, capture_output=True)
        found[use] = executed(str(python), *arguments, folder=suite, variables=variables)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
