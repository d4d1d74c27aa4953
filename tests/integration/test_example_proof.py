"""The example project's third session, proved where its three sessions are played anew."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

CHECKOUT = Path(__file__).parents[2]
PROOF = "example_project/handoffs/evidence/session-3/proof.json"


def found_by(proof: str) -> dict[str, dict[str, str]]:
    """The status of each test, by experiment."""
    table = json.loads(proof)
    return {which: {test: tried["status"] for test, tried in table[which]["tests"].items()} for which in ("earlier", "new")}


def test_the_third_session_keeps_its_proof() -> None:
    """It is one of the recorded run, and the document shows what it says."""
    command = [sys.executable, "-m", "pytest_handoff", "show", "session-3", "--json"]
    done = subprocess.run(command, cwd=CHECKOUT / "example_project", capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done
    proof = json.loads(done.stdout)["proof"]
    assert (proof["holds"], proof["earlier"], proof["new"]) == (True, {"holds": 4}, {"needs_the_change": 12})
    block = (CHECKOUT / "example_project/handoffs/session-3.md").read_text("utf-8").partition("handoff:begin proof -->\n")[2]
    assert block.startswith(
        "- old tests on the new code: 29 unchanged, 4 still pass\n- new tests on the old code: 12 need the change\n"
    )


def test_the_third_session_proves_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Earlier tests hold as they were, and each new test needs the change."""
    monkeypatch.syspath_prepend(str(CHECKOUT / "scripts"))
    folder = importlib.import_module("regenerate_example").replay(tmp_path / "toolshed")

    done = subprocess.run(
        [sys.executable, "-m", "pytest_handoff", "prove", "session-3"],
        cwd=folder, env={**os.environ, "COLUMNS": "140"}, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert done.returncode == 0, done
    before = (CHECKOUT / PROOF).read_text("utf-8")
    assert found_by((folder.parent / "toolshed" / PROOF.removeprefix("example_project/")).read_text("utf-8")) == found_by(before)
    shown = (CHECKOUT / "docs" / "proving.md").read_text("utf-8").partition("## In the example project")[2]
    assert f"$ handoff prove session-3\n{done.stdout}```" in shown
