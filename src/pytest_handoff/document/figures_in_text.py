"""Read the figures, and the prompts for figures, in a piece of text that speaks of nothing else: wholly or not at all."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from pytest_handoff.document.labels import BLANK, has_blank, is_prompt_text, placeholder_length, words_asked
from pytest_handoff.document.quantities import ALL_TESTS, FILLERS, NOUNS, named
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Form = Literal["fraction", "percent", "count", "mark", "any", ""]

LONGEST = 300
"""A longer piece of text is nobody's line of figures."""

_NUMBER = r"(?:(?-i:[A-Z]|[NXYZ]{2,4}|n|#)(?:[.,][NMXYZ]{1,3})?|counts?|numbers?|num|amount|total)"
_INNER = (
    rf"(?i)[~≈±+-]?(?:(?P<fraction>{_NUMBER}[ ]*(?:/|of)[ ]*{_NUMBER})|(?:{_NUMBER}|percentage|percent)[ ]*%?)"
    rf"(?P<words>(?:[ ][^\d\[\],;]*)?)"
)
_INNER_WORDS = frozenset({"count", "counts", "number", "numbers", "num", "amount", "total", "percentage", "percent"})
_DIGITS = r"(?<![\w./-])\d[\d,]*(?:\.\d+)?"
_BRACKETS = r"\[[^\[\]]*\]"
_PROMPT = rf"(?:{_BRACKETS}|{BLANK})"
# A class of wide characters that lie apart takes long to compile, so they stand in branches of their own.
_SEPARATOR = re.compile(
    r"[,;|()·+]|•|[ ](?:[-/][ ]|[–—][ ])|/(?:(?=[-+])|(?=[−–]))|[ ](?:and|und)[ ]|[ ](?:in|at)[ ](?=[\[~\d{<_X])"
)
_BEHIND = r"[^\[\]]*[^\W_]"
_WORD = re.compile(r"[^\W\d_]+(?:2e)?")
RATES = ("pass_rate", "coverage", "branch_coverage", "line_coverage", "new_code")
_MARKS_ONLY = r"\[?(?:[^\w\s\[\]]+[ ]*(?:/|\|)[ ]*)+[^\w\s\[\]]+\]?"
_MARKS = frozenset("✅❌⚠✓✗✔✘🟢🔴🟡")
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
    if plain.removesuffix("\ufe0f") in _MARKS or (("/" in plain or "|" in plain) and re.fullmatch(_MARKS_ONLY, plain)):
        return "mark"
    found = _pattern("", plain).fullmatch(plain)
    form = "" if found is None else _form(plain).form
    return "" if form == "any" else form


def figures_in(text: str, default: str = "", names: Mapping[str, str] = _NO_NAMES) -> list[Figure]:
    """Find the figures of a text of which every piece is understood; a text with another word in it has none.

    Args:
        default: the quantity of a figure without words, where a label or a column says what it counts.
        names: what kinds of tests, files and folders are called, with the scope of each.
    """
    if len(text) > LONGEST or not has_figures(text):
        return []
    found: list[Figure] = []
    if text.endswith((")", ")**")) and text.count("(") == 1:  # *New files ([N])*
        whole = _figure(text.replace("(", " ").replace(")", " "), 0, len(text), default, names)
        if whole is not None and whole.asks and text[whole.end : whole.end + 1] == ")":
            return [whole]
    if found_both := _from_and_to(text, default, names):
        return found_both
    for start, end in _pieces(text, default):
        figure = _figure(text, start, end, _default(default, found), names)
        if figure is not None:
            found.append(figure)
        elif found and (beside := _beside().match(text, start, end)):
            if beside["then"] and (was := _figure(text, beside.end(), end, found[-1].quantity, names)) is not None:
                found.append(replace(was, quantity=f"{was.quantity}.before"))
        elif _pattern(default, text).search(text, start, end) is not None or _words(text[start:end]) not in FILLERS | ALL_TESTS:
            return []
    return found


def _from_and_to(text: str, default: str, names: Mapping[str, str]) -> list[Figure]:
    """Read two figures of one thing with an arrow between them: what it was before, and what it is."""
    at = next((at for arrow in ("→", "->") if (at := text.find(arrow)) > 0), 0)
    if not at:
        return []
    old, new = _figure(text, 0, at, default, names), _figure(text, at + 1 + (text[at] == "-"), len(text), default, names)
    if old is None or new is None or old.quantity != new.quantity or "." in new.quantity:
        return []
    return [replace(old, quantity=f"{old.quantity}.before", is_claim=False), new]


