"""Runs that do less than everything: never complete, never a tick, and adding up on one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

WAYS_TO_RUN_LESS = {
    "-k": ["-k", "total"],
    "-m": ["-m", "not slow"],
    "a folder": ["tests/unit"],
    "a file": ["tests/unit/test_cart.py"],
    "a node id": ["tests/unit/test_cart.py::test_total"],
    "--deselect": ["--deselect", "tests/unit/test_cart.py::test_total"],
    "--ignore": ["--ignore", "tests/e2e"],
}


@pytest.mark.parametrize("args", WAYS_TO_RUN_LESS.values(), ids=WAYS_TO_RUN_LESS)
def test_a_part_is_never_complete_and_ticks_nothing(shop: Story, args: list[str]) -> None:
    """A narrowed run is written, called incomplete, ticks no box and passes no gate."""
    shop.edit("tests/e2e/test_shop.py", "def test_checkout", "import pytest\n\n\n@pytest.mark.slow\ndef test_checkout")
    done = shop.pytest("--no-cov", "--handoff=session-1", "--handoff-gate", *args)
    shown = shop.show("session-1")

    assert done.code == 1
    assert shown["complete"] is False
    assert shown["why_incomplete"]
    assert not any(shop.boxes("session-1").values())
    assert shop.handoff("gate", "session-1", "--machine-only").code == 1


@pytest.mark.parametrize("args", [["-m", "not slow"], ["-k", "test"], ["--deselect", "tests/gone.py"]], ids=" ".join)
@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["", "xdist"])
def test_an_option_that_takes_nothing_away_leaves_a_run_whole(shop: Story, args: list[str], more: list[str]) -> None:
    """What an option took away decides, not that it was given: all collected tests ran."""
    shop.pytest("--no-cov", "--handoff=session-1", *args, *more)
    shown = shop.show("session-1")

    assert (shown["complete"], shown["why_incomplete"]) == (True, None)


def test_a_run_of_nothing_is_not_whole(shop: Story) -> None:
    """Where no test was collected, an option may have taken everything away elsewhere."""
    for name in ("tests/unit/test_cart.py", "tests/e2e/test_shop.py"):
        (shop.folder / name).write_text("")
    shop.pytest("--no-cov", "--handoff=session-1", "-k", "nothing")

    assert shop.show("session-1")["complete"] is False


def test_stopping_at_the_first_failure_leaves_tests_unrun(shop: Story) -> None:
    """After ``-x`` the tests that did not run are named as such, not as missing."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.edit("tests/e2e/test_shop.py", "== 5", "== 6")
    shop.pytest("--no-cov", "--handoff=session-2", "-x")

    assert shop.statuses("session-2") == {"test_checkout": "regressed", "test_empty": "not_run", "test_total": "not_run"}
    assert shop.show("session-2")["complete"] is False


