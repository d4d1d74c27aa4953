"""Cheats by options of one run: settings of its own, plugins and conftests kept out, files that nobody collects."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from cheating import CART_TESTS, CONFTEST, Cheat, Shop, Told, build
from cheats_on_decisions import run_and_explain
from cheats_on_policy import STRICT, WATCHES, begun, with_addopts
from cheats_on_tests import PYPROJECT, rerun

if TYPE_CHECKING:
    from collections.abc import Callable

NEW = "tests/more/test_new.py"
UNIT_CASE = "import unittest\n\n\nclass TestIt(unittest.TestCase):\n    def test_it(self):\n        assert {holds}\n"
THREAD = """
import threading


def test_thread():
    def work():
        assert {holds}

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
"""
OFFERS = "import pytest\n\n\n@pytest.fixture\ndef seven():\n    return 7\n"
HOOKS = "def pytest_runtest_setup():\n    pass\n"
ALONE = ("--disable-plugin-autoload", "-p", "pytest_handoff.plugin", "-p", "pytest_cov.plugin")
FAKE = "src-local"
"""A folder that git ignores."""


def with_option(*args: str, holds: bool = True, **files: str) -> Callable[[Shop], None]:
    """Write files whose tests hold or do not, and run with options."""

    def do(shop: Shop) -> None:
        shop.write({name.replace("__", "/") + ".py": text.format(holds=holds) for name, text in files.items()})
        rerun(shop, *args)

    return do


def on_other_code(path: str) -> Callable[[Shop], None]:
    """Break the code, and run the tests on a copy that works."""

    def do(shop: Shop) -> None:
        shop.edit(".gitignore", "__pycache__/", f"__pycache__/\n{FAKE}/")
        shutil.copytree(shop.folder / "src", shop.folder / FAKE)
        if path == FAKE:
            shop.break_discount()
        rerun(shop, "-o", f"pythonpath={path}")

    return do


def watched(*args: str) -> Callable[[Shop], None]:
    """Let a conftest find a fault, and run with options."""

    def do(shop: Shop) -> None:
        shop.write({CONFTEST: WATCHES})
        if "--confcutdir=tests" in args:
            shop.break_discount()
            shop.edit(CART_TESTS, "assert discount(10) == 9", "assert discount(10)")
        rerun(shop, *args)

    return do


def strict_threads(*args: str, holds: bool = False, setting: str = "") -> Callable[[Shop], None]:
    """Let a thread of a test fail where warnings are errors, and run with options, or with more of addopts."""

    def do(shop: Shop) -> None:
        shop.write({NEW: THREAD.format(holds=holds)})
        if setting:
            shop.edit(PYPROJECT, *with_addopts(setting))
        rerun(shop, *args)

    return begun(do, setting=STRICT)


def loaded(*args: str, holds: bool = False) -> Callable[[Shop], None]:
    """Break the code where a plugin from addopts checks it, and run with options."""

    def do(shop: Shop) -> None:
        if not holds:
            shop.break_discount()
            shop.edit(CART_TESTS, "assert discount(10) == 9", "assert discount(10)")
        rerun(shop, *args)

    return begun(do, setting=with_addopts('"-p", "checks"'), more={"checks.py": WATCHES})


def first_session(*args: str) -> Callable[[Shop], None]:
    """Begin anew without a target, by one run with options."""

    def do(shop: Shop) -> None:
        shutil.rmtree(shop.folder)
        build(shop.folder)
        shop.git("rm", "-rq", "handoffs/evidence")
        shop.edit(PYPROJECT, 'target = "main"\n', "")
        shop.commit()
        shop.git("branch", "--quiet", "--force", "main", "work")
        shop.git("checkout", "--quiet", "--orphan", "anew")
        shop.commit()
        shop.git("branch", "--quiet", "-D", "main", "work")
        rerun(shop, *args)
        shop.handoff("fill", shop.session)  # in a first session the line about earlier tests does not apply, and has no tick

    return do


def checked_by_a_plugin(*args: str, checks: str = WATCHES, installed: bool = True) -> Callable[[Shop], None]:
    """Write a plugin that finds a fault (or none), installed in the folder or asked for by a conftest, and run with options."""

    def do(shop: Shop) -> None:
        shop.write({"checks.py": checks})
        if installed:
            shop.write({"checks-1.dist-info/entry_points.txt": "[pytest11]\nchecks = checks\n"})
        else:
            shop.write({CONFTEST: 'pytest_plugins = ["checks"]\n'})
        if checks == WATCHES and args:
            shop.break_discount()
            shop.edit(CART_TESTS, "assert discount(10) == 9", "assert discount(10)")
        rerun(shop, *args)

    return do


def kept_from_collection(text: str, name: str = NEW) -> Callable[[Shop], str]:
    """Write a failing test file, or one that holds, and a conftest beside it."""

    def do(shop: Shop) -> str:
        holds = 'collect_ignore = ["test_other.py"]' in text
        shop.write({name: f"def test_new():\n    assert {holds}\n", "tests/more/conftest.py": text})
        return run_and_explain(shop)

    return do


def shadowed(more: str) -> Callable[[Shop], str]:
    """Break the code, and give a new value to names in the file of the test that finds it."""

    def do(shop: Shop) -> str:
        if "test_discount" in more:
            shop.break_discount()
        shop.write({"tests/unit/helper.py": "def test_discount():\n    assert 1 < 2\n"})
        (shop.folder / CART_TESTS).write_text(f"{shop.text(CART_TESTS)}\n\n{more}\n", "utf-8")
        return run_and_explain(shop)

    return do


CHEATS = [
    Cheat("runs", "search a folder less by an option", with_option("-o", "norecursedirs=more", holds=False,
              tests__more__test_new="def test_new():\n    assert {holds}\n"), "complete",
          "search the usual folders by an option", with_option("-o", "norecursedirs=build dist",
              tests__more__test_new="def test_new():\n    assert {holds}\n")),
    Cheat("runs", "keep out the plugin that collects cases", with_option("-p", "no:unittest", holds=False,
              tests__unit__test_case=UNIT_CASE), "complete",
          "keep out one that collects nothing", with_option("-p", "no:pastebin", tests__unit__test_case=UNIT_CASE)),
    Cheat("runs", "keep out the plugin that sees a thread fail", strict_threads("-p", "no:threadexception"), "complete",
          "keep out one that sees nothing", strict_threads("-p", "no:pastebin", holds=True)),
    Cheat("runs", "keep out a plugin that a conftest asks for", checked_by_a_plugin("-p", "no:checks", installed=False), "complete",
          "run with it", checked_by_a_plugin(installed=False)),
    Cheat("runs", "keep out an installed plugin that checks every test", checked_by_a_plugin("-p", "no:checks"), "complete",
          "keep out an installed plugin that offers a fixture", checked_by_a_plugin("-p", "no:checks", checks=OFFERS)),
    Cheat("runs", "keep out an installed plugin with a hook", checked_by_a_plugin("-p", "no:checks", checks=HOOKS), "complete",
          "keep out one that reports", checked_by_a_plugin("-p", "no:checks", checks=HOOKS.replace("runtest_setup", "report_header"))),
    Cheat("runs", "load no installed plugin", checked_by_a_plugin(*ALONE), "complete",
          "load none where none decides", checked_by_a_plugin(*ALONE, checks=OFFERS)),
    Cheat("runs", "keep out a plugin that the settings load", loaded("-p", "no:checks"), "complete",
          "load it once more", loaded("-p", "checks", holds=True)),
    Cheat("policy", "keep that plugin out for good", strict_threads(setting='"-p", "no:threadexception"'), "policy",
          "keep another one out for good", strict_threads(setting='"-p", "no:pastebin"', holds=True)),
    Cheat("runs", "test other code by an option", on_other_code(FAKE), "complete",
          "name the code that the settings name", on_other_code("src")),
    Cheat("runs", "cut off the conftest that finds the fault", watched("--confcutdir=tests"), "complete",
          "cut off nothing", watched("--confcutdir=.")),
    Cheat("runs", "a first session of some paths by an option", first_session("-o", "testpaths=tests/e2e"), "complete",
          "a first session of all of them", first_session("-o", "testpaths=.")),
    Cheat("runs", "a first session of some functions by an option", first_session("-o", "python_functions=test_c*"), "complete",
          "a first session of more functions", first_session("-o", "python_functions=test check")),
]  # fmt: skip

SHADOWED = f"changed    {CART_TESTS}::test_discount"
TOLD = [
    Told("an earlier test to whose name something else is assigned", shadowed("test_discount = lambda: None"), (SHADOWED,),
         "another name for an earlier test", shadowed("test_sale = test_total")),
    Told("an earlier test whose name is imported", shadowed("from helper import test_discount"), (SHADOWED,),
         "another import", shadowed("import helper")),
    Told("an earlier test that a pattern captures", shadowed("match test_total:\n    case test_discount:\n        pass"), (SHADOWED,),
         "another captured name", shadowed("match test_total:\n    case found:\n        assert found")),
    Told("an earlier test that is set in a comprehension", shadowed("[test_discount := test for test in [test_total]]"), (SHADOWED,),
         "another name that is set there", shadowed("[found := test for test in [test_total]]")),
    Told("an earlier test that is set by the name of it", shadowed("globals()['test_' + 'discount'] = lambda: None  # test_discount"),
         (f"beside     {CART_TESTS}",), "names that are only read", shadowed("def test_names():\n    assert globals()")),
    Told("a new file of tests that its conftest ignores", kept_from_collection('collect_ignore = ["test_new.py"]\n'),
         (f"collection not collected: {NEW}", f"the line asks for at least 6; not collected: {NEW}"),
         "a new file of tests whose conftest ignores another", kept_from_collection('collect_ignore = ["test_other.py"]\n')),
    Told("a new file of tests that a hook ignores", kept_from_collection(
             "def pytest_ignore_collect(collection_path):\n    return collection_path.name == 'test_new.py' or None\n"),
         (f"collection not collected: {NEW}",),
         "a new file of tests that no glob ignores", kept_from_collection(
             'collect_ignore_glob = ["*_old.py"]\ncollect_ignore = ["test_other.py"]\n')),
    Told("a new file of tests in a folder that is never searched", kept_from_collection("\n", "tests/build/test_new.py"),
         ("collection not collected: tests/build/test_new.py",),
         "a new file in that folder that is no test", kept_from_collection(
             'collect_ignore = ["test_other.py"]\n', "tests/build/sample.py")),
]  # fmt: skip
