"""What goes wrong while a run is recorded: a defect of ours, or something that the user can mend."""

from __future__ import annotations

import errno
import os

import pytest

from pytest_handoff.recording.faults import Faults


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EMFILE, "tests left them open, or lowered the limit (ulimit -n)"),
        (errno.ENFILE, "tests left them open, or lowered the limit (ulimit -n)"),
        (errno.ENOSPC, "handoffs/a.md: cannot be written: "),
    ],
)
def test_what_is_no_defect(number: int, said: str) -> None:
    """A limit of the system is named in one sentence, without a traceback."""
    faults = Faults()
    with faults:
        raise OSError(number, os.strerror(number), "handoffs/a.md")
    assert faults.defects == []
    assert said in faults.problems[0]
    assert os.strerror(number) in faults.problems[0]
