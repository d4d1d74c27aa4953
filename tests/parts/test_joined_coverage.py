"""Coverage of several parts: joined by coverage.py, and kept for later runs on the same tree."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from coverage.data import CoverageData

from builders import part_of
from pytest_handoff.coverage.kept import plain_name
from pytest_handoff.errors import EvidenceProblem, UsageProblem, WriteProblem
from pytest_handoff.evidence.measurement import Measured, NotMeasured, PartCoverage, RunBy, context_name
from pytest_handoff.parts import files as part_files
from pytest_handoff.parts.coverage_of_parts import joined_coverage, keep_for_later
from pytest_handoff.parts.setup import own_setup
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_handoff.parts.files import PartTests

TREE = Tree(files={"src/a.py": "blob", "src/b.py": "blob"})
SETTINGS = PartCoverage(source=["src"], tests=[], config_file=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with two source files of three statements, one of which no part imports."""
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "pyproject.toml").touch()
    for name in ("a", "b"):
        (project / "src" / f"{name}.py").write_text("x = 1\ny = 2\nz = 3\n")
    return project


def measured(folder: Path, label: str, *, lines: Sequence[int] = (), arcs: Sequence[tuple[int, int]] = ()) -> PartTests:
    """A part whose unit tests ran lines of ``src/a.py``, or took steps from one line to another."""
    place = folder.parent / f"part-{label}"
    place.mkdir()
    data = CoverageData(basename=str(place / part_files.COVERAGE))
    data.set_context(context_name("session-2", "unit", "new"))
    if arcs:
        data.add_arcs({"src/a.py": arcs})
    else:
        data.add_lines({"src/a.py": lines})
    data.close(force=True)
    digests = part_files.digests(place)
    return part_of("unit t.py::x passed", label=label, folder=place, coverage=SETTINGS, not_measured=None, digests=digests)


def joined(folder: Path, parts: Sequence[PartTests]) -> Measured | NotMeasured:
    """What the parts measured together."""

    def each(items: Iterable[object], _doing: str) -> Iterable[object]:
        return items

    return joined_coverage(open_project(folder), TREE, parts, each, own_setup(folder, [folder]))  # type: ignore[arg-type] # it gives what it takes


def test_a_line_is_covered_that_any_part_ran(folder: Path) -> None:
    """Files that nobody imported count, and the kind of test that ran a line is known."""
    parts = [measured(folder, "1", lines=[1]), measured(folder, "2", lines=[1, 2]), part_of("", label="3")]
    measured_by_all = joined(folder, parts)

    assert isinstance(measured_by_all, Measured)
    found = measured_by_all.measurement
    assert (found.files["src/a.py"].missing, found.beside["src/b.py"].missing) == ({3}, {1, 2, 3})
    assert measured_by_all.lines.executed("src/a.py") == {RunBy("session-2", "unit", "new"): {1, 2}}
    assert found.percent == pytest.approx(100 * 2 / 3)
    assert (found.untidy, found.notes) == ((), ("The part '3' measured none: no pytest-cov.",))
    measured_by_all.lines.close()


def test_branches_and_lines_cannot_be_joined(folder: Path) -> None:
    """A part that coverage.py cannot add makes the session incomplete, by name."""
    found = joined(folder, [measured(folder, "1", arcs=[(-1, 1), (1, 2)]), measured(folder, "2", lines=[3])])

    assert isinstance(found, Measured)
    found.lines.close()
    assert len(found.measurement.untidy) == 1
    assert found.measurement.untidy[0].startswith("The coverage of the part '2' could not be added: Can't combine")


def test_nothing_was_measured(folder: Path) -> None:
    """Every part says why."""
    found = joined(folder, [part_of("", label="1"), part_of("", label="2", not_measured="--no-cov")])

    assert found == NotMeasured("the part '1' measured none: no pytest-cov; the part '2' measured none: --no-cov")


def test_damaged_data_are_refused(folder: Path) -> None:
    """They are another part's, or cut."""
    part = measured(folder, "1", lines=[1])
    (part.folder / part_files.COVERAGE).write_bytes(b"cut")
    with pytest.raises(EvidenceProblem, match=r"coverage\.sqlite: does not match the digest in part\.json"):
        joined(folder, [part])


def test_data_are_kept_for_later_runs(folder: Path) -> None:
    """In place of those of earlier runs, of any tree; where pytest keeps no cache, nothing is made."""
    project, parts = open_project(folder), [measured(folder, "1", lines=[1]), measured(folder, "2", lines=[2])]
    keep_for_later(project, "session-2", TREE, parts)
    assert not (folder / ".pytest_cache").exists()
    old = folder / ".pytest_cache" / "handoff" / "session-2" / "other-tree" / "part-7"
    old.parent.mkdir(parents=True)
    old.touch()
    keep_for_later(project, "session-2", TREE, parts)

    kept = sorted(path for path in (folder / ".pytest_cache").rglob("*") if path.is_file())
    assert [plain_name(path) for path in kept] == ["part-0", "part-1"]
    assert kept[0].parent.name == TREE.fingerprint.removeprefix("sha256:")[:16]


def test_a_cache_that_cannot_be_written(folder: Path) -> None:
    """Is named."""
    (folder / ".pytest_cache" / "handoff").mkdir(parents=True)
    (folder / ".pytest_cache" / "handoff" / "session-2").touch()
    with pytest.raises(WriteProblem, match=r"^\.pytest_cache/handoff/session-2/.*: cannot be written: "):
        keep_for_later(open_project(folder), "session-2", TREE, [measured(folder, "1", lines=[1])])


def test_a_pytest_that_does_not_tell_its_rootdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its inside may change: a rootdir that is named is taken, or that of the configuration, else the user is asked."""
    monkeypatch.setitem(sys.modules, "_pytest.config.findpaths", None)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--rootdir=below")
    assert own_setup(tmp_path, [tmp_path]).rootdir == tmp_path.resolve() / "below"
    monkeypatch.setenv("PYTEST_ADDOPTS", "-c tests/pytest.ini")
    assert own_setup(tmp_path, [tmp_path]).rootdir == tmp_path.resolve() / "tests"
    monkeypatch.setenv("PYTEST_ADDOPTS", "")
    with pytest.raises(UsageProblem, match="PYTEST_ADDOPTS=--rootdir=FOLDER"):
        own_setup(tmp_path, [tmp_path])
