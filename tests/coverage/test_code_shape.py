"""Statements that run at import are told from those that a test must call."""

from __future__ import annotations

import ast

import pytest

from pytest_handoff.coverage.parsed_sources import module_shape


def shape(numbered: str, firsts: dict[int, int] | None = None) -> tuple[dict[int, set[int]], set[int]]:
    """The shape of a module whose statements are the lines that end in ``#``."""
    firsts = firsts or {}
    lines = numbered.splitlines()
    statements = frozenset(number for number, line in enumerate(lines, 1) if line.endswith("#"))
    found = module_shape(ast.parse(numbered), statements, lambda line: firsts.get(line, line))
    return {line: set(body) for line, body in found.headers.items()}, set(found.import_time)


FUNCTION = """\
import os  #

def f(x):  #
    y = x  #
    return y  #
"""

DECORATED = """\
@first  #
@second  #
def f():  #
    return 1  #
"""

CLASS = """\
class C:  #
    limit = 3  #
    @property  #
    def f(self):  #
        return 1  #
    def g(self):  #
        return 2  #
"""

CONSTANTS = """\
class C:  #
    one = 1  #
    two = 2  #
"""

NESTED = """\
def outer():  #
    def inner():  #
        return 1  #
    return inner  #
"""

DOCSTRING = '''\
def f():  #
    """Only words."""
'''

CONDITIONAL = """\
if True:  #
    def f():  #
        return 1  #
else:
    x = 1  #
"""

ONE_LINER = """\
def f(): return 1  #
f2 = lambda: 2  #
class E(Exception): pass  #
"""

INNER_DECORATED = """\
def outer():  #
    @deco  #
    def inner():  #
        return 1  #
"""

MATCH = """\
match x:  #
    case 1:  #
        def f():  #
            return 1  #
"""


@pytest.mark.parametrize(
    ("source", "headers", "import_time"),
    [
        pytest.param(FUNCTION, {3: {4, 5}}, {1}, id="function"),
        pytest.param(DECORATED, {1: {4}, 2: {4}, 3: {4}}, set(), id="decorators"),
        pytest.param(CLASS, {1: {5, 7}, 3: {5}, 4: {5}, 6: {7}}, {2}, id="class"),
        pytest.param(CONSTANTS, {1: {2, 3}}, {2, 3}, id="class without methods"),
        pytest.param(NESTED, {1: {2, 3, 4}}, set(), id="a nested function runs when called"),
        pytest.param(DOCSTRING, {}, {1}, id="nothing but a docstring"),
        pytest.param(CONDITIONAL, {2: {3}}, {1, 5}, id="function under a condition"),
        pytest.param(ONE_LINER, {1: {1}}, {2, 3}, id="one line"),
        pytest.param(INNER_DECORATED, {1: {2, 3, 4}}, set(), id="body that starts with a decorator"),
        pytest.param(MATCH, {3: {4}}, {1, 2}, id="function in a case"),
    ],
)
def test_statements_are_sorted(source: str, headers: dict[int, set[int]], import_time: set[int]) -> None:
    """A header knows its body; what is in no function runs at import."""
    assert shape(source) == (headers, import_time)


def test_a_signature_over_several_lines_is_one_header() -> None:
    """Continuation lines stand for their first line, in headers and bodies."""
    source = "def f(  #\n    x,\n):\n    return (  #\n        x\n    )\n"
    assert shape(source, {2: 1, 3: 1, 5: 4, 6: 4}) == ({1: {4}}, set())


def test_excluded_bodies_have_no_header() -> None:
    """Where no statement of a body is left to be covered, the header stands for itself."""
    assert shape("def f():  #\n    return 1  # pragma: no cover\n") == ({}, {1})


def test_what_is_no_python_is_an_error() -> None:
    """A text that does not parse has no shape."""
    with pytest.raises(SyntaxError):
        shape("def f(:\n")
