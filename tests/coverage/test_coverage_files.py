"""Files are analysed as coverage.py does it, with hand-written data."""

from __future__ import annotations

import gc
import sqlite3
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage.data import CoverageData
from coverage.plugin import FileReporter

import coverage
from pytest_handoff.coverage.adding import closing_data
from pytest_handoff.coverage.analysis import FileReader, in_source
from pytest_handoff.coverage.parsed_sources import parsed_sources
from pytest_handoff.evidence.measurement import Measured, Measurement, NotMeasured, RunBy, parse_context

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_handoff.project.user_folder import Sealed

UNIT = "handoff:s:unit:new"


@pytest.fixture
def data() -> Iterator[CoverageData]:
    """Data in memory, closed at the end."""
    data = CoverageData(no_disk=True)
    yield data
    data.close(force=True)


def write(folder: Path, name: str, text: str | bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
    return str(path.resolve())


def reader(folder: Path, *, config: str = "", known: bool = True, is_code: str = "", cache: Sealed | None = None) -> FileReader:
    (folder / "rc").write_text(config, encoding="utf-8")
    cov = coverage.Coverage(data_file=str(folder / "unused"), config_file=str(folder / "rc"))
    cov.get_data()
    return FileReader(
        cov=cov,
        root=folder.resolve(),
        is_test=lambda path: not path.startswith(is_code),
        run_by=parse_context if known else None,
        parsed=parsed_sources(cov, cache),
    )


def measured(found: Measured | NotMeasured) -> Measurement:
    assert isinstance(found, Measured)
    return found.measurement


def executed(found: Measured | NotMeasured, path: str) -> Mapping[RunBy, frozenset[int]]:
    assert isinstance(found, Measured)
    return found.lines.executed(path)


HARD = '''\
"""Docs
over two lines."""
import contextlib

VALUES = [
    number
    for number in range(3)
    if number
]


@contextlib.contextmanager
def opened(
    one=1,
    two=2,
):
    """Docs."""
    yield (
        one,
        two,
    )


def run(value):
    with (
        opened() as a,
        opened() as b,
    ):
        text = f"""
            {a}
        """
    key = lambda item: (
        item,
        value,
    )
    match value:
        case 1 | \\
                2:
            return text
        case _:
            return key(
                b,
            )
'''


def test_statements_over_several_lines_have_one_number(tmp_path: Path, data: CoverageData) -> None:
    """Comprehensions, decorated signatures, multi-line with, strings, lambdas and cases map to their first lines."""
    name = write(tmp_path, "hard.py", HARD)
    data.add_lines({name: [3, 5, 6]})
    data.set_context(UNIT)
    # Lines as an interpreter reports them: also those within a statement.
    data.add_lines({name: [18, 19, 20, 25, 26, 27, 29, 30, 32, 33, 36, 38, 39]})
    found = reader(tmp_path).measurement(data, [])
    file = measured(found).files["hard.py"]
    assert file.statements == {3, 5, 12, 13, 18, 24, 25, 29, 32, 36, 37, 39, 40, 41}
    assert executed(found, "hard.py") == {RunBy("s", "unit", "new"): frozenset({18, 25, 29, 32, 36, 37, 39})}
    assert file.missing == {12, 13, 24, 40, 41}
    body_of_run = frozenset({25, 29, 32, 36, 37, 39, 40, 41})
    assert file.headers == {12: {18}, 13: {18}, 24: body_of_run}
    assert file.import_time == {3, 5}
    # The docstrings, the comprehension, the signature, the yield, the with, the string, the lambda, the case, the call.
    assert file.first_line == {
        2: 1,
        **dict.fromkeys(range(6, 10), 5),
        **dict.fromkeys(range(14, 17), 13),
        **dict.fromkeys(range(19, 22), 18),
        **dict.fromkeys(range(26, 29), 25),
        **dict.fromkeys(range(30, 32), 29),
        **dict.fromkeys(range(33, 36), 32),
        38: 37,
        **dict.fromkeys(range(42, 44), 41),
    }


def test_figures_are_coverage_s_own(tmp_path: Path, data: CoverageData) -> None:
    """With branches, the percentage is of statements and branches together, over all files."""
    name = write(tmp_path, "a.py", "def f(x):\n    if x:\n        return 1\n    return 2\n")
    write(tmp_path, "b.py", "x = 1\n")
    data.add_arcs({name: [(-1, 1), (1, -1), (-1, 2), (2, 3), (3, -1)]})
    data.touch_file(str((tmp_path / "b.py").resolve()))
    found = measured(reader(tmp_path).measurement(data, []))
    # 3 of 5 statements and 1 of 2 branches.
    assert found.percent == pytest.approx(100 * 4 / 7)
    assert found.branch_percent == 50.0
    assert (found.files["a.py"].num_branches, found.files["a.py"].covered_branches) == (2, 1)
    assert found.files["a.py"].percent == pytest.approx(100 * 4 / 6)
    assert found.files["b.py"].missing == {1}


@pytest.mark.skipif(not hasattr(CoverageData, "keep_db_open"), reason="this coverage.py opens its data for each question")
def test_data_files_are_opened_once_for_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coverage.py's own data, which it asks for the plugin that reads each file, are opened once as those that are read."""
    names = [write(tmp_path, f"m{number}.py", "x = 1\n") for number in range(20)]
    files = reader(tmp_path)
    opened: list[str] = []
    connect = sqlite3.connect

    def noted(name: str, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        opened.append(name)
        return connect(name, *args, **kwargs)

    with closing_data(CoverageData(basename=str(tmp_path / "read"))) as data:
        data.add_lines({name: [1] for name in names})
        monkeypatch.setattr(sqlite3, "connect", noted)
        assert measured(files.measurement(data, [])).percent == 100
    assert len(opened) < 10


def test_without_branches_they_are_not_measured(tmp_path: Path, data: CoverageData) -> None:
    """A figure of branches is none, not zero, where only lines are known."""
    data.add_lines({write(tmp_path, "a.py", "x = 1\n"): [1]})
    found = measured(reader(tmp_path).measurement(data, []))
    assert (found.percent, found.branch_percent, found.files["a.py"].num_branches) == (100.0, None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"def f(:\n", "bad.py is not measured: Couldn't parse 'bad.py' as Python source"),
        (b"x = '\xff'\x00\n", "bad.py is not measured:"),
        (None, "bad.py is not measured: No source for code: 'bad.py'"),
    ],
    ids=["syntax", "nul", "gone"],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, data: CoverageData, text: bytes | None, why: str) -> None:
    """One bad file is left out with a note that names no folder of this machine; the others are measured."""
    name = write(tmp_path, "bad.py", text or b"")
    if text is None:
        Path(name).unlink()
    data.add_lines({name: [1], write(tmp_path, "good.py", "x = 1\n"): [1]})
    found = measured(reader(tmp_path).measurement(data, []))
    assert list(found.files) == ["good.py"]
    assert found.notes[0].startswith(why)
    assert str(tmp_path) not in found.notes[0]


