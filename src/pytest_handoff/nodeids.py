"""Split and match test ids: ``path::names[parameters]``, with the path relative to the git root."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


_BELOW = "(?:/.*)?"


def file_of(test: str) -> str:
    """Return the file part of a test id."""
    return test.partition("::")[0]


def files_of(tests: Iterable[str]) -> Iterator[str]:
    """Yield the file part of each of very many test ids."""
    return map(itemgetter(0), map(str.partition, tests, repeat("::")))


def nodes_above(test: str) -> Iterator[str]:
    """Yield the ids of the collectors above a test: its classes, its file, its folders."""
    path, *names = without_parameters(test).split("::")
    yield from ("::".join([path, *names[:depth]]) for depth in range(len(names) - 1, 0, -1))
    while path:
        yield path
        path = path.rpartition("/")[0]


def name_of(test: str) -> str:
    """Return the part of a test id after its file: the qualified name and the parameters."""
    return test.partition("::")[2]


def without_parameters(test: str) -> str:
    """Cut a test id before its parameters: like pytest, at the first ``[`` after the file."""
    path, separator, rest = test.partition("::")
    return path + separator + rest.partition("[")[0]


def id_matches(test: str, glob: str) -> bool:
    """Match a test id against a glob in which only ``*`` and ``?`` are special: brackets are parameters."""
    return _pattern(glob).fullmatch(test) is not None


def path_matches(path: str, glob: str) -> bool:
    """Match a path against a glob: ``*`` stays within a folder, ``**`` does not, a folder matches everything below it."""
    return matches_any(path, (glob,))


def matches_any(path: str, globs: tuple[str, ...]) -> bool:
    """Match a path against any of the globs as :func:`path_matches` does; many globs take no longer than one."""
    named, pattern, others = _matchers(globs)
    if any(name in f"/{path}{end}" for name, end in named):
        return True
    return (pattern is not None and pattern.fullmatch(path) is not None) or any(match(path, steps) for steps in others)


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    first, *others = ["".join("." if char == "?" else re.escape(char) for char in part) for part in re.split(r"\*+", glob)]
    return re.compile(first + _behind_stars(others, "."), re.DOTALL)


@lru_cache(maxsize=256)
def _matchers(globs: tuple[str, ...]) -> tuple[list[tuple[str, str]], re.Pattern[str] | None, list[Steps]]:
    """Sort globs by how to match them: most by names, others with one regex, and those that could be slow as a regex in steps."""
    cleaned = [glob.removeprefix("./").rstrip("/") for glob in globs]
    named = {glob: name for glob in cleaned if (name := _named_anywhere(glob)) is not None}
    quick = [glob for glob in cleaned if glob not in named and _is_quick(glob)]
    pattern = re.compile(f"(?:{'|'.join(map(_expression, quick))}){_BELOW}", re.DOTALL) if quick else None
    return list(named.values()), pattern, [steps_of(glob) for glob in cleaned if glob not in named and not _is_quick(glob)]


def _named_anywhere(glob: str) -> tuple[str, str] | None:
    """Return what a path must contain to match ``**/name``, ``**/name/**`` or ``**/name*``, and what it must end in."""
    name = glob.removeprefix("**/")
    if name.endswith("/**"):
        plain, held, end = name[:-3], f"/{name[:-2]}", ""
    elif name.endswith("*"):
        plain, held, end = name[:-1], f"/{name[:-1]}", ""
    else:
        plain, held, end = name, f"/{name}/", "/"
    return None if name == glob or not plain or "*" in plain or "?" in plain else (held, end)


def _is_quick(glob: str) -> bool:
    """Check that a glob leaves a regex at most one choice: where a ``**`` before the last part ends."""
    parts = glob.split("/")
    deep = [part for part in parts if "**" in part]
    return all(part.count("*") == len("**") for part in deep) and len(deep) - (parts[-1] == "**") <= 1


def _expression(glob: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|/)", glob)
    return "".join(_WILD.get(part) or _in_folder(part) for part in parts)


_WILD = {"**/": "(?:.*/)?", "**": ".*"}


def _in_folder(part: str) -> str:
    first, *others = ["".join("[^/]" if char == "?" else re.escape(char) for char in text) for text in part.split("*")]
    return first + _behind_stars(others, "[^/]")


def _behind_stars(sought: list[str], char: str) -> str:
    """Build the regex of the texts behind stars, each at its first place, which leaves the most room for the next.

    Each text but the last is searched for once, without backtracking.
    """
    return "".join(f"(?>{char}*?{text})" for text in sought[:-1]) + "".join(f"{char}*{text}" for text in sought[-1:])
