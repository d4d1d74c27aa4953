"""What is kept of a source says of it what coverage.py does: statements, exclusions, and which of them ran."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import _pytest
import jinja2
import pytest

import coverage
from coverage import CoverageData
from pytest_handoff.coverage.not_public import analysis_of, reporter_of
from pytest_handoff.coverage.parse_again import CannotParse, Sources, layouts_of, parse_again
from pytest_handoff.coverage.parsed_sources import ParseCache, ParsedSources, parsed_by
from pytest_handoff.coverage.public_analyses import layout_in
from pytest_handoff.coverage.unchanged import UnchangedFiles
from pytest_handoff.evidence.layouts import read_layout
from pytest_handoff.record import ParsedBy

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
    parsed = ParsedSources(ParseCache(None, None), parsed_by(cov))
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
        known = UnchangedFiles({"it"}, lambda _by, text=facts.layout: {"it": text}).figures(ran, "it", str(path), parsed.by)
        assert known is not None
        assert (known[0].statements, known[0].missing, known[0].excluded) == (found.statements, found.missing, found.excluded)
        assert known[0].branches is None


def test_branches_and_unknown_files_are_parsed(cov: coverage.Coverage, odd: Path, tmp_path: Path) -> None:
    """Nothing is said of them."""
    data = CoverageData(basename=str(tmp_path / "arcs"))
    data.add_arcs({str(odd): [(1, 3)]})
    by = parsed_by(cov)
    assert UnchangedFiles({"it"}, lambda _by: {"it": "s"}).figures(data, "it", str(odd), by) is None
    data.close(force=True)
    lines = CoverageData(basename=str(tmp_path / "lines"))
    lines.add_lines({str(odd): [1]})
    for known in ({}, {"it": ""}, {"it": "?"}):
        assert UnchangedFiles({"it"}, lambda _by, known=known: known).figures(lines, "it", str(odd), by) is None
    assert UnchangedFiles({"it"}).figures(lines, "it", str(odd), by) is None
    lines.close(force=True)


def test_sources_are_parsed_again_as_they_were(cov: coverage.Coverage, odd: Path) -> None:
    """In this process and in one of its own; not under another version, and not those that are gone or no Python."""
    (odd.parent / "bad.py").write_text("def (", "utf-8")
    sources = Sources(str(odd.parent), ["odd.py", "empty.py", "bad.py", "gone.py"], parsed_by(cov), str(odd.parent))
    expected = {"odd.py": layout_in(cov, str(odd)), "empty.py": "."}
    assert layouts_of(sources) == expected
    there = Sources(sources.folder, ["odd.py", "empty.py", "bad.py"], sources.by, sources.project)
    assert parse_again(there) == expected
    other = ParsedBy(python="cpython 3.2", coverage=coverage.__version__, exclude=[])
    assert layouts_of(Sources(sources.folder, ["odd.py"], other, sources.project)) is None


def test_parsing_again_has_an_end(monkeypatch: pytest.MonkeyPatch, odd: Path, cov: coverage.Coverage) -> None:
    """However long a pattern is searched for."""
    monkeypatch.setattr("pytest_handoff.coverage.parse_again._LEAST", 2)
    (odd.parent / "long.py").write_text("x = '" + "a" * 60 + "'\n", "utf-8")
    by = parsed_by(cov)
    endless = ParsedBy(python=by.python, coverage=by.coverage, exclude=["(a|aa)+b"])
    with pytest.raises(CannotParse, match="take too long"):
        parse_again(Sources(str(odd.parent), ["long.py"], endless, str(odd.parent)))
