"""Define what is found in a document and what becomes of it: the data that finding, filling and reporting share."""

from __future__ import annotations

from typing import Literal

from pytest_handoff.record import Frozen, Written

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


class Task(Frozen, frozen=True):
    """A line of a checklist; ``at`` is the offset of the character inside its box, ``section`` its headings from the top."""

    line: int
    text: str
    ticked: bool
    section: tuple[str, ...]
    at: int


class Finding(Frozen, frozen=True):
    """Something a person should know about the document, at a line counted from 1.

    Attributes:
        kind: ``claim`` (a person's words stand where evidence belongs), ``contradicted`` (and their figures are not the
            evidence's), ``ambiguous`` (two spots match), ``lost`` (a place filled before is gone), ``edited`` (a block was
            changed by hand), ``placeholder`` (still to be filled), ``marker`` (one that cannot be followed),
            ``missing_section``.
        place: the id of the place it is about, or ``None``.
    """

    kind: Literal["claim", "contradicted", "ambiguous", "lost", "edited", "placeholder", "marker", "missing_section"]
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
