"""Find figures, and prompts for them, in labels, lines, headings and the title, if we understand the line."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from pytest_handoff.document.figure_forms import form_of, has_figures
from pytest_handoff.document.figures_in_text import LONGEST, figures_in, skeleton
from pytest_handoff.document.label_meanings import CLAIMED, WORDS_OF_FACTS, is_no_label, meaning_of
from pytest_handoff.document.labels import (
    Label,
    asks_nothing,
    box_of,
    keys_of,
    may_ask,
    placeholder_length,
    read_label,
    words_asked,
)
from pytest_handoff.document.places import Place, place_of_label, text_behind
from pytest_handoff.document.scopes import ALL, PATH, figure_id
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_handoff.document.figures_in_text import Figure
    from pytest_handoff.document.outline import Outline, TextLine
    from pytest_handoff.document.scopes import Scopes


WORDS = frozenset({
    "result", "status", "commit", "branch", "git_status", "date", "python", "platform", "duration", "config_files", "workspace",
    "tree_clean", "failing_names", "change", "agent", "created_files", "modified_files", "removed_files",
})  # fmt: skip
"""Quantities that are told in words: their prompts need not look like figures."""

NO_FIGURES = WORDS - {"result", "status", "duration"}
"""Those whose words may look like figures, as a version does."""

_OUTCOMES = ("passed", "failed", "errors", "skipped", "xfailed")

_SHARE_AND_REST = r":[*_ ]+\d[\d,]*/\d[\d,]* passed, \d[\d,]* [a-z]"

_HEADING_MARK = r"[ \t]{0,3}#{1,6}[ \t]+"


def figures_of_lines(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each figure in the text lines of a document."""
    for line in parsed.lines:
        if line.line in scopes.closed or (line.opens_item and box_of(line.text)):
            continue
        label = read_label(line.text)
        if label is not None and is_no_label(label, line.text):
            label = None
        if _may_be_facts(line.text) and (facts := _facts(line, scopes)):
            yield from facts
        elif len(several := _of_segments(parsed, line, scopes)) > 1:
            yield from several
        elif (alone := _failing_item(parsed, line, scopes)) is not None:
            yield alone
        elif label is None:
            if has_figures(line.text) or may_ask(line.text) or _names_a_fact(line.text):
                yield from _without_label(parsed, line, scopes)
        else:
            yield from labelled(parsed, line, label, scopes)


def _failing_item(parsed: Outline, line: TextLine, scopes: Scopes) -> Place | None:
    """Make a place of the only item in a list of failing tests, if it asks for them or names them."""
    if not (line.opens_item and ("test" in line.text or line.text[:1] in "[{<")):
        return None
    if scopes.of(line) != ALL or scopes.name_above(line) not in _FAILING:
        return None
    at = bisect_left(parsed.lines, line.line, key=_LINE)
    beside = [*parsed.lines[max(at - 1, 0) : at], *parsed.lines[at + 1 : at + 2]]
    is_one = not any(other.opens_item and parsed.path(other.line) == parsed.path(line.line) for other in beside)
    own = placeholder_length(line.text, parsed.references)
    asks = own == len(line.text) and _ASKS_FOR_NAMES.issuperset(words_asked(line.text))
    if not is_one or not (asks or line.text.startswith("`")):
        return None
    id = figure_id("failing_names", ALL, f"{scopes.heading(line.line)}: item")  # noqa: A001 - the word of records
    return figure_place(line.text, line.start, line.line, asks=asks, id=id, quantity="failing_names")


_LINE = attrgetter("line")
_FAILING = frozenset({
    "failing tests", "failed tests", "red tests", "broken tests", "failing test", "failed test", "known failures",
    "test failures", "failures", "tests failing", "tests that fail", "still failing", "failing now", "still red",
})  # fmt: skip
_MAY_BE_FACTS = (
    r"(?i)(?:on )?(?:commit|branch|head|python|revision)\b.*(?:,| on | at | with )"
    r"|[*_( ]*(?:prepared|written|handed|last|updated|generated|compiled|completed)\b.*\bby "
)
_FACTS_BEGIN = ("on ", "comm", "branch", "head", "python", "rev")
_BYLINES_BEGIN = ("prepared", "written", "handed", "last", "updated", "generated", "comp")


def _may_be_facts(text: str) -> bool:
    """Check cheaply, by its first words, whether a line may hold facts or say who did something."""
    plain = text.casefold()
    begins = plain.startswith(_FACTS_BEGIN) or ("by " in plain and plain.lstrip("*_( ").startswith(_BYLINES_BEGIN))
    return begins and re.match(_MAY_BE_FACTS, text) is not None


def _facts(line: TextLine, scopes: Scopes) -> list[Place]:
    from pytest_handoff.document.datelines import date_lines, facts_of_line

    return list(date_lines(line, scopes)) or facts_of_line(line, scopes)


