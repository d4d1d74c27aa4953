"""A repository that does something wherever anything of it is imported or run: who only reads a hand-off runs none of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

HANDOFF = Path(sys.executable).with_name("handoff.exe" if os.name == "nt" else "handoff")
LAUNCHERS = {"the command": [str(HANDOFF)], "a module": [sys.executable, "-m", "pytest_handoff"]}

MODULES = (
    "conftest", "tests/conftest", "setup", "sitecustomize", "usercustomize", "evil", "click/__init__", "msgspec", "rich",
    "jinja2/__init__", "markdown_it/__init__", "markupsafe", "pytest", "_pytest/__init__", "coverage", "unidiff", "filelock",
    "attr", "json", "typing", "pathlib", "re", "tomllib", "subprocess", "build_backend",
)  # fmt: skip
"""What would be imported, were the working directory searched, or did pytest or a build come by."""

GIT_HOOKS = ("post-index-change", "pre-commit", "post-checkout", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc")

GIT_PROGRAMS = (
    "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.alternateRefsCommand",
    "diff.external", "diff.trap.textconv", "diff.trap.command", "filter.trap.clean", "filter.trap.smudge",
    "merge.trap.driver", "gpg.program",
    "credential.helper", "alias.status", "sequence.editor",
)  # fmt: skip
"""Settings of git's that name a program."""

VERBS = (
    ["show", "session-1"], ["show", "session-1", "--json"], ["explain", "session-1"], ["verify", "session-1"],
    ["verify", "session-1", "--all"], ["gate", "session-1"], ["gate", "session-1", "--machine-only", "--json"], ["history"],
    ["next", "session-1"], ["comment", "session-1"], ["export", "junit", "session-1"], ["export", "sarif", "session-1"],
    ["history", "test_total", "--json"], ["report", "session-1", "-o", "../page.html"], ["attest", "session-1"],
    ["fill", "session-1", "--check"], ["fill", "session-1", "--diff"], ["fill", "session-1", "--interrupted"],
    ["fill", "session-1"], ["schema"], ["prune", "--dry-run"], ["prune"], ["init", "session-2"],
)  # fmt: skip


class Trap:
    """The project with everything in it that somebody might run, each of which leaves a file of its name."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.canaries = story.folder.parent / "canaries"
        self.canaries.mkdir()

    def ran(self) -> list[str]:
        """The traps that were sprung."""
        return sorted(path.name for path in self.canaries.iterdir())

    def lay(self, *, beside: bool) -> None:
        """Lay all; ``beside`` hides them from git, so that the evidence stays that of this code, else they are configured too."""
        for name in MODULES:
            self._module(name)
        self._program("git", self.story.folder / "git")
        info = self.story.folder / ".git/info"
        if beside:
            hidden = [f"/{name.partition('/')[0]}{'' if '/' in name else '.py'}" for name in MODULES if name != "tests/conftest"]
            (info / "exclude").write_text("\n".join([*hidden, "/tests/conftest.py", "/git"]) + "\n")
        else:
            self._configure()
            self.story.commit("a trap")
        (info / "attributes").write_text("*.py filter=trap diff=trap merge=trap\n")
        self._let_git_know()
        self._git_config()
        for hook in GIT_HOOKS:
            self._program(hook, self.story.folder / ".git/hooks" / hook)
            self._program(hook, self.story.folder / ".git/hooks-too" / hook)

    def _module(self, name: str) -> None:
        self.story.write_files({f"{name}.py": f"open({str(self.canaries / name.replace('/', '.'))!r}, 'w').close()\n"})

    def _program(self, name: str, place: Path) -> None:
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\ntouch '{self.canaries}/{name}'\nexit 1\n")
        place.chmod(0o755)

    def _configure(self) -> None:
        self.story.edit(
            "pyproject.toml",
            '["tests"]',
            '["tests"]\naddopts = ["-p", "evil"]\n[build-system]\nbuild-backend = "build_backend"\nbackend-path = ["."]\n'
            '[tool.coverage.run]\nplugins = ["evil"]\n[tool.other]',
        )

    def _let_git_know(self) -> None:
        """Make every file older than the index, as after a while: git then knows that they are unchanged without reading them."""
        for path in self.story.folder.rglob("*"):
            if path.is_file() and ".git" not in path.parts:
                os.utime(path, (1_600_000_000, 1_600_000_000))
        self.story.git("update-index", "--refresh")

    def _git_config(self) -> None:
        for name in GIT_PROGRAMS:
            place = self.story.folder / ".git" / name
            self._program(name, place)
            self.story.git("config", name, str(place))
        self.story.git("config", "core.hooksPath", str(self.story.folder / ".git/hooks-too"))
        self.story.git("config", "remote.origin.url", f"ext::{self.story.folder / '.git/core.sshCommand'}")
        self.story.git("config", "remote.origin.promisor", "true")
        self.story.git("config", "protocol.ext.allow", "always")


@pytest.mark.skipif(os.name == "nt", reason="the traps are shell scripts")
@pytest.mark.parametrize("beside", [True, False], ids=["beside the code", "in the code"])
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_no_verb_runs_anything_of_the_repository(recorded: Story, launcher: str, beside: bool) -> None:
    """Every verb that reads, and every one that writes documents; the answers are those of the evidence."""
    trap = Trap(recorded)
    trap.lay(beside=beside)
    for verb in VERBS:
        done = recorded.run(*LAUNCHERS[launcher], *verb)
        assert trap.ran() == [], verb
        assert "Traceback" not in done.err, done
        assert done.code == (2 if "--interrupted" in verb else 0) or not beside or verb[0] == "gate", (verb, done)


@pytest.mark.skipif(os.name == "nt", reason="the traps are shell scripts")
@pytest.mark.parametrize("path", [".{sep}{old}", "{sep}{old}", "{old}{sep}"])
def test_git_is_not_taken_from_the_working_directory(recorded: Story, path: str) -> None:
    """A ``PATH`` with an empty or a relative entry would find it there; completion by the shell asks git, too."""
    trap = Trap(recorded)
    trap.lay(beside=True)
    recorded.environment["PATH"] = path.format(sep=os.pathsep, old=recorded.environment["PATH"])
    assert recorded.run(str(HANDOFF), "verify", "session-1").code == 0
    recorded.environment |= {"_HANDOFF_COMPLETE": "bash_complete", "COMP_WORDS": "handoff verify ", "COMP_CWORD": "2"}
    assert recorded.run(str(HANDOFF)).out == "plain,session-1\n"
    assert trap.ran() == []


@pytest.mark.skipif(os.name == "nt", reason="the traps are shell scripts")
def test_the_traps_are_real(recorded: Story) -> None:
    """Whoever runs the project's tests, or asks git to compare files, springs them."""
    trap = Trap(recorded)
    trap.lay(beside=False)
    recorded.run("git", "-c", "core.pager=cat", "diff", "HEAD~", "--", "pyproject.toml")
    recorded.run(sys.executable, "-c", "import msgspec")
    recorded.run(sys.executable, "-P", "-m", "pytest", "--noconftest", "-q")
    recorded.run("git", "status")
    ran = trap.ran()
    assert {"msgspec", "diff.external", "core.fsmonitor"} <= set(ran)


