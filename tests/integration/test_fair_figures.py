"""The figures are coverage.py's own, and what they ask for can be done: totals, tests among the sources, lines of an import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stories import Done, Story

CODE = """
    def double(x):
        if x is None:
            return None
        return 2 * x


    def never(x):
        y = x
        return y
"""
PROJECT = {
    "src/app/__init__.py": "",
    "src/app/core.py": CODE,
    "src/app/unused.py": "def unused():\n    return 1\n",
    "src/spaced/lonely.py": "def lonely():\n    return 1\n",
    "docs/conf.py": "project = 'app'\nauthor = 'me'\n",
    "setup.py": "X = 1\n",
    "tests/unit/helping.py": "def helper():\n    return 2\n\n\ndef unused():\n    return 3\n",
    "tests/unit/conftest.py": "import sys\nfrom pathlib import Path\n\nsys.path.insert(0, str(Path(__file__).parent))\n",
    "tests/unit/test_core.py": """
        import sys

        from app.core import double
        from helping import helper


        def test_double():
            assert double(2) == 2 * helper()
            if sys.platform == "no such":
                assert double(3) == 6
    """,
}


def setup(story: Story, coverage: str = "", pytest_ini: str = 'testpaths = ["tests"]\npythonpath = ["src"]\n') -> None:
    """Write the project with these settings, and commit it."""
    settings = f"[tool.pytest.ini_options]\n{pytest_ini}{coverage}"
    story.write_files(PROJECT)
    (story.folder / "pyproject.toml").write_text(settings, "utf-8")
    story.commit()


def totals(story: Story, done: Done) -> tuple[str, str]:
    """The total that pytest-cov printed, and the one of the hand-off beside it."""
    theirs, ours = (
        re.search(r"^TOTAL .* (\S+)%$", done.out, re.MULTILINE),
        re.search(r"^coverage +([\d.]+) %", done.out, re.MULTILINE),
    )
    assert theirs, done
    assert ours, done
    return theirs[1], ours[1]


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        pytest.param('[tool.coverage.run]\nsource = ["app", "tests"]\n', ("--cov",), id="tests among the sources"),
        pytest.param('[tool.coverage.run]\nsource = ["."]\nbranch = true\n', ("--cov",), id="everything, with branches"),
        pytest.param('[tool.coverage.run]\nsource_pkgs = ["app"]\n', ("--cov", "-n2"), id="packages, with workers"),
        pytest.param('[tool.coverage.run]\ninclude = ["src/*", "tests/*"]\nomit = ["*/unused.py"]\n', ("--cov",), id="patterns"),
        pytest.param('[tool.coverage.report]\nomit = ["tests/*"]\n', ("--cov=app", "--cov=tests/unit"), id="several"),
        pytest.param(
            "[tool.coverage.report]\nprecision = 1\ninclude_namespace_packages = true\n", ("--cov=src",), id="namespaces"
        ),
    ],
)
def test_the_total_is_that_of_the_report(empty: Story, settings: str, options: tuple[str, ...]) -> None:
    """To the digit, whatever is measured: test files, helpers, files that nobody imported and branches among it."""
    setup(empty, settings)
    done = empty.pytest("--handoff=session-1", "--cov-report=term", "--cov-precision=3", *options)

    theirs, ours = totals(empty, done)
    assert ours == theirs
    code = empty.show("session-1")["new_code"]
    assert not [path for path in code["files"] if path.startswith("tests/")]
    assert empty.handoff("verify", "session-1").code == 0


@pytest.mark.parametrize("settings", ['[tool.coverage.run]\nsource = ["."]\n', '[tool.coverage.run]\nsource = ["src"]\n'])
def test_files_where_coverage_does_not_look(empty: Story, settings: str) -> None:
    """A module beside code that runs is new code, all missing; settings of a tool are none of the source, and are named."""
    setup(empty, settings)
    empty.write_files({"src/app/inner/plain.py": "def plain():\n    return 1\n"})
    empty.pytest("--handoff=session-1")
    code = empty.show("session-1")["new_code"]

    assert code["files"]["src/app/inner/plain.py"]["missing"] == "1-2"
    assert "docs/conf.py" not in code["files"]
    assert "docs/conf.py" in code["unmeasured"]


def test_a_package_that_holds_its_tests_and_doctests(empty: Story) -> None:
    """What pytest looks through for tests may be the code itself."""
    inside = {
        "app/__init__.py": "",
        "app/core.py": 'def double(x):\n    """Twice.\n\n    >>> double(2)\n    4\n    """\n    return 2 * x\n',
        "app/tests/__init__.py": "",
        "app/tests/helping.py": "TWO = 2\n",
        "app/tests/test_core.py": """
            from app.core import double
            from app.tests.helping import TWO


            def test_it():
                assert double(2) == 2 * TWO
        """,
    }
    empty.write_files(inside)
    (empty.folder / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\ntestpaths = ["app"]\naddopts = "--doctest-modules"\n'
    )
    empty.commit()
    done = empty.pytest("--handoff=session-1", "--cov=app", "--cov-report=term", "--cov-precision=2")

    theirs, ours = totals(empty, done)
    assert ours == theirs == "100.00"
    assert list(empty.show("session-1")["new_code"]["files"]) == ["app/core.py"]


IMPORTED = """
    from dataclasses import dataclass
    from enum import Enum


    class Colour(Enum):
        RED = 1
        BLUE = 2


    @dataclass
    class Point:
        x: int
        y: int = 0


    class Refused(Exception):
        pass


    LIMIT = 3
