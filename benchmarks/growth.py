"""What hand-offs weigh after many sessions: 5,000 tests, 500 files, and each session changes ten files and adds twenty tests.

    python benchmarks/growth.py                            about three minutes
    python benchmarks/growth.py --sessions 20              a quick look
    python benchmarks/growth.py --sessions 4 --tests 100000 --files 2000

No test is run: each run is made up, and given to the functions that a run of pytest gives its results to in the end.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from measuring_cpu import GIT, commit, cost, write
from results import Row

if TYPE_CHECKING:
    from pytest_handoff.evidence.measurement import Measured
    from pytest_handoff.run import Run

_LINES, _CHANGED, _ADDED = 151, 10, 20


class Size(NamedTuple):
    """How many tests and files the project has; a fifth of the files are test modules."""

    tests: int = 5000
    files: int = 500

    @property
    def sources(self) -> int:
        """How many files are no test modules; all of them are measured."""
        return self.files * 4 // 5

    @property
    def test_files(self) -> int:
        """How many files are test modules."""
        return self.files - self.sources


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--tests", type=int, default=Size().tests)
    parser.add_argument("--files", type=int, default=Size().files)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch) / "project", options.sessions, Size(options.tests, options.files)), sep="\n")
    return 0


def measure(folder: Path, sessions: int = 200, size: Size = Size()) -> list[Row]:  # noqa: B008 - it never changes
    """So many sessions of one project, what they leave, and what reading it takes."""
    make_project(folder, size)
    sizes, took = [], []
    for number in range(1, sessions + 1):
        began = time.process_time()
        record_session(folder, number, size)
        took.append(time.process_time() - began)
        commit(folder)
        sizes.append(_sizes(folder / "handoffs" / "evidence" / f"session-{number}"))
    after = f"after {sessions} sessions of {size.tests:,} tests and {size.files:,} files"
    budgets = (8 * sessions / 200, 40) if size == Size() else (None, None)
    last, later = f"session-{sessions}", took[1:][-5:] or took
    total = _sizes(folder / "handoffs" / "evidence")
    start = _command(folder, "--version")
    subprocess.run([*GIT, "gc", "--quiet"], cwd=folder, check=True)
    packs = sum(path.stat().st_size for path in (folder / ".git" / "objects" / "pack").glob("*.pack"))
    return [
        Row(f"evidence, {after}", budgets[0], sum(total.values()) / 1e6, "MB", detail=_parts(total, 1e6, "MB")),
        Row("the last session's", budgets[1], sum(sizes[-1].values()) / 1e3, "kB", detail=_parts(sizes[-1], 1e3, "kB")),
        Row("lines that its pull request adds to the evidence", None, _added(folder), "lines"),
        Row("the repository as git packs it", None, packs / 1e6, "MB"),
        Row("begin, record and write a later session", None, sum(later) / len(later), "s", detail=f"the first: {took[0]:.2f} s"),
        *(
            Row(f"handoff {' '.join(verb)}, less start-up", None, _command(folder, *verb) - start, "s")
            for verb in (("verify", last), ("history",), ("history", "test_case_00007"), ("report", last))
        ),
    ]  # fmt: skip


def _sizes(folder: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in folder.rglob("*.json*"):
        found[path.name] = found.get(path.name, 0) + path.stat().st_size
    return found


def _parts(sizes: dict[str, int], unit: float, name: str) -> str:
    return ", ".join(f"{file} {size / unit:.1f} {name}" for file, size in sorted(sizes.items()))


def _added(folder: Path) -> int:
    shown = subprocess.run(
        [*GIT, "diff", "--numstat", "HEAD~", "HEAD", "--", "handoffs/evidence"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return sum(int(line.split("\t")[0]) for line in shown.stdout.splitlines())


def make_project(folder: Path, size: Size) -> None:
    """Write the project, and commit it."""
    for number in range(size.sources):
        write(folder / f"src/part{number:03}.py", _text(number, 0))
    for number in range(size.test_files):
        write(folder / f"tests/unit/test_part{number:03}.py", _text(number, 0))
    write(folder / "pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = ["tests"]')
    write(folder / ".gitignore", ".pytest_cache/\n__pycache__/")
    subprocess.run([*GIT, "init", "-q"], cwd=folder, check=True)
    commit(folder)


def _text(number: int, session: int) -> str:
    changed = {line * 30 for line in range(5)} if session else set()
    return "\n".join(f"value_{line} = {number * line + (session if line in changed else 0)}" for line in range(_LINES))


def record_session(folder: Path, number: int, size: Size, *, name: str | None = None, tests: int | None = None) -> None:
    """Change ten files, and record a session in which all tests pass but three.

    Args:
        number: which session of the project this is; it decides which files change and which tests fail.
        name: the name of the session, where it is not that of its number.
        tests: how many tests there are, where each session before did not add twenty.
    """
    from pytest_handoff.project.environment import context_of
    from pytest_handoff.project.layout import open_project
    from pytest_handoff.project.writing import write_as_one, writing
    from pytest_handoff.workflow import start as workflow_start
    from pytest_handoff.workflow.record import RunResults, record_run

    if number > 1:
        for part in _changed(number, size):
            write(folder / f"src/part{part:03}.py", _text(part, number))
    name = name or f"session-{number}"
    run = _run(size, number, tests or size.tests + _ADDED * (number - 1))
    project = open_project(folder, fallback=folder)
    start = workflow_start.begin(project, name)
    results = RunResults(
        run=run, measured=_measured(size, number), context=context_of(run, None), is_test_file=lambda path: "/test_" in path
    )
    with writing(project):
        outcome = record_run(project, start, results)
        write_as_one(project, name, outcome.artifacts)


def test_id(number: int, size: Size) -> str:
    """Name the test of this number."""
    return f"tests/unit/test_part{number % size.test_files:03}.py::test_case_{number:05}"


def failing(session: int, size: Size) -> set[int]:
    """Choose the numbers of the tests that fail in a session."""
    return {(session * 7 + number * 11) % size.tests for number in range(3)}


def _run(size: Size, session: int, tests: int) -> Run:
    from pytest_handoff.run import CaseResult, Collected, Run

    passed, failed = CaseResult(outcome="passed"), CaseResult(outcome="failed", error="assert 3600 == 60")
    unit = Collected(tier="unit")
    ids = [test_id(number, size) for number in range(tests)]
    fails = failing(session, size)
    return Run(
        collected=dict.fromkeys(ids, unit),
        results={test: failed if number in fails else passed for number, test in enumerate(ids)},
        whole_files=frozenset(test.partition("::")[0] for test in ids),
        broken_files={},
        why_partial=(),
        mishaps=(),
        interrupted=None,
        started=0.0,
        finished=60.0,
        exitstatus=1,
        args=(),
        plugins={},
        reported={"passed": tests - len(fails), "failed": len(fails)},
    )


def _changed(session: int, size: Size) -> list[int]:
    return [(session * 37 + which * 41) % size.sources for which in range(_CHANGED)]


def _layout(number: int, last: int) -> str:
    """Make up which lines of a source are statements, as in a module of functions; other ones after each change of it."""
    blocks = ((number + last + block, block, number * last + block) for block in range(18))
    return "".join(f"{one % 5 + 1}s{two % 3 + 1}.s{three % 3 + 1}c" for one, two, three in blocks)


def _measured(size: Size, session: int) -> Measured:
    from pytest_handoff.evidence.measurement import Lines, Measured, MeasuredFile, Measurement, RunBy
    from pytest_handoff.record import ParsedBy

    lines, missing = frozenset(range(1, _LINES + 1)), frozenset({3, 90})
    ran = {RunBy(None, "unit", "old"): lines - missing}
    last = {number: one for one in range(2, session + 1) for number in _changed(one, size)}
    files = {
        path: MeasuredFile(
            path=path,
            statements=lines,
            missing=missing,
            import_time=lines,
            percent=100.0 * (_LINES - 2) / _LINES,
            layout=_layout(number, last.get(number, 0)),
        )
        for number, path in ((number, f"src/part{number:03}.py") for number in range(size.sources))
    }
    by = ParsedBy(python="cpython 3.13", coverage="none", exclude=["#.*(pragma|PRAGMA)[:\\s]?\\s*(no|NO)\\s*(cover|COVER)"])
    found = Measurement(files=files, percent=100.0 * (_LINES - 2) / _LINES, branch_percent=None, parsed_by=by)
    return Measured(found, Lines(executed=lambda _path: ran, marked=lambda _path: frozenset()))


def _command(folder: Path, *arguments: str) -> float:
    return min(cost(folder, "-m", "pytest_handoff", *arguments, keep=True, allowed=(0, 1)).cpu for _ in range(3))


if __name__ == "__main__":
    raise SystemExit(main())
