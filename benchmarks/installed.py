"""What plugins cost as users have them: installed by pip from a wheel, found by pytest through their entry points.

    python benchmarks/installed.py                  about ten minutes; needs valgrind, and PyPI

Bare is an environment of pytest alone, and each plugin that writes reports has one of its own. A run is counted after two others,
so that what is kept between runs is there; but for the first run after an installation, as each job in CI is one. Without byte
code nothing may be written beside the modules, as in most containers: what pip compiled is there, and no more.

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
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from instructions import executed, in_millions
from measuring_cpu import commit, start_anew, write
from peers import PEERS
from results import Row

_CHECKOUT = Path(__file__).resolve().parents[1]
_MANY = 301
_NO_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": "1"}
_QUIET, _OURS = ("-q",), ("-q", "--no-cov", "--handoff=session-2")
_OUR_BUDGETS, _UNUSED_BUDGETS = (1.25, 1.03), (1.01, 1.01)


@dataclass(frozen=True, slots=True)
class Suites:
    """Hold the projects that are run: one of a single test, and one of many."""

    one: Path
    many: Path
    tests: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Hold the instructions of a run of one test, and of each further one."""

    one: float
    further: float


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch)), sep="\n")
    return 0


def measure(scratch: Path, tests: int = _MANY) -> list[Row]:
    """Measure each use of pytest with a plugin over the same without it; nothing where valgrind or PyPI is not at hand."""
    if shutil.which("valgrind") is None:
        print("no instructions are counted: valgrind is not installed", file=sys.stderr)
        return []
    bare, ours = _environment(scratch / "bare"), _environment(scratch / "ours", str(_CHECKOUT))
    if bare is None or ours is None:
        return []
    one, many = (_suite(scratch / str(size) / "suite", size, ours) for size in (1, tests))
    suites = Suites(one, many, tests)
    alone = _spent(bare, suites, _QUIET)
    return [
        _row(
            "installed and not used: pytest --version",
            1.01,
            *(_count(python, suites.one, "--version") for python in (ours, bare)),
        ),
        *_rows("installed and not used", _spent(ours, suites, _QUIET), alone, _UNUSED_BUDGETS),
        *_rows("--handoff --no-cov", _spent(ours, suites, _OURS), alone, _OUR_BUDGETS),
        *_without_byte_code(ours, bare, suites.one),
        *(row for name in PEERS for row in _peer(name, scratch, suites, alone)),
    ]


def _without_byte_code(ours: Path, bare: Path, suite: Path) -> list[Row]:
    uncompiled = (_count(ours, suite, *_OURS, variables=_NO_BYTE_CODE), _count(bare, suite, *_QUIET, variables=_NO_BYTE_CODE))
    first = (_count(ours, suite, *_OURS, warm=0), _count(bare, suite, *_QUIET, warm=0))
    return [
        _row("--handoff --no-cov, byte code cannot be written", 1.4, *uncompiled),
        _row("--handoff --no-cov, the first run after the installation", None, *first),
    ]


def _peer(name: str, scratch: Path, suites: Suites, alone: Spent) -> list[Row]:
    peer = PEERS[name]
    python = _environment(scratch / name, *peer.packages)
    return _rows(name, _spent(python, suites, (*_QUIET, *peer.options)), alone, (None, None)) if python else []


def _rows(what: str, spent: Spent, alone: Spent, budgets: tuple[float | None, float | None]) -> list[Row]:
    return [
        _row(f"{what}: a run of one test", budgets[0], spent.one, alone.one),
        _row(f"{what}: each further test", budgets[1], spent.further, alone.further),
    ]


def _row(what: str, budget: float | None, found: float, bare: float) -> Row:
    return Row(what, budget, found / bare, detail=in_millions(found, bare))


def _environment(folder: Path, *packages: str) -> Path | None:
    """Make an environment with pytest and these packages, and return its Python; ``None`` where they cannot be installed."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", f"pytest=={version('pytest')}")
    done = subprocess.run([*pip, *packages], check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"{folder.name} is not measured: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return None if done.returncode else python


def _suite(folder: Path, tests: int, python: Path) -> Path:
    """Make a project of so many tests in a git repository, with ``session-1`` recorded and committed."""
    write(
        folder / "tests" / "unit" / "test_all.py",
        "\n\n\n".join(f"def test_{n}():\n    assert {n} + 1 == {n + 1}" for n in range(tests)),
    )
    write(folder / "pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["tests"]')
    write(folder / ".gitignore", "__pycache__/\n.pytest_cache/\nreport.*")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    _run(python, folder, "-q", "--no-cov", "--handoff=session-1")
    commit(folder)
    return folder


def _spent(python: Path, suites: Suites, options: tuple[str, ...]) -> Spent:
    one, many = (_count(python, suite, *options) for suite in (suites.one, suites.many))
    print(".", end="", file=sys.stderr, flush=True)
    return Spent(one, (many - one) / (suites.tests - 1))


def _count(python: Path, suite: Path, *options: str, variables: dict[str, str] | None = None, warm: int = 2) -> int:
    """Count the instructions of a run that is like the ``warm`` runs before it; other variables, or none before, start anew."""
    if variables or not warm:
        for kept in (*python.parents[1].rglob("*-pytest-*.pyc"), *suite.rglob("*.pyc")):
            kept.unlink()
    if not warm:
        shutil.rmtree(suite / ".pytest_cache", ignore_errors=True)
    for _ in range(warm):
        _run(python, suite, *options, **variables or {})
    start_anew(suite)
    return executed(str(python), "-m", "pytest", *options, folder=suite, variables=_variables(variables or {}))


def _run(python: Path, suite: Path, *options: str, **more: str) -> None:
    start_anew(suite)
    subprocess.run([python, "-m", "pytest", *options], cwd=suite, env=_variables(more), check=True, capture_output=True)


def _variables(more: dict[str, str]) -> dict[str, str]:
    ours = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in ours} | {"PYTHONHASHSEED": "0"} | more


if __name__ == "__main__":
    raise SystemExit(main())
