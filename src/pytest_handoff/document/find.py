"""Find the places in a document: fields, figures after named files, rows of measured values, and room for our blocks."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.document.catalogue import FIELDS, MEASURED, PERFORMANCE, Field
from pytest_handoff.document.comments import value_end
from pytest_handoff.document.fences import BOXES, boxes_in
from pytest_handoff.document.figure_lines import (
    date_of_title,
    figures_of_headings,
    figures_of_lines,
    lines_of_several,
    number_of_title,
)
from pytest_handoff.document.file_counts import counted_files, without_overlap
from pytest_handoff.document.file_lists import listed_files
from pytest_handoff.document.labels import box_of, keys_of, read_label
from pytest_handoff.document.markers import Block, MarkerProblem, is_sealed, pair_blocks, read_markers
from pytest_handoff.document.match import match_fields, missing_sections, open_questions
from pytest_handoff.document.parse import parse, refuse_unfit
from pytest_handoff.document.places import Document, Finding, Place, Task, Title, place_of_marker
from pytest_handoff.document.scopes import Scopes, unique
from pytest_handoff.figures import counted, enumerated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from pytest_handoff.document.markers import Marker
    from pytest_handoff.document.outline import Outline
    from pytest_handoff.document.scopes import Names


def find(text: str, *, fields: tuple[Field, ...] = FIELDS, path: str = "", names: Names | None = None) -> Document:
    """Find the places, checklist lines and headings of a document.

    What stands in one of our blocks belongs to the block, and is no place or checklist line of its own. A marker at the end of
    a line overrules the catalogue. Nothing is found under a heading with ``<!-- handoff:off -->``, nor anywhere if it stands
    above all headings.

    Args:
        names: what documents of the project may call its tests; without them no figures are looked for beyond the fields.

    Raises:
        DocumentProblem: the text holds NUL or an unresolved merge, see :func:`pytest_handoff.document.parse.refuse_unfit`.
    """
    refuse_unfit(text, path or None)
    parsed = _parsed(text)
    markers, unread = read_markers(parsed)
    off = _switched_off(parsed, markers)
    blocks, unpaired = pair_blocks(parsed, markers, off)
    closed = _closed(off, blocks)
    marked, unplaced = _marked_places(parsed, [marker for marker in markers if marker.comment.line not in closed])
    matched, findings = match_fields(parsed, fields, closed, taken=marked)
    blocks_at = _block_places([block for block in blocks if block.line not in off], unpaired)
    places = [*blocks_at, *_with_files(parsed, closed, [*marked, *matched])]
    if names is not None:
        places = _with_figures(parsed, Scopes(parsed, names, closed), places, marked, _unclear(fields, findings))
    findings += _of_markers(trouble for trouble in (*unread, *unpaired, *unplaced) if trouble.line not in off)
    findings += [*_ticked_unseen(parsed, off), *open_questions(parsed, closed, places)]
    findings += missing_sections(parsed, fields, {place.id for place in places})
    tasks = [*_tasks(parsed, lambda line: line not in closed), *_tasks_in_fences(parsed, places)]
    return _in_order(text, parsed, places, tasks, findings)


def _with_files(parsed: Outline, closed: set[int], found: list[Place]) -> list[Place]:
    """Add the lists of files, and the figures after named files, that are in no place found before."""
    lists = without_overlap(listed_files(parsed, closed), found)
    return [*found, *lists, *without_overlap(counted_files(parsed, closed), [*found, *lists])]


def _unclear(fields: Iterable[Field], findings: Iterable[Finding]) -> set[str]:
    """Return the labels of the fields that stand in several places, so that none of these is theirs."""
    doubtful = {finding.place for finding in findings if finding.kind == "ambiguous"}
    return {label for field in fields if field.id in doubtful for label in field.labels}


def _of_markers(troubles: Iterable[MarkerProblem]) -> list[Finding]:
    return [Finding(kind="marker", line=one.line + 1, place=one.id, message=one.message) for one in troubles]


def _in_order(
    text: str, parsed: Outline, places: Iterable[Place], tasks: Iterable[Task], findings: Iterable[Finding]
) -> Document:
    """Put everything into the order in which it stands in the text."""
    return Document(
        text=text,
        places=tuple(sorted(places, key=lambda place: place.start)),
        tasks=tuple(sorted(tasks, key=lambda task: task.line)),
        findings=tuple(sorted(findings, key=lambda finding: finding.line or 0)),
        headings=tuple(Title(line=h.line + 1, level=h.level, text=h.text) for h in parsed.headings),
    )


def find_tasks(text: str) -> list[Task]:
    """Find the checklist lines outside fences; which boxes in fences count depends on the fields.

    Raises:
        DocumentProblem: as :func:`find`.
    """
    refuse_unfit(text, None)
    parsed = _parsed(text)
    markers, _ = read_markers(parsed)
    off = _switched_off(parsed, markers)
    blocks, _ = pair_blocks(parsed, markers, off)
    closed = _closed(off, blocks)
    return list(_tasks(parsed, lambda line: line not in closed))


@lru_cache(maxsize=1)
def _parsed(text: str) -> Outline:
    """Parse a text, once where a new document is first asked for its checklist lines and then filled."""
    return parse(text)


def _closed(off: set[int], blocks: Iterable[Block]) -> set[int]:
    """Return the lines in which nothing is found: those that are switched off, and those of our blocks."""
    return off | {line for block in blocks for line in range(block.line, block.last + 1)}


def _with_figures(
    parsed: Outline, scopes: Scopes, places: list[Place], marked: Collection[Place], doubtful: Collection[str]
) -> list[Place]:
    """Add the figures; in a line that holds several of them no label is a place, unless a marker says so."""
    of_lines = list(figures_of_lines(parsed, scopes))
    several = lines_of_several(parsed, of_lines, scopes.names.filled)
    kept = [place for place in places if place.kind != "label" or place.line not in several or place in marked]
    return kept + _figures(parsed, scopes, kept, of_lines, doubtful)


def _changed_beside_created(found: list[Place]) -> list[Place]:
    """Take *Changed files* between *New files* and *Deleted files* to mean modified files."""
    kinds: dict[str, set[str]] = {}
    for place in found:
        if place.quantity.startswith("files_"):
            kinds.setdefault(_section_of(place), set()).add(place.quantity)
    if not any(kinds.values()):
        return found
    return [
        replace(place, quantity="files_modified")
        if place.quantity == "files_changed" and {"files_created", "files_removed"} <= kinds[_section_of(place)]
        else place
        for place in found
    ]


def _section_of(place: Place) -> str:
    return place.id.partition(" in ")[2].partition(":")[0]


def _of_front_matter(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    if not parsed.text.startswith(("---", "\ufeff---")):
        return iter(())
    from pytest_handoff.document.front_matter import figures_of_front_matter

    return figures_of_front_matter(parsed, scopes)


def _of_fences(parsed: Outline, scopes: Scopes, known: Iterable[Place]) -> Iterator[Place]:
    """Find the figures in fences, if any are left: in most templates, every fence is filled as a whole."""
    taken = {place.line for place in known if place.kind == "fence" and place.state != "written"}
    if all(fence.line + 1 in taken for fence in parsed.fences):
        return iter(())
    from pytest_handoff.document.figure_fences import figures_of_fences

    return figures_of_fences(parsed, scopes)


def _of_tables(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    if not parsed.tables:
        return iter(())
    from pytest_handoff.document.figure_tables import figures_of_tables

    return figures_of_tables(parsed, scopes)


def _figures(
    parsed: Outline, scopes: Scopes, known: list[Place], of_lines: Iterable[Place], doubtful: Collection[str]
) -> list[Place]:
    """Find figures in lines, headings, fences and tables, except at other places and for names that match two spots.

    Args:
        of_lines: the figures of lines.
        doubtful: what the fields are called that match two spots.
    """
    lines = {place.line for place in known if place.kind in ("label", "choice", "marker")}
    found = [
        *(place for place in of_lines if place.line not in lines),
        *number_of_title(parsed, scopes),
        *date_of_title(parsed, scopes),
        *_of_front_matter(parsed, scopes),
        *figures_of_headings(parsed, scopes),
        *_of_fences(parsed, scopes, known),
        *_of_tables(parsed, scopes),
    ]
    found = _changed_beside_created(found)
    free = without_overlap(found, [place for place in known if not (place.kind == "fence" and place.state == "written")])
    return [place for place in unique(free) if _name_of(parsed, place).isdisjoint(doubtful)]


def _name_of(parsed: Outline, place: Place) -> frozenset[str]:
    """Return the names of a place's label or row."""
    line, row = parsed.text_line(place.line - 1), parsed.row(place.line - 1)
    label = read_label(line.text) if line is not None else None
    return label.keys if label is not None else keys_of(row.cells[0].text) if row is not None and row.cells else frozenset()


