"""Tabulate tests by session, compactly enough for a page with tens of thousands of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_handoff.markup import one_line
from pytest_handoff.nodeids import file_of, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import LedgerLine


MARKS = {
    "passed": "P", "failed": "F", "error": "E", "skipped": "S", "xfailed": "X", "xpassed": "U", "not_run": "N", None: "M",
}  # fmt: skip
RETIRED, ABSENT = "R", "."

LONGEST_DETAIL = 200


def grid(facts: Facts, ledgers: Sequence[tuple[str, Mapping[str, LedgerLine]]]) -> dict[str, Any]:
    """Build the grid of a session's tests, with their outcome in each of the given sessions.

    Args:
        facts: the session that the page is about.
        ledgers: the sessions and their ledgers, oldest first, with the session itself last.

    Returns:
        ``sessions``, ``tiers``, ``statuses`` and ``since`` are lists of names; a test refers to the last three by index.
        ``files`` are pairs of a path and its tests; a test is ``[name, tier, status, since, marks, flaky, detail]``. Of these,
        ``marks`` has one letter per session (see :data:`MARKS`; ``R`` retired, ``.`` not in the ledger), and ``detail`` is text.
    """
    lines = facts.ledger.values()
    tiers = sorted({line.tier for line in lines})
    statuses = sorted({fate.status for fate in facts.fates.values()})
    since = sorted({line.since for line in lines})
    marks = _marks(facts.ledger, ledgers)
    files: dict[str, list[list[Any]]] = {}
    for test, line in facts.ledger.items():
        figures = [tiers.index(line.tier), statuses.index(facts.fates[test].status), since.index(line.since)]
        row = [one_line(name_of(test)), *figures, marks[test], int(line.flaky), _detail(line)]
        files.setdefault(file_of(test), []).append(row)
    return {
        "sessions": [session for session, _ in ledgers],
        "tiers": [one_line(tier) for tier in tiers],
        "statuses": statuses,
        "since": [one_line(session) for session in since],
        "files": [[one_line(path), files[path]] for path in sorted(files)],
    }


def _marks(tests: Mapping[str, LedgerLine], ledgers: Sequence[tuple[str, Mapping[str, LedgerLine]]]) -> dict[str, str]:
    """Give each test one letter per session, oldest first; before a move, a test is looked up under its earlier id."""
    known_as = {test: test for test in tests}
    marks: dict[str, list[str]] = {test: [] for test in tests}
    for _, ledger in reversed(ledgers):
        for test, name in known_as.items():
            line = ledger.get(name)
            marks[test].append(_mark(line))
            if line is not None and line.moved_from:
                known_as[test] = line.moved_from
    return {test: "".join(reversed(letters)) for test, letters in marks.items()}


def _mark(line: LedgerLine | None) -> str:
    if line is None:
        return ABSENT
    return RETIRED if line.retired is not None else MARKS[line.outcome]


def _detail(line: LedgerLine) -> str:
    told = [
        f"moved from {line.moved_from}" if line.moved_from else "",
        f"retired in {line.retired.session}: {line.retired.reason}" if line.retired else "",
        f"{line.last.outcome} in {line.last.session}" if line.last else "",
        f"{line.reruns} more {'try' if line.reruns == 1 else 'tries'}" if line.reruns else "",
        line.error or line.reason or "",
    ]
    return " · ".join(one_line(part)[:LONGEST_DETAIL] for part in told if part)
