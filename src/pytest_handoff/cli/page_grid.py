"""Put every test of a session into compact rows for the page's script, with its outcomes in the newest sessions and its times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_handoff.markup import one_line
from pytest_handoff.nodeids import file_of, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import LedgerLine

    Ledgers = Sequence[tuple[str, Mapping[str, LedgerLine]]]


MARKS = {
    "passed": "P", "failed": "F", "error": "E", "skipped": "S", "xfailed": "X", "xpassed": "U", "not_run": "N", None: "M",
}  # fmt: skip
RETIRED, FLAKY, ABSENT = "R", "L", "."
"""``FLAKY`` stands for a test that passed when it was tried again."""

LONGEST_DETAIL = 200
_PASSING = ("passed", "xpassed")


class Timeline(NamedTuple):
    """The outcome of each test in the newest sessions.

    Attributes:
        sessions: the sessions, oldest first.
        marks: the letters of each test, one per session, as :func:`marks_of` makes them.
        more: whether there are sessions before these.
    """

    sessions: list[str]
    marks: dict[str, str]
    more: bool

    def since(self, test: str, letters: str) -> str:
        """Name the session since which a test has always had one of these letters."""
        return self._named(len(self.marks[test].rstrip(letters)))

    def first(self, test: str, letter: str) -> str:
        """Name the first session in which a test had this letter; the newest if none has it."""
        at = self.marks[test].find(letter)
        return self._named(at if at >= 0 else len(self.sessions) - 1)

    def _named(self, at: int) -> str:
        at = min(at, len(self.sessions) - 1)
        return f"{self.sessions[at]} or earlier" if self.more and at == 0 else self.sessions[at]


def timeline(tests: Mapping[str, LedgerLine], ledgers: Ledgers, *, more: bool) -> Timeline:
    """Follow each test through these sessions."""
    return Timeline([session for session, _ in ledgers], marks_of(tests, ledgers), more)


def grid(facts: Facts, shown: Timeline, seconds: Mapping[str, float], before: Mapping[str, float]) -> dict[str, Any]:
    """Build the grid of a session's tests, with their outcome in each of the given sessions.

    Args:
        facts: the session that the page is about.
        shown: the sessions that are shown, with the session itself last.
        seconds: how long each test took, where that is known.
        before: how long each test took in the previous session, where that is known.

    Returns:
        ``sessions``, ``tiers``, ``statuses`` and ``since`` are lists of names; a test refers to the last three by index. ``more``
        says whether there are sessions before these.
        ``files`` are pairs of a path and its tests; a test is ``[name, tier, status, since, marks, flaky, detail]``, with the
        milliseconds it took behind them, and those it took before, where they are known. Of these, ``marks`` has one letter per
        session (see :data:`MARKS`; ``L`` flaky, ``R`` retired, ``.`` not in the ledger), and ``detail`` is text.
    """
    lines = facts.ledger.values()
    tiers = sorted({line.tier for line in lines})
    statuses = sorted({fate.status for fate in facts.fates.values()})
    since = sorted({line.since for line in lines})
    index = [{name: at for at, name in enumerate(names)} for names in (tiers, statuses, since)]
    files: dict[str, list[list[Any]]] = {}
    for test, line in facts.ledger.items():
        figures = [index[0][line.tier], index[1][facts.fates[test].status], index[2][line.since]]
        row = [one_line(name_of(test)), *figures, shown.marks[test], int(line.flaky), _detail(line)]
        row += [_milliseconds(times[name]) for times, name in ((seconds, test), (before, known_as(line))) if name in times]
        files.setdefault(file_of(test), []).append(row if test in seconds else row[:7])
    return {
        "sessions": shown.sessions,
        "more": shown.more,
        "tiers": [one_line(tier) for tier in tiers],
        "statuses": statuses,
        "since": [one_line(session) for session in since],
        "files": [[one_line(path), files[path]] for path in sorted(files)],
    }


def known_as(line: LedgerLine) -> str:
    """Return the id that a test had in the previous session."""
    return line.moved_from or line.id


def marks_of(tests: Mapping[str, LedgerLine], ledgers: Ledgers) -> dict[str, str]:
    """Give each test one letter per session, oldest first; before a move, a test is looked up under its earlier id."""
    known = {test: test for test in tests}
    marks: dict[str, list[str]] = {test: [] for test in tests}
    for _, ledger in reversed(ledgers):
        for test, name in known.items():
            line = ledger.get(name)
            marks[test].append(_mark(line))
            if line is not None and line.moved_from:
                known[test] = line.moved_from
    return {test: "".join(reversed(letters)) for test, letters in marks.items()}


def _mark(line: LedgerLine | None) -> str:
    if line is None:
        return ABSENT
    if line.retired is not None:
        return RETIRED
    return FLAKY if line.flaky and line.outcome in _PASSING else MARKS[line.outcome]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _detail(line: LedgerLine) -> str:
    told = [
        f"moved from {line.moved_from}" if line.moved_from else "",
        f"retired in {line.retired.session}: {line.retired.reason}" if line.retired else "",
        f"{line.last.outcome} in {line.last.session}" if line.last else "",
        f"{line.reruns} more {'try' if line.reruns == 1 else 'tries'}" if line.reruns else "",
        line.error or line.reason or "",
    ]
    return " · ".join(one_line(part)[:LONGEST_DETAIL] for part in told if part)
