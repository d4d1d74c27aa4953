"""Make characters visible that nobody would see as themselves: controls, invisible signs, changes of direction.

Everything that people write in any script stays as it is: accents, right-to-left letters, emoji of several characters.
"""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
_SELECTORS = frozenset([*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))])
_KEYCAP = "\ufe0f\u20e3"
_BLANK_SIGNS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U0001d159")
"""Characters that Python calls printable but nobody sees."""

_VIRAMA = 9


def visible(text: str) -> str:
    """Write each such character of a text as a backslash escape."""
    return text if text.isascii() and text.isprintable() else "".join(visible_characters(text))


def visible_characters(text: str) -> list[str]:
    """Return each character as it may be shown: itself, or a backslash escape."""
    shown: list[str] = []
    for at, char in enumerate(text):
        before = shown[-1][-1] if shown else ""
        shown.append(char if _is_seen(before, char, text[at + 1 : at + 2]) else _escaped(char))
    return shown


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


def _is_seen(before: str, char: str, after: str) -> bool:
    if char.isascii():
        return char.isprintable()
    if char in _JOINERS:
        return _joins(before, char, after)
    if char in _SELECTORS:
        return _selects(before, char + after)
    return char not in _BLANK_SIGNS and (char.isprintable() or unicodedata.category(char) == "Zs")


def _joins(before: str, joiner: str, after: str) -> bool:
    """Check that scripts or emoji need a joiner here: behind a virama, between Arabic letters, between two pictures."""
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if joiner == "\u200c":
        return _is_arabic(before) and _is_arabic(after)
    return _is_picture(after) and (_is_picture(before) or before == "\ufe0f")


def _selects(before: str, selected: str) -> bool:
    """Check that a variation selector changes the look of the character before it; elsewhere nobody would see it."""
    if before.isascii():
        return before in tuple("0123456789#*") and selected == _KEYCAP
    return before not in _SELECTORS and before not in _JOINERS and not before.isspace()


def _is_arabic(char: str) -> bool:
    return unicodedata.bidirectional(char) == "AL" and char.isprintable()


def _is_picture(char: str) -> bool:
    """Check whether a character is a picture, or a skin tone."""
    return unicodedata.category(char) in ("So", "Sk") and not char.isascii() and char not in _BLANK_SIGNS
