"""A program that has only ``handoff next --json`` and exit codes: it does what the first step says until nothing is left."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.cli.support import CANNOT_TELL, GOOD, NO
from stories import FIRST, PYPROJECT, Story, new_story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Step = dict[str, Any]
    Repair = Callable[[Story, Step, Path], None]

DOCUMENT = """
    # Session

    ## Verification Checklist

    - [ ] All unit tests pass
    - [ ] Unit tests achieve >90% coverage for new code
"""
LONGER = "def total(prices):\n    if prices is None:\n        return 0\n    return sum(prices)\n"
GONE = "\ndef test_empty():\n    assert total([]) == 0\n"
MOST_STEPS = 12


class Program:
    """Asks what is left, does the first thing, and asks again; a command that changes nothing is not tried twice."""

    def __init__(self, story: Story, cwd: Path | None = None, options: tuple[str, ...] = ()) -> None:
        self.story, self.cwd, self.options = story, cwd or story.folder, options
        self.met: list[str] = []

    def ask(self) -> tuple[int, dict[str, Any]]:
        done = self.story.handoff(*self.options, "next", "--json", cwd=self.cwd)
        assert done.code != CANNOT_TELL, done
        table: dict[str, Any] = json.loads(done.out)
        assert table["done"] is (done.code == GOOD)
        return done.code, table

    def finish(self, **repairs: Repair) -> list[str]:
        """Work until nothing is left, commit, and see that nothing is left after that either; return the kinds of steps met."""
        tried: set[str] = set()
        for _ in range(MOST_STEPS):
            code, table = self.ask()
            if code == GOOD:
                return self._commit()
            step = table["steps"][0]
            self.met.append(step["kind"])
            command, folder = step["command"], self.cwd / table["folder"]
            self._can_be_followed(step, self.cwd / table["root"])
            if command is None:
                repairs[step["kind"]](self.story, step, self.cwd / table["root"] / step["file"])
                tried.clear()
                continue
            assert command not in tried, f"asked again for {command}, which changed nothing"
            tried.add(command)
            assert self.story.run(*_words(command), cwd=folder).code in (GOOD, NO)
        raise AssertionError(self.met)

    def _can_be_followed(self, step: Step, root: Path) -> None:
        """A step says what to do: by a command, or in a file that is there and has that line."""
        assert step["what"], step
        assert step["do"], step
        if step["command"] is None:
            path = root / step["file"]
            assert step["line"] is None or 0 < step["line"] <= len(path.read_text("utf-8").splitlines()), step

    def _commit(self) -> list[str]:
        self.story.commit()
        assert self.ask()[0] == GOOD
        for verb in ("gate", "verify"):
            done = self.story.handoff(*self.options, verb, cwd=self.cwd)
            assert done.code == GOOD, done
        return self.met


def _words(command: str) -> list[str]:
    program, *rest = shlex.split(command)
    ours = {"pytest": "pytest", "handoff": "pytest_handoff"}
    return [sys.executable, "-m", ours[program], *rest] if program in ours else [program, *rest]


@pytest.fixture
def begun(shop: Story) -> Story:
    """A project whose first session is recorded and committed, and the document of a second one."""
    shop.write_files({"handoffs/session-1.md": DOCUMENT})
    assert shop.pytest("-q", "--handoff=session-1").code == GOOD
    shop.commit("session-1")
    shop.write_files({"handoffs/session-2.md": DOCUMENT})
    return shop


def mend(story: Story, step: Step, _: Path) -> None:
    """Take the mistake out of the code that the failing test is about."""
    assert step["names"]
    story.edit("src/shop/cart.py", " + 1", "")


def add_a_test(_: Story, step: Step, path: Path) -> None:
    """Test the lines that the step names: the first of them is in the file that it names."""
    assert path.read_text("utf-8").splitlines()[step["line"] - 1] == "        return 0"
    tests = path.parents[2] / "tests/unit/test_cart.py"
    tests.write_text(tests.read_text("utf-8") + "\ndef test_none():\n    assert total(None) == 0\n", "utf-8")


def put_back(_: Story, step: Step, path: Path) -> None:
    """Write the lost test again, into the file that it was in."""
    assert step["names"] == ["tests/unit/test_cart.py::test_empty"]
    path.write_text(path.read_text("utf-8").rstrip("\n") + "\n" + GONE, "utf-8")


REPAIRS: dict[str, Repair] = {"failures": mend, "new_code": add_a_test, "regression": put_back}


def break_the_code(story: Story) -> None:
    story.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 1")


def leave_code_untested(story: Story) -> None:
    story.write_files({"src/shop/cart.py": LONGER})


def lose_a_test(story: Story) -> None:
    text = story.text("tests/unit/test_cart.py")
    story.edit("tests/unit/test_cart.py", text[text.index(GONE) :], "")


def record(story: Story) -> None:
    story.pytest("-q", "--handoff=session-2")


def go_on(story: Story) -> None:
    story.write_files({"src/shop/more.py": ""})


@pytest.mark.parametrize(
    ("before", "kinds"),
    [
        pytest.param([break_the_code, record], ["failures", "stale"], id="failing"),
        pytest.param([leave_code_untested, record], ["new_code", "stale"], id="uncovered"),
        pytest.param([lose_a_test, record], ["regression", "stale"], id="lost test"),
        pytest.param([record, go_on], ["stale"], id="stale"),
        pytest.param([record], [], id="nothing left"),
        pytest.param(
            [leave_code_untested, lose_a_test, break_the_code, record, go_on],
            ["stale", "failures", "stale", "regression", "stale", "new_code", "stale"],
            id="all of them",
        ),
    ],
)
def test_it_comes_to_an_end(begun: Story, before: list[Callable[[Story], None]], kinds: list[str]) -> None:
    """Each situation by itself, and all at once: one step after the other, in the order in which they can be done."""
    for happens in before:
        happens(begun)

    assert Program(begun).finish(**REPAIRS) == kinds


def test_settings_that_ask_for_a_proof(begun: Story) -> None:
    """The gate says no without it, and so does the comment; what is left is the command that makes it."""
    begun.write_files({"handoff.toml": 'prove = ["new"]\n'})
    record(begun)

    assert "the gate does not pass" in begun.handoff("comment").out
    assert Program(begun).finish() == ["proof"]


def test_a_line_that_asks_for_a_proof(begun: Story) -> None:
    """A line of the checklist that only an experiment can decide names the command, too."""
    begun.write_files({"handoffs/session-2.md": DOCUMENT + "    - [ ] New tests fail without the change\n"})
    leave_code_untested(begun)
    begun.edit("tests/unit/test_cart.py", GONE, GONE + "\ndef test_none():\n    assert total(None) == 0\n")
    record(begun)

    assert Program(begun).finish() == ["need_change", "document"]


def test_a_run_that_changes_the_tree(begun: Story) -> None:
    """The first time the run is asked for again; then what it writes has to be dealt with."""
    writes = "import pathlib, time\n\ndef test_writes():\n    pathlib.Path('out.txt').write_text(str(time.time_ns()))\n"
    begun.write_files({"tests/unit/test_writes.py": writes})
    record(begun)

    def ignore(story: Story, step: Step, path: Path) -> None:
        assert path.name == "out.txt"
        story.write_files({".gitignore": story.text(".gitignore") + "".join(f"{name}\n" for name in step["names"])})

    assert Program(begun).finish(stale=ignore) == ["stale", "stale", "stale"]


def test_a_damaged_marker(begun: Story) -> None:
    """Filling again does not mend a marker; the line to look at is named instead."""
    begun.write_files({"handoffs/session-2.md": DOCUMENT + "\n    <!-- handoff:begin tests.failing -->\n"})
    record(begun)

    def take_out(_: Story, step: Step, path: Path) -> None:
        lines = path.read_text("utf-8").splitlines(keepends=True)
        assert "handoff:begin tests.failing" in lines.pop(step["line"] - 1)
        path.write_text("".join(lines), "utf-8")

    assert Program(begun).finish(document=take_out)[0] == "document"


def test_settings_that_leave_tests_out(begun: Story) -> None:
    """Where the settings keep the tests from running, running again is no answer."""
    begun.write_files({"pyproject.toml": PYPROJECT + '    addopts = "-k total"\n'})
    record(begun)

    def set_back(story: Story, step: Step, _: Path) -> None:
        assert "tests/unit/test_cart.py::test_empty" in step["names"]
        assert step["file"] == "tests/e2e/test_shop.py"
        story.write_files({"pyproject.toml": PYPROJECT})

    assert Program(begun).finish(complete=set_back) == ["complete", "stale"]


@pytest.mark.parametrize("skipped", [True, False])
def test_no_test_passed(empty: Story, *, skipped: bool) -> None:
    """A run without a test that passes is not mended by another one."""
    mark = "import pytest\n\n@pytest.mark.skip(reason='later')\n" if skipped else ""
    tests = {"tests/unit/test_one.py": mark + "def test_one():\n    pass\n"} if skipped else {"tests/conftest.py": ""}
    empty.write_files({"handoffs/session-1.md": "# One\n\n## Checklist\n\n- [ ] All tests pass\n"} | tests)
    empty.pytest("-q", "--handoff=session-1")

    def let_one_run(story: Story, step: Step, _: Path) -> None:
        assert step["names"] == (["tests/unit/test_one.py::test_one"] if skipped else [])
        story.write_files({"tests/unit/test_one.py": "def test_one():\n    pass\n"})

    assert Program(empty).finish(failures=let_one_run) == ["failures", "stale"]


def test_a_run_without_coverage(begun: Story) -> None:
    """What ``--no-cov`` left out is measured by the run without that option."""
    leave_code_untested(begun)
    begun.pytest("-q", "--handoff=session-2", "--no-cov")

    assert Program(begun).finish(**REPAIRS) == ["new_code", "new_code", "stale"]


def test_an_earlier_record_that_was_changed(begun: Story) -> None:
    """Git has the one that was continued, and the command brings it back."""
    record(begun)
    begun.edit("handoffs/evidence/session-1/record.json", '"session-1"', '"session-1" ')

    assert Program(begun).finish() == ["chain"]


def test_a_merge_that_brings_another_session(begun: Story) -> None:
    """Two branches recorded a session each: the command records the newest one again, after the other one."""
    (begun.folder / "handoffs/session-2.md").unlink()
    for branch, session in (("other", "session-other"), ("work", "session-2")):
        begun.git("checkout", "--quiet", "-b", branch, "main")
        begun.write_files({f"handoffs/{session}.md": DOCUMENT})
        assert begun.pytest("-q", f"--handoff={session}").code == GOOD
        begun.commit(session)
    begun.git("merge", "--quiet", "--no-edit", "other")

    assert Program(begun).finish() == ["chain"]


def test_a_record_that_was_edited(begun: Story) -> None:
    """What the record says of its tree is computed again, and differs; another run records what is so."""
    begun.write_files({"settings.json": "{"})
    record(begun)
    path = begun.folder / "handoffs/evidence/session-2/record.json"
    table = json.loads(path.read_text("utf-8"))
    assert list(table["unparsable"]) == ["settings.json"]
    del table["digest"]
    path.write_text(json.dumps(table | {"unparsable": {}}), "utf-8")

    assert Program(begun).finish() == ["record"]


def test_a_project_below_the_working_directory(tmp_path: Path) -> None:
    """Files are named from the root, commands run in the project's folder; both are said."""
    story = new_story(tmp_path / "repository")
    (story.folder / "pyproject.toml").unlink()
    files = {**FIRST, "pyproject.toml": PYPROJECT + "\n    [tool.handoff]\n", "handoffs/session-1.md": DOCUMENT}
    story.write_files({f"app/{name}": text for name, text in files.items()})
    story.commit("first")
    story.edit("app/src/shop/cart.py", "sum(prices)", "sum(prices) + 1")

    def mend_below(_: Story, step: Step, path: Path) -> None:
        assert path == story.folder / "app/tests/e2e/test_shop.py"
        assert "pytest tests/e2e/test_shop.py::test_checkout" in step["do"]
        story.edit("app/src/shop/cart.py", " + 1", "")

    assert Program(story).finish(failures=mend_below) == ["run", "failures", "stale"]


@pytest.mark.parametrize("cwd", ["", "tests/unit"])
def test_another_hand_off_folder_and_a_name_with_a_space(shop: Story, cwd: str) -> None:
    """Commands say what they were told: they can be run as they are printed."""
    shop.write_files({"our work/session 1.md": DOCUMENT})
    options = ("--handoff-dir", "our work")

    assert Program(shop, shop.folder / cwd, options).finish() == ["run"]
