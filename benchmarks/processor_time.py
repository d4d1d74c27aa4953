"""Processor time and memory of runs that differ in one option, taken in turns.

    python benchmarks/processor_time.py             about five minutes
    python benchmarks/processor_time.py --large     memory with 100,000 tests as well: about ten more

A ratio is the median over the rounds of (this run / its neighbour); on a shared machine one ratio is worth ± 10 %.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from measuring_cpu import Cost, cost, make_suite
from results import Row

# Only what is named here is loaded: other plugins of this environment would make every ratio look better.
_COV = ("-p", "pytest_cov.plugin")
_SESSION = (*_COV, "-p", "pytest_handoff.plugin", "--handoff=session-2")
_QUIET = ("--cov=src", "--cov-report=")
_JUNIT = ("--junitxml=report.xml",)
_TWO = ("-p", "xdist.plugin", "-n", "2")
_RUNS: dict[str, tuple[str, ...]] = {
    "bare": (),
    "unused": ("-p", "pytest_handoff.plugin"),
    "no-cov": (*_SESSION, "--no-cov"),
    "junitxml": _JUNIT,
    "jinja2": (*_JUNIT, "-p", "jinja2.sandbox"),
    "two": _TWO,
    "no-cov-two": (*_TWO, *_SESSION, "--no-cov"),
    "junitxml-two": (*_TWO, *_JUNIT),
    "cov": (*_COV, *_QUIET),
}
_ONE_TEST = ("bare", "unused", "no-cov", "junitxml", "jinja2", "two", "no-cov-two", "junitxml-two")
Costs = dict[str, list[Cost]]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch), options.tests, options.rounds), sep="\n")
        if options.large:
            print(*measure_memory(Path(scratch) / "large", 100_000), sep="\n")
    return 0


def measure(scratch: Path, tests: int, rounds: int) -> list[Row]:
    """What one test costs, and what each further one does."""
    one = _in_turns(make_suite(scratch / "one" / "suite", 1), rounds, _ONE_TEST)
    many = _in_turns(make_suite(scratch / "many" / "suite", tests), rounds, tuple(_RUNS))
    return [
        _ratio("installed and not used, one test", 1.01, one, "unused", "bare"),
        _ratio("--handoff --no-cov, one test", None, one, "no-cov", "bare"),
        _extra("what --handoff --no-cov adds to a run of one test", 150, one, "no-cov"),
        _extra("what --junitxml and importing Jinja2 add to it", None, one, "jinja2"),
        _extra("what --junitxml adds to it", None, one, "junitxml"),
        _further("what --handoff --no-cov adds to each further test", tests, (one, many), "no-cov", "bare"),
        _further("the same with -n 2", tests, (one, many), "no-cov-two", "two"),
        _further("what --junitxml adds to each further test", tests, (one, many), "junitxml", "bare"),
        _further("the same with -n 2", tests, (one, many), "junitxml-two", "two"),
        _ratio(f"{tests:,} tests, plain --cov over bare", None, many, "cov", "bare"),
        *_memory(tests, one, many),
    ]


def measure_memory(folder: Path, tests: int) -> list[Row]:
    """The peak of one run over that of a bare one, and how it grows with tests where all that is bounded is full.

    Few tests do not tell that: Python takes memory by the mebibyte, which is 524 bytes for each of 2,000 tests.
    """
    few = tests // 10
    less, _ = _more(make_suite(folder / "few" / "suite", few))
    more, bare = _more(make_suite(folder / "suite", tests))
    return [
        Row(f"peak memory over bare, {tests:,} tests", 60, more, "MiB", f"bare {bare:.0f} MiB"),
        Row(f"and for each further test than {few:,}", 600, (more - less) * 2**20 / (tests - few), "bytes"),
    ]


def _more(suite: Path) -> tuple[float, float]:
    """What a run takes at its peak over a bare one, and what that takes."""
    bare, ours = (cost(suite, "-m", "pytest", "-q", *_RUNS[name]).peak for name in ("bare", "no-cov"))
    return ours - bare, bare


def _in_turns(suite: Path, rounds: int, names: tuple[str, ...]) -> Costs:
    """Costs by run and round; what disturbs the machine for a while disturbs neighbours alike."""
    found: Costs = {name: [] for name in names}
    for name in names:
        cost(suite, "-m", "pytest", "-q", *_RUNS[name])
    for _ in range(rounds):
        for name in names:
            found[name].append(cost(suite, "-m", "pytest", "-q", *_RUNS[name]))
            print(".", end="", file=sys.stderr, flush=True)
    return found


def _ratio(what: str, budget: float | None, costs: Costs, name: str, beside: str) -> Row:
    ratios = [ours.cpu / theirs.cpu for ours, theirs in zip(costs[name], costs[beside], strict=True)]
    taken = statistics.median(one.cpu for one in costs[name])
    return Row(what, budget, statistics.median(ratios), detail=f"{taken:.2f} s, ratios {min(ratios):.3f} to {max(ratios):.3f}")


def _extra(what: str, budget: float | None, costs: Costs, name: str) -> Row:
    more = [(ours.cpu - bare.cpu) * 1e3 for ours, bare in zip(costs[name], costs["bare"], strict=True)]
    return Row(what, budget, statistics.median(more), "ms", f"{min(more):.0f} to {max(more):.0f} ms")


def _further(what: str, tests: int, costs: tuple[Costs, Costs], name: str, beside: str) -> Row:
    ours, theirs = ((_median(costs[1], way) - _median(costs[0], way)) / tests * 1e6 for way in (name, beside))
    return Row(what, None, ours - theirs, "µs", f"a test takes {theirs:.0f} µs without")


def _memory(tests: int, one: Costs, many: Costs) -> list[Row]:
    more = [_peak(costs, "no-cov") - _peak(costs, "bare") for costs in (one, many)]
    return [
        Row("memory that --handoff --no-cov adds to a run of one test", None, more[0], "MiB"),
        Row("and for each further test", 600, (more[1] - more[0]) * 2**20 / tests, "bytes"),
    ]


def _median(costs: Costs, name: str) -> float:
    return statistics.median(one.cpu for one in costs[name])


def _peak(costs: Costs, name: str) -> float:
    return statistics.median(one.peak for one in costs[name])


if __name__ == "__main__":
    raise SystemExit(main())
