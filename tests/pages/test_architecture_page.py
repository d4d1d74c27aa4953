"""The page on the architecture speaks of the modules and dependencies there are."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs" / "architecture.md").read_text("utf-8")


def test_the_map_of_modules_is_up_to_date() -> None:
    """Rooms, faces and first sentences are those of pyproject.toml and the modules."""
    done = subprocess.run(
        [sys.executable, "scripts/module_map.py", "--check"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_map_has_every_module_once() -> None:
    """No module is left out, and none that is gone is in it."""
    package = CHECKOUT / "src" / "pytest_handoff"
    listed = re.findall(r"^\| \[`\w+`\]\(\.\./src/pytest_handoff/([\w/]+)\.py\)", PAGE, re.MULTILINE)
    there = (path.relative_to(package).with_suffix("") for path in package.rglob("*.py") if path.stem != "__init__")
    assert sorted(listed) == sorted(path.as_posix() for path in there)


def test_every_room_has_its_promise() -> None:
    """One sentence stands in its ``__init__``, and no import."""
    package = CHECKOUT / "src" / "pytest_handoff"
    for room in (path for path in package.iterdir() if (path / "__init__.py").exists()):
        (promise,) = ast.parse((room / "__init__.py").read_text("utf-8")).body
        assert isinstance(promise, ast.Expr)
        assert f"### {room.name}\n\n{ast.literal_eval(promise.value).replace('``', '`')}\n" in PAGE


def test_every_dependency_has_its_reason() -> None:
    """The table of dependencies names those of pyproject.toml."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.split(r"[<>=]", requirement)[0] for requirement in project["dependencies"]}
    table = PAGE.partition("## Dependencies")[2].partition("\n\nAll")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([\w-]+)`", row.split(" | ")[0])}
    assert named == wanted
