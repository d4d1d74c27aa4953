"""What ``handoff combine`` takes for many parts: processor seconds and peak memory, less the start of the command.

    python benchmarks/combining_parts.py                      50 parts of 2,000 tests: about two minutes
    python benchmarks/combining_parts.py --parts 8 --tests 500

A suite is run once as a part, with coverage; the other parts are that one under other labels, and

- *matrix*: as it is, so that each test was run by every part;
- *jobs*: with test files of their own, so that no test was run twice;
- *shards*: with those same tests, and every part has collected those of all.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from measuring_cpu import cost, make_suite
from results import Row

BUDGET = 5.0
"""Processor seconds for 50 parts of 2,000 tests."""

_RUN = ("-m", "pytest", "-q", "-p", "pytest_cov", "-p", "handoff", "--handoff=session-2", "--handoff-part=0")


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=50)
    parser.add_argument("--tests", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch), options.parts, options.tests), sep="\n")
    return 0


def measure(scratch: Path, parts: int, tests: int) -> list[Row]:
    """A row for each kind of parts."""
    suite = make_suite(scratch / "suite", tests)
    cost(suite, *_RUN, "--handoff-artifacts=../one")
    start = cost(suite, "-m", "pytest_handoff", "--version")
    found = []
    for kind in ("matrix", "jobs", "shards"):
        _multiply(scratch / "one" / "part-0", scratch / kind, parts, kind)
        used = cost(suite, "-m", "pytest_handoff", "combine", "session-2", str(scratch / kind))
        what = f"handoff combine of {parts} parts of {tests:,} tests, {kind}"
        found.append(Row(what, BUDGET, used.cpu - start.cpu, "s", f"{used.peak:.0f} MiB"))
    return found


def _multiply(one: Path, parts: Path, number: int, kind: str) -> None:
    """Copies of a part under other labels, with the tests of their kind."""
    collection, results = (json.loads((one / name).read_bytes()) for name in ("collection.json", "results.json"))
    seen = [_renamed(collection, job) for job in range(number)]
    whole = {key: [item for part in seen for item in part[key]] for key in ("whole_files",)}
    every = {"tests": {k: v for part in seen for k, v in part["tests"].items()}, **whole, "broken_files": {}}
    for job in range(number):
        folder = parts / f"part-{job}"
        shutil.copytree(one, folder)
        if kind != "matrix":
            _write(folder / "collection.json", every if kind == "shards" else seen[job])
            _write(folder / "results.json", {_moved(test, job): result for test, result in results.items()})
        head = json.loads((folder / "part.json").read_bytes())
        head["label"] = str(job)
        head["run"]["digests"] = {name: _digest(folder / name) for name in head["run"]["digests"]}
        _write(folder / "part.json", head)


def _renamed(collection: dict[str, Any], job: int) -> dict[str, Any]:
    tests = {_moved(test, job): seen for test, seen in collection["tests"].items()}
    return {"tests": tests, "whole_files": [_moved(path, job) for path in collection["whole_files"]], "broken_files": {}}


def _moved(test: str, job: int) -> str:
    return test.replace("tests/", f"tests/job-{job}/", 1)


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _digest(path: Path) -> str:
    return f"sha256:{sha256(path.read_bytes()).hexdigest()}"


if __name__ == "__main__":
    sys.exit(main())
