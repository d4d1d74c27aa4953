"""Make places: find which characters of a document are the value, and what state it is in."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pytest_handoff.document.comments import value_end
from pytest_handoff.document.fences import asking_lines, asks
from pytest_handoff.document.labels import box_of, is_choice, placeholder_length, read_label
from pytest_handoff.document.markers import MarkerProblem
from pytest_handoff.record import Frozen, Written

if TYPE_CHECKING:
    from pytest_handoff.document.labels import Label
    from pytest_handoff.document.markers import Marker
    from pytest_handoff.document.outline import Cell, Fence, Outline, Row, TextLine


PlaceKind = Literal["label", "fence", "choice", "cell", "marker", "block"]


class Place(Frozen, frozen=True):
    """A spot that the plugin fills.

    Attributes:
        line: counted from 1; for a fence or block, the line that opens it.
        text: what stands there now, without padding and without comments after it.
        state: ``placeholder`` (asks to be filled), ``empty``, or ``written`` (only memory can tell by whom).
        start, end: the characters of the document that a new value replaces.
        own: how many leading characters of ``text`` are the placeholder; what follows it is a person's.
        prefix: what stands before each line of a fence or block (indentation, quote marks).
        sealed: for blocks: whether nobody has edited the text since its checksum was written.
        quantity: for figures: what is counted, in the words of :mod:`pytest_handoff.document.quantities`.
        scope: for figures: of which tests; empty for all.
        form: for figures: ``fraction``, ``percent``, ``count``, ``mark``, or empty for words.
        tail: for figures: the words behind the figure, which are a part of the text.
        is_claim: for figures: whether a person's figure there is held against the evidence.
    """

    id: str
    kind: PlaceKind
    line: int
    text: str
    state: Literal["placeholder", "empty", "written"]
    start: int
    end: int
    own: int = 0
    prefix: str = ""
    sealed: bool = True
    quantity: str = ""
    scope: str = ""
    form: str = ""
    tail: str = ""
    is_claim: bool = False


class Task(Frozen, frozen=True):
    """A line of a checklist; ``at`` is the offset of the character inside its box, ``section`` its headings from the top.

    In a fence the box itself is that character, ``☑`` or ``☐``, and ``place`` is the fence's id.
    """

    line: int
    text: str
    ticked: bool
    section: tuple[str, ...]
    at: int
    place: str | None = None


class Finding(Frozen, frozen=True):
    """Something a person should know about the document, at a line counted from 1.

    Attributes:
        kind: ``claim`` (a person's words stand where evidence belongs), ``contradicted`` (and their figures are not the
            evidence's), ``ambiguous`` (two spots match), ``lost`` (a place filled before is gone), ``edited`` (a block was
            changed by hand), ``placeholder`` (still to be filled), ``marker`` (one that cannot be followed), ``off`` (ticks stand
            where the plugin is kept out), ``missing_section``.
        place: the id of the place it is about, or ``None``.
    """

    kind: Literal["claim", "contradicted", "ambiguous", "lost", "edited", "placeholder", "marker", "off", "missing_section"]
    line: int | None
    place: str | None
    message: str
    claim: str | None = None
    evidence: str | None = None


class Title(Frozen, frozen=True):
    """A heading as plain text, with its line counted from 1."""

    line: int
    level: int
    text: str


class Document(Frozen, frozen=True):
    """A text, with everything that was found in it."""

    text: str
    places: tuple[Place, ...]
    tasks: tuple[Task, ...]
    findings: tuple[Finding, ...]
    headings: tuple[Title, ...]

    @property
    def title(self) -> str | None:
        """Return the first heading, as plain text."""
        return self.headings[0].text if self.headings else None


class Filled(Frozen, frozen=True):
    """A filled text; the lines of its findings are lines of this text. ``written`` has each place that now holds its value."""

    text: str
    written: tuple[Written, ...]
    findings: tuple[Finding, ...]


State = Literal["placeholder", "empty", "written"]


def place_of_label(parsed: Outline, line: TextLine, id: str, *, choice: bool) -> Place:  # noqa: A002 - the word of records
    """Make a place of the value after a line's label; it is empty only if nothing below the label is its value either."""
    label = read_label(line.text)
    if label is None:
        raise AssertionError(line.text)
    text = line.text[label.start : label.end]
    own = placeholder_length(text, parsed.references) or (len(text) if choice and is_choice(text) else 0)
    state: State = "placeholder" if own else "written" if text or _continues(parsed, line) else "empty"
    start, end = line.start + label.start, line.start + label.end
    kind: Literal["choice", "label"] = "choice" if choice else "label"
    return Place(id=id, kind=kind, line=line.line + 1, text=text, state=state, start=start, end=end, own=own)


