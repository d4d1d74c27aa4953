"""A project of forty modules of which one has changed, where each run says which files it parsed."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

from stories import Story, new_story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULES = 40
PYPROJECT = '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["src", "plugins"]\n'
MODULE = '''"""A module, whose text
has two lines."""


def used(
    first=0,
    second={number},
):
    """Use it."""
    if first:  # pragma: no cover
        return first
    return sum(
        [
            second,
            0,
        ],
    )
''' + "".join(f"\n\ndef unused{which}():\n    left = {which}\n\n    return left\n" for which in range(12))
MODULE += """

def chosen(values, limit=20):
    for value in values:
        with open(__file__):
            if value > limit:
                return value
            if value < 0:
                continue
    return limit if values else 0


CHOSEN = chosen(range({number}))
"""
TESTS = """
import importlib

def test_modules():
    for number in range(40):
        assert importlib.import_module(f"module{number:02}").used() >= 0
"""
COUNTING = """
import pathlib
from coverage.parser import PythonParser
from coverage import CoverageData

parsed, asked = [], []
parse, ask = PythonParser.parse_source, CoverageData.contexts_by_lineno

def parse_source(self):
    parsed.append(pathlib.Path(self.filename).stem)
    return parse(self)

def contexts_by_lineno(self, name):
    asked.append(pathlib.Path(name).stem)
    return ask(self, name)

PythonParser.parse_source, CoverageData.contexts_by_lineno = parse_source, contexts_by_lineno

def pytest_unconfigure():
    for name, found in (("parsed", parsed), ("asked", asked)):
        pathlib.Path(f".coverage.{name}").write_text(" ".join(sorted(set(found))))
"""
COMBINING = """
import atexit, sys
sys.path.insert(0, "plugins")
import counting
from pytest_handoff.cli.handoff import main
atexit.register(counting.pytest_unconfigure)
main(["combine", "session-2"])
"""
EVIDENCE = "handoffs/evidence/{}/{}"


def recorded_in(folder: Path, *args: str) -> Story:
    """One session of forty measured files, in which one has changed since."""
    story = new_story(folder / "shop")
    modules = {f"src/module{number:02}.py": MODULE.format(number=number) for number in range(MODULES)}
    story.write_files(modules | {"plugins/counting.py": COUNTING, "tests/test_modules.py": TESTS})
    (story.folder / "pyproject.toml").write_text(PYPROJECT)
    run(story, "session-1", *args)
    story.edit("src/module07.py", "def unused3", "def other")
    return story


def cold_copy(story: Story, folder: Path) -> Story:
    """A copy of that project, with an empty cache."""
    shutil.copytree(story.folder, folder / "shop", symlinks=True, ignore=shutil.ignore_patterns(".pytest_cache", ".coverage*"))
    return Story(folder / "shop")


def run(story: Story, session: str, *args: str) -> str:
    """Record a session with coverage, and commit it."""
    out = story.pytest("-p", "counting", "--cov=src", "--cov-report=", f"--handoff={session}", *args).out
    assert f"handoffs/{session}.md" in out, out
    story.commit(session)
    return out


def run_parts(story: Story, *args: str) -> None:
    """Record the session from one part, joined by a process that counts as well."""
    out = story.pytest("--cov=src", "--cov-report=", "--handoff=session-2", "--handoff-part=all", *args).out
    assert "part" in out, out
    done = story.run(sys.executable, "-c", COMBINING)
    assert done.code == 0, done


def parsed(story: Story) -> list[str]:
    """The modules that the last run parsed."""
    return story.text(".coverage.parsed").split()


def table(story: Story, session: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(story.text(EVIDENCE.format(session, "record.json")))
    return found


def figures(story: Story, session: str) -> tuple[Any, ...]:
    """What the evidence says of coverage, but for what parsed the sources."""
    shown = story.show(session)
    return shown["coverage"], shown["new_code"]


def lines(story: Story, session: str, name: str = "statements.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in story.text(EVIDENCE.format(session, name)).splitlines()]


def forge(story: Story, session: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change what a session says of its sources, as somebody would who knows which digests there are."""
    from pytest_handoff.project.encoding import digest_of

    found = lines(story, session)
    change(found)
    data = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in found)
    (story.folder / EVIDENCE.format(session, "statements.jsonl")).write_text(data, "utf-8")
    record = table(story, session)
    record["coverage"]["statements"]["digest"] = digest_of(data.encode())
    del record["digest"]
    (story.folder / EVIDENCE.format(session, "record.json")).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
