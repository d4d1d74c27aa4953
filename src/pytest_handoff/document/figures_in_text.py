"""Read the figures, and the prompts for figures, in a piece of text that holds nothing else: all of it, or none."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.document.figure_forms import PROMPT, Form, figures_of, has_figures, read_form
from pytest_handoff.document.quantities import ALL_TESTS, FILLERS, NOUNS, named
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST = 300
"""A longer piece of text is nobody's line of figures."""

# A class of wide characters that lie apart takes long to compile, so they stand in branches of their own.
_SEPARATOR = r"[,;|()·+]|•|[ ](?:[-/][ ]|[–—][ ])|/(?:(?=[-+])|(?=[−–]))|[ ](?:and|und)[ ]|[ ](?:in|at)[ ](?=[\[~\d{<_X])"
_WORD = r"[^\W\d_]+(?:2e)?"
RATES = ("pass_rate", "coverage", "branch_coverage", "line_coverage", "new_code")
_QUANTITIES = named(NOUNS)
_NARROW = ("passed", "failed", "errors", "skipped", "xfailed", "new_tests")
"""What a label says of tests: *Skipped: [N] tests* asks for no others."""


_NO_NAMES: Mapping[str, str] = {}


class Figure(Bundle, frozen=True):
    """A figure, or a prompt for one, at an offset of its text, with the words behind it, which are its ``tail``."""

    start: int
    end: int
    quantity: str
    form: Form
    asks: bool
    tail: str = ""
    is_claim: bool = False
    scope: str = ""


def figures_in(text: str, default: str = "", names: Mapping[str, str] = _NO_NAMES) -> list[Figure]:
    """Find the figures in a text if we understand every piece of it; one unknown word, and it has none.

    Args:
        default: the quantity of a figure without words, where a label or a column says what it counts.
        names: what kinds of tests, files and folders are called, with the scope of each.
    """
    if len(text) > LONGEST or not has_figures(text):
        return []
    if "(s)" in text:  # *[N] changed file(s)*
        from pytest_handoff.document.figures_of_two import with_plural

        return with_plural(text, figures_in(text.replace("(s)", "s  "), default, names))
    found: list[Figure] = []
    if known := _in_parentheses(text, default, names) or _of_two_times(text, default, names):
        return known
    for start, end in _pieces(text, default):
        figure = one_figure(text, start, end, _default(default, found), names)
        if figure is not None:
            found.append(figure)
        elif found and (beside := _beside().match(text, start, end)):
            if beside["then"] and (was := one_figure(text, beside.end(), end, found[-1].quantity, names)) is not None:
                found.append(replace(was, quantity=f"{was.quantity}.before"))
        elif _pattern(default, text).search(text, start, end) is not None or words_in(text[start:end]) not in FILLERS | ALL_TESTS:
            return []
    return found


def _in_parentheses(text: str, default: str, names: Mapping[str, str]) -> list[Figure]:
    """Read *New files ([N])*."""
    if not text.endswith((")", ")**")) or text.count("(") != 1:
        return []
    whole = one_figure(text.replace("(", " ").replace(")", " "), 0, len(text), default, names)
    if whole is None or text[whole.end : whole.end + 1] != ")":
        return []
    return [whole] if whole.asks or whole.quantity.startswith("files_") else []


def _of_two_times(text: str, default: str, names: Mapping[str, str]) -> list[Figure]:
    """Read two figures of one thing: what it was before, and what it is."""
    if "→" not in text and "->" not in text and " to " not in text:
        return []
    from pytest_handoff.document.figures_of_two import from_and_to

    return from_and_to(text, default, names)


@cache
def _beside() -> re.Pattern[str]:
    """Compile the pattern of what may follow a figure without being part of it: its target, and its earlier value."""
    return re.compile(
        r"[ ]*(?:(?P<then>(?:was|(?:before|previously|previous|last time|prior|(?:at )?start(?: of \w+)?):?|"
        r"(?:(?:up|down) )?from)[ ])"
        r"|(?:target|goal|required|threshold|minimum|min\.?|at least|[≥<>]=?)[: ])[ ]*",
        re.IGNORECASE,
    )


def _default(first: str, found: list[Figure]) -> str:
    """Return what a figure without words counts: what the label says, or, after a count of tests, the share that pass."""
    if not found or first in ("diff", "files"):
        return first
    if found[-1].quantity.startswith("files_"):  # *created [N] files, modified [N]*
        return "files"
    return "pass_rate" if found[-1].quantity in ("tests", "passed", "result") else ""


def skeleton(text: str, figures: list[Figure]) -> str:
    """Return the words of a text with a sign for each figure: it is the same before and after the figures are filled."""
    for figure in reversed(figures):
        text = f"{text[: figure.start]} # {figure.tail}{text[figure.end :]}"
    return " ".join(re.findall(r"[^\W_]+|#", text.casefold()))


def _pattern(default: str, text: str) -> re.Pattern[str]:
    return _signed() if default == "diff" else figures_of(text)


@cache
def _signed() -> re.Pattern[str]:
    """Compile the figures of a difference, which have signs: what is removed stands behind a minus."""
    return re.compile(rf"{PROMPT}|(?<![\w./])\d+(?:,\d{{3}})*(?!\d|[-/.]\d)")


def _pieces(text: str, default: str) -> Iterator[tuple[int, int]]:
    """Split at separators outside of brackets."""
    start = 0
    brackets = [(found.start(), found.end()) for found in _pattern(default, text).finditer(text)]
    for found in re.finditer(_SEPARATOR, text):
        if not any(first <= found.start() < last for first, last in brackets):
            yield start, found.start()
            start = found.end()
    yield start, len(text)


