"""Which cases of a parametrized test stand in the body of the plain one that came in their place."""

from __future__ import annotations

import pytest

from pytest_handoff.evidence.cases_in_body import cases_in_body


@pytest.mark.parametrize(
    ("body", "cases", "found"),
    [
        ("assert add(1, 2) == 3; assert add(3, 4) == 7", "1-2 3-4", "1-2 3-4"),
        ("assert add(1, 2) == 3", "1-2 3-4", "1-2"),
        ("assert add(1, 2) == 3; assert add(3, 4) == 7", "1-2 3-4 1-4", "1-2 3-4"),
        ("assert add(1, 2) == 3; assert add(3, 4) == 7", "1-2 3-4 3-7", "1-2 3-4"),
        ("assert all(add(*each) for each in [(1, 2), (3, 4)])", "1-2 3-4", "1-2 3-4"),
        ("assert all(add(*each) for each in [(1, 2), (3, 4)])", "1-2 3-4 2-3", "1-2 3-4"),
        ("for a in (0, 20): assert f(a)", "0 20", "0 20"),
        ("for a in (0,): assert f(a)", "0 20", "0"),
        ("for a, b in {1: 'x', -2: 'y-z'}.items(): assert f(a, b)", "1-x -2-y-z", "1-x -2-y-z"),
        ("assert f(-1, 2.5, None, True, 'a-b', '')", "-1-2.5-None-True-a-b- -1-x", "-1-2.5-None-True-a-b-"),
        ("assert f(**{1: 3, 2: 4})", "1-4 2-3", ""),
        ("assert add(1, 2) == 3 and add(3, 4) == 7", "1-2-3 1-4 3-4-7", "1-2-3 3-4-7"),
        ("assert f(one)", "one0 one1", ""),
        ("'1-2'; (3, 4); assert f", "1-2 3-4", ""),
        ("'''1 2'''", "1 2", ""),
        ("pass", "1 2", ""),
    ],
)
def test_values_stand_together(body: str, cases: str, found: str) -> None:
    """Each constant is of one case, and a table's rows are not mixed."""
    ids = [f"a.py::test_x[{case}]" for case in cases.split()]
    content = f"@cases(1, 2, 3, 4)\ndef test_x():\n    {body}\n".encode()
    if body.startswith("for"):
        content = f"def test_x():\n    {body}\n".encode()
    assert sorted(cases_in_body(content, "a.py::test_x", ids)) == sorted(f"a.py::test_x[{case}]" for case in found.split())


def test_a_class_and_a_file_that_does_not_parse() -> None:
    """A method is found by its class; where nothing can be read, every case is lost."""
    cases = ["a.py::TestX::test_x[1]", "a.py::TestX::test_x[2]"]
    content = b"class TestX:\n    def test_x(self):\n        assert f(1) and f(2)\n"
    assert cases_in_body(content, "a.py::TestX::test_x", cases) == cases
    assert cases_in_body(b"def (", "a.py::TestX::test_x", cases) == []
    assert cases_in_body(content, "a.py::test_x", cases) == []


def test_a_hostile_id_ends() -> None:
    """The search is bounded."""
    content = ("def test_x():\n    assert f(" + ", ".join(["'a'", "'a-a'", "'a-a-a'"] * 15) + ")\n").encode()
    cases = [f"a.py::test_x[{'-'.join('a' * 70)}!]", "a.py::test_x[b]"]
    assert cases_in_body(content, "a.py::test_x", cases) == []
