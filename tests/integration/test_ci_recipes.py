"""The files for CI systems do what they say: each command of theirs is run, in the way the system would, on a real repository.

Only the line that installs the package is left out, since it is what is tested; it must be the one that is expected.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from conftest import FIRST, Story, new_story

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKOUT = Path(__file__).resolve().parents[2]
GITHUB, GITLAB, PAGE = "docs/examples/handoff.yml", "docs/examples/gitlab-ci.yml", "docs/ci.md"
INSTALLING = "python -m pip install pytest-handoff --editable ."
DOCUMENT = """
    # Taxes

    - **Current Session Tests**: [X/Y]

    ## Checklist

    - [ ] All tests pass
    - [ ] New code has 90% coverage
    - [x] Reviewed
"""
NEXT = {
    "src/shop/tax.py": "RATE = 2\n",
    "tests/unit/test_tax.py": """
        from shop.tax import RATE

        def test_tax():
            assert RATE == 2
    """,
}


class Ran(NamedTuple):
    """A step that was run: its name, its exit code and what it printed."""

    name: str
    code: int
    out: str


class Runner:
    """What a CI system does: steps one after the other, those with ``if: always()`` also after a failure."""

    def __init__(self, story: Story, folder: Path, **variables: str) -> None:
        self.story, self.folder = story, folder
        folder.mkdir()
        self.summary = folder / "summary.md"
        self.given = folder / "environment"
        self.given.touch()
        shown = {"GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_ENV": str(self.given), "RUNNER_TEMP": str(folder)}
        scripts = str(Path(sys.executable).parent)
        self.story.environment |= shown | variables | {"PATH": scripts + os.pathsep + os.environ["PATH"]}

    def play(self, steps: Iterable[dict[str, Any]], **expressions: str) -> list[Ran]:
        """Run the steps that are commands; ``expressions`` are what ``${{ … }}`` stands for, with ``_`` for a dot."""
        done: list[Ran] = []
        for step in steps:
            failed = any(ran.code for ran in done)
            if "run" not in step or (failed and step.get("if") != "always()") or step["run"] == INSTALLING:
                continue
            variables = {name: _filled(value, expressions) for name, value in step.get("env", {}).items()}
            self.story.environment |= variables
            ran = self.story.run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
            done.append(Ran(step.get("name", step["run"]), ran.code, ran.out + ran.err))
            self.story.environment |= dict(line.split("=", 1) for line in self.given.read_text().splitlines())
        return done


def _filled(value: str, expressions: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: expressions[re.sub(r"[.-]", "_", found[1])], value)


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A branch that hands over its second session, with its evidence, in a clone of a repository that has the first."""
    folder = tmp_path_factory.mktemp("ci")
    story = new_story(folder / "project")
    story.edit("pyproject.toml", "[tool.pytest", '[tool.handoff]\ntarget = "origin/main"\n\n[tool.pytest')
    story.write_files({**FIRST, "handoffs/session-1.md": DOCUMENT})
    story.pytest("--handoff=session-1")
    story.commit()
    story.git("clone", "--quiet", "--bare", ".", str(folder / "origin.git"))
    story.git("remote", "add", "origin", str(folder / "origin.git"))
    story.git("fetch", "--quiet", "origin")
    story.git("checkout", "--quiet", "-b", "work")
    story.write_files({**NEXT, "handoffs/session-2.md": DOCUMENT})
    story.pytest("--handoff=session-2")
    story.commit()
    return story.folder


@pytest.fixture
def work(branch: Path, tmp_path: Path) -> Story:
    """A checkout of that branch."""
    shutil.copytree(branch, tmp_path / "project", symlinks=True)
    return Story(tmp_path / "project")


def workflow() -> dict[str, Any]:
    """The job of the example for GitHub."""
    job: dict[str, Any] = yaml.safe_load((CHECKOUT / GITHUB).read_text("utf-8"))["jobs"]["hand-off"]
    return job


def test_the_workflow_for_github(work: Story, tmp_path: Path) -> None:
    """It finds the session, runs the tests, verifies, gates, and shows the result; with a defect it says no and shows that."""
    evidence = tmp_path / "evidence"
    base = work.git("rev-parse", "origin/main").strip()
    runner = Runner(work, tmp_path / "runner", GITHUB_ACTIONS="true", EVIDENCE=str(evidence))
    assert [step["run"] for step in workflow()["steps"] if "pip" in step.get("run", "")] == [INSTALLING]
    good = runner.play(workflow()["steps"], github_event_pull_request_base_sha=base)
    shown = runner.summary.read_text("utf-8")
    work.edit("src/shop/tax.py", "2", "3")
    bad = runner.play(workflow()["steps"], github_event_pull_request_base_sha=base)

    assert [(ran.code, ran.name) for ran in good if ran.code] == [], good
    assert len(good) == len([step for step in workflow()["steps"] if "run" in step]) - 1
    assert "Hand-off session-2: the gate would pass" in shown
    assert "Hand-off session-2: the gate passes" in shown
    assert (evidence / "handoffs/evidence/session-2/record.json").is_file()
    assert [ran.name for ran in bad if ran.code] == ["Run the tests and fill the document"]
    assert "the gate would not pass" in runner.summary.read_text("utf-8").removeprefix(shown)


