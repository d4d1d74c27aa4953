"""A release of coverage.py or pytest-cov in which private parts are gone, or are other things, changes no figure."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.coverage.apart import IN_REACH
from pytest_handoff.coverage.switching import UNTOLD
from stories import PYPROJECT, new_story

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Done, Story

pytestmark = pytest.mark.cold_start

HIDES = """
    import os, sys
    import coverage
    from coverage import config, parser, python, results, sqldata

    HOW = os.environ["HOW"]
    ALSO = {"parser", "multiline_map", "serialize", "config_file", "plugin_options"}
    WHOSE = os.environ["WHOSE"]


    def gone(name):
        if HOW == "raises":
            raise RuntimeError(f"{name} works no more")
        if HOW == "other":
            return object()
        raise AttributeError(name)


    def hide(kind, also=ALSO):
        real = kind.__getattribute__

        def __getattribute__(self, name):
            private = name in also or (name.startswith("_") and not name.startswith("__"))
            if private and sys._getframe(1).f_globals.get("__name__", "").startswith("pytest_handoff."):
                return gone(name)
            return real(self, name)

        kind.__getattribute__ = __getattribute__


    if WHOSE == "coverage.py":
        classes = coverage.Coverage, coverage.CoverageData, config.CoverageConfig, python.PythonFileReporter, parser.PythonParser
        for kind in classes:
            hide(kind)
        del results.analysis_from_file_reporter, coverage.process_startup
    else:
        from pytest_cov import engine, plugin
        hide(plugin.CovPlugin, {"cov_controller"})
"""
CODE = """
    import contextlib


    @contextlib.contextmanager
    def opened(
        name,
        *, often=1,
    ):
        for _ in range(often):
            pass
        yield (name,
            often)


    class Till:
        total: int = 0

        def add(self, price):
            if price < 0:  # pragma: no cover
                raise ValueError
            if price > 100:
                price -= 1
            self.total += sum([
                price,
            ])
            return self


    def never():
        return 1
"""
TEST = """
    from shop.cart import Till, opened

    def test_adds():
        with opened("x"):
            assert Till().add(5).total == 5
"""


BY_PYTEST = ("-m", "pytest")


def run(
    folder: Path,
    *args: str,
    whose: str = "",
    how: str = "",
    by: tuple[str, ...] = BY_PYTEST,
    pyproject: str = PYPROJECT,
    core: str = "ctrace",
) -> tuple[Story, Done]:
    """A run with branches, where private parts of one package are gone in one of three ways."""
    story = new_story(folder)
    story.leave_unmeasured()
    story.environment["COVERAGE_CORE"] = core
    story.write_files(
        {"pyproject.toml": pyproject, "src/shop/cart.py": CODE, "tests/unit/test_cart.py": TEST, "src/shop/unseen.py": CODE}
    )
    if whose:
        story.write_files({"../hides/hides.py": HIDES})
        story.environment |= {
            "PYTHONPATH": str(folder.parent / "hides"),
            "HOW": how,
            "WHOSE": whose,
            "PYTEST_ADDOPTS": "-p hides",
        }
    done = story.run(sys.executable, *by, "--handoff=session-1", "-p", "no:benchmark", *args)
    assert done.code == 0, done
    assert "INTERNALERROR" not in done.out
    assert "defect" not in done.out, done.out
    return story, done


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """What is said of coverage and of new code where nothing is gone."""
    story, _ = run(tmp_path_factory.mktemp("whole") / "project", "--cov-branch")
    shown = story.show("session-1")
    return shown["coverage"], shown["new_code"]


@pytest.mark.parametrize("how", ["is gone", "raises", "other"])
def test_coverage_s_private_parts(tmp_path: Path, expected: tuple[Any, Any], how: str) -> None:
    """Every figure is worked out in public ways, and it is said that the data lay where tests reach them."""
    story, _ = run(tmp_path / "project", "--cov-branch", "--cov-report=term", whose="coverage.py", how=how)
    shown = story.show("session-1")
    assert IN_REACH in shown["new_code"]["notes"]
    shown["new_code"]["notes"].remove(IN_REACH)
    assert (shown["coverage"], {"notes": [], **shown["new_code"]}) == (expected[0], {"notes": [], **expected[1]})
    assert shown["new_code"]["covered_by_unit"] is not None


@pytest.mark.skipif(sys.version_info < (3, 14), reason="before, coverage.py's sysmon core measures no branches")
def test_which_tests_ran_a_line_where_the_core_does_not_say(tmp_path: Path, expected: tuple[Any, Any]) -> None:
    """The core that Python 3.14 takes by default tells kinds of tests apart in private ways only; the figures stay exact."""
    story, _ = run(tmp_path / "project", "--cov-branch", whose="coverage.py", how="is gone", core="sysmon")
    shown = story.show("session-1")
    assert any("Which tests ran a line is not known: the sysmon core" in note for note in shown["new_code"]["notes"])
    assert (shown["new_code"]["covered_by_unit"], shown["new_code"]["covered_by_new_unit"]) == (None, None)
    assert shown["coverage"] == expected[0]
    assert all(shown["new_code"][key] == expected[1][key] for key in ("num_statements", "covered", "excluded"))


def test_processes_that_cannot_be_told_who_started_them(tmp_path: Path) -> None:
    """Then it is not known which kind of test ran a line, and no kind is given less than it ran."""
    patched = PYPROJECT + "\n    [tool.coverage.run]\n    patch = ['subprocess']\n"
    story, _ = run(tmp_path / "project", whose="coverage.py", how="raises", pyproject=patched)
    code = story.show("session-1")["new_code"]
    assert code["covered_by_unit"] is None
    assert any(UNTOLD in note for note in code["notes"])


@pytest.mark.parametrize("how", ["is gone", "other"])
def test_pytest_cov_s_controller(tmp_path: Path, how: str) -> None:
    """Without it nothing is measured, which is said, with what to do; the tests are recorded."""
    story, done = run(tmp_path / "project", whose="pytest-cov", how=how)
    shown = story.show("session-1")
    assert shown["coverage"] is None
    assert "measure by `coverage run -m pytest`" in done.out
    assert len(shown["tests"]) == 1


def test_the_way_that_is_named_measures(tmp_path: Path, expected: tuple[Any, Any]) -> None:
    """``coverage run`` needs nothing of pytest-cov."""
    by = ("-m", "coverage", "run", "--source=src", "--branch", "-m", "pytest")
    story, _ = run(tmp_path / "project", whose="pytest-cov", how="is gone", by=by)
    assert story.show("session-1")["new_code"]["covered"] == expected[1]["covered"]
