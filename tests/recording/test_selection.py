"""What an invocation was asked to run."""

from __future__ import annotations

import os

import pytest

from pytest_handoff.recording import options, selection


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
        (["tests"], ("only a part was asked for: tests",)),
        (["tests/unit/test_a.py::test_x"], ("only a part was asked for: tests/unit/test_a.py::test_x",)),
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
