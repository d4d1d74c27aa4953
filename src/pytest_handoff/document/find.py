"""Find the places of a document (:func:`find`), and write values into them (:func:`fill`)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.document.catalogue import FIELDS, Field
from pytest_handoff.document.comments import value_end
from pytest_handoff.document.gaps import missing_sections, open_questions
from pytest_handoff.document.inline_counts import counted_files, without_overlap
from pytest_handoff.document.labels import box_of
from pytest_handoff.document.markdown import refuse_unfit
from pytest_handoff.document.markers import Block, Trouble, is_sealed, pair_blocks, read_markers
from pytest_handoff.document.match import match_fields
from pytest_handoff.document.parse import parse
from pytest_handoff.document.places import marker_place
from pytest_handoff.document.places_too import Document, Finding, Place, Task, Title
from pytest_handoff.figures import enumerated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_handoff.document.markers import Marker
    from pytest_handoff.document.outline import Markdown


def find(text: str, *, fields: tuple[Field, ...] = FIELDS, path: str = "") -> Document:
    """Find the places, checklist lines and headings of a document.

    What stands in one of our blocks belongs to the block, and is no place or checklist line of its own. A marker at the end of
    a line overrules the catalogue. Nothing is found under a heading with ``<!-- handoff:off -->``, nor anywhere if it stands
    above all headings.

    Raises:
        DocumentProblem: the text holds NUL or an unresolved merge, see :func:`pytest_handoff.document.markdown.refuse_unfit`.
    """
    refuse_unfit(text, path or None)
    parsed = parse(text)
    markers, unread = read_markers(parsed)
    blocks, unpaired = pair_blocks(parsed, markers)
    off = _switched_off(parsed, markers)
    closed = off | {line for block in blocks for line in range(block.line, block.last + 1)}
    marked, unplaced = _marked_places(parsed, [marker for marker in markers if marker.comment.line not in closed])
    matched, findings = match_fields(parsed, fields, closed, taken=marked)
    counts = without_overlap(counted_files(parsed, closed), [*marked, *matched])
    places = [*_block_places([b for b in blocks if b.line not in off], unpaired), *marked, *matched, *counts]
    troubles = [trouble for trouble in (*unread, *unpaired, *unplaced) if trouble.line not in off]
    findings += [Finding(kind="marker", line=t.line + 1, place=t.id, message=t.message) for t in troubles]
    findings += open_questions(parsed, closed, places)
    findings += missing_sections(parsed, fields, {place.id for place in places})
    return Document(
        text=text,
        places=tuple(sorted(places, key=lambda place: place.start)),
        tasks=tuple(_tasks(parsed, closed)),
        findings=tuple(sorted(findings, key=lambda finding: finding.line or 0)),
        headings=tuple(Title(line=h.line + 1, level=h.level, text=h.text) for h in parsed.headings),
    )


def _switched_off(parsed: Markdown, markers: Iterable[Marker]) -> set[int]:
    paths = [parsed.path(marker.comment.line) for marker in markers if marker.does == "off"]
    if not all(paths):
        return set(range(len(parsed.starts)))
    return {line for heading in {path[-1] for path in paths} for line in parsed.section(heading)}


def _block_places(blocks: list[Block], unpaired: list[Trouble]) -> Iterator[Place]:
    doubtful = {trouble.id for trouble in unpaired}
    for block in blocks:
        if block.id not in doubtful:
            yield Place(
                id=block.id, kind="block", line=block.line + 1, text=block.body, start=block.start, end=block.end,
                state="written" if block.body.strip() else "empty", prefix=block.prefix, sealed=is_sealed(block),
            )  # fmt: skip


def _marked_places(parsed: Markdown, markers: list[Marker]) -> tuple[list[Place], list[Trouble]]:
    values = [marker for marker in markers if marker.does == "value"]
    found = [(marker, marker_place(parsed, marker)) for marker in values]
    starts = Counter(place.start for _, place in found if isinstance(place, Place))
    lines: dict[str, list[int]] = {}
    for marker in values:
        lines.setdefault(marker.id, []).append(marker.comment.line + 1)
    places, troubles = [], []
    for marker, place in found:
        line, same = marker.comment.line, lines[marker.id]
        if isinstance(place, Trouble):
            troubles.append(place)
        elif len(same) > 1:
            message = f"the marker {marker.id} stands more than once, in lines {enumerated(same)}"
            troubles.append(Trouble(line, marker.id, message))
        elif starts[place.start] > 1:
            troubles.append(Trouble(line, marker.id, f"two markers name the same value, one of them is {marker.id}"))
        else:
            places.append(place)
    return places, troubles


def _tasks(parsed: Markdown, closed: set[int]) -> Iterator[Task]:
    for index, line in enumerate(parsed.lines):
        box = box_of(line.text) if line.opens_item and line.line not in closed else None
        if box:
            texts = [line.text[box.end() :], *(more.text for more in parsed.below(index))]
            text = " ".join(text[: value_end(text, 0)] for text in texts)
            section = tuple(heading.text for heading in parsed.path(line.line))
            yield Task(line=line.line + 1, text=text, ticked=box[1] in "xX", section=section, at=line.start + box.start(1))
