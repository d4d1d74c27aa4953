"""Draw changed files as a tree or a list for a fenced block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.figures import counted
from pytest_handoff.markup import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence


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
