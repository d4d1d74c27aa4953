"""Add to a new document the checklist lines that it must have and its template lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.checklist.language import missing_required
from pytest_handoff.document.find import find, find_tasks
from pytest_handoff.document.places import in_checklist
from pytest_handoff.markup import one_line
from pytest_handoff.text_lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Sequence


def with_carried_lines(text: str, must: Sequence[str]) -> str:
    """Add the lines that are missing below the last line of the checklist; without one, below a heading of their own.

    An earlier document may come from another template, or have been there before: its lines stay required all the same.
    """
    if not missing_required(must, [task.text for task in find_tasks(text)]):
        return text
    tasks = find(text).tasks
    absent = (line for line, _ in missing_required(must, [task.text for task in tasks]))
    missing = [one_line(line) for line in absent if "<!--" not in line]  # no settings and no record write markers of ours
    if not missing:
        return text
    eol = "\r\n" if "\r\n" in text else "\n"
    rows = "".join(f"- [ ] {line}{eol}" for line in missing)
    boxes = [task.at for task in tasks if task.place is None and in_checklist(task.section)]
    if not boxes:
        return f"{text.rstrip()}{eol}{eol}## Checklist{eol}{eol}{rows}"
    end = _end_of_item(text, max(boxes))
    between = "" if text[:end].endswith(("\n", "\r")) else eol
    return f"{text[:end]}{between}{rows}{text[end:]}"


def _end_of_item(text: str, at: int) -> int:
    """Find where the list item around a character ends: with its line, and those that are indented below it."""
    begin = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    lines = split_lines(text[begin:])
    end = begin + len(lines[0])
    for line in lines[1:]:
        if not line.strip() or line[0] not in " \t":
            break
        end += len(line)
    return end
