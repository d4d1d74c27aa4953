"""List for the page what broke and what was lost: failing tests with their output, uncollected files, slow and flaky tests."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_handoff.checklist.condition import why
from pytest_handoff.cli.page_grid import known_as
from pytest_handoff.details import Section
from pytest_handoff.evidence.completeness import COLLECTION_FAILED
from pytest_handoff.evidence.history import LOST
from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.record import Frozen
from pytest_handoff.workflow.locate import TestPlaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_handoff.cli.page_grid import Timeline
    from pytest_handoff.composition.durations import Slow
    from pytest_handoff.details import Attachment, Details, Failure
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import LedgerLine, Record


MOST_ROWS = 50
"""The most rows of a list in the page; below it a sentence says where the rest is."""

MOST_ATTACHMENTS = 20

_LEVELS = 3
"""The page's folder and those above it in which a file of the artifacts folder is looked for."""

LEAST = 0.01
"""Seconds; a test that took less is not slow."""


def not_collected(record: Record) -> dict[str, str]:
    """Find the files that could not be collected, each with the first line of the error."""
    found = (why.partition(f" {COLLECTION_FAILED}: ") for why in record.run.why_incomplete)
    return {path: error for path, separator, error in found if separator}


class Attached(Frozen, frozen=True):
    """A file that a test left.

    Attributes:
        address: its place as seen from the page; ``None`` where there is nothing to link to.
        note: why there is not.
    """

    name: str
    path: str
    address: str | None
    note: str


class Broken(Frozen, frozen=True):
    """A test that fails, or a file that could not be collected.

    Attributes:
        state: what it is in one or two words, such as ``regressed``.
        what: what went wrong, in one line.
        since: since when, in words.
        command: the command that runs it alone.
        text, sections, attachments: what it said; empty where that is not kept.
        left_out: what is not shown of this, in one sentence.
    """

    id: str
    state: str
    what: str
    since: str
    command: str
    text: str = ""
    sections: list[Section] = []
    attachments: list[Attached] = []
    left_out: str | None = None


class LostTest(Frozen, frozen=True):
    """An earlier test that no longer guards anything: what became of it, and where it passed last."""

    id: str
    state: str
    what: str
    before: str


class Timed(Frozen, frozen=True):
    """Say how long a test took, and how much longer than in the session before; ``None`` if that is not known."""

    id: str
    took: str
    change: str | None


def timed(slow: Slow) -> Timed:
    """Word the time that a slow test took."""
    took = f"{slow.seconds:.2f} s"
    if slow.before is None:
        return Timed(id=slow.test, took=took, change=None)
    change = slow.seconds - slow.before
    words = "same" if abs(change) < 0.005 else f"{'+' if change > 0 else '−'}{abs(change):.2f} s"
    return Timed(id=slow.test, took=took, change=words)


class Unsteady(Frozen, frozen=True):
    """A flaky test: since when, and what it said when it failed."""

    id: str
    since: str
    text: str


