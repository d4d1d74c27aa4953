"""What the page on CI says of any system, of pre-commit, and of what GitHub shows, in a real repository."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from stories import PYPROJECT

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
    hooked = " ".join([hook["entry"], *used.get("args", [])])
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
    assert errors[0].startswith(
        "::error file=tests/unit/test_many.py,line=1,title=failures::tests/unit/test_many.py::test_0 failed"
    )
    assert [error for error in errors if "person" in error] == []
    assert re.fullmatch(r"::error title=handoff::\d+ more; handoff next lists all \d+", errors[-1])
    assert whole.startswith("### Hand-off session-3: the gate does not pass\n\n| Gate | What | Fix |\n")
    assert len(re.findall(r"^\| person \| .*part \d+ \\\| of it \| .* \|$", whole, re.MULTILINE)) == 60
    assert summary.stat().st_size <= 900_000
    assert summary.read_text("utf-8").endswith("Cut off here; the log of this step has the rest.\n")
    assert (tmp_path / "kept/summary.md").stat().st_size < 20_000


def test_annotations_stand_beside_tests_and_source(empty: Story) -> None:
    """A failing test on its line, new lines that no test runs on theirs; paths are those of the repository."""
    empty.write_files({
        "part/pyproject.toml": PYPROJECT,
        "part/src/shop.py": "def total(prices):\n    if prices is None:\n        return 0\n    return sum(prices)\n",
        "part/tests/test_new.py": "from shop import total\n\n\ndef test_bad():\n    assert total([1]) == 2\n",
        "part/handoffs/session-1.md": "# One\n\n## Checklist\n\n- [ ] Unit tests achieve >90% coverage for new code\n",
    })  # fmt: skip
    empty.commit()
    part = empty.folder / "part"
    empty.pytest("-q", "--handoff=session-1", cwd=part)
    empty.environment["GITHUB_ACTIONS"] = "true"
    gate = empty.handoff("gate", "session-1", cwd=part)
    empty.edit("part/handoffs/session-1.md", "# One", "# Two")
    empty.edit("part/handoffs/session-1.md", "- [ ]", "- [x]")
    verify = empty.handoff("verify", "session-1", cwd=part)

    assert [line.split("::")[1] for line in gate.err.splitlines()] == [
        "error file=part/tests/test_new.py,line=4,title=failures",
        "error file=part/src/shop.py,line=3,title=new_code",
    ]
    assert [line.split("::")[1] for line in verify.err.splitlines()] == [
        "error file=part/handoffs/session-1.md,line=5,title=document"
    ]
