"""Match files with the patterns of `include` and `omit`, as coverage.py's documentation describes them ("File patterns")."""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from coverage.exceptions import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


_PIECE = re.compile(
    r"(?P<refused>\*\*\*+|[^/]+\*\*+|\*\*+[^/]+|\*\*/\*\*)|(?P<ahead>^\*+/)|(?P<below>/\*+$)|(?P<between>\*\*/)"
    r"|(?P<slash>/)|(?P<star>\*)|(?P<mark>\?)|(?P<range>\[.*?\])|(?P<word>[a-zA-Z0-9_-]+)|(?P<bracket>[\[\]])|(?P<other>[\s\S])"
)
_AS_EXPRESSION = {
    "ahead": r"(.*[/\\])?",
    "below": r"[/\\].*",
    "between": r"(.*[/\\])?",
    "slash": r"[/\\]",
    "star": r"[^/\\]*",
    "mark": r"[^/\\]",
}


def matches(patterns: Sequence[str] | None, name: str) -> bool:
    """Check whether a file name matches one of these patterns; a relative one begins in the current folder.

    Raises:
        ConfigError: for a pattern that coverage.py refuses, too.
    """
    return bool(patterns) and _expression(tuple(patterns or ()), os.getcwd()).match(name) is not None  # noqa: PTH109 - many times


@lru_cache(maxsize=16)
def _expression(patterns: tuple[str, ...], _folder: str) -> re.Pattern[str]:
    absolute = [os.path.realpath(pattern) for pattern in patterns if not pattern.startswith(("*", "?"))]
    ways = "|".join(f"(?:{_translated(pattern)})" for pattern in (*patterns, *absolute))
    return re.compile(rf"(?:{ways})\Z", re.IGNORECASE if sys.platform == "win32" else 0)


def _translated(pattern: str) -> str:
    pattern = pattern.replace("\\", "/")
    pattern = pattern if "/" in pattern else f"**/{pattern}"
    found, place = [], 0
    while piece := _PIECE.match(pattern, place):
        kind = str(piece.lastgroup)
        if kind in ("refused", "bracket"):
            raise ConfigError(f"File pattern can't include {piece[0]!r}")
        found.append(_AS_EXPRESSION.get(kind) or (piece[0] if kind in ("range", "word") else f"\\{piece[0]}"))
        place = piece.end()
    return "".join(found)
