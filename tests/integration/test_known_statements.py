"""With an empty cache a run parses only what changed: what an earlier session says of the other sources is taken over."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from many_modules import (
    EVIDENCE,
    MODULES,
    PYPROJECT,
    cold_copy,
    figures,
    forge,
    lines,
    parsed,
    recorded_in,
    run,
    run_parts,
    table,
)
from pytest_handoff.project.layout import open_project
from pytest_handoff.workflow.known_statements import statements_before
from pytest_handoff.workflow.start import begin
from stories import Story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """One session of forty measured files, in which one has changed since."""
    return recorded_in(tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def story(recorded: Story, tmp_path: Path) -> Story:
    """A copy of that project, with an empty cache."""
    return cold_copy(recorded, tmp_path)


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
    by = parsed_by(Coverage(data_file=None, config_file=str(file)), branches=False)
    return len(statements_before(project, begin(project, "session-2"), by))


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


@pytest.mark.parametrize(("option", "args"), [("exclude", ()), ("partial", ("--cov-branch",))])
def test_patterns_that_are_none_are_named(story: Story, option: str, args: tuple[str, ...]) -> None:
    """Whoever forges them keeps nobody from checking."""
    run(story, "session-2", *args)
    record = table(story, "session-2")
    del record["digest"]
    record["coverage"]["statements"]["parsed_by"][option] = ["("]
    (story.folder / EVIDENCE.format("session-2", "record.json")).write_text(json.dumps(record))
    said = story.handoff("verify", "session-2")
    assert said.code == 1
    assert "session-2/statements.jsonl: cannot be checked: its patterns cannot be used: " in said.out


def test_few_are_not_kept(story: Story) -> None:
    """They are parsed as ever, and a file that an earlier run of the session left is emptied."""
    run(story, "session-2")
    assert story.text(EVIDENCE.format("session-2", "statements.jsonl")) != ""
    story.pytest("-p", "counting", "--cov=plugins", "--cov-report=", "--handoff=session-2")
    assert parsed(story) == ["counting"]
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
