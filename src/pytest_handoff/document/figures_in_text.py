"""Read the figures, and the prompts for figures, in a piece of text that speaks of nothing else: wholly or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pytest_handoff.document.labels import is_prompt_text, placeholder_length
from pytest_handoff.document.quantities import ALL_TESTS, FILLERS, NOUNS, named
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Form = Literal["fraction", "percent", "count", "mark", ""]

LONGEST = 300
"""A longer piece of text is nobody's line of figures."""

_NUMBER = r"(?:(?-i:[A-Z]|[NXYZ]{2,4}|n|#)(?:[.,][NMXYZ]{1,3})?|counts?|numbers?|num|amount|total)"
_INNER = re.compile(
    rf"(?:~|≈)?(?:(?P<fraction>{_NUMBER}[ ]*(?:/|of)[ ]*{_NUMBER})|(?:{_NUMBER}|percentage|percent)[ ]*%?)"
    rf"(?P<words>(?:[ ][^\d\[\],;]*)?)",
    re.IGNORECASE,
)
_DIGITS = r"(?<![\w./-])\d[\d,]*(?:\.\d+)?"
_FIGURE = re.compile(
    r"\[[^\[\]]*\](?:(?:[ ]*/[ ]*|[ ]of[ ])\[[^\[\]]*\])?(?:[ ]*%)?|"
    rf"{_DIGITS}[ ]*/[ ]*\d[\d,]*(?![\w/])|{_DIGITS}(?:[ ]*%)?(?![\d/-]|\.\d)"
)
_SEPARATOR = re.compile(r"[,;|()·•+]|[ ][-–—][ ]|[ ](?:and|und)[ ]|[ ]in[ ](?=[\[~\d])")
_BEHIND = re.compile(r"[^\[\]]*[^\W_]")
_WORD = re.compile(r"[^\W\d_]+(?:2e)?")
_MARKS_ONLY = re.compile(r"\[?(?:[^\w\s\[\]]+[ ]*(?:/|\|)[ ]*)+[^\w\s\[\]]+\]?")
_MARK = re.compile(r"[✅❌⚠✓✗🟢🔴🟡]\ufe0f?")
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


def form_of(text: str) -> Form:
    """Tell the form of a figure or prompt that stands alone; words have none."""
    plain = text.strip("*_` ~≈")
    if _MARKS_ONLY.fullmatch(plain) or _MARK.fullmatch(plain):
        return "mark"
    found = _FIGURE.fullmatch(plain)
    return "" if found is None else _form(plain)[0]


def figures_in(text: str, default: str = "", names: Mapping[str, str] = _NO_NAMES) -> list[Figure]:
    """Find the figures of a text of which every piece is understood; a text with another word in it has none.

    Args:
        default: the quantity of a figure without words, where a label or a column says what it counts.
        names: what kinds of tests, files and folders are called, with the scope of each.
    """
    if len(text) > LONGEST or not ("[" in text or any(map(str.isdigit, text))):
        return []
    found: list[Figure] = []
    for start, end in _pieces(text):
        figure = _figure(text, start, end, _default(default, found), names)
        if figure is not None:
            found.append(figure)
        elif _FIGURE.search(text, start, end) is not None or _words(text[start:end]) not in FILLERS | ALL_TESTS:
            return []
    return found


def _default(first: str, found: list[Figure]) -> str:
    """Return what a figure without words counts: what the label says, or behind a count of tests the rate of those that pass."""
    if not found:
        return first
    return "pass_rate" if found[-1].quantity in ("tests", "passed", "result") else ""


def skeleton(text: str, figures: list[Figure]) -> str:
    """Return the words of a text with a sign for each figure: it is the same before and after the figures are filled."""
    for figure in reversed(figures):
        text = f"{text[: figure.start]} # {figure.tail}{text[figure.end :]}"
    return " ".join(re.findall(r"[^\W_]+|#", text.casefold()))


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Split at separators outside of brackets."""
    start = 0
    brackets = [(found.start(), found.end()) for found in _FIGURE.finditer(text)]
    for found in _SEPARATOR.finditer(text):
        if not any(first <= found.start() < last for first, last in brackets):
            yield start, found.start()
            start = found.end()
    yield start, len(text)


def _figure(text: str, start: int, end: int, default: str, names: Mapping[str, str]) -> Figure | None:
    """Read the one figure of a piece, if the words around it say what it counts."""
    found = list(_FIGURE.finditer(text, start, end))
    if len(found) != 1:
        return None
    span = found[0]
    form, tail = _form(span[0])
    if not form:
        return None
    words = _words(f"{text[start : span.start()]} {tail} {text[span.end() : end]}")
    quantity, scope = _meaning(words, form, default, names)
    if form == "percent" and quantity in ("passed", "tests"):
        quantity = "pass_rate"
    if quantity == "pass_rate" and form != "percent":
        quantity = "result" if form == "fraction" else ""
    if not quantity or (quantity == "coverage" and form == "count"):
        return None
    asks = "[" in span[0]
    behind = _BEHIND.match(text, span.end(), end)
    last = span.end() if behind is None else behind.end()
    tail += text[span.end() : last]
    return Figure(span.start(), last, quantity, form, asks, tail, not asks and words in ALL_TESTS, scope)


def _meaning(words: str, form: Form, default: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Return what a figure with these words counts, and of which tests if they say so."""
    quantity = _QUANTITIES.get(words) or (default if words in FILLERS else "")
    if default in _NARROW and quantity != default:
        return (default, "") if quantity == "tests" else ("", "")
    if quantity:
        return quantity, ""
    parts = words.split()
    for end in range(len(parts), 0, -1):
        scope, rest = names.get(" ".join(parts[:end])), " ".join(parts[end:])
        if scope is not None:
            return ("tests" if form == "count" else "result") if rest in FILLERS else _QUANTITIES.get(rest, ""), scope
    return "", ""


def _form(figure: str) -> tuple[Form, str]:
    """Return the form of a figure, and the words that a prompt holds behind its placeholder; no form if it asks for words."""
    if "[" not in figure:
        return ("fraction" if "/" in figure else "percent" if "%" in figure else "count"), ""
    inner = figure[1 : figure.index("]")]
    if "]" in figure[figure.index("]") + 1 :]:
        parts = re.findall(r"\[([^\[\]]*)\]", figure)
        return ("fraction" if all(re.fullmatch(_NUMBER, part) for part in parts) else ""), ""
    found = _INNER.fullmatch(inner)
    if found is None or not is_prompt_text(inner) or (placeholder_length(f"[{inner}]") == 0 and inner not in ("X", "x")):
        return "", ""
    words = found["words"] or ""
    if found["fraction"]:
        return "fraction", words
    percent = "%" in inner or "ercent" in inner or figure.endswith("%")
    return ("percent" if percent else "count"), words


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
