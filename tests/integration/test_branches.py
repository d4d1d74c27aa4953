"""Two branches and three people: what Ann, Bob and Cleo are told when their work comes together, with real git.

Ann's sessions land on main first, Bob's branch began before they did, and Cleo goes on with what both have left.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from stories import FIRST, Story, new_story

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = """
    # What was done

    ## Checklist

    - [ ] All unit tests pass
    - [ ] All previous session tests pass
"""
BOBS_RECORD = "handoffs/evidence/session-2b/record.json"
LEFT_OUT = (
    f"{BOBS_RECORD}: does not continue session-2, recorded on main; "
    "run pytest --handoff=session-2b again, to continue what was merged as well"
)


def work(story: Story, session: str, name: str, *args: str) -> None:
    """Add a module with a test, record the session, and commit it all."""
    story.write_files({
        f"src/shop/{name}.py": f"def {name}():\n    return 1\n",
        f"tests/unit/test_{name}.py": f"from shop.{name} import {name}\n\n\ndef test_{name}():\n    assert {name}() == 1\n",
    })  # fmt: skip
    record(story, session, *args)


def record(story: Story, session: str, *args: str) -> str:
    """Run the tests for a session, commit what it leaves, and return what the run said."""
    if not (story.folder / f"handoffs/{session}.md").exists():
        story.write_files({f"handoffs/{session}.md": DOCUMENT})
    done = story.pytest("--no-cov", f"--handoff={session}", *args)
    assert done.code == 0, done
    story.commit(session)
    return done.out


def said(story: Story, *command: str) -> list[str]:
    """What a command that checks says, a line each, and that it is a no."""
    done = story.handoff(*command)
    assert done.code == 1, done
    return done.out.splitlines()


def about_the_chain(story: Story, session: str) -> list[str]:
    """What ``gate`` says of the chain, which ``verify`` says in the same words, with ``--all`` as well."""
    done = story.handoff("gate", session, "--machine-only", "--json")
    reasons = [reason for reason in json.loads(done.out)["reasons"] if reason["gate"] == "chain"]
    sentences = [f"{reason['message']}; {reason['needs']}" for reason in reasons]
    for options in ((), ("--all",)):
        lines = story.handoff("verify", session, *options).out.splitlines()
        assert [line for line in lines if line in sentences] == sentences, lines
        assert sum(" on main" in line or " continues " in line for line in lines) <= len(sentences), lines
    return sentences


def previous(story: Story, session: str) -> list[str]:
    """The sessions that a session continues."""
    return list(story.show(session)["previous"])


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Main with session-1; Ann's branch with session-2 and Bob's with session-2b, both begun there."""
    story = new_story(tmp_path_factory.mktemp("team") / "project")
    story.write_files({**FIRST, "handoffs/.gitkeep": ""})
    story.edit("pyproject.toml", "[tool.pytest", '[tool.handoff]\ntarget = "main"\n\n[tool.pytest')
    record(story, "session-1")
    for branch, session, name in (("ann", "session-2", "apple"), ("bob", "session-2b", "banana")):
        story.git("switch", "--quiet", "--create", branch, "main")
        work(story, session, name)
    return story.folder


@pytest.fixture
def team(yesterday: Path, tmp_path: Path) -> Story:
    """A copy of that repository, with Bob's branch checked out."""
    return Story(shutil.copytree(yesterday, tmp_path / "project"))


@pytest.fixture
def landed(team: Story) -> Story:
    """Ann's branch is merged into main; Bob does not know yet."""
    team.git("switch", "--quiet", "main")
    team.git("merge", "--quiet", "--no-ff", "--no-edit", "ann")
    team.git("switch", "--quiet", "bob")
    return team


@pytest.mark.parametrize("how", [("merge", "--no-edit"), ("rebase",)], ids=["merge", "rebase"])
def test_bob_brings_his_branch_up_to_date(landed: Story, how: tuple[str, ...]) -> None:
    """He is told once whose session he leaves out; running again takes it in, and Ann's tests are earlier tests, not his."""
    assert about_the_chain(landed, "session-2b") == []
    landed.git(how[0], "--quiet", *how[1:], "main")
    assert about_the_chain(landed, "session-2b") == [LEFT_OUT]
    record(landed, "session-2b")

    assert previous(landed, "session-2b") == ["session-1", "session-2"]
    shown = landed.show("session-2b")
    assert shown["tests"]["tests/unit/test_apple.py::test_apple"]["since"] == "session-2"
    assert [test for test, entry in shown["tests"].items() if entry["status"] == "new"] == [
        "tests/unit/test_banana.py::test_banana"
    ]
    assert shown["regression"]["expected"] == 4
    assert landed.handoff("gate", "session-2b", "--machine-only").code == 0
    assert landed.handoff("verify", "session-2b", "--all").code == 0


