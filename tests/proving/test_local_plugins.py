"""Modules that conftests load as plugins: of the tests' side where a folder's name says so, else code."""

from __future__ import annotations

import pytest

from pytest_handoff.proving.local_plugins import local_plugins
from pytest_handoff.proving.sides import suite_of, touched_files
from pytest_handoff.run import SuiteFiles

PATHS = [
    "conftest.py", "fixtures/__init__.py", "fixtures/prices.py", "fixtures/deep/numbers.py", "fixtures.txt", "shop/plugin.py",
    "shop/cart.py", "src/app/testing/plugin.py", "app_testing/plugin.py", "test_support.py", "latest/plugin.py",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "of_tests", "of_code"),
    [
        ('pytest_plugins = ["fixtures.prices"]', PATHS[1:4], []),
        ('pytest_plugins = "fixtures"', PATHS[1:4], []),
        ('pytest_plugins: list[str] = ["app_testing.plugin", "pytester"]', ["app_testing/plugin.py"], []),
        ('pytest_plugins = ("test_support",)', ["test_support.py"], []),
        ('pytest_plugins = ["shop.plugin", "latest.plugin"]', [], ["latest/plugin.py", "shop/plugin.py"]),
        ('pytest_plugins = ["app.testing.plugin"]', [], ["src/app/testing/plugin.py"]),
        ('plugins = ["fixtures.prices"]', [], []),
        ("pytest_plugins = [", [], []),
        ("pytest_plugins = found()", [], []),
    ],
)
def test_which_side_a_plugin_is_on(text: str, of_tests: list[str], of_code: list[str]) -> None:
    """What lies beside a module of fixtures is used by it; a plugin that is the project itself stays code."""
    found, code = local_plugins({"conftest.py": text}, PATHS)
    assert (sorted(found), sorted(code)) == (sorted(of_tests), of_code)


def test_all_tests_below_the_conftest_may_use_it() -> None:
    """Those in other folders may not."""
    files = ["a/test_one.py", "b/test_two.py"]
    paths = [*files, "a/conftest.py", "fixtures/prices.py", "fixtures/numbers.py"]
    suite = suite_of(
        SuiteFiles(patterns=["test_*.py"], folders=[]), paths, [], (), {"a/conftest.py": 'pytest_plugins = ["fixtures.prices"]'}
    )
    for changed in ("fixtures/prices.py", "fixtures/numbers.py"):
        assert suite.belongs(changed)
        assert touched_files({changed: "1"}, suite, files, str, {changed: "1"}) == {"a/test_one.py"}