@cache
def _beside() -> re.Pattern[str]:
    """Compile what stands beside a figure and is no part of it: what is wanted, and what it was before."""
    return re.compile(
        r"[ ]*(?:(?P<then>(?:was|before:?|previously:?|up from|down from|from|(?:at )?start(?: of \w+)?:?)[ ])"
        r"|(?:target|goal|required|threshold|minimum|min\.?|at least|[≥<>]=?)[: ])[ ]*",
        re.IGNORECASE,
    )


def _default(first: str, found: list[Figure]) -> str:
    """Return what a figure without words counts: what the label says, or behind a count of tests the rate of those that pass."""
    if not found or first == "diff":
        return first
    return "pass_rate" if found[-1].quantity in ("tests", "passed", "result") else ""


def skeleton(text: str, figures: list[Figure]) -> str:
    """Return the words of a text with a sign for each figure: it is the same before and after the figures are filled."""
    for figure in reversed(figures):
        text = f"{text[: figure.start]} # {figure.tail}{text[figure.end :]}"
    return " ".join(re.findall(r"[^\W_]+|#", text.casefold()))


def _pattern(default: str, text: str) -> re.Pattern[str]:
    """Return what finds the figures of a text; few texts hold prompts without brackets, which take long to compile."""
    return _signed() if default == "diff" else _figures(blanks=has_blank(text) or "_" in text)


@cache
def _figures(*, blanks: bool) -> re.Pattern[str]:
    prompt = _PROMPT if blanks else _BRACKETS
    return re.compile(
        rf"{prompt}(?:(?:[ ]*/[ ]*|[ ]of[ ]){prompt})?(?:[ ]*%)?|"
        rf"{_DIGITS}[ ]*/[ ]*\d[\d,]*(?![\w/])|{_DIGITS}(?:[ ]*%)?(?![\d/-]|\.\d)"
    )


@cache
def _signed() -> re.Pattern[str]:
    """Compile the figures of a difference, which have signs: what is removed stands behind a minus."""
    return re.compile(rf"{_PROMPT}|(?<![\w./])\d+(?:,\d{{3}})*(?!\d|[-/.]\d)")


def _pieces(text: str, default: str) -> Iterator[tuple[int, int]]:
    """Split at separators outside of brackets."""
    start = 0
    brackets = [(found.start(), found.end()) for found in _pattern(default, text).finditer(text)]
    for found in _SEPARATOR.finditer(text):
        if not any(first <= found.start() < last for first, last in brackets):
            yield start, found.start()
            start = found.end()
    yield start, len(text)


def _figure(text: str, start: int, end: int, default: str, names: Mapping[str, str]) -> Figure | None:
    """Read the one figure of a piece, if the words around it say what it counts."""
    found = list(_pattern(default, text).finditer(text, start, end))
    if len(found) != 1:
        return None
    span = found[0]
    read = _form(span[0])
    if not read.form:
        return None
    around = f"{text[start : span.start()]} {read.tail} {text[span.end() : end]}"
    words = _words_with(_words(around), read.asked, default)
    if words is None:
        return None
    quantity, scope = _meaning(words, read.form, default, names)
    if quantity == "diff":
        quantity = {"+": "lines_added", "-": "lines_removed", "−": "lines_removed", "–": "lines_removed"}.get(
            text[span.start() - 1 : span.start()], ""
        )
    form = _form_for(quantity, read.form, words)
    if form == "percent" and quantity in ("passed", "tests"):
        quantity = "pass_rate"
    if quantity == "pass_rate" and form != "percent":
        quantity = "result" if form == "fraction" else ""
    is_word = quantity == "status" or (default == quantity == "result" and read.form == "any")
    if not quantity or is_word or (quantity == "coverage" and form == "count"):
        return None
    asks = not span[0][0].isdigit()
    behind = re.compile(_BEHIND).match(text, span.end(), end)
    last = span.end() if behind is None else behind.end()
    tail = read.tail + text[span.end() : last]
    return Figure(span.start(), last, quantity, form, asks, tail, not asks and words in ALL_TESTS, scope)