def test_bob_runs_before_he_commits_the_merge(landed: Story) -> None:
    """A merge that is under way counts: he need not run a second time."""
    landed.git("merge", "--quiet", "--no-commit", "--no-ff", "main")
    record(landed, "session-2b")

    assert previous(landed, "session-2b") == ["session-1", "session-2"]
    assert landed.handoff("gate", "session-2b", "--machine-only").code == 0


def test_bob_loses_a_test_of_ann_s_in_the_merge(landed: Story) -> None:
    """It is missing, since session-2, although nobody but her had it before."""
    landed.git("merge", "--quiet", "--no-edit", "main")
    landed.git("rm", "--quiet", "tests/unit/test_apple.py")
    record(landed, "session-2b")

    assert landed.statuses("session-2b")["test_apple"] == "missing"
    lost = [line for line in said(landed, "gate", "session-2b", "--machine-only") if "regression" in line]
    assert "test_apple" in " ".join(lost)


def test_bob_names_what_he_continues_and_leaves_ann_out(landed: Story) -> None:
    """``--handoff-previous`` means what it says, and all say what it leaves out; a run without it takes her in."""
    landed.git("merge", "--quiet", "--no-edit", "main")
    gated = landed.pytest("--no-cov", "--handoff=session-2b", "--handoff-previous=session-1", "--handoff-gate")
    assert gated.code == 1
    assert f"gate       would not pass:\n  chain      {LEFT_OUT}\n" in gated.section
    assert f"chain      {LEFT_OUT}\n" in record(landed, "session-2b", "--handoff-previous=session-1", "-q")
    assert previous(landed, "session-2b") == ["session-1"]
    assert about_the_chain(landed, "session-2b") == [LEFT_OUT]

    record(landed, "session-2b")
    assert previous(landed, "session-2b") == ["session-1", "session-2"]
    assert about_the_chain(landed, "session-2b") == []


def test_cleo_goes_on_after_both_have_landed(landed: Story) -> None:
    """What Bob took in is not asked for twice: she continues his session alone, and through it Ann's."""
    landed.git("merge", "--quiet", "--no-edit", "main")
    record(landed, "session-2b")
    landed.git("switch", "--quiet", "main")
    landed.git("merge", "--quiet", "--ff-only", "bob")
    landed.git("switch", "--quiet", "--create", "cleo")
    work(landed, "session-3", "cherry")

    assert previous(landed, "session-3") == ["session-2b"]
    assert landed.show("session-3")["regression"]["expected"] == 5
    assert landed.handoff("gate", "session-3", "--machine-only").code == 0
    assert about_the_chain(landed, "session-2b") == []  # until hers is merged, Bob's is the end of the chain
    landed.git("switch", "--quiet", "main")
    landed.git("merge", "--quiet", "--ff-only", "cleo")
    assert about_the_chain(landed, "session-2b") == [
        f"{BOBS_RECORD}: is not the end of the chain on main: session-3 comes after it; "
        "record this work as a new session: pytest --handoff=NAME"
    ]


def test_ann_moves_a_test_and_bob_is_not_asked_for_the_old_one(team: Story) -> None:
    """What she moved or retired is hers to say: session-1, which Bob continues too, does not ask for it once more."""
    team.git("switch", "--quiet", "ann")
    team.git("mv", "tests/unit/test_cart.py", "tests/unit/test_basket.py")
    record(team, "session-2")
    team.git("switch", "--quiet", "main")
    team.git("merge", "--quiet", "--no-edit", "ann")
    team.git("switch", "--quiet", "bob")
    team.git("merge", "--quiet", "--no-edit", "main")
    record(team, "session-2b")

    assert previous(team, "session-2b") == ["session-1", "session-2"]
    assert "missing" not in team.statuses("session-2b").values()
    assert team.handoff("gate", "session-2b", "--machine-only").code == 0
    assert team.handoff("verify", "session-2b", "--all").code == 0