class Breakage:
    """Hold what broke in a session, and what was lost; the lists are complete, and the page shortens them.

    Args:
        details: what is kept of the run beside the evidence, if anything is.
        shown: the sessions that are shown.
        folder: where the page will be.
    """

    def __init__(self, project: Project, facts: Facts, details: Details | None, shown: Timeline, folder: Path) -> None:
        self._project, self._facts, self._timeline, self._folder = project, facts, shown, folder
        self._places = TestPlaces(project)
        self._said = details.by_test() if details else {}

    def not_collected(self) -> list[Broken]:
        """List the files that could not be collected."""
        return [
            self._with_text(Broken(id=path, state="not collected", what=error, since="", command=self._places.command(path)))
            for path, error in not_collected(self._facts.record).items()
        ]

    def failing(self) -> list[Broken]:
        """List the tests that fail: first those that passed before, then new ones, then those that failed before or may fail."""
        order = ("regressed", "new")
        lines = self._facts.kinds.lines(lambda kind: kind.outcome in FAILING and kind.retired is None)

        def rank(line: LedgerLine) -> tuple[bool, int, str]:
            status = self._facts.fates[line.id].status
            return line.known is not None, order.index(status) if status in order else len(order), line.id

        return [self._failing(line, at) for at, line in enumerate(sorted(lines, key=rank))]

    def _failing(self, line: LedgerLine, at: int) -> Broken:
        fate = self._facts.fates[line.id]
        error = line.error or ("ended in an error" if line.outcome == "error" else "failed")
        row = Broken(
            id=line.id,
            state="known to fail" if line.known else self._facts.became(line),
            what=error,
            since=self._since(line) if fate.status != "new" else f"new in {self._facts.session}",
            command=self._places.command(line.id),
        )
        return self._with_text(row) if at < MOST_ROWS else row

    def _since(self, line: LedgerLine) -> str:
        before = self._facts.earlier.lines.get(known_as(line))
        if before is not None and before.outcome in PASSING:
            return f"passed in {self._facts.earlier.session_of(before.id)}"
        return f"failing since {self._timeline.since(line.id, 'FE')}"

    def lost(self) -> list[LostTest]:
        """List the earlier tests that are missing, or that are skipped now."""
        lines = self._facts.with_status(*LOST)
        return [self._lost(line) for line in lines if self._facts.fates[line.id].counts]

    def _lost(self, line: LedgerLine) -> LostTest:
        before = self._facts.earlier.lines.get(known_as(line))
        passed = f"{before.outcome} in {self._facts.earlier.session_of(before.id)}" if before and before.outcome else ""
        return LostTest(id=line.id, state=self._facts.became(line), what="" if line.outcome is None else why(line), before=passed)

    def not_run(self) -> Sequence[LedgerLine]:
        """Return the earlier tests that did not run."""
        return [line for line in self._facts.with_status("not_run") if self._facts.fates[line.id].counts]

    def flaky(self) -> Iterator[Unsteady]:
        """List the tests that needed more than one try, each with the first shown session in which it was flaky."""
        for line in self._facts.kinds.lines(lambda kind: kind.flaky and kind.live):
            number, of = self._timeline.marks[line.id].count("L"), len(self._timeline.sessions)
            times = f", in {number} of the last {of} sessions" if number > 1 else ""
            failure = self._said.get(line.id)
            since = f"flaky since {self._timeline.first(line.id, 'L')}{times}"
            yield Unsteady(id=line.id, since=since, text=failure.text if failure else "")

    def _with_text(self, row: Broken) -> Broken:
        from msgspec.structs import replace

        failure = self._said.get(row.id)
        if failure is None:
            return row
        return replace(
            row,
            what=failure.message or row.what,
            text=failure.text,
            sections=failure.sections,
            attachments=list(self._attached(failure)),
            left_out=failure.left_out,
        )

    def _attached(self, failure: Failure) -> Iterator[Attached]:
        for one in failure.attachments[:MOST_ATTACHMENTS]:
            address = self._address(one)
            yield Attached(name=one.name, path=one.path, address=address, note="" if address else self._why_no_link(one))

    def _why_no_link(self, attachment: Attachment) -> str:
        if attachment.below == "artifacts":
            return "in the artifacts folder"
        return "in the project" if (self._project.root / attachment.path).is_file() else "not there now"

    def _address(self, attachment: Attachment) -> str | None:
        """Find the relative path from the page to a file, unless it would go through folders that only this machine has.

        Where the artifacts folder was is not recorded: the page may be in it, or a little below.
        """
        here = Path(os.path.realpath(self._folder))
        if attachment.below == "artifacts":
            bases = [here, *here.parents][:_LEVELS]
        else:
            root = Path(os.path.realpath(self._project.root))
            bases = [root] if here.is_relative_to(root) or root.is_relative_to(here) else []
        there = (base / attachment.path for base in bases if (base / attachment.path).is_file())
        path = next(there, None)
        return None if path is None else quote(os.path.relpath(path, here).replace(os.sep, "/"))
