"""Where setuptools takes the hand-off folder for a package, it is said, with what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project.build_backend import taken_for_a_package
from pytest_handoff.project.layout import open_project

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = '[project]\nname = "app"\nversion = "1"\n'
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n' + PROJECT


def project_in(folder: Path, pyproject: str, *files: str) -> Path:
    """A project with these files beside an application and a hand-off folder."""
    for name in ("app/__init__.py", "tests/test_app.py", *files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / "pyproject.toml").write_text(pyproject)
    return folder


def told(folder: Path) -> str | None:
    """What is said of a project."""
    project = open_project(folder, fallback=folder)
    (project.handoffs / "evidence/session-1").mkdir(parents=True)
    return taken_for_a_package(project)


FIND = "[tool.setuptools.packages.find]\n"


@pytest.mark.parametrize(
    ("pyproject", "files", "taken"),
    [
        pytest.param(SETUPTOOLS, [], True, id="flat layout"),
        pytest.param(PROJECT, [], True, id="no backend is setuptools"),
        pytest.param(SETUPTOOLS + FIND, [], True, id="find everything"),
        pytest.param(SETUPTOOLS + FIND + 'exclude = ["tests*"]\n', [], True, id="find all but tests"),
        pytest.param("", ["setup.py"], True, id="an empty setup.py"),
        pytest.param(SETUPTOOLS, ["src/app/__init__.py"], False, id="src layout"),
        pytest.param(SETUPTOOLS + '[tool.setuptools]\npackages = ["app"]\n', [], False, id="packages are named"),
        pytest.param(SETUPTOOLS + '[tool.setuptools]\npy-modules = ["tool"]\n', [], False, id="modules are named"),
        pytest.param(SETUPTOOLS + FIND + 'include = ["app*"]\n', [], False, id="find some"),
        pytest.param(SETUPTOOLS + FIND + 'exclude = ["hand*"]\n', [], False, id="find others"),
        pytest.param(SETUPTOOLS + FIND + 'where = ["lib"]\n', [], False, id="find elsewhere"),
        pytest.param(SETUPTOOLS.replace("setuptools.build_meta", "hatchling.build"), [], False, id="hatchling"),
        pytest.param(SETUPTOOLS.replace("setuptools.build_meta", "flit_core.buildapi"), [], False, id="flit"),
        pytest.param("[tool.pytest.ini_options]\n", [], False, id="nothing to build"),
        pytest.param(SETUPTOOLS + '[tool.handoff]\ndir = "hand-offs"\n', [], False, id="no name of a package"),
        pytest.param(SETUPTOOLS + '[tool.handoff]\ndir = "docs/handoffs"\n', [], False, id="in a folder that is never a package"),
        pytest.param("[build-system\n", [], False, id="no TOML"),
    ],
)
def test_what_setuptools_takes(tmp_path: Path, pyproject: str, files: list[str], taken: bool) -> None:
    """Only its own discovery of a flat layout takes the folder; the sentence names the project's packages."""
    if pyproject == "[build-system\n":
        folder = project_in(tmp_path, "", *files)
        project = open_project(folder, fallback=folder)
        (folder / "pyproject.toml").write_text(pyproject)
        assert taken_for_a_package(project) is None
        return
    said = told(project_in(tmp_path, pyproject, *files))
    assert (said is not None) is taken
    if said:
        assert 'packages = ["app"]' in said
        assert 'dir = "hand-offs"' in said


@pytest.mark.parametrize("name", ["handoffs", "hand-offs", ".handoffs", "docs", "specs", "tools"])
def test_setuptools_says_the_same(tmp_path: Path, name: str) -> None:
    """The real discovery of setuptools takes the folders that we say it takes."""
    discovery = pytest.importorskip("setuptools.discovery", reason="setuptools is not installed here")
    said = told(project_in(tmp_path, SETUPTOOLS + f'[tool.handoff]\ndir = "{name}"\n'))
    found = discovery.FlatLayoutPackageFinder.find(str(tmp_path))
    assert (said is not None) is (name in found)
    assert "app" in found
