"""Does ``handoff prove`` say something of changes of public libraries, how fast, and the same as cosmic-ray and mutmut?

    python benchmarks/proving.py                                    releases from PyPI, as far as they are listed
    python benchmarks/proving.py cachetools=CLONE tenacity=CLONE    the newest commits of clones that change code and tests
        [--commits 14] [--budget 30] [--beside 2] [--most 60] [--jobs] [--keep FOLDER]

Each change becomes a repository of two sessions, the state of before and the state of now, each recorded by the library's own
suite. Then ``handoff prove session-2`` is run there, and once more with ``--faults``. ``--beside N`` has cosmic-ray and mutmut
try the same lines in N changes of each library, those with the most faults (but no more than ``--most``) and no failing test,
and compares fault by fault. ``--jobs`` tries all faults of these changes with two at a time as well. Seconds are processor
time of everything that was started, unless they are said to be on the clock. What is recorded below ``--keep`` is proved
again. Needs git, and PyPI for what is installed; run it with the Python of this project.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from library_changes import RELEASES, Change, changes_of
from project_runs import handoff_run, make_environment, suite_run
from same_faults import compare, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NEEDED_BY_SUITES = ("tornado", "typeguard", "trio")
_TOOLS = ("cosmic-ray", "mutmut")
_COLUMNS = (
    "change",
    "earlier as they were",
    "new on the code of before",
    "not tried",
    "seconds, × the same tests",
    "on the clock",
    "faults tried",
    "caught",
    "survived",
    "a second",
)


@dataclass(slots=True)
class Proved:
    """A change, and what the command said of it."""

    change: Change
    folder: Path
    shown: dict[str, Any]
    proof: dict[str, Any]
    faults: dict[str, Any]
    seconds: float = 0.0
    clock: float = 0.0
    plain: float = 0.0
    for_faults: float = 0.0

    @property
    def statuses(self) -> Counter[str]:
        """Count the tests of both experiments by status."""
        return self.of("earlier") + self.of("new")

    def of(self, part: str) -> Counter[str]:
        """Count the tests of an experiment by status."""
        return Counter(test["status"] for test in (self.proof.get(part) or {"tests": {}})["tests"].values())

    @property
    def all_pass(self) -> bool:
        """Check whether the other tools can say anything: to them a suite that fails notices every fault."""
        return not (self.shown["counts"]["failed"] or self.shown["counts"]["error"])

    def __str__(self) -> str:
        return f"{self.change.library} {self.change.name}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; 1 when more than a tenth of the tests was not tried."""
    args = _arguments(argv)
    with tempfile.TemporaryDirectory(prefix="handoff-proving-") as scratch:
        place = args.keep or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        python = make_environment(place / "venv")
        _install(python, *_NEEDED_BY_SUITES)
        _print_row(_COLUMNS)
        _print_row(["---"] * len(_COLUMNS))
        done = [
            _prove(python, change, place, args.budget)
            for name, clone in _libraries(args.libraries)
            for change in changes_of(name, clone, args.commits)
        ]
        share = _sum_up(done, args.budget)
        for library in {one.change.library: None for one in done}:
            _look_closer(python, place, [one for one in done if one.change.library == library], args)
    return int(share > 0.1)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="*", metavar="NAME[=CLONE]")
    parser.add_argument("--commits", type=int, default=14)
    parser.add_argument("--budget", type=float, default=30)
    parser.add_argument("--beside", type=int, default=0)
    parser.add_argument("--most", type=int, default=60)
    parser.add_argument("--jobs", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    return parser.parse_args(argv)


def _libraries(told: Iterable[str]) -> list[tuple[str, Path | None]]:
    pairs = [one.partition("=") for one in told or RELEASES]
    return [(name, Path(clone).resolve() if clone else None) for name, _, clone in pairs]


def _install(python: Path, *packages: str) -> None:
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)


def _print_row(cells: Iterable[object]) -> None:
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def _prove(python: Path, change: Change, place: Path, budget: float) -> Proved:
    folder = place / f"{change.library}-{change.name}"
    shown = _record(python, change, folder)
    began = time.monotonic()
    proof, seconds = _command(python, folder)
    found = Proved(change, folder, shown, proof, {}, seconds, time.monotonic() - began)
    if proof:
        found.plain = sum(_plain(python, folder, _ids(proof, part, shown)) for part in ("earlier", "new"))
    faults, found.for_faults = _command(python, folder, "--faults", f"--budget={budget}", "-n1")
    found.faults = faults.get("faults") or {}
    _print_row(_cells(found))
    return found


def _record(python: Path, change: Change, folder: Path) -> dict[str, Any]:
    """Record both sessions; those that an earlier run of this benchmark has kept are read."""
    if (folder / "handoffs" / "evidence" / "session-2" / "record.json").is_file():
        command = [str(python), "-m", "pytest_handoff", "show", "session-2", "--json"]
        shown: dict[str, Any] = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout)
        return shown
    change.lay_out(folder, change.before)
    suite_run(python, folder, "--handoff=session-1")
    change.lay_out(folder, change.now)
    return handoff_run(python, folder, "session-2")[1]


