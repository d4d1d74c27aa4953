"""Read two figures for one thing, *from* one *to* the other, and plurals such as *file(s)*."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.document.figures_in_text import meaning_of_words, one_figure, words_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.document.figures_in_text import Figure


def from_and_to(text: str, default: str, names: Mapping[str, str]) -> list[Figure]:
    """Read two figures of one thing with an arrow between them: what it was before, and what it is."""
    at, after = next(((at, at + len(arrow)) for arrow in ("→", "->") if (at := text.find(arrow)) > 0), (0, 0))
    start = 0
    if not at and " to " in text and (found := _went().match(text)) is not None:
        at, after, start = found.start("to"), found.end("to"), found.end("went")
        default = meaning_of_words(words_in(found["what"]), "any", default, names)[0] if found["what"] else default
    if not at or ("%" not in text and start and not default):
        return []
    old, new = one_figure(text, start, at, default, names), one_figure(text, after, len(text), default, names)
    if old is None or new is None or old.quantity != new.quantity or "." in new.quantity:
        return []
    return [replace(old, quantity=f"{old.quantity}.before", is_claim=False), new]


@cache
def _went() -> re.Pattern[str]:
    """Compile the beginning of a sentence about two times: *Coverage went from [X]% to [Y]%*."""
    return re.compile(
        r"(?P<what>[A-Za-z ]{0,40}?)(?P<went>(?:^|[ ])(?:(?:went|rose|fell|grew|dropped|moved|changed|increased|decreased|"
        r"improved|is|was|has gone)[ ])?(?:(?:up|down)[ ])?from[ ])[^ ]+(?:[ ]%)?(?P<to>[ ]to[ ])",
        re.IGNORECASE,
    )


def with_plural(text: str, figures: list[Figure]) -> list[Figure]:
    """Give figures that were read in a text without its *(s)* the tails that the text has."""
    return [
        replace(one, tail=text[one.end - len(one.tail) : one.end]) if "(" in text[one.start : one.end] else one for one in figures
    ]