def test_last_failed_only(shop: Story) -> None:
    """``--lf`` drops tests while files are collected, where no hook sees them; they did not run."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.edit("tests/unit/test_cart.py", "== 3", "== 4")
    shop.pytest("--no-cov")
    shop.pytest("--no-cov", "--handoff=session-2", "--lf")

    assert shop.statuses("session-2") == {"test_checkout": "not_run", "test_empty": "not_run", "test_total": "regressed"}


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--fixtures", "--markers"])
def test_what_is_no_run_writes_nothing(shop: Story, option: str) -> None:
    """Options that run no test leave no evidence and no document."""
    done = shop.pytest("--handoff=session-1", option)

    assert done.code == 0
    assert not (shop.folder / "handoffs").exists()


def test_the_configured_folder_by_name_is_everything(shop: Story) -> None:
    """``pytest tests`` with ``testpaths = ["tests"]`` is a whole run."""
    shop.pytest("--no-cov", "--handoff=session-1", "tests")

    assert shop.show("session-1")["complete"] is True


def test_a_run_without_assert_statements_proves_nothing(shop: Story) -> None:
    """An optimizing Python leaves them out where pytest does not rewrite them; every test passes then, and nothing is ticked."""
    shop.environment["PYTHONOPTIMIZE"] = "1"
    shop.pytest("--no-cov", "--handoff=session-1", "--assert=plain")
    why = "--assert=plain was given to an optimizing Python (-O, PYTHONOPTIMIZE), so that no assert statement ran"
    assert why in shop.show("session-1")["why_incomplete"]
    assert not any(check["ticked"] for check in shop.show("session-1")["checks"])

    shop.pytest("--no-cov", "--handoff=session-1")
    assert shop.show("session-1")["complete"] is True  # pytest makes those of test modules run


HELPER = "def check(value):\n    assert value\n"
LEAVES_OUT = "an optimizing Python (-O, PYTHONOPTIMIZE) left out the assert statements of"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("tests/support.py", "", HELPER),
        ("src/shop/cart.py", "    return", "    assert prices is not None\n    return"),
        ("tests/unit/test_cart.py", "from shop", '"""PYTEST_DONT_REWRITE"""\nfrom shop'),
    ],
)
def test_assert_statements_that_pytest_does_not_see_are_left_out(shop: Story, file: str, old: str, new: str) -> None:
    """Of a helper, of the code itself or of a module that says so; then no run is whole, and no later part makes it so."""
    shop.environment["PYTHONOPTIMIZE"] = "1"
    (shop.folder / file).touch()
    shop.write_files({file: shop.text(file).replace(old, new, 1) if old else new})
    shop.pytest("--no-cov", "--handoff=session-1")
    assert shop.show("session-1")["why_incomplete"] == f"{LEAVES_OUT} {file}; run without it"

    del shop.environment["PYTHONOPTIMIZE"]
    shop.pytest("--no-cov", "--handoff=session-1", "tests/unit")
    assert shop.show("session-1")["complete"] is False
    shop.pytest("--no-cov", "--handoff=session-1")
    assert shop.show("session-1")["complete"] is True


def test_two_parts_on_one_tree_add_up(shop: Story) -> None:
    """Unit and e2e tests as two commands make one complete session, coverage included."""
    shop.write_files({"src/shop/price.py": "def net(x):\n    return x\n\n\ndef gross(x):\n    return x + 1\n"})
    shop.edit(
        "tests/unit/test_cart.py",
        "def test_empty",
        "from shop.price import net\n\ndef test_net():\n    assert net(1) == 1\n\ndef test_empty",
    )
    shop.edit(
        "tests/e2e/test_shop.py",
        "def test_checkout",
        "from shop.price import gross\n\ndef test_gross():\n    assert gross(1) == 2\n\ndef test_checkout",
    )
    shop.pytest("--handoff=session-1", "tests/unit")
    assert shop.show("session-1")["complete"] is False
    assert shop.show("session-1")["coverage"]["files"]["src/shop/price.py"]["missing"] == "6"
    done = shop.pytest("--handoff=session-1", "tests/e2e")
    shown = shop.show("session-1")

    assert shown["complete"] is True, done.out
    assert shown["counts"]["passed"] == 5
    assert shown["coverage"]["files"]["src/shop/price.py"]["missing"] == ""
    assert shown["new_code"]["files"]["src/shop/price.py"]["not_by_new_unit"] == "5-6"


def test_the_same_option_with_other_values_adds_up(shop: Story) -> None:
    """What ``-k`` left out once and took in the next time has run: the two make one complete session."""
    shop.pytest("--no-cov", "--handoff=session-1", "-k", "total or empty")
    first = shop.show("session-1")
    shop.pytest("--no-cov", "--handoff=session-1", "-k", "checkout")

    assert first["why_incomplete"].startswith("-k 'total or empty' was given; 1 test did not run")
    assert shop.show("session-1")["complete"] is True
    assert shop.show("session-1")["counts"]["passed"] == 3


def test_a_part_on_another_tree_is_dropped(shop: Story) -> None:
    """When the code changes between two parts, the older is given up, and the run says so."""
    shop.pytest("--no-cov", "--handoff=session-1", "tests/unit")
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(list(prices))")
    done = shop.pytest("--no-cov", "--handoff=session-1", "tests/e2e")

    assert "dropped" in done.section
    assert shop.show("session-1")["complete"] is False
    assert shop.show("session-1")["counts"]["passed"] == 1


def test_a_part_after_the_whole_takes_nothing_away(shop: Story) -> None:
    """A narrowed run on the tree of a complete one leaves it complete, with its coverage."""
    shop.pytest("--handoff=session-1")
    shop.pytest("--handoff=session-1", "-k", "total")
    shown = shop.show("session-1")

    assert shown["complete"] is True
    assert shown["counts"]["passed"] == 3
    assert shown["coverage"]["percent"] == 100


def test_a_file_that_cannot_be_imported_loses_no_test(shop: Story) -> None:
    """A collection error makes the file's known tests *not run*, never missing, and the file is named."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.edit("tests/unit/test_cart.py", "from shop.cart", "from shop.nowhere")
    done = shop.pytest("--no-cov", "--handoff=session-2")
    shown = shop.show("session-2")

    assert done.code == 2
    assert shop.statuses("session-2")["test_total"] == "not_run"
    assert "tests/unit/test_cart.py could not be collected" in shown["why_incomplete"]
    assert "No module named 'shop.nowhere'" in shown["why_incomplete"]

    shop.edit("tests/unit/test_cart.py", "from shop.nowhere", "from shop. nowhere from")
    shop.pytest("--no-cov", "--handoff=session-2")
    why = shop.show("session-2")["why_incomplete"]
    assert "tests/unit/test_cart.py could not be collected: SyntaxError: invalid syntax" in why
    assert str(shop.folder) not in why


@pytest.mark.parametrize("stop", ["pytest.exit('enough', returncode=0)", "raise KeyboardInterrupt"])
def test_an_interrupted_run_leaves_everything_as_it_was(shop: Story, stop: str) -> None:
    """After Ctrl-C or ``pytest.exit`` the earlier record and document stay untouched, and the run says how far it came."""
    shop.pytest("--no-cov", "--handoff=session-1")
    before = shop.evidence()
    shop.edit(
        "tests/unit/test_cart.py", "def test_empty():", f"def test_empty():\n    import pytest\n    {stop}\n\ndef test_rest():"
    )
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert "interrupted after 2 of 4 tests" in done.out
    assert shop.evidence() == before