def _words_with(around: str, asked: tuple[str, ...], default: str) -> str | None:
    """Join what is said around a prompt with what it asks for itself; ``None`` if it asks for something else."""
    if not asked or set(asked) <= {*around.split(), *default.split("_")}:
        return around
    return " ".join(asked) if around in FILLERS else None


def _form_for(quantity: str, form: Form, words: str) -> Form:
    """Choose a form where the prompt shows none."""
    if form != "any":
        return form
    if quantity == "duration" and words in FILLERS:
        return ""
    return "percent" if quantity.removesuffix(".before") in RATES else "fraction" if quantity == "result" else "count"


_BEFORE_WORDS = frozenset({"pytest", "of", "these", "those", "them", "which", "suite", "result", "results", "we", "have"})
"""Words before those that say what a figure counts."""


def _meaning(words: str, form: Form, default: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Return what a figure with these words counts, and of which tests if they say so."""
    quantity = _QUANTITIES.get(words) or (default if words in FILLERS else "")
    if default == "diff":
        return {"added": "lines_added", "removed": "lines_removed", "deleted": "lines_removed"}.get(words, quantity), ""
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
            return ("tests" if form == "count" else "result") if rest in FILLERS else _QUANTITIES.get(rest, ""), scope
    return "", ""


class _Read(Bundle, frozen=True):
    """The form of a figure, the words that its prompt holds behind the placeholder, and those that say what it asks for."""

    form: Form
    tail: str = ""
    asked: tuple[str, ...] = ()


_NOTHING = _Read("")


def _form(figure: str) -> _Read:
    """Read the form of a figure or prompt; it has none if it asks for something else than a figure."""
    if figure[0].isdigit():
        return _Read("fraction" if "/" in figure else "percent" if "%" in figure else "count")
    return _form_of_prompt(figure) if figure[0] == "[" else _form_of_blank(figure)


def _form_of_prompt(figure: str) -> _Read:
    """Read a prompt in brackets, or two with a slash or *of* between them."""
    inner = figure[1 : figure.index("]")]
    if "]" in figure[figure.index("]") + 1 :]:
        parts = re.findall(r"\[([^\[\]]*)\]", figure)
        return _Read("fraction") if all(re.fullmatch(_NUMBER, part) for part in parts) else _NOTHING
    if not is_prompt_text(inner) or (placeholder_length(f"[{inner}]") == 0 and inner not in ("X", "x")):
        return _NOTHING
    found = re.fullmatch(_INNER, inner) if _may_ask_for_a_figure(inner) else None
    if found is None:
        return _Read("percent" if figure.endswith("%") else "any", asked=words_asked(inner)) if _is_plain(inner) else _NOTHING
    words = found["words"] or ""
    if found["fraction"]:
        return _Read("fraction", words)
    percent = "%" in inner or "ercent" in inner or figure.endswith("%")
    return _Read("percent" if percent else "count", words)


def _may_ask_for_a_figure(inner: str) -> bool:
    """Check cheaply whether a prompt may begin as one for a figure does, by its first word."""
    word = inner.partition(" ")[0]
    if len(word) < 2 or not (word.isascii() and word.isalpha()) or set(word) <= set("NXYZ"):
        return True
    return word.casefold() in _INNER_WORDS or "of" in word.casefold()


_PARTS_OF_WHOLE = frozenset({"passed", "passing", "total", "all", "tests", "run"})


def _form_of_blank(figure: str) -> _Read:
    """Read a prompt without brackets, or two with a slash between them."""
    inner = figure.strip("{}<> %")
    asked = words_asked(inner) if figure[0] in "{<" else ()
    if "/" in inner or " of " in inner:
        parts = re.split(r"/| of ", inner)
        said = {word for part in parts for word in words_asked(part)}
        return _Read("fraction") if len(parts) == 2 and said <= _PARTS_OF_WHOLE else _NOTHING
    if not _is_plain(inner):
        return _NOTHING
    return _Read("percent" if "%" in figure or "pct" in inner or "percent" in inner.casefold() else "any", asked=asked)


def _is_plain(inner: str) -> bool:
    """Check that a prompt is a few words, not alternatives or an example."""
    return len(inner) <= 40 and not re.search(r"[/|,:;\d]", inner)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def has_figures(text: str) -> bool:
    """Check cheaply whether a text may hold a figure or a prompt for one."""
    return "[" in text or any(map(str.isdigit, text)) or has_blank(text)
