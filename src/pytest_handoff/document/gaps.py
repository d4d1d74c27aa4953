"""Find what a document still asks for: placeholders that no place covers, and sections that a document of its kind has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.document.catalogue import FAMILIES, TOP, Field
from pytest_handoff.document.labels import box_of, keys_of, placeholder_length, read_label
from pytest_handoff.document.places_too import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pytest_handoff.document.outline import Markdown, TextLine
    from pytest_handoff.document.places_too import Place


_ENOUGH = 3  # one or two matching labels do not make a document one of ours


def open_questions(parsed: Markdown, closed: Collection[int], places: Iterable[Place]) -> Iterator[Finding]:
    """Report each label or list item that only a person can fill and that still holds its placeholder."""
    ours = {place.line for place in places}
    for line in parsed.lines:
        if "[" in line.text and line.line not in closed and line.line + 1 not in ours and (what := _asks(parsed, line)):
            yield Finding(kind="placeholder", line=line.line + 1, place=None, message=f"a person's to fill: {what}")


def missing_sections(parsed: Markdown, fields: Iterable[Field], found: Collection[str]) -> Iterator[Finding]:
    """Report each section that documents of this kind have and this one lacks; nothing is ever appended.

    A document is of the kind that most of the fields found, and at least three, belong to.
    """
    wanted = {field.id for field in fields}
    family = max(FAMILIES, key=lambda kind: len({field.id for field in kind} & set(found)))
    if len({field.id for field in family} & set(found)) < _ENOUGH:
        return
    names = frozenset[str]().union(*(keys_of(heading.text) for heading in parsed.headings))
    sections: dict[tuple[str, ...], list[str]] = {}
    for field in family:
        if field.id in wanted and field.id not in found and field.sections and TOP not in field.sections:
            sections.setdefault(field.sections, []).append(field.id)
    for aliases, ids in sections.items():
        if names.isdisjoint(aliases):
            message = f"no section is called “{aliases[0]}”, so these are not in the document: {', '.join(ids)}"
            yield Finding(kind="missing_section", line=None, place=ids[0], message=message)


def _asks(parsed: Markdown, line: TextLine) -> str | None:
    label = read_label(line.text)
    if label and placeholder_length(line.text[label.start : label.end], parsed.references):
        return label.text
    box = box_of(line.text) if line.opens_item else None
    item = line.text[box.end() :] if box else line.text
    asks = line.opens_item and "[" in item and placeholder_length(item, parsed.references) == len(item)
    return item if asks else None
