"""Write values into the places of a text: replace our text, keep what a person wrote; only this module tells them apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import accumulate

import msgspec

from pytest_handoff.document.fences import own_lines
from pytest_handoff.document.labels import own_length, read_label, without_escapes
from pytest_handoff.document.markers import block_checksum, block_text, harmless, split_body
from pytest_handoff.document.outline import _ANY_PIPE
from pytest_handoff.document.places import Document, Filled, Finding, Place
from pytest_handoff.record import Written
from pytest_handoff.text_lines import eol_before, holds_lone_surrogate, split_lines


def with_padding(old: str, value: str) -> str:
    """Pad a cell's new value: with the old left padding, and to the old width if the value fits into it.

    A pipe in the value would open another cell, so it is escaped.
    """
    value = escape_pipes(value)
    left = old[: len(old) - len(old.lstrip(" "))] if old.strip() else " "
    right = " " if old.endswith(" ") or not old.strip() else ""
    return (left + value).ljust(len(old) - 1) + right if right else left + value


def escape_pipes(value: str) -> str:
    """Put a backslash before each pipe that has none."""
    return re.sub(_ANY_PIPE, r"\\|", value)


_BEFORE_LABEL = r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*"
"""Quote marks, indentation and list markers at the start of a line; compiled only when such a place is named."""

_BETWEEN_CELLS = r"(?<!\\)\|"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


_LONGEST_KEPT = 120
"""Characters of a block's text up to which it is kept itself; a digest is no shorter."""

_DIGEST = "sha256:"

_UNTOLD = {"overview.agent": "nobody said who did the work (--handoff-agent=NAME, or the variable HANDOFF_AGENT)"}
"""What a place asks for that no run can measure, and how it is told."""


class _Work(msgspec.Struct):
    """The result in the making: splices of the text, what was written, what was found."""

    document: Document
    memory: Mapping[str, str]
    take_over: frozenset[str]
    forms: Mapping[str, Mapping[str, str]]
    edits: list[tuple[int, int, str]] = []
    written: list[Written] = []
    findings: list[Finding] = []

    def splice(self, start: int, end: int, new: str) -> None:
        if self.document.text[start:end] != new:
            self.edits.append((start, end, new))

    def wrote(self, place: Place, text: str) -> None:
        is_long = place.kind == "block" and len(text) > _LONGEST_KEPT
        if is_long and self.memory.get(place.id) != text:  # what an earlier version kept in full may stay so
            digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            self.written.append(Written(id=place.id, text="", sha256=_DIGEST + digest))
        else:
            self.written.append(Written(id=place.id, text=text))

    def found(self, kind: str, place: Place, message: str, **more: str) -> None:
        self.findings.append(Finding(kind=kind, line=place.line, place=place.id, message=message, **more))  # type: ignore[arg-type]


def fill(
    document: Document,
    *,
    values: Mapping[str, str],
    blocks: Mapping[str, str],
    ticks: Mapping[int, bool],
    memory: Mapping[str, str],
    take_over: frozenset[str] = frozenset(),
) -> Filled:
    """Write values, blocks and ticks into a document's text; every character outside its places stays.

    Args:
        values: by place id, one line of Markdown or the lines of a fence's body; ids without a place are ignored, but
            ``place#form`` is another wording that a person's figures are held against.
        blocks: by block id, the lines between its markers.
        ticks: by line of a task (counted from 1), whether its box is to be ticked.
        memory: by place id, what was written there last time, or the digest of that.
        take_over: ids of places where a person's words are to be replaced; ``*`` is every place that has a value.

    Returns:
        The text, what now stands at each of our places, and the document's findings with those of filling.

    Raises:
        ValueError: a tick is given for a line without a check box.
    """
    taken = frozenset(place.id for place in document.places) if "*" in take_over else take_over
    work = _Work(document, memory, taken, _other_forms(values))
    spelled = _in_ascii if holds_lone_surrogate(document.text) else str
    for place in document.places:
        known = blocks if place.kind == "block" else values
        new = _CONTROL.sub(" ", _without_surrogates(known.get(place.id, "")))
        _fill_place(work, place, spelled(new), wanted=place.id in known)
    _tick(work, ticks)
    _report_lost(work)
    return _finished(work, wanted={*values, *blocks, *memory})


def _fill_place(work: _Work, place: Place, new: str, *, wanted: bool) -> None:
    """Write a value; for a block, an empty one counts as a value."""
    if place.kind not in ("block", "fence"):
        new = _one_line(new, in_table=place.kind == "cell")
    if place.kind == "block" and (new.strip() or wanted):
        _fill_block(work, place, new)
    elif not new.strip():
        _leave(work, place)
    elif place.kind == "fence":
        _fill_fence(work, place, new)
    else:
        _fill_line(work, place, new)


