"""With branches, too, a run with an empty cache parses only what changed, and says what one says that parses everything."""

from __future__ import annotations

import re
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
from stories import Story

if TYPE_CHECKING:
    from pathlib import Path

BRANCHES = "--cov-branch"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """One session of forty measured files, in which one has changed since; its branches are known."""
    return recorded_in(tmp_path_factory.mktemp("branches"), BRANCHES)


@pytest.fixture
def story(recorded: Story, tmp_path: Path) -> Story:
    """A copy of that project, with an empty cache."""
    return cold_copy(recorded, tmp_path)


def hide(found: list[dict[str, Any]]) -> None:
    """Leave out of one file the lines of which no test takes every branch."""
    (line,) = (line for line in found if line["path"] == "src/module03.py")
    assert line["branches"] == "93la6a2la2a2l4b3wa"
    line["branches"] = "93la6a"


def test_a_cold_run_with_branches_parses_what_changed(recorded: Story, story: Story, tmp_path: Path) -> None:
    """Document, figures and evidence are those of a run that parses everything, and of one whose cache is warm."""
    (tmp_path / "all").mkdir()
    every, warm = cold_copy(story, tmp_path / "all"), Story(tmp_path / "warm")
    shutil.copytree(recorded.folder, warm.folder, symlinks=True)
    (every.folder / EVIDENCE.format("session-1", "statements.jsonl")).unlink()
    for one in (story, every, warm):
        run(one, "session-2", BRANCHES)
    assert [len(parsed(one)) for one in (story, every, warm)] == [1, MODULES, 1]
    assert parsed(story) == parsed(warm) == ["module07"]
    assert 0 < figures(story, "session-2")[0]["branch_percent"] < 100
    for other in (every, warm):
        assert figures(story, "session-2") == figures(other, "session-2")
        assert table(story, "session-2")["coverage"] == table(other, "session-2")["coverage"]
        assert lines(story, "session-2", "coverage.jsonl") == lines(other, "session-2", "coverage.jsonl")
        assert document(story) == document(other)
    assert len(lines(story, "session-2")) == 1, "a renamed function leaves each line what it was"
    assert [one.handoff("verify", "session-2").code for one in (story, every, warm)] == [0, 0, 0]


def document(story: Story) -> str:
    """The document, but for how long the tests took."""
    text, found = re.subn(r"test run: .*", "test run", story.text("handoffs/session-2.md"))
    assert found == 1
    return text


def test_parts_are_joined_without_parsing_what_is_known(story: Story) -> None:
    """As one run would."""
    run_parts(story, BRANCHES)
    assert parsed(story) == ["module07"]
    assert table(story, "session-2")["coverage"]["branch_percent"] < 100
    assert story.handoff("verify", "session-2").code == 0


def test_lines_are_known_where_branches_are(story: Story) -> None:
    """But not the other way round: what is kept of lines says nothing of branches."""
    run(story, "session-2")
    assert parsed(story) == ["module07"]
    assert "partial" not in table(story, "session-2")["coverage"]["statements"]["parsed_by"]
    assert not any("branches" in line for line in lines(story, "session-2")[1:])
    run(story, "session-3", BRANCHES, "--cache-clear")
    assert len(parsed(story)) == MODULES
    assert "branches" in lines(story, "session-3")[-1]
    assert story.handoff("verify", "session-3", "--all").code == 0


def test_branches_under_other_patterns_are_parsed(story: Story) -> None:
    """As many are asked for as the settings of this run say."""
    run(story, "session-2", BRANCHES, "--cache-clear")
    asked = table(story, "session-2")["coverage"]["branch_percent"]
    (story.folder / "pyproject.toml").write_text(PYPROJECT + '[tool.coverage.report]\npartial_also = ["for value"]\n')
    run(story, "session-3", BRANCHES, "--cache-clear")
    assert len(parsed(story)) == MODULES
    assert table(story, "session-3")["coverage"]["branch_percent"] > asked
    assert story.handoff("verify", "session-3").code == 0


def test_verify_finds_forged_branches(story: Story) -> None:
    """They raise the figures of the next cold run, whose own file is then not what coverage.py finds."""
    forge(story, "session-1", hide)
    story.commit("forged")
    run(story, "session-2", BRANCHES)
    raised = table(story, "session-2")["coverage"]["branch_percent"]
    said = story.handoff("verify", "session-2")
    assert said.code == 1
    assert "does not match the statements and branches that coverage.py finds in src/module03.py; " in said.out
    gate = story.handoff("gate", "session-2")
    assert (gate.code, "in src/module03.py" in gate.out) == (1, True)
    (story.folder / EVIDENCE.format("session-1", "statements.jsonl")).unlink()
    run(story, "session-2", BRANCHES)
    assert story.handoff("verify", "session-2").code == 0
    assert table(story, "session-2")["coverage"]["branch_percent"] < raised


def test_branches_that_are_not_kept_are_parsed(story: Story) -> None:
    """As those are that depend on one another; a file without them is no less true."""
    forge(story, "session-1", lambda found: [line.pop("branches") for line in found if line["path"] == "src/module03.py"])
    story.commit("without")
    run(story, "session-2", BRANCHES)
    assert parsed(story) == ["module03", "module07"]
    assert story.handoff("verify", "session-2").code == 0
