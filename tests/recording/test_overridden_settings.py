"""What an invocation's own settings take away from the suite of the project's files, as its record says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.recording.selection import narrowing

if TYPE_CHECKING:
    from collections.abc import Callable

INI = """
[pytest]
addopts = -p no:rerunfailures
python_files = test_*.py check_*.py
"""


@pytest.fixture
def told(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is said of an invocation with these options."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", raising=False)
    pytester.makefile(".ini", pytest=INI)
    pytester.makepyfile(test_a="def test_x():\n    pass\n")
    return lambda *options: list(narrowing(pytester.parseconfigure(*options)))


def test_a_plain_run(told: Callable[..., list[str]]) -> None:
    """It takes nothing away; neither do options about output."""
    assert told() == []
    assert told("-o", "console_output_style=count", "-p", "no:terminal") == []


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("python_files=test_*.py", "by an option, 'python_files': 1 entry removed: 'check_*.py'"),
        ("norecursedirs=more", "by an option, 'norecursedirs': 1 entry added: 'more'"),
        ("usefixtures=never", "by an option, 'usefixtures' is never, unlike in pytest.ini"),
        ("pythonpath=src lib", "by an option, 'pythonpath' is src, lib, unlike in pytest.ini"),
    ],
)
def test_settings(told: Callable[..., list[str]], option: str, said: str) -> None:
    """Each that selects less, or of which nobody can say what is less."""
    found = told("-o", option)
    assert found == [said]


def test_another_file_of_settings(told: Callable[..., list[str]], pytester: pytest.Pytester) -> None:
    """It is compared with the one that pytest would take by itself."""
    pytester.makefile(".toml", other="[tool.pytest.ini_options]\npython_files = ['test_*.py']\n")
    pytester.makefile(".cfg", another="[tool:pytest]\npython_files = test_*.py check_*.py\n")
    assert told("-c", "other.toml") == ["by an option, 'python_files': 1 entry removed: 'check_*.py'"]
    assert told("-c", "another.cfg") == []


def test_options_that_the_settings_gave(told: Callable[..., list[str]], pytester: pytest.Pytester) -> None:
    """Where they are overridden, plugins and doctests may be lost."""
    pytester.makefile(".ini", pytest="[pytest]\naddopts = -p more --doctest-modules\n")
    pytester.makepyfile(more="")
    pytester.syspathinsert()
    assert told("-o", "addopts=") == ["by an option, 'addopts' loses -p more, --doctest-modules"]


def test_plugins_that_are_kept_out(told: Callable[..., list[str]], pytester: pytest.Pytester) -> None:
    """Those that collect tests or let them fail; not those that nothing needs, nor what cannot be imported."""
    pytester.syspathinsert()
    pytester.mkpydir("tools")
    (pytester.path / "tools/strict.py").write_text("def pytest_runtest_call(item):\n    pass\n")
    (pytester.path / "tools/idle.py").write_text("")
    (pytester.path / "tools/broken.py").write_text("1 / 0\n")
    assert told("-p", "no:unittest") == ["-p no:unittest was given"]
    assert told("-p", "no:tools.strict") == ["-p no:tools.strict was given"]
    assert told("-p", "no:tools.idle", "-p", "no:tools.broken", "-p", "no:neverheard") == []


def test_a_plugin_with_a_fixture_for_every_test(told: Callable[..., list[str]], pytester: pytest.Pytester) -> None:
    """It can let any test fail."""
    pytester.syspathinsert()
    pytester.mkpydir("tools")
    text = "import pytest\n\n@pytest.fixture(autouse=True)\ndef clean():\n    pass\n\n@pytest.fixture\ndef other():\n    pass\n"
    (pytester.path / "tools/fixtures.py").write_text(text)
    assert told("-p", "no:tools.fixtures") == ["-p no:tools.fixtures was given"]


def test_a_plugin_that_a_conftest_asks_for(told: Callable[..., list[str]], pytester: pytest.Pytester) -> None:
    """The conftest cannot have it, whatever it does."""
    pytester.makeconftest("pytest_plugins = ['wanted']\n")
    pytester.makepyfile(wanted="")
    pytester.syspathinsert()
    assert told("-p", "no:wanted") == ["-p no:wanted was given"]


def test_installed_plugins_that_are_not_loaded(told: Callable[..., list[str]], pytester: pytest.Pytester) -> None:
    """Those that decide about tests are named, unless the settings themselves say so."""
    (pytester.path / "theirs-1.0.dist-info").mkdir()
    (pytester.path / "theirs-1.0.dist-info/METADATA").write_text("Name: theirs\nVersion: 1.0\n")
    (pytester.path / "theirs-1.0.dist-info/entry_points.txt").write_text("[pytest11]\ntheirs = theirs_plugin\n")
    pytester.makepyfile(theirs_plugin="def pytest_runtest_call(item):\n    pass\n")
    pytester.syspathinsert()
    alone = ("--disable-plugin-autoload", "-p", "pytest_handoff.plugin")
    advice = "load them with -p, or add --disable-plugin-autoload to addopts"
    assert told(*alone) == [f"installed plugins are not loaded (theirs): {advice}"]
    assert told(*alone, "-p", "theirs") == []
    pytester.makefile(".ini", pytest="[pytest]\naddopts = --disable-plugin-autoload -p pytest_handoff.plugin\n")
    assert told() == []


def test_conftests_that_are_cut_off(told: Callable[..., list[str]], pytester: pytest.Pytester) -> None:
    """Each above the folder that is named."""
    pytester.makeconftest("")
    pytester.mkdir("inner")
    (pytester.path / "inner/test_b.py").write_text("def test_y():\n    pass\n")
    found = told("--confcutdir=inner", "inner")
    assert "--confcutdir leaves out conftest.py" in found
