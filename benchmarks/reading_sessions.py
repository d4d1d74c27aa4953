"""What it takes to read very many sessions that hold what they changed, beside the same sessions all written whole.

    python benchmarks/reading_sessions.py                  1,000 sessions of 5,000 tests and 500 files

The first two sessions are recorded as a run records them. The others are written by the functions that write evidence, without a
document: each has one test more than the one before, and three other outcomes. Their figures are those of the second session, so
only ``handoff history`` can be asked about them.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from growth import Size, make_project, record_session
from measuring_cpu import commit, cost
from results import Row

if TYPE_CHECKING:
    from pytest_handoff.record import LedgerLine, Record

_TEST = "tests/unit/test_part007.py::test_case_00007"
_COMMANDS = (("history",), ("history", "test_case_00007"), ("history", _TEST))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1000)
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch), parser.parse_args().sessions), sep="\n")
    return 0


def measure(scratch: Path, sessions: int = 1000) -> list[Row]:
    """Processor time of each command with start-up, least of five in turns, over that with whole files."""
    folder, whole = scratch / "project", scratch / "whole"
    make_project(folder, Size())
    for number in (1, 2):
        record_session(folder, number, Size())
        commit(folder)
    _extend(folder, sessions)
    _copy_whole(folder, whole)
    rows = []
    for command in _COMMANDS:
        took = [[_cpu(place, *command) for place in (folder, whole)] for _ in range(5)]
        mine, theirs = (min(each) for each in zip(*took, strict=True))
        detail = f"{mine:.2f} s, {theirs:.2f} s with whole files"
        rows.append(Row(f"handoff {' '.join(command)}, {sessions:,} sessions", 1.05, mine / theirs, detail=detail))
    return rows


def _cpu(folder: Path, *words: str) -> float:
    return cost(folder, "-m", "pytest_handoff", *words, keep=True, allowed=(0, 1)).cpu


def _extend(folder: Path, sessions: int) -> None:
    """Write the sessions from the third one on."""
    from pytest_handoff.project.artifacts import write_each
    from pytest_handoff.project.encoding import encode_lines
    from pytest_handoff.project.layout import open_project

    store = open_project(folder, fallback=folder).store
    before = store.record("session-2")
    lines, sources = dict(store.ledger(before)), tuple((store.sources_of(before) or {}).values())
    for number in range(3, sessions + 1):
        lines = _changed(lines, number)
        ledger = encode_lines(lines.values())
        record = _next(before, number, ledger, store.digest(before.session))
        write_each(store.artifacts(record, ledger, sources, parents=[before]))
        before = record


def _changed(lines: dict[str, LedgerLine], number: int) -> dict[str, LedgerLine]:
    from msgspec.structs import replace

    from pytest_handoff.record import LedgerLine

    names = list(lines)
    for which in range(3):
        line = lines[names[(number * 7 + which * 11) % Size().tests]]
        lines[line.id] = replace(line, outcome="failed" if line.outcome == "passed" else "passed")
    new = f"tests/unit/test_part{number % 100:03}.py::test_late_{number:05}"
    added = LedgerLine(id=new, tier="unit", since=f"session-{number}", outcome="passed")
    return dict(sorted((lines | {new: added}).items()))


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


def _copy_whole(folder: Path, other: Path) -> None:
    from pytest_handoff.project.layout import open_project

    shutil.copytree(folder, other)
    there, here = (open_project(place, fallback=place).store for place in (folder, other))
    for session in sorted(there.sessions(), key=lambda name: int(name.rpartition("-")[2])):
        for name in ("tests.jsonl", "coverage.jsonl"):
            made = there.made_whole(name, session)
            (here.evidence / session / name).write_bytes(made.whole)


if __name__ == "__main__":
    raise SystemExit(main())
