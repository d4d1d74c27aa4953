"""Lines of a text as CommonMark counts them: split at CR LF, CR and LF only."""

from __future__ import annotations

import re

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_EOL = re.compile(r"\r\n?|\n")


def split_lines(text: str) -> list[str]:
    """The lines with their endings; form feeds and Unicode separators end none."""
    return _LINE.findall(text)


def raw_lines(text: str) -> list[str]:
    """The lines without their endings."""
    lines = _EOL.split(text)
    return lines if lines[-1] else lines[:-1]


def eol_of(line: str) -> str:
    """The line ending of one line of :func:`split_lines`; empty on a last line without one."""
    return line[len(line.rstrip("\r\n")) :]


def eol_before(text: str, offset: int) -> str:
    """The line ending before this offset, which is where a line begins and not the start of the text."""
    return eol_of(split_lines(text[max(offset - 2, 0) : offset])[-1])


def holds_lone_surrogate(text: str) -> bool:
    """Whether a character stands for a byte that is none: then the text is no UTF-8. A class of these takes long to compile."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