def _switched_off(parsed: Outline, markers: Iterable[Marker]) -> set[int]:
    paths = [parsed.path(marker.comment.line) for marker in markers if marker.does == "off"]
    if not all(paths):
        return set(range(len(parsed.starts)))
    return {line for heading in {path[-1] for path in paths} for line in parsed.section(heading)}


def _block_places(blocks: list[Block], unpaired: list[MarkerProblem]) -> Iterator[Place]:
    doubtful = {trouble.id for trouble in unpaired}
    for block in blocks:
        if block.id not in doubtful:
            yield Place(
                id=block.id, kind="block", line=block.line + 1, text=block.body, start=block.start, end=block.end,
                state="written" if block.body.strip() else "empty", prefix=block.prefix, sealed=is_sealed(block),
            )  # fmt: skip


def _marked_places(parsed: Outline, markers: list[Marker]) -> tuple[list[Place], list[MarkerProblem]]:
    values = [marker for marker in markers if marker.does == "value"]
    found = [(marker, place_of_marker(parsed, marker)) for marker in values]
    starts = Counter(place.start for _, place in found if isinstance(place, Place))
    lines: dict[str, list[int]] = {}
    for marker in values:
        lines.setdefault(marker.id, []).append(marker.comment.line + 1)
    places, troubles = [], []
    for marker, place in found:
        line, same = marker.comment.line, lines[marker.id]
        if isinstance(place, MarkerProblem):
            troubles.append(place)
        elif len(same) > 1:
            message = f"the marker {marker.id} appears more than once, on lines {enumerated(same)}"
            troubles.append(MarkerProblem(line, marker.id, message))
        elif starts[place.start] > 1:
            troubles.append(MarkerProblem(line, marker.id, f"two markers name the same value; one of them is {marker.id}"))
        else:
            places.append(place)
    return places, troubles


