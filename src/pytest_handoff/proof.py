"""Define the proof of a work session, as written to ``proof.json``: whether its tests would notice.

It is about the record of one run, which it names by its digest; the proof of another run is stale.
"""

from typing import Literal

from pytest_handoff.config import Experiment
from pytest_handoff.record import Frozen

PROOF_SCHEMA = "pytest-handoff/proof/1"

EarlierStatus = Literal["holds", "adapted", "mended_in_test", "fails", "cannot_run", "not_tried"]
NewStatus = Literal["needs_the_change", "passes_without_it", "not_tried"]
FaultCount = Literal["possible", "tried", "caught", "timeout", "survived", "not_reached", "broken"]


class EarlierTry(Frozen, frozen=True, omit_defaults=True):
    """Say how an earlier test fares as it was, on the current code.

    ``holds``: it passes. ``adapted``: it fails, and passes as edited. ``mended_in_test``: the same, but earlier sessions
    recorded it as failing. ``fails``: it fails, and does not pass now either. ``cannot_run``: its file cannot be collected.
    ``error`` is the first line of the failure, or why it was not tried; ``place`` is where it failed. ``reason`` is why the test
    had to change, as the settings say.
    """

    status: EarlierStatus
    error: str | None = None
    place: str | None = None
    reason: str | None = None


class NewTry(Frozen, frozen=True, omit_defaults=True):
    """Say how a new test fares on the old code: it fails or cannot be collected (``needs_the_change``), or it passes."""

    status: NewStatus
    error: str | None = None
    place: str | None = None


class EarlierProof(Frozen, frozen=True):
    """The earlier tests as they were.

    ``unchanged`` counts those that stand as they were, with all that they use: the run itself tried them. ``not_tried`` says
    of files why they could not be as they were, ``left_out`` of tests or files why they say nothing: skipped tests, doctests in
    the code itself. ``nothing`` says why there was nothing to try at all.
    """

    tests: dict[str, EarlierTry] = {}
    unchanged: int = 0
    not_tried: dict[str, str] = {}
    left_out: dict[str, str] = {}
    nothing: str | None = None


class NewProof(Frozen, frozen=True):
    """The new tests on the old code; the other fields are those of :class:`EarlierProof`."""

    tests: dict[str, NewTry] = {}
    not_tried: dict[str, str] = {}
    left_out: dict[str, str] = {}
    nothing: str | None = None


class Survivor(Frozen, frozen=True, omit_defaults=True):
    """A small fault in a new statement that no test noticed.

    ``diff`` is the line as it is and the line with the fault, ``- …`` and ``+ …``. ``tests`` are tests that ran it and passed, at
    most :data:`MOST_TESTS`; ``more`` counts the others.
    """

    path: str
    line: int
    diff: str
    tests: list[str]
    more: int = 0


class FileFaults(Frozen, frozen=True):
    """Count the faults of one file; the fields are those of :class:`FaultProof`."""

    possible: int = 0
    tried: int = 0
    caught: int = 0
    timeout: int = 0
    survived: int = 0
    not_reached: int = 0
    broken: int = 0


class FaultProof(Frozen, frozen=True):
    """Small faults in the new statements, one at a time, and whether the tests that run them notice.

    ``possible`` counts the faults in statements that some test runs, ``tried`` those that were tried: each is ``caught`` (a test
    fails), ``timeout`` (a test does not end, which would be noticed as well) or one of the ``survived``. ``not_reached`` counts
    the faults in new statements that nothing runs, ``broken`` those that do not compile: neither counts as possible.
    ``not_tried`` says of files why some of their faults could not be tried, ``left_out`` of tests why they were not asked.
    ``shards`` are the shards that are joined here, such as ``2/8``; empty for all. ``sample`` and ``budget`` are what limited
    it, ``seconds`` is the time it took. ``nothing`` says why there was nothing to try at all.
    """

    possible: int = 0
    tried: int = 0
    caught: int = 0
    timeout: int = 0
    not_reached: int = 0
    broken: int = 0
    survived: list[Survivor] = []
    files: dict[str, FileFaults] = {}
    not_tried: dict[str, str] = {}
    left_out: dict[str, str] = {}
    shards: list[str] = []
    sample: int | None = None
    budget: float | None = None
    seconds: float = 0.0
    nothing: str | None = None

    @property
    def counts(self) -> dict[FaultCount, int]:
        """Return the figures by name."""
        return {
            "possible": self.possible,
            "tried": self.tried,
            "caught": self.caught,
            "timeout": self.timeout,
            "survived": len(self.survived),
            "not_reached": self.not_reached,
            "broken": self.broken,
        }

    @property
    def is_enough(self) -> bool:
        """Check whether enough faults were tried for their share to say something about the others."""
        return self.tried >= min(self.possible, ENOUGH)

    @property
    def missing_shards(self) -> list[str]:
        """List the shards that are not joined here; none where no shards were made."""
        of = int(self.shards[0].partition("/")[2]) if self.shards else 0
        return [shard for shard in (f"{number}/{of}" for number in range(1, of + 1)) if shard not in self.shards]


MOST_TESTS = 20
"""The tests that are named beside a fault that survived."""

ENOUGH = 50
"""The fewest faults to try, unless there are fewer."""


class Proof(Frozen, frozen=True, omit_defaults=True):
    """The results of all experiments on one record.

    ``record`` is the sha256 of the record without ``gates``, ``places`` and ``required``, which its document brings. ``args`` are
    the arguments that pytest was given beside ours. An experiment is ``None`` where it was not tried. ``holds`` says that there
    are no ``reasons`` against the tests; ``interrupted`` that somebody stopped the command. ``digest`` stands in the file
    alone, as that of a record does.
    """

    schema: str
    session: str
    record: str
    fingerprint: str
    python: str
    platform: str
    args: list[str]
    interrupted: bool
    tried: list[Experiment]
    earlier: EarlierProof | None
    new: NewProof | None
    holds: bool
    reasons: list[str]
    faults: FaultProof | None = None
    digest: str | None = None
