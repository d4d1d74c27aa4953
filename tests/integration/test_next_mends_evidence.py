"""``handoff next`` where the evidence itself cannot be read: it names the command or the edit that mends it, and ends."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from test_program_with_next import DOCUMENT, Program

from pytest_handoff.cli.support import CANNOT_TELL, GOOD, NO
from stories import FIRST, Story, new_story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVIDENCE = "handoffs/evidence"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two sessions are recorded and committed, a third one is recorded and not committed yet; nobody changes this one."""
    story = new_story(tmp_path_factory.mktemp("played") / "project")
    story.write_files(FIRST)
    story.commit("first")
    for number in (1, 2, 3):
        story.write_files({f"handoffs/session-{number}.md": DOCUMENT})
        assert story.pytest("-q", f"--handoff=session-{number}").code == GOOD
        if number < 3:
            story.commit(f"session-{number}")
    return story


@pytest.fixture
def third(played: Story, tmp_path: Path) -> Story:
    """A copy of that project."""
    shutil.copytree(played.folder, tmp_path / "project", symlinks=True)
    return Story(tmp_path / "project")


def first_step(story: Story, *args: str) -> dict[str, Any]:
    """The first thing that is left, as a program is told."""
    done = story.handoff("next", "--json", *args)
    assert done.code == NO, done
    step: dict[str, Any] = json.loads(done.out)["steps"][0]
    return step


def take_out(name: str) -> Callable[[Story], None]:
    """Remove a file or folder of the evidence."""

    def act(story: Story) -> None:
        path = story.folder / EVIDENCE / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return act


def spoil(name: str) -> Callable[[Story], None]:
    """Cut a file of the evidence."""
    return lambda story: story.write_files({f"{EVIDENCE}/{name}": '{"schema'})


@pytest.mark.parametrize(
    ("happens", "committed"),
    [
        pytest.param(take_out("session-1"), True, id="earlier session gone"),
        pytest.param(take_out("session-2/record.json"), False, id="continued record gone"),
        pytest.param(take_out("session-2/sources.jsonl"), False, id="continued sources gone"),
        pytest.param(spoil("session-2/record.json"), False, id="continued record damaged"),
        pytest.param(spoil("session-2/tests.jsonl"), True, id="continued ledger damaged"),
    ],
)
def test_git_has_what_is_missing_or_damaged(third: Story, happens: Callable[[Story], None], *, committed: bool) -> None:
    """The command brings back that record, and no other one, also where the damage was committed."""
    happens(third)
    if committed:
        third.commit("by mistake")
    assert first_step(third)["command"].startswith("git checkout ")

    assert set(Program(third).finish()) <= {"chain", "evidence"}


@pytest.mark.parametrize("happens", [spoil, take_out])
def test_a_ledger_that_only_this_run_had(third: Story, happens: Callable[[str], Callable[[Story], None]]) -> None:
    """Running the newest session again writes it anew."""
    happens("session-3/tests.jsonl")(third)
    step = first_step(third)

    assert (step["kind"], step["file"]) == ("evidence", f"{EVIDENCE}/session-3/tests.jsonl")
    assert step["command"] == "pytest --handoff=session-3"
    assert Program(third).finish() == ["evidence"]


def test_a_tree_that_only_this_run_had(third: Story) -> None:
    """The figures stand, but the next session would have nothing to compare with: verify says so, and another run mends it."""
    take_out("session-3/sources.jsonl")(third)
    done = third.handoff("verify", "session-3")

    assert (done.code, "sources.jsonl: is missing, so the next session cannot tell" in done.out) == (NO, True), done
    assert Program(third).finish() == ["chain"]


def test_a_record_that_only_this_run_had(third: Story) -> None:
    """It is named, and what to do: take it away, and the session waits for its run."""
    spoil("session-3/record.json")(third)

    def delete(_: Story, step: dict[str, Any], path: Path) -> None:
        assert "delete it" in step["do"]
        path.unlink()

    assert Program(third).finish(evidence=delete) == ["evidence", "run"]


def test_a_session_that_git_never_had(third: Story) -> None:
    """The session before it was never committed and is lost: the newest one continues the one that is left."""
    third.git("reset", "--quiet", "--soft", "HEAD~1")
    third.git("reset", "--quiet")
    third.git("reflog", "expire", "--expire=all", "--all")
    third.git("gc", "--quiet", "--prune=now")
    take_out("session-2")(third)
    (third.folder / "handoffs/session-2.md").unlink()
    assert first_step(third)["command"] == "pytest --handoff=session-3 --handoff-previous=session-1"

    assert Program(third).finish() == ["evidence"]


