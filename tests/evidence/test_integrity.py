"""What was done to tests: functions compared with the files that earlier sessions left."""

from __future__ import annotations

import pytest

from builders import facts_of, ledger_of
from pytest_handoff.evidence.integrity import ChangedTests, TierChange, examine, report
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.record import Integrity, SourceLine

PATH = "tests/test_a.py"

BEFORE = """\
from shop import total


def test_one():
    x = total([1])
    assert x == 1


@slow
def test_two():
    x = total([2])

    assert x == 2


class TestMore:
    def test_three(self):
        x = total([3])
        assert x == 3

    def test_four(self):
        assert total([4]) == 4
"""
TESTS = ("test_one", "test_two", "TestMore::test_three", "TestMore::test_four")


def source(path: str, text: str) -> SourceLine:
    return SourceLine(path=path, blob=str(hash(text)), lines=hash_lines(text.encode()))


def examined(now: str, *befores: str, ledger: str = "", path: str = PATH, renames: dict[str, str] | None = None) -> Integrity:
    """What is found in one file, after each of these earlier versions of ``tests/test_a.py``."""
    lines = ledger_of(ledger or "\n".join(f"unit {PATH}::{test} passed" for test in TESTS))
    bases = [{PATH: source(PATH, before)} for before in befores or (BEFORE,)]
    files = {path: now.encode()}
    return examine("session-2", lines.values(), {path: source(path, now)}, bases, renames=renames or {}, read=files.get)


def changed(now: str, *befores: str) -> list[str]:
    return [test.removeprefix(f"{PATH}::") for test in examined(now, *befores).changed or []]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    assert x == 1\n", "    assert x\n", ["test_one"]),
        ("    assert x == 1\n", "", ["test_one"]),
        ("    x = total([1])\n", "", ["test_one"]),
        ("    x = total([1])\n    assert x == 1\n", "    pass\n", ["test_one"]),
        ("\n    assert x == 2\n", "", ["test_two"]),
        ("@slow\n", "", ["test_two"]),
        ("@slow\n", "@slow\n@skip\n", ["test_two"]),
        ("        assert x == 3\n", "", ["TestMore::test_three"]),
        ("        assert total([4]) == 4\n", "        total([4])\n", ["TestMore::test_four"]),
        ("    x = total([1])\n", "    x = total([1])\n    print(x)\n", ["test_one"]),
        ("    x = total([1])\n", "    x = total([1])   \n", []),
        ("from shop import total\n", "from shop.cart import total\n", []),
        ("class TestMore:\n", "def test_new():\n    assert 1\n\n\nclass TestMore:\n", []),
        ("    def test_four(self):\n        assert total([4]) == 4\n", "", []),
        ("\n\n@slow\ndef test_two():\n    x = total([2])\n\n    assert x == 2\n", "", []),
        ("def test_two():\n", "def test_two( ):\n", ["test_two"]),
        ("        assert total([4]) == 4\n", "        assert total([4]) == 4\n\n    def test_five(self):\n        pass\n", []),
        ("\n\nclass TestMore:", "\nclass TestMore:", []),
        ("        assert x == 3\n\n", "        assert x == 3\n", []),
    ],
)
def test_only_the_function_that_changed_is_named(old: str, new: str, expected: list[str]) -> None:
    """Lines that changed, came or went count for the function they are in, and for no other one."""
    assert BEFORE.count(old) == 1
    assert changed(BEFORE.replace(old, new)) == expected


def test_a_function_that_moved_within_its_file_is_the_same() -> None:
    """The order of tests is nobody's promise."""
    one = "def test_one():\n    x = total([1])\n    assert x == 1\n"
    assert changed(BEFORE.replace(one + "\n\n", "") + "\n\n" + one) == []


def test_a_method_made_the_same_as_another_is_changed() -> None:
    """That the new text stood elsewhere in the file before does not make it the old test."""
    method = "    def test_x(self):\n        assert f({0}) == {0}\n"
    before = f"class TestA:\n{method.format(1)}\n\nclass TestB:\n{method.format(2)}"
    now = before.replace("f(2) == 2", "f(1) == 1")
    ledger = f"unit {PATH}::TestA::test_x passed\nunit {PATH}::TestB::test_x passed"
    assert examined(now, before, ledger=ledger).changed == [f"{PATH}::TestB::test_x"]


