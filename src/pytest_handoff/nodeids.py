"""Split and match test ids: ``path::names[parameters]``, with the path relative to the git root."""

from __future__ import annotations

import re
from functools import lru_cache

_BELOW = "(?:/.*)?"


def file_of(test: str) -> str:
    """Return the file part of a test id."""
    return test.partition("::")[0]


def name_of(test: str) -> str:
    """Return what follows the file in a test id: the qualified name and the parameters."""
    return test.partition("::")[2]


def without_parameters(test: str) -> str:
    """Cut a test id before its parameters: like pytest, at the first ``[`` after the file."""
    path, separator, rest = test.partition("::")
    return path + separator + rest.partition("[")[0]


def id_matches(test: str, glob: str) -> bool:
    """Match a test id against a glob in which only ``*`` and ``?`` are special: brackets are parameters."""
    return _pattern(glob).fullmatch(test) is not None


def path_matches(path: str, glob: str) -> bool:
    """Match a path against a glob: ``*`` stays within a folder, ``**`` does not, and a folder matches everything below it."""
    return _path_pattern(glob).fullmatch(path) is not None


def matches_any(path: str, globs: tuple[str, ...]) -> bool:
    """Match a path against any of the globs, as :func:`path_matches` does, but in one step."""
    return _any_pattern(globs).fullmatch(path) is not None


@lru_cache(maxsize=16)
def _any_pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(map(_expression, globs))}){_BELOW}" if globs else r"(?!)", re.DOTALL)


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in glob), re.DOTALL)


@lru_cache(maxsize=256)
def _path_pattern(glob: str) -> re.Pattern[str]:
    return re.compile(_expression(glob) + _BELOW, re.DOTALL)


def _expression(glob: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.removeprefix("./").rstrip("/"))
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(part) or re.escape(part) for part in parts)
