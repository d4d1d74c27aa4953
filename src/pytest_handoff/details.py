"""Define what is kept beside a session's evidence: how long each test took, and failure texts.

Nothing decides on it: a session without it, or with a forged one, has the same evidence, gates and verdicts. It is in
``details.json``, in a place that git ignores unless the project commits it; reading it is in ``project.detail_files``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from pytest_handoff.figures import counted
from pytest_handoff.record import Frozen, Outcome

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from pytest_handoff.record import LedgerLine

DETAILS_SCHEMA = "pytest-handoff/details/1"

MOST_A_TEST, MOST_A_SESSION = 16 * 1024, 1024 * 1024
"""The most bytes of text to keep for one failure, and for all failures of a session."""

NO_ROOM = "text left out: the limit is 1 MiB per session"

Phase = Literal["collect", "setup", "call", "teardown"]


class Section(Frozen, frozen=True):
    """Hold a section that pytest prints below a traceback, such as ``Captured stdout call``."""

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

    @property
    def size(self) -> int:
        """Count the bytes of its texts, as the limits mean them."""
        texts = [self.test, self.message, self.text]
        texts += [text for section in self.sections for text in (section.title, section.text)]
        texts += [text for attachment in self.attachments for text in (attachment.name, attachment.path)]
        return sum(len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")) for text in texts)


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

    def by_test(self) -> dict[str, Failure]:
        """Map each test, or file, to what it said."""
        return {failure.test: failure for failure in self.failures}

    def slowest(self, most: int = 10) -> list[tuple[str, float]]:
        """Return the tests that took longest, with their seconds, the slowest first."""
        return sorted(self.seconds.items(), key=lambda took: (-took[1], took[0]))[:most]


def with_earlier(new: Details, old: Details | None, seen: Container[str]) -> Details:
    """Add what is known about tests that a run did not run again, if it adds to earlier runs.

    Args:
        old: the details of those runs, on the same tree.
        seen: the tests that the new run ran, and the files that it collected or could not collect.
    """
    if old is None:
        return new
    carried = [failure for failure in old.failures if failure.test not in seen]
    seconds = {test: took for test, took in old.seconds.items() if test not in seen}
    return replace(new, seconds=seconds | new.seconds, failures=[*carried, *new.failures])


def settled(details: Details, ledger: Mapping[str, LedgerLine]) -> Details:
    """Keep what the ledger bears out, with the outcomes that it has, and failures sorted and within the limit of a session."""
    kept: dict[str, Failure] = {}
    for failure in details.failures:
        line = ledger.get(failure.test)
        if failure.when == "collect":
            kept.setdefault(failure.test, failure)
        elif line is not None and line.outcome is not None and (line.outcome in _FAILING or line.flaky or line.reruns):
            kept.setdefault(failure.test, replace(failure, outcome=line.outcome))
    failures = list(_within_limit(kept.values()))
    without = sum(failure.left_out == NO_ROOM for failure in failures)
    if without or len(failures) < len(kept):  # then there was no room for those either of which nothing is known
        shown = {failure.test for failure in failures}
        without += sum(line.outcome in _FAILING and test not in shown for test, line in ledger.items())
    told = f"{counted(without, 'failure has/failures have')} no text here: the limit is 1 MiB per session" if without else None
    seconds = details.seconds
    if not seconds.keys() <= ledger.keys():  # else no other table of very many tests
        seconds = {test: took for test, took in seconds.items() if test in ledger}
    return replace(details, seconds=seconds, failures=sorted(failures, key=lambda one: one.test), left_out=told)


_FAILING = ("failed", "error")


def _within_limit(failures: Iterable[Failure]) -> Iterator[Failure]:
    left = MOST_A_SESSION
    for failure in failures:
        kept = failure if failure.size <= left else replace(failure, text="", sections=[], attachments=[], left_out=NO_ROOM)
        if kept.size <= left:
            left -= kept.size
            yield kept
