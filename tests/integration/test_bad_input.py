"""Bad input: one clear sentence, the right exit code, nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stories import Story

USAGE_ERROR = 4


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "..", "../up", "-dash", ".hidden", "tab\tname", "bell\x07", "a:b", "x" * 101, "C\\x"]
)
def test_a_session_name_that_can_be_no_file(shop: Story, name: str) -> None:
    """The option is refused as pytest's usage error, the command with exit code 2, both naming the name."""
    done = shop.pytest(f"--handoff={name}")
    command = shop.handoff("show", "--", name)

    assert done.code == USAGE_ERROR
    assert "session name" in done.err
    assert command.code == 2
    assert "session name" in command.err
    assert not (shop.folder / "handoffs").exists()


def test_a_hand_off_folder_that_is_a_file(shop: Story) -> None:
    """The tests run and are shown; the run ends non-zero and says what cannot be written."""
    (shop.folder / "handoffs").write_text("I am a file\n")
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert "3 passed" in done.out
    assert done.code == 3
    assert "handoffs" in done.section
    assert "cannot be written" in done.section
    assert shop.text("handoffs") == "I am a file\n"


def test_a_hand_off_folder_that_cannot_be_written(shop: Story) -> None:
    """A folder where nobody can make files, even as root, is reported the same way."""
    done = shop.pytest("--no-cov", "--handoff=session-1", "--handoff-dir=/proc/handoffs")

    assert "3 passed" in done.out
    assert done.code == 3
    assert "/proc/handoffs" in done.section


@pytest.mark.parametrize("args", [("init", "session-1"), ("prune", "--dry-run"), ("agents", "install", "claude")])
def test_a_path_in_an_error_is_as_a_user_writes_it(shop: Story, args: tuple[str, ...]) -> None:
    """Relative to the folder where the command was typed, if it is below that."""
    (shop.folder / "handoffs").write_text("I am a file\n")
    (shop.folder / ".claude").write_text("I am a file\n")
    done = shop.handoff(*args)
    assert done.code != 1
    assert str(shop.folder) not in done.err
    assert "Traceback" not in done.err


def damage(shop: Story, name: str, change: dict[str, str] | None = None, *, cut: int | None = None) -> None:
    """Cut a file off, or replace text in it."""
    path = shop.folder / "handoffs/evidence/session-1" / name
    text = path.read_text()
    for old, new in (change or {}).items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text[:cut])


DAMAGES = {
    "cut record": ("record.json", {}, 200, "is no"),
    "newer record": ("record.json", {"pytest-handoff/record/1": "pytest-handoff/record/2"}, None, "upgrade pytest-handoff"),
    "edited ledger": ("tests.jsonl", {'"outcome":"passed"': '"outcome":"failed"'}, None, "does not match the digest"),
    "cut ledger": ("tests.jsonl", {}, 50, "does not match the digest"),
    "edited sources": ("sources.jsonl", {'"src/shop/cart.py"': '"src/shop/bill.py"'}, None, "does not match the digest"),
    "record in conflict": (
        "record.json",
        {"{\n": "{\n<<<<<<< ours\n"},
        None,
        "record.json:2: an unresolved merge conflict starts here",
    ),
    "ledger in conflict": ("tests.jsonl", {'{"id"': '<<<<<<< ours\n{"id"'}, None, "tests.jsonl:1: an unresolved merge conflict"),
    "record of another": (
        "record.json",
        {'"session": "session-1"': '"session": "session-7"'},
        None,
        "is the record of 'session-7'",
    ),
}


