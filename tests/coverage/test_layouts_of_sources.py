"""What is kept of a source says of it what coverage.py does: statements, exclusions, and which of them ran."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import _pytest
import jinja2
import pytest
from msgspec.structs import replace

import coverage
from coverage import CoverageData
from pytest_handoff.coverage.not_public import analysis_of, reporter_of
from pytest_handoff.coverage.parse_again import CannotParse, Sources, parse_again, statements_in
from pytest_handoff.coverage.parsed_sources import ParseCache, ParsedSources, parsed_by
from pytest_handoff.coverage.public_analyses import layout_in
from pytest_handoff.coverage.unchanged import UnchangedFiles
from pytest_handoff.evidence.layouts import read_layout
from pytest_handoff.record import ParsedBy, StatementsLine

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = (_pytest, jinja2, coverage)
FILES = [path for package in PACKAGES for path in sorted(Path(str(package.__file__)).parent.glob("*.py"))[::4]]
ODD = '''"""A docstring
of two lines."""
import os  # pragma: no cover

@(
    staticmethod
)
def one(a,
        b=(
            1,
        )):
    """Two
    lines."""
    x = 1; y = (
        2
    ); return (x,
               y)

class Empty: ...

def excluded():  # pragma: no cover
    first = 1

    return (
        first
    )

match os.name:
    case "posix":
        text = f"""{os.name
        }"""
    case _:
        pass

if os.name == \\
        "nt":
    raise NotImplementedError(
        "none"
    )
\f
async def last(): return [
    number
    async for number in x
]
'''


@pytest.fixture
def cov() -> Iterator[coverage.Coverage]:
    """A measurement with the usual exclusions."""
    made = coverage.Coverage(data_file=None, config_file=False)
    yield made
    made.get_data().close(force=True)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A source with what is rare."""
    (tmp_path / "odd.py").write_text(ODD, "utf-8")
    (tmp_path / "empty.py").write_text("", "utf-8")
    return tmp_path / "odd.py"


@pytest.fixture
def ran(tmp_path: Path, odd: Path) -> Iterator[CoverageData]:
    """A third of the lines of each file, drawn by lot."""
    lot = random.Random(3)  # noqa: S311 - no secret
    data = CoverageData(basename=str(tmp_path / "data"))
    for path in (odd, *FILES):
        last = path.read_text("utf-8").count("\n") + 1
        data.add_lines({str(path): lot.sample(range(1, last + 1), k=last // 3)})
    yield data
    data.close(force=True)


def test_a_layout_says_what_coverage_says(cov: coverage.Coverage, odd: Path, ran: CoverageData) -> None:
    """By its parser and by its documented ways; and what ran by the layout ran by coverage.py's analysis."""
    cov.get_data()
    parsed, by = ParsedSources(ParseCache(None, None), parsed_by(cov, branches=True)), parsed_by(cov, branches=False)
    assert len(FILES) > 20
    for path in (odd, *FILES):
        reporter = reporter_of(cov, str(path))
        facts = parsed.facts(reporter, branches=False)
        layout = read_layout(facts.layout)
        assert layout is not None, path
        assert (layout.statements, layout.excluded) == (reporter.lines(), reporter.excluded_lines())
        assert layout.first_line == facts.first_line
        assert layout_in(cov, str(path)) == facts.layout, path
        found = analysis_of(ran, 0, reporter, str(path))
        line = StatementsLine(path="it", layout=facts.layout)
        known = UnchangedFiles({"it"}, lambda _by, line=line: {"it": line}).figures(ran, "it", str(path), by)
        assert known is not None
        assert (known[0].statements, known[0].missing, known[0].excluded) == (found.statements, found.missing, found.excluded)
        assert known[0].branches is None


def test_unknown_files_are_parsed(cov: coverage.Coverage, odd: Path, tmp_path: Path) -> None:
    """Those of which nothing is known, or nothing that a run writes; with branches those of which these are not known, too."""
    arcs, lines = CoverageData(basename=str(tmp_path / "arcs")), CoverageData(basename=str(tmp_path / "lines"))
    arcs.add_arcs({str(odd): [(1, 3)]})
    lines.add_lines({str(odd): [1]})

    def is_known(data: CoverageData, layout: str, branches: str) -> bool:
        line = StatementsLine(path="it", layout=layout, branches=branches)
        by = parsed_by(cov, branches=data.has_arcs())
        return UnchangedFiles({"it"}, lambda _by: {"it": line}).figures(data, "it", str(odd), by) is not None

    for data, layout, branches in [(lines, "", ""), (lines, "?", ""), (arcs, "s", ""), (arcs, "s", "?"), (arcs, "", "la2a")]:
        assert not is_known(data, layout, branches)
    for data, layout, branches in [(lines, "s", ""), (lines, "s", "?"), (arcs, "s", "la2a"), (arcs, "s", ".")]:
        assert is_known(data, layout, branches)
    by = parsed_by(cov, branches=False)
    assert UnchangedFiles({"it"}, lambda _by: {}).figures(lines, "it", str(odd), by) is None
    assert UnchangedFiles({"it"}).figures(lines, "it", str(odd), by) is None
    arcs.close(force=True)
    lines.close(force=True)


@pytest.mark.parametrize("branches", [False, True])
def test_sources_are_parsed_again_as_they_were(cov: coverage.Coverage, odd: Path, branches: bool) -> None:
    """In this process and in one of its own; not under another version, and not those that are gone or no Python."""
    (odd.parent / "bad.py").write_text("def (", "utf-8")
    cov.set_option("report:partial_branches", ["os.name =="])
    by = parsed_by(cov, branches=branches)
    sources = Sources(str(odd.parent), ["odd.py", "empty.py", "bad.py", "gone.py"], by, str(odd.parent))
    ways = ("29la3a6l2p6le41e", ".") if branches else ("", "")
    expected = {
        "odd.py": StatementsLine(path="odd.py", layout=layout_in(cov, str(odd)), branches=ways[0]),
        "empty.py": StatementsLine(path="empty.py", layout=".", branches=ways[1]),
    }
    assert statements_in(sources) == expected
    assert parse_again(Sources(sources.folder, sources.paths[:3], by, sources.project)) == expected
    for other in (replace(by, python="cpython 3.2"), replace(by, coverage="7.0")):
        assert statements_in(Sources(sources.folder, ["odd.py"], other, sources.project)) is None


def test_parsing_again_has_an_end(monkeypatch: pytest.MonkeyPatch, odd: Path, cov: coverage.Coverage) -> None:
    """However long a pattern is searched for."""
    monkeypatch.setattr("pytest_handoff.coverage.parse_again._LEAST", 2)
    (odd.parent / "long.py").write_text("x = '" + "a" * 60 + "'\n", "utf-8")
    by = parsed_by(cov, branches=False)
    endless = ParsedBy(python=by.python, coverage=by.coverage, exclude=["(a|aa)+b"])
    with pytest.raises(CannotParse, match="take too long"):
        parse_again(Sources(str(odd.parent), ["long.py"], endless, str(odd.parent)))
