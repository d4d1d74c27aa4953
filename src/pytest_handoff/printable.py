"""Make text from outside safe to print: it cannot move the cursor, hide or reorder words, or give a log reader commands.

Names of files, sessions and tests, lines of documents, settings and messages come from the authors of the repository. A
character that would not be seen as itself becomes a backslash escape; everything that people write in any script stays.

CI systems obey commands in the output of a step. GitHub's runner obeys ``::name ...::`` at the start of a line, after blanks, and
its older form ``##[name]`` anywhere; Azure Pipelines obeys ``##[name]`` and ``##vso[name]``, TeamCity ``##teamcity[name]``. The
first character of each is escaped everywhere, since a log may be read in another system than the one that made it. GitLab's
sections need a carriage return, which is escaped anyway.
"""

from __future__ import annotations

import re
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


def holds_a_word(text: str) -> bool:
    """Check that a text has a visible letter or digit; Python calls some blanks letters."""
    return any(char.isalnum() and char not in _BLANK_SIGNS for char in text)


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


LONGEST_QUOTE = 160


def shorten(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Cut the middle out of a long text; the ledger has all of it."""
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


LONGEST = 4_000
"""The most characters to show of a word from outside, or of a line for people."""

_ORDER = r"^\s*(:)(?=:)|(#)(?=#\w*\[)"


def printable(text: str, longest: int | None = LONGEST) -> str:
    """Put any text on one line in which every character is seen; cut the middle where it is longer than ``longest``."""
    return "".join(printable_pieces([text], longest))


def printable_pieces(pieces: list[str], longest: int | None = LONGEST) -> list[str]:
    """Make a line in pieces printable: two harmless pieces may form a command where they meet."""
    kept = pieces if longest is None else [shorten(piece, longest) for piece in pieces]
    shown = _without_orders(visible_characters("".join(kept)))
    fitting, at = [], 0
    for piece in kept:
        fitting.append("".join(shown[at : at + len(piece)]))
        at += len(piece)
    return fitting


def printable_text(text: str) -> str:
    """Make a text of several lines printable for a page: line breaks and tabs stay, other unseen characters are shown."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if _PLAIN.fullmatch(lines):  # most sources are
        return lines
    return "".join(char if char in "\n\t" else seen for char, seen in zip(lines, visible_characters(lines), strict=True))


_PLAIN = re.compile(r"[ -~\n\t]*")


def printable_json(text: str) -> str:
    """Make JSON printable without changing its meaning, by JSON's own escapes."""
    return "\n".join(map(_json_line, text.split("\n")))


def _without_orders(shown: list[str]) -> list[str]:
    """Escape the first character of each command to a CI system."""
    line = "".join(shown)
    if "::" not in line and "##" not in line:
        return shown
    starts = {found.start(found.lastindex or 0) for found in re.finditer(_ORDER, line)}
    safe, at = [], 0
    for seen in shown:
        safe.append(f"\\x{ord(seen):02x}" if at in starts else seen)
        at += len(seen)
    return safe


def _json_line(line: str) -> str:
    if line.isascii() and line.isprintable() and not re.search(_ORDER, line):
        return line
    shown = _without_orders(visible_characters(line))
    return "".join(char if char == seen else _json_escaped(char) for char, seen in zip(line, shown, strict=True))


def _json_escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def labelled(label: str, text: str, width: int = 11) -> str:
    """Put a label before a text, in a column of this width; two blanks part them where the label is longer."""
    return f"{label:<{width}}{text}" if len(label) < width else f"{label}  {text}"
