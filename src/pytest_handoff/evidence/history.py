"""Set sessions side by side, and follow one test through them, by their records and ledgers."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_handoff.record import OUTCOMES, Frozen, LedgerLine, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_handoff.record import Record, Verdict


HISTORY_SCHEMA = "pytest-handoff/history/1"
LIFE_SCHEMA = "pytest-handoff/life/1"
LOST = ("missing", "newly_skipped")
"""Statuses of an earlier test that no longer guards anything."""


class Rate(Frozen, frozen=True):
    """A part of a whole, both counts; if ``whole`` is 0, nothing was measured."""

    part: int
    whole: int


class SessionProof(Frozen, frozen=True):
    """Sum up the proof of a session's run: whether it has no findings against the tests, and the faults noticed of those tried.

    ``faults`` is ``None`` if none were tried.
    """

    holds: bool
    faults: Rate | None


class SessionRow(Frozen, frozen=True):
    """One session as a line of the history.

    Attributes:
        lost: earlier tests that are missing or newly skipped.
        earlier: earlier tests that pass, of those that count; ``None`` for a first session.
        percent: coverage, 0 to 100, unrounded; ``None`` where it was not measured.
        percent_change: points gained since the parent; ``None`` where either was not measured, or there are several parents.
        new_code: new statements that ran; ``None`` where that was not measured.
        gate: ``passed`` or ``failed`` as recorded by the machine; ``None`` where no gate was evaluated.
        open_gates: ids of the gates that failed or are unknown.
        proof: what ``handoff prove`` found of this run; ``None`` where it is not proved.
    """

    session: str
    previous: tuple[str, ...]
    finished: str
    complete: bool
    counts: dict[str, int]
    tiers: dict[str, dict[str, int]]
    new: int
    lost: int
    flaky: int
    regressed: int
    earlier: Rate | None
    percent: float | None
    percent_change: float | None
    new_code: Rate | None
    gate: str | None
    open_gates: tuple[str, ...]
    proof: SessionProof | None = None

    @property
    def gate_names(self) -> list[str]:
        """Name the open gates without their conditions, each once."""
        return list(dict.fromkeys(gate.partition("(")[0] for gate in self.open_gates))


class Moment(Frozen, frozen=True):
    """Describe a test as the ledger of one session does.

    Attributes:
        id: the test's id in that session.
        outcome: how it ended; ``None`` where it is gone.
        what: the same in words, with what else a reader wants to know: moved, skipped and why, flaky, retired.
    """

    session: str
    id: str
    outcome: Outcome | None
    tier: str
    flaky: bool
    what: str


def in_order(records: Mapping[str, Record]) -> list[Record]:
    """Order the records, each after its parents; sort unrelated ones by their start, then by name."""
    waiting = {name: {link.session for link in record.previous} & records.keys() for name, record in records.items()}
    children: dict[str, list[str]] = {}
    for name, parents in waiting.items():
        for parent in parents:
            children.setdefault(parent, []).append(name)
    ready = [_rank(records[name]) for name, parents in waiting.items() if not parents]
    heapq.heapify(ready)
    found: list[Record] = []
    while ready:
        name = heapq.heappop(ready)[-1]
        found.append(records[name])
        for child in children.get(name, ()):
            waiting[child].discard(name)
            if not waiting[child]:
                heapq.heappush(ready, _rank(records[child]))
    circular = [record for name, record in records.items() if waiting[name]]
    return found + sorted(circular, key=_rank)


def session_rows(records: Mapping[str, Record]) -> list[SessionRow]:
    """Build a row for each session, oldest first."""
    return [_row(record, records) for record in in_order(records)]


def history_table(rows: Iterable[SessionRow]) -> dict[str, Any]:
    """Build the table of rows for programs; ``None`` is *not measured*, keys may be added and are never removed."""
    return {"schema": HISTORY_SCHEMA, "sessions": [msgspec.to_builtins(row) for row in rows]}


def life_of(names: Iterable[str], ledgers: Iterable[tuple[str, Sequence[LedgerLine]]]) -> list[Moment]:
    """Follow a test through each session that knows it, oldest first.

    Args:
        names: every id the test had.
        ledgers: sessions with their lines about the test, oldest session first.
    """
    wanted = set(names)
    return [_moment(session, line) for session, lines in ledgers for line in lines if line.id in wanted]


def with_absences(moments: Sequence[Moment], sessions: Iterable[str], before: Callable[[str], Iterable[str]]) -> list[Moment]:
    """Add a moment for each session that lost the test: it continues a session that had the test, but its ledger lacks it.

    A ledger says itself in whose place others of their function came; one of an older version, and ids that change by themselves,
    are told here.

    Args:
        sessions: all of them, oldest first.
        before: names the sessions that a session goes back to.
    """
    by_session: dict[str, list[Moment]] = {}
    for moment in moments:
        by_session.setdefault(moment.session, []).append(moment)
    found: list[Moment] = []
    known: set[str] = set()
    for session in sessions:
        here = by_session.get(session, [])
        if not here and known and not known.isdisjoint(before(session)):
            last = found[-1]
            here = [Moment(session=session, id=last.id, outcome=None, tier=last.tier, flaky=False, what=_REPLACED)]
        if here:
            known.add(session)
        found += here
    return found


_REPLACED = "gone: its function now has other parameters"


def life_table(test: str, moments: Sequence[Moment]) -> dict[str, Any]:
    """Build the table of a test's life for programs."""
    return {
        "schema": LIFE_SCHEMA,
        "test": test,
        "since": moments[0].session if moments else None,
        "sessions": [msgspec.to_builtins(moment) for moment in moments],
    }


