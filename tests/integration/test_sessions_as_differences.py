"""A session costs what it changed: what is in the files, and that nothing is lost or believed by it, with real git and runs."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from pytest_handoff.cli.handoff import main
from pytest_handoff.project.stored_files import StoredFiles
from stories import Story, new_story

if TYPE_CHECKING:
    from pathlib import Path

EVIDENCE = "handoffs/evidence/{}/{}"
PYPROJECT = '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
MANY = """
import pytest

@pytest.mark.parametrize("number", range(150))
def test_many(number):
    assert number != {failing}
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Three sessions: the second adds a test, the third breaks one."""
    story = new_story(tmp_path_factory.mktemp("recorded") / "shop")
    modules = {f"src/module{number:02}.py": f"x = {number}\n" * 40 for number in range(20)}
    story.write_files(modules | {"pyproject.toml": PYPROJECT, "tests/test_many.py": MANY.format(failing=-1)})
    run(story, "session-1")
    add_a_test(story, "second")
    run(story, "session-2")
    story.write_files({"tests/test_many.py": MANY.format(failing=77)})
    run(story, "session-3")
    return story


@pytest.fixture
def story(recorded: Story, tmp_path: Path) -> Story:
    """A copy of that project."""
    shutil.copytree(recorded.folder, tmp_path / "shop", symlinks=True)
    return Story(tmp_path / "shop")


def add_a_test(story: Story, name: str) -> None:
    story.write_files({f"tests/test_{name}.py": f"def test_{name}(): assert 1 + 1 == 2\n"})


def run(story: Story, session: str, *args: str) -> str:
    """Record a session, and commit it."""
    out = story.pytest("--no-cov", f"--handoff={session}", *args).out
    assert f"handoffs/{session}.md" in out, out
    story.commit(session)
    return out


def lines(story: Story, session: str, name: str = "tests.jsonl") -> list[str]:
    return story.text(EVIDENCE.format(session, name)).splitlines()


def test_the_diff_of_a_session_tells_its_story(story: Story) -> None:
    """The new test, the one that broke, the file that changed; and every reader sees the whole."""
    assert [len(lines(story, session)) for session in ("session-1", "session-2", "session-3")] == [150, 2, 2]
    assert json.loads(lines(story, "session-2")[1])["id"] == "tests/test_second.py::test_second"
    broken = json.loads(lines(story, "session-3")[1])
    assert (broken["id"], broken["outcome"]) == ("tests/test_many.py::test_many[77]", "failed")
    assert [json.loads(line)["path"] for line in lines(story, "session-3", "sources.jsonl")[1:]] == ["tests/test_many.py"]
    assert [len(story.show(f"session-{number}")["tests"]) for number in (1, 2, 3)] == [150, 151, 151]
    assert story.handoff("verify", "session-3", "--all").code == 0
    assert "session-3  ✗ failed" in story.handoff("history", "test_many[77]").out
    assert story.handoff("report", "session-3").code == 0
    clone = Story(story.folder.parent / "clone")
    story.git("clone", "--quiet", "--depth=1", f"file://{story.folder}", str(clone.folder))
    assert clone.handoff("verify", "session-3", "--all").code == 0


@pytest.mark.parametrize("verb", ["show", "explain"])
def test_a_command_puts_no_file_together_twice(story: Story, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """It reads each earlier session's file once, however often it asks for the session's and its parent's."""
    read: Counter[tuple[str, str]] = Counter()
    really = StoredFiles.read_if_there

    def noted(files: StoredFiles, name: str, session: str) -> bytes | None:
        read[name, session] += 1
        return really(files, name, session)

    monkeypatch.setattr(StoredFiles, "read_if_there", noted)
    monkeypatch.chdir(story.folder)
    assert CliRunner().invoke(main, [verb, "session-3"]).exit_code in (0, 1)
    assert read["tests.jsonl", "session-3"] >= 1
    assert (read["tests.jsonl", "session-1"], read["sources.jsonl", "session-1"]) == (1, 1)


def test_a_changed_line_is_what_a_changed_file_costs(story: Story) -> None:
    """One hash of ten; whoever touches it has another file than the record names."""
    line = json.loads(lines(story, "session-3", "sources.jsonl")[1])
    [[at, gone, new]] = line["edits"]
    assert (at, gone, len(new)) == (4, 1, 8)
    path = EVIDENCE.format("session-3", "sources.jsonl")
    for old, forged in ((f'[{at},{gone},"{new}"]', ""), (f"[{at},", "[0,"), (f"[{at},", "[9999,"), (new, "0" * 8)):
        text = story.text(path)
        story.edit(path, old, forged)
        said = story.handoff("verify", "session-3")
        assert said.code == 2
        assert f"{path}: does not match the digest in record.json" in said.err
        (story.folder / path).write_text(text, "utf-8")
    assert story.handoff("verify", "session-3").code == 0


