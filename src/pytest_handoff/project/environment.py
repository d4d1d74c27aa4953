"""Describe the surroundings of a run: the time, the kind of machine, the agent, and the CI system, if any."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_handoff.errors import UsageProblem
from pytest_handoff.record import Provenance
from pytest_handoff.run import RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.run import Run


def context_of(run: Run, agent: str | None) -> RunContext:
    """Describe the surroundings of a run; ``SOURCE_DATE_EPOCH`` fixes its clock (reproducible-builds.org's specification).

    Raises:
        UsageProblem: when ``SOURCE_DATE_EPOCH`` is not a number of seconds.
    """
    epoch = _epoch()
    started, finished = (run.started, run.finished) if epoch is None else (epoch, epoch)
    return RunContext(
        started=_iso(started),
        finished=_iso(finished),
        duration_s=round(finished - started, 3),
        python=python(),
        platform=system(),
        agent=agent_of(agent),
        provenance=provenance(os.environ),
    )


def seconds() -> float:
    """Return the time in seconds since 1970 from a new file: tests that freeze ``time.time`` cannot change that clock."""
    try:
        with tempfile.TemporaryFile() as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return time.time()


def python() -> str:
    """Return the version of this Python, ``3.13.1``, without the regex that ``platform.python_version()`` compiles."""
    return sys.version.split()[0]


def system() -> str:
    """Name the kind of this machine, ``Linux x86_64``."""
    return f"{platform.system()} {platform.machine()}"


def agent_of(option: str | None) -> str | None:
    """Name the agent that does the work, from the option or else the environment."""
    return option or os.environ.get("HANDOFF_AGENT") or None


def today() -> str:
    """Return the date in UTC, ``2026-12-31``; ``SOURCE_DATE_EPOCH`` fixes it."""
    epoch = _epoch()
    return _iso(time.time() if epoch is None else epoch)[:10]


def provenance(environment: Mapping[str, str]) -> Provenance:
    """Tell whether a CI system runs this, with the address of its run if the system gives it."""
    if environment.get("GITHUB_ACTIONS") == "true":
        parts = [environment.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
        url = "{}/{}/actions/runs/{}".format(*parts) if all(parts) else None
        return Provenance(kind="ci", run_url=url, attempt=_number(environment.get("GITHUB_RUN_ATTEMPT")))
    if environment.get("GITLAB_CI") == "true":
        return Provenance(kind="ci", run_url=environment.get("CI_JOB_URL"), attempt=None)
    return Provenance(kind="ci" if environment.get("CI", "").lower() in ("1", "true") else "local", run_url=None, attempt=None)


def _epoch() -> float | None:
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    try:
        seconds = int(text)
        _iso(seconds)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageProblem(f"the environment variable SOURCE_DATE_EPOCH is not a number of seconds: {text!r}") from error
    return float(seconds)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
