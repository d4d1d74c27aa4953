"""What goes wrong while a run is recorded: a defect of ours, or something that the user can mend."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from pytest_handoff.errors import HandoffError
from pytest_handoff.recording.faults import Faults, hear_spool, hear_worker, tell_controller

if TYPE_CHECKING:
    from pathlib import Path


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


def test_what_workers_tell(tmp_path: Path) -> None:
    """By files or by what they sent; a problem that they share is told once, a defect with its worker."""
    for number in (1, 2):
        config: Any = SimpleNamespace(workerinput={"workerid": f"gw{number}"}, workeroutput={})
        faults = Faults()
        faults.problems.append("the disk is full")
        faults.defects.append("a traceback")
        tell_controller(config, tmp_path, faults)
        assert config.workeroutput == {}
    faults = Faults()
    hear_spool(tmp_path, faults)
    assert faults.problems == ["the disk is full"]
    assert faults.defects == ["in worker gw1: a traceback", "in worker gw2: a traceback"]
    tell_controller(config, tmp_path / "none", faults)
    heard = Faults()
    hear_worker(SimpleNamespace(gateway=SimpleNamespace(id="gw3"), workeroutput=config.workeroutput), heard)
    hear_worker(SimpleNamespace(gateway=SimpleNamespace(id="gw4")), heard)
    assert (heard.problems, len(heard.defects)) == (["the disk is full"], 2)
    assert heard.defects[0] == "in worker gw3: in worker gw1: a traceback"


def test_a_worker_tells_at_once() -> None:
    """What was found before as well, and nothing twice."""
    faults, told = Faults(), []
    faults.add(LookupError("early"))
    faults.tell_at_once(lambda now: told.append(now.number))
    for error in (LookupError("early"), LookupError("late"), HandoffError("the user's")):
        faults.add(error)
    assert told == [1, 2, 3]
    assert faults.problems == ["the user's"]


@pytest.mark.parametrize("error", [pytest.UsageError("wrong"), pytest.exit.Exception("end"), KeyboardInterrupt()])
def test_what_goes_through(error: BaseException) -> None:
    """A usage error, and whatever ends the process."""
    faults = Faults()
    with pytest.raises(type(error)), faults:
        raise error
    assert faults.number == 0
