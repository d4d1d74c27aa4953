"""Pass faults of an xdist worker on to the controller: in a file, since a worker may crash, or else when the worker ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pytest_handoff.recording.faults import Faults


OUTPUT = "handoff"
_FAULTS = ".faults"


def tell_controller(config: pytest.Config, spool: Path, faults: Faults) -> None:
    """Write a worker's faults to the spool; if that cannot be written, send them when the worker ends."""
    worker = config.workerinput["workerid"]  # type: ignore[attr-defined] # xdist adds it to the config
    told = {"defects": list(faults.defects), "problems": list(faults.problems)}
    try:
        (spool / f"{worker}{_FAULTS}").write_bytes(msgspec.json.encode(told))
    except OSError:
        config.workeroutput[OUTPUT] = told  # type: ignore[attr-defined] # as above


def hear_worker(node: Any, faults: Faults) -> None:
    """Take over the faults that a worker sent when it ended."""
    _take(node.gateway.id, getattr(node, "workeroutput", {}).get(OUTPUT), faults)


def hear_spool(spool: Path, faults: Faults) -> None:
    """Take over the faults that workers left in the spool."""
    for path in sorted(spool.glob(f"*{_FAULTS}")):
        _take(path.name.removesuffix(_FAULTS), msgspec.json.decode(path.read_bytes()), faults)


def _take(worker: str, told: dict[str, list[str]] | None, faults: Faults) -> None:
    for defect in (told or {}).get("defects", ()):
        faults.defects.append(f"in worker {worker}: {defect}")
    for problem in (told or {}).get("problems", ()):
        if problem not in faults.problems:  # a full disk is full for every worker
            faults.problems.append(problem)
