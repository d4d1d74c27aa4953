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


@pytest.mark.parametrize("name", [*FILES, HOOKS])
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
    """By default the action accepts only evidence that CI made, and it uploads whatever happens."""
    text = (CHECKOUT / "action.yml").read_text("utf-8")

    assert "default: --require-provenance=ci" in text
    assert text.count("if: always()") == 3
