"""What it takes to read very many sessions that hold what they changed, beside the same sessions all written whole.

    python benchmarks/reading_sessions.py                  10, 100 and 1,000 sessions of 5,000 tests and 500 files
    python benchmarks/reading_sessions.py 30 --rounds 3    a quick look

The first two sessions and the last one are recorded as a run records them. The functions that write evidence write the others,
without a document: each has one test more than the one before, breaks three and mends three. Their figures are those of the
second session. All but the last are on ``main``; the last one is on a branch of its own, where each command is asked about it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from growth import Size, failing, make_project, record_session, test_id
from measuring_cpu import GIT, commit, cost
from results import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.record import LedgerLine, Record

_TEST = "tests/unit/test_part007.py::test_case_00007"
_ABOUT_ALL = (("history",), ("history", "test_case_00007"), ("history", _TEST))
_ABOUT_ONE = ("verify", "gate", "report", "show")
_NAMES = ("tests.jsonl", "sources.jsonl", "coverage.jsonl", "statements.jsonl")
_RECORD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from growth import Size, record_session
record_session(Path.cwd(), 4, Size(), name=sys.argv[2], tests=int(sys.argv[3]))
"""
"""The fourth session that is recorded, so that it changes ten files of the project like each of the others."""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sessions", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for sessions in options.sessions:
        with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
            print(*measure(Path(scratch), sessions, options.rounds), sep="\n", flush=True)
    return 0


def measure(scratch: Path, sessions: int = 1000, rounds: int = 5) -> list[Row]:
    """Processor time of each command with start-up, least of so many in turns, over that with whole files."""
    folder, whole = scratch / "project", scratch / "whole"
    make_project(folder, Size())
    subprocess.run([*GIT, "branch", "-M", "main"], cwd=folder, check=True)
    for number in (1, 2):
        record_session(folder, number, Size())
        commit(folder)
    _extend(folder, sessions - 1)
    commit(folder)
    shutil.copytree(folder, whole)
    _write_whole(whole, range(1, sessions))
    commit(whole)
    for place in (folder, whole):
        subprocess.run([*GIT, "switch", "-qc", "work"], cwd=place, check=True)
        record_session(place, 3, Size(), name=f"session-{sessions}", tests=_tests(sessions))
    _write_whole(whole, [sessions])
    for place in (folder, whole):
        commit(place)
    commands = [*_ABOUT_ALL, *((verb, f"session-{sessions}") for verb in _ABOUT_ONE)]
    rows = [_row(f"handoff {' '.join(one)}", _times((folder, whole), rounds, one), sessions) for one in commands]
    return [*rows, _row("record the next session", _times((folder, whole), rounds, None, sessions + 1), sessions)]


def _row(what: str, times: Sequence[Sequence[float]], sessions: int) -> Row:
    mine, theirs = (min(each) for each in zip(*times, strict=True))
    detail = f"{mine:.2f} s, {theirs:.2f} s with whole files"
    return Row(f"{what}, {sessions:,} sessions", 1.05, mine / theirs, detail=detail)


def _times(places: Sequence[Path], rounds: int, command: Sequence[str] | None, number: int = 0) -> list[list[float]]:
    """Take the places in turns, first a round that does not count."""
    times = [[_cpu(place, *command) if command else _recording(place, number) for place in places] for _ in range(rounds + 1)]
    return times[1:]


def _cpu(folder: Path, *words: str) -> float:
    return cost(folder, "-m", "pytest_handoff", *words, keep=True, allowed=(0, 1)).cpu


def _recording(folder: Path, number: int) -> float:
    """Record a session in a process of its own, and take it back."""
    name, tests = f"session-{number}", str(_tests(number))
    took = cost(folder, "-c", _RECORD, str(Path(__file__).parent), name, tests, keep=True).cpu
    subprocess.run([*GIT, "checkout", "-q", "--", "."], cwd=folder, check=True)
    subprocess.run([*GIT, "clean", "-fdq"], cwd=folder, check=True)
    return took


def _tests(number: int) -> int:
    """Count the tests of a session: the second one has twenty more than the first, and each later one has one more."""
    return Size().tests + 18 + number


def _extend(folder: Path, sessions: int) -> None:
    """Write the sessions from the third one on."""
    from pytest_handoff.project.artifacts import write_each
    from pytest_handoff.project.encoding import encode_lines
    from pytest_handoff.project.layout import open_project

    store = open_project(folder, fallback=folder).store
    before = store.record("session-2")
    lines, sources = dict(store.ledger(before)), tuple((store.sources_of(before) or {}).values())
    statements = store.made_whole("statements.jsonl", before.session).whole
    for number in range(3, sessions + 1):
        lines = _changed(lines, number)
        ledger = encode_lines(lines.values())
        record = _next(before, number, ledger, store.digest(before.session))
        write_each(store.artifacts(record, ledger, sources, statements=statements, parents=[before]))
        before = record


def _changed(lines: dict[str, LedgerLine], number: int) -> dict[str, LedgerLine]:
    from msgspec.structs import replace

    from pytest_handoff.record import LedgerLine

    size, new = Size(), test_id(_tests(number) - 1, Size())
    lines = lines | {new: LedgerLine(id=new, tier="unit", since=f"session-{number}", outcome="passed")}
    for which, outcome in ((number - 1, "passed"), (number, "failed")):
        for test in (test_id(one, size) for one in failing(which, size)):
            lines[test] = replace(lines[test], outcome=outcome)
    return dict(sorted(lines.items()))


def _next(before: Record, number: int, ledger: bytes, digest: str) -> Record:
    from msgspec.structs import replace

    from pytest_handoff.project.encoding import digest_of
    from pytest_handoff.record import Parent

    return replace(
        before,
        session=f"session-{number}",
        previous=[Parent(session=before.session, digest=digest)],
        run=replace(before.run, started=f"1970-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"),
        tests=replace(before.tests, ledger=digest_of(ledger)),
    )


def _write_whole(folder: Path, numbers: Sequence[int]) -> None:
    """Write the files of these sessions whole, the oldest first."""
    from pytest_handoff.project.layout import open_project

    store = open_project(folder, fallback=folder).store
    for number in numbers:
        for name in _NAMES:
            made = store.made_whole(name, f"session-{number}")
            made.path.write_bytes(made.whole)


if __name__ == "__main__":
    raise SystemExit(main())