@pytest.mark.parametrize(("name", "change", "cut", "sentence"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_evidence(shop: Story, name: str, change: dict[str, str], cut: int | None, sentence: str) -> None:
    """Evidence of the parent that was cut, edited or is of a newer schema is refused by name before a test has run."""
    shop.pytest("--no-cov", "--handoff=session-1")
    damage(shop, name, change, cut=cut)
    before = shop.evidence()
    done = shop.pytest("--no-cov", "--handoff=session-2")
    command = shop.handoff("gate", "session-1")

    assert done.code == USAGE_ERROR
    assert f"handoffs/evidence/session-1/{name}" in done.err
    assert sentence in done.err
    assert command.code == 2
    assert sentence in command.err
    assert "Traceback" not in done.err + command.err
    assert shop.evidence() == before


DOCUMENTS = {
    "binary": (b"# Title\n\x00\x01\x02", "NUL"),
    "UTF-16": ("# Title\n".encode("utf-16"), "UTF-16"),
    "merge conflict": (b"# T\n\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n", "merge"),
}


@pytest.mark.parametrize(("data", "word"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_cannot_be_filled(shop: Story, data: bytes, word: str) -> None:
    """A binary, UTF-16 or conflicted document is refused by name, and not a byte of it changes."""
    path = shop.folder / "handoffs/session-1.md"
    path.parent.mkdir()
    path.write_bytes(data)
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code == USAGE_ERROR
    assert "handoffs/session-1.md" in done.err
    assert word.casefold() in done.err.casefold()
    assert path.read_bytes() == data
    assert not (shop.folder / "handoffs/evidence").exists()


def make_folder(path: Path) -> None:
    path.mkdir()


def make_circle(path: Path) -> None:
    path.symlink_to(path.name)


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.skipif(os.name == "nt", reason="needs pipes and links")
@pytest.mark.parametrize("make", [make_folder, make_circle, make_pipe])
def test_a_document_that_is_no_file(shop: Story, make: Callable[[Path], None]) -> None:
    """What stands in the document's place is named before a test has run; nothing waits for a pipe."""
    (shop.folder / "handoffs").mkdir()
    make(shop.folder / "handoffs/session-1.md")
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code == USAGE_ERROR
    assert "handoffs/session-1.md: this " in done.err
    assert "Traceback" not in done.out + done.err
    assert not (shop.folder / "handoffs/evidence").exists()


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_hand_off_folder_that_is_a_link(shop: Story) -> None:
    """Evidence and document are written behind the link, and are no part of the tree that they are about."""
    behind = "docs/passed on"
    (shop.folder / behind).mkdir(parents=True)
    (shop.folder / "handoffs").symlink_to(behind)
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code == 0, done
    assert (shop.folder / behind / "session-1.md").is_file()
    assert (shop.folder / "handoffs").is_symlink()
    assert shop.handoff("verify", "session-1").code == 0
    shop.commit()
    assert shop.handoff("verify", "session-1").code == 0


def test_a_hand_off_folder_elsewhere(shop: Story) -> None:
    """The person who runs may keep the evidence outside the repository, and says so each time."""
    folder = "--handoff-dir=../passed on"
    assert shop.pytest("--no-cov", "--handoff=session-1", folder).code == 0
    assert (shop.folder.parent / "passed on/session-1.md").is_file()
    assert shop.handoff(folder, "verify", "session-1").code == 0
    assert shop.handoff(folder, "report", "session-1").code == 0


def test_the_hand_off_folder_hides_no_code(shop: Story) -> None:
    """Where it is the folder of the sources too, their changes make the evidence stale as everywhere."""
    folder = "--handoff-dir=src"
    assert shop.pytest("--no-cov", "--handoff=session-1", folder).code == 0
    assert shop.handoff(folder, "verify", "session-1").code == 0
    shop.edit("src/shop/cart.py", "def ", "# changed\ndef ")
    stale = shop.handoff(folder, "verify", "session-1")
    assert stale.code == 1
    assert "1 file differs: src/shop/cart.py" in stale.out


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_link_hides_no_code(shop: Story) -> None:
    """Code behind the link of the hand-off folder is part of the tree; a link to the whole project is refused."""
    link = shop.folder / "handoffs"
    link.symlink_to("src/shop")
    assert shop.pytest("--no-cov", "--handoff=session-1").code == 0
    assert shop.handoff("verify", "session-1").code == 0
    shop.edit("src/shop/cart.py", "def ", "# changed\ndef ")
    stale = shop.handoff("verify", "session-1")
    assert stale.code == 1
    assert "1 file differs: src/shop/cart.py" in stale.out

    link.unlink()
    link.symlink_to(".")
    refused = shop.pytest("--no-cov", "--handoff=session-1")
    assert refused.code == USAGE_ERROR
    assert "the hand-off folder must be a folder of its own, not 'handoffs'" in refused.err


@pytest.mark.parametrize(("name", "option"), [(".coveragerc", ""), ("nowhere.ini", "--cov-config=nowhere.ini")])
def test_a_configuration_that_coverage_refuses(shop: Story, name: str, option: str) -> None:
    """It is named before a test has run, with what to do; nobody has asked for coverage by another option."""
    if not option:
        shop.write_files({name: "[run]\nbranch = perhaps\n"})
    done = shop.pytest("--handoff=session-1", *filter(None, [option]))

    assert done.code == USAGE_ERROR
    assert "coverage.py cannot start: " in done.err
    assert name in done.err
    assert "--no-cov" in done.err
    assert "Traceback" not in done.out + done.err


def test_the_record_of_an_earlier_session_is_lost(shop: Story) -> None:
    """Recorded anew it would continue those that continue it, and the next session would be a first one."""
    for session in ("session-1", "session-2"):
        shop.pytest("--no-cov", f"--handoff={session}")
    (shop.folder / "handoffs/evidence/session-1/record.json").unlink()
    before = shop.evidence()
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code == USAGE_ERROR
    assert "the record of 'session-1' is missing, but session-2 continues it; restore it from git" in done.err
    assert shop.evidence() == before


def test_a_clock_that_is_set_back(shop: Story) -> None:
    """A run lasts as long as it lasts, whatever the time of day is when it ends."""
    shop.write_files(
        {"conftest.py": "import time\n\n\ndef pytest_collection_finish():\n    time.time = lambda: 1_000_000_000.0\n"}
    )
    assert shop.pytest("--no-cov", "--handoff=session-1").code == 0
    run = json.loads(shop.text("handoffs/evidence/session-1/record.json"))["run"]
    assert 0 < run["duration_s"] < 60
    assert run["started"] <= run["finished"]


def test_a_damaged_record_is_recorded_again(shop: Story) -> None:
    """What the message says to do is what helps."""
    shop.pytest("--no-cov", "--handoff=session-1")
    damage(shop, "record.json", cut=200)
    done = shop.pytest("--no-cov", "--handoff=session-1")
    assert "restore it from git, or delete it and run pytest --handoff=session-1 again" in done.err
    (shop.folder / "handoffs/evidence/session-1/record.json").unlink()

    assert shop.pytest("--no-cov", "--handoff=session-1").code == 0
    assert shop.handoff("verify", "session-1").code == 0


def test_every_problem_of_the_configuration_at_once(shop: Story) -> None:
    """An unknown key and a wrong type are named in one message, with the key that was probably meant."""
    with (shop.folder / "pyproject.toml").open("a") as file:
        file.write('\n[tool.handoff]\ndirr = "x"\nignore = "notalist"\n')
    done = shop.pytest("--handoff=session-1")
    command = shop.handoff("show", "session-1")

    for text in (done.err, command.err):
        assert "pyproject.toml" in text
        assert "unknown key 'dirr', did you mean 'dir'?" in text
        assert "'ignore': expected `array`, got `str`" in text
    assert (done.code, command.code) == (USAGE_ERROR, 2)


def test_a_project_without_git(shop: Story) -> None:
    """Without a repository everything works, and a changed source still makes the evidence stale."""
    import shutil

    shutil.rmtree(shop.folder / ".git")
    done = shop.pytest("--handoff=session-1", "-p", "no:cacheprovider")
    assert done.code == 0, done.out
    shown = shop.show("session-1")
    assert shown["source"]["commit"] is None
    assert shown["fresh"] is True
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(prices) * 1")
    assert shop.show("session-1")["fresh"] is False
    shop.pytest("--handoff=session-2")
    assert shop.show("session-2")["new_code"]["files"]["src/shop/cart.py"]["lines"] == "2"


def test_a_repository_without_a_commit(empty: Story) -> None:
    """Before the first commit there is a tree and no commit; everything is new."""
    empty.write_files({"tests/test_one.py": "def test_one():\n    assert True\n"})
    done = empty.pytest("--handoff=session-1")
    shown = empty.show("session-1")

    assert done.code == 0, done.out
    assert shown["source"]["commit"] is None
    assert shown["source"]["dirty"] is True
    assert shown["fresh"] is True


def test_two_parents_are_joined(shop: Story) -> None:
    """Two branches that both grew from session-1 are both continued by the next session."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.commit()
    shop.git("switch", "--quiet", "--create", "other")
    shop.write_files({"tests/unit/test_b.py": "def test_b():\n    assert True\n"})
    shop.pytest("--no-cov", "--handoff=session-2b")
    shop.commit()
    shop.git("switch", "--quiet", "main")
    shop.write_files({"tests/unit/test_a.py": "def test_a():\n    assert True\n"})
    shop.pytest("--no-cov", "--handoff=session-2a")
    shop.commit()
    shop.git("merge", "--quiet", "--no-edit", "other")
    shop.pytest("--no-cov", "--handoff=session-3")
    shown = shop.show("session-3")

    assert sorted(shown["previous"]) == ["session-2a", "session-2b"]
    assert shown["regression"]["expected"] == shown["regression"]["passing"] == 5
    assert shown["tests"]["tests/unit/test_b.py::test_b"]["since"] == "session-2b"
    assert shop.handoff("verify", "session-3", "--all").code == 0


@pytest.mark.parametrize("args", [["-p", "no:cov"], ["--no-cov"]])
def test_without_coverage_nothing_is_claimed(shop: Story, args: list[str]) -> None:
    """With pytest-cov blocked or off, coverage is not measured, is shown so, and the line that needs it does not hold."""
    done = shop.pytest("--handoff=session-1", *args)
    shown = shop.show("session-1")

    assert "not measured" in done.section
    assert shown["coverage"] is None
    assert shown["new_code"] is None
    assert "- **Code Coverage**: not measured" in shop.document("session-1")
    assert shop.boxes("session-1")["New unit tests achieve >90% coverage for new code"] is False
    assert shop.gate("session-1")["new_code(by=new unit tests, > 90 %)"] == "unknown"


def test_gate_without_a_session(shop: Story) -> None:
    """``--handoff-gate`` alone is a usage error that says what is missing."""
    done = shop.pytest("--handoff-gate")

    assert done.code == USAGE_ERROR
    assert "needs --handoff=SESSION" in done.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")  # noqa: PTH110 # a device
def test_an_answer_that_finds_no_room(shop: Story) -> None:
    """It is no verdict, and no defect."""
    shop.pytest("--no-cov", "--handoff=session-1")
    done = shop.run("sh", "-c", f"{sys.executable} -m pytest_handoff verify session-1 > /dev/full")

    assert done.code == 2
    assert done.err == "handoff: no space left to write the output\n"


@pytest.mark.parametrize("command", ["show", "next", "gate", "explain", "verify"])
def test_a_reader_who_goes_away(shop: Story, command: str) -> None:
    """It is no verdict: exit code 1 would say *no*."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.write_files({"src/shop/new.py": "x = 1\n"})
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_handoff", command, "session-1"],
        cwd=shop.folder, env=shop.environment, stdout=writing, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        os.close(writing)
        err = process.stderr.read() if process.stderr else ""
    assert (process.returncode, err) == (2, "")


def test_a_template_that_is_not_there(shop: Story) -> None:
    """An unknown template is refused with the names of those that exist, before anything is written."""
    done = shop.handoff("init", "session-1", "--template", "nowhere")

    assert done.code == 2
    assert "session_handoff" in done.err
    run = shop.pytest("--no-cov", "--handoff=session-1", "--handoff-template=nowhere")
    assert run.code == USAGE_ERROR
    assert "there is no template 'nowhere'; the templates are: " in run.err
    assert not (shop.folder / "handoffs").exists()
