"""What is kept of a source's branches counts them as coverage.py does, whichever of its lines ran."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import coverage
from coverage import CoverageData
from pytest_handoff.coverage.analysis import Analysed
from pytest_handoff.coverage.branching import branches_in, branches_of
from pytest_handoff.coverage.not_public import analysis_of, ends_of_with, reporter_of
from pytest_handoff.coverage.parsed_sources import ParseCache, ParsedSources, parsed_by
from pytest_handoff.coverage.unchanged import UnchangedFiles
from pytest_handoff.evidence.branches import read_branches
from pytest_handoff.record import StatementsLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coverage import FileReporter
    from pytest_handoff.coverage.public_analyses import Figures

LIBRARY = Path(os.__file__).parent
MODULES = """
argparse bisect calendar cmd configparser contextlib copy csv dataclasses difflib filecmp fnmatch fractions functools getopt
gettext glob heapq inspect netrc optparse pathlib pprint quopri shlex shutil statistics string tarfile tempfile textwrap tokenize
typing zipfile
"""
USING = """
import importlib, sys

sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    sys.modules.pop(name, None)
found = {name: importlib.import_module(name) for name in sys.argv[2:]}
assert all(module.__file__.startswith(sys.argv[1]) for module in found.values() if module.__file__)

parser = found["argparse"].ArgumentParser()
parser.add_argument("--number", type=int, default=3)
parser.parse_args(["--number", "4"])
found["calendar"].month(2026, 2)
config = found["configparser"].ConfigParser()
config.read_string("[one]\\na = 1\\nb: 2\\n")
list(found["difflib"].unified_diff(["a", "b"], ["a", "c"]))
found["fnmatch"].filter(["one.py", "two"], "*.py")
found["heapq"].nlargest(2, range(9))
found["pprint"].pformat({"a": [1, (2, 3)] * 20})
found["shlex"].split("one 'two three' #four", comments=True)
found["statistics"].median([1, 4, 2])
found["textwrap"].wrap("some words " * 20, 30)
with found["tempfile"].TemporaryDirectory() as folder:
    found["glob"].glob(folder + "/*")
"""
ODD = '''"""Branches of every sort."""
import contextlib


def loops(values, limit):
    for value in values:
        with contextlib.suppress(ValueError):
            if value > limit:
                continue
            with contextlib.nullcontext(
                value,
            ), contextlib.nullcontext():
                if value:
                    break
    else:
        return [
            value
            for value in values
        ]
    while True:
        with contextlib.suppress(ValueError):
            for _ in values:
                limit += 1
        if limit > 3: break
    while limit < 9: limit += 1
    with contextlib.nullcontext(): limit += 1
    if limit: return 1
    return None


def partial(values):
    for value in values:  # pragma: no branch
        if value:  # pragma: no cover
            return value
        if (
            value is None
            or value == 3
        ):
            continue
        elif value:  # pragma: no branch
            print(value)
        else:
            try:
                value += 1
            except TypeError:
                raise
            except ValueError:
                return 1
            finally:
                if value: print(value)
    if values: pass  # pragma: no cover


async def later(values, kind):
    async with values as one:
        async for value in one:
            if value:
                yield value
    match kind:
        case 1:
            return
        case [2, *_] if values:
            print(
                2
            )
        case _:
            print(3)
    match kind:
        case {"a": 1}:
            print(4)


class Body:
    if ODD:
        one = 1
    for two in (1, 2):
        three = lambda: 1 if two else 2
    @staticmethod
    def method(): return 3
    if three: four = 4


if __debug__:
    ODD = 1
if not __debug__: ODD = 2
if ODD:
    for ODD in ():
        with ODD: pass
'''.replace("ODD", "__name__")


@pytest.fixture(scope="module")
def cov() -> Iterator[coverage.Coverage]:
    """A measurement with the usual patterns."""
    made = coverage.Coverage(data_file=None, config_file=False)
    made.get_data()
    yield made
    made.get_data().close(force=True)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Modules of Python's own library, copied and used a little while coverage.py measured branches."""
    folder = tmp_path_factory.mktemp("library").resolve()
    for name in MODULES.split():
        if (LIBRARY / f"{name}.py").is_file():
            shutil.copy(LIBRARY / f"{name}.py", folder)
    shutil.copytree(LIBRARY / "json", folder / "json", ignore=shutil.ignore_patterns("__pycache__"))
    (folder.parent / "using.py").write_text(USING, "utf-8")
    names = sorted(path.stem for path in folder.iterdir())
    run = [
        sys.executable,
        "-m",
        "coverage",
        "run",
        "--rcfile=",
        f"--data-file={folder}.coverage",
        "--branch",
        f"--source={folder}",
    ]
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    subprocess.run([*run, f"{folder.parent}/using.py", str(folder), *names], check=True, cwd=folder.parent, env=env)
    return folder


@pytest.fixture(scope="module")
def reporters(cov: coverage.Coverage, library: Path) -> dict[str, FileReporter]:
    """What coverage.py parsed of these modules, and of one with branches of every sort."""
    (library.parent / "odd.py").write_text(ODD, "utf-8")
    (library.parent / "plain.py").write_text("one = 1\n", "utf-8")
    paths = [library.parent / "odd.py", library.parent / "plain.py", *sorted(library.rglob("*.py"))]
    return {str(path): reporter_of(cov, str(path)) for path in paths}


