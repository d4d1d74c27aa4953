"""The package as its users get it: what is in the wheel, and what is imported before anyone asked for a hand-off."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_handoff

if TYPE_CHECKING:
    from email.message import Message

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
NOT_BEFORE_ASKED = ("jinja2", "markdown_it", "msgspec", "click", "rich", "coverage", "filelock", "yaml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a wheel that is built from this checkout, by name."""
    return _wheel_of(CHECKOUT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    _run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(folder))
    (built,) = folder.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        archive.extractall(folder, filter="data")
    return folder / built.name.removesuffix(".tar.gz")


def test_the_wheel_has_the_templates_of_the_checkout(wheel: dict[str, bytes]) -> None:
    """Each file of the folder is in the package, byte for byte, and nothing else is beside them."""
    folder = CHECKOUT / "templates"
    wanted = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    place = "pytest_handoff/templates/"
    assert "session_handoff.md.j2" in wanted
    assert {name.removeprefix(place): data for name, data in wheel.items() if name.startswith(place)} == wanted


def test_the_wheel_has_every_module_and_says_that_it_is_typed(wheel: dict[str, bytes]) -> None:
    """The modules are those of the source folder, and py.typed lies beside them."""
    source = CHECKOUT / "src"
    modules = {path.relative_to(source).as_posix() for path in (source / "pytest_handoff").rglob("*.py")}
    assert {name for name in wheel if name.endswith(".py")} == modules
    assert "pytest_handoff/py.typed" in wheel


def test_the_wheel_has_nothing_else(wheel: dict[str, bytes]) -> None:
    """Neither tests nor documents of the checkout are installed into somebody's environment."""
    assert {name.partition("/")[0].partition("-")[0] for name in wheel} == {"pytest_handoff"}


def test_the_sdist_has_what_the_checkout_has(sdist: Path) -> None:
    """Whoever packages it further has the tests, the documentation and the example, and nothing that only lies around."""
    if not (CHECKOUT / ".git").exists():
        pytest.skip("only git knows which files belong to a checkout")
    tracked = _run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout.split("\0")[:-1]
    wanted = {name for name in tracked if (CHECKOUT / name).is_file()}
    assert {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()} == wanted | {"PKG-INFO"}


def test_the_sdist_makes_the_same_wheel(sdist: Path, wheel: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is built from it is what is built from the checkout, byte for byte."""
    assert _wheel_of(sdist, tmp_path_factory.mktemp("again")) == wheel


def test_pytest_and_the_shell_find_their_entry_points(wheel: dict[str, bytes]) -> None:
    """pytest loads the plugin by itself, and the command is called handoff."""
    text = next(data for name, data in wheel.items() if name.endswith("entry_points.txt")).decode()
    assert "[pytest11]\nhandoff = pytest_handoff.plugin" in text
    assert "[console_scripts]\nhandoff = pytest_handoff.cli.handoff:main" in text


def test_the_metadata_say_what_an_index_shows(wheel: dict[str, bytes]) -> None:
    """Name, version, licence, the pytest classifier and the first page are there."""
    metadata = _metadata(wheel)
    assert metadata["Name"] == "pytest-handoff"
    assert metadata["Version"] == pytest_handoff.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    classifiers = metadata.get_all("Classifier", [])
    assert {"Framework :: Pytest", "Typing :: Typed", "Environment :: Console"} <= set(classifiers)
    minors = re.findall(r"^Programming Language :: Python :: 3\.(\d+)$", "\n".join(classifiers), re.MULTILINE)
    assert minors == ["11", "12", "13", "14"]
    assert metadata["Summary"] == PROJECT["description"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    page = metadata.get_payload(decode=True)
    assert isinstance(page, bytes)
    assert page.decode() == (CHECKOUT / "README.md").read_text("utf-8")
    assert any(name.endswith("licenses/LICENSE") for name in wheel)


def test_the_page_of_a_release_has_addresses_in_place_of_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index shows the first page without the files beside it, so every link and picture there needs an address."""
    monkeypatch.setenv("PACKAGE_REPOSITORY", "https://example.invalid/shop/")
    metadata = _metadata(_wheel_of(CHECKOUT, tmp_path))
    page = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)\s]+)\)", page)
    assert [link for link in links if not link.startswith("https://")] == []
    assert "](https://example.invalid/shop/raw/main/docs/assets/terminal.svg)" in page
    assert "Source, https://example.invalid/shop" in metadata.get_all("Project-URL", [])


def test_the_version_stands_in_one_place() -> None:
    """pyproject.toml takes it from the package, and the list of changes knows it."""
    assert "version" in PROJECT["dynamic"]
    assert "version" not in PROJECT
    assert f"## {pytest_handoff.__version__}" in (CHECKOUT / "CHANGELOG.md").read_text("utf-8")


def test_the_package_runs_as_a_module() -> None:
    """``python -m pytest_handoff --version`` answers with the version."""
    done = _run(sys.executable, "-m", "pytest_handoff", "--version")
    assert done.stdout.strip() == f"handoff, version {pytest_handoff.__version__}"


@pytest.mark.parametrize("arguments", [["--version", "--version"], ["-q", "test_one.py"]], ids=["version", "one test"])
def test_without_the_option_nothing_is_imported_but_the_plugin(arguments: list[str], tmp_path: Path) -> None:
    """A run that asks for no hand-off loads the plugin and the names of its hooks, not what they need."""
    (tmp_path / "test_one.py").write_text("def test_one(): pass\n")
    # Plugins that happen to be installed beside us may import anything; only ours is loaded here.
    program = (
        "import os, sys, pytest\n"
        "os.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'\n"
        f"code = pytest.main({['-p', 'pytest_handoff.plugin', '-p', 'no:cacheprovider', *arguments]!r})\n"
        f"unasked = [name for name in {NOT_BEFORE_ASKED!r} if name in sys.modules]\n"
        "ours = sorted(name for name in sys.modules if name.startswith('pytest_handoff.'))\n"
        "print('imported:', unasked, ours)\n"
        "sys.exit(code)\n"
    )
    done = _run(sys.executable, "-c", program, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "imported: [] ['pytest_handoff.hookspecs', 'pytest_handoff.plugin']"


def _wheel_of(checkout: Path, folder: Path) -> dict[str, bytes]:
    _run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=checkout)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _metadata(wheel: dict[str, bytes]) -> Message:
    return message_from_bytes(next(data for name, data in wheel.items() if name.endswith(".dist-info/METADATA")))


def _run(*command: str, cwd: Path = CHECKOUT) -> subprocess.CompletedProcess[str]:
    # Where these tests are measured themselves, coverage.py would start in each child process.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done
