"""What the plugin costs, everything in one table beside its budgets.

    python benchmarks/overhead.py                   about half an hour
    python benchmarks/overhead.py --quick           smaller sizes and fewer rounds: about four
    python benchmarks/overhead.py --strict          exit 1 when a figure is over its budget
    python benchmarks/overhead.py --write           keep the figures in benchmarks/tables/, in the page of this Python

Each part is a script of its own, which says how it measures: ``installed``, ``processor_time``, ``new_code_cost``,
``reading_cost``, ``at_scale``, ``long_history``, ``growth``, ``combining_parts``, ``long_documents``.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import at_scale
import combining_parts
import growth
import installed
import long_documents
import long_history
import new_code_cost
import processor_time
import reading_cost
from results import Row, page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TABLES = Path(__file__).parent / "tables"


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--quick", "--strict", "--write"):
        parser.add_argument(option, action="store_true")
    options = parser.parse_args()
    found: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        for title, measure in _parts(Path(scratch), quick=options.quick).items():
            found[title] = measure()
            print(f"\n{title}", *found[title], sep="\n", flush=True)
            if options.write:  # after each part, since all of them take long
                _write(found)
    return int(options.strict and any(row.over for rows in found.values() for row in rows))


def _write(found: Mapping[str, list[Row]]) -> None:
    major, minor, _ = platform.python_version_tuple()
    text = page(found, date=datetime.now(UTC).strftime("%Y-%m-%d"))
    _TABLES.mkdir(exist_ok=True)
    (_TABLES / f"python-{major}.{minor}.md").write_text(text, "utf-8")


def _parts(scratch: Path, *, quick: bool) -> dict[str, Callable[[], list[Row]]]:
    return {
        "Installed by pip": lambda: installed.measure(scratch / "installed", 51 if quick else 301),
        "Processor time and memory": lambda: processor_time.measure(scratch / "cpu", 500 if quick else 2000, 2 if quick else 5),
        "Coverage and new code": lambda: new_code_cost.measure(
            scratch / "new-code", *((300, 20, 1) if quick else (3000, 200, 3))
        ),
        "Reading coverage": lambda: reading_cost.measure(scratch / "reading", 200 if quick else 2000),
        "Very many tests": lambda: [
            *at_scale.measure(scratch / "scale" / "project", 10_000 if quick else 100_000),
            *processor_time.measure_memory(scratch / "large", 10_000 if quick else 100_000),
        ],
        "Very many sessions": lambda: long_history.measure(scratch / "history" / "suite", 100 if quick else 1000),
        "Growth": lambda: growth.measure(scratch / "growth" / "project", 20 if quick else 200),
        "Very many parts": lambda: combining_parts.measure(scratch / "parts", *((8, 500) if quick else (50, 2000))),
        "Very long documents": lambda: long_documents.measure(scratch / "documents" / "suite", 2 if quick else 5),
    }


if __name__ == "__main__":
    raise SystemExit(main())
