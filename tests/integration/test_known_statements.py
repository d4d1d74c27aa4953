"""With an empty cache a run parses only what changed: what an earlier session says of the other sources is taken over."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.project.layout import open_project
from pytest_handoff.workflow.known_statements import layouts_before
from pytest_handoff.workflow.start import begin
from stories import Story, new_story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULES = 40
PYPROJECT = '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["src", "plugins"]\n'
MODULE = '''"""A module, whose text
has two lines."""


def used(
    first=0,
    second={number},
):
    """Use it."""
    if first:  # pragma: no cover
        return first
    return sum(
        [
            second,
            0,
        ],
    )
''' + "".join(f"\n\ndef unused{which}():\n    left = {which}\n\n    return left\n" for which in range(12))
TESTS = """
import importlib

def test_modules():
    for number in range(40):
        assert importlib.import_module(f"module{number:02}").used() >= 0
"""
COUNTING = """
import pathlib
from coverage.parser import PythonParser
from coverage import CoverageData

parsed, asked = [], []
parse, ask = PythonParser.parse_source, CoverageData.contexts_by_lineno

def parse_source(self):
    parsed.append(pathlib.Path(self.filename).stem)
    return parse(self)

def contexts_by_lineno(self, name):
    asked.append(pathlib.Path(name).stem)
    return ask(self, name)

PythonParser.parse_source, CoverageData.contexts_by_lineno = parse_source, contexts_by_lineno

def pytest_unconfigure():
    for name, found in (("parsed", parsed), ("asked", asked)):
        pathlib.Path(f".coverage.{name}").write_text(" ".join(sorted(set(found))))
"""
COMBINING = """
import atexit, sys
sys.path.insert(0, "plugins")
import counting
from pytest_handoff.cli.handoff import main
atexit.register(counting.pytest_unconfigure)
main(["combine", "session-2"])
"""
EVIDENCE = "handoffs/evidence/{}/{}"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """One session of forty measured files, in which one has changed since."""
    story = new_story(tmp_path_factory.mktemp("recorded") / "shop")
    modules = {f"src/module{number:02}.py": MODULE.format(number=number) for number in range(MODULES)}
    story.write_files(modules | {"plugins/counting.py": COUNTING, "tests/test_modules.py": TESTS})
    (story.folder / "pyproject.toml").write_text(PYPROJECT)
    run(story, "session-1")
    story.edit("src/module07.py", "def unused3", "def other")
    return story


@pytest.fixture
def story(recorded: Story, tmp_path: Path) -> Story:
    """A copy of that project, with an empty cache."""
    shutil.copytree(
        recorded.folder, tmp_path / "shop", symlinks=True, ignore=shutil.ignore_patterns(".pytest_cache", ".coverage*")
    )
    return Story(tmp_path / "shop")


def run(story: Story, session: str, *args: str) -> str:
    """Record a session with coverage, and commit it."""
    out = story.pytest("-p", "counting", "--cov=src", "--cov-report=", f"--handoff={session}", *args).out
    assert f"handoffs/{session}.md" in out, out
    story.commit(session)
    return out


def run_parts(story: Story) -> None:
    """Record the session from one part, joined by a process that counts as well."""
    out = story.pytest("--cov=src", "--cov-report=", "--handoff=session-2", "--handoff-part=all").out
    assert "part" in out, out
    done = story.run(sys.executable, "-c", COMBINING)
    assert done.code == 0, done


def parsed(story: Story) -> list[str]:
    """The modules that the last run parsed."""
    return story.text(".coverage.parsed").split()


def table(story: Story, session: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(story.text(EVIDENCE.format(session, "record.json")))
    return found


def figures(story: Story, session: str) -> tuple[Any, ...]:
    """What the evidence says of coverage, but for what parsed the sources."""
    shown = story.show(session)
    return shown["coverage"], shown["new_code"]


def lines(story: Story, session: str, name: str = "statements.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in story.text(EVIDENCE.format(session, name)).splitlines()]


def forge(story: Story, session: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change what a session says of its sources, as somebody would who knows which digests there are."""
    from pytest_handoff.project.encoding import digest_of

    found = lines(story, session)
    change(found)
    data = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in found)
    (story.folder / EVIDENCE.format(session, "statements.jsonl")).write_text(data, "utf-8")
    record = table(story, session)
    record["coverage"]["statements"]["digest"] = digest_of(data.encode())
    del record["digest"]
    (story.folder / EVIDENCE.format(session, "record.json")).write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def hide(found: list[dict[str, Any]]) -> None:
    """Take the statements that no test runs out of one file."""
    (line,) = (line for line in found if line["path"] == "src/module03.py")
    head, _, _ = line["layout"].partition("4cx")
    line["layout"] = (head or line["layout"])[:20].rstrip("0123456789")


def merge(story: Story) -> None:
    """Make what is committed a part of the target branch, and go on in a branch."""
    story.edit("pyproject.toml", "[tool.pytest", '[tool.handoff]\ntarget = "main"\n\n[tool.pytest')
    story.commit("settings")
    story.git("checkout", "--quiet", "-b", "work")


def test_a_cold_run_parses_what_changed(story: Story) -> None:
    """The figures are those of a run that parses everything, and the session's own file holds the one file that changed."""
    shutil.copytree(story.folder, story.folder.parent / "other")
    other = Story(story.folder.parent / "other")
    (other.folder / EVIDENCE.format("session-1", "statements.jsonl")).unlink()
    run(story, "session-2")
    run(other, "session-2")
    assert parsed(story) == ["module07"]
    assert len(parsed(other)) == MODULES
    assert figures(story, "session-2") == figures(other, "session-2")
    assert table(story, "session-2")["coverage"] == table(other, "session-2")["coverage"]
    assert len(lines(other, "session-2")) == MODULES
    assert lines(story, "session-2")[0]["differs_from"] == "session-1"
    assert len(lines(story, "session-2")) == 1, "a renamed function leaves each line what it was"
    assert story.handoff("verify", "session-2").code == other.handoff("verify", "session-2").code == 0