def test_a_declared_encoding_is_honoured(tmp_path: Path, data: CoverageData) -> None:
    """A source need not be UTF-8."""
    data.add_lines({write(tmp_path, "latin.py", "# coding: latin-1\nx = 'é'\n".encode("latin-1")): [2]})
    assert measured(reader(tmp_path).measurement(data, [])).files["latin.py"].statements == {2}


def test_names_of_files_are_taken_as_they_are(tmp_path: Path, data: CoverageData) -> None:
    """Spaces, quotes and other scripts in a path lead nobody astray."""
    data.add_lines({write(tmp_path, "ein 'Ärger'/größe.py", "x = 1\n"): [1]})
    assert list(measured(reader(tmp_path).measurement(data, [])).files) == ["ein 'Ärger'/größe.py"]


def test_code_that_nobody_imported_is_beside_the_report(tmp_path: Path, data: CoverageData) -> None:
    """A file that the data do not know is code with nothing covered, if it lies with code that they know; it is in no total."""
    known = write(tmp_path, "app/a.py", "x = 1\n")
    lost = write(tmp_path, "app/new/b.py", "x = 1\ny = 2\n")
    settings = write(tmp_path, "docs/conf.py", "x = 1\n")
    data.add_lines({known: [1]})
    found = measured(reader(tmp_path).measurement(data, [Path(lost), Path(settings)]))
    assert found.percent == 100.0
    assert {path: file.missing for path, file in found.code.items()} == {"app/a.py": frozenset(), "app/new/b.py": {1, 2}}


@pytest.mark.parametrize(
    ("config", "files"),
    [
        ("", ["a.py", "sub/b.py"]),
        ("[report]\nomit = */sub/*\n", ["a.py"]),
        ("[report]\ninclude = */sub/*\n", ["sub/b.py"]),
    ],
)
def test_the_report_s_own_filters_hold(tmp_path: Path, data: CoverageData, config: str, files: list[str]) -> None:
    """What coverage's report leaves out is left out here, so that the percentages agree."""
    data.add_lines({write(tmp_path, name, "x = 1\n"): [1] for name in ("a.py", "sub/b.py")})
    assert list(measured(reader(tmp_path, config=config).measurement(data, [])).files) == files


def test_what_is_elsewhere_or_a_test_is_in_the_total(tmp_path: Path, data: CoverageData) -> None:
    """As in coverage.py's report; a file elsewhere is named without the folders of this machine."""
    root = tmp_path / "root"
    names = ("root/app/a.py", "root/tests/t.py", "lib/other.py")
    data.add_lines({write(tmp_path, name, "x = 1\n"): [1] for name in names})
    found = measured(reader(root, is_code="app").measurement(data, []))
    assert sorted(found.files) == ["app/a.py", "lib/other.py", "tests/t.py"]
    assert "app/a.py" in found.code
    assert "tests/t.py" in found.tests


