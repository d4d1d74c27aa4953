"""The same evidence from parallel runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

MANY = """
    import pytest
    from shop.cart import total

    @pytest.mark.parametrize("n", range(20))
    def test_many(n):
        assert total([n]) == n

    @pytest.mark.skip(reason="not now")
    def test_skipped():
        pass

    @pytest.mark.xfail(reason="known")
    def test_known():
        assert False

    def test_fails():
        assert total([1]) == 2

    @pytest.mark.e2e
    def test_marked():
        assert True
"""


def test_same_ledger_and_coverage_serial_and_parallel(shop: Story) -> None:
    """``-n 2`` gives the ledger of a serial run byte for byte, and the same coverage by kinds of tests."""
    shop.write_files({"tests/unit/test_many.py": MANY})
    shop.pytest("--handoff=session-1")
    serial, shown = shop.text("handoffs/evidence/session-1/tests.jsonl"), shop.show("session-1")
    shop.pytest("--handoff=session-1", "-n", "2")
    again = shop.show("session-1")

    assert shop.text("handoffs/evidence/session-1/tests.jsonl") == serial
    assert again["coverage"] == shown["coverage"]
    assert again["new_code"] == shown["new_code"]
    assert again["tests"]["tests/unit/test_many.py::test_marked"]["tier"] == "e2e"


def test_old_and_new_tests_are_told_apart_on_workers(shop: Story) -> None:
    """A worker knows which tests earlier sessions had: what only they run is not covered by new unit tests."""
    shop.pytest("--handoff=session-1", "-n", "2")
    shop.edit("src/shop/cart.py", "    return sum(prices)", "    found = sum(prices)\n    return found")
    shop.write_files({"tests/unit/test_new.py": "def test_new():\n    import shop.cart\n"})
    shop.pytest("--handoff=session-2", "-n", "2")
    code = shop.show("session-2")["new_code"]

    assert (code["num_statements"], code["covered"], code["covered_by_unit"], code["covered_by_new_unit"]) == (2, 2, 2, 0)


def test_a_crashed_worker_is_named(shop: Story) -> None:
    """A test that kills its worker ended in an error; the rest counts, and the run is incomplete for the lost coverage."""
    shop.write_files({"tests/unit/test_crash.py": "import os\n\ndef test_crash():\n    os._exit(1)\n"})
    shop.pytest("--handoff=session-1", "-n", "2")
    shown = shop.show("session-1")

    assert shown["tests"]["tests/unit/test_crash.py::test_crash"]["outcome"] == "error"
    assert shown["counts"]["passed"] == 3
    assert shown["complete"] is False
    assert "crashed" in shown["why_incomplete"]


def test_workers_that_collect_different_tests_are_named(shop: Story) -> None:
    """A parameter that differs from process to process: pytest-xdist runs nothing, and the record says why."""
    head = "import os\nimport pytest\n\n@pytest.mark.parametrize('n', [os.environ['PYTEST_XDIST_WORKER']])\n"
    shop.write_files({"tests/unit/test_apart.py": head + "def test_n(n):\n    pass\n"})
    done = shop.pytest("--handoff=session-1", "-n", "2")

    assert done.code == 1
    why = shop.show("session-1")["why_incomplete"]
    said = r"(gw0 and gw1|gw1 and gw0) collected different tests, so none ran \(every process must collect the same tests\)"
    assert re.match(said, why)
    assert re.search(f"incomplete: {said}", shop.handoff("gate", "session-1").out)


WRONG_MARKER = {"tests/unit/test_wrong.py": "import pytest\n\n@pytest.mark.handoff\ndef test_x():\n    pass\n"}
WRONG_TIER = {"conftest.py": "def pytest_handoff_tier(item):\n    return 'no word'\n"}
NO_SUCH_PATH = "tests/none.py"


@pytest.mark.parametrize("measured", ["--no-cov", "--cov"])
@pytest.mark.parametrize(
    ("files", "paths", "said"),
    [
        (WRONG_MARKER, [], '::test_x: write @pytest.mark.handoff(check="the text of a checklist line")'),
        (WRONG_TIER, [], "pytest_handoff_tier returned 'no word'; a tier is a word"),
        ({}, [NO_SUCH_PATH], f"file or directory not found: {NO_SUCH_PATH}"),
    ],
    ids=["marker", "hook", "path"],
)
def test_a_usage_mistake_is_said_as_in_a_serial_run(
    shop: Story, files: dict[str, str], paths: list[str], said: str, measured: str
) -> None:
    """In one sentence, with pytest's exit code for it, and what was recorded before stays."""
    shop.pytest("--no-cov", "--handoff=session-1")
    before = shop.evidence()
    shop.write_files(files)
    for workers in (["-p", "no:xdist"], ["-n", "2"]):
        done = shop.pytest(measured, "--handoff=session-1", *workers, *paths)
        assert done.code == pytest.ExitCode.USAGE_ERROR
        assert said in done.err
        assert "pytest rejected the command line: nothing was recorded, and the evidence is unchanged" in done.out
        assert "INTERNALERROR" not in done.out + done.err
        assert shop.evidence() == before


WITHOUT_TRACEBACK = """
    import pytest


    @pytest.mark.xfail(strict=True, reason="not yet")
    def test_works_already():
        pass


    def test_fails_in_words():
        pytest.fail("the price is wrong", pytrace=False)


    @pytest.fixture
    def broken():
        pytest.fail("no shop", pytrace=False)


    def test_without_a_shop(broken):
        pass
"""


def test_errors_are_those_of_a_serial_run(empty: Story) -> None:
    """Where an error is words without a traceback, xdist says before them which worker it was, and where its Python is."""
    empty.write_files({"tests/test_words.py": WITHOUT_TRACEBACK})
    ledgers = []
    for args in ([], ["-n", "2"]):
        empty.pytest("--no-cov", "--handoff=session-1", *args)
        ledgers.append(empty.text("handoffs/evidence/session-1/tests.jsonl"))

    assert ledgers[0] == ledgers[1]
    assert all(f'"error":"{words}' in ledgers[0] for words in ("[XPASS(strict)] not yet", "the price is wrong", "no shop"))