def both(cov: coverage.Coverage, data: CoverageData, reporter: FileReporter, name: str) -> tuple[Figures, Figures]:
    """What of a source ran by what is kept of it, and by coverage.py's own analysis."""
    facts = ParsedSources(ParseCache(None, None), parsed_by(cov, branches=True)).facts(reporter, branches=True)
    line = StatementsLine(path="it", layout=facts.layout, branches=facts.branches)
    found = UnchangedFiles({"it"}, lambda _: {"it": line}).figures(data, "it", name, parsed_by(cov, branches=True))
    assert found is not None, line
    assert found[1].layout == facts.layout
    assert found[1].branches == facts.branches
    return found[0], Analysed(analysis_of(data, 0, reporter, name), facts).figures


def drawn(reporter: FileReporter, lot: random.Random) -> list[tuple[int, int]]:
    """Half of what coverage.py thinks possible, any lines of the same statements, and what nobody thinks possible."""
    last = reporter.source().count("\n") + 1
    inside: dict[int, list[int]] = {}
    for line, first in reporter.multiline_map().items():  # type: ignore[attr-defined]
        inside.setdefault(first, []).append(line)
    possible = [*reporter.arcs(), *ends_of_with(reporter)[0]]
    found = [arc for arc in possible if lot.random() < 0.5]
    for line, to in possible:
        if lot.random() < 0.2:
            end = lot.choice(inside.get(abs(to), [abs(to)]))
            found.append((lot.choice(inside.get(line, [line])), end if to > 0 else -end))
    found += [(line, line) for line in reporter.lines() if lot.random() < 0.2]
    numbers = [number for number in range(-last, last + 1) if number]
    return found + [(lot.choice(numbers), lot.choice(numbers)) for _ in range(last)]


def test_branches_of_the_library_are_counted_as_coverage_counts_them(
    cov: coverage.Coverage, library: Path, reporters: dict[str, FileReporter]
) -> None:
    """After a real run, which took some of them; each branching line takes a few bytes."""
    data = CoverageData(basename=f"{library}.coverage")
    data.read()
    found = {name: both(cov, data, reporter, name) for name, reporter in reporters.items()}
    assert len(found) > 30
    assert [name for name, (ours, theirs) in found.items() if ours != theirs] == []
    of_branches = [ours.branches for ours, _ in found.values() if ours.branches]
    assert sum(0 < taken < number for number, taken in of_branches) > 20
    texts = list(map(branches_in, reporters.values()))
    known = [branches for text in texts if (branches := read_branches(text))]
    lines = sum(len(branches.ways) + len(branches.never_asked) for branches in known)
    assert lines > 2000
    assert sum(map(len, texts)) < 7 * lines
    data.close(force=True)


def test_any_arcs_are_counted_as_coverage_counts_them(cov: coverage.Coverage, reporters: dict[str, FileReporter]) -> None:
    """Those that are possible and those that are not, from and to any line of a statement."""
    lot = random.Random(5)  # noqa: S311 - the same ones each time
    data = CoverageData(no_disk=True)
    for name, reporter in reporters.items():
        for turn in range(40 if name.endswith("odd.py") else 1):
            under = f"{name}.{turn}"
            data.add_arcs({under: drawn(reporter, lot)})
            ours, theirs = both(cov, data, reporter, under)
            assert ours == theirs, under
    data.close(force=True)


def test_the_odd_source_has_all_that_there_is(reporters: dict[str, FileReporter]) -> None:
    """Ways out of a ``with``, pragmas, exits; it would prove little without them."""
    found = branches_of(next(reporter for name, reporter in reporters.items() if name.endswith("odd.py")))
    assert found is not None
    assert found.back
    assert len(found.never_asked) == 1
    assert any(way < 0 for ways in found.ways.values() for way in ways)
    assert any(way < line for line, ways in found.ways.items() for way in ways if way > 0)


Ends = tuple[frozenset[tuple[int, int]], frozenset[int]]


@pytest.mark.parametrize(
    "ends",
    [
        (frozenset(), frozenset({3})),
        (frozenset({(3, 2)}), frozenset({2})),
        (frozenset({(3, 1), (3, 5)}), frozenset({1})),
        (frozenset({(4, 1)}), frozenset({1})),
    ],
)
def test_what_depends_on_other_arcs_is_not_kept(
    cov: coverage.Coverage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends: tuple[frozenset[tuple[int, int]], frozenset[int]],
) -> None:
    """A ``with`` that can go on in several ways, or that coverage.py's parser knows by another line than its first."""
    text = "with (\n    one): pass\nif (two or\n    three):\n    four = 4\n"
    (tmp_path / "some.py").write_text(text, "utf-8")
    reporter = reporter_of(cov, str(tmp_path / "some.py"))
    assert branches_in(reporter) == "3l3e2a"
    monkeypatch.setattr(reporter, "translate_arcs", lambda arcs: {(line, 5) for line, _ in arcs})
    monkeypatch.setattr("pytest_handoff.coverage.branching.ends_of_with", lambda _: ends)
    assert branches_in(reporter) == ""


def test_nothing_is_kept_where_coverage_has_changed(
    cov: coverage.Coverage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are parsed."""
    (tmp_path / "some.py").write_text("if one:\n    two = 2\n", "utf-8")
    reporter = reporter_of(cov, str(tmp_path / "some.py"))
    assert branches_in(reporter) == "lea"
    with monkeypatch.context() as patch:
        patch.setattr(reporter, "exit_counts", lambda: {1: 3})
        assert branches_in(reporter) == ""
    monkeypatch.delattr(reporter.parser, "_with_jump_fixers")  # type: ignore[attr-defined]
    assert branches_in(reporter) == ""
