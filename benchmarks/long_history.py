"""What a thousand sessions cost: copies of a recorded session, each naming the one before it, as a long-lived project has.

    python benchmarks/long_history.py               about a minute
"""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
import tempfile
from pathlib import Path

from instructions import count
from measuring_cpu import commit, cost, make_suite
from results import Row

_RUN = ("-m", "pytest", "-q", "-p", "pytest_cov.plugin", "-p", "pytest_handoff.plugin", "--handoff=session-2", "--no-cov")
_ROUNDS = 5


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch) / "suite"), sep="\n")
    return 0


def measure(folder: Path, sessions: int = 1000) -> list[Row]:
    """A run after that many sessions beside a run after one, and the commands that look at all of them."""
    make_suite(folder, 100)
    short, short_cpu = count(folder, *_RUN), _cpu(folder)
    grow_history(folder / "handoffs", sessions)
    long, long_cpu = count(folder, *_RUN), _cpu(folder)
    start = cost(folder, "-m", "pytest_handoff", "--version").cpu
    history = cost(folder, "-m", "pytest_handoff", "history").cpu - start
    return [
        Row(f"a run after {sessions:,} sessions over a run after one, in instructions", 1.05, long / short),
        Row("the same in processor time", None, long_cpu / short_cpu, detail=f"{short_cpu:.2f} s, then {long_cpu:.2f} s"),
        Row(f"handoff history of {sessions:,} sessions, less start-up", 2.0, history, "s"),
    ]


def _cpu(folder: Path) -> float:
    return statistics.median(cost(folder, *_RUN).cpu for _ in range(_ROUNDS))


def grow_history(handoffs: Path, sessions: int) -> None:
    """Put sessions between ``session-1`` and the next one; only the newest keeps its sources, as after ``handoff prune``.

    All of them are committed, as evidence is.
    """
    evidence = handoffs / "evidence"
    before, first = "session-1", json.loads((evidence / "session-1" / "record.json").read_bytes())
    for number in range(sessions):
        name = f"earlier-{number}"
        digest = hashlib.sha256((evidence / before / "record.json").read_bytes()).hexdigest()
        record = first | {"session": name, "previous": [{"session": before, "digest": _as_written(first, digest)}]}
        (evidence / name).mkdir()
        (evidence / name / "record.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
        shutil.copy(evidence / "session-1" / "tests.jsonl", evidence / name)
        before = name
    shutil.copy(evidence / "session-1" / "sources.jsonl", evidence / before)
    commit(handoffs.parent)


def _as_written(record: dict[str, dict[str, str]], digest: str) -> str:
    """The digest in the form in which the record writes its ledger's."""
    prefix, colon, _ = record["tests"]["ledger"].rpartition(":")
    return f"{prefix}{colon}{digest}"


if __name__ == "__main__":
    raise SystemExit(main())
