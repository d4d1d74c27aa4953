"""A repository whose hand-off may be merged, and what a cheat (or an honest colleague) does to it.

Every case starts from a copy of the same repository: two sessions on a branch of ``main``, evidence and document committed,
every box ticked, the gate passing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import warm_python

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DOCUMENT, EVIDENCE = "handoffs/session-2.md", "handoffs/evidence/session-2/"
RECORD, LEDGER = EVIDENCE + "record.json", EVIDENCE + "tests.jsonl"
CART, CART_TESTS, CONFTEST = "src/shop/cart.py", "tests/unit/test_cart.py", "conftest.py"

FILES = {
    ".gitignore": """
        __pycache__/
        .coverage*
        .pytest_cache/
    """,
    "pyproject.toml": """
        [tool.pytest.ini_options]
        testpaths = ["tests"]
        pythonpath = ["src"]
        addopts = ["-p", "no:cacheprovider"]

        [tool.coverage.run]
        omit = ["src/shop/vendored.py"]

        [tool.coverage.report]
        fail_under = 80

        [tool.handoff]
        target = "main"
        required = ["Reviewed by a second person"]
    """,
    "src/shop/__init__.py": "",
    CART: """
        def total(prices):
            return sum(prices)


        def discount(price):
            return price * 0.9
    """,
    CART_TESTS: """
        import pytest

        from shop.cart import discount, total


        def test_total():
            assert total([1, 2]) == 3


        def test_discount():
            assert discount(10) == 9


        @pytest.mark.parametrize("price", [0, 20])
        def test_discounts(price):
            assert discount(price) <= price
    """,
    "tests/e2e/test_shop.py": """
        from shop.cart import total


        def test_checkout():
            assert total([5]) == 5
    """,
}

NEXT = {
    "src/shop/tax.py": """
        def tax(price):
            return price * 0.2
    """,
    "tests/unit/test_tax.py": """
        from shop.tax import tax


        def test_tax():
            assert tax(10) == 2
    """,
    DOCUMENT: """
        # Session 2: Taxes

        ## Objectives

        Taxes on every price.

        ## Test Results

        ### E2E Test Status

        - **Previous Session Tests**: [Filled by the run]

        ## Final Checklist

        - [ ] All unit tests pass
        - [ ] All E2E tests pass
        - [ ] All previous session tests pass
        - [ ] At least 6 tests pass
        - [x] Reviewed by a second person
    """,
}


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ended."""

    code: int
    out: str


