"""Match globs with many wildcards step by step: a regex could try every way to split a long path between them."""

from __future__ import annotations

import re
from typing import NewType

Steps = NewType("Steps", tuple[str, ...])
"""Literal characters, and the wildcards ``?``, ``*``, ``**`` and ``**/``."""

_WILDCARDS = frozenset({"*", "**", "**/"})


def steps_of(glob: str) -> Steps:
    """Split a glob into its steps."""
    return Steps(tuple(re.findall(r"\*\*/|\*\*|.", glob, re.DOTALL)))


def match(path: str, steps: Steps) -> bool:
    """Check whether a glob matches a path, or a folder above it.

    All possible next steps are followed at once, so each character is read once for each step.
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
    """Add the places that follow when a step takes a character; after the last step nothing can."""
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
    """Enter a step, and go on past wildcards that may match nothing."""
    while place not in places:
        places.add(place)
        if place == len(steps) or steps[place] not in _WILDCARDS:
            return
        place += 1