_OF_A_FACT = r"(?i)`?(?:git|python|os|operating|platform|branch|commit)\b"
_BEGINNINGS_OF_FACTS = ("git", "python", "os", "operating", "platform", "branch", "commit")


def _names_a_fact(text: str) -> bool:
    begins = text.removeprefix("`").casefold().startswith(_BEGINNINGS_OF_FACTS)
    return begins and re.match(_OF_A_FACT, text) is not None


_DIVIDER = r"(?:[ ]|&nbsp;)+(?:[·|]|•|//|&middot;|&nbsp;)(?:[ ]|&nbsp;)+|[ ]{2,}(?=[^\x00-\x7f]+[ ]\*\*|\*\*)"
"""What stands between several labels of one line: ``Agent: [name] · Branch: [branch]``."""
_DIVIDERS = (" · ", " • ", " | ", " // ", " &middot; ", "&nbsp;")


def _may_be_divided(text: str) -> bool:
    return len(text) <= LONGEST and (any(sign in text for sign in _DIVIDERS) or ("  " in text and "**" in text))


def _of_segments(parsed: Outline, line: TextLine, scopes: Scopes) -> list[Place]:
    """Make places of a line of several labels, each with its value."""
    spans = list(re.finditer(_DIVIDER, line.text)) if _may_be_divided(line.text) else []
    if not spans:
        return []
    starts, ends = [0, *(span.end() for span in spans)], [*(span.start() for span in spans), len(line.text)]
    around = tuple(parent for parent in line.parents if parent is not line)
    found: list[Place] = []
    for start, end in zip(starts, ends, strict=True):
        part = replace(line, text=line.text[start:end], start=line.start + start, parents=around)
        label = read_label(part.text)
        bold = _behind_bold(part.text) if label is None and "**" in part.text else None
        if bold is not None:
            label = Label(keys_of(bold["label"]), bold["label"], bold.start("value"), bold.end("value"))
        if label is None:
            return []
        found += labelled(parsed, part, label, scopes, divided=bold is not None)
    return found


def _behind_bold(text: str) -> re.Match[str] | None:
    from pytest_handoff.document.divided_lines import behind_bold

    return behind_bold(text)


def _without_label(parsed: Outline, line: TextLine, scopes: Scopes) -> Iterator[Place]:
    """Make places of the figures in a line without a colon, if we understand all of it or a dash separates name and value."""
    scope = scopes.of(line)
    if scope is None:
        return
    spot: Spot | None = Spot(line.text, line.start, line.line, scope, scopes.heading(line.line))
    if "pytest" in line.text and "`" in line.text:
        from pytest_handoff.document.divided_lines import behind_command

        spot = behind_command(Spot(line.text, line.start, line.line, scope, scopes.heading(line.line)), scopes)
    places = [] if spot is None else list(whole_line(spot, scopes))
    yield from places
    if spot is None or places or len(line.text) > LONGEST:
        return
    from pytest_handoff.document.divided_lines import divided

    found = divided(line.text)
    if found is not None:
        label = Label(keys_of(found["label"]), found["label"], found.start("value"), found.end("value"))
        if label.keys:
            yield from labelled(parsed, line, label, scopes, divided=True)


def lines_of_several(parsed: Outline, places: Sequence[Place], filled: Collection[str] = ()) -> set[int]:
    """Find the lines (from 1) with several figures that we understand, which a field would take for a single value.

    A share with the rest behind it, ``6/7 passed, 1 failed``, is how a field itself is filled, and a value of ours is one.

    Args:
        places: those of :func:`figures_of_lines`.
        filled: values of ours with more than one figure.
    """
    times = Counter(place.line for place in places)
    outcomes = {place.line for place in places if place.quantity == "result" and "," in place.text}
    shares = {line.line + 1 for line in parsed.lines if " passed, " in line.text and re.search(_SHARE_AND_REST, line.text)}
    found = (outcomes | {line for line, number in times.items() if number > 1}) - shares
    return {line for line in found if not any(value in parsed.raw(line - 1) for value in filled)}


def figures_of_headings(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each figure in a heading that is about nothing else: ``### Complete Test Suite: [X/Y] PASSING``."""
    for heading in parsed.headings:
        raw = parsed.raw(heading.line)
        if heading.line in scopes.closed or not has_figures(raw) or len(parsed.path(heading.line)) < 1:
            continue
        mark = re.match(_HEADING_MARK, raw)
        start = mark.end() if mark else 0
        spot = Spot(raw[start:], parsed.starts[heading.line] + start, heading.line, ALL, "heading")
        yield from whole_line(spot, scopes)


def number_of_title(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of the session's number in the title: ``Session [N]`` in the document of ``session-3``."""
    title = next(iter(parsed.headings), None)
    if title is None or title.line in scopes.closed or scopes.names.number is None or not scopes.names.series:
        return
    raw = parsed.raw(title.line)
    if not has_figures(raw):
        return
    found = re.search(rf"\b{re.escape(scopes.names.series)}[ \t]+(\[(?:[NXn#]|number|nr)\]|\d+\b)", raw, re.IGNORECASE)
    if found is not None:
        start = parsed.starts[title.line] + found.start(1)
        yield figure_place(found[1], start, title.line, asks="[" in found[1], id="figure.number in title", quantity="number")


_DAY = r"(?i)\[(?:date|YYYY-MM-DD)\]|\{\{ ?date ?\}\}|<(?:date|YYYY-MM-DD)>|YYYY-MM-DD|\d{4}-\d\d-\d\d"


_OTHER_DAY = r"(?i)\b(?:planned|due|deadline|until|since|next|before|release|incident|meeting|born)\b"


def date_of_title(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of the day in the title: ``Daily status (YYYY-MM-DD)``."""
    title = next(iter(parsed.headings), None)
    if title is None or title.line in scopes.closed:
        return
    raw = parsed.raw(title.line)
    may_hold_one = raw.count("-") > 1 or "date" in raw.casefold()
    days = list(re.finditer(_DAY, raw)) if may_hold_one and (has_figures(raw) or "YYYY" in raw) else []
    if len(days) == 1 and not re.search(_OTHER_DAY, raw):
        text, start = days[0][0], parsed.starts[title.line] + days[0].start()
        yield figure_place(text, start, title.line, asks=not text[0].isdigit(), id="figure.date in title", quantity="date")


_MARKS = "✅❌✓✗✔✘🟢🔴"
_ONE_MARK = rf"[{_MARKS}]\ufe0f?"
_MARK_AND_MORE = rf"(?P<mark>\[?{_ONE_MARK}[ ]?/[ ]?{_ONE_MARK}\]?|{_ONE_MARK})[ ]+(?=[\[{{<_X\d])"
"""A mark, or two to choose from, before the figures behind a label."""


def _mark_and_more(value: str) -> re.Match[str] | None:
    begins = value.removeprefix("[").startswith(tuple(_MARKS))
    return re.match(_MARK_AND_MORE, value) if begins else None


def labelled(parsed: Outline, line: TextLine, label: Label, scopes: Scopes, *, divided: bool = False) -> Iterator[Place]:
    """Make places of the figures behind a label, or of the word that it asks for.

    Args:
        divided: whether something else than a colon divides the label and its value.
    """
    value = line.text[label.start : label.end]
    known = meaning_of(label, line, scopes)
    if known is None or _counts_beside_words(value, known[1], scopes):
        return
    quantity, scope, is_claim = known
    mark = _mark_and_more(value) if quantity in ("tests", "result", "") else None
    if mark is not None and figures_in(value[mark.end() :], quantity, scopes.names.scopes):
        id = figure_id("result", scope, f"{scopes.heading(line.line)}: {min(label.keys, default='')} mark")  # noqa: A001
        start, asks = line.start + label.start, "/" in mark["mark"]
        yield figure_place(mark["mark"], start, line.line, asks=asks, id=id, quantity="result", scope=scope, form="mark")
        label = replace(label, start=label.start + mark.end())
        value = value[mark.end() :]
    if quantity in NO_FIGURES and ("pass" in value or "fail" in value):
        quantity = ""
    figures = [] if quantity in NO_FIGURES else figures_in(value, quantity, scopes.names.scopes)
    where = f"{scopes.heading(line.line)}: {min(label.keys, default='')}"
    outcomes = len(figures) > 1 and quantity == "result" and all(map(_is_outcome, figures))
    if scope.startswith(PATH) and "test" not in scope and quantity == "result":
        figures = [replace(one, quantity="coverage") if one.form == "percent" else one for one in figures]
    if scope and len(figures) == 1 and (figures[0].quantity, figures[0].form) == ("result", "count"):
        figures = [replace(figures[0], quantity="tests")]
    if figures and not outcomes:
        yield from _places(figures, Spot(value, line.start + label.start, line.line, scope, where), is_claim=is_claim)
        return
    id = figure_id(quantity, scope, where)  # noqa: A001 - the word of records
    place = text_behind(parsed, line, label, id) if divided else place_of_label(parsed, line, id, choice=False)
    if quantity not in _FILES:
        place = in_code(place)
    if outcomes and len({one.asks for one in figures}) == 1:
        asks = figures[0].asks
        place = replace(place, state="placeholder" if asks else "written", own=len(place.text) if asks else 0)
    known_words = WORDS_OF_FACTS.get(quantity) if divided else None
    if known_words is None or place.state == "written" or known_words.issuperset(words_asked(place.text)):
        yield from _in_words(place, quantity, scope)


def _counts_beside_words(value: str, scope: str, scopes: Scopes) -> bool:
    """Check for a count of a file's tests among words that say more: it is compared as :mod:`file_counts` compares counts."""
    if not scope.startswith(PATH) or "[" in value or not any(map(str.isdecimal, value)):
        return False
    return not figures_in(value, "result", scopes.names.scopes)


def _is_outcome(figure: Figure) -> bool:
    return figure.quantity in _OUTCOMES and figure.form == "count" and not figure.scope


def _in_words(place: Place, quantity: str, scope: str) -> Iterator[Place]:
    """Make a place of a quantity given in words, if the prompt asks for it."""
    plain, asked = place.text.casefold(), words_asked(place.text)
    if quantity == "failed" and place.text and not asks_nothing(place.text):
        quantity = "failing_names"
    lists_files = place.text.startswith("`") or (place.state == "placeholder" and asked and _ASKS_FOR_FILES.issuperset(asked))
    if quantity in _FILES and lists_files:
        quantity = _FILES[quantity]
    if quantity == "failing_names" and place.state == "placeholder" and not _ASKS_FOR_NAMES.issuperset(asked):
        return
    if quantity == "duration" and ("hh" in plain or not _OF_PEOPLE.isdisjoint(asked)):  # a time of day, or somebody's time
        return
    if quantity == "agent" and not _NO_PERSON.isdisjoint(asked):
        return
    if quantity in _NO_NUMBERS and place.state == "placeholder" and form_of(place.text) in ("count", "fraction", "percent"):
        return
    if quantity == "workspace" and "{" in plain:
        place = replace(place, state="placeholder", own=len(place.text))
    if quantity in WORDS or (quantity and (place.state == "empty" or asks_nothing(place.text))):
        yield replace(place, quantity=quantity, scope=scope, form=form_of(place.text))


_FILES = {"files_created": "created_files", "files_modified": "modified_files", "files_removed": "removed_files"}
_ASKS_FOR_FILES = frozenset({"list", "file", "files", "names", "name", "path", "paths", "which", "or", "none", "them"})
_OF_PEOPLE = frozenset({"hours", "hour", "days", "day", "weeks", "hrs"})
_NO_PERSON = frozenset({"date", "day", "time", "when", "deadline", "link", "url", "version", "team"})
_NO_NUMBERS = ("commit", "branch", "agent", "failing_names")
_ASKS_FOR_NAMES = frozenset({
    "list", "name", "names", "which", "tests", "test", "ids", "id", "none", "or", "failing", "failed", "any", "if", "them",
    "failures", "all", "each", "nodeid", "nodeids", "node",
})  # fmt: skip


def in_code(place: Place) -> Place:
    """Use only the inside of a value that is a code span, as prompts for a commit or a branch often are."""
    text = place.text
    if len(text) < 3 or text[0] != "`" or text[-1] != "`" or "`" in text[1:-1]:
        return place
    inner = text[1:-1]
    own = len(inner) if placeholder_length(inner) == len(inner) else 0
    state: Literal["placeholder", "written"] = "placeholder" if own else "written"
    return replace(place, text=inner, start=place.start + 1, end=place.start + 1 + len(inner), own=own, state=state)


class Spot(Bundle, frozen=True):
    """A text with figures: its offset and line in the document, the tests it is about, and what the ids of its places say."""

    text: str
    start: int
    line: int
    scope: str
    where: str


def whole_line(spot: Spot, scopes: Scopes) -> Iterator[Place]:
    """Make places of the figures of a line without a label; ``where`` is completed by the words of the line."""
    figures = figures_in(spot.text, names=scopes.names.scopes)
    if figures:
        yield from _places(figures, replace(spot, where=f"{spot.where}: {skeleton(spot.text, figures)[:80]}"))


def _places(figures: list[Figure], spot: Spot, *, is_claim: bool = False) -> Iterator[Place]:
    for number, figure in enumerate(figures):
        where = spot.where if not number else f"{spot.where} ({number + 1})"
        scope = figure.scope or spot.scope
        yield figure_place(
            spot.text[figure.start : figure.end], spot.start + figure.start, spot.line, asks=figure.asks,
            id=figure_id(figure.quantity, scope, where), quantity=figure.quantity, scope=scope, form=figure.form,
            tail=figure.tail, is_claim=figure.is_claim or (is_claim and figure.quantity in CLAIMED and not figure.scope),
        )  # fmt: skip


def figure_place(text: str, start: int, line: int, *, asks: bool, **more: Any) -> Place:
    """Make the place of a figure, or of a prompt for one, at an offset and in a line counted from 0."""
    return Place(
        kind="label", line=line + 1, text=text, state="placeholder" if asks else "written", start=start, end=start + len(text),
        own=len(text) if asks else 0, **more,
    )  # fmt: skip