def text_behind(parsed: Outline, line: TextLine, label: Label, id: str) -> Place:  # noqa: A002 - the word of records
    """Make a place of a value that something other than a colon separates from its name."""
    text = line.text[label.start : label.end]
    own = placeholder_length(text, parsed.references)
    state: State = "placeholder" if own else "written"
    start, end = line.start + label.start, line.start + label.end
    return Place(id=id, kind="label", line=line.line + 1, text=text, state=state, start=start, end=end, own=own)


def place_of_fence(parsed: Outline, fence: Fence, id: str) -> Place:  # noqa: A002 - the word of records
    """Make a place of a fence's body; of one that asks to be filled only the leading lines that do are replaced."""
    lines = parsed.text[fence.start : fence.end].replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    text = "\n".join(line.removeprefix(fence.indent) for line in lines)
    prompts = asks(text)
    state: State = "placeholder" if prompts else "written" if text.strip() else "empty"
    own = len("\n".join(text.split("\n")[: asking_lines(text)])) if prompts else 0
    return Place(
        id=id, kind="fence", line=fence.line + 1, text=text, state=state, start=fence.start, end=fence.end, own=own,
        prefix=fence.indent,
    )  # fmt: skip


def place_of_cell(parsed: Outline, row: Row, cell: Cell, id: str) -> Place:  # noqa: A002 - the word of records
    """Make a place of the inside of a table's cell."""
    own = placeholder_length(cell.text, parsed.references)
    state: State = "placeholder" if own else "written" if cell.text else "empty"
    return Place(id=id, kind="cell", line=row.line + 1, text=cell.text, state=state, start=cell.start, end=cell.end, own=own)


def place_of_marker(parsed: Outline, marker: Marker) -> Place | MarkerProblem:
    """Make a place of the value that a marker names: the cell around it, what follows its line's label, or all the line's text.

    The line's text is taken without list marker and check box. A marker in a heading, or on a line of its own, names no value.
    """
    comment = marker.comment
    row, line = parsed.row(comment.line), parsed.text_line(comment.line)
    for cell in row.cells if row else ():
        if cell.start <= comment.start < cell.end:
            return _marked_cell(parsed, marker, cell)
    if line is not None and line.start <= comment.start < line.end:
        return _marked_line(parsed, marker, line)
    return MarkerProblem(comment.line, marker.id, f"the marker {marker.id} is not at the end of a line that can have a value")


def _marked_cell(parsed: Outline, marker: Marker, cell: Cell) -> Place:
    text = parsed.text[cell.start : marker.comment.start].strip(" \t")
    own = placeholder_length(text, parsed.references)
    state: State = "placeholder" if own else "written" if text else "empty"
    line = marker.comment.line + 1
    return Place(
        id=marker.id, kind="cell", line=line, text=text, state=state, start=cell.start, end=marker.comment.start, own=own
    )


def _marked_line(parsed: Outline, marker: Marker, line: TextLine) -> Place | MarkerProblem:
    box = box_of(line.text) if line.opens_item else None
    label = None if box else read_label(line.text)
    start = box.end() if box else label.start if label else 0
    end = value_end(line.text, start)
    if line.start + end > marker.comment.start:
        return MarkerProblem(line.line, marker.id, f"the marker {marker.id} is not at the end of its line")
    text = line.text[start:end]
    own = placeholder_length(text, parsed.references) or (len(text) if label and is_choice(text) else 0)
    state: State = "placeholder" if own else "written" if text else "empty"
    first, last = line.start + start, line.start + end
    return Place(id=marker.id, kind="marker", line=line.line + 1, text=text, state=state, start=first, end=last, own=own)


def _continues(parsed: Outline, line: TextLine) -> bool:
    """Check whether the value of an empty label stands below it, as more text or as a list, fence, table or quote."""
    following = parsed.text_line(line.line + 1)
    if following is None or following.paragraph != line.paragraph:
        return line.followed
    return read_label(following.text) is None


_CHECKLISTS = ("checklist", "success criteria", "quality gates", "acceptance criteria", "definition of done", "checkliste")


@lru_cache(maxsize=64)
def in_checklist(section: tuple[str, ...]) -> bool:
    """Check that a line below these headings belongs to a checklist, not to a list of what is to be done."""
    return any(name in heading.casefold() for heading in section for name in _CHECKLISTS)
