"""Cheats on the tests themselves, and on how they are run."""

from __future__ import annotations

from cheating import CART, CART_TESTS, CONFTEST, DOCUMENT, Cheat, Shop

FAILING = "def test_discount():\n    assert discount(10) == 9\n"
PYPROJECT = "pyproject.toml"


def rerun(shop: Shop, *args: str) -> None:
    """Run, and tick what is not ticked."""
    shop.pytest(*args)
    shop.tick_everything()


def replaced(new: str) -> object:
    """Break the code, and put something else where the test was that finds it."""

    def do(shop: Shop) -> None:
        shop.break_discount()
        shop.edit(CART_TESTS, FAILING, new)
        rerun(shop)

    return do


def with_conftest(text: str) -> object:
    """Break the code, and let a conftest see to the rest."""

    def do(shop: Shop) -> None:
        shop.break_discount()
        shop.write({CONFTEST: text})
        rerun(shop)

    return do


def run_with(*args: str) -> object:
    """Break the code, and run without the test that finds it."""

    def do(shop: Shop) -> None:
        shop.break_discount()
        rerun(shop, *args)

    return do


def honest_edit(name: str, old: str, new: str, *args: str) -> object:
    """A change of somebody with nothing to hide, and a run."""

    def do(shop: Shop) -> None:
        shop.edit(name, old, new)
        shop.pytest(*args)

    return do


def whole_run(shop: Shop) -> None:
    """The whole suite once more."""
    shop.pytest()


def delete_the_file(shop: Shop) -> None:
    """Break the code, and delete the file that finds it."""
    shop.break_discount()
    (shop.folder / CART_TESTS).unlink()
    rerun(shop)


def move_the_file(shop: Shop) -> None:
    """Rename a test file, as git sees it."""
    shop.git("mv", CART_TESTS, "tests/unit/test_basket.py")
    shop.pytest()


def retire(shop: Shop) -> None:
    """Remove a feature with its tests, and say so."""
    shop.edit(CART_TESTS, FAILING, "def test_free():\n    assert discount(0) == 0\n")
    shop.edit(
        PYPROJECT,
        'target = "main"',
        'target = "main"\nretire = [{test = "*::test_discount", reason = "merged into test_discounts"}]',
    )
    shop.pytest()


def of_its_name_elsewhere(shop: Shop) -> None:
    """Break the code, remove the test that finds it, and write another one of its name."""
    shop.break_discount()
    shop.edit(CART_TESTS, FAILING, "")
    shop.write({"tests/unit/test_sale.py": "def test_discount():\n    assert 10 > 9\n"})
    rerun(shop)


def moved_elsewhere(shop: Shop) -> None:
    """Move a test to another file as it is."""
    shop.edit(CART_TESTS, FAILING, "")
    shop.write({"tests/unit/test_sale.py": f"from shop.cart import discount\n\n\n{FAILING}"})
    shop.pytest()


def parts(shop: Shop) -> None:
    """The suite in two runs on the same tree."""
    shop.edit(CART, "return sum(prices)", "return sum(list(prices))")
    shop.pytest("tests/unit")
    shop.pytest("tests/e2e")


def no_run(shop: Shop) -> None:
    """Change the code after the run."""
    shop.break_discount()


def documents_only(shop: Shop) -> None:
    """Write on in the document after the run."""
    shop.edit(DOCUMENT, "Taxes on every price.", "Taxes on every price, also on the cheap ones.")


def plain_pytest(shop: Shop) -> None:
    """Break the code, and run without the plugin's option."""
    shop.break_discount()
    shop.run("python", "-m", "pytest", "-q", "--no-cov")