def test_ann_s_branch_is_squashed(team: Story) -> None:
    """The squashed commit holds her session as she left it: nothing is stale, and Bob is told the same as after a merge."""
    team.git("switch", "--quiet", "main")
    team.git("merge", "--quiet", "--squash", "ann")
    team.commit("session-2, squashed")
    assert team.handoff("gate", "session-2", "--machine-only").code == 0
    assert team.handoff("verify", "session-2", "--all").code == 0
    team.git("switch", "--quiet", "bob")
    team.git("merge", "--quiet", "--no-edit", "main")
    assert about_the_chain(team, "session-2b") == [LEFT_OUT]
    record(team, "session-2b")
    assert team.handoff("gate", "session-2b", "--machine-only").code == 0


def test_a_fix_goes_to_a_release_branch_and_back(landed: Story) -> None:
    """A release that began before session-2 need not know of it; when it comes back to main, the next session continues both."""
    landed.git("switch", "--quiet", "--create", "release", "main~1")
    work(landed, "hotfix-1", "damson")
    assert previous(landed, "hotfix-1") == ["session-1"]
    assert landed.handoff("gate", "hotfix-1", "--machine-only").code == 0
    assert landed.handoff("verify", "hotfix-1", "--all").code == 0

    landed.git("switch", "--quiet", "main")
    landed.git("merge", "--quiet", "--no-edit", "release")
    record(landed, "session-3")
    assert previous(landed, "session-3") == ["session-2", "hotfix-1"]
    assert landed.handoff("gate", "session-3", "--machine-only").code == 0


def test_cleo_picks_a_session_whose_parent_is_not_there(landed: Story) -> None:
    """Picked onto a release, her session continues one that the release lacks: she is told what to name instead."""
    landed.git("switch", "--quiet", "--create", "cleo", "main")
    work(landed, "session-3", "cherry")
    landed.git("switch", "--quiet", "--create", "release", "main~1")
    landed.git("cherry-pick", "cleo")
    done = landed.pytest("--no-cov", "--handoff=session-3")
    assert done.code == 4
    assert (
        "the record of 'session-2' is missing, but session-3 continues it; restore it from git, "
        "or if it was reverted or never was on this branch: pytest --handoff=session-3 --handoff-previous=session-1"
    ) in done.err

    record(landed, "session-3", "--handoff-previous=session-1")
    assert landed.handoff("gate", "session-3", "--machine-only").code == 0


def test_ann_s_merge_is_reverted(landed: Story) -> None:
    """Her record and her tests go together, so nobody misses them: Bob's session continues what main still holds."""
    landed.git("switch", "--quiet", "main")
    landed.git("revert", "--no-edit", "--mainline=1", "HEAD")
    landed.git("switch", "--quiet", "bob")
    landed.git("merge", "--quiet", "--no-edit", "main")
    assert landed.handoff("gate", "session-2b", "--machine-only").code == 0
    assert landed.handoff("verify", "session-2b", "--all").code == 0


def test_ann_s_merge_is_reverted_after_bob_took_it_in(landed: Story) -> None:
    """Bob's session continues one that is gone: he is told to name what is left, and nothing of hers is missed."""
    landed.git("merge", "--quiet", "--no-edit", "main")
    record(landed, "session-2b")
    landed.git("switch", "--quiet", "main")
    landed.git("revert", "--no-edit", "--mainline=1", "HEAD")
    landed.git("switch", "--quiet", "bob")
    landed.git("merge", "--quiet", "--no-edit", "main")
    assert "--handoff=session-2b --handoff-previous=session-1" in landed.pytest("--no-cov", "--handoff=session-2b").err
    record(landed, "session-2b", "--handoff-previous=session-1")

    assert "missing" not in landed.statuses("session-2b").values()
    assert landed.handoff("gate", "session-2b", "--machine-only").code == 0


@pytest.mark.parametrize(("side", "session"), [("ours", "session-2"), ("theirs", "session-2"), ("theirs", "session-2-bill")])
def test_what_is_said_of_two_sessions_of_one_name_is_followed_to_the_letter(landed: Story, side: str, session: str) -> None:
    """One side is taken for the evidence and its document; then the work is recorded again, under its name or another one."""
    landed.git("switch", "--quiet", "--create", "bill", "main~1")
    work(landed, "session-2", "banana")
    assert landed.run("git", "merge", "main").code == 1
    said = landed.handoff("verify", "session-2").err
    commands = said.partition("take one side: ")[2].partition(";")[0].replace("--ours (or --theirs)", f"--{side}")
    for command in commands.split(", then "):
        landed.git(*command.split()[1:])
    asked = landed.handoff("verify", "session-2").out
    assert "is about another tree" in asked, asked
    assert "run pytest --handoff=session-2 again" in asked
    record(landed, session)
    assert previous(landed, session) == ["session-2" if session != "session-2" else "session-1"]
    assert landed.handoff("gate", session, "--machine-only").code == 0
    assert landed.handoff("verify", session, "--all").code == 0


