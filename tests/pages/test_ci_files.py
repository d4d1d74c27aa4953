"""The files for CI systems: valid by the published schemas, and of commands that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.parametrize("name", [name for name, schema in FILES.items() if "github" in schema])
def test_actions_of_others_are_named_by_digest(name: str) -> None:
    """A tag can be moved to other code; the version stands beside it for people and for tools that update it."""
    used = re.findall(r"uses: (.*)", (CHECKOUT / name).read_text("utf-8"))

    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []
