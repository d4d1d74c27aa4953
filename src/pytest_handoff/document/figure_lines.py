"""Find figures, and prompts for them, in labels, lines, headings and closing lines of pytest, where the line is understood."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from pytest_handoff.document.figures_in_text import LONGEST, figures_in, form_of, has_figures, skeleton
from pytest_handoff.document.labels import Label, asks_nothing, box_of, keys_of, placeholder_length, read_label, words_asked
from pytest_handoff.document.places import Place, place_of_label, text_behind
from pytest_handoff.document.quantities import (
    ALL_TESTS,
    BEFORE_COLUMNS,
    FILLERS,
    LABELS,
    QUANTITIES,
    VALUE_COLUMNS,
    quantity_of,
)
from pytest_handoff.document.scopes import ALL, PATH, figure_id, is_neutral, narrows
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_handoff.document.figures_in_text import Figure
    from pytest_handoff.document.outline import Fence, Outline, TextLine
    from pytest_handoff.document.scopes import Scopes


WORDS = frozenset({
    "result", "status", "commit", "branch", "git_status", "date", "python", "platform", "duration", "config_files", "workspace",
    "tree_clean", "failing_names", "change", "agent",
})  # fmt: skip
"""Quantities that are told in words: their prompts need not look like figures."""

NO_FIGURES = WORDS - {"result", "status", "duration"}
"""Those whose words may look like figures, as a version does."""

CLAIMED = frozenset({"tests", "passed", "failed", "skipped", "pass_rate", "result", "coverage"})
"""Quantities of which a person's figure is held against the evidence."""

_NEEDS = {
    "total": "test", "time": "test", "result": "test", "results": "test", "outcome": "test", "errors": "test", "failures": "test",
    "passed": "test", "failed": "test", "skipped": "test", "missing": "coverage", "missed": "coverage", "covered": "coverage",
    "miss": "coverage", "statements": "coverage", "duration": "test", "runtime": "test", "run time": "test", "total time": "test",
    "total duration": "test", "created": "file", "added": "file", "new": "file", "modified": "file", "edited": "file",
    "deleted": "file", "removed": "file", "pass": "test", "fail": "test", "skip": "test", "cases": "test", "collected": "test",
    "elapsed": "test", "elapsed time": "test", "wall time": "test", "wall clock time": "test", "wall clock": "test",
    "green": "test", "red": "test", "passes": "test", "fails": "test", "skips": "test", "ok": "test", "successful": "test",
    "still failing": "test", "still red": "test", "run duration": "test", "cov": "coverage",
}  # fmt: skip
"""Labels that could mean other things; a heading above them, or a line beside them, must speak of tests or of coverage."""

_MEASURED = ("tests", "pass_rate", "coverage", "branch_coverage", "new_code")

_OF_TESTS = ("test", "regression", "suite", "pytest", "result")

_OUTCOMES = ("passed", "failed", "errors", "skipped", "xfailed")

_LISTS = frozenset({"list", "files", "file", "config", "configuration", "names", "name", "none", "or", "new"})

_SHARE_AND_REST = r":[*_ ]+\d[\d,]*/\d[\d,]* passed, \d[\d,]* [a-z]"

_HEADING_MARK = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+")
_COMMAND = r"(?:[$>%][ \t]*)?(?:python\d?[ \t]+-m[ \t]+)?pytest\b(?P<options>.*)"
_OUTPUT = ("", "text", "txt", "console", "bash", "sh", "shell", "output", "log", "plaintext", "terminal")
"""What fences may be called that show the output of pytest."""

_TOTAL = r"TOTAL[ \t]+(\[[^\[\]]*\]|\d+)[ \t]+(\[[^\[\]]*\]|\d+)[ \t]+(\[[^\[\]]*\][ ]?%|\d+[ ]?%)[ \t]*"


