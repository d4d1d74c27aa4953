"""What the plugin costs as users have it: installed by pip from a wheel, found by pytest through its entry point.

    python benchmarks/installed.py                  about four minutes; needs valgrind, and PyPI

Bare is an environment of pytest alone. Each run is counted after two others, so that what is kept between runs is there.
Without byte code nothing may be written beside the modules, as in most containers: what pip compiled is there, and no more.

pytest treats a plugin that it finds by itself otherwise than one that is named by ``-p``: it looks at each file that the
distribution lists, to know which modules may hold assertions to rewrite, and knows the version of each plugin.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import version
from pathlib import Path

from instructions import executed, in_millions
from measuring_cpu import commit, start_anew, write
from results import Row

_CHECKOUT = Path(__file__).resolve().parents[1]
_FEW, _MANY = 1, 101
_NO_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": "1"}
_OURS = ("-q", "--no-cov", "--handoff=session-2")


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
    pytest = f"pytest=={version('pytest')}"
    bare, ours = _environment(scratch / "bare", pytest), _environment(scratch / "ours", pytest, str(_CHECKOUT))
    if bare is None or ours is None:
        return []
    one, many = (_suite(scratch / str(tests) / "suite", tests, ours) for tests in (_FEW, _MANY))
    alone, alone_uncompiled = _count(bare, one, "-q"), _count(bare, one, "-q", uncompiled=True)
    recorded = _count(ours, one, *_OURS)
    each, each_alone = _count(ours, many, *_OURS) - recorded, _count(bare, many, "-q") - alone
    return [
        _row("installed and not used: pytest --version", 1.01, _count(ours, one, "--version"), _count(bare, one, "--version")),
        _row("installed and not used: a run of one test", 1.01, _count(ours, one, "-q"), alone),
        _row("--handoff --no-cov: a run of one test", 1.25, recorded, alone),
        _row("the same, byte code cannot be written", 1.4, _count(ours, one, *_OURS, uncompiled=True), alone_uncompiled),
        _row("the same, each further test", 1.03, each / (_MANY - _FEW), each_alone / (_MANY - _FEW)),
    ]


def _row(what: str, budget: float, found: float, bare: float) -> Row:
    return Row(what, budget, found / bare, detail=in_millions(found, bare))


def _environment(folder: Path, *packages: str) -> Path | None:
    """Make an environment with these packages, and return its Python; ``None`` where they cannot be installed."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"nothing is installed to be measured: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return None if done.returncode else python


def _suite(folder: Path, tests: int, python: Path) -> Path:
    """Make a project of so many tests in a git repository, with ``session-1`` recorded and committed."""
    write(
        folder / "tests" / "unit" / "test_all.py",
        "\n\n\n".join(f"def test_{n}():\n    assert {n} + 1 == {n + 1}" for n in range(tests)),
    )
    write(folder / "pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["tests"]')
    write(folder / ".gitignore", "__pycache__/\n.pytest_cache/")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    _run(python, folder, "-q", "--no-cov", "--handoff=session-1")
    commit(folder)
    return folder


def _count(python: Path, suite: Path, *options: str, uncompiled: bool = False) -> int:
    """Count the instructions of a run that is like the two before it."""
    if uncompiled:
        for folder in (python.parents[1], suite):
            for kept in folder.rglob("*-pytest-*.pyc"):
                kept.unlink()
    for _ in range(2):
        _run(python, suite, *options, **_NO_BYTE_CODE if uncompiled else {})
    start_anew(suite)
    return executed(
        str(python), "-m", "pytest", *options, folder=suite, variables=_variables(_NO_BYTE_CODE if uncompiled else {})
    )


def _run(python: Path, suite: Path, *options: str, **more: str) -> None:
    start_anew(suite)
    subprocess.run([python, "-m", "pytest", *options], cwd=suite, env=_variables(more), check=True, capture_output=True)


def _variables(more: dict[str, str]) -> dict[str, str]:
    ours = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in ours} | {"PYTHONHASHSEED": "0"} | more


if __name__ == "__main__":
    raise SystemExit(main())