def test_a_changed_layout_costs_a_line(story: Story) -> None:
    """One of forty; the next cold run takes all of them from both sessions."""
    story.edit("src/module09.py", "def unused4():\n", "def unused4():\n    more = 1\n")
    run(story, "session-2")
    assert [line["path"] for line in lines(story, "session-2")[1:]] == ["src/module09.py"]
    run(story, "session-3", "--cache-clear")
    assert parsed(story) == []
    assert story.handoff("verify", "session-3", "--all").code == 0


def no_file(story: Story) -> None:
    (story.folder / EVIDENCE.format("session-1", "statements.jsonl")).unlink()


def another_digest(story: Story) -> None:
    story.edit(EVIDENCE.format("session-1", "statements.jsonl"), '"src/module03.py","layout":"', '"src/module03.py","layout":".')


def another_version(story: Story) -> None:
    text = story.text(EVIDENCE.format("session-1", "record.json"))
    record = json.loads(text)
    del record["digest"]
    record["coverage"]["statements"]["parsed_by"]["coverage"] = "7.0"
    (story.folder / EVIDENCE.format("session-1", "record.json")).write_text(json.dumps(record))


def very_many_lines(story: Story) -> None:
    forge(story, "session-1", lambda found: [line.update(layout="999999s") for line in found])


def other_exclusions(story: Story) -> None:
    (story.folder / "pyproject.toml").write_text(PYPROJECT + '[tool.coverage.report]\nexclude_also = ["def unused1"]\n')


def not_merged(story: Story) -> None:
    """The same in other words, which the branch has and its target has not."""
    merge(story)
    path = story.folder / EVIDENCE.format("session-1", "record.json")
    path.write_text(json.dumps(json.loads(path.read_text("utf-8"))))
    story.commit("rewritten")


def known(story: Story) -> int:
    """How many sources a run that begins now need not parse."""
    from coverage import Coverage
    from pytest_handoff.coverage.parsed_sources import parsed_by

    project = open_project(story.folder, fallback=story.folder)
    file = story.folder / "pyproject.toml"
    by = parsed_by(Coverage(data_file=None, config_file=str(file)))
    return len(layouts_before(project, begin(project, "session-2"), by))


@pytest.mark.parametrize(
    "change",
    [no_file, another_digest, another_version, very_many_lines, other_exclusions, not_merged],
    ids=lambda change: change.__name__,
)
def test_what_cannot_be_believed_is_nothing(story: Story, change: Callable[[Story], None]) -> None:
    """As where there is no session before."""
    assert known(story) == MODULES - 1
    change(story)
    assert known(story) == 0


def test_what_the_target_branch_holds_is_believed(story: Story) -> None:
    """In a branch from it."""
    merge(story)
    assert known(story) == MODULES - 1


def test_verify_finds_forged_statements(story: Story) -> None:
    """A file that was forged before it was merged raises the figures of the next cold run, and what that run keeps says so."""
    forge(story, "session-1", hide)
    story.commit("forged")
    merge(story)
    run(story, "session-2")
    raised = figures(story, "session-2")[0]["percent"]
    said = story.handoff("verify", "session-2")
    assert said.code == 1
    assert "session-2/statements.jsonl: does not match the statements that coverage.py finds in src/module03.py; " in said.out
    assert "delete handoffs/" in said.out
    gate = story.handoff("gate", "session-2")
    assert (gate.code, "in src/module03.py" in gate.out) == (1, True)
    no_file(story)
    run(story, "session-2")
    assert story.handoff("verify", "session-2").code == 0
    assert figures(story, "session-2")[0]["percent"] < raised


def test_patterns_that_are_none_are_named(story: Story) -> None:
    """Whoever forges them keeps nobody from checking."""
    run(story, "session-2")
    record = table(story, "session-2")
    del record["digest"]
    record["coverage"]["statements"]["parsed_by"]["exclude"] = ["("]
    (story.folder / EVIDENCE.format("session-2", "record.json")).write_text(json.dumps(record))
    said = story.handoff("verify", "session-2")
    assert said.code == 1
    assert "session-2/statements.jsonl: cannot be checked: its exclude patterns cannot be used: " in said.out


def test_few_or_branches_are_not_kept(story: Story) -> None:
    """They are parsed as ever, and a file that an earlier run of the session left is emptied."""
    run(story, "session-2")
    run(story, "session-2", "--cov-branch")
    assert len(parsed(story)) == MODULES
    assert story.text(EVIDENCE.format("session-2", "statements.jsonl")) == ""
    assert "statements" not in table(story, "session-2")["coverage"]
    assert story.handoff("verify", "session-2").code == 0


def test_contexts_are_read_of_files_with_new_code(story: Story) -> None:
    """Also where file names are relative, and where parts are joined, which are parsed no more than that, either."""
    run(story, "session-2")
    assert story.text(".coverage.asked").split() == ["module07"]
    (story.folder / "pyproject.toml").write_text(PYPROJECT + "[tool.coverage.run]\nrelative_files = true\n")
    run(story, "session-2")
    assert story.text(".coverage.asked").split() == ["module07"]
    run_parts(story)
    assert story.text(".coverage.asked").split() == ["module07"]
    assert parsed(story) == ["module07"]
    assert table(story, "session-2")["coverage"]["statements"]["parsed_by"]["exclude"]
    assert story.handoff("verify", "session-2").code == 0