def figures_of_lines(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each figure in the text lines of a document."""
    for line in parsed.lines:
        if line.line in scopes.closed or (line.opens_item and box_of(line.text)):
            continue
        label = read_label(line.text)
        if label is None:
            if has_figures(line.text):
                yield from _without_label(parsed, line, scopes)
        else:
            yield from _labelled(parsed, line, label, scopes)


def _without_label(parsed: Outline, line: TextLine, scopes: Scopes) -> Iterator[Place]:
    """Make places of the figures of a line without a colon: all of it is understood, or a dash divides name and value."""
    scope = scopes.of(line)
    if scope is None:
        return
    places = list(_whole_line(_Spot(line.text, line.start, line.line, scope, scopes.heading(line.line)), scopes))
    yield from places
    found = None if places or len(line.text) > LONGEST else _divided(line.text)
    if found is not None:
        label = Label(keys_of(found["label"]), found["label"], found.start("value"), found.end("value"))
        if label.keys:
            yield from _labelled(parsed, line, label, scopes, dashed=True)


_SIGNS = (" —", " –", " -", " =", "→", "=>", "...", "…")


def _divided(text: str) -> re.Match[str] | None:
    """Match a line in which a dash, parentheses, or nothing but a blank divides a name and its value."""
    by_sign, in_parentheses, by_blank = _dividing()
    found = by_sign.fullmatch(text) if any(sign in text for sign in _SIGNS) else None
    if found is None and " (" in text:
        found = in_parentheses.fullmatch(text)
    return by_blank.fullmatch(text) if found is None and text.endswith(("`", "]")) else found


@cache
def _dividing() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    name = r"(?P<label>[^—–:=|\[\]{}<>()]{1,80}?)"
    return (
        re.compile(rf"{name}[ ]*(?:[ ][—–→=-]|=>|\.{{3,}}|…)[ ]+(?P<value>[`\[{{<_X\d].*)"),
        re.compile(rf"{name}[ ]\((?P<value>[\[{{<_X\d][^()]*)\)[:*_ ]*"),
        re.compile(r"(?P<label>[A-Za-z][A-Za-z ]{1,40}) (?P<value>`[^`]+`|\[[^\[\]]*\])"),
    )


def lines_of_several(parsed: Outline, places: Iterable[Place]) -> set[int]:
    """Find the lines (from 1) with several figures that are understood, where a field would take all for one.

    A share with the rest behind it, ``6/7 passed, 1 failed``, is how a field itself is filled.

    Args:
        places: those of :func:`figures_of_lines`.
    """
    places = list(places)
    times = Counter(place.line for place in places)
    outcomes = {place.line for place in places if place.quantity == "result" and "," in place.text}
    shares = {line.line + 1 for line in parsed.lines if " passed, " in line.text and re.search(_SHARE_AND_REST, line.text)}
    return (outcomes | {line for line, number in times.items() if number > 1}) - shares


def figures_of_headings(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each figure in a heading that speaks of nothing else: ``### Complete Test Suite: [X/Y] PASSING``."""
    for heading in parsed.headings:
        raw = parsed.raw(heading.line)
        if heading.line in scopes.closed or not has_figures(raw) or len(parsed.path(heading.line)) < 1:
            continue
        mark = _HEADING_MARK.match(raw)
        start = mark.end() if mark else 0
        spot = _Spot(raw[start:], parsed.starts[heading.line] + start, heading.line, ALL, "heading")
        yield from _whole_line(spot, scopes)


def number_of_title(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of the session's number in the title: ``Session [N]`` in the document of ``session-3``."""
    title = next(iter(parsed.headings), None)
    if title is None or title.line in scopes.closed or scopes.names.number is None or not scopes.names.series:
        return
    raw = parsed.raw(title.line)
    found = re.search(rf"\b{re.escape(scopes.names.series)}[ \t]+(\[(?:[NXn#]|number|nr)\]|\d+\b)", raw, re.IGNORECASE)
    if found is not None:
        start = parsed.starts[title.line] + found.start(1)
        yield figure_place(found[1], start, title.line, asks="[" in found[1], id="figure.number in title", quantity="number")


def figures_of_fences(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each figure in a fence's lines that are closing lines of pytest, or totals of a coverage report."""
    for fence in parsed.fences:
        body = parsed.text[fence.start : fence.end]
        language = parsed.raw(fence.line).strip(" \t>`~").casefold()
        if fence.line in scopes.closed or language not in _OUTPUT or not has_figures(body):
            continue
        scope = _scope_of_commands(body, scopes)
        if scope is not None and scopes.below(fence.line) is not None:
            yield from _lines_of_fence(parsed, fence, scope or scopes.below(fence.line) or ALL, scopes)


def _lines_of_fence(parsed: Outline, fence: Fence, scope: str, scopes: Scopes) -> Iterator[Place]:
    for index in range(fence.line + 1, len(parsed.starts) - 1):
        start = parsed.starts[index]
        if start >= fence.end:
            return
        raw = parsed.raw(index)
        total = re.fullmatch(_TOTAL, raw.strip()) if "TOTAL" in raw else None
        if total is not None:
            shift = start + len(raw) - len(raw.lstrip())
            spans = zip(("statements", "missed", "coverage"), (1, 2, 3), strict=True)
            for quantity, group in spans:
                text = total[group]
                yield figure_place(
                    text, shift + total.start(group), index, asks="[" in text, quantity=quantity, scope=scope, form=form_of(text),
                    id=figure_id(quantity, scope, f"{scopes.heading(index)}: total"),
                )  # fmt: skip
        elif has_figures(raw) and not raw.lstrip().startswith("#"):
            yield from _whole_line(_Spot(raw, start, index, scope, scopes.heading(index)), scopes)


_DAY = r"(?i)\[(?:date|YYYY-MM-DD)\]|\{\{ ?date ?\}\}|<(?:date|YYYY-MM-DD)>|YYYY-MM-DD|\d{4}-\d\d-\d\d"


_OTHER_DAY = r"(?i)\b(?:planned|due|deadline|until|since|next|before|release|incident|meeting|born)\b"


def date_of_title(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of the day in the title: ``Daily status (YYYY-MM-DD)``."""
    title = next(iter(parsed.headings), None)
    if title is None or title.line in scopes.closed:
        return
    raw = parsed.raw(title.line)
    may_hold_one = raw.count("-") >= 2 or "date" in raw.casefold()
    days = list(re.finditer(_DAY, raw)) if may_hold_one and (has_figures(raw) or "YYYY" in raw) else []
    if len(days) == 1 and not re.search(_OTHER_DAY, raw):
        text, start = days[0][0], parsed.starts[title.line] + days[0].start()
        yield figure_place(text, start, title.line, asks=not text[0].isdigit(), id="figure.date in title", quantity="date")


def _scope_of_commands(body: str, scopes: Scopes) -> str | None:
    """Return the scope of what a fence shows: that of the one path its command names; ``None`` if a command narrows otherwise."""
    lines = [line.strip() for line in body.splitlines() if "pytest" in line]
    found = {_scope_of_command(match["options"], scopes) for line in lines if (match := re.match(_COMMAND, line))}
    return found.pop() if len(found) == 1 else None if found else ALL


def _scope_of_command(options: str, scopes: Scopes) -> str | None:
    words = options.split()
    if any(word.startswith(("-k", "-m", "--lf", "--ff", "--deselect", "--ignore", "::")) or "::" in word for word in words):
        return None
    paths = [
        word.rstrip("/")
        for word in words
        if not word.startswith("-") and ("/" in word or word.endswith(".py") or word == "tests")
    ]
    if paths in ([], ["tests"]):
        return ALL
    return scopes.names.scopes.get(f"path {paths[0]}") if len(paths) == 1 else None


def _labelled(parsed: Outline, line: TextLine, label: Label, scopes: Scopes, *, dashed: bool = False) -> Iterator[Place]:
    """Make places of the figures behind a label, or of the word that it asks for."""
    value = line.text[label.start : label.end]
    known = _of_files(label, value, line, scopes) or _meaning(label, line, scopes)
    if known is None:
        return
    quantity, scope, is_claim = known
    if quantity in NO_FIGURES and ("pass" in value or "fail" in value):
        quantity = ""
    figures = [] if quantity in NO_FIGURES else figures_in(value, quantity, scopes.names.scopes)
    where = f"{scopes.heading(line.line)}: {min(label.keys, default='')}"
    outcomes = len(figures) > 1 and quantity == "result" and all(one.quantity in _OUTCOMES and not one.scope for one in figures)
    if scope and len(figures) == 1 and (figures[0].quantity, figures[0].form) == ("result", "count"):
        figures = [replace(figures[0], quantity="tests")]
    if figures and not outcomes:
        yield from _places(figures, _Spot(value, line.start + label.start, line.line, scope, where), is_claim=is_claim)
        return
    id = figure_id(quantity, scope, where)  # noqa: A001 - the word of records
    place = in_code(text_behind(parsed, line, label, id) if dashed else place_of_label(parsed, line, id, choice=False))
    if outcomes and len({one.asks for one in figures}) == 1:
        asks = figures[0].asks
        place = replace(place, state="placeholder" if asks else "written", own=len(place.text) if asks else 0)
    yield from _in_words(place, quantity, scope)


def _in_words(place: Place, quantity: str, scope: str) -> Iterator[Place]:
    """Make a place of what is told in words, if its prompt asks for that."""
    plain, asked = place.text.casefold(), words_asked(place.text)
    if quantity == "failed" and place.text and not asks_nothing(place.text):
        quantity = "failing_names"
    if quantity == "failing_names" and place.state == "placeholder" and not _ASKS_FOR_NAMES.issuperset(asked):
        return
    if quantity == "duration" and "hh" in plain:  # a time of day
        return
    if quantity == "workspace" and "{" in plain:
        place = replace(place, state="placeholder", own=len(place.text))
    if quantity in WORDS or (quantity and (place.state == "empty" or asks_nothing(place.text))):
        yield replace(place, quantity=quantity, scope=scope, form=form_of(place.text))


_ASKS_FOR_NAMES = frozenset({
    "list", "name", "names", "which", "tests", "test", "ids", "id", "none", "or", "failing", "failed", "any", "if", "them",
    "failures", "all", "each", "nodeid", "nodeids", "node",
})  # fmt: skip

_WHOLES = frozenset({"total", "overall", "all", "project", "everything", "all files", "all code"})
"""Labels below a heading such as *Coverage* that stand for the whole of it."""

_DAYS = frozenset({
    "updated", "last updated", "completed", "generated", "as of", "prepared", "written", "verified", "tested", "created on",
    "updated on", "last update", "generated on", "completed on", "prepared on", "written on", "handover date", "handoff",
})  # fmt: skip
_DATE = r"(?i)date|yyyy|\d{4}-\d\d-\d\d"
"""Labels behind which a date is that of the run, if a date is asked for."""


def _of_files(label: Label, value: str, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Recognise the labels about configuration files and the folder of the work, wherever they stand, by what they ask for."""
    asked = value.casefold()
    if "workspace" in label.keys and scopes.heading(line.line) == "top" and ("{" in asked or "[" not in asked):
        return "workspace", ALL, False
    is_file = "file" in label.keys and scopes.speaks_of(line.line, "configuration file")
    if (is_file or not label.keys.isdisjoint(LABELS["config_files"])) and (
        "[" not in asked or "config file" in asked or "path" in asked or _LISTS.issuperset(words_asked(asked))
    ):
        return "config_files", ALL, False
    return None


def in_code(place: Place) -> Place:
    """Take the inside of a value that is a code span, as prompts for a commit or a branch are."""
    text = place.text
    if len(text) < 3 or text[0] != "`" or text[-1] != "`" or "`" in text[1:-1]:
        return place
    inner = text[1:-1]
    own = len(inner) if placeholder_length(inner) == len(inner) else 0
    state: Literal["placeholder", "written"] = "placeholder" if own else "written"
    return replace(place, text=inner, start=place.start + 1, end=place.start + 1 + len(inner), own=own, state=state)


def _meaning(label: Label, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Return what a label counts, of which tests, and whether a person's figure there is a claim; ``None`` if it is not known."""
    around = scopes.of(line)
    if around is None:
        return None
    whole = None if around or label.keys.isdisjoint(_WHOLES) else QUANTITIES.get(scopes.name_above(line))
    if whole in _MEASURED and whole != "tests":
        return whole, ALL, False
    found = quantity_of(label.keys, QUANTITIES)
    if found is not None and found[0] not in label.keys and not ALL_TESTS.isdisjoint(label.keys):
        found = None  # *All tests passed: 9/11* is about every test
    scope = scopes.named(label.text) if found is None or found[0] not in label.keys else None
    if scope is not None:
        return _of_path(scope, scopes.name_above(line)), scope, False
    if found is not None:
        return _known(found, around, label, line, scopes)
    if not _DAYS.isdisjoint(label.keys) and re.search(_DATE, line.text[label.start : label.end]):
        return "date", ALL, False
    composed = composed_of(label.keys, scopes) or (None if around else _of_heading(label, scopes.name_above(line)))
    return (*composed, False) if composed is not None else _neutral(label, around, line, scopes)


def _of_path(scope: str, heading: str) -> str:
    """Return what is told of a file or folder: what the heading above says that there is so much of, else how its tests are."""
    of_heading = QUANTITIES.get(heading, "") if scope.startswith(PATH) else ""
    return of_heading if of_heading in ("coverage", "line_coverage", "branch_coverage", "statements", "missed") else "result"


_NO_CLAIMS = frozenset({
    "cases", "total cases", "passed cases", "failed cases", "collected", "pass", "passes", "fail", "fails", "skip", "skips",
    "successful", "still failing", "still red", "all tests pass", "all tests passing", "cov",
})  # fmt: skip
"""Labels behind which a person's figure may be about something else, or about another day."""


def _is_claim(key: str, line: TextLine, scopes: Scopes) -> bool:
    return key not in _NO_CLAIMS and scopes.is_certain(line.line)


def _known(found: tuple[str, str], around: str, label: Label, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Check that a name which could mean other things stands where tests or coverage are spoken of."""
    key, quantity = found
    if (key in ("status", "state") and not around) or quantity == "config_files":
        return None
    if _NEEDS.get(key) == "file" and "file" not in scopes.heading(line.line):
        return None
    if key in _NEEDS and not (around or _speaks(scopes, line.line, _NEEDS[key])):
        return None
    if quantity in ("tests", "result") and not around and narrows(scopes.heading(line.line)):
        return None
    return quantity, around, quantity in CLAIMED and not around and key in label.keys and _is_claim(key, line, scopes)


def _of_heading(label: Label, heading: str) -> tuple[str, str] | None:
    """Read *Actual* or *Before* below a heading such as *Test Coverage*, which says what there is so much of."""
    quantity = QUANTITIES.get(heading)
    if quantity not in _MEASURED:
        return None
    if not label.keys.isdisjoint(BEFORE_COLUMNS):
        return f"{quantity}.before", ALL
    return None if label.keys.isdisjoint(VALUE_COLUMNS) else (quantity, ALL)


def _neutral(label: Label, around: str, line: TextLine, scopes: Scopes) -> tuple[str, str, bool] | None:
    """Read a label that says nothing but that tests are spoken of: the figures behind it say what they count themselves."""
    if not ALL_TESTS.isdisjoint(label.keys):
        return "result", around, scopes.is_certain(line.line)
    is_neutral_label = not FILLERS.isdisjoint(label.keys) or is_neutral(label.text, scopes.names.number)
    return ("", around, False) if is_neutral_label else None


def composed_of(keys: Iterable[str], scopes: Scopes) -> tuple[str, str] | None:
    """Read a name such as *Unit Tests Passed*: what it counts, and of which tests."""
    for key in sorted(keys):
        words = key.split()
        for end in range(1, min(len(words), 6)):
            scope, quantity = scopes.names.scopes.get(" ".join(words[:end])), QUANTITIES.get(" ".join(words[end:]))
            if scope is not None and quantity is not None:
                return quantity, scope
    return None


def _speaks(scopes: Scopes, line: int, word: str) -> bool:
    """Check whether the headings, or the lines below the same one, speak of tests or coverage."""
    words = {"test": _OF_TESTS, "coverage": ("coverage", *_OF_TESTS)}.get(word, (word,))
    return any(scopes.speaks_of(line, one) for one in words)


class _Spot(Bundle, frozen=True):
    """A text with figures: its offset and line in the document, the tests it is about, and what the ids of its places say."""

    text: str
    start: int
    line: int
    scope: str
    where: str


def _whole_line(spot: _Spot, scopes: Scopes) -> Iterator[Place]:
    """Make places of the figures of a line without a label; ``where`` is completed by the words of the line."""
    figures = figures_in(spot.text, names=scopes.names.scopes)
    if figures:
        yield from _places(figures, replace(spot, where=f"{spot.where}: {skeleton(spot.text, figures)[:80]}"))


def _places(figures: list[Figure], spot: _Spot, *, is_claim: bool = False) -> Iterator[Place]:
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
