"""What coverage and new-code figures cost: processor time of whole runs beside plain ``--cov``, in turns.

    python benchmarks/new_code_cost.py              about twenty minutes
    python benchmarks/new_code_cost.py --rounds 3 --tests 900 --modules 60
    python benchmarks/new_code_cost.py --tests 300 --modules 20 --instructions       counted by valgrind

The suite has ordinary functions (loops, branches, a class), tests of two tiers, and every tenth module is new in this session,
so that old and new tests alternate as they do in practice. ``pytest --cov`` prints a report, for which coverage.py parses every
source; so the budgets are for runs with one: a run whose sources are known from the run before, and the first, whose cache is
empty. Without a report plain ``--cov`` parses nothing, and all parsing is ours: the first run has a budget of its own there.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import instructions
from measuring_cpu import cost, environment
from results import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
from pytest_handoff.coverage import contexts


def _kind(item):
    number = int(item.path.stem.rpartition("_m")[2])
    return ("new" if number % 10 == 9 else "old"), ("e2e" if "/e2e/" in item.path.as_posix() else "unit")


def pytest_configure(config):
    config.pluginmanager.register(contexts.ContextSwitcher("session-2", _kind))
"""
_SOURCE = ("-m", "pytest", "-q", "-p", "pytest_cov", "--cov=src")
_HANDOFF = ("-p", "handoff", "--handoff=session-2")
_REPORT, _NONE = "--cov-report=term", "--cov-report="
_RUNS = {
    "plain": (*_SOURCE, _REPORT),
    "known": (*_SOURCE, _REPORT, *_HANDOFF),
    "first": (*_SOURCE, _REPORT, *_HANDOFF, "--cache-clear"),
    "plain, no report": (*_SOURCE, _NONE),
    "known, no report": (*_SOURCE, _NONE, *_HANDOFF),
    "first, no report": (*_SOURCE, _NONE, *_HANDOFF, "--cache-clear"),
    "kinds alone": (*_SOURCE, _NONE, "-p", "classes"),
    "per test": (*_SOURCE, _NONE, "--cov-context=test"),
}
_SHOWN = {
    "known": ("plain", "--handoff over plain --cov"),
    "first": ("plain", "the same, the first run"),
    "known, no report": ("plain, no report", "the same, no report printed"),
    "first, no report": ("plain, no report", "the same, no report printed, the first run"),
    "kinds alone": ("plain, no report", "of that, to tell kinds of tests apart"),
    "per test": ("plain, no report", "beside it, --cov-context=test over plain --cov"),
}
"""Which run a run is compared with, and what its row is called."""
_KINDS: dict[str, tuple[tuple[str, ...], float]] = {"lines": ((), 1.05), "branches": (("--cov-branch",), 1.10)}
_UNDER_BUDGET = frozenset({"known", "first"})
_COLD = {"first, no report": 1.25}
"""The budget of what a CI job runs, whose cache is empty."""


def main() -> int:
    """Print the table; exit 1 with ``--strict`` when a figure is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("tests", 3000), ("modules", 200), ("rounds", 5)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--instructions", action="store_true", help="count them, once for each run")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    rounds, of = (1, _instructions) if options.instructions else (options.rounds, _seconds)
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        found = measure(Path(scratch), options.tests, options.modules, rounds, of)
    print(*found, sep="\n")
    return int(options.strict and any(row.over for row in found))


def _seconds(suite: Path, arguments: Iterable[str]) -> float:
    plugins = {"PYTHONPATH": str(suite / "plugins")}
    return cost(suite, *arguments, variables=environment(suite) | plugins).cpu


def _instructions(suite: Path, arguments: Iterable[str]) -> float:
    return instructions.count(suite, *arguments, packages=suite / "plugins") / 1e9


def measure(
    scratch: Path, tests: int, modules: int, rounds: int, of: Callable[[Path, Iterable[str]], float] = _seconds
) -> list[Row]:
    """The rows for lines and for branches; ``of`` gives what one run took."""
    rows = []
    for kind, (more, budget) in _KINDS.items():
        suite = _make(scratch / kind, modules, tests // modules, more)
        found = _in_turns(suite, more, rounds, of)
        title = f"{tests:,} tests, {modules} modules, {kind}"
        rows += [_row(f"{title}: {what}", name, beside, found, budget) for name, (beside, what) in _SHOWN.items()]
    return rows


def _in_turns(
    suite: Path, more: tuple[str, ...], rounds: int, of: Callable[[Path, Iterable[str]], float]
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in _RUNS}
    of(suite, (*_RUNS["first"], *more))
    for turn in range(rounds):
        for name in list(_RUNS) if turn % 2 else reversed(_RUNS):
            found[name].append(of(suite, (*_RUNS[name], *more)))
            print(".", end="", file=sys.stderr, flush=True)
    return found


def _row(title: str, name: str, beside: str, found: dict[str, list[float]], budget: float) -> Row:
    ratios = [one / base for one, base in zip(found[name], found[beside], strict=True)]
    ours, theirs = (statistics.median(found[run]) for run in (name, beside))
    detail = f"{ours:.2f} over {theirs:.2f}, ratios {min(ratios):.3f} to {max(ratios):.3f}"
    return Row(title, budget if name in _UNDER_BUDGET else _COLD.get(name), statistics.median(ratios), detail=detail)


def _make(suite: Path, modules: int, per_module: int, more: tuple[str, ...] = ()) -> Path:
    for number in (number for number in range(modules) if number % 10 != 9):
        write_module(suite, number, per_module)
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
    cost(suite, *_SOURCE, _NONE, "-p", "handoff", "--handoff=session-1", *more)
    for number in range(9, modules, 10):
        write_module(suite, number, per_module)
    return suite


def write_module(suite: Path, number: int, functions: int) -> None:
    """A module of the suite, and its tests."""
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