class Shop:
    """A repository with hands on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.session = "session-2"
        """The session that is to be merged in the end."""
        self.last_pytest = 0

    def run(self, *command: str) -> Done:
        """Run a command in the repository."""
        environment = self.environment()
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120)
        return Done(done.returncode, done.stdout + done.stderr)

    def environment(self) -> dict[str, str]:
        """What commands find in their environment."""
        kept = ("PATH", "HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "TMPDIR", "LANG", "LC_ALL", "PYTHONDONTWRITEBYTECODE")
        plain = {
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_COMMITTER_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_EMAIL": "a@example.org",
        }  # fmt: skip
        return {name: os.environ[name] for name in kept if name in os.environ} | plain

    def run_module(self, module: str, *args: str) -> Done:
        """Run ``python -m MODULE`` in the repository."""
        done = warm_python.run_module(module, args, cwd=self.folder, environment=self.environment())
        return Done(done.returncode, (done.stdout + done.stderr).decode())

    def git(self, *args: str) -> str:
        """Run git, which must succeed."""
        done = self.run("git", *args)
        assert done.code == 0, done.out
        return done.out.strip()

    def pytest(self, *args: str, session: str = "session-2") -> Done:
        """Run the tests for a session, without coverage."""
        done = self.run_module("pytest", "--no-cov", "-q", f"--handoff={session}", *args)
        self.last_pytest = done.code
        return done

    def measured(self, *args: str, session: str = "session-2") -> Done:
        """Run the tests for a session, with coverage."""
        done = self.run_module("pytest", "-q", f"--handoff={session}", *args)
        self.last_pytest = done.code
        return done

    def handoff(self, *args: str) -> Done:
        """Run the command."""
        return self.run_module("pytest_handoff", *args)

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "work")

    def write(self, files: dict[str, str]) -> None:
        """Write files, their text dedented."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), "utf-8")

    def text(self, name: str) -> str:
        """A file's text."""
        return (self.folder / name).read_text("utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file; what is to be changed must be there."""
        text = self.text(name)
        assert old in text, f"{old!r} is not in {name}:\n{text}"
        (self.folder / name).write_text(text.replace(old, new), "utf-8")

    def edit_json(self, name: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a JSON file as somebody would who knows that its digest may be left out."""
        table = json.loads(self.text(name))
        change(table)
        table.pop("digest", None)
        (self.folder / name).write_text(json.dumps(table, indent=1) + "\n", "utf-8")

    def break_discount(self) -> None:
        """A defect that ``test_discount`` finds."""
        self.edit(CART, "price * 0.9", "price * 0.8")

    def tick_everything(self) -> None:
        """Tick every box by hand."""
        (self.folder / DOCUMENT).write_text(self.text(DOCUMENT).replace("- [ ]", "- [x]"), "utf-8")


@dataclass(frozen=True, slots=True)
class Cheat:
    """One cheat and its honest twin.

    Attributes:
        caught_by: the gate that must say no; ``cannot tell`` stands for exit code 2, ``listed`` for what is only shown.
        gate: options of ``handoff gate``.
    """

    group: str
    name: str
    do: Callable[[Shop], None]
    caught_by: str
    twin: str
    honest: Callable[[Shop], None]
    gate: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A cheat that no gate may refuse, since honest people do the same; a reader is told of it by the run or by ``explain``.

    Attributes:
        words: what is said then, and is not said of the honest twin.
    """

    name: str
    do: Callable[[Shop], str]
    words: tuple[str, ...]
    twin: str
    honest: Callable[[Shop], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``handoff gate`` says, and what a gate would say that trusts pytest's exit code and the ticked boxes."""

    code: int
    gates: tuple[str, ...]
    messages: tuple[str, ...] = field(repr=True)
    naive_passes: bool

    def message_of(self, gate: str) -> str:
        """What this gate says."""
        return next((text for name, text in zip(self.gates, self.messages, strict=True) if gate in name), "")


def build(
    folder: Path, more: dict[str, str] | None = None, setting: tuple[str, str] | None = None, args: tuple[str, ...] = ()
) -> Shop:
    """The repository that every case is a copy of, or one with more files, another setting and options for every run."""
    folder.mkdir(parents=True)
    shop = Shop(folder)
    shop.git("init", "--quiet", "--initial-branch=main")
    shop.write({**FILES, "handoffs/session-1.md": NEXT[DOCUMENT].replace("Session 2: Taxes", "Session 1: A cart")})
    shop.edit("handoffs/session-1.md", "- [ ] At least 6 tests pass\n", "")
    shop.write(more or {})
    if setting is not None:
        shop.edit("pyproject.toml", *setting)
    shop.commit()
    shop.pytest(*args, session="session-1")
    shop.commit()
    shop.git("checkout", "--quiet", "-b", "work")
    shop.write(NEXT)
    shop.pytest(*args)
    shop.commit()
    return shop


def copy_of(base: Path, folder: Path) -> Shop:
    """A repository of one's own to spoil."""
    shutil.copytree(base, folder, symlinks=True)
    return Shop(folder)


def judge(shop: Shop, *options: str) -> Verdict:
    """Ask the gate for its verdict."""
    done = shop.handoff("gate", shop.session, "--json", *options)
    document = shop.folder / f"handoffs/{shop.session}.md"
    naive = shop.last_pytest == 0 and "- [ ]" not in (document.read_text("utf-8") if document.exists() else "")
    if done.code not in (0, 1):
        return Verdict(done.code, ("cannot tell",), (done.out.strip(),), naive)
    reasons = json.loads(done.out[: done.out.rindex("}") + 1])["reasons"]
    return Verdict(done.code, tuple(r["gate"] for r in reasons), tuple(r["message"] for r in reasons), naive)
