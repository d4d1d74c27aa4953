"""Many sessions out of one: copies of a recorded session, each naming the one before it, as a long-lived project has."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

from measuring_cpu import commit

if TYPE_CHECKING:
    from pathlib import Path


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
    raise SystemExit(__doc__)