def _command(python: Path, folder: Path, *options: str) -> tuple[dict[str, Any], float]:
    """Prove the second session: what the command says as JSON, and the processor time it takes."""
    command = [str(python), "-m", "pytest_handoff", "prove", "session-2", "--json", *options]
    began = _used()
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    seconds = _used() - began
    if done.returncode not in {0, 1, 2} or not done.stdout.startswith("{"):
        print(f"{folder.name}: handoff prove {' '.join(options)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return {}, seconds
    proof: dict[str, Any] = json.loads(done.stdout)
    return proof, seconds


def _used() -> float:
    """Return the processor time of all processes that ended so far, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": "src", "PYTHONDONTWRITEBYTECODE": "1"}


def _ids(proof: dict[str, Any], part: str, shown: dict[str, Any]) -> list[str]:
    tests = (proof.get(part) or {"tests": {}})["tests"]
    return [test for test in tests if shown["tests"].get(test, {}).get("outcome")]


def _plain(python: Path, folder: Path, ids: Sequence[str]) -> float:
    """Run the same tests as they are now, without any of our options; the processor time it takes."""
    if not ids:
        return 0.0
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *ids]
    began = _used()
    subprocess.run(command, cwd=folder, env=_environment(), check=False, capture_output=True)
    return _used() - began


def _cells(one: Proved) -> list[str]:
    faults = one.faults
    caught = faults.get("caught", 0) + faults.get("timeout", 0)
    rate = faults["tried"] / one.for_faults if faults else 0.0
    return [
        f"{one} {one.change.title[:50]}".replace("|", "¦"),
        counted(one.of("earlier")),
        counted(one.of("new")),
        str(one.statuses["not_tried"]),
        f"{one.seconds:.1f}, {one.seconds / one.plain:.2f} ×" if one.plain else f"{one.seconds:.1f}",
        f"{one.clock:.1f}",
        f"{faults.get('tried', 0)} of {faults.get('possible', 0)}",
        str(caught),
        str(len(faults.get("survived", ()))),
        f"{rate:.1f}",
    ]


def _sum_up(done: Sequence[Proved], budget: float) -> float:
    """Print what became of all tests and faults, and why something was not tried; the share that was not."""
    total = sum((one.statuses for one in done), Counter[str]())
    share = total["not_tried"] / max(1, total.total())
    faults = sum(
        (
            Counter({name: one.faults.get(name, 0) for name in ("possible", "tried", "caught", "timeout", "broken")})
            for one in done
        ),
        Counter[str](),
    )
    print(f"\n{len(done)} changes, {total.total()} tests: {counted(total)}; not tried {100 * share:.1f} %")
    print(f"faults: {counted(faults)}, {faults['tried'] - faults['caught'] - faults['timeout']} survived")
    plain = sum(one.plain for one in done)
    print(f"{sum(one.seconds for one in done):.1f} s for both experiments, {plain:.1f} s for a run of the same tests")
    print(f"{sum(one.for_faults for one in done if one.faults):.1f} s for the faults")
    late = [f"{one}: {one.faults['seconds']:.1f} s" for one in done if one.faults and one.faults["seconds"] > budget * 1.1]
    print(f"longer than the budget of {budget:g} s on the clock and a tenth: {', '.join(late) or 'none'}")
    for one in done:
        for part in ("earlier", "new", "faults"):
            for number, text in _unsaid(one.faults if part == "faults" else one.proof.get(part) or {}):
                print(f"{one}: {part}: {number} × {text}")
    return share


def _unsaid(part: dict[str, Any]) -> list[tuple[int, str]]:
    """Count the reasons why something says nothing."""
    told = Counter(f"not tried: {test['error']}" for test in part.get("tests", {}).values() if test["status"] == "not_tried")
    for kind in ("not_tried", "left_out"):
        told.update(f"{kind.replace('_', ' ')}: {why}" for why in part.get(kind, {}).values())
    return [(number, text) for text, number in told.most_common()]


def _look_closer(python: Path, place: Path, done: list[Proved], args: argparse.Namespace) -> None:
    """Try all faults of the changes that have the most, with one and two at a time, and beside other tools."""
    fit = [one for one in done if one.all_pass and 0 < one.faults.get("possible", 0) <= args.most]
    chosen = sorted(fit, key=lambda one: -one.faults["possible"])[: args.beside]
    tools = _make_tools(place) if chosen else python
    for one in chosen:
        whole, seconds = _command(python, one.folder, "--faults", "-n1")
        ours = whole["faults"]
        print(f"\n{one}: {ours['tried']} faults in {seconds:.1f} s, {ours['seconds']:.1f} on the clock", flush=True)
        if args.jobs:
            again, _ = _command(python, one.folder, "--faults", "-n2")
            print(f"{one}: with -n 2 {again['faults']['seconds']:.1f} s on the clock", flush=True)
        for tool in _TOOLS:
            print(*compare(tools, tool, one.folder, one.shown["new_code"]["files"], ours["survived"]), sep="\n", flush=True)


def _make_tools(place: Path) -> Path:
    """An environment of its own for the other tools: they need another pytest than some suites."""
    folder = place / "tools"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    _install(python, *_TOOLS, "pytest<9", *_NEEDED_BY_SUITES)
    return python


if __name__ == "__main__":
    sys.exit(main())
