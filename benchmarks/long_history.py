"""What a thousand sessions cost: copies of a recorded session, each naming the one before it, as a long-lived project has.

``make bench`` measures it with everything else; alone:

    python benchmarks/long_history.py               about a minute
"""

from __future__ import annotations

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
    from msgspec.structs import replace

    from pytest_handoff.project.artifacts import write_each
    from pytest_handoff.project.store import Store
    from pytest_handoff.record import Parent

    store = Store(handoffs, handoffs)
    before, first = "session-1", store.record("session-1")
    ledger = (store.evidence / before / "tests.jsonl").read_bytes()
    for number in range(sessions):
        link = Parent(session=before, digest=store.digest(before))
        before = f"earlier-{number}"
        write_each(store.artifacts(replace(first, session=before, previous=[link]), ledger, None))
    shutil.copy(store.evidence / "session-1" / "sources.jsonl", store.evidence / before)
    commit(handoffs.parent)


if __name__ == "__main__":
    raise SystemExit(main())
