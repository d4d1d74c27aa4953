"""The example project's third session, proved where its three sessions are played anew."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

CHECKOUT = Path(__file__).parents[2]


def test_the_third_session_proves_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Earlier tests hold as they were, and each new test needs the change."""
    monkeypatch.syspath_prepend(str(CHECKOUT / "scripts"))
    folder = importlib.import_module("regenerate_example").replay(tmp_path / "toolshed")

    done = subprocess.run(
        [sys.executable, "-m", "pytest_handoff", "prove", "session-3"],
        cwd=folder, env={**os.environ, "COLUMNS": "140"}, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert done.returncode == 0, done
    shown = (CHECKOUT / "docs" / "proving.md").read_text("utf-8").partition("## In the example project")[2]
    assert f"$ handoff prove session-3\n{done.stdout}```" in shown
