"""``filterwarnings = error``, as many projects have it: what coverage.py warns of costs no record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

STRICT = """
    [tool.pytest.ini_options]
    testpaths = ["tests"]
    pythonpath = ["src"]
    filterwarnings = ["error"]
"""


EXITS = "import pytest\n\n\ndef test_a():\n    pytest.exit('enough')"


@pytest.mark.parametrize(
    "test", ["import nowhere", EXITS, "def test_a(): pass"], ids=["collection error", "exit", "nothing measured"]
)
def test_a_run_without_data_is_no_defect(empty: Story, test: str) -> None:
    """coverage.py warns that no data was collected; the run ends as it would without us."""
    empty.write_files({"pyproject.toml": STRICT, "src/shop.py": "x = 1", "tests/test_a.py": test})
    empty.commit()
    done, plain = empty.pytest("--cov=shop", "--handoff=session-1"), empty.pytest("--cov=shop")

    assert "defect" not in done.out + done.err, done
    assert done.code == plain.code
    assert (empty.handoff("show", "session-1").code == 0) == (test != EXITS)
