"""Tests and code told apart, and what differs on either side from the sessions before."""

from __future__ import annotations

import pytest

from pytest_handoff.proving.sides import (
    Torn,
    Versions,
    former_code,
    former_tests,
    roots_of,
    suite_of,
    touched_files,
    versions_of,
)
from pytest_handoff.run import SuiteFiles

PATTERNS = ["test_*.py", "*_test.py"]
NOW = {
    "src/app/__init__.py": "1", "src/app/cart.py": "2", "src/app/testing.py": "1", "src/app/tests/test_inner.py": "1",
    "tests/conftest.py": "1", "tests/unit/test_cart.py": "2", "tests/unit/conftest.py": "new", "tests/unit/data.json": "2",
    "tests/e2e/test_shop.py": "1", "tests/helpers.py": "1", "pyproject.toml": "2", "README.md": "1", "setup.py": "1",
}  # fmt: skip
BEFORE = {
    path: "1" for path in NOW if path != "tests/unit/conftest.py"
} | {"tests/unit/test_old.py": "1", "src/app/old.py": "1"}  # fmt: skip
IDS = ["tests/unit/test_cart.py::test_a", "tests/e2e/test_shop.py::test_b", "README.md::README.md", "src/app/cart.py::app.cart.f"]


def test_what_belongs_to_the_tests_is_told_by_name_place_and_recorded_tests() -> None:
    """A document with doctests is a test, a module with doctests is code; helpers beside code are code."""
    suite = suite_of(SuiteFiles(patterns=PATTERNS, folders=["tests"]), NOW, IDS, ())
    assert {path for path in NOW if not suite.belongs(path)} == {
        "src/app/__init__.py", "src/app/cart.py", "src/app/testing.py", "pyproject.toml", "setup.py",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "files", "measured", "belongs"),
    [
        ("spec", ["spec/test_a.py", "spec/support.py", "src/a.py"], ["src/a.py"], True),
        ("spec", ["spec/test_a.py", "spec/support.py"], [], True),
        ("src", ["src/a.py", "src/tests/test_a.py", "src/tests/b.py", "src/support.py"], [], False),
        ("app", ["app/__init__.py", "app/support.py", "app/test_support.py"], ["app/__init__.py", "app/support.py"], False),
        ("app", ["app/__init__.py", "app/support.py", "app/tests/test_a.py"], ["app/support.py"], False),
        (".", ["support.py", "a.py", "test_a.py"], [], False),
        ("services/a/src", ["services/a/src/support.py", "services/a/src/tests/test_a.py"], [], False),
    ],
)
def test_testpaths_may_name_the_code(folder: str, files: list[str], measured: list[str], *, belongs: bool) -> None:
    """Where doctests are collected from the sources, or tests stand beside them, the sources are no tests."""
    suite = suite_of(SuiteFiles(patterns=PATTERNS, folders=[folder]), files, [], measured)
    assert suite.belongs(next(path for path in files if path.endswith("/support.py") or path == "support.py")) is belongs


def test_the_former_tests_are_all_of_their_side_and_nothing_of_the_code() -> None:
    """Edited files are as they were, those that went are back, a conftest that came is not there."""
    versions = Versions(now=NOW, before=BEFORE)
    patch = former_tests(versions, suite_of(SuiteFiles(patterns=PATTERNS, folders=["tests"]), NOW, IDS, ()))
    assert patch == {
        "tests/unit/test_cart.py": "1", "tests/unit/data.json": "1", "tests/unit/test_old.py": "1",
        "tests/unit/conftest.py": None,
    }  # fmt: skip


def test_the_former_code_leaves_tests_and_settings_of_the_tools_alone() -> None:
    """A new test may need a setting of pytest's; that it needs the code is another matter."""
    versions = Versions(now=NOW | {"src/app/fresh.py": "1"}, before=BEFORE)
    suite = suite_of(SuiteFiles(patterns=PATTERNS, folders=["tests"]), NOW, IDS, ())
    assert former_code(versions, suite) == {"src/app/cart.py": "1", "src/app/old.py": "1", "src/app/fresh.py": None}


