"""``--cov=NAME``: the total is that of coverage.py's own report, wherever the named code lies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

TESTS = {"tests/unit/test_it.py": "from {name} import double\n\n\ndef test_double():\n    assert double(2) == 4\n"}
OTHERS = {"setup.py": "X = 1\nY = 2\n", "docs/conf.py": "A = 1\nB = 2\nC = 3\n", "benchmark.py": "print(1)\n"}
CODE = "def double(x):\n    return 2 * x\n\n\ndef never(x):\n    return x\n"
LAYOUTS = {
    "a module at the top": ("tool", "tool.py", "."),
    "a package further in": ("app", "backend/app/__init__.py", "backend"),
    "a module in src": ("tool", "src/tool.py", "src"),
    "a package of a package": ("app.inner", "backend/app/inner/__init__.py", "backend"),
    "a module of a namespace": ("space.tool", "src/space/tool.py", "src"),
}


@pytest.mark.parametrize(("name", "file", "path"), LAYOUTS.values(), ids=LAYOUTS)
def test_the_total_is_that_of_the_report(empty: Story, name: str, file: str, path: str) -> None:
    """Build scripts and the documentation's settings are no part of what was named."""
    settings = f'[tool.pytest.ini_options]\ntestpaths = ["tests"]\npythonpath = ["{path}"]\n'
    tests = {where: text.format(name=name) for where, text in TESTS.items()}
    empty.write_files({"pyproject.toml": settings, file: CODE, **tests, **OTHERS})
    empty.commit()
    done = empty.pytest(f"--cov={name}", "--cov-report=term", "--handoff=session-1")
    coverage = empty.show("session-1")["coverage"]

    assert re.search(r"TOTAL +4 +1 +75%", done.out), done
    assert (coverage["percent"], list(coverage["files"])) == (75.0, [file])
