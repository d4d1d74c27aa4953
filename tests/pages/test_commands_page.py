"""The pages speak of the command and of pytest's options as they are."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pytest_handoff import plugin
from pytest_handoff.cli.handoff import VERBS, verb_named
from pytest_handoff.recording.end_report import EXIT_NO_EVIDENCE

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted([CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *(CHECKOUT / "docs").glob("*.md")])
PAGE = (CHECKOUT / "docs" / "commands.md").read_text("utf-8")
INLINE_CODE = re.compile(r"(?<!`)`((?:handoff|pytest) [^`\n]+)`")


class _Options:
    """Stands where pytest's parser does, and keeps the names that are added to it."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def getgroup(self, *_names: str) -> _Options:
        return self

    def addoption(self, name: str, **_settings: object) -> None:
        self.names.add(name)


def test_the_reference_is_what_the_command_says() -> None:
    """Verbs, usage, options and their meaning are the command's own help."""
    done = subprocess.run(
        [sys.executable, "scripts/command_reference.py", "--check"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_reference_has_every_verb_and_option() -> None:
    """Each verb has a section, and each of its options a row there."""
    sections = {part.partition("\n")[0]: part for part in PAGE.split("\n### handoff ")[1:]}
    assert set(sections) == set(VERBS)
    for name, verb in ((name, verb_named(name)) for name in VERBS):
        options = {option for parameter in verb.params if isinstance(parameter, click.Option) for option in parameter.opts}
        shown = re.findall(r"`(-[\w-]+)", "".join(re.findall(r"^\| (.*?) \|", sections[name], re.MULTILINE)))
        assert set(shown) == options


def test_the_exit_codes_of_pytest_are_those_of_the_page() -> None:
    """3 is what a run ends with whose evidence could not be written, 4 is pytest's usage error."""
    codes = re.findall(r"^\| (\d) \| ", PAGE.partition("exit code of `pytest`")[2].partition("##")[0], re.MULTILINE)
    assert list(map(int, codes)) == [pytest.ExitCode.TESTS_FAILED, EXIT_NO_EVIDENCE, pytest.ExitCode.USAGE_ERROR]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_within_sentences_exist(page: Path) -> None:
    """A verb or option that the text of a page names is one that there is."""
    options = _Options()
    plugin.pytest_addoption(options)  # type: ignore[arg-type]  # it only has to take what is added
    for text in INLINE_CODE.findall(page.read_text("utf-8")):
        program, *words = shlex.split(text.replace("…", "").partition(" -- ")[0])
        named = {word.partition("=")[0] for word in words if word.startswith("--handoff" if program == "pytest" else "--")}
        known = options.names if program == "pytest" else _options_of(words)
        assert named <= known, f"{page.name}: {text}"


def _options_of(words: list[str]) -> set[str]:
    """The options of the verb that is named, and those before a verb."""
    verbs = [word for word in words if not word.startswith("-")]
    own = {"--help", "--version", "--handoff-dir"}
    if not verbs or verbs[0] in ("VERB", "notes"):
        return own
    assert verbs[0] in VERBS, f"there is no verb {verbs[0]!r}"
    return own | {name for parameter in verb_named(verbs[0]).params for name in parameter.opts}
