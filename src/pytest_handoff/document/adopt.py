"""Add our blocks to a document that was written without them, each to the section that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.document.find import find
from pytest_handoff.document.markers import with_block
from pytest_handoff.document.parse import parse
from pytest_handoff.document.places import in_checklist
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from pytest_handoff.document.places import Document


_SECTIONS: dict[str, tuple[str, ...]] = {
    "tests.lost": ("tests.", "tier.", "phase.results"),
    "coverage.files": ("coverage.", "targets.", "metrics.coverage", "tests.", "phase.results"),
    "new_code.files": ("coverage.", "targets.", "metrics.new_code", "tests.", "phase.results"),
}
"""For each block, the beginnings of place ids: the block goes to the end of the section with the first such place found."""

_EVIDENCE = "checklist.evidence"
_CORRECTIONS = "claims.corrections"


class Adopted(Frozen, frozen=True):
    """A document with our blocks: ``added`` names them, each with its line (from 1), ``homeless`` those without a section."""

    text: str
    added: tuple[tuple[str, int], ...]
    homeless: tuple[str, ...]


def adopt(text: str, path: str, *, corrections: bool = True) -> Adopted:
    """Add each block that the text lacks and has a section for; it is empty until the next run fills it.

    Args:
        corrections: whether to add the block below the title that says what the evidence contradicts.

    Raises:
        DocumentProblem: the text cannot be filled safely.
    """
    document = find(text, path=path)
    there = {place.id for place in document.places}
    blocks = (*((_CORRECTIONS,) if corrections else ()), *_SECTIONS, _EVIDENCE)
    wanted = {block: _line_for(document, block) for block in blocks if block not in there}
    spots = [(line, block) for block, line in wanted.items() if line is not None]
    for line, block in sorted(spots, key=lambda spot: spot[0])[::-1]:  # from below, so that the line numbers above stay right
        text = with_block(text, line, block, "")
    added = {place.id: place.line for place in find(text, path=path).places}
    return Adopted(
        text=text,
        added=tuple((block, added[block]) for _, block in spots if block in added),
        homeless=tuple(block for block, line in wanted.items() if line is None),
    )


def _line_for(document: Document, block: str) -> int | None:
    """Find the line (from 1) after which the block goes: the last one of its section that says anything."""
    if block == _EVIDENCE:
        lines = [task.line for task in document.tasks if in_checklist(task.section)]
        return _last_line(document, max(lines)) if lines else None
    if block == _CORRECTIONS:
        first = next(iter(parse(document.text).headings), None)
        return None if first is None else first.end if first.level == 1 else first.line
    for beginning in _SECTIONS[block]:
        lines = [place.line for place in document.places if place.id.startswith(beginning)]
        if lines:
            return _last_line(document, min(lines))
    return None


def _last_line(document: Document, line: int) -> int:
    rows = document.text.split("\n")
    end = next((heading.line - 1 for heading in document.headings if heading.line > line), len(rows))
    while end > line and (not rows[end - 1].strip() or set(rows[end - 1].strip()) <= set("-*_")):
        end -= 1
    return end
