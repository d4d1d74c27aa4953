"""pytest rewrites the assertions of tests: our modules hold none, and are imported as Python imports any other."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_handoff

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

PACKAGE = Path(pytest_handoff.__file__).parent
CHECKOUT = PACKAGE.parents[1]
TELLS_LOADERS = """
    import json, sys

    def pytest_unconfigure(config):
        ours = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "pytest_handoff"}
        with open("loaders.json", "w") as file:
            json.dump({name: [type(module.__loader__).__name__, module.__file__] for name, module in ours.items()}, file)
"""
ONLY_THE_PACKAGE = {"pytest_handoff"}
"""It is imported before anything of it can run, so by whatever hook is there."""

IMPORTED_UNASKED = {"pytest_handoff.plugin", "pytest_handoff.hookspecs"}
"""They come to the first hook of a process in which the package was imported before there was any."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder in which the package is installed as pip does it from a wheel, with a list of its files and its entry point."""
    folder = tmp_path / "site"
    shutil.copytree(PACKAGE, folder / "pytest_handoff", ignore=shutil.ignore_patterns("__pycache__", "templates"))
    shutil.copytree(CHECKOUT / "templates", folder / "pytest_handoff" / "templates")
    _describe(folder)
    return folder


def _describe(folder: Path) -> None:
    description = folder / f"pytest_handoff-{pytest_handoff.__version__}.dist-info"
    description.mkdir()
    (description / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pytest-handoff\nVersion: {pytest_handoff.__version__}\n")
    (description / "entry_points.txt").write_text("[pytest11]\nhandoff = pytest_handoff.plugin\n")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    (description / "RECORD").write_text("".join(f"{name},,\n" for name in files))


def loaders(story: Story, *args: str) -> dict[str, list[str]]:
    """By what each module of ours was loaded in a run, and from which file."""
    story.leave_unmeasured()
    story.write_files({"conftest.py": TELLS_LOADERS, "tests/test_a.py": "def test_a(): pass"})
    done = story.pytest("-p", "no:benchmark", "-p", "no:xdist", *args)
    assert done.code == 0, done
    assert "PytestAssertRewriteWarning" not in done.out + done.err
    found: dict[str, list[str]] = json.loads(story.text("loaders.json"))
    return found


def rewritten(found: dict[str, list[str]]) -> set[str]:
    return {name for name, (loader, _) in found.items() if loader == "AssertionRewritingHook"}


@pytest.mark.parametrize("variables", [{}, {"PYTHONDONTWRITEBYTECODE": "1"}], ids=["byte-code", "no-byte-code"])
@pytest.mark.parametrize("options", [(), ("--handoff=session-1", "--no-cov")], ids=["unused", "handoff"])
def test_no_module_of_an_installed_wheel_is_rewritten(
    empty: Story, site: Path, variables: dict[str, str], options: tuple[str, ...]
) -> None:
    """pytest marks all modules of a distribution that has a plugin, and comes to none of them."""
    del empty.environment["PYTHONDONTWRITEBYTECODE"]
    empty.environment |= {"PYTHONPATH": str(site), **variables}
    found = loaders(empty, *options)
    assert {Path(file).is_relative_to(site) for _, file in found.values()} == {True}
    assert rewritten(found) == ONLY_THE_PACKAGE
    assert not list(site.rglob("*-pytest-*.pyc")) or not variables
    assert len(found) > 60 or not options


def test_no_module_of_an_editable_install_is_rewritten(empty: Story) -> None:
    """Here, as in any checkout that somebody works on; the name patterns of a project may take in everything."""
    found = loaders(empty, "--handoff=session-1", "--no-cov", "-o", "python_files=*.py")
    assert rewritten(found) <= ONLY_THE_PACKAGE


def test_a_zip_file_is_left_to_what_reads_it(empty: Story, site: Path) -> None:
    """Python imports from a zip file by a loader of its own, and so it is with ours."""
    archive = site.parent / "ours.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(site.rglob("*")):
            file.write(path, path.relative_to(site).as_posix())
    empty.environment |= {"PYTHONPATH": str(archive)}
    assert {loader for loader, _ in loaders(empty).values()} == {"zipimporter"}


@pytest.mark.parametrize("named", [True, False], ids=["named by -p", "found by pytest"])
def test_a_second_pytest_in_one_process_warns_of_nothing(empty: Story, site: Path, named: bool) -> None:
    """It has an import hook of its own; nothing of ours comes to that one either."""
    empty.environment |= {"PYTHONPATH": str(site)} | ({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} if named else {})
    plugin = ["-p", "pytest_handoff.plugin"] if named else ["-p", "no:benchmark", "-p", "no:xdist"]
    empty.write_files(
        {"inner/conftest.py": TELLS_LOADERS, "inner/test_b.py": "def test_b(): pass", "inner/pytest.ini": "[pytest]"}
    )
    program = f"""
        import importlib, sys, pytest, pytest_handoff
        before = list(sys.meta_path)
        importlib.reload(pytest_handoff)
        assert list(sys.meta_path) == before
        options = ["inner", "-W", "error", *{plugin}]
        assert pytest.main(options) == 0
        assert pytest.main([*options, "--handoff=session-1", *{[] if named else ["--no-cov"]}]) == 0
    """
    empty.write_files({"twice.py": program})
    done = empty.run(sys.executable, "twice.py")
    assert done.code == 0, done
    found: dict[str, list[str]] = json.loads(empty.text("loaders.json"))
    assert len(found) > 60
    assert rewritten(found) <= IMPORTED_UNASKED
