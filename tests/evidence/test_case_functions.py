"""Functions of tests: their lines, and whether they assert anything."""

from __future__ import annotations

from textwrap import dedent

import pytest

from pytest_handoff.evidence.case_files import CaseFile, CaseFunction, functions_of

FILE = """\
import pytest

@pytest.mark.slow
@pytest.mark.parametrize(
    "number", [1, 2])
def test_a(number):
    assert number

class TestB:
    class TestC:
        async def test_d(self):
            pass

    def test_e(self):
        def inner():
            assert number
        inner()

if True:
    def test_f():
        pass
try:
    pass
except ImportError:
    def test_g(): pass
"""


def test_functions_are_named_as_in_ids() -> None:
    """Decorators belong to a function, functions within it too, and conditions are no part of its name."""
    assert functions_of(FILE.encode()) == {
        "test_a": CaseFunction(first=3, last=7, asserts=True),
        "TestB::TestC::test_d": CaseFunction(first=11, last=12, asserts=False),
        "TestB::test_e": CaseFunction(first=14, last=17, asserts=True),
        "test_f": CaseFunction(first=20, last=21, asserts=False),
        "test_g": CaseFunction(first=25, last=25, asserts=False),
    }


def test_of_two_functions_the_later_counts() -> None:
    """A name that is defined twice is the second function, as it is for Python."""
    found = functions_of(b"def test_a():\n    assert x\ndef test_a():\n    pass\n")
    assert found == {"test_a": CaseFunction(first=3, last=4, asserts=False)}


@pytest.mark.parametrize("source", [b"def test_a(:\n", b"\x00", b"# coding: nonsense\n", b"\xff = 1\n"])
def test_what_is_no_python_has_no_functions(source: bytes) -> None:
    """A file that cannot be parsed has no test either."""
    assert functions_of(source) == {}


@pytest.mark.parametrize(
    ("body", "asserts"),
    [
        ("assert x", True),
        ("raise ValueError", True),
        ("with pytest.raises(ValueError): f()", True),
        ("with warns(UserWarning): f()", True),
        ("with pytest.deprecated_call(): f()", True),
        ("pytest.fail('no')", True),
        ("self.assertEqual(1, 1)", True),
        ("self.failUnless(1)", True),
        ("expect(page).to_have_title('x')", True),
        ("mock.assert_called_once()", True),
        ("np.testing.assert_allclose(a, b)", True),
        ("shop.checker.run()", True),
        ("make().verify()", True),
        ("Verify_all(x)", True),
        ("if x:\n        assert y", True),
        ("pass", False),
        ("f(check=True)", False),
        ("'assert x'", False),
        ("shop.failing()", False),
        ("(lambda: 1)()", False),
        ("checked = f()", False),
        ("return x == 1", False),
    ],
)
def test_what_asserts(body: str, *, asserts: bool) -> None:
    """Statements and calls that can fail a test for a wrong result are known by what they are or are called."""
    source = dedent(f"def test_a(self, x):\n    {body}\n")
    assert functions_of(source.encode())["test_a"].asserts is asserts


@pytest.mark.parametrize(
    "deep", ["x = " + "-" * 300_000 + "1", "x = 1" + "+1" * 100_000, "x = a" + ".a" * 100_000, "x = a" + "()" * 50_000]
)
def test_a_file_nested_too_deeply_for_python_has_no_functions(deep: str) -> None:
    """Python itself refuses to run it."""
    assert functions_of(f"def test_x():\n    assert x()\n{deep}\n".encode()) in ({}, {"test_x": CaseFunction(1, 2, asserts=True)})


def test_many_branches_hide_no_function() -> None:
    """Each elif is nested in the one before; what comes after them is found all the same."""
    source = "if 1:\n    pass\n" + "elif 1:\n    pass\n" * 80 + "else:\n    def inner(): pass\ndef test_x():\n    assert 1\n"
    assert list(functions_of(source.encode())) == ["inner", "test_x"]


@pytest.mark.parametrize(
    ("line", "asserts"),
    [
        ("assert True", False),
        ("assert 1", False),
        ("assert 'it works'", False),
        ("assert not False", False),
        ("assert 1 == 1", False),
        ("assert (x == 2, 'wrong')", False),
        ("assert [x]", False),
        ("assert x", True),
        ("assert x == 1", True),
        ("assert not x", True),
        ("assert f()", True),
        ("assert False, 'not reached'", True),
        ("assert not True", True),
        ("assert 0", True),
        ("assert None", True),
    ],
)
def test_what_is_always_true_asserts_nothing(line: str, asserts: bool) -> None:
    """A constant cannot fail a test, unless it is one that always does."""
    (found,) = functions_of(f"def test_a(x):\n    {line}\n".encode()).values()
    assert found.asserts is asserts


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("exec(compile('x = 1', module.__file__, 'exec'))", True),
        ("exec(builtins.compile('x = 1', filename=name, mode='exec'))", True),
        ("f.__code__.replace(co_filename=name)", True),
        ("cov.switch_context('handoff:session-2:unit:new')", True),
        ("cov.get_data().add_lines({name: [1]})", True),
        ("compile('x = 1', '<test>', 'exec')", False),
        ("re.compile(pattern, flags)", False),
        ("text.replace('a', b)", False),
    ],
)
def test_code_in_the_name_of_another_file(line: str, found: bool) -> None:
    """A file name that is computed may be that of the code under test, whose lines are then said to have run."""
    text = f"def test_a(x):\n    {line}\n"
    assert CaseFile(text.encode()).in_another_name == ({"test_a"} if found else frozenset())
    assert CaseFile(f"{line}\n".encode()).in_another_name == ({""} if found else frozenset())
