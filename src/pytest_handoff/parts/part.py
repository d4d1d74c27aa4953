"""Define a part of a session: the results of one of several jobs, for ``handoff combine`` to join."""

from __future__ import annotations

from pathlib import Path

from pytest_handoff.evidence.measurement import PartCoverage
from pytest_handoff.record import Frozen, Metric, Parent, Provenance
from pytest_handoff.run import CaseResult, Collection, SuiteFiles

PART_SCHEMA = "pytest-handoff/part/1"


class PartRun(Frozen, frozen=True):
    """What a part's run was, beside its tests.

    Attributes:
        started, finished: seconds since 1970.
        rootdir: pytest's rootdir relative to the git root, ``.`` where it is that.
        hooks: names of our hooks that the project or a plugin implements.
        not_measured: why there is no coverage; ``None`` where there is.
        digests: the sha256 of each file beside this one.
    """

    started: float
    finished: float
    exitstatus: int
    args: list[str]
    plugins: dict[str, str]
    why_partial: list[str]
    mishaps: list[str]
    metrics: list[tuple[str, Metric]]
    rootdir: str
    suite: SuiteFiles
    instructions: str | None
    agent: str | None
    hooks: list[str]
    coverage: PartCoverage | None
    not_measured: str | None
    digests: dict[str, str]


class Part(Frozen, frozen=True):
    """The head of a part, ``part.json``; it is there from the part's first moment, and ``run`` from its last.

    Attributes:
        label: how the part is called; attempts of one job share it.
        fingerprint: of the tree that its tests ran on.
        previous: the sessions before, that its tests were compared with.
        provenance: where it ran; its ``attempt`` tells a job that was run again.
        unfinished: why there is no ``run``.
    """

    schema: str
    session: str
    label: str
    fingerprint: str
    previous: list[Parent]
    python: str
    platform: str
    provenance: Provenance
    unfinished: str | None
    run: PartRun | None = None

    @property
    def shown(self) -> str:
        """Name the part for a message."""
        attempt = self.provenance.attempt or 1
        return self.label if attempt == 1 else f"{self.label} (attempt {attempt})"

    @property
    def environment(self) -> tuple[str, str]:
        """Return the Python and platform that it ran on: parts of one environment must agree, those of two may differ."""
        return self.python, self.platform


class PartTests(Frozen, frozen=True):
    """A finished part with its tests and its folder; parts that collected the same tests share ``collection``."""

    folder: Path
    head: Part
    run: PartRun
    collection: Collection
    results: dict[str, CaseResult]
