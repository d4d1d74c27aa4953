"""Foreign text made fit to be printed: it moves no cursor, hides or reorders no word, and is no command to who reads the log.

Names of files, sessions and tests, lines of documents, settings and messages come from whoever wrote the repository. A character
that would not be seen as itself becomes a backslash escape; everything that people write in any script stays as it is.

CI systems take orders out of what a step prints. GitHub's runner obeys ``::name ...::`` at the start of a line, after blanks, and
in its older form ``##[name]`` anywhere; Azure Pipelines ``##[name]`` and ``##vso[name]``, TeamCity ``##teamcity[name]``. The
first sign of such a word is escaped, everywhere, since a log is read elsewhere than where it was made. GitLab's sections need a
carriage return, which is escaped anyway.
"""

from __future__ import annotations

import re

from pytest_handoff.markup import shorten
from pytest_handoff.unseen_characters import visible_characters

LONGEST = 4_000
"""Characters of a foreign word, or of a line for people, that are shown."""

_ORDER = re.compile(r"^\s*(:)(?=:)|(#)(?=#\w*\[)")


def printable(text: str, longest: int | None = LONGEST) -> str:
    """Any text as one line that shows all there is in it; without its middle where it is longer than ``longest``."""
    return "".join(printable_pieces([text], longest))


def printable_pieces(pieces: list[str], longest: int | None = LONGEST) -> list[str]:
    """The same of a line in pieces: what is harmless in each of two may be an order where they meet."""
    kept = pieces if longest is None else [shorten(piece, longest) for piece in pieces]
    shown = _without_orders(visible_characters("".join(kept)))
    fitting, at = [], 0
    for piece in kept:
        fitting.append("".join(shown[at : at + len(piece)]))
        at += len(piece)
    return fitting


def printable_text(text: str) -> str:
    """A text of several lines to be looked at on a page: line ends and tabs stay, every other unseen character is shown."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char in "\n\t" else seen for char, seen in zip(lines, visible_characters(lines), strict=True))


def printable_json(text: str) -> str:
    """JSON that means the same; what is not fit to be printed stands in it as JSON's own escape."""
    return "\n".join(map(_json_line, text.split("\n")))


def _without_orders(shown: list[str]) -> list[str]:
    """The same characters, with the first sign of each order to a CI system escaped."""
    line = "".join(shown)
    if "::" not in line and "##" not in line:
        return shown
    starts = {found.start(found.lastindex or 0) for found in _ORDER.finditer(line)}
    safe, at = [], 0
    for seen in shown:
        safe.append(f"\\x{ord(seen):02x}" if at in starts else seen)
        at += len(seen)
    return safe


def _json_line(line: str) -> str:
    if line.isascii() and line.isprintable() and not _ORDER.search(line):
        return line
    shown = _without_orders(visible_characters(line))
    return "".join(char if char == seen else _json_escaped(char) for char, seen in zip(line, shown, strict=True))


def _json_escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
