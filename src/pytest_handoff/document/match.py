"""Match each field of the catalogue to one spot in a document, to none, or to several; find what is still to be filled."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.document.catalogue import FAMILIES, TOP, Field
from pytest_handoff.document.labels import box_of, keys_of, may_ask, placeholder_length, read_label, words_asked
from pytest_handoff.document.outline import Heading
from pytest_handoff.document.places import Finding, Place, place_of_cell, place_of_fence, place_of_label
from pytest_handoff.figures import MOST_LINES, enumerated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from pytest_handoff.document.labels import Label
    from pytest_handoff.document.outline import Fence, Outline, Table, TextLine


class _Match(msgspec.Struct, frozen=True):
    """A field found at a place, with the innermost heading above it that is one of the field's sections (``None`` if none is)."""

    place: Place
    heading: Heading | None
    alone: bool = False

    @property
    def depth(self) -> int:
        return self.heading.level if self.heading else 0


class _Sections:
    """The headings of a document outside the closed lines, with the names they go by."""

    def __init__(self, parsed: Outline, closed: Collection[int]) -> None:
        self.parsed = parsed
        self.keys = {heading: keys_of(heading.text) for heading in parsed.headings if heading.line not in closed}
        self._twins: dict[Heading, list[Heading]] = {}

    def around(self, line: int, field: Field) -> tuple[bool, Heading | None]:
        """Decide whether the field may stand in a line, and by which heading."""
        path = self.parsed.path(line)
        named = [heading for heading in path if not self.keys.get(heading, frozenset()).isdisjoint(field.sections)]
        if named:
            return True, named[-1]
        at_top = TOP in field.sections and (not path or path == self.parsed.headings[:1])
        return at_top or not field.sections, None

    def is_right_below(self, line: int, heading: Heading | None) -> bool:
        """Check that no heading and no text that leads to a list stands between a line and the heading (or title) above it."""
        return line not in self._led and (heading is None or self.parsed.path(line)[-1] is heading)

    @cached_property
    def _led(self) -> frozenset[int]:
        """Find the lines that open items of a list that a text leads to: they may be about what the text names."""
        led, lead = set(), None
        for line in self.parsed.lines:
            if line.opens_item and lead is not None and self.parsed.path(line.line) == self.parsed.path(lead.line):
                led.add(line.line)
            elif line.line == line.paragraph and not (line.opens_item or line.parents):
                lead = line if line.followed else None
        return frozenset(led)

    @cached_property
    def _named(self) -> Mapping[str, list[Heading]]:
        """Map each form of a name to its headings, in document order."""
        named: dict[str, list[Heading]] = {}
        for heading, keys in self.keys.items():
            for key in keys:
                named.setdefault(key, []).append(heading)
        return named

    def twins(self, heading: Heading) -> list[Heading]:
        """Find this heading and those of the same name that neither enclose it nor are in it; of very many, the first."""
        if heading not in self._twins:
            inside, around = self.parsed.section(heading), self.parsed.path(heading.line)
            found = {
                other.line: other
                for key in self.keys[heading]
                for other in islice(
                    (other for other in self._named[key] if other.line not in inside and other not in around), MOST_LINES + 1
                )
            }
            found[heading.line] = heading
            self._twins[heading] = [found[line] for line in sorted(found)]
        return self._twins[heading]


def match_fields(
    parsed: Outline, fields: Iterable[Field], closed: Collection[int], *, taken: Iterable[Place]
) -> tuple[list[Place], list[Finding]]:
    """Find the places of all fields, and report each field that could be in two spots or under two equal headings.

    Args:
        closed: indices of the lines in which nothing may be found.
        taken: places that a marker names; nothing else is found for their fields or in their lines.
    """
    sections = _Sections(parsed, closed)
    marked = _Marked(taken)
    by_id: dict[str, list[_Match]] = {}
    for match in _one_field_a_spot(_matches(parsed, list(fields), sections, closed)):
        if not marked.settles(match.place):
            by_id.setdefault(match.place.id, []).append(match)
    places, findings = [], []
    for id, matches in by_id.items():  # noqa: A001 - the word of records
        found = [match for match in matches if not match.alone] or matches
        doubt = _doubt(id, found, sections)
        if doubt is None:
            places.append(found[0].place)
        else:
            findings.append(doubt)
    return places, findings


class _Labelled:
    """The fields by the names that their label, or their row, may have."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._by_name: dict[str, list[tuple[int, Field]]] = {}
        for rank, field in enumerate(fields):
            for name in field.labels:
                self._by_name.setdefault(name, []).append((rank, field))

    def called(self, keys: Iterable[str]) -> list[Field]:
        """Find the fields that go by one of these names, in the catalogue's order."""
        ranked = {rank: field for key in keys for rank, field in self._by_name.get(key, ())}
        return [ranked[rank] for rank in sorted(ranked)]


