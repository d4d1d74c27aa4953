"""A project in a real git repository, with real pytest runs and real commands: what the stories of users are played on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any, NamedTuple

import warm_python

if TYPE_CHECKING:
    from pathlib import Path

KEPT_VARIABLES = re.compile(
    r"PATH$|HOME$|XDG_(CACHE|STATE)_HOME$|LOCALAPPDATA$|TMPDIR$|COVERAGE_|PYTHONDONTWRITEBYTECODE$|LANG$|LC_|SYSTEMROOT$"
)

PYPROJECT = """
    [tool.pytest.ini_options]
    testpaths = ["tests"]
    pythonpath = ["src"]
"""

UNHURRIED = ("-c", "maintenance.auto=false", "-c", "core.fsync=none")
"""Git tidies up and waits for the disk after each commit."""

IGNORED = "__pycache__/\n.coverage*\n.pytest_cache/\nartifacts/\n"


class Done(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def section(self) -> str:
        """What the plugin said at the end of a run."""
        return self.out.partition(" handoff ")[2].rpartition("\n")[0]


class Story:
    """A project in a git repository of its own, changed and run as its user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {key: value for key, value in os.environ.items() if KEPT_VARIABLES.match(key)} | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.invalid",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.invalid",
            "COLUMNS": "140",
        }

    def write(self, **files: str) -> None:
        """Write files; in names ``__`` stands for ``/`` and the last ``_`` before the ending for ``.``."""
        self.write_files({name.replace("__", "/")[::-1].replace("_", ".", 1)[::-1]: text for name, text in files.items()})

    def write_files(self, files: dict[str, str]) -> None:
        """Write files by path, their text dedented."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), "utf-8")

    def git(self, *args: str) -> str:
        """Run git, which must succeed."""
        done = self.run("git", *args)
        assert done.code == 0, done
        return done.out

    def commit(self, message: str = "work") -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git(*UNHURRIED, "commit", "--quiet", "--message", message)

    def run(self, *command: str, cwd: Path | None = None) -> Done:
        """Run any command in the project."""
        done = subprocess.run(
            command, cwd=cwd or self.folder, env=self.environment, capture_output=True, check=False, timeout=300
        )
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def leave_unmeasured(self) -> None:
        """Keep what measures these tests (``make coverage``) out of the project's processes, where it would be seen."""
        self.environment = {key: value for key, value in self.environment.items() if not key.startswith("COVERAGE_")}

    def pytest(self, *args: str, cwd: Path | None = None) -> Done:
        """Run pytest in a process of its own."""
        return self._run_module("pytest", *args, cwd=cwd)

    def handoff(self, *args: str, cwd: Path | None = None) -> Done:
        """Run the command."""
        return self._run_module("pytest_handoff", *args, cwd=cwd)

    def _run_module(self, module: str, *args: str, cwd: Path | None) -> Done:
        if type(self).run is not Story.run:  # somebody runs commands in a way of their own
            return self.run(sys.executable, "-m", module, *args, cwd=cwd)
        done = warm_python.run_module(module, args, cwd=cwd or self.folder, environment=self.environment)
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def show(self, session: str) -> dict[str, Any]:
        """The evidence of a session, as programs see it."""
        done = self.handoff("show", session, "--json")
        assert done.code == 0, done
        table: dict[str, Any] = json.loads(done.out)
        return table

    def text(self, name: str) -> str:
        """A file of the project."""
        return (self.folder / name).read_text("utf-8")

    def document(self, session: str) -> str:
        """The document of a session."""
        return self.text(f"handoffs/{session}.md")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file as a person would; what is to be changed must be there."""
        text = self.text(name)
        assert old in text, f"{old!r} is not in {name}"
        (self.folder / name).write_text(text.replace(old, new), "utf-8")

    def evidence(self) -> dict[str, bytes]:
        """Every file below the hand-off folder, but durations and failure texts, which are no evidence and vary by themselves."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in (self.folder / "handoffs").rglob("*.*")
            if path.is_file() and ".details" not in path.parts
        }

    def gate(self, session: str) -> dict[str, str]:
        """Gate id to verdict."""
        return {gate["id"]: gate["verdict"] for gate in self.show(session)["gates"]}

    def statuses(self, session: str) -> dict[str, str]:
        """Test name (without its file) to status."""
        return {test.partition("::")[2]: entry["status"] for test, entry in self.show(session)["tests"].items()}

    def boxes(self, session: str) -> dict[str, bool]:
        """Text of each checklist line to whether it is ticked in the document."""
        found = re.findall(r"^- \[([ x])\] (.*)$", self.document(session), re.MULTILINE)
        return {text: mark == "x" for mark, text in found}


def new_story(folder: Path) -> Story:
    """A new git repository with a pytest configuration and nothing else."""
    folder.mkdir()
    story = Story(folder)
    story.git("init", "--quiet", "--initial-branch=main")
    story.write_files({"pyproject.toml": PYPROJECT})
    (folder / ".gitignore").write_text(IGNORED)
    return story


FIRST = {
    "src/shop/__init__.py": "",
    "src/shop/cart.py": """
        def total(prices):
            return sum(prices)
    """,
    "tests/unit/test_cart.py": """
        from shop.cart import total

        def test_total():
            assert total([1, 2]) == 3

        def test_empty():
            assert total([]) == 0
    """,
    "tests/e2e/test_shop.py": """
        from shop.cart import total

        def test_checkout():
            assert total([5]) == 5
    """,
}
