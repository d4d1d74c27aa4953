"""What a file excludes by itself, and what is read of it in coverage.py's documented ways alone."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import coverage
from pytest_handoff.coverage.parsed_sources import Shape, SourceFacts
from pytest_handoff.coverage.public_analyses import UNREADABLE, PublicAnalyses, layout_in, marked_in
from pytest_handoff.evidence.layouts import Layout, write_layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GUARDED = "if TYPE_CHECKING:\n    import os\n"


@pytest.fixture
def cov(tmp_path: Path) -> Iterator[coverage.Coverage]:
    """A measurement with settings of its own."""
    (tmp_path / "rc").write_text("[report]\nexclude_also =\n    if DEBUG:\n", "utf-8")
    cov = coverage.Coverage(data_file=str(tmp_path / "data"), config_file=str(tmp_path / "rc"))
    yield cov
    cov.get_data().close(force=True)


def written(folder: Path, text: str) -> str:
    (folder / "m.py").write_text(text, "utf-8")
    return str(folder / "m.py")


@pytest.mark.parametrize(
    "first",
    [
        "TYPE_CHECKING = True",
        "TYPE_CHECKING: bool = True",
        "import typing; typing.TYPE_CHECKING = True",
        "from ours import TYPE_CHECKING",
        "from .typing import TYPE_CHECKING",
        "from typing import Any as TYPE_CHECKING",
        "from typing import TYPE_CHECKING as T; from ours import TYPE_CHECKING",
        "import ours as TYPE_CHECKING",
        "import ours as typing; TYPE_CHECKING",
        "globals()['TYPE_CHECKING'] = True",
        "def TYPE_CHECKING(): pass",
        "class TYPE_CHECKING: pass",
    ],
)
def test_a_file_that_gives_the_name_a_value_of_its_own(tmp_path: Path, first: str) -> None:
    """Then code that `if TYPE_CHECKING:` leaves out of the figures can run, and the file itself excludes it."""
    assert marked_in(written(tmp_path, f"{first}\n{GUARDED}")) == {2, 3}


@pytest.mark.parametrize(
    "first",
    [
        "TYPE_CHECKING = False",
        "TYPE_CHECKING: bool = False",
        "TYPE_CHECKING = 0",
        "from typing import TYPE_CHECKING",
        "from typing_extensions import TYPE_CHECKING",
        "import typing",
        "print(TYPE_CHECKING)",
        "",
    ],
)
def test_a_file_that_means_what_typing_means(tmp_path: Path, first: str) -> None:
    """Such code never runs."""
    assert marked_in(written(tmp_path, f"{first}\n{GUARDED}")) == frozenset()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x = 1  # pragma: no cover\ny = 2\n", {1}),
        ("def f():  # PRAGMA NO COVER\n    return 1\ny = 2\n", {1, 2}),
        ("x = 1\n", set()),
        ("if x:\n    y = 1 # \fpragma:no\n#cover\n    # no cover\n", set()),
        ("x = [\n    1,  # pragma:\fno cover\n]\n", {1}),
        ("x = (  # pragma: no cover\n", set()),
        ("TYPE_CHECKING = (\n", set()),
    ],
)
def test_comments_that_exclude(tmp_path: Path, text: str, lines: set[int]) -> None:
    """Of a file that is not Python nothing is known."""
    assert marked_in(written(tmp_path, text)) == lines


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It excludes nothing."""
    assert marked_in(str(tmp_path / "none.py")) == frozenset()


TEXT = "x = [\n    1,\n]\n\n\ndef f(x):\n    if DEBUG:\n        return 1\n    return x\n"
FIRST = {2: 1, 3: 1}
LAYOUT = write_layout(Layout(frozenset({1, 6, 9}), frozenset({7, 8}), FIRST))


def test_the_layout_of_a_source(tmp_path: Path, cov: coverage.Coverage) -> None:
    """Statements, what the settings exclude, and lines that go on."""
    assert layout_in(cov, written(tmp_path, TEXT)) == LAYOUT
    with pytest.raises(UNREADABLE):
        layout_in(cov, written(tmp_path, "x = (\n"))


def test_lines_without_branches(tmp_path: Path, cov: coverage.Coverage) -> None:
    """There are no figures of branches, and the percentage is that of statements."""
    name = written(tmp_path, TEXT)
    cov.get_data().add_lines({name: [1, 6]})
    analyses = PublicAnalyses(cov)
    figures, facts = analyses.analyse(cov.get_data(), name)
    assert (figures.statements, figures.excluded, figures.missing, figures.branches) == ({1, 6, 9}, {7, 8}, {9}, None)
    assert (figures.counts, facts.layout, facts.first_line) == ((2, 3), LAYOUT, FIRST)
    analyses.close()


def test_other_data_by_the_same_settings(tmp_path: Path, cov: coverage.Coverage) -> None:
    """Each set of data is read by one measurement more, with the exclusions of this one; it is let go in the end."""
    name = written(tmp_path, TEXT)
    cov.get_data().add_lines({name: [1]})
    other = coverage.CoverageData(basename=str(tmp_path / "other"))
    other.add_lines({name: [9]})
    analyses = PublicAnalyses(cov)
    found = [analyses.analyse(data, name)[0] for data in (other, cov.get_data(), other)]
    assert [figures.missing for figures in found] == [{1, 6}, {6, 9}, {1, 6}]
    assert {figures.excluded for figures in found} == {frozenset({7, 8})}
    assert [data for data, _ in analyses._others] == [other]
    analyses.close()
    assert analyses._others == []
    other.close(force=True)


class Reporter(coverage.FileReporter):
    """Reads a language in which every other line is a statement."""

    def lines(self) -> set[int]:
        return {1, 3}


class Plugin(coverage.CoveragePlugin):
    def file_reporter(self, filename: str) -> Reporter:
        return Reporter(filename)


def test_a_source_of_another_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin says what its statements are; Python's parser has nothing to say of them."""
    module: Any = ModuleType("another_language")
    module.coverage_init = lambda registry, _options: registry.add_file_tracer(Plugin())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (tmp_path / "rc").write_text("[run]\nplugins = another_language\n", "utf-8")
    page = tmp_path / "page.txt"
    page.write_text("{{ a\n{{ b\n{{ c\n", "utf-8")
    cov = coverage.Coverage(data_file=str(tmp_path / "data"), config_file=str(tmp_path / "rc"))
    data = cov.get_data()
    data.add_lines({str(page): [1]})
    data.add_file_tracers({str(page): "another_language.Plugin"})
    figures, facts = PublicAnalyses(cov).analyse(data, str(page))
    assert (figures.statements, figures.missing, figures.branches) == ({1, 3}, {3}, None)
    assert facts == SourceFacts({}, Shape({}, frozenset()))
    data.close(force=True)
