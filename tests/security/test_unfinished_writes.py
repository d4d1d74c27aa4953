"""A write that was cut short is finished by who writes, told by who reads, and never taken from a note that anybody committed."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from every_verb import EVERY, READING, WRITING, complete, picture, play

from pytest_handoff.errors import WriteProblem
from pytest_handoff.project.artifacts import Artifact
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.locks import key_of_folder
from pytest_handoff.project.tree import read_tree
from pytest_handoff.project.writing import write_as_one
from stories import Story

NOTES = {
    "steals": {"made": "../../secret", "place": "stolen.txt", "before": None},
    "gives git a hook": {"made": "hook.txt", "place": "../.git/hooks/post-checkout", "before": None},
    "deletes": {"made": "../../secret", "place": "session-1.md", "before": "0" * 64},
    "in the form of our own": {"made": "evidence/session-1/.record.json.01234567.tmp", "place": "../../secret", "before": None},
}
TOLD = "finish it with handoff fill session-1"


@pytest.fixture(params=NOTES)
def noted(request: pytest.FixtureRequest, recorded: Story) -> Story:
    """A hand-off that brings a note, in the old form and under the name of the new one, and what the note wants to move."""
    (recorded.folder.parent / "secret").write_text("SECRET")
    folder = recorded.folder / "handoffs"
    (folder / "hook.txt").write_text("#!/bin/sh\n")
    (folder / "evidence/session-1/.record.json.01234567.tmp").write_text("{}")
    step = NOTES[request.param]
    (folder / ".handoff-switch.json").write_text(json.dumps([step]))
    new = {"session": "session-1", "steps": [{"kind": "record", "mark": "01234567", "before": None}, step]}
    (folder / f"pytest-handoff-{key_of_folder(folder)}.unfinished.json").write_text(json.dumps(new))
    recorded.git("add", "--all", "--force")
    recorded.git("commit", "--quiet", "--message", "a note")
    return recorded


def outside(story: Story) -> dict[str, bytes | str]:
    """The world around the project, and what git would run in it."""
    return picture(story.folder.parent, without="project") | picture(story.folder / ".git/hooks")


def test_a_note_that_was_committed_is_followed_by_nobody(noted: Story) -> None:
    """No verb moves or deletes what it names, each says that it should go, and evidence stays as it is."""
    world, record = outside(noted), noted.text("handoffs/evidence/session-1/record.json")
    for verb, args in READING.items():
        before = picture(noted.folder, without="report")
        done = play(noted, *args)
        assert "handoffs/.handoff-switch.json: " in done.err or verb == "schema", verb
        assert picture(noted.folder, without="report") == before, verb
    for args in WRITING.values():
        play(noted, *args)
    assert complete(noted) == ["plain,session-1"]
    assert outside(noted) == world
    assert noted.text("handoffs/evidence/session-1/record.json") == record
    assert not (noted.folder / "handoffs/stolen.txt").exists()
    assert (noted.folder / "handoffs/hook.txt").exists()


def test_a_run_follows_no_committed_note_either(noted: Story) -> None:
    """pytest --handoff records as ever."""
    world = outside(noted)
    assert noted.pytest("-q", "--no-cov", "--handoff=session-1").code == 0
    assert outside(noted) == world
    assert (noted.folder / "handoffs/hook.txt").exists()


@pytest.mark.parametrize("verb", EVERY)
def test_a_note_that_is_a_link(recorded: Story, verb: str) -> None:
    """What a link in the note's place leads to is neither read nor changed."""
    theirs = recorded.folder.parent / "theirs.json"
    theirs.write_text(json.dumps([NOTES["deletes"]]))
    (recorded.folder / "handoffs/.handoff-switch.json").symlink_to(theirs)
    play(recorded, *EVERY[verb])
    assert json.loads(theirs.read_text()) == [NOTES["deletes"]]


MORE = {"tests/unit/test_more.py": "def test_more(): pass\n"}


@pytest.fixture(scope="session")
def newer(recorded_once: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a newer run of the session, with one more test, in the order in which they are written."""
    folder = tmp_path_factory.mktemp("newer") / "project"
    shutil.copytree(recorded_once, folder, symlinks=True)
    story = Story(folder)
    story.write_files(MORE)
    assert story.pytest("-q", "--no-cov", "--handoff=session-1").code == 0
    order = ("sources.jsonl", "tests.jsonl", "session-1.md", "record.json")
    return {name: content for end in order for name, content in story.evidence().items() if name.endswith(end)}


@pytest.fixture(params=["nothing moved", "half moved"])
def cut_short(
    request: pytest.FixtureRequest, recorded: Story, newer: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> tuple[Story, bool]:
    """A hand-off whose newer evidence was being written when the process died; whether some of its files are new."""
    mixed = request.param == "half moved"
    recorded.write_files(MORE)
    replace, moved = Path.replace, []

    def die(path: Path, target: Path) -> Path:
        moved.append(target)
        if len(moved) > (2 if mixed else 0):
            raise OSError(5, "the machine went down", str(target))
        return replace(path, target)

    project = open_project(recorded.folder)
    with monkeypatch.context() as patched, suppress(WriteProblem):
        patched.setattr(Path, "replace", die)
        write_as_one(
            project, "session-1", [Artifact(path=recorded.folder / name, content=content) for name, content in newer.items()]
        )
    return recorded, mixed


def test_who_reads_is_told_and_changes_nothing(cut_short: tuple[Story, bool]) -> None:
    """Each verb that reads names what finishes the write; a mixture of old and new is no evidence, and gets no verdict."""
    story, mixed = cut_short
    before = picture(story.folder, without="report")
    for verb, args in READING.items():
        if verb != "schema":
            done = play(story, *args)
            assert TOLD in done.err, (verb, done)
            assert (done.code == 2) is mixed, (verb, done)
            if mixed:
                assert done.out == "", verb
    assert complete(story) == ["plain,session-1"]
    assert picture(story.folder, without="report") == before


@pytest.mark.parametrize("verb", [*WRITING, "pytest"])
def test_who_writes_finishes_it(cut_short: tuple[Story, bool], verb: str) -> None:
    """After any verb that writes, the new files are all in their places, and nothing is left beside them."""
    story, _ = cut_short
    if verb == "pytest":
        assert story.pytest("-q", "--no-cov", "--handoff=session-1").code == 0
    else:
        play(story, *WRITING[verb])
    assert [path.name for path in (story.folder / "handoffs").rglob(".*.tmp")] == []
    shown = play(story, "show", "session-1", "--json")
    assert (shown.code, shown.err) == (0, "")
    assert "test_more" in shown.out
    assert play(story, "fill", "session-1", "--check").code == 0


def test_what_is_left_of_a_write_is_no_code(recorded: Story) -> None:
    """Finished files beside documents are no part of the tree, wherever these are, until somebody commits them."""
    recorded.write_files({"handoff.toml": 'document = "docs/{session}.md"\n'})
    left, mine = "docs/.session-1.md.01234567.tmp", "docs/.session-1.md.0123456g.tmp"
    recorded.write_files({left: "x", mine: "x"})
    files = read_tree(open_project(recorded.folder)).files
    assert (left in files, mine in files) == (False, True)
    recorded.commit()
    assert left in read_tree(open_project(recorded.folder)).files
