"""What the plugin costs, beside its budgets: processor time of runs that differ in one option, taken in turns.

    python benchmarks/overhead.py                   about five minutes
    python benchmarks/overhead.py --large           memory and the command, with 100,000 tests: about fifteen more
    python benchmarks/overhead.py --strict          exit 1 when a median is over its budget

A ratio is the median over the rounds of (this run / its neighbour); on a shared machine one ratio is worth ± 10 %.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

from long_history import grow_history
from measuring_cpu import Cost, cost, make_suite
from results import Row

# Only what is named here is loaded: other plugins of this environment would make every ratio look better.
_COV = ("-p", "pytest_cov")
_OURS = (*_COV, "-p", "handoff")
_SESSION = (*_OURS, "--handoff=session-2")
_QUIET = ("--cov=src", "--cov-report=")
_RUNS: dict[str, tuple[str, ...]] = {
    "bare": (),
    "unused": ("-p", "handoff"),
    "no-cov": (*_SESSION, "--no-cov"),
    "junitxml": ("--junitxml=report.xml",),
    "cov": (*_COV, *_QUIET),
    "handoff": _SESSION,
    "cov-branch": (*_COV, *_QUIET, "--cov-branch"),
    "handoff-branch": (*_SESSION, *_QUIET, "--cov-branch"),
}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        rows = _ratios(Path(scratch), options.tests, options.rounds)
        rows += _large(Path(scratch)) if options.large else []
    print(f"{'what':58} {'budget':>10} {'measured':>9}", *rows, sep="\n")
    return int(options.strict and any(row.over for row in rows))


def _ratios(scratch: Path, tests: int, rounds: int) -> list[Row]:
    one = _in_turns(make_suite(scratch / "one" / "suite", 1), rounds, ("bare", "unused", "no-cov", "junitxml"))
    many = _in_turns(make_suite(scratch / "many" / "suite", tests), rounds, tuple(_RUNS))
    per_test = {name: [(m - o) / tests for m, o in zip(many[name], one[name], strict=True)] for name in one}
    row = partial(_row, many)
    return [
        _row(one, "one test, installed and not used", 1.01, "unused", "bare"),
        _row(per_test, "a test, --handoff --no-cov", 1.02, "no-cov", "bare"),
        _row(per_test, "a test, --junitxml (for comparison)", None, "junitxml", "bare"),
        _row(one, "fixed, --handoff --no-cov", 1.15, "no-cov", "bare"),
        _row(one, "fixed, --junitxml (for comparison)", None, "junitxml", "bare"),
        row(f"{tests} tests, --handoff over plain --cov, lines", 1.05, "handoff", "cov"),
        row(f"{tests} tests, --handoff over plain --cov, branches", 1.10, "handoff-branch", "cov-branch"),
        row(f"{tests} tests, plain --cov over bare (for comparison)", None, "cov", "bare"),
    ]


def _in_turns(suite: Path, rounds: int, names: tuple[str, ...]) -> dict[str, list[float]]:
    """Processor seconds by run and round; what disturbs the machine for a while disturbs neighbours alike."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(cost(suite, "-m", "pytest", "-q", *_RUNS[name]).cpu)
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def _row(seconds: dict[str, list[float]], what: str, budget: float | None, name: str, beside: str) -> Row:
    ratios = [a / b for a, b in zip(seconds[name], seconds[beside], strict=True)]
    taken = statistics.median(seconds[name])
    shown = f"{taken:.2f} s" if taken > 0.01 else f"{taken * 1e6:.0f} µs"
    return Row(what, budget, statistics.median(ratios), detail=f"{shown}, ratios {min(ratios):.3f} to {max(ratios):.3f}")


def _large(scratch: Path) -> list[Row]:
    suite = make_suite(scratch / "large" / "suite", 100_000)
    bare, ours = (cost(suite, "-m", "pytest", "-q", *_RUNS[name]) for name in ("bare", "no-cov"))
    start, fill = _command(suite, "--version"), _command(suite, "fill", "session-1")
    small = make_suite(scratch / "history" / "suite", 100)
    short = _median_run(small)
    grow_history(small / "handoffs", 1000)
    return [
        Row("peak memory over bare, 100,000 tests", 60, ours.peak - bare.peak, "MiB", f"bare {bare.peak:.0f} MiB"),
        Row("handoff fill, 100,000 tests, 2,000 files, less start-up", 1.5, fill.cpu - start.cpu, "s"),
        Row("a run after 1,000 sessions over a run after one", 1.05, _median_run(small) / short),
    ]


def _command(suite: Path, *arguments: str) -> Cost:
    return cost(suite, "-m", "pytest_handoff", *arguments)


def _median_run(suite: Path) -> float:
    return statistics.median(cost(suite, "-m", "pytest", "-q", *_RUNS["no-cov"]).cpu for _ in range(5))


if __name__ == "__main__":
    raise SystemExit(main())
