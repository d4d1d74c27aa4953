"""Write values into the places of a text: ours are replaced, a person's words stay, and only here are the two told apart.

A person's claim contradicts the evidence only where figures of the same form differ, never by its prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import accumulate

import msgspec

from pytest_handoff.document.labels import own_length
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
    return _ANY_PIPE.sub(r"\\|", value)


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class _Work(msgspec.Struct):
    """The result in the making: splices of the text, what was written, what was found."""

    document: Document
    memory: Mapping[str, str]
    take_over: frozenset[str]
    figures: Mapping[str, str]
    edits: list[tuple[int, int, str]] = []
    written: list[Written] = []
    findings: list[Finding] = []

    def splice(self, start: int, end: int, new: str) -> None:
        if self.document.text[start:end] != new:
            self.edits.append((start, end, new))

    def wrote(self, place: Place, text: str) -> None:
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
        values: by place id, one line of Markdown or the lines of a fence's body; ids without a place are ignored.
        blocks: by block id, the lines between its markers.
        ticks: by line of a task (counted from 1), whether its box is to be ticked.
        memory: by place id, what was written there last time.
        take_over: ids of places where a person's words are to be replaced; ``*`` is every place that has a value.

    Returns:
        The text, what now stands at each of our places, and the document's findings with those of filling.

    Raises:
        ValueError: a tick is given for a line without a check box.
    """
    taken = frozenset(place.id for place in document.places) if "*" in take_over else take_over
    work = _Work(document, memory, taken, _figures_of_statuses(values))
    spelled = _in_ascii if holds_lone_surrogate(document.text) else str
    for place in document.places:
        new = (blocks if place.kind == "block" else values).get(place.id, "")
        new = _CONTROL.sub(" ", _without_surrogates(new))
        _fill_place(work, place, spelled(new))
    _tick(work, ticks)
    _report_lost(work)
    return _finished(work, wanted={*values, *blocks, *memory})


def _fill_place(work: _Work, place: Place, new: str) -> None:
    if place.kind not in ("block", "fence"):
        new = _one_line(new, in_table=place.kind == "cell")
    if not new.strip():
        _leave(work, place)
    elif place.kind == "block":
        _fill_block(work, place, new)
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
    """Leave a place that there is nothing to write to; what we wrote before is remembered, so that it stays ours."""
    remembered = work.memory.get(place.id, "")
    if place.state == "placeholder":
        work.found("placeholder", place, f"{place.id} is not measured; its placeholder stays")
    elif place.kind == "block" and place.sealed and remembered:
        work.wrote(place, place.text)
    elif (own := own_length(place.text, remembered)) is not None and place.kind != "fence":
        work.wrote(place, place.text[:own])
    elif place.kind == "fence" and remembered and _same_lines(place.text, remembered):
        work.wrote(place, place.text)


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
    lines = [_inside_fence(line.rstrip()) for line in split_body(body)]
    value = "\n".join(lines)
    known = (value, work.memory.get(place.id, ""))
    ours = place.state != "written" or place.id in work.take_over or any(_same_lines(place.text, text) for text in known)
    if not ours:
        _keep_claim(work, place, value)
        return
    if not (place.state == "written" and _same_lines(place.text, value)):
        eol = eol_before(work.document.text, place.start)
        work.splice(place.start, place.end, "".join(f"{place.prefix}{line}{eol}" if line else eol for line in lines))
    work.wrote(place, value)


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
    known = () if place.kind == "fence" else (evidence, work.figures.get(place.id, ""))
    otherwise = next((text for text in known if contradicts(place.text, text)), None)
    says = place.text.partition("\n")[0] or "the lines below it"
    against = "the evidence says" if otherwise is None else "the evidence contradicts them"
    told = otherwise or evidence
    message = f"{place.id}: a person's words stay: {says!r}; {against}: {told!r}"
    work.found("contradicted" if otherwise else "claim", place, message, claim=place.text, evidence=told)


def _figures_of_statuses(values: Mapping[str, str]) -> dict[str, str]:
    """Find the count behind each tier's status: ``Unit Tests: 12/12 passing`` claims one, where we would write a word."""
    beside = {place: place.removesuffix(".status") + ".passing" for place in values if place.endswith(".status")}
    return {place: values[count] for place, count in beside.items() if count in values}


def _tick(work: _Work, ticks: Mapping[int, bool]) -> None:
    tasks = {task.line: task for task in work.document.tasks}
    for line, wanted in ticks.items():
        if line not in tasks:
            raise ValueError(f"line {line} has no check box")
        if tasks[line].ticked != wanted:
            work.splice(tasks[line].at, tasks[line].at + 1, "x" if wanted else " ")


def _report_lost(work: _Work) -> None:
    known = {place.id for place in work.document.places} | {finding.place for finding in work.document.findings}
    for id in work.memory:  # noqa: A001 - the word of records
        if id not in known:
            message = f"{id} was filled before and is not found now; its old text may still stand somewhere"
            work.findings.append(Finding(kind="lost", line=None, place=id, message=message, evidence=work.memory[id]))


