"""A suite with every way a test can end, and the outcome of each, written by hand."""

from __future__ import annotations

import pytest

HAS_SUBTESTS = pytest.version_tuple >= (9, 0)
"""Sub-tests are a part of pytest since then."""

CONFIGURATION = """
    [pytest]
    addopts = --doctest-modules --doctest-glob=*.txt --strict-markers
    testpaths = tests
"""

PHASES = """
    import pytest

    @pytest.fixture
    def broken():
        raise RuntimeError("no setup")

    @pytest.fixture
    def breaks_later():
        yield
        raise RuntimeError("no teardown")

    @pytest.fixture
    def breaks_later_too(breaks_later):
        yield
        raise RuntimeError("no second teardown")

    @pytest.fixture
    def skips():
        pytest.skip("not here")

    @pytest.fixture
    def skips_later():
        yield
        pytest.skip("too late")

    @pytest.fixture
    def xfails_later():
        yield
        pytest.xfail("known to leak")

    def test_pass(): pass
    def test_fail(): assert 1 == 2
    def test_setup_error(broken): pass
    def test_teardown_error(breaks_later): pass
    def test_two_teardown_errors(breaks_later_too): pass
    def test_setup_and_teardown_error(breaks_later, broken): pass
    def test_fail_and_teardown_error(breaks_later): assert False, "first"
    def test_skip(): pytest.skip("not now")
    def test_skip_in_setup(skips): pass
    def test_skip_in_teardown(skips_later): pass
    def test_skip_and_teardown_error(breaks_later): pytest.skip("not now")
    @pytest.mark.skip(reason="never | ever")
    def test_marked_skip(): pass
    @pytest.mark.skipif(True, reason="always")
    def test_skipif(): pass
    def test_imperative_xfail(): pytest.xfail("owed")
    @pytest.mark.xfail(reason="known")
    def test_xfail(): assert False
    @pytest.mark.xfail(reason="known", strict=True)
    def test_strict_xfail(): assert False
    @pytest.mark.xfail(reason="known")
    def test_xpass(): pass
    @pytest.mark.xfail(reason="known", strict=True)
    def test_strict_xpass(): pass
    @pytest.mark.xfail(run=False, reason="hangs")
    def test_xfail_without_a_run(): assert False
    @pytest.mark.xfail(raises=ValueError)
    def test_xfail_of_another_kind(): raise KeyError("other")
    @pytest.mark.xfail(reason="known")
    def test_xfail_in_setup(broken): pass
    def test_xfail_in_teardown(xfails_later): pass
    @pytest.mark.xfail(reason="known")
    def test_xpass_and_marked_teardown_error(breaks_later): pass
    @pytest.mark.xfail(reason="known")
    def test_xfail_and_teardown_error(breaks_later): assert False
"""

CLASSES = """
    import unittest

    import pytest

    class Cases(unittest.TestCase):
        def test_pass(self): pass
        def test_fail(self): self.fail("no")
        @unittest.expectedFailure
        def test_expected(self): self.fail("known")
        @unittest.expectedFailure
        def test_unexpected(self): pass
        @unittest.skip("not now")
        def test_skip(self): pass

    class NoSetup(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise RuntimeError("no class")
        def test_one(self): pass
        def test_two(self): pass

    class NoTeardown(unittest.TestCase):
        @classmethod
        def tearDownClass(cls): raise RuntimeError("no end")
        def test_only(self): pass

    class TestGroup:
        @pytest.mark.parametrize("n", [1, 2])
        def test_in_class(self, n): assert n == 1
"""

SUBTESTS = """
    import unittest

    import pytest

    def test_all_pass(subtests):
        for n in range(3):
            with subtests.test("part", n=n):
                pass

    def test_one_of_three_fails(subtests):
        for n in range(3):
            with subtests.test("part", n=n):
                assert n != 1, "part one"

    def test_two_fail_and_the_rest_too(subtests):
        for n in range(2):
            with subtests.test(n=n):
                assert False
        assert False, "the whole"

    def test_skips_and_xfails(subtests):
        with subtests.test("a"):
            pytest.skip("not now")
        with subtests.test("b"):
            pytest.xfail("known")
        with subtests.test("c"):
            pass

    def test_fails_then_skips(subtests):
        with subtests.test("a"):
            assert False
        pytest.skip("enough")

    class Cases(unittest.TestCase):
        def test_unittest(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertNotEqual(n, 2)
"""

