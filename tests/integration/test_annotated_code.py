"""A session that only annotates code has no new code: what is the same but for annotations was tested before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stories import new_story

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Story

TAX = """
def tax(price, rate=0.2):
    return price * rate


def levy(price: "int | float") -> float:
    return price * 0.3
"""
TESTS = "from tax import levy, tax\n\n\ndef test_both():\n    assert tax(10) == 2\n    assert levy(10) == 3\n"
LINE = "New unit tests achieve >90% coverage for new code"
DOCUMENT = f"# Work\n\n## Final Checklist\n\n- [ ] {LINE}\n"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A project with a tested module, its first session recorded and committed."""
    story = new_story(tmp_path / "project")
    story.write_files({"src/tax.py": TAX, "tests/unit/test_tax.py": TESTS, "handoffs/session-1.md": DOCUMENT})
    assert story.pytest("--handoff=session-1").code == 0
    story.commit()
    story.write_files({"handoffs/session-2.md": DOCUMENT})
    return story


def new_lines(story: Story) -> dict[str, Any]:
    """Run the second session; the new statements of each file."""
    assert story.pytest("--handoff=session-2").code == 0
    files = json.loads(story.text("handoffs/evidence/session-2/record.json"))["new_code"]["files"]
    return {path: file["lines"] for path, file in files.items()}


def test_annotations_are_no_new_code(story: Story) -> None:
    """Added ones by the hashes of the lines, changed ones by the text that git has of them."""
    story.edit("src/tax.py", "def tax(price, rate=0.2):", "def tax(\n    price: float,\n    rate: float = 0.2,\n) -> float:")
    story.edit("src/tax.py", '"int | float"', "float")

    assert new_lines(story) == {}
    assert story.boxes("session-2")[LINE] is True


def test_without_the_earlier_text_changed_ones_are_new(story: Story) -> None:
    """Nobody can tell then that nothing else has changed."""
    (story.folder / "src/tax.py").write_text("# Never committed.\n" + story.text("src/tax.py"))
    assert story.pytest("--handoff=session-1").code == 0
    story.edit("src/tax.py", "price, rate=0.2", "price: float, rate: float = 0.2")
    story.edit("src/tax.py", '"int | float"', "float")

    assert new_lines(story) == {"src/tax.py": "6"}


def test_what_changed_besides_is_new(story: Story) -> None:
    """Another default, a body, a statement below it, and a function of the same shape."""
    story.edit("src/tax.py", "price, rate=0.2", "price: float, rate: float = 1 / 5")
    story.edit("src/tax.py", "return price * 0.3", "return price * 0.3  # all of it")
    assert new_lines(story) == {"src/tax.py": "1, 6"}