def test_the_action(work: Story, tmp_path: Path) -> None:
    """Its steps run with the inputs' defaults, on evidence that the job itself made."""
    action = yaml.safe_load((CHECKOUT / "action.yml").read_text("utf-8"))
    inputs = {f"inputs_{name.replace('-', '_')}": str(entry.get("default", "")) for name, entry in action["inputs"].items()}
    inputs |= {"inputs_session": "session-2", "inputs_pytest_args": "-n 2"}
    runner = Runner(work, tmp_path / "runner", GITHUB_ACTIONS="true")
    done = runner.play(action["runs"]["steps"], **inputs)

    assert [ran for ran in done if ran.code] == []
    assert len(done) == len([step for step in action["runs"]["steps"] if "run" in step])
    assert (tmp_path / "runner/hand-off/summary.md").is_file()


def test_the_pipeline_for_gitlab(work: Story, tmp_path: Path) -> None:
    """Every line of its script runs, and what it keeps is there."""
    job = yaml.safe_load((CHECKOUT / GITLAB).read_text("utf-8"))["hand-off"]
    kept = next(line for line in job["script"] if "--handoff-artifacts=" in line).partition("--handoff-artifacts=")[2]
    lines = [line.replace(kept, str(tmp_path / "kept")) for line in (*job["script"], *job["after_script"])]
    variables = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_PROJECT_DIR": str(tmp_path)}
    runner = Runner(work, tmp_path / "runner", **variables, SESSION="session-2")
    assert INSTALLING in job["script"]
    done = runner.play({"run": line} for line in lines)

    assert [ran for ran in done if ran.code] == []
    assert len(done) == len(lines) - 1
    assert (tmp_path / job["artifacts"]["paths"][0] / "handoffs/session-2.md").is_file()


def test_the_lines_for_any_system_and_for_pre_commit(work: Story, tmp_path: Path) -> None:
    """The three lines of the page run, and the hook says yes to what they left, and no to what was changed after."""
    page = (CHECKOUT / PAGE).read_text("utf-8")
    lines = page.partition("## Any other CI")[2].split("```")[1].strip().replace("session-3", "session-2").splitlines()
    [hook] = yaml.safe_load((CHECKOUT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    [repo] = yaml.safe_load(page.partition("## pre-commit")[2].split("```yaml")[1].partition("```")[0])
    [used] = repo["hooks"]
    hooked = " ".join([hook["entry"], *used["args"]]).replace("session-3", "session-2")
    runner = Runner(work, tmp_path / "runner")
    kept = lines[0].partition("--handoff-artifacts=")[2]
    done = runner.play({"run": line.replace(kept, str(tmp_path / "kept"))} for line in lines)
    good = runner.play([{"run": hooked}])
    work.edit("src/shop/tax.py", "2", "3")
    bad = runner.play([{"run": hooked}])

    assert (len(lines), [ran for ran in done if ran.code]) == (3, [])
    assert used["id"] == hook["id"]
    assert (good[0].code, bad[0].code) == (0, 1)


def test_many_findings_on_github(work: Story, tmp_path: Path) -> None:
    """Ten annotations at most, gates before lines that wait, and the last one sums up; too long a summary is cut."""
    tests = "".join(f"def test_{number}():\n    assert 0, 'x' * 300\n\n" for number in range(60))
    waiting = "".join(f"- [ ] Somebody has looked at part {number} | of it\n" for number in range(60))
    work.write_files({"tests/unit/test_many.py": tests})
    work.edit("handoffs/session-2.md", "- [x] Reviewed\n", "- [x] Reviewed\n" + waiting)
    runner = Runner(work, tmp_path / "runner", GITHUB_ACTIONS="true")
    work.pytest("--no-cov", "-q", "--handoff=session-2", f"--handoff-artifacts={tmp_path / 'kept'}")
    done = work.handoff("gate", "session-2")
    whole = runner.summary.read_text("utf-8")
    runner.summary.write_text("x" * 896_000)
    work.handoff("gate", "session-2", "--json")
    errors = [line for line in done.err.splitlines() if line.startswith("::error")]

    assert done.code == 1
    assert len(errors) == 10
    assert "failures" in errors[0]
    assert "person" not in "".join(errors[:2])
    assert re.fullmatch(r"::error title=handoff::\d+ more; the step's log has all \d+", errors[-1])
    assert whole.startswith("### Hand-off session-2: the gate does not pass\n")
    assert len(re.findall(r"^\| person \| .*part \d+ \\\| of it \| .* \|$", whole, re.MULTILINE)) == 60
    assert runner.summary.stat().st_size <= 900_000
    assert runner.summary.read_text("utf-8").endswith("Cut here; the step's log has the rest.\n")
    assert (tmp_path / "kept/summary.md").stat().st_size < 20_000
