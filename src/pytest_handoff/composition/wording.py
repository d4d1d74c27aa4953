"""Provide the wordings that several places of a document share, and draw changed files as a tree or a list."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import counted, listed
from pytest_handoff.markup import code_in_text, escape, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.config import Promise
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Outcome


def if_incomplete(facts: Facts) -> str:
    """Return the note that follows a figure from an incomplete run; empty after a complete one."""
    return "" if facts.record.run.complete else " (incomplete run)"


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
    """List the tests that fail, then the earlier ones that are lost, each with its reason; ``none`` if there are none."""
    failing = facts.kinds.lines(lambda kind: kind.outcome in FAILING and tier in (None, kind.tier))
    lost = [line for line in facts.with_status("missing", "newly_skipped") if tier in (None, line.tier)]
    if not failing and not lost:
        return "none" + if_incomplete(facts)
    rows = [f"{code_in_text(line.id)} — {escape(line.error or 'failed')}" for line in failing]
    rows += [f"{code_in_text(line.id)} — {'missing' if line.outcome is None else 'skipped now'}" for line in lost]
    return listed(rows)


def promise_text(promise: Promise) -> str:
    """Word a promise from the configuration: which tests, what for, and due when."""
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