def one_figure(text: str, start: int, end: int, default: str, names: Mapping[str, str]) -> Figure | None:
    """Read the one figure of a piece, if the words around it say what it counts."""
    found = list(_pattern(default, text).finditer(text, start, end))
    if len(found) != 1:
        return None
    span = found[0]
    read = read_form(span[0])
    if not read.form:
        return None
    around = f"{text[start : span.start()]} {read.tail} {text[span.end() : end]}"
    words = _words_with(words_in(around), read.asked, default)
    if words is None:
        return None
    quantity, scope = meaning_of_words(words, read.form, default, names)
    if quantity == "diff":
        quantity = {"+": "lines_added", "-": "lines_removed", "−": "lines_removed", "–": "lines_removed"}.get(
            text[span.start() - 1 : span.start()], ""
        )
    form = _form_for(quantity, read.form, words)
    if form == "percent" and quantity in ("passed", "tests"):
        quantity = "pass_rate"
    if quantity == "tests" and form == "fraction":
        quantity = "result"
    if quantity == "pass_rate" and form != "percent":
        quantity = "result" if form == "fraction" else ""
    is_word = quantity == "status" or (default == quantity == "result" and read.form == "any")
    if not quantity or is_word or (quantity == "coverage" and form == "count"):
        return None
    asks = not span[0][0].isdigit()
    last = _end_of_words(text, span.end(), end)
    tail = read.tail + text[span.end() : last]
    return Figure(span.start(), last, quantity, form, asks, tail, not asks and words in ALL_TESTS, scope)


def _end_of_words(text: str, start: int, end: int) -> int:
    """Return where the words behind a figure end, before the next bracket."""
    end = min((at for bracket in "[]" if (at := text.find(bracket, start, end)) >= 0), default=end)
    return next((at + 1 for at in range(end - 1, start - 1, -1) if text[at].isalnum()), start)


_OF_TIME = ("seconds", "secs", "sec", "time", "took")


def _words_with(around: str, asked: tuple[str, ...], default: str) -> str | None:
    """Join the words around a prompt with those inside it; ``None`` if it asks for something else."""
    known = {*around.split(), *default.split("_"), *(_OF_TIME if default == "duration" else ())}
    if not asked or set(asked) <= known:
        return around
    is_alone = not around and not default  # *{{failing_tests}}* may ask for their names
    return " ".join(asked) if around in FILLERS and not is_alone else None


def _form_for(quantity: str, form: Form, words: str) -> Form:
    """Choose a form where the prompt shows none."""
    if form != "any":
        return form
    if quantity == "duration" and words in FILLERS:
        return ""
    return "percent" if quantity.removesuffix(".before") in RATES else "fraction" if quantity == "result" else "count"


_BEFORE_WORDS = frozenset(
    {
        "pytest",
        "of",
        "these",
        "those",
        "them",
        "which",
        "suite",
        "result",
        "results",
        "we",
        "have",
        "is",
        "are",
        "at",
        "now",
        "a",
        "the",
        "our",
        "currently",
        "stands",
        "stand",
        "there",
        "here",
        "so",
        "far",
        "this",
        "session",
        "all",
        "today",
        "were",
        "it",
    }
)
"""Words before those that say what a figure counts."""


_VERBS = {
    "files": {
        "added": "files_created", "created": "files_created", "new": "files_created", "modified": "files_modified",
        "changed": "files_modified", "edited": "files_modified", "updated": "files_modified", "deleted": "files_removed",
        "removed": "files_removed",
    },
    "diff": {"added": "lines_added", "removed": "lines_removed", "deleted": "lines_removed"},
}  # fmt: skip
"""What was done, where a label says to what."""


def meaning_of_words(words: str, form: Form, default: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Return what a figure with these words counts, and of which tests if they say so."""
    quantity = _QUANTITIES.get(words) or (default if words in FILLERS else "")
    if default in _VERBS:
        return _VERBS[default].get(words, quantity), ""
    if default in _NARROW and quantity != default:
        return (default, "") if quantity == "tests" else ("", "")
    if quantity:
        return quantity, ""
    parts = words.split()
    plain = [word for word in parts if word not in _BEFORE_WORDS]
    if len(plain) < len(parts) and (quantity := _QUANTITIES.get(" ".join(plain), "")):
        return quantity, ""
    if form == "any":
        form = "count"
    for end in range(len(parts), 0, -1):
        scope, rest = names.get(" ".join(parts[:end])), " ".join(parts[end:])
        if scope is not None:
            return (_of_scope(scope, form) if rest in FILLERS else _QUANTITIES.get(rest, "")), scope
    return ("", "") if default or len(parts) < 2 else (_composed(parts), "")


def _of_scope(scope: str, form: Form) -> str:
    """Return what a figure beside the name of tests or of a file counts: a share of code is covered, one of tests passed."""
    if form == "percent" and scope.startswith("path ") and "test" not in scope:
        return "coverage"
    return "tests" if form == "count" else "result"


def _composed(words: list[str]) -> str:
    """Work out what a figure counts from several words around it."""
    from pytest_handoff.document.names_of_quantities import counted_by

    counted = counted_by(words)
    return counted if counted in _COUNTED else ""


_COUNTED = frozenset({*NOUNS, "statements", "missed", "covered", "new_code", "test_files_created"}) - {"duration", "test_files"}


def words_in(text: str) -> str:
    return " ".join(re.findall(_WORD, text.casefold()))
