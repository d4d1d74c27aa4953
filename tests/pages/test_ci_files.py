"""The files for CI systems: valid by the published schemas, and of commands that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
FILES = {
    "action.yml": "vendor.github-actions",
    "docs/examples/handoff.yml": "vendor.github-workflows",
    "docs/examples/handoff-parts.yml": "vendor.github-workflows",
    "docs/examples/handoff-comment.yml": "vendor.github-workflows",
    "docs/examples/gitlab-ci.yml": "vendor.gitlab-ci",
    "docs/examples/gitlab-ci-parts.yml": "vendor.gitlab-ci",
}
HOOKS = ".pre-commit-hooks.yaml"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("name", "schema"), FILES.items())
def test_each_file_is_valid_by_its_published_schema(name: str, schema: str) -> None:
    """The schemas are those that check-jsonschema brings; no network is asked."""
    extra = ("--data-transform", "gitlab-ci") if "gitlab" in schema else ()
    done = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *extra, name)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [*(name for name in FILES if "comment" not in name), HOOKS])
def test_each_command_of_ours_exists_with_its_options(name: str) -> None:
    """What the files call is a verb of the command, and each option is one of that verb's."""
    text = (CHECKOUT / name).read_text("utf-8")
    called = re.findall(r"(?:run: |- |entry: )handoff (\w+)(.*)", text)
    assert called
    for verb, rest in called:
        usage = run(sys.executable, "-m", "pytest_handoff", verb, "--help").stdout
        assert all(option in usage for option in re.findall(r"--[a-z-]+", rest)), (verb, rest)


def test_the_hook_has_what_pre_commit_asks_for() -> None:
    """pre-commit needs id, name, entry and language of each hook; ours is given no file names, for it looks at the tree."""
    [hook] = yaml.safe_load((CHECKOUT / HOOKS).read_text("utf-8"))

    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("handoff-verify", "python", False)


def test_the_action_gates_on_its_own_run() -> None:
    """By default the action accepts only evidence that CI made, and after a test that failed it verifies, gates and uploads."""
    text = (CHECKOUT / "action.yml").read_text("utf-8")
    steps = {step["name"]: step.get("if", "") for step in yaml.safe_load(text)["runs"]["steps"]}

    assert "default: --require-provenance=ci" in text
    assert [name for name, condition in steps.items() if "!cancelled()" not in condition] == [
        "Run the tests and fill the document",
        "Run the tests of this part",
        "Join the parts and fill the document",
        "Prove that the tests would notice",
    ]


GITHUB = [name for name, schema in FILES.items() if "github" in schema]


def steps_of(name: str) -> list[dict[str, Any]]:
    """The steps of an action, or of all jobs of a workflow."""
    table = yaml.safe_load((CHECKOUT / name).read_text("utf-8"))
    jobs = [table["runs"]] if "runs" in table else table["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("name", GITHUB)
def test_no_script_holds_an_expression(name: str) -> None:
    """A branch, a title or a session may be called like a command: scripts get them as variables, which bash does not run."""
    scripts = [step["run"] for step in steps_of(name) if "run" in step]

    assert scripts
    assert [script for script in scripts if "${{" in script or "eval " in script] == []


@pytest.mark.parametrize("name", [name for name in GITHUB if name != "action.yml"])
def test_a_workflow_may_only_what_it_needs(name: str) -> None:
    """Code of a pull request runs with a token that reads; the one job that may write checks nothing out and runs none of it."""
    table = yaml.safe_load((CHECKOUT / name).read_text("utf-8"))
    writes = {job: one for job, one in table["jobs"].items() if "write" in one.get("permissions", {}).values()}

    assert table["permissions"] in ({}, {"contents": "read"})
    assert set(writes) == ({"comment"} if "comment" in name else set())
    assert all("checkout" not in step.get("uses", "") and "pip" not in step.get("run", "") for step in steps_of(name) if writes)


@pytest.mark.parametrize("name", GITHUB)
def test_actions_of_others_are_named_by_digest(name: str) -> None:
    """A tag can be moved to other code; the version stands beside it for people and for tools that update it."""
    used = re.findall(r"uses: (.*)", (CHECKOUT / name).read_text("utf-8"))

    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []
