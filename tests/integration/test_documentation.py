"""Every command that the documentation shows runs, and prints what is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from page_steps import Step, holds, matches, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted([CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")])
ALLOWED_REASONS = {
    "needs the package index", "make has tests of its own", "needs a remote", "needs a CI service",
    "needs the history of the example project",  # test_example_proof.py runs that one
}  # fmt: skip
DAY = "1773684600"  # the day of the example's third session, as SOURCE_DATE_EPOCH

COPY_EXAMPLE = """
import sys, pathlib, example_sessions as example
folder = pathlib.Path(sys.argv[1])
example.copy_example(folder, with_handoffs=True)
example.commit(folder, example.SESSIONS[-1], 'work')
"""
SCRIPTS = str(Path(sys.executable).parent)


class Reader:
    """Someone who does what a page says, in a scratch project."""

    def __init__(self, folder: Path) -> None:
        self.scratch = folder
        self.folder = folder
        self.code = 0
        self.projects = 0

    def do(self, step: Step) -> None:
        """Carry out one step; a page that is wrong fails the test."""
        doing: dict[str, Callable[[Step], None]] = {
            "start": self._start, "file": self._write, "edit": self._edit, "shows": self._look, "run": self._run,
        }  # fmt: skip
        if step.kind != "not run":
            doing[step.kind](step)

    def _start(self, step: Step) -> None:
        self.projects += 1
        self.folder = self.scratch / f"project-{self.projects}"
        if step.about == "example":
            printed, code = self._sh(f'python -c "{COPY_EXAMPLE}" "{self.folder}"', cwd=CHECKOUT / "scripts")
            assert code == 0, printed
        else:
            assert step.about == "empty", step
            self.folder.mkdir()

    def _write(self, step: Step) -> None:
        path = self.folder / step.about
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, "utf-8")

    def _edit(self, step: Step) -> None:
        path = self.folder / step.about
        rows = step.text.splitlines(keepends=True)
        old = "".join(row[1:] for row in rows if row[0] in "- ")
        new = "".join(row[1:] for row in rows if row[0] in "+ ")
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"line {step.line}: these lines stand {text.count(old)} times in {step.about}:\n{old}"
        path.write_text(text.replace(old, new), "utf-8")

    def _look(self, step: Step) -> None:
        text = (self.folder / step.about).read_text("utf-8")
        assert holds(step.text, text), f"line {step.line}: not in {step.about}:\n{step.text}\nwhich is:\n{text}"

    def _run(self, step: Step) -> None:
        for command, shown in step.commands():
            asks_for_code = command == "echo $?"
            assert asks_for_code or self.code == 0, f"line {step.line}: the command before `{command}` ended with {self.code}"
            printed, self.code = (f"{self.code}\n", 0) if asks_for_code else self._sh(command, cwd=self.folder)
            assert not shown or matches(shown, printed), f"line {step.line}: `{command}` printed\n{printed}\nnot\n{shown}"

    def _sh(self, command: str, *, cwd: Path) -> tuple[str, int]:
        kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "COVERAGE_PROCESS_CONFIG") if name in os.environ}
        who = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER")
               for field, value in (("NAME", "Ada"), ("EMAIL", "ada@example.invalid"))}  # fmt: skip
        fixed = {"PATH": os.pathsep.join((SCRIPTS, os.environ["PATH"])),
                 "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
                 "SOURCE_DATE_EPOCH": DAY, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "80",
                 "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "init.defaultBranch", "GIT_CONFIG_VALUE_0": "main"}  # fmt: skip
        done = subprocess.run(
            ["sh", "-c", command], cwd=cwd, env=kept | who | fixed, text=True, encoding="utf-8", stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False, timeout=300,
        )  # fmt: skip
        return done.stdout, done.returncode


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_can_be_followed_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    """Each step works in the state that the steps before it left, and what is shown is what there is."""
    reader = Reader(tmp_path)
    for step in steps_of(page.read_text("utf-8")):
        reader.do(step)
    assert reader.code == 0, f"the last command ended with {reader.code}, and the page does not show it"


def test_what_is_not_run_has_one_of_few_reasons() -> None:
    """No command is left out of these tests but where it needs what a test has not."""
    reasons = {step.about for page in PAGES for step in steps_of(page.read_text("utf-8")) if step.kind == "not run"}
    assert reasons <= ALLOWED_REASONS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link between files of the checkout names a file that is there, and a heading that is in it."""
    for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in _anchors(target), f"{page.name}: {link}"


def test_the_index_has_every_page() -> None:
    """A page that is added can be found."""
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (CHECKOUT / "docs" / "index.md").read_text("utf-8")))
    assert linked == {path.name for path in PAGES} - {"README.md", "index.md"}


def test_the_site_has_every_page() -> None:
    """A page that is added is in the menu of the site, beside those that stand at the top of the checkout."""
    menu = re.findall(r"^ +- [^:]+: ([\w-]+\.md)$", (CHECKOUT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(menu) == sorted({path.name for path in PAGES} - {"README.md"} | {"changes.md", "contributing.md"})


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-") for heading in headings}
