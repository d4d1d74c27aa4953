"""``pytest --handoff``: three sessions of one project, each seen and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

ALL_E2E_NOW = "All E2E tests for current session pass"
ALL_E2E_BEFORE = "All E2E tests from previous sessions still pass"
NEW_CODE = "New unit tests achieve >90% coverage for new code"
CONFIGURATION = "Configuration files are valid and documented"

SECOND = {
    "src/shop/discount.py": """
        def reduced(price, percent):
            if percent > 100:
                raise ValueError("more than all")
            return price * (100 - percent) // 100


        def gift(price):
            wrapped = price + 2
            return wrapped
    """,
    "tests/unit/test_discount.py": """
        import pytest
        from shop.discount import gift, reduced

        def test_reduced():
            assert reduced(100, 10) == 90

        def test_too_much():
            with pytest.raises(ValueError):
                reduced(1, 101)

        def test_gift():
            assert gift(1) == 3
    """,
    "tests/e2e/test_discounts.py": """
        from shop.discount import reduced

        def test_discounted_checkout():
            assert reduced(10, 50) == 5
    """,
}


def test_first_session(shop: Story) -> None:
    """The first session has nothing before it: everything is new, and the line on earlier sessions stays unticked."""
    done = shop.pytest("--handoff=session-1")
    shown = shop.show("session-1")
    boxes = shop.boxes("session-1")

    assert done.code == 0
    assert "3 passed" in done.section
    assert "none: this is the first session" in done.section
    assert shown["previous"] == []
    assert shown["complete"] is True
    assert shown["fresh"] is True
    assert shown["counts"]["passed"] == 3
    assert {test["status"] for test in shown["tests"].values()} == {"new"}
    assert shown["coverage"]["percent"] == 100
    assert list(shown["coverage"]["files"]) == ["src/shop/__init__.py", "src/shop/cart.py"]
    assert shown["new_code"]["num_statements"] == 2
    assert shown["new_code"]["covered_by_new_unit"] == 2
    assert (boxes[ALL_E2E_NOW], boxes[ALL_E2E_BEFORE], boxes[NEW_CODE]) == (True, False, True)
    assert "- **Previous Session Tests**: none: session-1 is the first session" in shop.document("session-1")


def test_good_second_session(shop: Story) -> None:
    """New code with new tests beside untouched earlier ones: every decided line is ticked, with figures in the document."""
    shop.pytest("--handoff=session-1")
    shop.commit()
    shop.write_files(SECOND)
    done = shop.pytest("--handoff=session-2", "--handoff-gate")
    shown = shop.show("session-2")
    boxes = shop.boxes("session-2")
    document = shop.document("session-2")

    assert done.code == 0, done.out
    assert shown["previous"] == ["session-1"]
    assert shown["regression"]["expected"] == shown["regression"]["passing"] == 3
    assert shown["new_code"]["num_statements"] == 7
    assert shown["new_code"]["covered_by_new_unit"] == 7
    assert shown["new_code"]["base"] == "session-1"
    assert (boxes[ALL_E2E_NOW], boxes[ALL_E2E_BEFORE], boxes[NEW_CODE]) == (True, True, True)
    assert "- **Current Session Tests**: 1/1 passed\n" in document
    assert "- **Previous Session Tests**: 1/1 passed\n" in document
    assert "- **New Test Coverage**: 4 new tests: 1 e2e, 3 unit, in" in document
    assert "- **Test Failures**: none\n" in document
    assert "- **Code Coverage**: 100 % (session-1: 100 %)\n" in document
    assert "- **Tests Added**: 4\n" in document


def test_bad_second_session(shop: Story) -> None:
    """A failing, a deleted and a skipped earlier test and an uncovered new function are each seen and named."""
    shop.pytest("--handoff=session-1")
    shop.commit()
    shop.write_files(SECOND | {"tests/unit/test_discount.py": "def test_nothing():\n    assert True\n"})
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 1")
    shop.edit("tests/unit/test_cart.py", "def test_empty():\n    assert total([]) == 0\n", "")
    shop.edit(
        "tests/e2e/test_shop.py", "def test_checkout", "import pytest\n\n@pytest.mark.skip(reason='slow')\ndef test_checkout"
    )
    done = shop.pytest("--handoff=session-2", "--handoff-gate")
    statuses = shop.statuses("session-2")
    shown = shop.show("session-2")
    boxes = shop.boxes("session-2")

    assert done.code == 1
    assert statuses["test_total"] == "regressed"
    assert statuses["test_empty"] == "missing"
    assert statuses["test_checkout"] == "newly_skipped"
    assert shown["tests"]["tests/unit/test_cart.py::test_empty"]["outcome"] is None
    assert (shown["regression"]["expected"], shown["regression"]["passing"]) == (3, 0)
    assert boxes[ALL_E2E_BEFORE] is False
    assert boxes[NEW_CODE] is False
    assert shown["new_code"]["files"]["src/shop/discount.py"]["missing"] == "3, 8-9"
    for name in ("test_total", "test_empty", "test_checkout"):
        assert name in done.section
        assert name in shop.document("session-2")


def test_third_session_continues_the_second(shop: Story) -> None:
    """The parent is the newest session, tests keep the session they come from, and a repaired test is fixed."""
    shop.pytest("--handoff=session-1")
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 1")
    shop.pytest("--handoff=session-2")
    shop.edit("src/shop/cart.py", "sum(prices) + 1", "sum(prices)")
    shop.pytest("--handoff=session-3")
    shown = shop.show("session-3")

    assert shown["previous"] == ["session-2"]
    assert shop.statuses("session-3") == {"test_checkout": "fixed", "test_empty": "fixed", "test_total": "fixed"}
    assert {test["since"] for test in shown["tests"].values()} == {"session-1"}
    assert shown["new_code"]["files"]["src/shop/cart.py"]["lines"] == "2"


def test_running_again_keeps_the_parents_and_changes_nothing(shop: Story) -> None:
    """The same session on the same tree leaves the document and ledger byte for byte as they were."""
    shop.environment["SOURCE_DATE_EPOCH"] = "1700000000"
    shop.pytest("--handoff=session-1")
    shop.pytest("--handoff=session-2")
    before = shop.evidence()
    shop.pytest("--handoff=session-2")

    assert shop.evidence() == before
    assert shop.show("session-2")["previous"] == ["session-1"]


def test_a_moved_test_file_and_a_new_name_for_parameters(shop: Story) -> None:
    """A renamed test file moves its tests; other parameters of the same function are reparametrized, not lost."""
    shop.write_files(
        {
            "tests/unit/test_many.py": """
            import pytest

            @pytest.mark.parametrize("n", [1, 2])
            def test_n(n):
                assert n
        """
        }
    )
    shop.pytest("--handoff=session-1")
    (shop.folder / "tests/unit/test_cart.py").rename(shop.folder / "tests/unit/test_basket.py")
    shop.edit("tests/unit/test_many.py", "[1, 2]", "[3, 4]")
    shop.pytest("--handoff=session-2")
    shown = shop.show("session-2")

    assert shop.statuses("session-2") == {
        "test_checkout": "still_passing",
        "test_empty": "moved",
        "test_total": "moved",
        "test_n[3]": "reparametrized",
        "test_n[4]": "reparametrized",
    }
    assert shown["tests"]["tests/unit/test_basket.py::test_total"]["moved_from"] == "tests/unit/test_cart.py::test_total"
    assert shown["tests"]["tests/unit/test_basket.py::test_total"]["since"] == "session-1"
    assert shown["regression"]["passing"] == shown["regression"]["expected"] == 5


@pytest.mark.parametrize("series", ["s", "tests-", "coverage-"])
def test_a_session_may_have_the_name_of_a_figure(shop: Story, series: str) -> None:
    """What a run wrote with the name of the session before is known again, and replaced when it changes."""
    shop.pytest(f"--handoff={series}1")
    shop.write_files({"src/shop/tax.py": "def tax(x):\n    return x * 2\n"})
    shop.pytest(f"--handoff={series}2")
    before = "100 %"
    assert f"- **Code Coverage**: 50.0 % ({series}1: {before})\n" in shop.text(f"handoffs/{series}2.md")
    assert "not found now" not in shop.handoff("show", f"{series}2").out

    shop.write_files({"tests/unit/test_tax.py": "from shop.tax import tax\n\ndef test_tax():\n    assert tax(1) == 2\n"})
    shop.pytest(f"--handoff={series}2")
    assert f"- **Code Coverage**: 100 % ({series}1: {before})\n" in shop.text(f"handoffs/{series}2.md")


def test_a_retirement_takes_a_test_out_with_its_reason(shop: Story) -> None:
    """A deleted test that is retired does not count any more, and the document says why."""
    shop.pytest("--handoff=session-1")
    (shop.folder / "tests/e2e/test_shop.py").unlink()
    with (shop.folder / "pyproject.toml").open("a") as file:
        file.write('\n[[tool.handoff.retire]]\ntest = "tests/e2e/test_shop.py::*"\nreason = "the shop closed"\n')
    done = shop.pytest("--handoff=session-2")

    assert shop.statuses("session-2")["test_checkout"] == "retired"
    assert shop.show("session-2")["regression"]["expected"] == 2
    assert shop.gate("session-2")["regression"] == "passed"
    assert "the shop closed" in shop.document("session-2")
    assert "1 retired" in done.section


def test_a_promise_is_made_and_kept(shop: Story) -> None:
    """A strict xfail is owed to the next session, which keeps it by passing."""
    shop.write_files(
        {
            "tests/e2e/test_gift.py": """
            import pytest

            @pytest.mark.xfail(strict=True, reason="gifts come next")
            def test_gift():
                assert False
        """
        }
    )
    shop.pytest("--handoff=session-1")
    assert shop.boxes("session-1")[ALL_E2E_NOW] is True
    assert "**New Functionality**: `tests/e2e/test_gift.py::test_gift` — gifts come next" in shop.document("session-1")
    shop.handoff("init", "session-2")
    assert "Promised: `tests/e2e/test_gift.py::test_gift` — gifts come next" in shop.document("session-2")
    shop.write_files({"tests/e2e/test_gift.py": "def test_gift():\n    assert True\n"})
    shop.pytest("--handoff=session-2")

    assert shop.statuses("session-2")["test_gift"] == "fixed"
    assert shop.gate("session-2")["promises"] == "passed"


def test_a_changed_configuration_file_that_does_not_parse_is_a_veto(shop: Story) -> None:
    """The machine blocks the configuration line and does not tick it; once it parses, a person ticks."""
    shop.pytest("--handoff=session-1")
    shop.write_files({"settings.json": "{broken", "ok.yaml": "a: [1, 2]\n"})
    done = shop.pytest("--handoff=session-2", "--handoff-gate")
    assert done.code == 1
    assert "settings.json" in done.section
    assert shop.boxes("session-2")[CONFIGURATION] is False
    assert shop.gate("session-2")["files_parse"] == "failed"
    shop.write_files({"settings.json": "{}"})
    shop.pytest("--handoff=session-2")
    assert shop.gate("session-2")["files_parse"] == "passed"
    assert shop.boxes("session-2")[CONFIGURATION] is False


def test_the_end_of_a_quiet_run_is_two_lines(shop: Story) -> None:
    """With ``-q`` the section has two lines below its title."""
    done = shop.pytest("-q", "--handoff=session-1")
    section = done.out.partition(" handoff session-1 ")[2].splitlines()[1:3]

    assert section == ["handoff session-1: all automatic checks pass · 7 need sign-off", "document   handoffs/session-1.md"]


def test_nothing_of_this_machine_is_in_the_evidence(shop: Story) -> None:
    """No absolute path, host or user name goes into what is committed."""
    shop.pytest("--handoff=session-1", str(shop.folder / "tests"), f"--basetemp={shop.folder.parent / 'base'}")
    written = b"".join(shop.evidence().values()).decode()

    assert str(shop.folder) not in written
    assert str(shop.folder.parent) not in written
