"""Find the form of a figure, or of a prompt for one: a fraction, percentage, count or mark, or whatever the prompt asks for."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from pytest_handoff.document.labels import BLANK, has_blank, is_prompt_text, placeholder_length, words_asked
from pytest_handoff.record import Bundle

Form = Literal["fraction", "percent", "count", "mark", "any", ""]

_NUMBER = r"(?:(?-i:[A-Z]|[NXYZ]{2,4}|n|#)(?:[.,][NMXYZ]{1,3})?|counts?|numbers?|num|amount|total)"
_INNER = (
    rf"(?i)[~≈±+-]?(?:(?P<fraction>{_NUMBER}[ ]*(?:/|of)[ ]*{_NUMBER})|(?:{_NUMBER}|percentage|percent)[ ]*%?)"
    rf"(?P<words>(?:[ ][^\d\[\],;]*)?)"
)
_INNER_WORDS = frozenset({"count", "counts", "number", "numbers", "num", "amount", "total", "percentage", "percent"})
_DIGITS = r"(?<![\w./-])\d(?:[\d,]*\d)?(?:\.\d+)?"
_LONE = r"(?<![\w./-])(?:N/N|X/Y|[NX](?=[ ]?%|[ ]+[A-Za-z(])|TBD|TODO)(?![\w/-])"
"""Prompts that stand for a figure only where the words around them say what it counts: *N passed*, *X/Y*, *TBD failed*."""

_IN_EACH_LONE = ("N ", "X ", "N%", "X%", "N/N", "X/Y", "TBD", "TODO")
_BRACKETS = r"\[[^\[\]]*\]"
PROMPT = rf"(?:{_BRACKETS}|{BLANK}|{_LONE})"
_MARKS_ONLY = r"\[?(?:[^\w\s\[\]]+[ ]*(?:/|\|)[ ]*)+[^\w\s\[\]]+\]?"
_MARKS = frozenset("✅❌⚠✓✗✔✘🟢🔴🟡")


def form_of(text: str) -> Form:
    """Tell the form of a figure or prompt that stands alone; words have none."""
    plain = text.strip("*_` ~≈")
    if plain.removesuffix("\ufe0f") in _MARKS or (("/" in plain or "|" in plain) and re.fullmatch(_MARKS_ONLY, plain)):
        return "mark"
    found = figures_of(plain).fullmatch(plain)
    form = "" if found is None else read_form(plain).form
    return "" if form == "any" else form


def figures_of(text: str) -> re.Pattern[str]:
    """Return what finds the figures of a text; few texts hold prompts without brackets, which take long to compile."""
    return _figures(brackets_only=not ("_" in text or has_blank(text) or _may_be_lone(text)))


@cache
def _figures(*, brackets_only: bool) -> re.Pattern[str]:
    prompt = _BRACKETS if brackets_only else PROMPT
    return re.compile(
        rf"{prompt}(?:(?:[ ]*/[ ]*|[ ](?:of|OF)[ ]){prompt})?(?:[ ]*%)?|"
        rf"{_DIGITS}[ ]*/[ ]*\d(?:[\d,]*\d)?(?![\w/])|{_DIGITS}(?:[ ]*%)?(?![\d/-]|\.\d)"
    )


class Read(Bundle, frozen=True):
    """The form of a figure, the words that its prompt holds behind the placeholder, and those that say what it asks for."""

    form: Form
    tail: str = ""
    asked: tuple[str, ...] = ()


_NOTHING = Read("")


def read_form(figure: str) -> Read:
    """Read the form of a figure or prompt; it has none if it asks for something else than a figure."""
    if figure[0].isdigit():
        return Read("fraction" if "/" in figure else "percent" if "%" in figure else "count")
    return _form_of_prompt(figure) if figure[0] == "[" else _form_of_blank(figure)


def _form_of_prompt(figure: str) -> Read:
    """Read a prompt in brackets, or two with a slash or *of* between them."""
    inner = figure[1 : figure.index("]")]
    if "]" in figure[figure.index("]") + 1 :]:
        return _fraction_of(re.findall(r"\[([^\[\]]*)\]", figure))
    if not is_prompt_text(inner) or (placeholder_length(f"[{inner}]") == 0 and inner not in ("X", "x")):
        return _NOTHING
    found = re.fullmatch(_INNER, inner) if _may_ask_for_a_figure(inner) else None
    if found is None:
        percent = figure.endswith("%") or "percent" in inner.casefold()
        return Read("percent" if percent else "any", asked=words_asked(inner)) if _is_plain(inner) else _NOTHING
    words = found["words"] or ""
    if found["fraction"]:
        return Read("fraction", words)
    percent = "%" in inner or "percent" in inner.casefold() or figure.endswith("%")
    return Read("percent" if percent else "count", words)


def _may_ask_for_a_figure(inner: str) -> bool:
    """Check cheaply whether a prompt may begin as one for a figure does, by its first word."""
    word = inner.partition(" ")[0]
    if len(word) < 2 or not (word.isascii() and word.isalpha()) or set(word) <= set("NXYZ"):
        return True
    return word.casefold() in _INNER_WORDS or "of" in word.casefold()


_PARTS_OF_WHOLE = frozenset(
    {"passed", "passing", "pass", "total", "all", "tests", "run", "green", "ok", "covered", "counts", "numbers"}
)


def _fraction_of(parts: list[str]) -> Read:
    """Read two prompts of which one is a part of the other; further words in them say of which tests: ``unit_passed``."""
    said = {word for part in parts if not re.fullmatch(_NUMBER, part, re.IGNORECASE) for word in words_asked(part)}
    return Read("fraction", asked=tuple(sorted(said - _PARTS_OF_WHOLE))) if len(parts) == 2 else _NOTHING


def _form_of_blank(figure: str) -> Read:
    """Read a prompt without brackets, or two with a slash between them."""
    if figure[0] in "NXT":
        return Read("fraction" if "/" in figure else "percent" if "%" in figure else "any")
    inner = figure.strip("{}<> %")
    asked = words_asked(inner) if figure[0] in "{<" else ()
    if "/" in inner or " of " in inner:
        return _fraction_of(re.split(r"/| of ", inner))
    if not _is_plain(inner):
        return _NOTHING
    return Read("percent" if "%" in figure or "pct" in inner or "percent" in inner.casefold() else "any", asked=asked)


def _is_plain(inner: str) -> bool:
    """Check that a prompt is a few words, not alternatives or an example."""
    return len(inner) <= 40 and not any(sign in "/|,:;" or sign.isdecimal() for sign in inner)


def has_figures(text: str) -> bool:
    """Check cheaply whether a text may hold a figure or a prompt for one."""
    return "[" in text or any(map(str.isdigit, text)) or has_blank(text) or _has_lone(text)


def _has_lone(text: str) -> bool:
    return _may_be_lone(text) and _lone().search(text) is not None


def _may_be_lone(text: str) -> bool:
    return ("N" in text or "X" in text or "T" in text) and any(sign in text for sign in _IN_EACH_LONE)


@cache
def _lone() -> re.Pattern[str]:
    return re.compile(_LONE)