CHEATS = [
    Cheat("tests", "write another test of its name elsewhere", of_its_name_elsewhere, "regression",
          "move it to another file as it is", moved_elsewhere),
    Cheat("tests", "delete a failing test", replaced(""), "regression",
          "retire it with a reason", retire),
    Cheat("tests", "skip it", replaced("@pytest.mark.skip(reason='later')\n" + FAILING), "regression",
          "rewrite its body", honest_edit(CART_TESTS, "assert discount(10) == 9\n", "assert 10 - discount(10) == 1\n")),
    Cheat("tests", "skip it under a condition that always holds", replaced("@pytest.mark.skipif(1 < 2, reason='flaky')\n" + FAILING),
          "regression", "mark it with a tier of its own", honest_edit(
              CART_TESTS, "def test_total", "@pytest.mark.unit\ndef test_total")),
    Cheat("tests", "skip it from within", replaced(FAILING.replace("    assert", "    pytest.skip('later')\n    assert")), "regression",
          "comment it", honest_edit(CART_TESTS, "    assert discount(10) == 9", "    # a tenth off\n    assert discount(10) == 9")),
    Cheat("tests", "expect it to fail", replaced("@pytest.mark.xfail\n" + FAILING), "regression",
          "a new strict xfail is a promise", honest_edit(
              CART_TESTS, FAILING, FAILING + "\n\n@pytest.mark.xfail(strict=True)\ndef test_vat():\n    assert discount(0) == 1\n")),
    Cheat("tests", "rename it so that it is not collected", replaced(FAILING.replace("test_discount", "check_discount")), "regression",
          "rename its file", move_the_file),
    Cheat("tests", "put another test in its place", replaced("def test_sale():\n    assert discount(10) == 8\n"), "regression",
          "add a test beside it", honest_edit(CART_TESTS, FAILING, FAILING + "\n\ndef test_free():\n    assert discount(0) == 0\n")),
    Cheat("tests", "delete its file", delete_the_file, "regression", "format the file", honest_edit(CART_TESTS, "\n\n\n", "\n\n")),
    Cheat("tests", "remove one parameter of a test", lambda shop: (
              shop.edit(CART_TESTS, "[0, 20]", "[20]"), rerun(shop)), "regression",
          "add a parameter", honest_edit(CART_TESTS, "[0, 20]", "[0, 20, 30]")),
    Cheat("tests", "skip the whole module", lambda shop: (
              shop.break_discount(), shop.edit(CART_TESTS, "import pytest\n", "import pytest\n\npytest.skip('x', allow_module_level=True)\n"),
              rerun(shop)), "regression", "import one thing more", honest_edit(CART_TESTS, "import pytest\n", "import math\n\nimport pytest\n")),
    Cheat("tests", "let a conftest leave the file out", with_conftest("collect_ignore = ['tests/unit/test_cart.py']\n"), "complete|regression",
          "a conftest with a fixture", lambda shop: (shop.write({CONFTEST: "X = 1\n"}), shop.pytest())),
    Cheat("tests", "let a conftest drop the test", with_conftest(
              "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if i.name != 'test_discount']\n"), "complete",
          "a conftest that sorts", lambda shop: (shop.write(
              {CONFTEST: "def pytest_collection_modifyitems(items):\n    items.reverse()\n"}), shop.pytest())),
    Cheat("tests", "let a conftest mark it xfail", with_conftest(
              "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n    for i in items:\n"
              "        i.add_marker(pytest.mark.xfail)\n"), "regression|tests|failures",
          "a conftest that marks tiers", lambda shop: (shop.write(
              {CONFTEST: "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n    for i in items:\n"
                         "        i.add_marker(pytest.mark.usefixtures())\n"}), shop.pytest())),
    Cheat("tests", "move a failing test to another tier", lambda shop: (
              shop.break_discount(), shop.edit(CART_TESTS, "def test_discount()", "@pytest.mark.performance\ndef test_discount()"),
              rerun(shop)), "failures", "mark a passing one", honest_edit(
              CART_TESTS, "def test_discount()", "@pytest.mark.unit\ndef test_discount()")),
    Cheat("runs", "run a folder only", lambda shop: (
              shop.edit(CART, "sum(prices)", "sum(prices) if prices[1:] else 0"), rerun(shop, "tests/unit")), "complete",
          "run the folders one by one", parts),
    Cheat("runs", "run without it: -k", run_with("-k", "not discount"), "complete", "run all of it twice", lambda shop: (
              shop.pytest(), shop.pytest())),
    Cheat("runs", "run without it: --deselect", run_with("--deselect", "tests/unit/test_cart.py::test_discount"), "complete",
          "run verbosely", lambda shop: shop.pytest("-v")),
    Cheat("runs", "run without it: --ignore", run_with("--ignore", CART_TESTS), "complete", "name the whole folder",
          lambda shop: shop.pytest("tests")),
    Cheat("runs", "stop at the first failure", run_with("-x"), "complete", "stop at the first failure, without one", lambda shop: shop.pytest("-x")),
    Cheat("runs", "stop early with --maxfail", run_with("--maxfail=1"), "complete", "--maxfail, without a failure",
          lambda shop: shop.pytest("--maxfail=1")),
    Cheat("runs", "not run at all", no_run, "stale", "write on in the document", documents_only),
    Cheat("runs", "run without --handoff", plain_pytest, "stale", "run once more", whole_run),
    Cheat("runs", "end the run early with exit code 0", lambda shop: (
              shop.break_discount(), shop.edit(CART_TESTS, FAILING, "def test_discount():\n    pytest.exit('done', returncode=0)\n"),
              rerun(shop)), "stale|complete", "an exit handler that does nothing", lambda shop: (
              shop.write({CONFTEST: "import atexit\n\natexit.register(int)\n"}), shop.pytest())),
    Cheat("runs", "leave with os._exit(0) in a test", lambda shop: (
              shop.break_discount(), shop.edit(CART_TESTS, FAILING, "def test_discount():\n    import os\n    os._exit(0)\n"),
              rerun(shop)), "stale|complete", "os.getpid() in a test", honest_edit(
              CART_TESTS, FAILING, FAILING + "\n\ndef test_pid():\n    import os\n    assert os.getpid()\n")),
    Cheat("runs", "leave with os._exit(0) before the end is reported", with_conftest(
              "import os\n\nimport pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_sessionfinish():\n    os._exit(0)\n"),
          "stale|complete", "a hook at the end", lambda shop: (shop.write({CONFTEST: "def pytest_sessionfinish():\n    pass\n"}), shop.pytest())),
    Cheat("runs", "set the exit code to 0", with_conftest(
              "import pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_sessionfinish(session):\n    session.exitstatus = 0\n"), "failures",
          "a hook that prints", lambda shop: (shop.write({CONFTEST: "def pytest_sessionfinish():\n    print('bye')\n"}), shop.pytest())),
    Cheat("runs", "catch the plugin in a conftest", with_conftest(
              "def pytest_configure(config):\n    plugin = config.pluginmanager.get_plugin('handoff-controller')\n"
              "    config.pluginmanager.unregister(plugin)\n"), "stale", "a conftest that looks at the options", lambda shop: (
              shop.write({CONFTEST: "def pytest_configure(config):\n    config.getoption('handoff')\n"}), shop.pytest())),
]  # fmt: skip
