"""What the first run tells git about evidence: reviews fold it, and a merge of two versions is told, never written into it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

ATTRIBUTES = "handoffs/evidence/.gitattributes"
NEW = "def test_{name}(): assert True\n"


def recorded(shop: Story) -> Story:
    """A first session, committed."""
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.commit("session-1")
    return shop


def test_the_first_run_writes_them(shop: Story) -> None:
    """They are for evidence alone, a later run lets them be, and the evidence stays fresh."""
    recorded(shop)
    folder = "handoffs/evidence/session-1"
    said = shop.git(
        "check-attr", "text", "merge", "diff", "linguist-generated", "--", f"{folder}/tests.jsonl", f"{folder}/record.json"
    )
    assert said.count("text: unset") == said.count("merge: unset") == said.count("linguist-generated: set") == 2
    assert said.count("diff: unspecified") == 2
    assert "unspecified" in shop.git("check-attr", "merge", "handoffs/session-1.md")
    assert shop.handoff("verify", "session-1").code == 0
    shop.write_files({ATTRIBUTES: ""})
    shop.pytest("--handoff=session-2", "--no-cov")
    assert shop.text(ATTRIBUTES) == ""
    assert shop.handoff("verify", "session-1").code == 0


def test_what_a_person_wrote_or_removed_stays_so(shop: Story) -> None:
    """A file that is there before the first run is a person's; one that was removed does not come back."""
    shop.write_files({ATTRIBUTES: "*.jsonl -diff\n"})
    shop.pytest("--handoff=session-1", "--no-cov")
    assert shop.text(ATTRIBUTES) == "*.jsonl -diff\n"
    (shop.folder / ATTRIBUTES).unlink()
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.pytest("--handoff=session-2", "--no-cov")
    assert not (shop.folder / ATTRIBUTES).exists()


def test_without_git_there_are_none(empty: Story) -> None:
    """Nobody would read them."""
    shutil.rmtree(empty.folder / ".git")
    empty.write_files({"test_a.py": NEW.format(name="a")})
    empty.pytest("--handoff=session-1", "--no-cov")
    assert (empty.folder / "handoffs/evidence/session-1/record.json").is_file()
    assert not (empty.folder / ATTRIBUTES).exists()


@pytest.mark.parametrize("edited", ["tests.jsonl", "record.json"])
def test_a_merge_of_two_versions_is_a_conflict_without_marks_in_it(shop: Story, edited: str) -> None:
    """Both branches ran the session again: git says so, and each file is one of the two versions."""
    recorded(shop)
    shop.git("checkout", "-q", "-b", "other")
    for branch, name in (("other", "there"), ("-", "here")):
        shop.git("checkout", "-q", branch) if branch == "-" else None
        shop.write_files({f"tests/unit/test_{name}.py": NEW.format(name=name)})
        shop.pytest("--handoff=session-1", "--no-cov")
        shop.commit(name)
    ours = shop.text(f"handoffs/evidence/session-1/{edited}")
    merged = shop.run("git", "merge", "--no-edit", "other")
    assert merged.code == 1
    assert f"handoffs/evidence/session-1/{edited}" in merged.out
    assert shop.text(f"handoffs/evidence/session-1/{edited}") == ours
    assert "<<<<<<<" not in ours


def test_line_ends_are_not_converted(shop: Story) -> None:
    """A checkout that converts line ends leaves evidence as it was hashed."""
    recorded(shop)
    before = {path: content for path, content in shop.evidence().items() if path.endswith((".json", ".jsonl"))}
    shop.git("config", "core.autocrlf", "true")
    for path in before:
        (shop.folder / path).unlink()
    shop.git("checkout", "-q", "--", "handoffs/evidence")
    assert {path: (shop.folder / path).read_bytes() for path in before} == before
