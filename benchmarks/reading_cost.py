"""What it costs to read coverage of many files and to find the new code in them: processor seconds of this process.

    python benchmarks/reading_cost.py
    python benchmarks/reading_cost.py --files 500

The sources are those of ``new_code_cost.py``; a tenth of them differ from the base. Two of three lines (or arcs) ran, under
four kinds of tests. The first reading parses every source, the second knows them, the third finds a tenth of them changed. Where
pytest-cov prints a report, the parsing for it serves the first reading too; what its reports take without us stands beside.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from coverage.data import CoverageData
from coverage.parser import PythonParser
from new_code_cost import write_module
from results import Row

import coverage
from pytest_handoff.coverage.analysis import FileReader, SharedAnalyses
from pytest_handoff.coverage.parsed_sources import parsed_sources
from pytest_handoff.evidence.measurement import Measured, context_name, parse_context
from pytest_handoff.evidence.new_code import Trees, new_code
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.project.user_folder import Sealed
from pytest_handoff.record import SourceLine
from pytest_handoff.recording.faults import Faults

if TYPE_CHECKING:
    import pytest

_BUDGET = 3.0
_FUNCTIONS = 15
_KINDS = [("unit", "old"), ("unit", "new"), ("e2e", "old"), ("e2e", "new")]


def main() -> int:
    """Print the table; exit 1 with ``--strict`` when a reading takes longer than its budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        rows = measure(Path(scratch), options.files)
    print(*rows, sep="\n")
    return int(options.strict and any(row.over for row in rows))


def measure(scratch: Path, files: int) -> list[Row]:
    """How long each reading takes, with lines and with branches."""
    suite = scratch.resolve()
    for number in range(files):
        write_module(suite, number, _FUNCTIONS)
    sources = sorted((suite / "src/app").glob("*.py"))
    total = sum(source.read_bytes().count(b"\n") for source in sources)
    rows = []
    for kind in ("lines", "branches"):
        what = f"{files:,} files of {total // files} lines, {kind}"
        rows += _measure(suite, sources, what, branches=kind == "branches")
    return rows


def _measure(suite: Path, sources: list[Path], what: str, *, branches: bool) -> list[Row]:
    name = "branches" if branches else "lines"
    data = CoverageData(basename=str(suite / f"{name}.data"))
    _fill(data, sources, branches=branches)
    cache = Sealed(suite / f"cache of {name}", bytes(32))
    base = _tree(suite, sources)
    changed = sources[::10]
    _change(changed)
    first, known = _read(suite, data, cache, base), _read(suite, data, cache, base)
    _change(changed)
    edited = _read(suite, data, cache, base)
    data.close(force=True)
    size = sum(file.stat().st_size for file in cache.path.iterdir()) / 2**20
    return [
        Row(f"{what}: nothing known", _BUDGET, first, "s"),
        Row(f"{what}: everything known", _BUDGET, known, "s", f"cache {size:.1f} MiB"),
        Row(f"{what}: a tenth edited since", _BUDGET, edited, "s"),
        _beside_reports(suite, suite / f"{name}.data", base, what),
    ]


def _beside_reports(suite: Path, data_file: Path, base: dict[str, SourceLine], what: str) -> Row:
    """What a run takes that prints a report: pytest-cov makes two, and the reading that follows knows what they found out."""
    alone = _measurement(data_file)
    start = time.process_time()
    alone.report(file=StringIO())
    one = time.process_time() - start
    cov, faults = _measurement(data_file), Faults()
    shared = SharedAnalyses(cast("pytest.Config", SimpleNamespace(cache=None)), faults)
    shared.attach(cov)
    start = time.process_time()
    for _ in range(2):
        cov.report(file=StringIO())
    reports = time.process_time() - start
    reading = _read(suite, cov.get_data(), None, base, (cov, shared))
    assert not faults.number
    return Row(f"{what}: nothing known, two reports and the reading", None, reports + reading, "s",
               f"reading alone {reading:.2f} s, two reports without us {2 * one:.2f} s")  # fmt: skip


def _measurement(data_file: Path) -> coverage.Coverage:
    cov = coverage.Coverage(data_file=str(data_file), config_file=False)
    cov.load()
    return cov


def _read(
    suite: Path,
    data: CoverageData,
    cache: Sealed | None,
    base: dict[str, SourceLine],
    reported: tuple[coverage.Coverage, SharedAnalyses] | None = None,
) -> float:
    cov, shared = reported or (_measurement(suite / "unused"), None)
    now = _tree(suite, sorted((suite / "src/app").glob("*.py")))
    start = time.process_time()
    parsed = shared.parsed(cov) if shared else parsed_sources(cov, cache)
    reader = FileReader(cov, suite, lambda _: False, parse_context, parsed, shared=shared)
    measurement = reader.measurement(data, [])
    parsed.save()
    assert isinstance(measurement, Measured)
    found = new_code(measurement, Trees(bases=[base], base_name="before", now=now), session="s")
    taken = time.process_time() - start
    assert found.num_statements
    return taken


def _fill(data: CoverageData, sources: list[Path], *, branches: bool) -> None:
    """Each kind of test ran a part of what each file can do."""
    parser = PythonParser(filename=str(sources[0]))
    parser.parse_source()
    arcs = sorted(parser.arcs())
    for part, (tier, age) in enumerate(_KINDS):
        data.set_context(context_name("s", tier, age))
        ran = [arc for number, arc in enumerate(arcs) if (number + part) % 3]
        if branches:
            data.add_arcs({str(source): ran for source in sources})
        else:
            data.add_lines({str(source): [line for line, _ in ran if line > 0] for source in sources})


def _tree(suite: Path, sources: list[Path]) -> dict[str, SourceLine]:
    lines = {}
    for source in sources:
        path, content = source.relative_to(suite).as_posix(), source.read_bytes()
        lines[path] = SourceLine(path=path, blob=str(hash(content)), lines=hash_lines(content))
    return lines


def _change(sources: list[Path]) -> None:
    for source in sources:
        source.write_text(source.read_text("utf-8").replace("limit=", "limit=1 + "), "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