def _ticked_unseen(parsed: Outline, off: Collection[int]) -> Iterator[Finding]:
    """Report once that there are ticks where the plugin is kept out: a reader may think that evidence decided them."""
    lines = [task.line for task in _tasks(parsed, off.__contains__) if task.ticked] if off else []
    if lines:
        many = counted(len(lines), "line is ticked/lines are ticked")
        message = f"{many} under <!-- handoff:off -->, where no evidence decides anything"
        yield Finding(kind="off", line=lines[0], place=None, message=message)


def _tasks(parsed: Outline, wanted: Callable[[int], bool]) -> Iterator[Task]:
    for index, line in enumerate(parsed.lines):
        box = box_of(line.text) if line.opens_item and wanted(line.line) else None
        if box:
            texts = [line.text[box.end() :], *(more.text for more in parsed.below(index))]
            text = " ".join(text[: value_end(text, 0)] for text in texts)
            section = tuple(heading.text for heading in parsed.path(line.line))
            yield Task(line=line.line + 1, text=text, ticked=box[1] in "xX", section=section, at=line.start + box.start(1))


def _tasks_in_fences(parsed: Outline, places: Iterable[Place]) -> Iterator[Task]:
    """Find the check boxes in fences that are places; the caller, who knows what we wrote, decides whether the fence is ours."""
    for place in places:
        for index, box, text in boxes_in(place.text) if place.kind == "fence" else ():
            section = tuple(heading.text for heading in parsed.path(place.line - 1))
            at = parsed.text.index(box, parsed.starts[place.line + index])
            yield Task(line=place.line + index + 1, text=text, ticked=BOXES[box], section=section, at=at, place=place.id)


_HEADING = r" {0,3}(#{1,6})[ \t]+(.*)"
_FIRST_CELL = r"[ \t]*+\|((?:[^|\\]|\\.)++)\|"
_AFTER_SEPARATOR = r"(?<=::)"
_EMPHASIS = r"[`*]"
_DURATION = r"(?i:duration of (?P<after>\S.*)|(?P<before>\S.*) duration)"


def performance_rows(text: str) -> list[str]:
    """List the names of the rows in tables below *Performance Metrics* and the like; the heads of the tables are among them."""
    return list(dict.fromkeys(_rows_below(text, PERFORMANCE)))


def durations_asked(text: str, tests: Iterable[str]) -> dict[str, str]:
    """Find the rows that ask how long a test took, each with the id of that test.

    A row is called ``Duration of TEST`` or ``TEST duration``, where ``TEST`` is an id, or the end of an id after a ``::``. A
    row that could mean two tests is left out.
    """
    asked = {
        row: found["after"] or found["before"] for row in _rows_below(text, MEASURED) if (found := re.fullmatch(_DURATION, row))
    }
    ids = _by_ending(tests, frozenset(asked.values())) if asked else {}
    return {row: ids[name][0] for row, name in asked.items() if len(ids.get(name, ())) == 1}


def _by_ending(tests: Iterable[str], names: Collection[str]) -> dict[str, list[str]]:
    """Find the tests that each of these names could mean: ids, or ends of ids after a ``::``."""
    lengths = {len(name) for name in names}
    found: dict[str, list[str]] = {}
    for test in tests:
        starts = (0, *(mark.start() for mark in re.finditer(_AFTER_SEPARATOR, test)))
        for ending in {test[start:] for start in starts if len(test) - start in lengths}:
            if ending in names:
                found.setdefault(ending, []).append(test)
    return found


def _rows_below(text: str, names: Collection[str]) -> Iterator[str]:
    """Yield the first cells of all tables below headings of these names, without emphasis."""
    inside: int | None = None
    for line in text.splitlines():
        heading = re.match(_HEADING, line) if "#" in line else None
        if heading is not None and (inside is None or len(heading[1]) <= inside):
            inside = None if keys_of(heading[2]).isdisjoint(names) else len(heading[1])
        elif inside is not None and (cell := re.match(_FIRST_CELL, line)):
            yield re.sub(_EMPHASIS, "", cell[1]).strip()
