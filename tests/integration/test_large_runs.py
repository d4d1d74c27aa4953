"""What a run with very many tests holds in memory for each of them, as Python itself accounts for it."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stories import Story

TESTS = 1000
WEIGH = """
    import json, tracemalloc

    import pytest

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure():
        tracemalloc.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish():
        found = tracemalloc.take_snapshot().statistics("filename")
        tracemalloc.stop()
        paths = {one.traceback[0].filename.replace("\\\\", "/"): one.size for one in found}
        sizes = {path.rpartition("/pytest_handoff/")[2]: size for path, size in paths.items() if "/pytest_handoff/" in path}
        with open("sizes.json", "w") as file:
            json.dump(sizes, file)
"""
ABOUT_TESTS = (
    "recording/collection.py",
    "recording/journal.py",
    "project/encoding.py",
    "evidence/ledger.py",
    "recording/recorder.py",
    "project/store.py",
)
LINE, PLACE, BESIDE = 144, 50, 70_000
"""Bytes of a line of the ledger before, of a place in one of Python's tables, and of what these modules hold without a test."""


def test_what_a_run_holds_for_each_test(empty: Story) -> None:
    """Its line of the session before, and its place there, among the collected and in the results; no copy of its id."""
    empty.write_files(
        {"tests/test_many.py": f"import pytest\n@pytest.mark.parametrize('n', range({TESTS}))\ndef test_it(n): pass\n"}
    )
    empty.pytest("--handoff=session-1", "--no-cov", "-q")
    empty.leave_unmeasured()
    empty.environment["PYTHONPATH"] = str(empty.folder.parent)
    (empty.folder.parent / "weigh.py").write_text(textwrap.dedent(WEIGH))
    done = empty.run(sys.executable, "-m", "pytest", "-p", "weigh", "--handoff=session-2", "--no-cov", "-q")
    assert done.code == 0, done
    sizes: dict[str, int] = json.loads(empty.text("sizes.json"))
    assert sizes["project/encoding.py"] >= TESTS * LINE
    assert sum(sizes.get(name, 0) for name in ABOUT_TESTS) < TESTS * (LINE + 3 * PLACE) + BESIDE
