"""The files for CI services, run as the services would: every command of theirs, in clones of a real repository."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from ci_services import GH, GitHub, GitLab

from stories import FIRST, PYPROJECT

if TYPE_CHECKING:
    from stories import Story

CHECKOUT = Path(__file__).parents[2]
EXAMPLES = CHECKOUT / "docs" / "examples"
PARTS = 'parts = ["unit", "unit-oldest", "e2e"]\n'
DOCUMENT = """
    # Session 3

    - **Current Session Tests**:

    ## Verification Checklist

    - [ ] All unit tests pass
    - [x] Somebody has read it
"""
LINE = """
    import os

    def test_line():
        assert "LINE_IS_DOWN" not in os.environ
"""


@pytest.fixture
def change(shop: Story) -> Story:
    """A branch that hands session-3 over, with a test that fails while ``LINE_IS_DOWN`` is in the environment."""
    shop.write_files({"handoff.toml": PARTS})
    shop.commit("settings")
    shop.git("switch", "--quiet", "--create", "work")
    shop.write_files({"handoffs/session-3.md": DOCUMENT, "tests/e2e/test_line.py": LINE})
    shop.commit("work")
    return shop


def service(kind: type[GitHub | GitLab], change: Story) -> GitHub | GitLab:
    """A CI service that checks the branch out."""
    return kind(change.folder, change.folder.parent / "ci", change.environment)


def event(change: Story) -> dict[str, str]:
    """What GitHub says of a pull request."""
    return {"pull_request.base.sha": change.git("rev-parse", "main").strip()}


def test_the_workflow_of_one_job(change: Story) -> None:
    """It finds the session, records, verifies, gates, and keeps the evidence; here in a merge queue."""
    github = service(GitHub, change)
    assert isinstance(github, GitHub)
    github.run(EXAMPLES / "handoff.yml", event={"merge_group.base_sha": event(change)["pull_request.base.sha"]})
    job = github.jobs["hand-off"]
    assert job.passed, job.log
    assert "handoff session-3: gate passes" in job.log
    assert "session-3" in job.summary
    assert (github.store / "hand-off-1/handoffs/evidence/session-3/record.json").is_file()


def test_the_workflow_of_several_jobs(change: Story) -> None:
    """A part that fails keeps the merge back; run again, its test is flaky and the hand-off passes."""
    github = service(GitHub, change)
    assert isinstance(github, GitHub)
    github.environment["LINE_IS_DOWN"] = "1"
    github.run(EXAMPLES / "handoff-parts.yml", event=event(change))
    passed = {label: job.passed for label, job in github.jobs.items()}
    log = github.jobs["hand-off"].log
    assert passed == {"session": True, "part unit": True, "part unit-oldest": True, "part e2e": False, "hand-off": False}, log
    assert "parts      e2e: 1 passed, 1 failed · unit: 2 passed · unit-oldest: 2 passed" in log
    assert "handoff session-3: gate does not pass" in log
    del github.environment["LINE_IS_DOWN"]
    github.run(EXAMPLES / "handoff-parts.yml", event=event(change), attempt=2, only="part e2e")
    log = github.jobs["hand-off"].log
    assert github.jobs["hand-off"].passed, log
    assert "parts      e2e (attempt 2): 2 passed · unit: 2 passed · unit-oldest: 2 passed" in log
    assert "1 flaky" in log
    assert "session-3" in github.jobs["hand-off"].summary
    assert "- [x] All unit tests pass" in (github.store / "hand-off-2/handoffs/session-3.md").read_text("utf-8")


def test_the_action(change: Story) -> None:
    """It leaves a part, or joins the parts that were downloaded; by itself it does everything in one job."""
    github = service(GitHub, change)
    assert isinstance(github, GitHub)
    change.write_files({"handoff.toml": 'parts = ["all"]\n'})
    change.commit("one part")
    part = github.act(CHECKOUT / "action.yml", "part", session="session-3", part="all")
    assert part.passed, part.log
    assert "handoff gate" not in part.log
    assert sorted(path.name for path in github.store.iterdir()) == ["part-all-1"]
    assert part.outputs == {"session": "session-3", "verdict": ""}
    joined = github.act(CHECKOUT / "action.yml", "joined", session="session-3", parts=str(github.store), artifact="joined")
    assert joined.passed, joined.log
    assert "parts      all: 4 passed" in joined.log
    assert "handoff session-3: gate passes" in joined.log
    assert "session-3" in joined.summary
    whole = github.act(CHECKOUT / "action.yml", "whole", session="session-3", **{"pytest-args": "-q --no-cov"})
    assert whole.passed, whole.log
    assert "handoff session-3: gate passes" in whole.log
    assert (github.store / "hand-off-1/handoffs/evidence/session-3/record.json").is_file()


def test_the_action_in_a_folder_of_the_repository(empty: Story) -> None:
    """A project below the top is run, gated and told of in its own folder."""
    (empty.folder / "pyproject.toml").unlink()
    files = {**FIRST, "pyproject.toml": PYPROJECT + "\n    [tool.handoff]\n", "handoffs/session-1.md": DOCUMENT}
    empty.write_files({f"app/{name}": text for name, text in files.items()})
    empty.commit("first")
    github = service(GitHub, empty)
    assert isinstance(github, GitHub)
    given = {"session": "session-1", "pytest-args": "-q --no-cov", "working-directory": "app"}
    job = github.act(CHECKOUT / "action.yml", "below", **given)

    assert job.passed, job.log
    assert job.outputs["verdict"] == "passes"
    assert "session-1" in job.summary


def test_the_action_proves_before_it_gates(change: Story) -> None:
    """Proof, document and record of the proved run are in the artifact; the gate decides by them."""
    block = "<!-- handoff:begin proof -->\n<!-- handoff:end proof -->\n"
    change.write_files(
        {"handoffs/session-3.md": f"{dedent(DOCUMENT)}- [x] Mutation score >= 100 %\n\n{block}", "handoff.toml": ""}
    )
    change.commit("asks for a proof")
    github = service(GitHub, change)
    assert isinstance(github, GitHub)

    job = github.act(CHECKOUT / "action.yml", "proving", session="session-3", prove="new, faults")
    assert "there is nothing to prove: session-3 is the first session" in job.log
    assert "::warning title=handoff::prove: not everything of 'new' could be tried" in job.log
    assert "1 of 1 fault in the new code tried: 1 caught" in job.log
    kept = github.store / "hand-off-1/handoffs"
    proof = json.loads((kept / "evidence/session-3/proof.json").read_text("utf-8"))
    text = (kept / "session-3.md").read_text("utf-8")
    assert proof["faults"]["caught"] == 1
    assert "- small faults: 1 of 1 fault in the new code tried: 1 caught" in text
    assert "- [x] Mutation score >= 100 %" in text
    assert json.loads((kept / "evidence/session-3/record.json").read_text("utf-8"))["provenance"]["kind"] == "ci"
    assert job.passed, job.log
    assert "\nProof: small faults: 1 of 1" in job.summary
    assert "not pass" not in job.summary


def test_the_action_refuses_an_experiment_that_there_is_not(change: Story) -> None:
    """A slip in the input is no proof, and no option of the command either."""
    github = service(GitHub, change)
    assert isinstance(github, GitHub)

    job = github.act(CHECKOUT / "action.yml", "slip", session="session-3", prove="fautls")
    assert not job.passed
    assert "::error title=handoff::prove: there is no 'fautls'; use earlier, new or faults" in job.log


@pytest.mark.parametrize("pipeline", ["gitlab-ci.yml", "gitlab-ci-parts.yml"])
def test_the_pipelines(change: Story, pipeline: str) -> None:
    """GitLab's files: the hand-off passes, and its evidence is kept."""
    gitlab = service(GitLab, change)
    assert isinstance(gitlab, GitLab)
    gitlab.run(EXAMPLES / pipeline, CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    assert all(job.passed for job in gitlab.jobs.values()), [job.log for job in gitlab.jobs.values()]
    assert "handoff session-3: gate passes" in gitlab.jobs["hand-off"].log
    assert (gitlab.store / "hand-off/hand-off/handoffs/evidence/session-3/record.json").is_file()
    assert "<testcase " in (gitlab.store / "hand-off/hand-off/junit.xml").read_text("utf-8")


def test_a_pipeline_with_a_test_that_fails(change: Story) -> None:
    """The gate says what is wrong all the same, the report has the failure, and the job is red."""
    gitlab = service(GitLab, change)
    assert isinstance(gitlab, GitLab)
    gitlab.environment["LINE_IS_DOWN"] = "1"
    gitlab.run(EXAMPLES / "gitlab-ci.yml", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    job = gitlab.jobs["hand-off"]

    assert not job.passed
    assert "handoff session-3: gate does not pass" in job.log
    assert "<failure " in (gitlab.store / "hand-off/hand-off/junit.xml").read_text("utf-8")


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed here; what stands for gh needs it")


def with_gh(change: Story, **known: object) -> GitHub:
    """GitHub with its command ``gh``; what it knows of comments is in a file."""
    github = service(GitHub, change)
    assert isinstance(github, GitHub)
    (folder := github.scratch / "bin").mkdir(parents=True)
    (folder / "gh").write_text(f"#!{sys.executable}\n{GH}")
    (folder / "gh").chmod(0o755)
    store = github.scratch / "gh.json"
    store.write_text(json.dumps({"pulls": [{"number": 5, "head": "someone:work"}], "comments": []} | known))
    github.environment |= {"GH_STORE": str(store), "PATH": os.pathsep.join((str(folder), github.environment["PATH"]))}
    github.known = {"github.event.pull_request.number": "5"}
    return github


def comments(github: GitHub) -> list[tuple[int, str]]:
    """The comments of the pull request: their number, and the line that has the verdict."""
    known = json.loads((github.scratch / "gh.json").read_text("utf-8"))
    return [(one["id"], one["body"].split("\n")[1]) for one in known["comments"]]


@needs_jq
def test_the_action_says_a_failure_and_edits_its_comment(change: Story) -> None:
    """A test that fails stops neither verify nor gate; the next push edits the comment, and leaves others alone."""
    forged = {"id": 1, "user": {"type": "User"}, "body": "<!-- handoff -->\n### mine"}
    github = with_gh(change, comments=[forged])
    github.environment["LINE_IS_DOWN"] = "1"
    given = {"session": "session-3", "pytest-args": "-q --no-cov", "comment": "true"}
    red = github.act(CHECKOUT / "action.yml", "red", **given, artifact="red")
    after_red = comments(github)
    del github.environment["LINE_IS_DOWN"]
    green = github.act(CHECKOUT / "action.yml", "green", **given, artifact="green")

    assert (red.passed, green.passed) == (False, True), red.log + green.log
    assert "handoff session-3: gate does not pass" in red.log
    assert (red.outputs["verdict"], green.outputs["verdict"]) == ("fails", "passes")
    assert after_red == [(1, "### mine"), (71, "### Hand-off session-3: ❌ the gate does not pass (1 thing left)")]
    assert comments(github) == [(1, "### mine"), (71, "### Hand-off session-3: ✅ the gate passes")]
    assert (github.store / "green/comment.md").is_file()


@needs_jq
def test_a_token_that_may_not_write_costs_no_verdict(change: Story) -> None:
    """As on a fork: a notice says what is missing, and the gate decides."""
    github = with_gh(change, read_only=True)
    given = {"session": "session-3", "pytest-args": "-q --no-cov", "comment": "true"}
    job = github.act(CHECKOUT / "action.yml", "fork", **given)

    assert job.passed, job.log
    assert "::notice title=handoff::cannot write the comment" in job.log
    assert comments(github) == []


@needs_jq
def test_the_comment_of_a_fork(change: Story) -> None:
    """The job that runs the code writes the comment, another posts it: number from GitHub, text of ours only."""
    github = with_gh(change)
    github.run(EXAMPLES / "handoff.yml", event=event(change))
    assert github.jobs["hand-off"].passed, github.jobs["hand-off"].log
    run = {
        "workflow_run.event": "pull_request", "workflow_run.run_attempt": "1", "workflow_run.id": "7",
        "workflow_run.head_repository.owner.login": "someone", "workflow_run.head_branch": "work",
    }  # fmt: skip
    github.run(EXAMPLES / "handoff-comment.yml", event=run)
    assert github.jobs["comment"].passed, github.jobs["comment"].log
    assert comments(github) == [(70, "### Hand-off session-3: ✅ the gate passes")]
    github.run(EXAMPLES / "handoff-comment.yml", event=run | {"workflow_run.head_branch": "other"})
    assert github.jobs["comment"].passed, github.jobs["comment"].log
    (github.store / "hand-off-1/comment.md").write_text("# Buy this\n")
    github.run(EXAMPLES / "handoff-comment.yml", event=run)
    assert not github.jobs["comment"].passed
    assert comments(github) == [(70, "### Hand-off session-3: ✅ the gate passes")]