def _matches(parsed: Outline, fields: list[Field], sections: _Sections, closed: Collection[int]) -> Iterator[_Match]:
    yield from _labels(parsed, _Labelled(field for field in fields if field.kind in ("label", "choice")), sections, closed)
    yield from _fences(parsed, [field for field in fields if field.kind == "fence"], sections, closed)
    cells = [field for field in fields if field.kind == "cell"]
    named, columns = _Labelled(cells), {column for field in cells for column in field.columns}
    for table in parsed.tables:
        if table.head.line not in closed and any(not columns.isdisjoint(keys_of(cell.text)) for cell in table.head.cells[1:]):
            yield from _cells(parsed, table, named, sections)


_OTHER_STATES = frozenset({
    "open", "closed", "opened", "reopened", "fixed", "unfixed", "resolved", "unresolved", "triaged", "assigned", "unassigned",
    "merged", "unmerged", "draft", "approved", "accepted", "proposed", "rejected", "deprecated", "superseded", "active",
    "inactive", "alpha", "beta", "released", "unreleased", "published", "deployed", "investigating", "mitigated", "monitoring",
    "review", "online", "offline", "live", "paused", "won", "lost", "verified", "duplicate", "wontfix", "backlog", "green",
    "amber", "red",
})  # fmt: skip
"""What a ticket, a decision, a release or an incident may be: whether the work is complete does not say."""


def _labels(parsed: Outline, fields: _Labelled, sections: _Sections, closed: Collection[int]) -> Iterator[_Match]:
    label_of = _labels_of_items()
    for line in parsed.lines:
        label = None if line.line in closed or (line.opens_item and box_of(line.text)) else read_label(line.text)
        called = fields.called(label.keys) if label else []
        if not called:
            continue
        above = [label_of(parent) for parent in line.parents if parent is not line]
        names = frozenset[str]().union(*(parent.keys for parent in above if parent))
        for field in called:
            nested = not names.isdisjoint(field.parents) if field.parents else not line.parents or line.parents[-1] is line
            fits, heading = sections.around(line.line, field) if nested else (False, None)
            if fits and (not field.alone or sections.is_right_below(line.line, heading)):
                place = place_of_label(parsed, line, field.id, choice=field.kind == "choice")
                if field.kind == "choice" and place.own and not _OTHER_STATES.isdisjoint(words_asked(place.text[: place.own])):
                    continue
                yield _Match(place, heading, alone=field.alone)


def _labels_of_items() -> Callable[[TextLine], Label | None]:
    """Return a function that reads the label of an outer list item only once, however many items it holds."""
    known: dict[int, Label | None] = {}

    def label_of(line: TextLine) -> Label | None:
        if line.line not in known:
            known[line.line] = read_label(line.text)
        return known[line.line]

    return label_of


def _fences(parsed: Outline, fields: Iterable[Field], sections: _Sections, closed: Collection[int]) -> Iterator[_Match]:
    """Match the first fence right below each heading."""
    first: dict[int, Fence] = {}
    for fence in parsed.fences:
        path = parsed.path(fence.line)
        if path and fence.line not in closed:
            first.setdefault(path[-1].line, fence)
    for heading, keys in sections.keys.items():
        for field in fields if heading.line in first else ():
            if not keys.isdisjoint(field.sections):
                yield _Match(place_of_fence(parsed, first[heading.line], field.id), heading)


def _cells(parsed: Outline, table: Table, fields: _Labelled, sections: _Sections) -> Iterator[_Match]:
    columns = [keys_of(cell.text) for cell in table.head.cells]
    for row in table.rows:
        for field in fields.called(keys_of(row.cells[0].text)) if row.cells else ():
            fits, heading = sections.around(row.line, field)
            named = [cell for keys, cell in zip(columns[1:], row.cells[1:], strict=False) if not keys.isdisjoint(field.columns)]
            for cell in named if fits else ():
                yield _Match(place_of_cell(parsed, row, cell, field.id), heading)


class _Marked:
    """The places that markers name."""

    def __init__(self, places: Iterable[Place]) -> None:
        known = tuple(places)
        self._ids = {place.id for place in known}
        self._starts = {place.start for place in known}
        self._lines = {place.line for place in known if place.kind != "cell"}

    def settles(self, place: Place) -> bool:
        """Check whether a marker settles this match: by its id, its line, or in a table its cell."""
        same_line = place.kind != "cell" and place.line in self._lines
        return same_line or place.id in self._ids or place.start in self._starts