@pytest.mark.parametrize("folder", ["venv/lib/python3.13/site-packages", "root/.tox/py/lib/python3.13/site-packages"])
def test_a_copy_that_is_installed_elsewhere_is_named(tmp_path: Path, data: CoverageData, folder: str) -> None:
    """coverage.py counts both, and can be told that they are one."""
    root = tmp_path / "root"
    names = ("root/src/app/a.py", f"{folder}/app/a.py", f"{folder}/other/a.py")
    data.add_lines({write(tmp_path, name, "x = 1\n"): [1] for name in names})
    found = measured(reader(root).measurement(data, []))
    (note,) = found.notes
    assert note.startswith("Counted twice: src/app/a.py and its copy ")
    assert note.endswith("site-packages/app/a.py; [tool.coverage.paths] can join them.")


def test_no_file_is_no_measurement(tmp_path: Path, data: CoverageData) -> None:
    """Zero of zero statements is not 100 %."""
    assert reader(tmp_path).measurement(data, []) == NotMeasured("no file of the code under test was measured")


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ("include = */site-packages/app/*", "include"),
        ("omit = */app/*", "omit"),
        ("include = */nothing/*\nomit = */app/*", "include and omit"),
    ],
)
def test_settings_that_leave_out_every_file_are_named(tmp_path: Path, data: CoverageData, settings: str, options: str) -> None:
    """As in a project whose settings mean the installed package, while its sources are what ran."""
    data.add_lines({write(tmp_path, f"src/app/{name}.py", "x = 1\n"): [1] for name in "ab"})
    assert reader(tmp_path, config=f"[report]\n{settings}\n").measurement(data, []) == NotMeasured(
        "no file of the code under test was measured: coverage.py's [report] settings leave out every file that ran, such as"
        f" src/app/a.py; change {options} there"
    )


def test_unknown_contexts_are_not_read(tmp_path: Path, data: CoverageData) -> None:
    """Where kinds of tests are not known, no file claims any; other contexts stand for no kind."""
    name = write(tmp_path, "a.py", "x = 1\n")
    data.set_context("something")
    data.add_lines({name: [1]})
    assert executed(reader(tmp_path, known=False).measurement(data, []), "a.py") == {}
    assert executed(reader(tmp_path).measurement(data, []), "a.py") == {}


def test_excluded_lines_are_no_statements(tmp_path: Path, data: CoverageData) -> None:
    """A pragma takes a function out, and its lines are told."""
    data.add_lines({write(tmp_path, "a.py", "x = 1\ndef f():  # pragma: no cover\n    return 1\n"): [1]})
    file = measured(reader(tmp_path).measurement(data, [])).files["a.py"]
    assert (file.statements, file.excluded) == ({1}, {2, 3})


@pytest.mark.parametrize(
    ("path", "folders", "includes", "expected"),
    [
        ("src/a.py", ["src"], [], True),
        ("lib/a.py", ["src"], [], False),
        ("lib/a.py", [], [], True),
        ("lib/a.py", [], ["*/lib/*"], True),
        ("src/a.py", [], ["*/lib/*"], False),
        ("src/omitted.py", ["src"], [], False),
        ("src/a.txt", ["src"], [], False),
        ("src/gone.py", ["src"], [], False),
    ],
)
def test_what_was_to_be_measured(tmp_path: Path, path: str, folders: list[str], includes: list[str], expected: bool) -> None:
    """A file lies in the source if it is in a named folder, or matches the patterns, or if nothing is named."""
    for name in ("src/a.py", "lib/a.py", "src/omitted.py", "src/a.txt"):
        write(tmp_path, name, "")
    cov = reader(tmp_path, config="[run]\nomit = */omitted.py\n").cov
    top = tmp_path.resolve()
    assert in_source(top / path, [top / folder for folder in folders], includes, cov) is expected


def test_files_that_are_no_python_have_no_headers(tmp_path: Path, data: CoverageData, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a plugin of coverage.py measures (templates) is taken by its own word, without a rule for imports."""

    class Template(FileReporter):
        def lines(self) -> set[int]:
            return {1, 3}

    name = write(tmp_path, "page.html", "<p>\n  {% if %}\n</p>\n")
    data.set_context(UNIT)
    data.add_lines({name: [1]})
    reading = reader(tmp_path)
    monkeypatch.setattr(reading.cov, "_get_file_reporter", Template)
    found = reading.measurement(data, [])
    file = measured(found).files["page.html"]
    assert (file.headers, file.import_time, file.missing) == ({}, frozenset(), {3})
    assert executed(found, "page.html") == {RunBy("s", "unit", "new"): {1}}


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_of_garbage_is_left_as_it_was(tmp_path: Path, data: CoverageData, enabled: bool) -> None:
    """It rests while files are read, and works again afterwards only where it did before."""
    data.add_lines({write(tmp_path, "a.py", "x = 1\n"): [1]})
    seen = []
    reading = replace(reader(tmp_path), is_test=lambda _: bool(seen.append(gc.isenabled())))
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        measured(reading.measurement(data, []))
        assert (seen, gc.isenabled()) == ([False], enabled)
    finally:
        (gc.enable if before else gc.disable)()
