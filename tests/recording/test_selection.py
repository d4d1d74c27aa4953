"""What an invocation was asked to run."""

from __future__ import annotations

import os
import sys

import pytest

from pytest_handoff.recording import not_public, options, selection


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Two test folders, of which the configuration names both."""
    pytester.makeini("[pytest]\ntestpaths = tests more_*\n")
    for folder in ("tests", "more_tests", "tests/unit"):
        pytester.mkdir(folder)
        (pytester.path / folder / "test_a.py").write_text("def test_x(): pass\n")
    return pytester


@pytest.mark.parametrize(
    ("args", "reasons"),
    [
        ([], ()),
        (["tests", "more_tests"], ()),
        (["."], ()),
        (["-x", "-q"], ()),
        (["tests"], ("only some tests were selected: tests",)),
        (["tests/unit/test_a.py::test_x"], ("only some tests were selected: tests/unit/test_a.py::test_x",)),
        (["-k", "x or not y"], ("-k 'x or not y' was given",)),
        (["-m", "unit", "--deselect", "tests/a", "--deselect=b"], ("-m unit was given", "--deselect tests/a b was given")),
        (["--lf", "--ignore=tests/unit"], ("--ignore tests/unit was given", "--lf was given")),
        (["--sw"], ("--sw was given",)),
        (["--runxfail"], ("--runxfail was given",)),
    ],
)
def test_narrowing(project: pytest.Pytester, args: list[str], reasons: tuple[str, ...]) -> None:
    """A run of all test folders is one of everything, however it is asked for; each option that leaves some out is named."""
    assert selection.narrowing(project.parseconfig(*args)) == reasons


@pytest.mark.parametrize(
    ("option", "runs"),
    [("-q", True), ("--collect-only", False), ("--setup-plan", False), ("--fixtures", False), ("--markers", False)],
)
def test_whether_tests_are_run(project: pytest.Pytester, option: str, runs: bool) -> None:
    """Options that only show something run no test."""
    assert options.runs_tests(project.parseconfig(option)) is runs


def test_files_of_which_a_part_is_asked_for(project: pytest.Pytester) -> None:
    """A file of which single tests are named will not be collected whole."""
    config = project.parseconfig("tests/unit/test_a.py::test_x", "more_tests")
    assert options.files_given_in_part(config) == {project.path / "tests" / "unit" / "test_a.py"}
    assert options.drops_within_files(config) is False
    assert options.drops_within_files(project.parseconfig("--lf")) is True


def test_arguments_without_folders_of_the_machine(project: pytest.Pytester) -> None:
    """No absolute path is kept: what lies in the project is relative, what lies elsewhere has its name only."""
    inside, outside = project.path / "tests", os.path.join(os.sep, "far", "away.ini")  # noqa: PTH118 # as a user types it
    config = project.parseconfig(
        "-q", f"{inside}::x", f"--junit-xml={outside}", "--tb=short", "-o", f"cache_dir={outside}", "a=b"
    )
    shown = options.shown_arguments(config)[:7]  # pytester adds a folder of its own behind
    assert shown == ("-q", "tests::x", "--junit-xml=away.ini", "--tb=short", "-o", "cache_dir=away.ini", "a=b")


LEFT_OUT = {
    "-m 'not slow'": ["test_slow", "test_very_slow"],
    "-k 'not very and not quick'": ["test_quick", "test_very_slow"],
    "-m slow -k very": ["test_quick", "test_slow"],
    "--deselect=test_s.py::test_very_slow -qm slow": ["test_quick", "test_very_slow"],
    "-k [a]": ["test_quick", "test_slow", "test_very_slow"],
}


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("addopts", LEFT_OUT)
def test_what_the_settings_leave_out(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, addopts: str, *, broken: bool
) -> None:
    """A release of pytest that changes its insides changes no answer: its own plugin is asked, and the options are read here."""
    pytester.makeini(f"[pytest]\naddopts = {addopts}\nmarkers = slow\n")
    slow = "@pytest.mark.slow\ndef test_{}(): pass\n"
    tests = f"import pytest\n{slow.format('slow')}{slow.format('very_slow')}def test_quick(): pass\n"
    items, _ = pytester.inline_genitems(pytester.makepyfile(test_s=tests), "-m", "", "-k", "")
    config = items[0].config
    if broken:
        monkeypatch.setitem(sys.modules, "_pytest.mark.expression", None)
        monkeypatch.setattr(config._parser, "parse_known_args", lambda: None)
    assert sorted(item.name for item in selection.left_out_by_settings(config, items)) == LEFT_OUT[addopts]
    assert selection.selects(config)


def test_where_pytest_tells_nothing(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said to be left out by the settings, so that the tests are waited for: no false word."""
    items = pytester.getitems("import pytest\n@pytest.mark.slow\ndef test_slow(): pass")
    monkeypatch.setitem(sys.modules, "_pytest.mark.expression", None)
    monkeypatch.setattr(items[0].config.pluginmanager.get_plugin("mark"), "pytest_collection_modifyitems", None)
    assert not_public.left_out(items[0].config, items, marks="not slow", words="") == []


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize(
    ("addopts", "args", "reasons"),
    [
        ("--ignore=tests/unit", ["--ignore=tests/unit"], ()),
        ("-k x --deselect tests/a", ["-k", "x", "--deselect", "tests/a", "--deselect", "b"], ("--deselect b was given",)),
        ("tests", [], ()),
        ("-q --runxfail -p no:faulthandler", ["--runxfail"], ()),
        ("--noconftest --tb=short", ["--noconftest", "-m", "x"], ("-m x was given",)),
    ],
)
def test_options_of_the_settings(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    addopts: str,
    args: list[str],
    reasons: tuple[str, ...],
    *,
    broken: bool,
) -> None:
    """What the settings give is no narrowing, whoever reads them."""
    project.makeini(f"[pytest]\ntestpaths = tests more_*\naddopts = {addopts}\n")
    config = project.parseconfig(*args)
    if broken:
        monkeypatch.setattr(config._parser, "parse_known_args", lambda: None)
    assert selection.narrowing(config) == reasons