@pytest.fixture
def namesakes(landed: Story) -> Story:
    """Bob, too, called his session session-2; he merged main, and kept his side of what git could not join."""
    landed.git("switch", "--quiet", "--create", "bill", "main~1")
    work(landed, "session-2", "banana")
    merge = landed.run("git", "merge", "main")
    assert merge.code == 1
    assert "CONFLICT" in merge.out
    done = landed.pytest("--no-cov", "--handoff=session-2")
    assert done.code == 4
    assert "git could not merge it and has two versions; take one side: git checkout --ours (or --theirs)" in done.err
    landed.git("checkout", "--quiet", "--ours", "handoffs")
    landed.commit("merge")
    return landed


def test_two_sessions_of_one_name(namesakes: Story) -> None:
    """With both their tests one session is as good as the other: gate and verify agree, and ask for nothing to be undone."""
    record(namesakes, "session-2")
    assert previous(namesakes, "session-2") == ["session-1"]
    assert namesakes.handoff("gate", "session-2", "--machine-only").code == 0
    assert namesakes.handoff("verify", "session-2", "--all").code == 0


def test_the_second_session_of_a_name_loses_the_first_one_s_test(namesakes: Story) -> None:
    """Ann's test is missed although the record that knew it was replaced; under a name of his own Bob can go on."""
    namesakes.git("mv", "tests/unit/test_apple.py", "tests/unit/test_fruit.py")
    record(namesakes, "session-2")
    assert about_the_chain(namesakes, "session-2") == []  # what only moved is not lost

    namesakes.git("rm", "--quiet", "tests/unit/test_fruit.py")
    record(namesakes, "session-2")
    assert about_the_chain(namesakes, "session-2") == [
        "handoffs/evidence/session-2/record.json: lacks what session-2 has on main: tests/unit/test_apple.py::test_apple; "
        "put back what is missing; if the merged session-2 is someone else's, restore its evidence with "
        "git checkout main -- handoffs/evidence/session-2 handoffs/session-2.md, "
        "and record this work under another name: pytest --handoff=NAME"
    ]

    namesakes.git("checkout", "--quiet", "main", "--", "handoffs/evidence/session-2", "tests/unit/test_apple.py")
    record(namesakes, "session-2-bob")
    assert previous(namesakes, "session-2-bob") == ["session-2"]
    assert namesakes.handoff("gate", "session-2-bob", "--machine-only").code == 0


def followed(story: Story, remedy: str) -> None:
    """Run the command that a remedy names, to the letter, wherever it stands in the sentence."""
    command = remedy[remedy.index("git checkout") :].partition(", and ")[0]
    story.git(*command.split()[1:])


def test_a_test_of_a_merged_session_is_weakened(landed: Story) -> None:
    """Its session is not what it was; as a session of its own the work is shown as a change of that test, and may be merged."""
    landed.git("switch", "--quiet", "--create", "later", "main")
    landed.edit("tests/unit/test_apple.py", "assert apple() == 1", "assert apple()")
    record(landed, "session-2")
    restore = "git checkout main -- handoffs/evidence/session-2 handoffs/session-2.md"
    (sentence,) = about_the_chain(landed, "session-2")
    assert sentence == (
        "handoffs/evidence/session-2/record.json: differs from session-2 on main: "
        "tests/unit/test_apple.py::test_apple changed; "
        f"undo that and run pytest --handoff=session-2 again; or restore its evidence with {restore}, and "
        "record this work under another name: pytest --handoff=NAME"
    )
    followed(landed, sentence)
    record(landed, "session-3")
    assert landed.handoff("gate", "session-3", "--machine-only").code == 0
    assert landed.handoff("verify", "session-3", "--all").code == 0
    assert landed.show("session-3")["integrity"]["changed"] == ["tests/unit/test_apple.py::test_apple"]


def test_a_test_of_a_merged_session_is_skipped(landed: Story) -> None:
    """The mark that skips it changes it as well: two findings, and its name once."""
    landed.git("switch", "--quiet", "--create", "later", "main")
    landed.edit("tests/unit/test_apple.py", "def test_apple", "import pytest\n\n\n@pytest.mark.skip\ndef test_apple")
    record(landed, "session-2")
    (sentence,) = about_the_chain(landed, "session-2")
    assert "differs from session-2 on main: tests/unit/test_apple.py::test_apple passed and is skipped, and changed; " in sentence