def _one_line(value: str, *, in_table: bool) -> str:
    """Keep a value in its line and cell: no line break, no comment, no backslash that would join it to what follows."""
    value = " ".join(filter(None, map(str.strip, value.splitlines()))).replace("<!--", "&lt;!--")
    value += "\\" * ((len(value) - len(value.rstrip("\\"))) % 2)
    return escape_pipes(value) if in_table else value


def _leave(work: _Work, place: Place) -> None:
    """Leave a place alone that has no new value, but remember what we wrote there before, so that it stays ours."""
    remembered = work.memory.get(place.id, "")
    if place.state == "placeholder":
        why = _UNTOLD.get(place.id) or f"not measured: {_name_of(work.document, place)}"
        work.found("placeholder", place, f"{why}; its placeholder stays")
    elif place.kind == "block" and place.sealed and remembered:
        work.wrote(place, place.text)
    elif place.kind == "fence":
        if own_lines(place.text, remembered) is not None:
            work.wrote(place, remembered)
    elif (own := own_length(place.text, remembered)) is not None:
        work.wrote(place, place.text[:own])


def _name_of(document: Document, place: Place) -> str:
    """Say what a figure counts, or what the document calls a place: by its label, its row or its heading; else give its id."""
    if place.quantity:
        return place.quantity.replace("_", " ").replace(".", " ")
    if place.kind == "fence":
        return next((title.text for title in reversed(document.headings) if title.line < place.line), place.id)
    before = document.text[document.text.rfind("\n", 0, place.start) + 1 : place.start]
    if place.kind == "cell":
        return without_escapes(re.split(_BETWEEN_CELLS, before.strip().removeprefix("|"))[0]).strip() or place.id
    label = read_label(re.sub(_BEFORE_LABEL, "", before, count=1))
    return label.text if label is not None else place.id


def _fill_line(work: _Work, place: Place, value: str) -> None:
    own = _own_part(work, place, value)
    if own is None:
        _keep_claim(work, place, value)
        return
    if own_length(place.text, value) == own:
        work.wrote(place, value)
        return
    tail = place.text[own:]
    text = work.document.text
    if place.kind == "cell":
        work.splice(place.start, place.end, with_padding(text[place.start : place.end], value + tail))
    else:
        before = " " if place.start and text[place.start - 1] not in " \t\r\n" and not place.text else ""
        after = " " if text[place.end : place.end + 4] == "<!--" and not tail else ""
        work.splice(place.start, place.end, before + value + tail + after)
    work.wrote(place, value)


def _own_part(work: _Work, place: Place, value: str) -> int | None:
    """Count the leading characters of a value that are ours to replace; ``None`` if a person's words stand there."""
    if place.id in work.take_over:
        return len(place.text)
    if place.state != "written":
        return place.own
    lengths = (own_length(place.text, value), own_length(place.text, work.memory.get(place.id, "")))
    return max((length for length in lengths if length is not None), default=None)


def _fill_fence(work: _Work, place: Place, body: str) -> None:
    """Write the body instead of our lines, or of those that ask for it; the lines below are a person's and stay."""
    lines = [_inside_fence(line.rstrip()) for line in split_body(body)]
    value = "\n".join(lines)
    own = _own_lines(work, place, value)
    if own is None:
        _keep_claim(work, place, value)
        return
    if own_lines(place.text, value) != own:
        eol = eol_before(work.document.text, place.start)
        old = split_lines(work.document.text[place.start : place.end])[:own]
        new = "".join(f"{place.prefix}{line}{eol}" if line else eol for line in lines)
        work.splice(place.start, place.start + len("".join(old)), new)
    work.wrote(place, value)


def _own_lines(work: _Work, place: Place, value: str) -> int | None:
    """Count the leading lines of a fence that are ours to replace; ``None`` if a person's words stand there."""
    total = place.text.count("\n") + 1
    if place.id in work.take_over or place.state == "empty":
        return total
    known = (own_lines(place.text, value), own_lines(place.text, work.memory.get(place.id, "")))
    ours = max((number for number in known if number is not None), default=None)
    if ours is not None or place.state == "written":
        return ours
    return place.text[: place.own].count("\n") + 1 if place.own else None


