"""The page on the architecture speaks of the modules and dependencies there are."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs" / "architecture.md").read_text("utf-8")


def test_the_map_of_modules_is_up_to_date() -> None:
    """Layers and first sentences are those of pyproject.toml and the modules."""
    done = subprocess.run(
        [sys.executable, "scripts/module_map.py", "--check"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_map_has_every_module_once() -> None:
    """No module is left out of the layers, and none that is gone is in them."""
    package = CHECKOUT / "src" / "pytest_handoff"
    listed = re.findall(r"^\| \[`(\w+)`\]", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in package.glob("*.py") if path.stem != "__init__")


def test_every_dependency_has_its_reason() -> None:
    """The table of dependencies names those of pyproject.toml."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.split(r"[<>=]", requirement)[0] for requirement in project["dependencies"]}
    table = PAGE.partition("## Dependencies")[2].partition("\n\nAll")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([\w-]+)`", row.split(" | ")[0])}
    assert named == wanted
