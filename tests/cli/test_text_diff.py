"""Diffs of texts of any length."""

from __future__ import annotations

import difflib
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.cli.fill import unified

if TYPE_CHECKING:
    from pathlib import Path


def changed(lines: list[str], seed: int) -> list[str]:
    """Some of the lines ticked, left out, or with others below them; the same for each seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    found: list[str] = []
    for line in lines:
        what = chance.random()
        if what > 0.02:
            found.append(line.replace("[ ]", "[x]") if what < 0.1 else line)
        if what > 0.99:
            found += [f"new {number}\n" for number in range(chance.randrange(1, 60))]
    return found


def test_a_short_diff_is_the_one_of_difflib() -> None:
    """The texts that people write get the diff that they know."""
    old = [f"- [ ] line {number % 7}\n" for number in range(200)]
    new = changed(old, 1)
    assert list(unified(old, new, "a", "b")) == list(difflib.unified_diff(old, new, "a", "b"))
    assert list(unified(old, old, "a", "b")) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_long_diff_can_be_applied(seed: int, tmp_path: Path) -> None:
    """Git makes the new text of the old one and the diff, which is no longer than git's own, however many lines are the same."""
    old = [f"- [ ] line {number * 7919 % 150}\n" for number in range(3_000)]
    new = changed(old, seed)
    diff = list(unified(old, new, "a/text", "b/text"))
    (tmp_path / "text").write_text("".join(old), "utf-8")
    subprocess.run(
        ["git", "apply", "--unidiff-zero", "-"], input="".join(diff), text=True, cwd=tmp_path, check=True, capture_output=True
    )
    assert (tmp_path / "text").read_text("utf-8") == "".join(new)
    (tmp_path / "old").write_text("".join(old), "utf-8")
    git = ["git", "diff", "--no-index", "--minimal", "old", "text"]
    shown = subprocess.run(git, cwd=tmp_path, text=True, capture_output=True, check=False).stdout.splitlines()
    assert sum(line.startswith(("+", "-")) for line in diff) == sum(line.startswith(("+", "-")) for line in shown)


def test_the_same_long_text_has_no_diff() -> None:
    """Nothing is said where nothing differs; one line that differs is one hunk."""
    old = ["a\n"] * 2_000
    assert list(unified(old, old, "a", "b")) == []
    new = [*old[:1_000], "b\n", *old[1_001:]]
    assert "".join(unified(old, new, "a", "b", end="\n")).splitlines()[2:] == [
        "@@ -998,7 +998,7 @@", " a", " a", " a", "-a", "+b", " a", " a", " a",
    ]  # fmt: skip
