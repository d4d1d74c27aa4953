"""Break the page's lines where a reader would: test ids at their joints, but no command or session name at a hyphen."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from pytest_handoff.printable import printable_text

LONGEST_WHOLE = 34
"""The longest word that is kept whole: so many characters fit beside a margin on a phone 400 pixels wide."""

_JOINTS = re.compile(r"(::|/|\[)(?=[^\s])")
_WHOLE = re.compile(r"\d[\d.,]* %|[^\s-]*-[^\s]*")
"""A figure with its sign, and a word with a hyphen."""


def joints(text: str) -> Markup:
    """Escape a test id or a command, and allow a break behind each folder and each ``::``, before any other place."""
    shown = str(escape(printable_text(text)))
    return Markup(_JOINTS.sub(r"\1<wbr>", shown))  # noqa: S704 - escaped already


def whole_words(text: str) -> Markup:
    """Escape a sentence, and keep percentages and words with a hyphen on one line, unless too long for a phone."""

    def word(found: re.Match[str]) -> str:
        shown = str(escape(found[0]))
        return f'<span class="whole">{shown}</span>' if len(found[0]) <= LONGEST_WHOLE else shown

    sentence, parts, at = printable_text(text), [], 0
    for found in _WHOLE.finditer(sentence):
        parts += [str(escape(sentence[at : found.start()])), word(found)]
        at = found.end()
    return Markup("".join([*parts, str(escape(sentence[at:]))]))  # noqa: S704 - escaped already
