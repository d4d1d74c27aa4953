"""Path globs with many wild cards, matched step by step: an expression could try all ways in which they share a long path."""

from __future__ import annotations

import re
from typing import NewType

Steps = NewType("Steps", tuple[str, ...])
"""Characters that stand for themselves, and ``?``, ``*``, ``**`` and ``**/``, which never do."""

_WILD = frozenset({"*", "**", "**/"})


def steps_of(glob: str) -> Steps:
    """Read a glob."""
    return Steps(tuple(re.findall(r"\*\*/|\*\*|.", glob, re.DOTALL)))


def match(path: str, steps: Steps) -> bool:
    """Tell whether the glob matches a path, or a folder that it lies in.

    All steps that may come next are followed at once, so that each character is looked at once for each step.
    """
    places: set[int] = set()
    _enter(places, 0, steps)
    for char in path:
        if char == "/" and len(steps) in places:
            return True
        following: set[int] = set()
        for place in places:
            _take(following, place, char, steps)
        places = following
    return len(steps) in places


def _take(following: set[int], place: int, char: str, steps: Steps) -> None:
    """Take a character at a step; no character follows the last one."""
    step = steps[place] if place < len(steps) else ""
    if step == "**/":
        following.add(place)
        if char == "/":
            _enter(following, place + 1, steps)
    elif step == "**" or (step == "*" and char != "/"):
        _enter(following, place, steps)
    elif step == char or (step == "?" and char != "/"):
        _enter(following, place + 1, steps)


def _enter(places: set[int], place: int, steps: Steps) -> None:
    """Go to a step, and on over those that may stand for nothing."""
    while place not in places:
        places.add(place)
        if place == len(steps) or steps[place] not in _WILD:
            return
        place += 1