def test_main_changed_a_test_after_its_session(landed: Story) -> None:
    """What stands on main is nobody's doing on this branch: the session may be recorded again."""
    landed.git("switch", "--quiet", "main")
    landed.edit("tests/unit/test_apple.py", "assert apple() == 1", "assert apple() == 1.0")
    landed.commit("by nobody's session")
    landed.git("switch", "--quiet", "--create", "later")
    record(landed, "session-2")
    assert about_the_chain(landed, "session-2") == []


MORE = "def test_more():\n    assert 1 + 1 == 2\n"


@pytest.fixture
def crossed(landed: Story) -> Story:
    """Session-2 was recorded again on a branch; that and main were merged into each other, so that both are where they met."""
    landed.git("switch", "--quiet", "main")
    landed.git("switch", "--quiet", "--create", "work")
    landed.write_files({"tests/unit/test_more.py": MORE})
    record(landed, "session-2")
    landed.git("switch", "--quiet", "main")
    landed.write_files({"NOTES": "1\n"})
    landed.commit()
    landed.git("branch", "--quiet", "side")
    landed.git("merge", "--quiet", "--no-edit", "work")
    landed.git("switch", "--quiet", "work")
    landed.git("merge", "--quiet", "--no-edit", "side")
    assert len(landed.git("merge-base", "--all", "main", "work").split()) == 2
    return landed


@pytest.mark.parametrize("known_as", ["main", "origin/main"])
def test_an_older_version_of_a_merged_record(crossed: Story, known_as: str) -> None:
    """Where the work left main at two commits, the newer of the two records counts, and what is said brings it back."""
    crossed.git("checkout", "--quiet", "side", "--", "handoffs/evidence/session-2", "handoffs/session-2.md")
    crossed.git("rm", "--quiet", "tests/unit/test_more.py")
    record(crossed, "session-3")
    if known_as != "main":
        crossed.git("update-ref", "refs/remotes/origin/main", "main")
        crossed.git("branch", "--quiet", "--delete", "--force", "main")
    (sentence,) = about_the_chain(crossed, "session-3")
    assert "handoffs/evidence/session-2/record.json: is older than the record on main; restore it with git checkout " in sentence

    followed(crossed, sentence)
    (sentence,) = about_the_chain(crossed, "session-3")
    assert "is not the record that session-3 continues; restore it, or run pytest --handoff=session-3 again" in sentence
    crossed.pytest("--no-cov", "--handoff=session-3")
    assert crossed.statuses("session-3")["test_more"] == "missing"
    crossed.write_files({"tests/unit/test_more.py": MORE})
    record(crossed, "session-3")
    assert about_the_chain(crossed, "session-3") == []


def test_the_newer_version_of_a_merged_record(crossed: Story) -> None:
    """Whoever goes on with the newer record is asked for nothing."""
    record(crossed, "session-3")
    assert about_the_chain(crossed, "session-3") == []
    assert crossed.handoff("gate", "session-3", "--machine-only").code == 0


def test_a_shallow_clone_cannot_tell(landed: Story, tmp_path: Path) -> None:
    """Where the history ends before the branches meet, verify says that it cannot tell, and accuses nobody."""
    landed.git("merge", "--quiet", "--no-edit", "main")
    record(landed, "session-2b", "--handoff-previous=session-1")
    clone = tmp_path / "clone"
    landed.git("clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{landed.folder}", str(clone))
    elsewhere = Story(clone)
    done = elsewhere.handoff("verify", "session-2b")

    assert (done.code, done.out) == (0, "session-2b: verified, its history as far as it is here\n")
    assert done.err == (
        "handoff: cannot tell whether session-2b continues everything that is merged: "
        "git does not have main here: fetch it with its history\n"
    )


def test_without_a_target_the_sessions_in_head_count(landed: Story) -> None:
    """What a merge has brought is in HEAD; a record that is only lying there asks for nothing."""
    landed.git("merge", "--quiet", "--no-edit", "main")
    landed.edit("pyproject.toml", '[tool.handoff]\ntarget = "main"\n\n', "")
    for branch in ("main", "ann"):
        landed.git("branch", "--quiet", "--delete", "--force", branch)
    landed.commit("no target")
    record(landed, "session-2b", "--handoff-previous=session-1")
    assert about_the_chain(landed, "session-2b") == [LEFT_OUT.replace("on main", "on HEAD")]
    record(landed, "session-2b")
    assert about_the_chain(landed, "session-2b") == []
