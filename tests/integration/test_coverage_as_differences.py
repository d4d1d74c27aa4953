"""The coverage of many files costs what changed in it, as tests and sources do; what is small stays in the record."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from pytest_handoff.project.encoding import content_digest, encode_record
from pytest_handoff.project.layout import open_project
from stories import Story, new_story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVIDENCE = "handoffs/evidence/{}/{}"
PYPROJECT = '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["src"]\n'
MODULE = "def used():\n    return {number}\n\n\ndef unused():\n    return {number}\n"
TESTS = """
import importlib

def test_modules():
    for number in range(90):
        assert importlib.import_module(f"module{number:02}").used() >= 0
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two sessions of ninety measured files; the second changes one of them."""
    story = new_story(tmp_path_factory.mktemp("recorded") / "shop")
    modules = {f"src/module{number:02}.py": MODULE.format(number=number) for number in range(90)}
    story.write_files(modules | {"pyproject.toml": PYPROJECT, "tests/test_modules.py": TESTS})
    run(story, "session-1")
    story.write_files({"src/module07.py": "def used():\n    return 7\n"})
    run(story, "session-2")
    return story


@pytest.fixture
def story(recorded: Story, tmp_path: Path) -> Story:
    """A copy of that project."""
    shutil.copytree(recorded.folder, tmp_path / "shop", symlinks=True)
    return Story(tmp_path / "shop")


def run(story: Story, session: str, *args: str) -> str:
    """Record a session with coverage, and commit it."""
    out = story.pytest("--cov=src", f"--handoff={session}", *args).out
    assert f"handoffs/{session}.md" in out, out
    story.commit(session)
    return out


def lines(story: Story, session: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in story.text(EVIDENCE.format(session, "coverage.jsonl")).splitlines()]


def record(story: Story, session: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(story.text(EVIDENCE.format(session, "record.json")))
    return table


def forge(story: Story, session: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a record as somebody would who knows that its digest may be left out."""
    table = record(story, session)
    change(table)
    del table["digest"]
    (story.folder / EVIDENCE.format(session, "record.json")).write_text(json.dumps(table, indent=1) + "\n", "utf-8")


def rewrite(story: Story, session: str, old: str, new: str) -> None:
    story.edit(EVIDENCE.format(session, "coverage.jsonl"), old, new)


def test_a_session_holds_the_coverage_that_changed(story: Story) -> None:
    """One line of ninety; every reader sees all of them, in a clone as well."""
    assert len(lines(story, "session-1")) == 90
    assert lines(story, "session-2")[0]["differs_from"] == "session-1"
    assert lines(story, "session-2")[1:] == [{"path": "src/module07.py", "num_statements": 2}]
    assert record(story, "session-2")["coverage"]["files"] == {}
    files = story.show("session-2")["coverage"]["files"]
    assert len(files) == 90
    assert (files["src/module07.py"]["percent"], files["src/module08.py"]["missing"]) == (100.0, "6")
    assert "`src/module08.py`" in story.document("session-2")
    assert story.handoff("verify", "session-2", "--all").code == 0
    assert story.handoff("report", "session-2").code == 0
    clone = Story(story.folder.parent / "clone")
    story.git("clone", "--quiet", "--depth=1", f"file://{story.folder}", str(clone.folder))
    assert clone.handoff("verify", "session-2", "--all").code == 0


def test_a_long_block_is_known_by_its_digest(story: Story) -> None:
    """The table of ninety files is written anew by the next run, and a person's change of it stays and is said."""
    places = {place["id"]: place for place in record(story, "session-2")["places"]}
    assert "text" not in places["coverage.files"]
    assert places["coverage.files"]["sha256"].startswith("sha256:")
    assert max(len(place.get("text", "")) for place in places.values()) < 400
    before = story.evidence()
    assert story.handoff("fill", "session-2").code == 0
    assert story.evidence() == before
    story.edit("handoffs/session-2.md", "| `src/module08.py` | 4 | 3 |", "| `src/module08.py` | 4 | 4 |")
    said = story.handoff("verify", "session-2")
    assert "the block coverage.files was edited by hand" in said.out + said.err
    assert "the block coverage.files was edited by hand" in run(story, "session-2")
    assert "| `src/module08.py` | 4 | 4 |" in story.document("session-2")