def _one_field_a_spot(matches: Iterable[_Match]) -> list[_Match]:
    """Keep one of several fields that claim the same characters: the one whose heading is nearest, or on a tie the first."""
    best: dict[int, _Match] = {}
    for match in matches:
        rival = best.get(match.place.start)
        if rival is None or match.depth > rival.depth:
            best[match.place.start] = match
    return list(best.values())


def _doubt(id: str, found: list[_Match], sections: _Sections) -> Finding | None:  # noqa: A002 - the word of records
    heading = found[0].heading
    twins = sections.twins(heading) if heading and len(found) == 1 else []
    lines = [twin.line + 1 for twin in twins] or sorted(match.place.line for match in found)
    if len(lines) < 2:
        return None
    where = enumerated(lines)
    by_heading = bool(twins) or found[0].place.kind == "fence"
    remedy = "put <!-- handoff:off --> under the other heading" if by_heading else f"end the right one with <!-- handoff:{id} -->"
    message = f"{id} could be {'below' if twins else 'in'} lines {where}; {remedy}"
    return Finding(kind="ambiguous", line=lines[0], place=id, message=message)


_ENOUGH = 3  # one or two matching labels do not make a document one of ours


_MARKS = ("...", "…", "?", "___", ">", "}")
_WORDS = ("TBD", "T.B.D", "TODO", "TO DO", "FIXME", "XXX", "YYYY-MM-DD", "FILLED", "FILLED IN", "WRITTEN", "COMPLETED",
          "DETERMINED", "IPSUM")  # fmt: skip
"""How a line ends that may say *not yet*."""


def open_questions(parsed: Outline, closed: Collection[int], places: Iterable[Place]) -> Iterator[Finding]:
    """Report what only a person can fill: a placeholder of a label, an item or a paragraph, or words that say *not yet*."""
    ours = {place.line for place in places}
    for line in parsed.lines:
        tail = line.text[-16:]
        asks = may_ask(line.text) or tail.endswith(_MARKS) or tail.rstrip("*_.! ").upper().endswith(_WORDS)
        if asks and line.line not in closed and line.line + 1 not in ours and (what := _asks(parsed, line)):
            yield Finding(kind="placeholder", line=line.line + 1, place=None, message=f"for you to fill in: {what}")


def missing_sections(parsed: Outline, fields: Iterable[Field], found: Collection[str]) -> Iterator[Finding]:
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


def _asks(parsed: Outline, line: TextLine) -> str | None:
    label = read_label(line.text)
    if label is not None:
        value = line.text[label.start : label.end]
        return label.text if placeholder_length(value, parsed.references) or _says_not_yet(value) else None
    box = box_of(line.text) if line.opens_item else None
    text = line.text[box.end() :] if box else line.text
    if "[" in text and placeholder_length(text, parsed.references) == len(text):
        # Words in brackets that stand alone ask for a paragraph; one word may be anything, such as a reference.
        return text if line.opens_item or (" " in text and _is_a_paragraph(parsed, line)) else None
    return text if line.opens_item and _says_not_yet(text) else None


def _is_a_paragraph(parsed: Outline, line: TextLine) -> bool:
    """Check that a line is a paragraph of its own; its neighbours are looked at, since lines stand in order."""
    at = bisect_left(parsed.lines, line.line, key=lambda other: other.line)
    beside = parsed.lines[max(at - 1, 0) : at + 2]
    return not line.parents and all(other is line or other.paragraph != line.paragraph for other in beside)


def _says_not_yet(value: str) -> bool:
    """Check whether a whole value or item only says *not yet* in some form; with more words, a person wrote it."""
    first = value.lstrip("*_")[:1]
    return len(value) <= _LONGEST_EXCUSE and first in _FIRST_OF_EXCUSE and _not_yet().fullmatch(value) is not None


_LONGEST_EXCUSE = 80
_FIRST_OF_EXCUSE = ("", *"tTfFxXlLyY?.…<{!")


@cache
def _not_yet() -> re.Pattern[str]:
    """Compile the phrases that stand in for missing text; a document without any of them never needs this."""
    words = (
        r"(?i:tbd|t\.b\.d\.?|to ?do|fixme|xxx|lorem ipsum|to be (?:filled(?: in)?|written|completed|determined)|yyyy-mm-dd)"
        r"|\?{2,}|\.{3}|…|_{3,}|<[A-Za-z][A-Za-z,']*(?:[ _-][\w,']+)+>|\{\{[^{}]+\}\}|\{[A-Za-z]\w+(?: \w+)*\}"
    )
    return re.compile(rf"(?P<mark>\*\*|__|\*|_)?(?:{words})(?(mark)(?P=mark))[.!]?")
