"""Which code is measured where nobody says so, and whether tests belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import coverage
from pytest_handoff.coverage.sources import (
    choose_source,
    configured_includes,
    configured_sources,
    folders_of_tests,
    source_folders,
)

if TYPE_CHECKING:
    from pathlib import Path


def lay(folder: Path, *paths: str) -> None:
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("paths", "testpaths", "source"),
    [
        pytest.param(["src/app/__init__.py", "other/__init__.py"], [], ["src"], id="src"),
        pytest.param(["b/__init__.py", "a/__init__.py", "docs/conf.py"], [], ["a", "b"], id="packages"),
        pytest.param(["a/__init__.py", "tests/__init__.py"], [], ["a"], id="tests are no source"),
        pytest.param(["a/__init__.py", "checks/__init__.py"], ["checks"], ["a"], id="nor is what testpaths names"),
        pytest.param(["a/__init__.py", "setup.py", "conftest.py", "test_a.py"], [], ["a"], id="build scripts and tests"),
        pytest.param(["a/__init__.py", "tool.py"], [], ["."], id="a module at the top"),
        pytest.param(["tests/test_a.py"], [], ["."], id="nothing else"),
        pytest.param(["a/__init__.py"], ["."], ["a"], id="testpaths that name everything"),
    ],
)
def test_a_source_is_chosen(tmp_path: Path, paths: list[str], testpaths: list[str], source: list[str]) -> None:
    """The src folder, else the packages at the top, else the folder."""
    lay(tmp_path, *paths)
    assert choose_source(tmp_path, testpaths) == source


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["app"], ["src/app"]),
        (["src"], ["src"]),
        (["app.core"], ["src/app/core"]),
        (["lib.one"], ["lib/one"]),
        (["nowhere"], []),
        (["src", "lib"], ["src", "lib"]),
        (["tool"], ["tool.py"]),
        (["app.one"], ["src/app/one.py"]),
        (["app", "src/app"], ["src/app"]),
    ],
)
def test_sources_are_folders_or_packages(tmp_path: Path, names: list[str], found: list[str]) -> None:
    """A name is a path, or a package or module at the top or in src."""
    lay(tmp_path, "src/app/core/__init__.py", "src/app/one.py", "lib/one/__init__.py", "tool.py")
    assert source_folders(names, tmp_path) == [tmp_path.resolve() / path for path in found]


@pytest.mark.parametrize(
    ("source", "testpaths", "is_tests"),
    [
        ("tests", [], True),
        ("tests/unit", [], True),
        ("app/tests", [], True),
        ("checks", ["checks"], True),
        ("checks/unit", ["checks"], True),
        ("checks", [], False),
        ("app", ["app/tests"], False),
        (".", ["."], False),
        ("../other/tests", [], False),
    ],
)
def test_a_source_can_be_a_folder_of_tests(tmp_path: Path, source: str, testpaths: list[str], is_tests: bool) -> None:
    """By its name or by testpaths; a folder that merely holds one is none, and neither is one elsewhere."""
    top = tmp_path / "project"
    folder = (top / source).resolve()
    assert folders_of_tests([folder], top, testpaths) == ([folder] if is_tests else [])


@pytest.mark.parametrize(
    ("text", "sources", "includes"),
    [
        ("[run]\nbranch = true\n", [], []),
        ("[run]\nsource = a, b\n", ["a", "b"], []),
        ("[run]\nsource_pkgs = p\n", ["p"], []),
        ("[run]\ninclude = x/*\n", [], ["x/*"]),
    ],
)
def test_the_configuration_names_sources(tmp_path: Path, text: str, sources: list[str], includes: list[str]) -> None:
    """What coverage's configuration says is known before anything is measured."""
    (tmp_path / "rc").write_text(text, encoding="utf-8")
    cov = coverage.Coverage(data_file=None, config_file=str(tmp_path / "rc"))
    assert (configured_sources(cov), configured_includes(cov)) == (sources, includes)
