"""Other plugins, in a folder of their own beside the environment: only the tests that mean them load them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER = Path(sys.prefix) / "neighbours"
PLUGINS = ("asyncio", "django", "html", "html_fixtures", "metadata", "pytest-bdd", "pytest-split", "pytest-testmon", "randomly",
           "timeout")  # fmt: skip
"""Their entry points, which is how ``-p`` calls them."""


def environment(*wanted: str) -> dict[str, str]:
    """What makes pytest load these neighbours by itself, as it does where they are installed, and no other."""
    blocked = " ".join(f"-p no:{name}" for name in PLUGINS if name not in wanted)
    paths = [str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "PYTEST_ADDOPTS": blocked}


MIXED_TESTS = """
    import pytest

    @pytest.fixture
    def breaks_later():
        yield
        raise RuntimeError("no teardown")

    def test_pass(): pass
    def test_fail(): assert 1 == 2
    def test_skip(): pytest.skip("not now")
    @pytest.mark.xfail
    def test_xfail(): assert False
    @pytest.mark.xfail
    def test_xpass(): pass
    def test_teardown_error(breaks_later): pass
    @pytest.mark.parametrize("n", [1, 2])
    def test_n(n): pass
    @pytest.fixture(scope="module")
    def shared(): return []
    class TestGroup:
        def test_one(self, shared): pass
        def test_other(self, shared): pass
"""

MIXED = {
    "tests/test_mixed.py::TestGroup::test_one": "passed",
    "tests/test_mixed.py::TestGroup::test_other": "passed",
    "tests/test_mixed.py::test_fail": "failed",
    "tests/test_mixed.py::test_n[1]": "passed",
    "tests/test_mixed.py::test_n[2]": "passed",
    "tests/test_mixed.py::test_pass": "passed",
    "tests/test_mixed.py::test_skip": "skipped",
    "tests/test_mixed.py::test_teardown_error": "error",
    "tests/test_mixed.py::test_xfail": "xfailed",
    "tests/test_mixed.py::test_xpass": "xpassed",
}
"""The ledger of those tests, by hand."""

MIXED_TOTALS = {"passed": 6, "failed": 1, "error": 1, "skipped": 1, "xfailed": 1, "xpassed": 1}
"""pytest's last line: the test that passed before its teardown broke is there twice."""

ITEMS = {
    "pytest.ini": """
        [pytest]
        testpaths = tests
        pythonpath = .
        DJANGO_SETTINGS_MODULE = settings
        asyncio_default_fixture_loop_scope = function
    """,
    "settings.py": """
        SECRET_KEY = "x"
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
    """,
    "tests/test_async.py": """
        import asyncio

        import pytest

        pytestmark = pytest.mark.asyncio

        async def test_pass(): await asyncio.sleep(0)
        async def test_fail(): assert await asyncio.sleep(0)
        @pytest.mark.xfail
        async def test_xfail(): assert False
    """,
    "tests/test_properties.py": """
        from hypothesis import given, strategies

        @given(strategies.integers())
        def test_holds(n): assert n * 0 == 0
        @given(strategies.integers())
        def test_does_not(n): assert n < 5
    """,
    "tests/test_database.py": """
        import pytest
        from django.contrib.auth.models import User
        from django.test import TestCase

        @pytest.mark.django_db
        def test_allowed(): assert User.objects.count() == 0
        def test_not_allowed(): User.objects.count()
        class UserCase(TestCase):
            def test_parts(self):
                for n in range(2):
                    with self.subTest(n=n):
                        self.assertLess(n, 1)
            def test_whole(self): pass
    """,
    "tests/cart.feature": """
        Feature: Cart
          Scenario: Right
            Given an empty cart
            Then it holds 0
          Scenario: Wrong
            Given an empty cart
            Then it holds 3
          Scenario Outline: Many
            Given an empty cart
            Then it holds <n>
            Examples:
              | n |
              | 0 |
              | 1 |
    """,
    "tests/test_cart.py": """
        from pytest_bdd import given, parsers, scenarios, then

        scenarios("cart.feature")

        @given("an empty cart", target_fixture="cart")
        def cart(): return []
        @then(parsers.parse("it holds {n:d}"))
        def holds(cart, n): assert len(cart) == n
    """,
}

ITEMS_LEDGER = {
    "tests/test_async.py::test_pass": "passed",
    "tests/test_async.py::test_fail": "failed",
    "tests/test_async.py::test_xfail": "xfailed",
    "tests/test_properties.py::test_holds": "passed",
    "tests/test_properties.py::test_does_not": "failed",
    "tests/test_database.py::test_allowed": "passed",
    "tests/test_database.py::test_not_allowed": "failed",
    "tests/test_database.py::UserCase::test_parts": "failed subtests=2",
    "tests/test_database.py::UserCase::test_whole": "passed",
    "tests/test_cart.py::test_right": "passed",
    "tests/test_cart.py::test_wrong": "failed",
    "tests/test_cart.py::test_many[0]": "passed",
    "tests/test_cart.py::test_many[1]": "failed",
}

ITEMS_TOTALS = {"passed": 6 + 1, "failed": 6, "xfailed": 1}
"""pytest's last line: of unittest's sub-tests it fails the part and passes the whole."""
