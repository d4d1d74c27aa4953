"""Parts that several jobs left, joined to one session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Story

SHARING_OUT = """
    import os

    def pytest_collection_modifyitems(config, items):
        number, of = map(int, os.environ.get("SHARE", "1/1").split("/"))
        mine = items[number - 1 :: of]
        config.hook.pytest_deselected(items=[item for item in items if item not in mine])
        items[:] = mine
"""
PRICES = """
    def net(price):
        return price


    def gross(price, rate=2):
        if rate:
            return price * rate
        return price
"""
PRICE_TESTS = """
    import pytest
    from shop.price import gross, net

    @pytest.mark.parametrize("price", range(8))
    def test_net(price):
        assert net(price) == price

    @pytest.mark.skip(reason="not yet")
    def test_later():
        pass

    @pytest.mark.xfail(strict=True, reason="owed")
    def test_owed():
        assert gross(1) == 3
"""


@pytest.fixture
def shared(shop: Story) -> Story:
    """A project at its second session, whose conftest shares tests out by the environment's ``SHARE``: ``1/8`` to ``8/8``."""
    shop.write_files({"tests/conftest.py": SHARING_OUT})
    assert shop.pytest("--handoff=session-1").code == 0
    shop.write_files({"src/shop/price.py": PRICES, "tests/unit/test_price.py": PRICE_TESTS})
    gross = "from shop.price import gross\n\ndef test_gross():\n    assert gross(1) == 2\n\n"
    shop.edit("tests/e2e/test_shop.py", "def test_checkout", f"{gross}def test_checkout")
    shop.commit("second")
    return shop


def test_eight_shares_make_what_one_run_makes(shared: Story) -> None:
    """Ledger, coverage and new code of eight joined shares are those of one whole run; the ledger to the byte."""
    for number in range(1, 9):
        shared.environment["SHARE"] = f"{number}/8"
        done = shared.pytest("--handoff=session-2", f"--handoff-part=share-{number}", "--handoff-artifacts=../parts")
        assert done.code == 0, done
        assert f"part       ../parts/part-share-{number}" in done.out, done.out
    assert not (shared.folder / "handoffs/session-2.md").exists()
    assert not (shared.folder / "handoffs/evidence/session-2").exists()

    done = shared.handoff("combine", "session-2", "../parts")
    assert done.code == 0, done
    joined, ledger = shared.show("session-2"), shared.text("handoffs/evidence/session-2/tests.jsonl")
    assert shared.handoff("verify", "session-2").code == 0

    shared.environment["SHARE"] = "1/1"
    shared.git("clean", "--quiet", "--force", "-d")
    assert shared.pytest("--handoff=session-2").code == 0
    whole = shared.show("session-2")
    assert ledger == shared.text("handoffs/evidence/session-2/tests.jsonl")
    assert joined["complete"] is True
    assert (joined["new_code"]["covered"], joined["new_code"]["covered_by_new_unit"]) == (5, 2)
    for key in ("coverage", "new_code", "tests", "counts", "tiers", "regression", "changes", "integrity", "checks", "gates"):
        assert joined[key] == whole[key], key