@pytest.mark.skipif(os.name == "nt", reason="the filter is a shell script")
def test_a_filter_runs_for_a_file_that_differs(recorded: Story) -> None:
    """As it does in a commit of the file, or its blob would be another than git's; an unchanged file needs none."""
    trap = Trap(recorded)
    trap.lay(beside=True)
    recorded.git("config", "filter.trap.clean", f"touch {trap.canaries}/cleaned && cat")
    assert recorded.run(str(HANDOFF), "verify", "session-1").code == 0
    assert trap.ran() == []
    recorded.edit("src/shop/cart.py", "sum(prices)", "sum(list(prices))")
    assert recorded.run(str(HANDOFF), "verify", "session-1").code == 1
    assert trap.ran() == ["cleaned"]


@pytest.mark.parametrize(
    "variables",
    [
        {"GIT_LITERAL_PATHSPECS": "1"},
        {"GIT_NOGLOB_PATHSPECS": "1"},
        {"GIT_ICASE_PATHSPECS": "1", "GIT_GLOB_PATHSPECS": "1"},
        {"GIT_TRACE": "/dev/stdout", "GIT_TRACE_SETUP": "1", "GIT_TRACE2": "/dev/stdout"},
        {"GIT_EXTERNAL_DIFF": "false", "GIT_PAGER": "false", "GIT_DIFF_OPTS": "-u9"},
        {"GIT_ATTR_SOURCE": "HEAD"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.quotePath", "GIT_CONFIG_VALUE_0": "true"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": "false-friend"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_what_a_user_told_git_changes_no_answer(recorded: Story, variables: dict[str, str]) -> None:
    """Variables of another command that the shell still has."""
    recorded.environment |= variables
    done = recorded.handoff("verify", "session-1")
    assert (done.code, done.err) == (0, ""), done


@pytest.mark.skipif(os.name == "nt", reason="the traps are shell scripts")
def test_a_bare_repository_in_the_tree_is_not_entered(recorded: Story) -> None:
    """A clone can bring one, with a configuration of its own."""
    trap = Trap(recorded)
    inner = recorded.folder / "docs"
    recorded.git("init", "--quiet", "--bare", str(inner))
    trap._program("fsmonitor", inner / "run")
    (inner / "worktree").mkdir()
    (inner / "config").write_text(f"[core]\nrepositoryformatversion = 0\nworktree = worktree\nfsmonitor = {inner}/run\n")
    done = recorded.run(str(HANDOFF), "verify", "session-1", cwd=inner)
    assert trap.ran() == []
    assert (done.code, done.err) == (1, "")
    assert "is about another tree" in done.out
    recorded.run("git", "status", cwd=inner)
    assert trap.ran() == ["fsmonitor"]
