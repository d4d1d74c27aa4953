"""A stranger's text takes time in proportion to its length, wherever it stands, and no length of it ends in a traceback."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

SCRIPT = Path(__file__).with_name("growing_texts.py")
VALGRIND = shutil.which("valgrind")
STEEPEST = 1.2
"""Where a text is four times as long, reading it takes at most ``4 ** 1.2 = 5.3`` times as many steps."""

FEW = 500_000
"""Fewer steps than these are counted as so many: they are no text's."""

DIGITS = "9" * 5_000
"""Python reads no number with so many digits."""


@pytest.mark.skipif(VALGRIND is None, reason="valgrind, which counts steps, is not installed here (apt-get install valgrind)")
def test_no_text_takes_more_than_its_length(tmp_path: Path) -> None:
    """Steps grow with the length of a text, from 10 kB on; those of an expression known to be slow show that they are counted."""
    found = _powers(_steps(tmp_path))
    too_steep = {name: round(power, 2) for name, power in found.items() if power > STEEPEST}
    assert [name for name in too_steep if not name.startswith("control")] == []
    assert [name for name in too_steep if name.startswith("control")] != []
    assert len(found) > 80


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("Test Results", f"- **Current Session Tests**: {DIGITS}/{DIGITS} passed"),
        ("Test Results", f"- **Code Coverage**: {DIGITS} %"),
        ("Test Results", f"- **Code Coverage**: 85.{DIGITS} %"),
        ("Test Results", f"- **Current Session Tests**: {DIGITS}"),
        ("Test Results", f"- `tests/unit/test_cart.py` ({DIGITS} tests)"),
        ("Final Checklist", f"- [ ] &#{DIGITS}; unit tests pass"),
        ("Final Checklist", f"- [ ] At least {DIGITS} unit tests pass"),
        ("Key Metrics", f"| Metric | Value | Target | Status |\n|---|---|---|---|\n| Code Coverage | 1 | {DIGITS}% | [s] |"),
    ],
)
def test_a_figure_of_any_length_is_read(recorded: Story, section: str, line: str) -> None:
    """A figure that no arithmetic can take is a claim like others, or no figure at all."""
    document = recorded.folder / "handoffs" / "session-1.md"
    document.write_text(f"# Session 1\n\n## {section}\n\n{line}\n", "utf-8")
    done = recorded.handoff("gate", "session-1")
    assert done.code == 1, done
    assert "Traceback" not in done.out + done.err, done


def _steps(logs: Path) -> dict[str, list[tuple[int, int]]]:
    """The sizes of each reading, with the steps that it took beyond those of reading nothing."""
    counting = ["--tool=none", "--stats=yes", "--child-silent-after-fork=no", f"--log-file={logs}/%p"]
    paths = os.pathsep.join([str(SCRIPT.parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [str(VALGRIND), *counting, sys.executable, str(SCRIPT), str(logs)],
        check=True, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": paths},
    )  # fmt: skip
    own, *rows = (line.split("\t") for line in done.stdout.splitlines())
    ended = [row for row in rows if row[2] != "0"]
    assert ended == []
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for steps, size, _, name in rows:
        found[name].append((int(size), max(int(steps) - int(own[0]), FEW)))
    return found


def _powers(steps: dict[str, list[tuple[int, int]]]) -> dict[str, float]:
    """With which power of its length the steps of each text grow, by the last two sizes."""
    pairs = {name: sizes[-2:] for name, sizes in steps.items()}
    return {name: math.log(after / before) / math.log(long / short) for name, ((short, before), (long, after)) in pairs.items()}
