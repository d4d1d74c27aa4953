"""Apply the exceptions from the settings, each with a reason: retired tests, and tests known to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.nodeids import id_matches
from pytest_handoff.record import LedgerLine, Retired

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_handoff.config import KnownFailure, Retirement
    from pytest_handoff.evidence.ledger import EarlierTests, Ledger


_ALIVE = PASSING | FAILING


class Exceptions(NamedTuple):
    """Hold the exceptions in the current settings, and the retirements that the parents' settings already had."""

    retire: Sequence[Retirement] = ()
    retired_before: Collection[Retirement] = ()
    known: Sequence[KnownFailure] = ()


def with_exceptions(ledger: Ledger, session: str, exceptions: Exceptions, earlier: EarlierTests, *, today: str) -> Ledger:
    """Mark the tests that are retired, and those that may fail until the day given in the settings."""
    known = [entry for entry in exceptions.known if entry.until is None or today <= entry.until]
    lines = {test: _retired(line, session, exceptions, earlier) for test, line in ledger.items()} if exceptions.retire else ledger
    return {test: _known(line, known) for test, line in lines.items()} if known else lines


def _retired(line: LedgerLine, session: str, exceptions: Exceptions, earlier: EarlierTests) -> LedgerLine:
    """Add the first retirement that matches the line and applies to it, if there is one.

    You cannot retire a new test, or one that still passes or fails, and a glob from before does not retire a test that it matches
    only now.
    """
    if line.retired is not None or line.since == session or line.outcome in _ALIVE:
        return line
    known = earlier.lines.get(line.moved_from or line.id)
    before = known.retired if known else None
    newly = before is None and _was_alive(known)
    matching = (entry for entry in exceptions.retire if id_matches(line.id, entry.test))
    entry = next((entry for entry in matching if not (newly and _is_old_glob(entry, exceptions))), None)
    if entry is None:
        return line
    since = before.session if before and before.reason == entry.reason else session
    outcome = None if line.outcome == "not_run" else line.outcome
    return replace(line, outcome=outcome, retired=Retired(session=since, reason=entry.reason))


def _was_alive(line: LedgerLine | None) -> bool:
    return line is not None and line.outcome in _ALIVE


def _is_old_glob(entry: Retirement, exceptions: Exceptions) -> bool:
    return not {"*", "?"}.isdisjoint(entry.test) and entry in exceptions.retired_before


def _known(line: LedgerLine, known: Sequence[KnownFailure]) -> LedgerLine:
    """Add the reason why a test may fail, even if it passes now, so that we can report it as fixed."""
    if line.outcome not in _ALIVE:
        return line
    entry = next((entry for entry in known if id_matches(line.id, entry.test)), None)
    return line if entry is None else replace(line, known=entry.reason)