def test_what_goes_to_ci_is_whole(story: Story) -> None:
    """The artifacts folder of a job holds one session, and has to be read without the others."""
    add_a_test(story, "fourth")
    run(story, "session-4", "--handoff-artifacts=artifacts")
    assert len(lines(story, "session-4")) == 2
    assert len(story.text("artifacts/handoffs/evidence/session-4/tests.jsonl").splitlines()) == 152


def test_filling_changes_no_form(story: Story) -> None:
    """``handoff fill`` writes the document and the record, and the ledger stays as it is."""
    before = story.evidence()
    assert story.handoff("fill", "session-3").code == 0
    assert story.handoff("fill", "session-1").code == 0
    assert story.evidence() == before


def test_a_session_recorded_again_takes_nothing_from_its_children(story: Story) -> None:
    """The child is written whole before; verifying says what it always said, and a run of the child mends it."""
    add_a_test(story, "late")
    run(story, "session-2")
    assert len(lines(story, "session-3")) == 151
    assert "session-2 … session-3 (2 sessions)  ✗ failed" in story.handoff("history", "test_many[77]").out
    said = story.handoff("verify", "session-3")
    assert "the record of session-3 does not match its ledger and the earlier sessions" in said.err
    run(story, "session-3")
    assert len(lines(story, "session-3")) == 1
    assert story.handoff("verify", "session-3", "--all").code == 0


@pytest.fixture
def merged(story: Story) -> Story:
    """One branch went on from session-3, and on another one session-3 was recorded again: git merges both without a word."""
    story.git("checkout", "--quiet", "-b", "other")
    add_a_test(story, "other")
    run(story, "session-3")
    story.git("checkout", "--quiet", "-")
    add_a_test(story, "fourth")
    run(story, "session-4")
    story.git("merge", "--quiet", "--no-edit", "other")
    return story


def test_a_base_that_a_merge_replaced_is_one_sentence_and_a_run_mends_it(merged: Story) -> None:
    """Nothing is guessed; the next run of the child is whole or stands on what is there now."""
    shown = merged.handoff("show", "session-4")
    assert shown.code == 2
    assert (
        "handoffs/evidence/session-3/tests.jsonl: is not the file that session-4 was written against: it was edited or recorded "
        "again; restore it, or run pytest --handoff=session-4 again"
    ) in shown.err
    assert merged.pytest("--no-cov", "--handoff=session-5").code == 4
    run(merged, "session-4", "-k", "not fourth")
    run(merged, "session-4")
    assert merged.handoff("verify", "session-4").code == 0
    assert len(merged.show("session-4")["tests"]) == 153


def test_pruning_leaves_what_others_stand_on(story: Story) -> None:
    """Said before and after; the newest session can be verified and run again."""
    dry = story.handoff("prune", "--dry-run").out
    assert "handoffs/evidence/session-2/sources.jsonl: would be written whole" in dry
    assert "handoffs/evidence/session-1/sources.jsonl: would be removed" in dry
    done = story.handoff("prune").out
    assert "handoffs/evidence/session-2/sources.jsonl: written whole" in done
    assert "handoffs/evidence/session-1/sources.jsonl: removed" in done
    story.commit("pruned")
    assert story.handoff("verify", "session-3", "--all").code == 0
    run(story, "session-3")
    assert story.show("session-3")["changes"]["modified"] == ["tests/test_many.py"]


def test_a_pruned_base_on_another_branch_is_not_measured(story: Story) -> None:
    """A session came from a branch on which its base had not been pruned yet: what changed is not known, and that is said."""
    (story.folder / EVIDENCE.format("session-1", "sources.jsonl")).unlink()
    said = story.handoff("verify", "session-3").out
    assert "handoffs/evidence/session-1/sources.jsonl: is missing" in said
    assert "the sources of session-3 were pruned" in story.pytest("--handoff=session-4", "--cov=src").out
    assert story.show("session-4")["changes"] is None


def test_a_merged_session_is_read_from_its_commit(story: Story) -> None:
    """Where it holds a difference, with the files of that commit: what was merged and is lost now is named."""
    story.write_files({"pyproject.toml": PYPROJECT + '[tool.handoff]\ntarget = "main"\n'})
    add_a_test(story, "third")
    run(story, "session-3")
    assert lines(story, "session-3")[0].startswith('{"differs_from":"session-2"')
    story.git("checkout", "--quiet", "-b", "work")
    (story.folder / "tests/test_third.py").unlink()
    run(story, "session-3")
    said = story.handoff("verify", "session-3").out
    assert "lacks what session-3 has on main: tests/test_third.py::test_third" in said
