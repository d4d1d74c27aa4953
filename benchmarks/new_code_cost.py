"""What it costs to know which kind of test ran a line: processor time beside plain ``--cov``, in turns.

    python benchmarks/new_code_cost.py              about fifteen minutes
    python benchmarks/new_code_cost.py --rounds 3 --tests 900 --modules 60

The suite has ordinary functions (loops, branches, a class), tests of two tiers, and every tenth module is new in this session,
so that old and new tests alternate as they do in practice. ``classes`` is the switching alone, ``handoff`` the whole plugin,
``first`` the same where pytest's cache does not know the sources yet. Whoever asks for a report has every source parsed by
coverage.py: ``report`` is plain with one, and ``handoff + report`` is compared with it.
With ``--instructions`` every run is counted once more under valgrind, which is exact and takes long.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring_cpu import cost

_MODULE = """
class Basket{number}:
    def __init__(self, prices):
        self.prices = list(prices)

    def total(self):
        result = 0
        for price in self.prices:
            if price < 0:
                continue
            result += price
        return result

"""
_FUNCTION = '''
def step{which}(values, limit={which}):
    """One of many."""
    found = []
    for value in values:
        if value % 3 == 0:
            found.append(value)
        elif value > limit:
            found.append(limit)
    found.sort()
    return sum(found)

'''
_TEST = """
def test_step{which}():
    basket = m{number}.Basket{number}(range(40))
    assert basket.total() == 780
    assert m{number}.step{which}(range(60)) >= 0

"""
_CLASSES = """
import pytest
from pytest_handoff import coverage_classes


def _kind(item):
    number = int(item.path.stem.rpartition("_m")[2])
    return ("new" if number % 10 == 9 else "old"), ("e2e" if "/e2e/" in item.path.as_posix() else "unit")


def pytest_configure(config):
    config.pluginmanager.register(coverage_classes.ContextSwitcher("session-2", _kind))
"""
_SOURCE = ("-p", "pytest_cov", "--cov=src")
_COV = (*_SOURCE, "--cov-report=")
_RUNS = {
    "plain": _COV,
    "classes": (*_COV, "-p", "classes"),
    "first": (*_COV, "-p", "handoff", "--handoff=session-2", "--cache-clear"),
    "handoff": (*_COV, "-p", "handoff", "--handoff=session-2"),
    "per test": (*_COV, "--cov-context=test"),
    "report": (*_SOURCE, "--cov-report=term"),
    "handoff + report": (*_SOURCE, "--cov-report=term", "-p", "handoff", "--handoff=session-2"),
}
_COMPARED_WITH = {"handoff + report": "report"}
"""Which run a run is compared with, if not with the plain one."""
_BUDGETS = {"lines": 1.05, "branches": 1.10}


def main() -> int:
    """Print the table; exit 1 with ``--strict`` when a median of the whole plugin is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("tests", 3000), ("modules", 200), ("rounds", 5)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    over = False
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        suite = _make(Path(scratch) / "suite", options.modules, options.tests // options.modules)
        os.environ["PYTHONPATH"] = str(suite / "plugins")
        for kind, more in (("lines", ()), ("branches", ("--cov-branch",))):
            seconds = _in_turns(suite, options.rounds, more)
            counted = {name: _instructions(suite, (*run, *more)) for name, run in _RUNS.items()} if options.instructions else {}
            over |= _print(kind, seconds, counted) > _BUDGETS[kind]
    return int(over and options.strict)


def _in_turns(suite: Path, rounds: int, more: tuple[str, ...]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in _RUNS}
    cost(suite, "-m", "pytest", "-q", *_RUNS["first"], *more)
    for turn in range(rounds):
        for name in list(_RUNS) if turn % 2 else reversed(_RUNS):
            found[name].append(cost(suite, "-m", "pytest", "-q", *_RUNS[name], *more).cpu)
            print(".", end="", file=sys.stderr, flush=True)
    return found


def _print(kind: str, seconds: dict[str, list[float]], counted: dict[str, int]) -> float:
    print(f"\n{kind:16} {'median':>8} {'ratio':>10}   least to greatest" + ("   of instructions" if counted else ""))
    ratio = 0.0
    for name, taken in seconds.items():
        other = _COMPARED_WITH.get(name, "plain")
        ratios = [one / base for one, base in zip(taken, seconds[other], strict=True)]
        exact = f"   {counted[name] / counted[other]:.3f}" if counted else ""
        print(f"{name:16} {statistics.median(taken):6.2f} s {statistics.median(ratios):10.3f}   "
              f"{min(ratios):.3f} to {max(ratios):.3f}{exact}", flush=True)  # fmt: skip
        ratio = statistics.median(ratios) if name == "handoff" else ratio
    return ratio


def _instructions(suite: Path, arguments: tuple[str, ...]) -> int:
    counting = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    command = [*counting, sys.executable, "-m", "pytest", "-q", *arguments]
    done = subprocess.run(
        command, cwd=suite, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if found is None:
        sys.exit(f"valgrind counted nothing:\n{done.stderr[-2000:]}")
    return int(found[1])


def _make(suite: Path, modules: int, per_module: int) -> Path:
    for number in (number for number in range(modules) if number % 10 != 9):
        _write_module(suite, number, per_module)
    files = {
        "src/app/__init__.py": "",
        "plugins/classes.py": _CLASSES,
        ".gitignore": "__pycache__/\n.coverage*\n.pytest_cache/\n",
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n',
    }
    for path, text in files.items():
        _write(suite / path, text)
    somebody = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid")
    for arguments in (["init", "-q"], ["add", "-A"], [*somebody, "commit", "-qm", "before"]):
        subprocess.run(["git", *arguments], cwd=suite, check=True)
    cost(suite, "-m", "pytest", "-q", "-p", "pytest_cov", "-p", "handoff", "--handoff=session-1")
    for number in range(9, modules, 10):
        _write_module(suite, number, per_module)
    return suite


def _write_module(suite: Path, number: int, functions: int) -> None:
    steps = "".join(_FUNCTION.format(which=which) for which in range(functions))
    _write(suite / f"src/app/m{number}.py", _MODULE.format(number=number) + steps)
    tests = "".join(_TEST.format(number=number, which=which) for which in range(functions))
    tier = "e2e" if number % 7 == 4 else "unit"
    _write(suite / f"tests/{tier}/test_m{number}.py", f"from app import m{number}\n\n" + tests)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