def test_a_lost_block_is_named_and_not_quoted(story: Story) -> None:
    """Whoever took it out of the document is told, and no digest is shown as if it were text."""
    text = story.document("session-2")
    start, end = text.index("<!-- handoff:begin coverage.files"), text.index("<!-- handoff:begin new_code.files")
    (story.folder / "handoffs/session-2.md").write_text(text[:start] + text[end:], "utf-8")
    said = story.handoff("fill", "session-2")
    assert "coverage.files was filled before and is not found now" in said.out + said.err
    assert "sha256" not in said.out + said.err


EDITED = "was edited"
TAMPERED: dict[str, tuple[Callable[[Story], object], str]] = {
    "a changed difference": (
        lambda story: rewrite(story, "session-2", '"num_statements":2', '"num_statements":1'),
        "session-2/coverage.jsonl: does not match the digest in record.json",
    ),
    "a line more": (
        lambda story: rewrite(story, "session-2", "}\n{", '}\n{"path":"src/module06.py","num_statements":4}\n{'),
        "session-2/coverage.jsonl: does not match the digest in record.json",
    ),
    "a changed whole": (
        lambda story: rewrite(
            story, "session-1", '"src/module08.py","num_statements":4,"missing":"6"', '"src/module08.py","num_statements":4'
        ),
        "session-1/coverage.jsonl: is not the file that session-2 was written against",
    ),
    "a removed whole": (
        lambda story: (story.folder / EVIDENCE.format("session-1", "coverage.jsonl")).unlink(),
        "has only what differs from 'session-1', but handoffs/evidence/session-1/coverage.jsonl is missing",
    ),
    "a removed difference": (
        lambda story: (story.folder / EVIDENCE.format("session-2", "coverage.jsonl")).unlink(),
        "session-2/coverage.jsonl: is missing, and with it the evidence of 'session-2'",
    ),
    "another parent": (
        lambda story: rewrite(story, "session-2", '"differs_from":"session-1"', '"differs_from":"session-2"'),
        "session-2/coverage.jsonl: ",
    ),
    "no parent": (
        lambda story: rewrite(story, "session-2", '"differs_from":"session-1"', '"differs_from":"../session-1"'),
        "session-2/coverage.jsonl: has only what differs from '../session-1'",
    ),
    "files in both": (
        lambda story: forge(
            story, "session-2", lambda table: table["coverage"].update(files={"src/a.py": {"num_statements": 1}})
        ),
        "session-2/record.json: is damaged: it has the coverage of each file, but names another file for it",
    ),
    "no files, and nobody says where": (
        lambda story: forge(story, "session-2", lambda table: table["coverage"].pop("by_file")),
        "session-2",
    ),
    "garbage": (
        lambda story: rewrite(story, "session-2", '{"path"', '{"pfad"'),
        "session-2/coverage.jsonl:2: is damaged: ",
    ),
    "a conflict": (
        lambda story: rewrite(story, "session-2", '{"path"', '<<<<<<< HEAD\n{"path"'),
        "session-2/coverage.jsonl:2: an unresolved merge conflict starts here",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_nothing_is_believed_that_does_not_add_up(story: Story, how: str) -> None:
    """One sentence that names the file; the gate does not pass, and no run goes on from there."""
    change, said = TAMPERED[how]
    change(story)
    verified = story.handoff("verify", "session-2")
    assert verified.code in (1, 2)
    assert said in verified.out + verified.err
    assert "Traceback" not in verified.out + verified.err
    assert story.handoff("gate", "session-2").code in (1, 2)


def test_a_forged_coverage_that_adds_up_breaks_the_chain(story: Story) -> None:
    """Whoever makes coverage and digests of session-1 anew has another record than session-2 continues."""
    from hashlib import sha256

    rewrite(story, "session-1", '"src/module08.py","num_statements":4,"missing":"6"', '"src/module08.py","num_statements":4')
    data = (story.folder / EVIDENCE.format("session-1", "coverage.jsonl")).read_bytes()
    forge(story, "session-1", lambda table: table["coverage"].update(by_file=f"sha256:{sha256(data).hexdigest()}"))
    said = story.handoff("verify", "session-2")
    assert said.code in (1, 2)
    assert "session-1" in said.out + said.err


def test_a_session_recorded_again_takes_nothing_from_its_children(story: Story) -> None:
    """The child's file is whole before its parent's is replaced, or emptied by a run without coverage."""
    story.write_files({"src/module09.py": "def used():\n    return 9\n"})
    run(story, "session-1")
    assert len(lines(story, "session-2")) == 90
    assert len(story.show("session-2")["coverage"]["files"]) == 90
    story.pytest("--no-cov", "--handoff=session-1")
    assert lines(story, "session-1") == []
    assert story.show("session-1")["coverage"] is None
    run(story, "session-2")
    assert story.show("session-2")["coverage"]["files"]["src/module09.py"]["percent"] == 100
    assert story.handoff("verify", "session-2", "--all").code == 0


def test_a_run_mends_a_session_whose_own_coverage_is_broken(story: Story) -> None:
    """What is about to be replaced need not be whole."""
    rewrite(story, "session-2", '"num_statements":2', '"num_statements":1')
    run(story, "session-2")
    assert story.handoff("verify", "session-2").code == 0


def test_few_files_stay_in_the_record(story: Story) -> None:
    """A small project has no further file."""
    for number in range(5, 90):
        (story.folder / f"src/module{number:02}.py").unlink()
    story.edit("tests/test_modules.py", "range(90)", "range(5)")
    run(story, "session-3")
    assert len(record(story, "session-3")["coverage"]["files"]) == 5
    assert not (story.folder / EVIDENCE.format("session-3", "coverage.jsonl")).exists()
    assert story.handoff("verify", "session-3", "--all").code == 0


def test_older_evidence_is_read_and_stays_as_it_is(recorded: Story, tmp_path: Path) -> None:
    """A record that holds the coverage of all files is filled without a change, and continued by a whole file."""
    story = Story(tmp_path / "shop")
    recorded.git("clone", "--quiet", f"file://{recorded.folder}", str(story.folder))
    story.git("reset", "--quiet", "--hard", "HEAD~")
    store = open_project(story.folder, fallback=story.folder).store
    now = store.record("session-1")
    assert now.coverage is not None
    older = replace(now, coverage=replace(now.coverage, by_file=None))
    path = story.folder / EVIDENCE.format("session-1", "record.json")
    path.write_bytes(encode_record(replace(older, digest=content_digest(older))))
    path.with_name("coverage.jsonl").unlink()
    story.commit("as an earlier version wrote it")
    before = story.evidence()
    assert story.handoff("fill", "session-1").code == 0
    assert story.evidence() == before
    assert len(story.show("session-1")["coverage"]["files"]) == 90
    assert story.handoff("verify", "session-1").code == 0
    story.write_files({"src/module07.py": "def used():\n    return 7\n"})
    run(story, "session-2")
    assert len(lines(story, "session-2")) == 90
    assert story.handoff("verify", "session-2", "--all").code == 0


def test_what_goes_to_ci_is_whole(story: Story) -> None:
    """The artifacts folder of a job holds one session, and has to be read without the others."""
    run(story, "session-3", "--handoff-artifacts=artifacts")
    assert len(lines(story, "session-3")) == 1
    assert len(story.text("artifacts/handoffs/evidence/session-3/coverage.jsonl").splitlines()) == 90
