"""What coverage.py finds out for a report serves the next report and the evidence, and nothing that is printed changes."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from coverage.data import CoverageData
from coverage.parser import PythonParser
from msgspec.structs import replace

import coverage
from pytest_handoff.coverage import analysis
from pytest_handoff.coverage.analysis import FileReader, SharedAnalyses
from pytest_handoff.coverage.not_public import Changed
from pytest_handoff.coverage.parsed_sources import ParsedSources, parsed_sources
from pytest_handoff.evidence.measurement import Measured, Measurement
from pytest_handoff.recording.faults import Faults

BRANCHES = """
def sign(x):
    if x > 0:
        return 1
    with open("f") as file:
        for line in file:
            print(line)
    return -1 if x else 0
"""


class Reported:
    """A finished measurement of two files, and the reports on it."""

    def __init__(self, folder: Path, config: pytest.Config) -> None:
        self.folder = folder.resolve()
        self.faults = Faults()
        self.shared = SharedAnalyses(config, self.faults)
        self.cov = coverage.Coverage(data_file=str(folder / "own"), config_file=False)
        self.names = [str(folder / name) for name in ("a.py", "b.py")]
        for name in self.names:
            Path(name).write_text(f"{BRANCHES}# {name}\n", "utf-8")
        self.cov.get_data().add_arcs({name: [(-1, 2), (2, -1), (-2, 3), (3, 5), (5, -2)] for name in self.names})

    def report(self, **options: object) -> str:
        out = StringIO()
        self.cov.report(file=out, **{"show_missing": True, "ignore_errors": True, **options})
        return out.getvalue()

    def read(self, shared: SharedAnalyses | None) -> Measurement:
        """The evidence, with what the reports have found out or without."""
        reader = FileReader(self.cov, self.folder, lambda _: True, None, parsed_sources(self.cov, None), shared=shared)
        found = reader.measurement(self.cov.get_data(), [])
        assert isinstance(found, Measured)
        return found.measurement


@pytest.fixture
def reported(tmp_path: Path, pytestconfig: pytest.Config) -> Reported:
    return Reported(tmp_path, pytestconfig)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sources that coverage.py parses."""
    names: list[str] = []
    parse = PythonParser.parse_source
    monkeypatch.setattr(PythonParser, "parse_source", lambda parser: (names.append(parser.filename), parse(parser)))
    return names


@pytest.fixture
def pytestconfig() -> pytest.Config:
    """A configuration without a cache: what is known is known to this run alone."""
    return pytest.Config.fromdictargs({}, ["-p", "no:cacheprovider"])


def test_reports_and_evidence_share_one_analysis(reported: Reported, parsed: list[str]) -> None:
    """Two reports and the reading after them parse each source once, and say what coverage.py says alone."""
    alone = reported.report()
    del parsed[:]
    reported.shared.attach(reported.cov)
    assert [reported.report(), reported.report(), parsed] == [alone, alone, reported.names]
    found = reported.read(reported.shared)
    assert [file.missing for file in found.files.values()] == [{4, 6, 7, 8}] * 2
    assert (parsed, reported.faults.number) == (reported.names, 0)
    assert reported.read(None) == found


def test_a_report_of_another_precision_is_its_own(reported: Reported) -> None:
    """How many digits a figure has is a matter of the report that prints it."""
    alone = [reported.report(precision=digits) for digits in (0, 2)]
    reported.shared.attach(reported.cov)
    assert [reported.report(precision=digits) for digits in (0, 2)] == alone
    assert alone[0] != alone[1]


def test_other_data_have_their_own_analysis(reported: Reported) -> None:
    """What was found out about one set of data is no answer for another."""
    reported.shared.attach(reported.cov)
    reported.report()
    other = CoverageData(no_disk=True)
    assert reported.shared.found(other, reported.names[0]) is None
    other.add_arcs({reported.names[0]: [(3, 4)]})
    reported.cov._data = other
    assert "a.py" in reported.report()
    found = reported.shared.found(other, reported.names[0])
    assert found is not None
    assert 4 not in found.analysis.missing
    other.close(force=True)


def test_what_goes_wrong_in_here_changes_no_report(reported: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours is noted; coverage.py does its work alone."""
    alone = reported.report()
    reported.shared.attach(reported.cov)
    monkeypatch.setattr(ParsedSources, "facts", lambda *_, **__: 1 / 0)
    assert reported.report() == alone
    assert "ZeroDivisionError" in reported.faults.defects[0]


def test_a_coverage_py_that_works_otherwise_is_left_alone(reported: Reported) -> None:
    """It costs time alone where a later release has no such place."""
    other: Any = SimpleNamespace()
    reported.shared.attach(other)
    assert vars(other) == {}


def test_coverage_py_says_itself_what_it_cannot_parse(reported: Reported) -> None:
    """A source that is no Python is its message, not a defect of ours."""
    Path(reported.names[0]).write_text("def (:\n", "utf-8")
    reported.shared.attach(reported.cov)
    with pytest.warns(Warning, match="Couldn't parse Python file"):
        said = reported.report()
    assert ("a.py" in said, "b.py" in said, reported.faults.number) == (False, True, 0)


@pytest.mark.parametrize("measures", [True, False])
def test_it_attaches_before_pytest_cov_reports(reported: Reported, monkeypatch: pytest.MonkeyPatch, *, measures: bool) -> None:
    """Within the hook in which pytest-cov reports, to the measurement that it reports about, if there is one."""
    attached: list[object] = []
    monkeypatch.setattr(analysis, "measures_for_reports", lambda _: reported.cov if measures else None)
    monkeypatch.setattr(reported.shared, "attach", attached.append)
    loop = reported.shared.pytest_runtestloop()
    next(loop)
    assert attached == ([reported.cov] if measures else [])
    with pytest.raises(StopIteration) as end:
        loop.send("result")
    assert end.value.value == "result"


def test_the_public_way_reads_the_same_evidence(reported: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a release has changed the quicker one; the text of a file that is gone is not known."""
    expected = reported.read(None)
    files = {path: replace(file, branches="") for path, file in expected.files.items()}
    assert files != expected.files, "only the quicker way knows what the next run can use of branches"

    def changed(*_: object) -> None:
        raise Changed

    monkeypatch.setattr(analysis, "reporter_of", changed)
    assert reported.read(None) == replace(expected, files=files)


def test_the_text_of_a_file_that_is_gone(reported: Reported) -> None:
    """It is not known; the lines of the others are."""
    reader = FileReader(reported.cov, reported.folder, lambda _: True, None, parsed_sources(reported.cov, None))
    found = reader.measurement(reported.cov.get_data(), [])
    assert isinstance(found, Measured)
    Path(reported.names[0]).unlink()
    assert [found.lines.text(path) for path in ("a.py", "b.py")] == [None, Path(reported.names[1]).read_bytes()]