def names_of(test: str, ledgers: Sequence[Sequence[LedgerLine]]) -> set[str]:
    """Find every id that a test had: back from this one by ``moved_from``, and forward to the ids that came from any of them."""
    names = {test}
    for lines in reversed(ledgers):
        names |= {line.moved_from for line in lines if line.id in names and line.moved_from}
    for lines in ledgers:
        names |= {line.id for line in lines if line.moved_from in names}
    return names


def open_gates(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Name the gates that do not pass in a session."""
    return tuple(verdict.id for verdict in verdicts if verdict.verdict in ("failed", "unknown"))


def _rank(record: Record) -> tuple[str, str]:
    return record.run.started, record.session


def _row(record: Record, records: Mapping[str, Record]) -> SessionRow:
    regression = record.tests.regression
    still_open = open_gates(record.gates)
    return SessionRow(
        session=record.session,
        previous=tuple(link.session for link in record.previous),
        finished=record.run.finished,
        complete=record.run.complete,
        counts={outcome: record.tests.counts.get(outcome, 0) for outcome in OUTCOMES},
        tiers=record.tests.tiers,
        new=record.tests.new,
        lost=sum(regression.statuses.get(status, 0) for status in LOST),
        flaky=record.tests.flaky,
        regressed=regression.statuses.get("regressed", 0),
        earlier=Rate(part=regression.passing, whole=regression.expected) if record.previous else None,
        percent=record.coverage.percent if record.coverage else None,
        percent_change=_change(record, records),
        new_code=Rate(part=record.new_code.covered, whole=record.new_code.num_statements) if record.new_code else None,
        gate=None if not record.gates else "failed" if still_open else "passed",
        open_gates=still_open,
    )


def _change(record: Record, records: Mapping[str, Record]) -> float | None:
    parents = [records[link.session] for link in record.previous if link.session in records]
    before = parents[0].coverage if len(parents) == len(record.previous) == 1 else None
    return record.coverage.percent - before.percent if record.coverage and before else None


def _moment(session: str, line: LedgerLine) -> Moment:
    return Moment(session=session, id=line.id, outcome=line.outcome, tier=line.tier, flaky=line.flaky, what=_what(session, line))


def _what(session: str, line: LedgerLine) -> str:
    """Word the outcome; say first if the test is retired, because then its outcome decides nothing."""
    said = [f"retired in {line.retired.session}: {line.retired.reason}"] if line.retired else []
    if line.replaced is not None:
        return _REPLACED
    if line.outcome is not None:
        said.append(line.outcome.replace("_", " ") + (f": {line.reason or line.error}" if line.reason or line.error else ""))
    elif not said:
        said.append("missing" + (f", {line.last.outcome} in {line.last.session}" if line.last else ""))
    said += ["new"] if line.since == session else []
    said += [f"moved from {line.moved_from}"] if line.moved_from else []
    said += [f"flaky, {line.reruns} more {'try' if line.reruns == 1 else 'tries'}"] if line.flaky else []
    said += ["a promise"] if line.promised else []
    return " · ".join(said)
