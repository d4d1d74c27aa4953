"""Test ids and path globs as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.nodeids import file_of, id_matches, matches_any, name_of, nodes_above, path_matches, without_parameters


@pytest.mark.parametrize(
    ("test", "file", "name", "function"),
    [
        ("tests/a.py::test_x", "tests/a.py", "test_x", "tests/a.py::test_x"),
        ("tests/a.py::TestA::test_x[1-[2]]", "tests/a.py", "TestA::test_x[1-[2]]", "tests/a.py::TestA::test_x"),
        ("tests/a.py::test_x[b::c]", "tests/a.py", "test_x[b::c]", "tests/a.py::test_x"),
        ("tests/a[1].py::test_x[2]", "tests/a[1].py", "test_x[2]", "tests/a[1].py::test_x"),
        ("README.md", "README.md", "", "README.md"),
    ],
)
def test_parts_of_an_id(test: str, file: str, name: str, function: str) -> None:
    """The file ends at the first ``::``, the function at the first bracket behind it."""
    assert (file_of(test), name_of(test), without_parameters(test)) == (file, name, function)


@pytest.mark.parametrize(
    ("test", "glob", "matches"),
    [
        ("tests/a.py::test_x[1]", "tests/a.py::test_x[1]", True),
        ("tests/a.py::test_x1", "tests/a.py::test_x[1]", False),
        ("tests/a.py::test_x[!a]", "tests/a.py::test_x[!a]", True),
        ("tests/a.py::test_x[b]", "tests/a.py::test_x[!a]", False),
        ("tests/a.py::test_x[1]", "tests/a.py::test_x[?]", True),
        ("tests/a.py::test_x[12]", "tests/a.py::test_x[?]", False),
        ("tests/unit/a.py::test_x", "tests/*", True),
        ("tests/a.py::test_x[a\nb]", "tests/a.py::*", True),
        ("tests/a.py::test_x", "test_x", False),
        ("tests/aXpy::test_x", "tests/a.py::test_x", False),
    ],
)
def test_brackets_in_an_id_glob_are_themselves(test: str, glob: str, matches: bool) -> None:
    """In a glob over ids only the star and the question mark are special, since brackets hold parameters."""
    assert id_matches(test, glob) is matches


@pytest.mark.parametrize(
    ("path", "glob", "matches"),
    [
        ("src/a.py", "src/*.py", True),
        ("src/b/a.py", "src/*.py", False),
        ("src/b/a.py", "src/**/*.py", True),
        ("src/a.py", "src/**/*.py", True),
        ("src/b/a.py", "src", True),
        ("src/b/a.py", "src/", True),
        ("src/b/a.py", "./src/", True),
        ("srcs/a.py", "src", False),
        ("unit/a.py", "**/unit/**", True),
        ("tests/unit/a.py", "**/unit/**", True),
        ("tests/my_unit/a.py", "**/unit/**", False),
        ("a1.py", "a?.py", True),
        ("a/.py", "a?.py", False),
        ("src/a[1].py", "src/a[1].py", True),
        ("src/a.pyc", "src/a.py", False),
    ],
)
def test_globs_over_paths(path: str, glob: str, matches: bool) -> None:
    """One star stays within a folder, two do not, and a folder stands for all below it."""
    assert path_matches(path, glob) is matches
    assert matches_any(path, ("nothing", glob)) is matches
    assert not matches_any(path, ())


PATHS = st.from_regex(r"[ab.]{1,2}(/[ab.]{1,2}){0,3}", fullmatch=True)
NAMES = st.from_regex(r"[ab.]{1,2}(/[ab.]{1,2})?", fullmatch=True)


@given(path=PATHS, name=NAMES, end=st.sampled_from(["", "/**", "/*", "*"]))
def test_a_name_anywhere_is_found_as_a_pattern_would_find_it(path: str, name: str, end: str) -> None:
    """What ``**/name`` matches is looked up as text; with another ``**/`` before it, which says the same, step by step."""
    assert path_matches(path, f"**/{name}{end}") == path_matches(path, f"**/**/{name}{end}")


def test_what_is_above_a_test() -> None:
    """Its classes, its file and its folders, the innermost first; parameters are no names."""
    above = ["tests/a.py::TestA::TestB", "tests/a.py::TestA", "tests/a.py", "tests"]
    assert [*nodes_above("tests/a.py::TestA::TestB::test_x[a::b]")] == above
    assert [*nodes_above("a.py::test_x")] == ["a.py"]
