"""Provide wordings that several places of a document share, and draw changed files as a tree or a list."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import counted, listed
from pytest_handoff.markup import code_in_text, escape, one_line
from pytest_handoff.nodeids import file_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.config import Promise
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import LedgerLine, Outcome

_NOT_COLLECTED = " could not be collected: "


def if_incomplete(facts: Facts) -> str:
    """Return the note that follows a figure from an incomplete run; empty after a complete one."""
    return "" if facts.record.run.complete else " (incomplete run)"


def failing_subtests(number: int) -> str:
    """Return the note that follows the counts of tests: pytest's last line also counts each failing sub-test as a failure."""
    return f" ({counted(number, 'failing sub-test')})" if number else ""


def live(facts: Facts, tier: str | None = None) -> Counter[Outcome | None]:
    """Count the outcomes of the tests in one tier or in all; missing and retired tests do not count."""
    found: Counter[Outcome | None] = Counter()
    for kind, number in facts.kinds:
        if kind.live and tier in (None, kind.tier):
            found[kind.outcome] += number
    return found


def passing(outcomes: Counter[Outcome | None]) -> int:
    """Count the tests that passed."""
    return sum(outcomes[outcome] for outcome in PASSING)


def failures(facts: Facts, tier: str | None = None) -> str:
    """List tests that fail, then earlier ones that are lost or were not run, and files that broke; ``none`` if all is well."""
    kinds = (
        [f"{code_in_text(line.id)} — {escape(line.error or 'failed')}{_if_known(line)}" for line in _failing(facts, tier)],
        [f"{code_in_text(line.id)} — missing" for line in _lost(facts, tier, "missing")],
        [f"{code_in_text(line.id)} — skipped now" for line in _lost(facts, tier, "newly_skipped")],
        _not_run(_lost(facts, tier, "not_run")),
        [f"{code_in_text(path)} — not collected: {escape(error)}" for path, error in broken_files(facts).items() if not tier],
    )
    return "; ".join(listed(rows) for rows in kinds if rows) or "none" + if_incomplete(facts)


def count_failures(facts: Facts, tier: str | None = None) -> int:
    """Count what :func:`failures` lists."""
    lost = _lost(facts, tier, "missing", "newly_skipped", "not_run")
    return len(_failing(facts, tier)) + len(lost) + (0 if tier else len(broken_files(facts)))


def broken_files(facts: Facts) -> dict[str, str]:
    """Find the files that could not be collected, each with the first line of the error, among the reasons of a run."""
    found = (why.partition(_NOT_COLLECTED) for why in facts.record.run.why_incomplete)
    return {path: error for path, separator, error in found if separator}


def _failing(facts: Facts, tier: str | None) -> Sequence[LedgerLine]:
    return facts.kinds.lines(lambda kind: kind.outcome in FAILING and tier in (None, kind.tier))


def _lost(facts: Facts, tier: str | None, *statuses: str) -> Sequence[LedgerLine]:
    return facts.kinds.lines(lambda kind: kind.fate.status in statuses and tier in (None, kind.tier))


def _not_run(lines: Sequence[LedgerLine]) -> list[str]:
    files = sorted({file_of(line.id) for line in lines})
    return (
        [f"{counted(len(lines), 'earlier test')} not run, in {listed([code_in_text(path) for path in files])}"] if files else []
    )


def _if_known(line: LedgerLine) -> str:
    return f" (known: {escape(line.known)})" if line.known else ""


def promise_text(promise: Promise) -> str:
    """Word a promise from the configuration: which tests, why, and when it is due."""
    due = f" (due by {escape(promise.due)})" if promise.due else ""
    return f"{code_in_text(promise.test)} — {escape(promise.reason)}{due}"


def not_measured(facts: Facts) -> str:
    """Say that coverage was not measured, and why."""
    return f"not measured: {escape(why_not_measured(facts, 'coverage'))}"


def total_coverage(facts: Facts) -> str | None:
    """Format the total coverage, or return ``None`` if it was not measured."""
    measured = facts.record.coverage
    return measured.shown if measured else None


MOST_FILES = 60

Folder = dict[str, "Folder"]


def tree(paths: Sequence[str]) -> str:
    """Draw paths as an indented tree, folders first; the rest of a very long list is counted, not shown."""
    shown, rest = paths[:MOST_FILES], len(paths) - MOST_FILES
    root: Folder = {}
    for path in shown:
        folder = root
        for part in one_line(path).split("/"):
            folder = folder.setdefault(part, {})
    lines = [_inside_a_fence(line) for name, inner in _sorted(root) for line in _top(name, inner)]
    return "\n".join([*lines, *([f"… and {counted(rest, 'more file')}"] if rest > 0 else [])]) or "none"


def plain(rows: Sequence[str]) -> str:
    """Write one row a line; the rest of a very long list is counted, not shown."""
    rest = len(rows) - MOST_FILES
    shown_rows = [_inside_a_fence(one_line(row)) for row in rows[:MOST_FILES]]
    return "\n".join([*shown_rows, *([f"… and {counted(rest, 'more file')}"] if rest > 0 else [])]) or "none"


def _inside_a_fence(row: str) -> str:
    """Put ``./`` before a row that would otherwise close the fence around it."""
    return f"./{row}" if row.startswith(("```", "~~~")) else row


def _top(name: str, inner: Folder) -> list[str]:
    return [f"{name}/", *_below(inner, "")] if inner else [name]


def _below(folder: Folder, indent: str) -> list[str]:
    lines: list[str] = []
    entries = _sorted(folder)
    for position, (name, inner) in enumerate(entries, start=1):
        last = position == len(entries)
        lines.append(f"{indent}{'└── ' if last else '├── '}{name}{'/' if inner else ''}")
        lines += _below(inner, indent + ("    " if last else "│   "))
    return lines


def _sorted(folder: Folder) -> list[tuple[str, Folder]]:
    return sorted(folder.items(), key=lambda entry: (not entry[1], entry[0]))