def _fill_block(work: _Work, place: Place, body: str) -> None:
    body = "\n".join(split_body(harmless(body)))
    if not place.sealed and place.id not in work.take_over:
        work.found("edited", place, f"the block {place.id} was edited by hand and is left alone", claim=place.text, evidence=body)
        return
    text = work.document.text
    closing = text[place.start : place.end].rpartition("<!--")[2]
    if block_checksum(body) not in closing or block_checksum(place.text) != block_checksum(body):
        new = block_text(place.id, body, prefix=place.prefix, eol=eol_before(text, place.start))
        work.splice(place.start, place.end, new)
    work.wrote(place, body)


def _keep_claim(work: _Work, place: Place, evidence: str) -> None:
    """Keep a person's words and report them; if their figures contradict the evidence, quote the evidence that has figures."""
    from pytest_handoff.document.claims import contradicts

    otherwise = next((text for text in _known_of(work, place, evidence) if contradicts(place.text, text)), None)
    says = place.text.partition("\n")[0] or "the lines below it"
    against = "the evidence says" if otherwise is None else "the evidence contradicts it"
    told = evidence if otherwise is None or otherwise == work.forms.get(place.id, {}).get("claim") else otherwise
    message = f"{place.id}: the document says {says!r}; {against}: {told!r}"
    work.found("contradicted" if otherwise else "claim", place, message, claim=place.text, evidence=told)


def _other_forms(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Group by place the wordings in other forms: ``Unit Tests: 12/12 passing`` claims what the word of a status does not say."""
    forms: dict[str, dict[str, str]] = {}
    for key, text in values.items():
        place, separator, form = key.rpartition("#")
        if separator:
            forms.setdefault(place, {})[form] = text
    return forms


def _known_of(work: _Work, place: Place, evidence: str) -> Sequence[str]:
    """List what a person's figures are held against: the wordings in other forms as well, but no count, which has one meaning.

    A form that is called ``claim`` is for nothing else, and stands for all.
    """
    forms = work.forms.get(place.id, {})
    if place.kind == "fence":
        return ()
    return (evidence, forms["claim"]) if "claim" in forms else (evidence, *(forms[form] for form in forms if form != "count"))


def _tick(work: _Work, ticks: Mapping[int, bool]) -> None:
    tasks = {task.line: task for task in work.document.tasks}
    for line, wanted in ticks.items():
        if line not in tasks:
            raise ValueError(f"line {line} has no check box")
        if tasks[line].ticked != wanted:
            marks = "☐☑" if tasks[line].place is not None else " x"
            work.splice(tasks[line].at, tasks[line].at + 1, marks[wanted])


def _report_lost(work: _Work) -> None:
    known = {place.id for place in work.document.places} | {finding.place for finding in work.document.findings}
    for id in work.memory:  # noqa: A001 - the word of records
        if id not in known:
            message = f"{id} was filled before and is not found now; its old text may still be in the document"
            text = "" if work.memory[id].startswith(_DIGEST) else work.memory[id]
            work.findings.append(Finding(kind="lost", line=None, place=id, message=message, evidence=text))


def _finished(work: _Work, wanted: set[str]) -> Filled:
    """Splice the text and sort its findings; drop a doubt about a place that gets no value."""
    text, edits = work.document.text, sorted(work.edits)
    parts, at = [], 0
    for start, end, new in edits:
        parts += [text[at:start], new]
        at = end
    kept = [f for f in work.document.findings if f.kind not in ("ambiguous", "missing_section") or f.place in wanted]
    findings = [*kept, *work.findings]
    growth = [(end, lines) for start, end, new in edits if (lines := len(split_lines(new)) - len(split_lines(text[start:end])))]
    if growth:
        starts = list(accumulate(map(len, split_lines(text)), initial=0))
        findings = [_moved(finding, starts, growth) for finding in findings]
    ordered = tuple(sorted(findings, key=lambda finding: finding.line or 0))
    return Filled(text="".join([*parts, text[at:]]), written=tuple(work.written), findings=ordered)


def _moved(finding: Finding, starts: list[int], growth: list[tuple[int, int]]) -> Finding:
    """Move a finding to its line in the filled text; ``growth`` tells where edits that add lines end, and how many."""
    if finding.line is None:
        return finding
    offset = starts[finding.line - 1]
    return msgspec.structs.replace(finding, line=finding.line + sum(lines for end, lines in growth if end <= offset))


def _in_ascii(text: str) -> str:
    from pytest_handoff.markup import to_ascii  # for the few documents that are not UTF-8

    return to_ascii(text)


def _without_surrogates(text: str) -> str:
    """Spell out each lone surrogate, as ``\\udc80``: it stands for a byte that is no character, or for nothing."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _inside_fence(line: str) -> str:
    """Indent a line that would otherwise close the fence: a closing mark has at most three blanks before it."""
    return f"    {line}" if line.lstrip(" ").startswith(("```", "~~~")) else line
