"""What is known from the run before is what coverage.py says now, on other people's code."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from coverage.data import CoverageData
from coverage.parser import PythonParser
from coverage.results import Analysis, analysis_from_file_reporter

import coverage
from pytest_handoff.coverage import parsed_sources as module
from pytest_handoff.coverage.parsed_sources import ParsedSources, SourceFacts, parsed_sources
from pytest_handoff.project.user_folder import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY = Path(sysconfig.get_path("stdlib"))
MODULES = [*LIBRARY.glob("json/*.py"), *LIBRARY.glob("asyncio/[q-t]*.py"), LIBRARY / "contextlib.py", LIBRARY / "tarfile.py"]
SKIPS = "def f(x):\n    if x:  # never\n        return 1\n    return 2\n"


@pytest.fixture
def data() -> Iterator[CoverageData]:
    """Data in memory, closed at the end."""
    data = CoverageData(no_disk=True)
    yield data
    data.close(force=True)


def measuring(folder: Path, *exclude: str) -> coverage.Coverage:
    cov = coverage.Coverage(data_file=str(folder / "unused"), config_file=False)
    for pattern in exclude:
        cov.exclude(pattern)
    cov.get_data()
    return cov


def say(cov: coverage.Coverage, parsed: ParsedSources, data: CoverageData, name: str) -> tuple[SourceFacts, Analysis]:
    """All that is known of a file."""
    reporter = cov._get_file_reporter(name)
    facts = parsed.facts(reporter, branches=data.has_arcs())
    return facts, analysis_from_file_reporter(data, 0, reporter, name)


def some_arcs(name: str) -> list[tuple[int, int]]:
    """Two of three arcs that the file can have, and jumps back to each line before: out of a ``with``, as interpreters do it."""
    parser = PythonParser(filename=name)
    parser.parse_source()
    arcs = sorted(parser.arcs())
    return [arc for number, arc in enumerate(arcs) if number % 3] + [(after, before) for before, after in arcs if before < after]


@pytest.mark.parametrize("branches", [False, True], ids=["lines", "branches"])
def test_nothing_that_is_known_differs_from_coverage_s_own(
    tmp_path: Path, data: CoverageData, monkeypatch: pytest.MonkeyPatch, branches: bool
) -> None:
    """Statements, exclusions, missing lines, branches and the facts for the import rule, of some modules of Python's own."""
    cov, names = measuring(tmp_path), list(map(str, MODULES))
    arcs = {name: some_arcs(name) for name in names}
    if branches:
        data.add_arcs(arcs)
    else:
        data.add_lines({name: [line for line, _ in of_file if line > 0] for name, of_file in arcs.items()})
    first = parsed_sources(cov, Sealed(tmp_path, bytes(32)))
    said = {name: say(cov, first, data, name) for name in names}
    first.save()
    plain = {name: analysis_from_file_reporter(data, 0, cov._get_file_reporter(name), name) for name in names}
    assert {name: analysis for name, (_, analysis) in said.items()} == plain
    monkeypatch.setattr(PythonParser, "parse_source", lambda _: pytest.fail("the source was parsed again"))
    second = parsed_sources(measuring(tmp_path), Sealed(tmp_path, bytes(32)))
    assert {name: say(cov, second, data, name) for name in names} == said


def test_a_known_source_serves_lines_after_branches_and_not_the_other_way(tmp_path: Path, data: CoverageData) -> None:
    """A run with branches needs more than one with lines has left."""
    name = str(tmp_path / "m.py")
    Path(name).write_text(SKIPS, "utf-8")
    data.add_arcs({name: [(-1, 1), (1, -1), (-1, 2), (2, 4), (4, -1)]})
    cov = measuring(tmp_path)
    lines = parsed_sources(cov, Sealed(tmp_path / "cache", bytes(32)))
    of_lines = lines.facts(cov._get_file_reporter(name), branches=False)
    lines.save()
    branches = parsed_sources(cov, Sealed(tmp_path / "cache", bytes(32)))
    of_branches, analysis = say(cov, branches, data, name)
    assert of_branches == of_lines._replace(branches="2la2a")
    assert (analysis.numbers.n_branches, analysis.numbers.n_missing_branches) == (2, 1)


