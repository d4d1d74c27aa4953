"""Define what is kept of a session beside its evidence: how long each test took, and what the failures said.

Nothing decides on it: a session without it, or with a forged one, has the same evidence, gates and verdicts. It is in
``details.json``, in a place that git ignores unless the project commits it; reading it is in ``project.detail_files``.
"""

from typing import Literal

from pytest_handoff.record import Frozen, Outcome

DETAILS_SCHEMA = "pytest-handoff/details/1"

MOST_A_TEST, MOST_A_SESSION = 16 * 1024, 1024 * 1024
"""The most bytes of text that are kept of one failure, and of all failures of a session."""

Phase = Literal["collect", "setup", "call", "teardown"]


class Section(Frozen, frozen=True):
    """What pytest prints below a traceback, such as ``Captured stdout call``."""

    title: str
    text: str


class Attachment(Frozen, frozen=True):
    """A file that a test or an end-to-end plugin left; nothing opens it, and nothing says that it is still there.

    ``path`` is relative, with ``/`` and without ``..``: to the git root, or to the folder of ``--handoff-artifacts``.
    """

    name: str
    path: str
    below: Literal["project", "artifacts"] = "project"


class Failure(Frozen, frozen=True, omit_defaults=True):
    """What a test said when it last failed; one that passed when it was tried again is kept too.

    The command that runs it alone is not in here, since a file may be forged: ``workflow.locate.TestPlaces.command`` writes it.

    Attributes:
        test: the id, as in the ledger; for a file that could not be collected, the file.
        outcome: of the test, as in the ledger: ``passed`` if it passed when it was tried again; ``error`` for a file.
        when: the phase in which it failed.
        message: where and what, in one line: ``tests/test_a.py:12: AssertionError: assert 1 == 2``.
        text: the traceback and the assertion's diff, as pytest prints them.
        sections: captured output and log.
        attachments: screenshots, traces and the like.
        left_out: says in a sentence how much of all this was left out; ``None`` if nothing was.
    """

    test: str
    outcome: Outcome
    when: Phase = "call"
    message: str = ""
    text: str = ""
    sections: list[Section] = []
    attachments: list[Attachment] = []
    left_out: str | None = None


class Details(Frozen, frozen=True):
    """The details of a session's run.

    Attributes:
        record: the digest of the record that they belong to, as in a proof; details of another run are stale.
        seconds: how long each test took, setup and teardown included; only tests whose time was measured.
        failures: one for each test or file, in the order of their ids.
        left_out: says in a sentence how many failures have no text here; ``None`` if all have.
    """

    schema: str
    session: str
    record: str
    seconds: dict[str, float] = {}
    failures: list[Failure] = []
    left_out: str | None = None

    def failure(self, test: str) -> Failure | None:
        """Return what a test, or a file that could not be collected, said; ``None`` if nothing is known."""
        return next((failure for failure in self.failures if failure.test == test), None)

    def slowest(self, most: int = 10) -> list[tuple[str, float]]:
        """Return the tests that took longest, with their seconds, the slowest first."""
        return sorted(self.seconds.items(), key=lambda took: (-took[1], took[0]))[:most]