def test_a_clone_without_its_history(third: Story, tmp_path: Path) -> None:
    """A commit lost the evidence, and the clone is too shallow to have it: the history is fetched first, then it is restored."""
    take_out("session-2")(third)
    third.commit("by mistake")
    shallow = tmp_path / "shallow"
    third.git("clone", "--quiet", "--depth=1", third.folder.as_uri(), str(shallow))
    story = Story(shallow)
    assert first_step(story)["command"] == "git fetch --unshallow"

    assert Program(story).finish() == ["evidence", "evidence"]


def test_two_people_recorded_one_session(third: Story) -> None:
    """Git could not merge it: which side counts is for somebody to say, and the step says how."""
    third.commit("session-3")
    third.git("checkout", "--quiet", "-b", "other", "HEAD~1")
    third.write_files({"handoffs/session-3.md": DOCUMENT, "notes.txt": "of the other one\n"})
    assert third.pytest("-q", "--handoff=session-3").code == GOOD
    third.commit("another session-3")
    assert third.run("git", "merge", "--quiet", "main").code == NO
    step = first_step(third)

    assert (step["kind"], step["command"], step["file"]) == ("conflict", None, f"{EVIDENCE}/session-3/record.json")
    assert "git checkout --ours (or --theirs) " in step["do"]

    def take_ours(story: Story, _: dict[str, Any], __: Path) -> None:
        for verb in (["checkout", "--ours"], ["add"]):
            story.git(*verb, f"{EVIDENCE}/session-3", "handoffs/session-3.md")

    assert Program(third).finish(conflict=take_ours)[0] == "conflict"


def test_a_conflict_in_the_document(third: Story) -> None:
    """The line where it starts is named."""
    text = third.document("session-3")
    both = text.replace("# Session\n", "# Session\n\n<<<<<<< HEAD\nOne\n=======\nOther\n>>>>>>> other\n", 1)
    third.write_files({"handoffs/session-3.md": both})

    def resolve(story: Story, step: dict[str, Any], path: Path) -> None:
        assert path.read_text("utf-8").splitlines()[step["line"] - 1] == "<<<<<<< HEAD"
        story.write_files({"handoffs/session-3.md": text})

    assert Program(third).finish(conflict=resolve) == ["conflict"]


def test_a_document_that_is_no_text(third: Story) -> None:
    """What to do with it is said, and where it is."""
    path = third.folder / "handoffs/session-3.md"
    text = path.read_text("utf-8")
    path.write_text(text, "utf-16")
    step = first_step(third)
    assert (step["kind"], step["file"], step["do"]) == ("document", "handoffs/session-3.md", "save it as UTF-8")

    path.unlink()
    path.mkdir()
    assert first_step(third)["do"] == "move it away"


def test_a_document_that_is_missing(third: Story) -> None:
    """It comes before all that stands in it: git's copy where there is one, else a new one."""
    third.commit("session-3")
    (third.folder / "handoffs/session-3.md").unlink()
    done = third.handoff("next", "--json")
    steps = json.loads(done.out)["steps"]
    assert [step["command"] for step in steps] == ["git checkout HEAD -- handoffs/session-3.md"]
    third.git("checkout", "HEAD", "--", "handoffs/session-3.md")
    assert third.handoff("next").code == GOOD

    third.git("rm", "--quiet", "--cached", "handoffs/session-3.md")
    third.git("commit", "--quiet", "--amend", "--message", "session-3")
    (third.folder / "handoffs/session-3.md").unlink()
    assert first_step(third)["command"] == "handoff fill session-3"


def test_a_newer_version_wrote_it(third: Story) -> None:
    """No edit mends that: it cannot tell, and says in one sentence what to do."""
    path = third.folder / EVIDENCE / "session-3/record.json"
    path.write_text(path.read_text("utf-8").replace("record/1", "record/99", 1), "utf-8")
    done = third.handoff("next", "session-3", "--json")

    assert (done.code, done.out) == (CANNOT_TELL, "")
    assert done.err.endswith("upgrade pytest-handoff\n")
    assert done.err.count("\n") == 1


def test_a_tree_of_which_no_file_is_known(third: Story) -> None:
    """Where git is gone, another tree is all that can be said: what is no name is not among the names."""
    third.write_files({"(app)/a.py": ""})
    assert first_step(third)["names"] == ["(app)/a.py"]
    assert "1 file differs: (app)/a.py;" in third.handoff("verify").out
    shutil.rmtree(third.folder / ".git")
    shutil.rmtree(third.folder / "(app)")
    step = first_step(third)

    assert (step["kind"], step["names"]) == ("stale", [])
    assert step["what"] == "the tests of session-3 ran on another tree: which file is not known"


def test_a_person_is_told_the_same(third: Story) -> None:
    """Without ``--json``, one step in words; and other verbs still say that they cannot tell."""
    take_out("session-2")(third)
    done = third.handoff("next")

    assert done.code == NO
    assert "1. evidence  handoffs/evidence/session-2/record.json" in done.out
    assert "git checkout HEAD -- handoffs/evidence/session-2" in done.out
    assert third.handoff("gate").code == CANNOT_TELL