"""
USES = """
    from app.kinds import LIMIT, Colour, Point, Refused


    def test_kinds():
        assert Point(LIMIT).y == 0 and Colour(1) is Colour.RED and issubclass(Refused, Exception)
"""
NOOP = """

    def noop():
        pass
"""
CALLS = """

    def test_noop():
        from app.kinds import noop
        assert noop() is None
"""
LINE = "- [ ] New unit tests achieve >90% coverage for new code\n"


def second_session(story: Story, files: dict[str, str], document: str = LINE) -> dict[str, Any]:
    """Record a session on more files than the one before."""
    setup(story)
    story.pytest("--handoff=session-1")
    story.commit()
    story.write_files(files)
    story.write_files({"handoffs/session-2.md": f"# Session 2\n\n{document}"})
    done = story.pytest("--handoff=session-2")
    assert done.code == 0, done
    return story.show("session-2") | {"said": done.out}


@pytest.mark.parametrize("noop", [False, True])
def test_a_module_that_runs_at_import_only(empty: Story, noop: bool) -> None:
    """Nobody has covered it and nobody need: a function that does nothing, and is called, wins nothing."""
    code, uses = (IMPORTED + NOOP, USES + CALLS) if noop else (IMPORTED, USES)
    shown = second_session(empty, {"src/app/kinds.py": code, "tests/unit/test_kinds.py": uses})

    assert shown["new_code"]["at_import"] == {"src/app/kinds.py": "1-2, 5-7, 10-13, 16-17, 20"}
    assert "12 at import only" in shown["said"]
    assert shown["new_code"]["covered_by_new_unit"] == (2 if noop else 0)
    assert empty.boxes("session-2") == {"New unit tests achieve >90% coverage for new code": True}


def test_an_old_test_that_the_session_changed_is_its_own(empty: Story) -> None:
    """A fix that extends a test has tested its code."""
    fixed = CODE.replace("return None", "x = 0")
    longer = PROJECT["tests/unit/test_core.py"].replace("== 2 * helper()", "== 2 * helper() and double(None) == 0")
    shown = second_session(empty, {"src/app/core.py": fixed, "tests/unit/test_core.py": longer})

    assert (shown["new_code"]["num_statements"], shown["new_code"]["covered_by_new_unit"]) == (1, 1)
    assert empty.boxes("session-2") == {"New unit tests achieve >90% coverage for new code": True}


def test_what_only_others_run_is_not_asked_to_be_covered(empty: Story) -> None:
    """It is covered: what the line asks for is that tests of its own run it."""
    more = CODE.replace("return 2 * x", "y = 2 * x\n        return y")
    shown = second_session(empty, {"src/app/core.py": more})
    gate = next(gate for gate in shown["gates"] if gate["id"].startswith("new_code"))

    assert (shown["new_code"]["covered"], shown["new_code"]["covered_by_new_unit"]) == (2, 0)
    assert gate["needs"] == "make new unit tests run 2 statements that ran without them"