def test_a_test_that_one_of_two_parents_had_so_is_not_changed() -> None:
    """What came in by a merge is that session's change, which named it."""
    other = BEFORE.replace("== 1", ">= 1")
    assert changed(other, BEFORE, other.replace("== 4", ">= 4")) == []
    assert changed(other.replace("== 1", "> 0").replace(">= 1", "> 0"), BEFORE, other) == ["test_one"]


@pytest.mark.parametrize(("now", "expected"), [(BEFORE, []), (BEFORE.replace("== 1", ">= 1"), ["tests/b/test_a.py::test_one"])])
def test_a_file_that_was_renamed_is_compared_with_what_it_was(now: str, expected: list[str]) -> None:
    """A rename alone changes no test."""
    ledger = f"unit tests/b/test_a.py::test_one passed moved_from={PATH}::test_one\nunit tests/b/test_a.py::test_two passed"
    found = examined(now, ledger=ledger, path="tests/b/test_a.py", renames={PATH: "tests/b/test_a.py"})
    assert found.changed == expected


def test_an_emptied_last_paragraph_at_the_end_of_a_file_is_seen() -> None:
    """Where no assertion is left, what stood below the function may have been its own."""
    before = "def test_one():\n    x = f()\n\n    assert x\n"
    assert changed("def test_one():\n    x = f()\n", before) == ["test_one"]
    silent = "def test_one():\n    x = f()\n\ndef test_two():\n    assert 1\n"
    assert changed(silent.replace("def test_two", "def test_new():\n    assert 2\n\ndef test_two"), silent) == []


def test_new_and_changed_tests_without_assertion_are_named() -> None:
    """Parameters share their function; earlier tests that nobody touched are let be, and so is what is not in the file."""
    now = "@each\ndef test_new(n):\n    f(n)\n\n\ndef test_old(n):\n    f(n)\n\n\ndef test_emptied():\n    pass\n"
    before = now.partition("def test_old")[2].replace("pass", "assert 1")
    ledger = f"""
        unit {PATH}::test_new[1] passed since=session-2
        unit {PATH}::test_new[2] passed since=session-2
        unit {PATH}::test_old[1] passed
        unit {PATH}::test_old[2] passed since=session-2
        unit {PATH}::test_emptied passed
        unit {PATH}::test_inherited passed since=session-2
        unit {PATH}::test_gone gone
        unit tests/notes.txt::notes.txt passed since=session-2
        unit tests/test_lost.py::test_lost passed since=session-2
    """
    found = examined(now, "def test_old" + before, ledger=ledger)
    assert found == Integrity(changed=[f"{PATH}::test_emptied"], without_assertion=[f"{PATH}::test_emptied", f"{PATH}::test_new"])


def test_without_earlier_sources_what_changed_is_not_known() -> None:
    """Pruned sources make the answer unknown, not empty; a first session has nothing that could have changed."""
    lines = ledger_of(f"unit {PATH}::test_a passed since=session-2").values()
    files = {PATH: b"def test_a(): pass\n"}
    for bases, expected in ((None, None), ([], [])):
        found = examine("session-2", lines, {}, bases, renames={}, read=files.get)
        assert found == Integrity(changed=expected, without_assertion=[f"{PATH}::test_a"])


def test_the_report_has_what_the_ledgers_tell() -> None:
    """Other tiers, new skips and new expected failures are those against the session before."""
    facts = facts_of(
        "unit a.py::t passed\nunit a.py::s skipped\nunit a.py::x xfailed\nunit a.py::new skipped since=session-2",
        "e2e a.py::t passed\nunit a.py::s passed\nunit a.py::x passed",
        integrity=Integrity(changed=["a.py::t"], without_assertion=["a.py::new"]),
    )
    found = report(facts)
    assert (found.changed, found.without_assertion) == (["a.py::t"], ["a.py::new"])
    assert found.tier_changes == [TierChange(id="a.py::t", was="e2e", now="unit")]
    assert (found.newly_skipped, found.newly_xfailed) == (["a.py::s"], ["a.py::x"])