IDS = r"""
    import pytest

    NAMES = {
        "empty": "",
        "long": "y" * 99,
        "table": "a|b",
        "code": "`x`",
        "page": "<!-- handoff:begin x -->",
        "box": "- [x] done",
        "line": "one\ntwo",
        "zero": "\0",
        "bell": "\x1b[31m",
        "accent": "é",
        "wide": "東京",
        "at": "a@b",
        "part": "x::y",
        "bracket": "[z]",
        "slash": "a/b",
        "backslash": "a\\b",
    }

    @pytest.mark.parametrize("text", NAMES.values())
    def test_name(text):
        assert text != "a|b"

    @pytest.mark.parametrize("n", [1, 1])
    def test_twice(n): pass

    @pytest.mark.parametrize("data", [b"\xff"])
    def test_bytes(data): assert False, "a | `b` <!-- handoff:off --> \x1b[31m \0"
"""

GROUPS = """
    import pytest

    @pytest.mark.xdist_group("one")
    def test_in_a_group(): pass

    @pytest.mark.xdist_group("one")
    @pytest.mark.parametrize("address", ["me@here"])
    def test_in_a_group_with_a_parameter(address): pass
"""

MODULE = '''
    def double(x):
        """
        >>> double(2)
        4
        """
        return 2 * x

    def half(x):
        """
        >>> half(2)
        3
        """
        return x / 2

    def later():
        """
        >>> later()  # doctest: +SKIP
        """
'''

PAGE = """
    >>> 1 + 1
    2
"""

CASES = """
    import pytest

    class Case(pytest.Item):
        def runtest(self):
            assert self.name != "bad"

        def reportinfo(self):
            return self.path, 0, self.name

    class Cases(pytest.File):
        def collect(self):
            for name in self.path.read_text().split():
                yield Case.from_parent(self, name=name)

    def pytest_collect_file(parent, file_path):
        if file_path.suffix == ".case":
            return Cases.from_parent(parent, path=file_path)
"""

SKIPPED_MODULE = """
    import pytest

    pytest.skip("the whole file", allow_module_level=True)

    def test_unseen(): pass
"""

FILES = {
    "pytest.ini": CONFIGURATION,
    "tests/conftest.py": CASES,
    "tests/test_phases.py": PHASES,
    "tests/test_classes.py": CLASSES,
    "tests/test_subtests.py": SUBTESTS,
    "tests/test_ids.py": IDS,
    "tests/test_groups.py": GROUPS,
    "tests/test_skipped_module.py": SKIPPED_MODULE,
    "tests/module.py": MODULE,
    "tests/page.txt": PAGE,
    "tests/some.case": "good bad\n",
}

