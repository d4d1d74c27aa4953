"""What goes wrong while a run is recorded: a defect of ours, or something that the user can mend."""

from __future__ import annotations

import errno
import os
from unittest import mock

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


@pytest.mark.parametrize("raised", [RuntimeError("still mocked"), [ValueError("the first call")], OSError("no")])
def test_what_a_mock_raises(raised: Exception | list[Exception]) -> None:
    """Whoever left it decided so."""
    faults = Faults()
    with faults:
        mock.Mock(side_effect=raised)()
    assert faults.defects == []
    assert faults.problems[0].startswith("something a test left mocked raised ")
    assert faults.problems[0].endswith("; undo each mock when its test ends")


def test_what_is_a_defect() -> None:
    """Anything else, with the place where it happened, also where there is none."""
    faults = Faults()
    with faults:
        {}["nothing"]
    faults.add(LookupError("without a place"))
    assert faults.problems == []
    assert "test_faults_of_a_run.py" in faults.defects[0]
    assert "LookupError: without a place" in faults.defects[1]
