"""Find out which assert statements an optimizing Python (``-O``) skips, because passing tests then prove less."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.figures import listed
from pytest_handoff.project.foreign_files import TEXT, read_if_there

if TYPE_CHECKING:
    from pytest_handoff.recording.plan import RunPlan

_ASSERT = re.compile(rb"^\s*assert\b|[:;]\s*assert\b", re.MULTILINE)
_NAMED = 2


def skipped_asserts(plan: RunPlan) -> str | None:
    """Say which assert statements did not run in this process of an optimizing Python; ``None`` where all did.

    pytest writes those of test modules and conftests anew, so that they run all the same, unless it is told not to.
    """
    if plan.config.getoption("assertmode") == "plain":
        return "--assert=plain was given to an optimizing Python (-O, PYTHONOPTIMIZE), so that no assert statement ran"
    files = [path for path in sorted(plan.start.tree.files) if path.endswith(".py") and _loses_asserts(plan, path)]
    if not files:
        return None
    return f"an optimizing Python (-O, PYTHONOPTIMIZE) left out the assert statements of {listed(files, _NAMED)}; run without it"


def _loses_asserts(plan: RunPlan, path: str) -> bool:
    text = read_if_there(plan.project.root / path, plan.project.within, TEXT) or b""
    is_rewritten = plan.suite.is_module(path) or path.rpartition("/")[2] == "conftest.py"
    return _ASSERT.search(text) is not None and (not is_rewritten or b"PYTEST_DONT_REWRITE" in text)