def _finished(work: _Work, wanted: set[str]) -> Filled:
    """Splice the text and sort its findings; a doubt about a place that nobody wants filled is dropped."""
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


def _same_lines(text: str, other: str) -> bool:
    return [line.rstrip() for line in split_body(text)] == [line.rstrip() for line in split_body(other)]


# Blanks and digits are taken at once and not given back, and no figure begins amid digits: each character is looked at few times.
_FRACTION = re.compile(r"(?<![\w./-])(\d++)[ \t]*+/[ \t]*+(\d++)(?![\w/]|[.-]\d)")
_NUMBER = r"\d++(?:[.,]\d++)?"
_PERCENT = re.compile(
    rf"(?:(?P<about>[~≈])[ \t]*+)?(?:(?P<bound>>=|<=|≥|≤|>|<)[ \t]*+)?(?<!\d)"
    rf"(?:(?P<low>{_NUMBER})[ \t]*+%?[ \t]*+[-–][ \t]*+)?(?P<value>{_NUMBER})[ \t]*+(?:%|percent\b|Prozent\b)(?P<more>\+)?"
)
_COUNT = re.compile(r"(?P<about>[~≈][ \t]*+)?\+?(?P<value>\d{1,3}(?:,\d{3})+|\d+)(?P<more>\+)?(?:[ \t]++(?P<what>[^\d%/]*+))?")
_BOUNDS = {">=": "__ge__", "≥": "__ge__", "<=": "__le__", "≤": "__le__", ">": "__gt__", "<": "__lt__"}
_LONGEST_FIGURE = 350  # digits; a longer figure counts as 1e350: arithmetic has its limits, and no evidence comes near
_ABOUT_PERCENT = Decimal(5)
_ABOUT_COUNT = Decimal("0.1")


def contradicts(claim: str, evidence: str) -> bool:
    """Check whether the claim has figures of the evidence's form and none of them can be the evidence's.

    The forms are ``X/Y``, a percentage, and a lone count. The evidence's figure is its first one of a form, since what
    follows may speak of other sessions. A percentage may be given with fewer digits, cut or rounded, but 100 only if it is
    exactly 100; it may be a range or a bound; ``~`` allows five points, and a tenth of a count; ``35+`` means at least.
    """
    return _fraction_differs(claim, evidence) or _percent_differs(claim, evidence) or _count_differs(claim, evidence)


def _fraction_differs(claim: str, evidence: str) -> bool:
    measured = _FRACTION.search(evidence)
    if measured is None:
        return False
    claimed = [_fraction(found) for found in _FRACTION.finditer(claim)]
    return bool(claimed) and _fraction(measured) not in claimed


def _percent_differs(claim: str, evidence: str) -> bool:
    measured = _PERCENT.search(evidence)
    claimed = list(_PERCENT.finditer(claim)) if measured is not None else []
    if measured is None or not claimed:
        return False
    value = _decimal(measured["value"])
    return not any(_can_be(found, value) for found in claimed)


def _can_be(found: re.Match[str], measured: Decimal) -> bool:
    claimed = _decimal(found["value"])
    if found["bound"]:
        return bool(getattr(measured, _BOUNDS[found["bound"]])(claimed))
    if found["more"]:
        return measured >= claimed
    if found["low"]:
        return _decimal(found["low"]) <= measured <= claimed
    if found["about"]:
        return abs(measured - claimed) <= _ABOUT_PERCENT
    return _is_rounding(claimed, measured)


def _is_rounding(claimed: Decimal, measured: Decimal) -> bool:
    if claimed == 100 or abs(claimed - measured) >= 1:
        return claimed == measured
    coarser, finer = sorted((claimed, measured), key=lambda number: -int(number.as_tuple().exponent))
    return coarser in (finer.quantize(coarser, ROUND_FLOOR), finer.quantize(coarser, ROUND_HALF_UP))


def _count_differs(claim: str, evidence: str) -> bool:
    claimed, measured = _COUNT.fullmatch(claim.strip()), _COUNT.fullmatch(evidence.strip())
    if claimed is None or measured is None or _speak_of_different_things(claimed["what"], measured["what"]):
        return False
    said, counted = (_decimal(found["value"].replace(",", "")) for found in (claimed, measured))
    if claimed["more"]:
        return counted < said
    if claimed["about"]:
        return abs(counted - said) > counted * _ABOUT_COUNT
    return counted != said


def _speak_of_different_things(claimed: str | None, measured: str | None) -> bool:
    """Check whether both name what they count and have no word in common, as hours and seconds, or lines and files."""
    if not claimed or not measured:
        return False
    return _singular(claimed).isdisjoint(_singular(measured))


def _singular(words: str) -> set[str]:
    return {word.removesuffix("s") for word in words.lower().split()}


def _fraction(found: re.Match[str]) -> tuple[Decimal, Decimal]:
    return _decimal(found[1]), _decimal(found[2])


def _decimal(figure: str) -> Decimal:
    return Decimal(figure.replace(",", ".")) if len(figure) <= _LONGEST_FIGURE else Decimal(f"1e{_LONGEST_FIGURE}")
