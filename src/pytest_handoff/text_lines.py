"""Split a text into lines as CommonMark does, at CR LF, CR and LF only, and wrap it to a width."""

from __future__ import annotations

import re

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_EOL = re.compile(r"\r\n?|\n")


def split_lines(text: str) -> list[str]:
    """Split a text into lines with their endings; form feeds and Unicode separators end none."""
    return _LINE.findall(text)


def raw_lines(text: str) -> list[str]:
    """Split a text into lines without their endings."""
    lines = _EOL.split(text)
    return lines if lines[-1] else lines[:-1]


def eol_of(line: str) -> str:
    """Return the ending of a line from :func:`split_lines`; it is empty on a last line without one."""
    return line[len(line.rstrip("\r\n")) :]


def eol_before(text: str, offset: int) -> str:
    """Return the line ending before this offset, at which a line begins; it is not the start of the text."""
    return eol_of(split_lines(text[max(offset - 2, 0) : offset])[-1])


_BEFORE_PERCENT = re.compile(r"(?<=\d) (?=%)")


def wrap(text: str, columns: int, *, first: str = "", rest: str = "") -> list[str]:
    """Wrap a text at blanks, but not between a figure and its ``%``; a word that is longer than a line stays whole.

    Args:
        first: what stands before the first line.
        rest: what stands before each further line.
    """
    import textwrap

    together = _BEFORE_PERCENT.sub("\0", text)
    lines = textwrap.wrap(
        together, columns, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\0", " ") for line in lines]


def holds_lone_surrogate(text: str) -> bool:
    """Look for a lone surrogate, which stands for a byte that is not UTF-8; a regular expression for them compiles slowly."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