def test_after_a_merge_a_file_was_as_the_side_left_it_that_changed_it() -> None:
    """One that both sides changed has no one state of before, unless it is now as one of them left it."""
    origin = {"a.py": "1", "b.py": "1", "c.py": "1", "d.py": "1", "tests/test_a.py": "1", "tests/test_b.py": "1"}
    ours = origin | {"a.py": "ours", "d.py": "ours", "tests/test_a.py": "ours"}
    theirs = origin | {"b.py": "theirs", "d.py": "theirs", "tests/test_c.py": "theirs"}
    del theirs["c.py"]
    now = {"a.py": "new", "b.py": "theirs", "d.py": "ours", "tests/test_a.py": "new", "tests/test_b.py": "1"}
    suite = suite_of(SuiteFiles(patterns=PATTERNS, folders=[]), now, [], ())
    for parents in ([ours, theirs], [theirs, ours]):
        versions = versions_of(now, parents, origin)
        assert former_code(versions, suite) == {"a.py": "ours"}
        assert former_tests(versions, suite) == {"tests/test_a.py": "ours", "tests/test_c.py": "theirs"}
        both = versions_of(now | {"d.py": "both"}, parents, origin)
        assert former_code(both, suite) == Torn(paths=["d.py"])
        unknown = versions_of(now, parents, {})
        assert former_code(unknown, suite) == Torn(paths=["a.py"])


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ("tests/unit/test_a.py", {"tests/unit/test_a.py", "tests/unit/test_b.py"}),
        ("tests/unit/conftest.py", {"tests/unit/test_a.py", "tests/unit/test_b.py"}),
        ("tests/conftest.py", {"tests/unit/test_a.py", "tests/unit/test_b.py", "tests/e2e/test_c.py"}),
        ("conftest.py", {"tests/unit/test_a.py", "tests/unit/test_b.py", "tests/e2e/test_c.py", "src/app/tests/test_d.py"}),
        ("tests/data/cases.json", {"tests/unit/test_a.py", "tests/unit/test_b.py", "tests/e2e/test_c.py"}),
        ("src/app/tests/helpers.py", {"src/app/tests/test_d.py"}),
        ("tests/unit/test_without_tests.py", set()),
    ],
)
def test_a_change_touches_the_tests_that_may_use_it(changed: str, touched: set[str]) -> None:
    """Those in the file, below the conftest, beside the helper or data, and those that import the module."""
    files = ["tests/unit/test_a.py", "tests/unit/test_b.py", "tests/e2e/test_c.py", "src/app/tests/test_d.py"]
    suite = suite_of(SuiteFiles(patterns=PATTERNS, folders=["tests"]), files, [], ())
    texts = {"tests/unit/test_b.py": "from unit.test_a import Base\n", "tests/e2e/test_c.py": "# test_a\n"}
    before = {changed: "1"}
    assert touched_files({changed: "1"}, suite, files, lambda path: texts.get(path, ""), before) == touched


def test_data_that_came_since_touches_nothing_and_a_conftest_that_came_does() -> None:
    """No earlier test can have used it; what a new conftest does, it does to all tests below."""
    suite = suite_of(SuiteFiles(patterns=PATTERNS, folders=["tests"]), [], [], ())
    files = ["tests/unit/test_a.py"]
    assert touched_files({"tests/new.json": None}, suite, files, str, {}) == set()
    assert touched_files({"tests/conftest.py": None}, suite, files, str, {}) == set(files)


def test_modules_are_imported_from_the_top_from_src_and_from_where_settings_say() -> None:
    """In a repository of several projects, from those of this one too."""
    assert roots_of(".", ["./code"]) == ["", "src", "lib", "python", "code"]
    assert {"services/a", "services/a/src", "services/a/code"} <= set(roots_of("services/a", ["services/a/code"]))
