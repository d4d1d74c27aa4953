"""What the page on CI says of any system, of pre-commit, and of what GitHub shows, in a real repository."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from stories import Done, Story

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs/ci.md").read_text("utf-8")
DOCUMENT = """
    # Session 3: Carts

    ## Checklist

    - [ ] All tests pass
    - [x] Reviewed
"""


@pytest.fixture
def work(shop: Story) -> Story:
    """A project with a document for its session, where the shell finds our commands."""
    shop.write_files({"handoffs/session-3.md": DOCUMENT})
    shop.commit()
    shop.environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return shop


def in_a_shell(story: Story, line: str) -> Done:
    """A line as a CI system runs it."""
    return story.run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line)


def test_the_lines_for_any_system_and_for_pre_commit(work: Story, tmp_path: Path) -> None:
    """The three lines of the page run, and the hook says yes to what they left, and no to what was changed after."""
    lines = PAGE.partition("## Any other CI")[2].split("```")[1].strip().splitlines()
    kept = lines[0].partition("--handoff-artifacts=")[2]
    [hook] = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    [repository] = yaml.safe_load(PAGE.partition("## pre-commit")[2].split("```yaml")[1].partition("```")[0])
    [used] = repository["hooks"]
    hooked = " ".join([hook["entry"], *used["args"]])
    done = [in_a_shell(work, line.replace(kept, str(tmp_path / "kept"))) for line in lines]
    good = in_a_shell(work, hooked)
    work.edit("src/shop/cart.py", "sum", "max")
    bad = in_a_shell(work, hooked)

    assert (len(lines), [ran for ran in done if ran.code]) == (3, [])
    assert (tmp_path / "kept/summary.md").is_file()
    assert used["id"] == hook["id"]
    assert (good.code, bad.code) == (0, 1)


def test_many_findings_on_github(work: Story, tmp_path: Path) -> None:
    """Ten annotations at most, gates before lines that wait, and the last one sums up; too long a summary is cut."""
    summary = tmp_path / "summary.md"
    work.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    work.pytest("--no-cov", "-q", "--handoff=session-3")
    passing = work.handoff("gate", "session-3")
    said = summary.read_text("utf-8")
    tests = "".join(f"def test_{number}():\n    assert 0, 'x' * 300\n\n" for number in range(60))
    waiting = "".join(f"- [ ] Somebody has looked at part {number} | of it\n" for number in range(60))
    work.write_files({"tests/unit/test_many.py": tests})
    work.edit("handoffs/session-3.md", "- [x] Reviewed\n", "- [x] Reviewed\n" + waiting)
    work.pytest("--no-cov", "-q", "--handoff=session-3", f"--handoff-artifacts={tmp_path / 'kept'}")
    done = work.handoff("gate", "session-3")
    whole = summary.read_text("utf-8").removeprefix(said)
    summary.write_text("x" * 896_000)
    work.handoff("gate", "session-3", "--json")
    errors = [line for line in done.err.splitlines() if line.startswith("::error")]

    assert (passing.code, said) == (0, "### Hand-off session-3: the gate passes\n\n")
    assert (done.code, len(errors)) == (1, 10)
    assert "failures" in errors[0]
    assert [error for error in errors[:2] if "person" in error] == []
    assert re.fullmatch(r"::error title=handoff::\d+ more; the step's log has all \d+", errors[-1])
    assert whole.startswith("### Hand-off session-3: the gate does not pass\n\n| Gate | What | To mend |\n")
    assert len(re.findall(r"^\| person \| .*part \d+ \\\| of it \| .* \|$", whole, re.MULTILINE)) == 60
    assert summary.stat().st_size <= 900_000
    assert summary.read_text("utf-8").endswith("Cut here; the step's log has the rest.\n")
    assert (tmp_path / "kept/summary.md").stat().st_size < 20_000
