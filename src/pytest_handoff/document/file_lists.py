"""Find the list of changed files below a heading, if a template asks for it item by item."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pytest_handoff.document.labels import keys_of
from pytest_handoff.document.places import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pytest_handoff.document.outline import Outline, TextLine

FILES_LIST = "files.list"

_SECTIONS = frozenset({
    "files modified so far", "files changed so far", "files touched so far", "files modified", "files changed", "modified files",
    "changed files", "files touched", "files created and modified",
})  # fmt: skip
_ASKING = r"(?:`[^`\[\]]*\[[^`]*`|\[[^\[\]]*\])(?:[ \t]+[-–—:→][ \t]+\[[^\[\]]*\])?"


def listed_files(parsed: Outline, closed: Collection[int]) -> Iterator[Place]:
    """Make a place of the first list right below such a heading; it asks to be filled if every item of it is a prompt."""
    for heading in parsed.headings:
        if heading.line in closed or keys_of(heading.text).isdisjoint(_SECTIONS):
            continue
        items = _items_below(parsed, heading.end)
        if items and parsed.raw(items[-1].line) != parsed.text[parsed.starts[items[-1].line] :]:
            yield _place(parsed, items)
            return


def _items_below(parsed: Outline, line: int) -> list[TextLine]:
    """Return the lines of the list that stands first below a line: items of one line each, without a gap."""
    while line < len(parsed.starts) - 1 and not parsed.raw(line).strip():
        line += 1
    items: list[TextLine] = []
    while (
        (item := parsed.text_line(line)) is not None and item.opens_item and not [one for one in item.parents if one is not item]
    ):
        items.append(item)
        line += 1
    return [] if parsed.text_line(line) is not None else items


def _place(parsed: Outline, items: list[TextLine]) -> Place:
    start, end = parsed.starts[items[0].line], parsed.starts[items[-1].line + 1]
    text = "\n".join(parsed.raw(item.line) for item in items)
    asks = all(re.fullmatch(_ASKING, item.text) for item in items)
    state: Literal["placeholder", "written"] = "placeholder" if asks else "written"
    return Place(
        id=FILES_LIST, kind="fence", line=items[0].line + 1, text=text, state=state, start=start, end=end,
        own=len(text) if asks else 0,
    )  # fmt: skip
