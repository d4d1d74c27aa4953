"""Who ran a line is asked of files with new code or debts alone, however a run's data came together, with the same figures."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from stories import Story, new_story

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = (
    '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["src", "plugins"]\n[tool.coverage.run]\nsource = ["src"]\n'
)
RELATIVE = "relative_files = true\n"
MAPPED = RELATIVE + '[tool.coverage.paths]\nsource = ["src", "elsewhere/src"]\n'
DOCUMENT = "# {0}\n\n## Final Checklist\n\n- [ ] All tests pass\n- [ ] New unit tests achieve >90% coverage for new code\n"
TESTS = "from {0} import {0}\n\n\ndef test_{0}():\n    assert {0}(200) > 0\n"
CODE = "# A comment.\n\n\ndef {0}(price):\n    rate = 0.2\n    return price * rate\n"
DUTY = "\n\ndef duty(price):\n    reduced = price - 100\n    return reduced * 0.3\n"
COUNTING = """
import pathlib
from coverage import CoverageData

asked, ask = [], CoverageData.contexts_by_lineno

def contexts_by_lineno(self, name):
    asked.append(pathlib.Path(name).stem)
    return ask(self, name)

CoverageData.contexts_by_lineno = contexts_by_lineno

def pytest_unconfigure():
    pathlib.Path(".coverage.asked").write_text(" ".join(sorted(asked)))
"""
FAILING = """
from coverage import CoverageData
from {module} import {error}

def contexts_by_lineno(self, name):
    raise {error}("the file is gone")

CoverageData.contexts_by_lineno = contexts_by_lineno
"""
COMBINING = """
import atexit, sys
sys.path.insert(0, "plugins")
import counting
from pytest_handoff.cli.handoff import main
atexit.register(counting.pytest_unconfigure)
main(["combine", "session-3"])
"""
OWED = {"unit": {"session-2": {"src/tax.py": "9-11"}}}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two sessions, the second of which left three statements that only an e2e test runs, and what a third one has changed.

    Of its files ``fee`` is new, ``tax`` has the debt; a comment changed in ``toll``, ``cost`` moved, and ``rent`` stayed.
    """
    story = new_story(tmp_path_factory.mktemp("recorded") / "shop")
    names = ("tax", "toll", "cost", "rent")
    story.write_files({f"src/{name}.py": CODE.format(name) for name in names} | {"pyproject.toml": PYPROJECT})
    story.write_files({f"tests/unit/test_{name}.py": TESTS.format(name) for name in names})
    failing = FAILING.format(module="coverage.exceptions", error="DataError")
    story.write_files({"plugins/counting.py": COUNTING, "plugins/failing.py": failing, "handoffs/session-1.md": "# One\n"})
    record(story, "session-1")
    story.edit("src/tax.py", CODE.format("tax"), CODE.format("tax") + DUTY)
    story.write_files({"tests/e2e/test_duty.py": TESTS.format("duty").replace("from duty", "from tax")})
    story.write_files({f"handoffs/{name}.md": DOCUMENT.format(name) for name in ("session-2", "session-3")})
    record(story, "session-2")
    story.write_files({"src/fee.py": CODE.format("fee"), "tests/unit/test_fee.py": TESTS.format("fee")})
    story.edit("src/toll.py", "# A comment.", "# Another comment.")
    story.git("mv", "src/cost.py", "src/costs.py")
    story.edit("tests/unit/test_cost.py", "from cost ", "from costs ")
    story.commit("work")
    return story


@pytest.fixture
def story(recorded: Story, tmp_path: Path) -> Story:
    """A copy of that project."""
    shutil.copytree(recorded.folder, tmp_path / "shop", symlinks=True, ignore=shutil.ignore_patterns(".pytest_cache"))
    return Story(tmp_path / "shop")


@pytest.fixture(scope="module")
def expected(recorded: Story, tmp_path_factory: pytest.TempPathFactory) -> tuple[object, object]:
    """The figures of one run whose data can be asked until the end."""
    folder = tmp_path_factory.mktemp("expected") / "shop"
    shutil.copytree(recorded.folder, folder, symlinks=True)
    story = Story(folder)
    record(story, "session-3")
    assert asked(story) == ["fee", "tax"]
    found = figures(story)
    assert found[1]["owed_to"] == OWED  # type: ignore[index] # from JSON
    return found


def record(story: Story, session: str, *args: str) -> None:
    """Record a session with coverage, and commit it."""
    done = story.pytest("-p", "counting", "--cov=src", "--cov-report=", f"--handoff={session}", *args)
    assert f"handoffs/{session}.md" in done.out, done
    story.commit(session)


def asked(story: Story) -> list[str]:
    """The modules of whose lines it was asked who ran them."""
    return story.text(".coverage.asked").split()


def figures(story: Story) -> tuple[object, object]:
    """What the evidence says of coverage and of new code, with its notes."""
    shown = story.show("session-3")
    return shown["coverage"], shown["new_code"]


@pytest.mark.parametrize("settings", [RELATIVE, MAPPED], ids=["relative", "mapped"])
def test_relative_names(story: Story, expected: tuple[object, object], settings: str) -> None:
    """Where names are relative the run's data are joined under whole names first."""
    (story.folder / "pyproject.toml").write_text(PYPROJECT + settings)
    record(story, "session-3")
    assert asked(story) == ["fee", "tax"]
    assert figures(story) == expected