LEDGER = {
    "tests/module.py::module.double": "passed",
    "tests/module.py::module.half": "failed",
    "tests/module.py::module.later": "skipped",
    "tests/page.txt::page.txt": "passed",
    "tests/some.case::good": "passed",
    "tests/some.case::bad": "failed",
    "tests/test_phases.py::test_pass": "passed",
    "tests/test_phases.py::test_fail": "failed",
    "tests/test_phases.py::test_setup_error": "error",
    "tests/test_phases.py::test_teardown_error": "error",
    "tests/test_phases.py::test_two_teardown_errors": "error",
    "tests/test_phases.py::test_setup_and_teardown_error": "error",
    "tests/test_phases.py::test_fail_and_teardown_error": "failed",
    "tests/test_phases.py::test_skip": "skipped",
    "tests/test_phases.py::test_skip_in_setup": "skipped",
    "tests/test_phases.py::test_skip_in_teardown": "passed",
    "tests/test_phases.py::test_skip_and_teardown_error": "error",
    "tests/test_phases.py::test_marked_skip": "skipped",
    "tests/test_phases.py::test_skipif": "skipped",
    "tests/test_phases.py::test_imperative_xfail": "xfailed",
    "tests/test_phases.py::test_xfail": "xfailed",
    "tests/test_phases.py::test_strict_xfail": "xfailed promised",
    "tests/test_phases.py::test_xpass": "xpassed",
    "tests/test_phases.py::test_strict_xpass": "failed",
    "tests/test_phases.py::test_xfail_without_a_run": "xfailed",
    "tests/test_phases.py::test_xfail_of_another_kind": "failed",
    "tests/test_phases.py::test_xfail_in_setup": "xfailed",
    "tests/test_phases.py::test_xfail_in_teardown": "xfailed",
    "tests/test_phases.py::test_xpass_and_marked_teardown_error": "xfailed",
    "tests/test_phases.py::test_xfail_and_teardown_error": "xfailed",
    "tests/test_classes.py::Cases::test_pass": "passed",
    "tests/test_classes.py::Cases::test_fail": "failed",
    "tests/test_classes.py::Cases::test_expected": "xfailed",
    "tests/test_classes.py::Cases::test_unexpected": "failed",
    "tests/test_classes.py::Cases::test_skip": "skipped",
    "tests/test_classes.py::NoSetup::test_one": "error",
    "tests/test_classes.py::NoSetup::test_two": "error",
    "tests/test_classes.py::NoTeardown::test_only": "error",
    "tests/test_classes.py::TestGroup::test_in_class[1]": "passed",
    "tests/test_classes.py::TestGroup::test_in_class[2]": "failed",
    "tests/test_subtests.py::test_all_pass": "passed subtests=3",
    "tests/test_subtests.py::test_one_of_three_fails": "failed subtests=3",
    "tests/test_subtests.py::test_two_fail_and_the_rest_too": "failed subtests=2",
    "tests/test_subtests.py::test_skips_and_xfails": "passed subtests=3",
    "tests/test_subtests.py::test_fails_then_skips": "failed subtests=1",
    "tests/test_subtests.py::Cases::test_unittest": "failed subtests=3",
    "tests/test_groups.py::test_in_a_group": "passed",
    "tests/test_groups.py::test_in_a_group_with_a_parameter[me@here]": "passed",
    "tests/test_ids.py::test_name[]": "passed",
    "tests/test_ids.py::test_name[" + "y" * 99 + "]": "passed",
    "tests/test_ids.py::test_name[a|b]": "failed",
    "tests/test_ids.py::test_name[`x`]": "passed",
    "tests/test_ids.py::test_name[<!-- handoff:begin x -->]": "passed",
    "tests/test_ids.py::test_name[- [x] done]": "passed",
    "tests/test_ids.py::test_name[one\\ntwo]": "passed",
    "tests/test_ids.py::test_name[\\x00]": "passed",
    "tests/test_ids.py::test_name[\\x1b[31m]": "passed",
    "tests/test_ids.py::test_name[\\xe9]": "passed",
    "tests/test_ids.py::test_name[\\u6771\\u4eac]": "passed",
    "tests/test_ids.py::test_name[a@b]": "passed",
    "tests/test_ids.py::test_name[x::y]": "passed",
    "tests/test_ids.py::test_name[[z]]": "passed",
    "tests/test_ids.py::test_name[a/b]": "passed",
    "tests/test_ids.py::test_name[a\\\\b]": "passed",
    "tests/test_ids.py::test_twice[1_0]": "passed",
    "tests/test_ids.py::test_twice[1_1]": "passed",
    "tests/test_ids.py::test_bytes[\\xff]": "failed",
}

if not HAS_SUBTESTS:
    del FILES["tests/test_subtests.py"]
    LEDGER = {test: words for test, words in LEDGER.items() if not test.startswith("tests/test_subtests.py")}
