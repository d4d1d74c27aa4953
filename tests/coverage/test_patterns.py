"""File patterns mean what they mean to coverage.py."""

from __future__ import annotations

import os
from itertools import product

import pytest
from coverage.exceptions import ConfigError
from coverage.files import GlobMatcher, prep_patterns
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.coverage.patterns import matches

PATTERNS = [
    "*",
    "*.py",
    "src/*",
    "src/**/x.py",
    "*/tests/*",
    "a?c.py",
    "[ab].py",
    "**/gen/*",
    "src",
    "./src/a.py",
    "a+b (c).py",
    "*/",
]
NAMES = ["a.py", "src/a.py", "src/b/x.py", "src/x.py", "pkg/tests/t.py", "tests/t.py", "abc.py", "gen/a.py", "src", "a+b (c).py"]


def of_coverage(pattern: str, name: str) -> bool | str:
    """What coverage.py says of a pattern and a file."""
    try:
        return GlobMatcher(prep_patterns([pattern]), "test").match(name)
    except ConfigError as error:
        return str(error)


def ours(pattern: str, name: str) -> bool | str:
    try:
        return matches([pattern], name)
    except ConfigError as error:
        return str(error)


def test_patterns_match_as_coverage_s_own() -> None:
    """Relative and absolute names, with and without folders."""
    for pattern, name in product(PATTERNS, [*NAMES, *map(os.path.realpath, NAMES), *(f"/elsewhere/{name}" for name in NAMES)]):
        assert ours(pattern, name) == of_coverage(pattern, name), (pattern, name)


@given(st.text("ab*?/\\.[]- ", min_size=1, max_size=9), st.text("ab/.", min_size=1, max_size=6))
def test_any_pattern_is_read_as_by_coverage(pattern: str, name: str) -> None:
    """Also what it refuses."""
    try:
        expected = of_coverage(pattern, name)
    except Exception as error:  # a range that is no expression
        with pytest.raises(type(error)):
            ours(pattern, name)
    else:
        assert ours(pattern, name) == expected


def test_no_patterns_match_nothing() -> None:
    """Nobody said anything."""
    assert not matches(None, "a.py")
    assert not matches([], "a.py")