def test_branches_are_others_under_other_patterns(tmp_path: Path) -> None:
    """Of lines of which not every branch is asked for; with lines nobody asks for these, and what is known serves."""
    name = str(tmp_path / "m.py")
    Path(name).write_text(SKIPS, "utf-8")
    found = []
    for patterns in (["nowhere"], ["if .*:"], ["if .*:"], ["nowhere"]):
        cov = measuring(tmp_path)
        cov.set_option("report:partial_branches", patterns)
        parsed = parsed_sources(cov, Sealed(tmp_path / "cache", bytes(32)))
        assert parsed.made_by(branches=True).partial == [*patterns, *(cov.get_option("report:partial_branches_always") or ())]
        assert parsed.made_by(branches=False).partial is None
        assert parsed.facts(cov._get_file_reporter(name), branches=False).branches == ""
        found.append(parsed.facts(cov._get_file_reporter(name), branches=True).branches)
        parsed.save()
    assert found == ["2la2a", "2l2p", "2l2p", "2la2a"]


def test_a_known_source_is_another_under_other_exclusions(tmp_path: Path, data: CoverageData) -> None:
    """What was excluded in the run before is no fact about this one."""
    name = str(tmp_path / "m.py")
    Path(name).write_text(SKIPS, "utf-8")
    data.add_lines({name: [1]})
    statements = []
    for cov in (measuring(tmp_path), measuring(tmp_path, "never"), measuring(tmp_path)):
        parsed = parsed_sources(cov, Sealed(tmp_path / "cache", bytes(32)))
        statements.append(say(cov, parsed, data, name)[1].statements)
        parsed.save()
    assert statements == [{1, 2, 3, 4}, {1, 4}, {1, 2, 3, 4}]


def test_a_source_that_changes_is_parsed_again(tmp_path: Path, data: CoverageData) -> None:
    """The text decides, and not the path or the time."""
    name = tmp_path / "m.py"
    data.add_lines({str(name): [1]})
    found = []
    for text in ("x = 1\n", "\nx = 1\n"):
        name.write_text(text, "utf-8")
        cov = measuring(tmp_path)
        parsed = parsed_sources(cov, Sealed(tmp_path / "cache", bytes(32)))
        found.append(say(cov, parsed, data, str(name))[1].statements)
        parsed.save()
    assert found == [{1}, {2}]


def test_a_source_that_changes_while_it_is_read_is_not_kept(tmp_path: Path, data: CoverageData) -> None:
    """coverage.py reads the file for itself: where it saw another text, its facts are not those of ours."""
    name = tmp_path / "m.py"
    data.add_lines({str(name): [1]})
    name.write_text("x = 1\n", "utf-8")
    cov = measuring(tmp_path)
    reporter = cov._get_file_reporter(str(name))
    assert reporter.source() == "x = 1\n"
    name.write_text("\n\nx = 1\n", "utf-8")
    parsed = parsed_sources(cov, Sealed(tmp_path / "cache", bytes(32)))
    parsed.facts(reporter, branches=False)
    parsed.save()
    name.write_text("x = 1\n", "utf-8")
    cov = measuring(tmp_path)
    assert say(cov, parsed_sources(cov, Sealed(tmp_path / "cache", bytes(32))), data, str(name))[1].statements == {1}


def test_nothing_is_kept_where_the_rule_for_imports_cannot_be_read(
    tmp_path: Path, data: CoverageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an archive it could not be told which version of the rule made a fact."""
    name = tmp_path / "m.py"
    name.write_text("x = 1\n", "utf-8")
    data.add_lines({str(name): [1]})
    cov = measuring(tmp_path)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "archive.zip" / "parsed_sources.py"))
    parsed = parsed_sources(cov, Sealed(tmp_path / "cache", bytes(32)))
    assert say(cov, parsed, data, str(name))[1].statements == {1}
    parsed.save()
    assert not (tmp_path / "cache").exists()