def test_added_runs(story: Story, expected: tuple[object, object]) -> None:
    """The second run adds the data of the first."""
    record(story, "session-3", "tests/unit")
    record(story, "session-3", "tests/e2e")
    assert asked(story) == ["fee", "tax"]
    assert figures(story) == expected


def test_joined_parts(story: Story, expected: tuple[object, object]) -> None:
    """Two jobs, one session."""
    for tier in ("unit", "e2e"):
        done = story.pytest("--cov=src", "--cov-report=", "--handoff=session-3", f"--handoff-part={tier}", f"tests/{tier}")
        assert done.code == 0, done
    done = story.run(sys.executable, "-c", COMBINING)
    assert done.code == 0, done
    assert asked(story) == ["fee", "tax"]
    assert figures(story) == expected


def test_two_parents(story: Story) -> None:
    """What either parent has is not new, and what either left is owed."""
    story.git("branch", "work")
    story.git("checkout", "-q", "-b", "beside", "HEAD~2")
    story.write_files({"src/more.py": CODE.format("more"), "tests/unit/test_more.py": TESTS.format("more")})
    record(story, "session-2b")
    story.git("merge", "-q", "--no-edit", "work")
    shutil.copytree(story.folder, story.folder.parent / "other", symlinks=True)
    other = Story(story.folder.parent / "other")
    (other.folder / "pyproject.toml").write_text(PYPROJECT + RELATIVE)
    for one in (story, other):
        record(one, "session-3")
        assert asked(one) == ["fee", "tax"]
    assert sorted(story.show("session-3")["previous"]) == ["session-2", "session-2b"]
    assert figures(story) == figures(other)
    assert story.show("session-3")["new_code"]["owed_to"] == OWED


def test_nothing_new_and_nothing_owed(story: Story) -> None:
    """Nobody asks, and new code that nothing ran needs no answer, either."""
    (story.folder / "pyproject.toml").write_text(PYPROJECT + RELATIVE)
    story.write_files({"tests/unit/test_duty.py": TESTS.format("duty").replace("from duty", "from tax")})
    record(story, "session-3")
    story.write_files({"src/dead.py": CODE.format("dead")})
    record(story, "session-4")
    assert asked(story) == []
    assert story.show("session-4")["new_code"]["files"]["src/dead.py"]["covered"] == 0


WHY = "cannot read which tests ran src/fee.py: the file is gone"


@pytest.fixture
def scratch(story: Story) -> Path:
    """A folder for the temporary files of a run in which nobody can ask who ran a line."""
    folder = story.folder / "scratch"
    folder.mkdir()
    story.write_files({".gitignore": "scratch/\n__pycache__/\n.pytest_cache/\n.coverage*\n"})
    story.environment = story.environment | {"TMPDIR": str(folder)}
    return folder


def assert_only_who_ran_it_is_unknown(story: Story, scratch: Path, expected: tuple[object, object]) -> None:
    """Coverage and new code are recorded, and the kinds of tests are not measured; the folder of joined data is gone."""
    shown = story.show("session-3")
    new = shown["new_code"]
    assert shown["not_measured"] == {"contexts": WHY}
    assert shown["coverage"] == expected[0]
    covered = expected[1]["covered"]  # type: ignore[index] # from JSON
    assert (new["covered"], new["covered_by_unit"], new["covered_by_new_unit"]) == (covered, None, None)
    assert not [path.name for path in scratch.iterdir() if path.name.startswith("handoff-")]


@pytest.mark.parametrize("settings", ["", RELATIVE], ids=["own", "joined"])
@pytest.mark.parametrize("error", ["coverage.exceptions:DataError", "sqlite3:OperationalError"])
def test_data_that_cannot_be_asked(
    story: Story, expected: tuple[object, object], scratch: Path, settings: str, error: str
) -> None:
    """The run is recorded, and says why it does not know who ran its new code."""
    module, name = error.split(":")
    story.write_files({"plugins/failing.py": FAILING.format(module=module, error=name)})
    (story.folder / "pyproject.toml").write_text(PYPROJECT + settings)
    done = story.pytest("-p", "failing", "--cov=src", "--cov-report=", "--handoff=session-3")
    assert f"not measured: {WHY}" in done.out
    assert done.code == 0
    assert_only_who_ran_it_is_unknown(story, scratch, expected)


def test_added_runs_that_cannot_be_asked(story: Story, expected: tuple[object, object], scratch: Path) -> None:
    """The second run adds the data of the first, and cannot ask them."""
    record(story, "session-3", "tests/unit")
    done = story.pytest("-p", "failing", "--cov=src", "--cov-report=", "--handoff=session-3", "tests/e2e")
    assert f"not measured: {WHY}" in done.out
    assert_only_who_ran_it_is_unknown(story, scratch, expected)


def test_joined_parts_that_cannot_be_asked(story: Story, expected: tuple[object, object], scratch: Path) -> None:
    """Two jobs, one session, and nobody knows who ran its new code."""
    for tier in ("unit", "e2e"):
        story.pytest("--cov=src", "--cov-report=", "--handoff=session-3", f"--handoff-part={tier}", f"tests/{tier}")
    done = story.run(sys.executable, "-c", COMBINING.replace("import counting", "import counting, failing"))
    assert done.code == 0, done
    assert_only_who_ran_it_is_unknown(story, scratch, expected)