def test_an_older_record_leaves_it_unknown() -> None:
    """A record without this key says nothing about changed tests, and does not say that there are none."""
    found = report(facts_of("unit a.py::t passed", "unit a.py::t passed"))
    assert (found.changed, found.without_assertion) == (None, None)


AROUND = """\
import pytest

CASES = [
    0,
    30,
]
LIMIT = 3
OTHER = 1


@pytest.fixture
def price():
    return 10


def helped(value):
    assert value


class TestMore:
    WIDE = 9

    def test_three(self, price):
        assert price < self.WIDE


@pytest.mark.parametrize("case", CASES)
def test_one(case):
    assert case < LIMIT


def test_two(price):
    helped(price)
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    30,\n", "", ["::CASES"]),
        ("    30,\n", "    31,\n", ["::CASES"]),
        ("LIMIT = 3\n", "LIMIT = 4\n", ["::LIMIT"]),
        ("LIMIT = 3\n", "LIMIT = 3\nCASES.remove(30)\n", [""]),
        ("LIMIT = 3\n", "LIMIT = 3\npytestmark = pytest.mark.skip\n", ["::pytestmark"]),
        ("LIMIT = 3\n", "LIMIT = 3\nLIMIT += 1\n", ["::LIMIT"]),
        ("    return 10\n", "    return 1\n", ["::price"]),
        ("    assert value\n", "    pass\n", ["::helped"]),
        ("    WIDE = 9\n", "    WIDE = 99\n", ["::WIDE"]),
        ("OTHER = 1\n", "OTHER = 2\n", []),
        ("OTHER = 1\n", "OTHER = 1\nNEW = 2\n\n\ndef test_new():\n    assert NEW\n", []),
        ("import pytest\n", "import math\n\nimport pytest\n", []),
        ("import pytest\n", '"""Prices."""\n\nimport pytest\n', []),
    ],
)
def test_what_changed_beside_the_tests_that_use_it(old: str, new: str, expected: list[str]) -> None:
    """A constant, a fixture or a helper is named where earlier tests use it; what is there for new tests is not."""
    ledger = "\n".join(f"unit {PATH}::{test} passed" for test in ("test_one[0]", "test_two", "TestMore::test_three"))
    assert AROUND.count(old) == 1
    found = examined(AROUND.replace(old, new), AROUND, ledger=ledger)
    assert found.beside == [PATH + what for what in expected]
    assert found.changed == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("test_one = lambda: None\n", ["test_one"]),
        ("test_one: object = print\n", ["test_one"]),
        ("test_one = make(\n    1,\n)\n", ["test_one"]),
        ("test_one, other = print, 1\n", ["test_one"]),
        ("from helper import test_one\n", ["test_one"]),
        ("from helper import test_x as test_one\n", ["test_one"]),
        ("if True:\n    import test_one\n", ["test_one"]),
        ("for test_one in [print]:\n    pass\n", ["test_one"]),
        ("del test_one\n", ["test_one"]),
        ("(test_one := print)\n", ["test_one"]),
        ("globals()['test_one'] = print\n", ["test_one"]),
        ("me.test_one = print\n", ["test_one"]),
        ("def swap():\n    global test_one\n    test_one = print\n", ["test_one"]),
        ("    test_three = lambda self: None\n", ["TestMore::test_three"]),
        ("    locals()['test_three'] = print\n", ["TestMore::test_three"]),
        ("TestMore.test_three = print\n", ["TestMore::test_three"]),
        ("TestMore = Other\n", ["TestMore::test_four", "TestMore::test_three"]),
        ("from helper import TestMore\n", ["TestMore::test_four", "TestMore::test_three"]),
        ("other = test_one\n", []),
        ("x = [test_one for test_one in y]\n", []),
        ("def test_new():\n    test_one = 1\n", []),
        ("class TestOther:\n    test_one = 1\n", []),
    ],
)
def test_a_test_whose_name_is_given_to_something_else(more: str, expected: list[str]) -> None:
    """The ``def`` stands there as it was, and something else runs; what was there before changes nothing."""
    assert changed(BEFORE + more) == expected
    assert changed(BEFORE + more + "\n\ndef test_new(): assert 1\n", BEFORE + more) == []


def test_a_test_that_is_imported_in_place_of_its_def() -> None:
    """There is no function of its name left in the file."""
    start, end = BEFORE.index("def test_one"), BEFORE.index("@slow")
    assert changed(BEFORE[:start] + "from helper import test_one\n\n\n" + BEFORE[end:]) == ["test_one"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("g = globals()\n", [PATH]),
        ("vars()['test' + '_one'] = print\n", [PATH]),
        ("globals().update(test_one=print)\n", [PATH]),
        ("setattr(sys.modules[__name__], name, print)\n", [PATH]),
        ("me = sys.modules[__name__]\n", [PATH]),
        ("from helper import *\n", [PATH]),
        ("def swap():\n    globals()[name] = print\n", [PATH]),
        ("import os\n", []),
        ("unused = vars(shop)\n", []),
        ("unused = setattr(TestMore, name, print)\n", [PATH]),
        ("@fixture\ndef unused(): sys.modules.pop('shop'); setattr(shop, 'a', 1)\n", []),
        ("def test_new():\n    assert globals()\n", []),
        ("class TestOther(Base):\n    unused = 1\n", []),
    ],
)
def test_names_that_only_a_run_would_tell(more: str, expected: list[str]) -> None:
    """The file is named: any of its tests may be another one."""
    assert examined(BEFORE + more).beside == expected
    assert examined(BEFORE + more + "\n\ndef test_new(): assert 1\n", BEFORE + more).beside == []


def test_the_header_of_a_class() -> None:
    """A decorator or a base may change every test in it."""
    for header in ("@swap\nclass TestMore:", "class TestMore(Base):", "class TestMore(\n    Base,\n):"):
        assert examined(BEFORE.replace("class TestMore:", header)).beside == [f"{PATH}::TestMore"]


@pytest.mark.parametrize(
    ("now", "test", "before", "expected"),
    [
        pytest.param(BEFORE.replace("x == 1", "x"), "test_one", None, True, id="changed"),
        pytest.param(BEFORE.replace("x == 1", "x"), "test_two", None, False, id="another one changed"),
        pytest.param(BEFORE.replace("[4]", "[5]"), "TestMore::test_four[a-b]", None, True, id="a method with parameters"),
        pytest.param(BEFORE, "test_one", None, False, id="the file is the same"),
        pytest.param(None, "test_one", None, False, id="the file is gone"),
        pytest.param(BEFORE.replace("x == 1", "x"), "test_one", "tests/none.py::test_one", False, id="of a file that was not"),
    ],
)
def test_whether_a_test_changed_is_asked_one_by_one(now: str | None, test: str, before: str | None, *, expected: bool) -> None:
    """A file is read once, when one of its tests is asked for."""
    read: list[str] = []
    changed = ChangedTests(
        [{PATH: source(PATH, BEFORE)}], {}, lambda path: (read.append(path), None if now is None else now.encode())[1]
    )
    assert read == []
    asked = f"{PATH}::{test}"
    assert [changed(asked, before or asked) for _ in range(2)] == [expected] * 2
    assert read == ([] if before else [PATH])


def test_a_test_of_a_file_that_moved_is_compared_with_what_it_was() -> None:
    """By git's name or by the test that it continues; with several parents it has to differ from all, with none nobody knows."""
    now = BEFORE.replace("x == 1", "x")
    new = "tests/test_b.py"
    one, two = ({PATH: source(PATH, text)} for text in (BEFORE, now))

    def ask(bases: list[dict[str, SourceLine]] | None, before: str = PATH, **renames: str) -> bool:
        return ChangedTests(bases, dict.fromkeys(renames.values(), new), lambda _: now.encode())(
            f"{new}::test_one", f"{before}::test_one"
        )

    assert ask([one])
    assert ask([one], new, renamed=PATH)
    assert not ask([one], new)
    assert not ask([two])
    assert not ask([one, two])
    assert not ask(None)
