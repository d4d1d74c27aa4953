"""Choose among the wordings of a value: the form that a prompt shows, and the tests that the heading above it is about.

A key ``place#form`` of the values holds a wording in another form, and ``place@e2e`` one about e2e tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pytest_handoff.document.catalogue import E2E_SECTIONS
from pytest_handoff.document.labels import keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.document.places import Document, Place

Form = Literal["fraction", "percent", "count", ""]

_MARKS = str.maketrans("", "", "`*")
_PLACEHOLDER = r"(?:[XYNMZ#n]+|count|number|num|total|passed|passing)"
_FRACTION = rf"(?i)\[?(?:{_PLACEHOLDER}|\d[\d,]*)\]?[ ]*(?:/|of)[ ]*\[?(?:{_PLACEHOLDER}|\d[\d,]*)\b"
_PERCENT = r"(?i)[+~≈<>=≥≤ ]*(?:\[[^\[\]|]*\][ ]*%|\[?[X\d.,]+[ ]*%|\[percent(?:age)?\]|no rate:)"
_COUNT = (
    r"(?i)[+~≈ ]*(?:\[(?:approximate )?(?:[XYN#]+|counts?|numbers?|total)(?: of)?(?: (?:new|unit|all))?(?: tests?| failures?)?\]"
    r"|\d[\d,]*)(?: tests?| failures?)?(?: \(incomplete run\))?"
)


_COUNTING = ("approximate", "count", "counts", "number", "numbers", "total")


def form_of(text: str) -> Form:
    """Tell which form a prompt or a value has: ``[X/Y passed]`` is a share, ``[Passing | Failing]`` a word, which has none."""
    plain = text.split(" | ", maxsplit=1)[0].translate(_MARKS).strip()
    folded = plain.casefold()
    if ("/" in folded or "of" in folded) and re.match(_FRACTION, plain):
        return "fraction"
    if ("%" in folded or "[percent" in folded or "no rate:" in folded) and re.match(_PERCENT, plain):
        return "percent"
    return "count" if _may_count(folded) and re.fullmatch(_COUNT, plain) else ""


def _may_count(folded: str) -> bool:
    """Check cheaply whether a text begins as a count, or as a prompt for one, does."""
    signs = folded.lstrip("+~≈ ")
    first = signs[1:].replace("]", " ").partition(" ")[0] if signs.startswith("[") else ""
    return signs[:1].isdecimal() or (first != "" and (first in _COUNTING or not first.strip("xyn#")))


def chosen(document: Document, values: Mapping[str, str], memory: Mapping[str, str]) -> dict[str, str]:
    """Return the values with the wording that each place asks for; other forms stay beside them, to hold claims against."""
    plain = {key: text for key, text in values.items() if "@" not in key}
    for place in document.places:
        if f"{place.id}@e2e" in values and is_about_e2e(document, place):
            scoped = {key: text for key, text in values.items() if key.startswith(f"{place.id}@e2e")}
            plain |= {key.replace("@e2e", "", 1): text for key, text in scoped.items()}
        form = form_of(place.text[: place.own] if place.state == "placeholder" else memory.get(place.id, ""))
        if form and (other := plain.get(f"{place.id}#{form}")) is not None:
            plain[place.id] = other
    return plain


def is_about_e2e(document: Document, place: Place) -> bool:
    """Check whether one of the headings around a place says that it is about e2e tests."""
    level, above = 7, [heading for heading in document.headings if heading.line <= place.line]
    for heading in reversed(above):
        if heading.level < level:
            level = heading.level
            if not keys_of(heading.text).isdisjoint(E2E_SECTIONS):
                return True
    return False
