"""Parts that several jobs left, joined to one session."""

from __future__ import annotations

import io
import json
import os
import re
from contextlib import chdir, redirect_stderr, redirect_stdout
from typing import Any
from unittest.mock import patch

import pytest

from pytest_handoff.cli.handoff import main as command
from stories import FIRST, PYPROJECT, Done, Story

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
GROSS = "from shop.price import gross\n\ndef test_gross():\n    assert gross(1) == 2\n\n"
DYING = """import os, pytest

def test_dying():
    if os.environ.get("DYING") == "exit":
        os._exit(0)
    if os.environ.get("DYING") == "stop":
        pytest.exit("enough")

"""


@pytest.fixture
def shared(shop: Story) -> Story:
    """A project at its second session, whose conftest shares tests out by the environment's ``SHARE``: ``1/8`` to ``8/8``."""
    shop.write_files({"tests/conftest.py": SHARING_OUT})
    assert shop.pytest("--handoff=session-1", "--no-cov").code == 0
    shop.write_files({"src/shop/price.py": PRICES, "tests/unit/test_price.py": PRICE_TESTS})
    shop.edit("tests/e2e/test_shop.py", "def test_checkout", f"{GROSS}def test_checkout")
    shop.commit("second")
    return shop


def handoff(story: Story, *args: str) -> Done:
    """The command in this process, as the shell would call it; many of them in processes of their own would take a minute."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        chdir(story.folder),
        patch.dict(os.environ, story.environment, clear=True),
        redirect_stdout(said),
        redirect_stderr(complained),
        pytest.raises(SystemExit) as ended,
    ):
        command.main(args, prog_name="handoff")
    return Done(int(ended.value.code or 0), said.getvalue(), complained.getvalue())


def show(story: Story, session: str) -> dict[str, Any]:
    """The evidence of a session, as programs see it."""
    table: dict[str, Any] = json.loads(handoff(story, "show", session, "--json").out)
    return table


def part(story: Story, label: str, *args: str, folder: str = "../parts") -> Done:
    """A part of the first session."""
    return story.pytest("--handoff=session-1", f"--handoff-part={label}", f"--handoff-artifacts={folder}", *args)


def test_eight_shares_make_what_one_run_makes(shared: Story) -> None:
    """Ledger, coverage and new code of eight joined shares are those of one whole run; the ledger to the byte."""
    for number in range(1, 9):
        shared.environment["SHARE"] = f"{number}/8"
        done = shared.pytest("--handoff=session-2", f"--handoff-part=share-{number}", "--handoff-artifacts=../parts")
        assert done.code == 0, done
        assert f"part       ../parts/part-share-{number}" in done.out, done.out
    assert not (shared.folder / "handoffs/session-2.md").exists()
    assert not (shared.folder / "handoffs/evidence/session-2").exists()

    done = handoff(shared, "combine", "session-2", "../parts")
    assert done.code == 0, done
    joined, ledger = show(shared, "session-2"), shared.text("handoffs/evidence/session-2/tests.jsonl")
    assert handoff(shared, "verify", "session-2").code == 0

    shared.environment["SHARE"] = "1/1"
    shared.git("clean", "--quiet", "--force", "-d")
    assert shared.pytest("--handoff=session-2").code == 0
    whole = show(shared, "session-2")
    assert ledger == shared.text("handoffs/evidence/session-2/tests.jsonl")
    assert joined["complete"] is True
    assert (joined["new_code"]["covered"], joined["new_code"]["covered_by_new_unit"]) == (5, 2)
    for key in ("coverage", "new_code", "tests", "counts", "tiers", "regression", "changes", "integrity", "checks", "gates"):
        assert joined[key] == whole[key], key


def test_unit_and_e2e_jobs(empty: Story) -> None:
    """Two jobs that each look at their own folder, of a project in a folder of the repository; what they make can be exported."""
    shop = Story(empty.folder / "services")
    shop.write_files({**FIRST, "pyproject.toml": PYPROJECT, "src/shop/price.py": PRICES})
    shop.edit("tests/e2e/test_shop.py", "def test_checkout", f"{GROSS}def test_checkout")
    assert part(shop, "unit", "tests/unit", "--no-cov", folder="../../parts").code == 0
    assert part(shop, "e2e", "tests/e2e", "-n", "2", folder="../../parts").code == 0
    done = handoff(shop, "combine", "session-1", "../../parts", "--artifacts", "../../joined")
    shown = show(shop, "session-1")

    assert done.code == 0, done
    assert "parts      e2e: 2 passed · unit: 2 passed" in done.out
    assert shown["complete"] is True
    assert shown["coverage"]["files"]["services/src/shop/price.py"]["missing"] == "2, 8"
    assert "The part 'unit' measured none: coverage was switched off (--no-cov)." in shown["new_code"]["notes"]
    assert [(one["label"], one["counts"], one["not_measured"]) for one in shown["combined"]] == [
        ("e2e", {"passed": 2}, None),
        ("unit", {"passed": 2}, "coverage was switched off (--no-cov)"),
    ]
    assert "**Current Session Tests**: 2/2 passed" in shop.document("session-1")
    assert shop.pytest("--handoff=session-1", "-k", "test_total").code == 0
    assert show(shop, "session-1")["coverage"]["files"]["services/src/shop/price.py"]["missing"] == "2, 8"
    joined = shop.folder / "../../joined"
    assert "2/2 passed" in (joined / "handoffs/session-1.md").read_text("utf-8")
    assert (joined / "summary.md").is_file()


def test_parts_without_a_folder_are_found_where_they_are_kept(shop: Story) -> None:
    """In pytest's cache, for the tree as it stands; a change of the code leaves them behind."""
    for label in ("unit", "e2e"):
        done = shop.pytest("--no-cov", "--handoff=session-1", f"--handoff-part={label}", f"tests/{label}")
        assert "next       with all parts: handoff combine session-1\n" in done.out
    assert shop.git("status", "--short") == ""
    assert handoff(shop, "combine", "session-1").code == 0
    assert show(shop, "session-1")["complete"] is True
    [unit] = shop.folder.glob(".pytest_cache/handoff/.parts/session-1/*/part-unit")
    handoff(shop, "combine", "session-1", str(unit))
    assert "1 test did not run: tests/e2e/test_shop.py::test_checkout" in show(shop, "session-1")["why_incomplete"]
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(list(prices))")
    done = handoff(shop, "combine", "session-1")

    assert (done.code, done.out) == (2, "")
    assert "there is no part of 'session-1' about this code in .pytest_cache/handoff/.parts/session-1/" in done.err
    shop.pytest("--no-cov", "--handoff=session-1", "--handoff-part=unit", "tests/unit")
    assert len(list((shop.folder / ".pytest_cache/handoff/.parts/session-1").iterdir())) == 1


def test_a_declared_part_that_is_missing(shop: Story) -> None:
    """The session is recorded, names the part, is incomplete and passes no gate; with the part it is whole."""
    shop.write_files({"handoff.toml": 'parts = ["unit", "e2e", "slow"]\n'})
    done = part(shop, "units", "--no-cov")
    assert done.code == 4
    assert "--handoff-part=units is not one of the declared parts (unit, e2e, slow); add it to 'parts'" in done.err
    part(shop, "unit", "--no-cov", "tests/unit")
    part(shop, "e2e", "--no-cov", "tests/e2e")
    done = handoff(shop, "combine", "session-1", "../parts")
    assert done.code == 0, done
    assert done.out.count("the part 'slow' is missing") == 1, done.out
    assert show(shop, "session-1")["why_incomplete"] == "the part 'slow' is missing"
    assert not any(shop.boxes("session-1").values())
    assert handoff(shop, "gate", "session-1", "--machine-only").code == 1
    part(shop, "slow", "--no-cov", "-k", "nothing")
    assert handoff(shop, "combine", "session-1", "../parts").code == 0
    assert show(shop, "session-1")["complete"] is True


FAILING_ONCE = """
    import os

    def test_line():
        assert os.environ.get("LINE") != "down"
"""


def test_a_job_that_ran_again_and_a_matrix(shop: Story) -> None:
    """The newest attempt counts, what changed in it is flaky, and every part's outcome is told."""
    shop.write_files({"tests/e2e/test_line.py": FAILING_ONCE})
    shop.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://example.invalid", "GITHUB_REPOSITORY": "a/b"}
    shop.environment |= {"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1"}
    assert part(shop, "one", "--no-cov").code == 0
    shop.environment["LINE"] = "down"
    assert part(shop, "two", "--no-cov").code == 1
    del shop.environment["LINE"]
    handoff(shop, "combine", "session-1", "../parts")
    first = show(shop, "session-1")
    shop.environment["GITHUB_RUN_ATTEMPT"] = "2"
    assert part(shop, "two", "--no-cov").code == 0
    done = handoff(shop, "combine", "session-1", "../parts", "--artifacts", "../joined")
    second = show(shop, "session-1")
    test = "tests/e2e/test_line.py::test_line"

    assert first["tests"][test] | {"error": None} == {
        "outcome": "failed", "tier": "e2e", "since": "session-1", "status": "new", "error": None, "flaky": True,
        "parts": {"one": "passed", "two": "failed"},
    }  # fmt: skip
    assert "parts      one: 4 passed · two (attempt 2): 4 passed" in done.out
    assert second["tests"][test]["outcome"] == "passed"
    assert second["tests"][test]["flaky"] is True
    assert second["tests"][test]["parts"] == {"one": "passed", "two": "failed", "two (attempt 2)": "passed"}
    assert second["provenance"] == {"kind": "ci", "run_url": "https://example.invalid/a/b/actions/runs/7", "attempt": 2}
    told = handoff(shop, "show", "session-1").out
    assert f"differs    {test}  one passed · two failed · two (attempt 2) passed" in told
    assert "parts      one: 4 passed · two (attempt 2): 4 passed" in told
    summary = (shop.folder / "../joined/summary.md").read_text("utf-8")
    assert re.search(r"^\| two \(attempt 2\) \| 3\.\S+ \| .+ \| 4 passed \|$", summary, re.MULTILINE), summary
    assert "| one passed, two failed, two (attempt 2) passed |" in summary


def test_what_is_refused(shop: Story) -> None:
    """Each with one sentence and exit code 2; nothing is written."""
    shop.edit("tests/e2e/test_shop.py", "def test_checkout", f"{DYING}def test_checkout")
    part(shop, "unit", "--no-cov", "tests/unit")
    part(shop, "unit", "--no-cov", "tests/unit", folder="../twin")
    shop.environment["DYING"] = "exit"
    part(shop, "e2e", "--no-cov", "tests/e2e", folder="../dead")
    shop.environment["DYING"] = "stop"
    done = part(shop, "e2e", "--no-cov", "tests/e2e", folder="../stopped")
    assert "handoff session-1: interrupted after 0 of 2 tests (enough); next: run this part again" in done.out

    def refused(*folders: str, session: str = "session-1") -> str:
        done = handoff(shop, "combine", session, *folders)
        assert (done.code, done.out) == (2, ""), done
        assert not (shop.folder / "handoffs/evidence").exists()
        assert done.err.count("\n") == 1, done.err
        return done.err

    assert "../nowhere: is not a folder" in refused("../nowhere")
    assert "../twin/part-unit: the label 'unit' is also used in ../parts/part-unit" in refused("../parts", "../twin")
    assert "../dead/part-e2e: the part 'e2e' did not finish: its process ended before its tests finished" in refused("../dead")
    assert "did not finish: interrupted after 0 of 2 tests (enough)" in refused("../stopped", "../parts")
    assert "no run of 'session-1' was interrupted" in handoff(shop, "fill", "session-1", "--interrupted").err
    assert "../parts/part-unit: is a part of 'session-1', not of 'session-2'" in refused("../parts", session="session-2")
    results = shop.folder / "../twin/part-unit/results.json"
    results.write_text(results.read_text().replace("passed", "failed"))
    assert "../twin/part-unit/results.json: does not match the digest in part.json" in refused("../twin")
    (results.parent / "part.json").write_text("{")
    assert "../twin/part-unit/part.json: is damaged" in refused("../twin")
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(list(prices))")
    assert "the part 'unit' is about different code than this tree (src/shop/cart.py)" in refused("../parts")


def test_a_part_decides_nothing(shop: Story) -> None:
    """``--handoff-gate`` is refused with it, and so is a label that is no folder's name, before a test has run."""
    assert "needs a whole session, not a part; run handoff combine" in part(shop, "unit", "--handoff-gate").err
    assert "the label of a part 'a/b'" in part(shop, "a/b").err
    (shop.folder / "../file").write_text("")
    done = part(shop, "unit", folder="../file")
    assert (done.code, "--handoff-part: ") == (4, "--handoff-part: "), done
    assert "passed" not in done.out


def test_a_test_that_moved_between_jobs(shop: Story) -> None:
    """A job that cannot see where its test comes from takes it for new; then it is not known what new tests ran."""
    shop.pytest("--handoff=session-1")
    checkout = "def test_checkout():\n    assert total([5]) == 5"
    shop.edit("tests/e2e/test_shop.py", checkout, "def test_other():\n    assert total([5])")
    shop.edit("tests/unit/test_cart.py", "def test_empty", f"{checkout}\n\ndef test_empty")
    shop.edit("src/shop/cart.py", "    return sum(prices)", "    found = sum(prices)\n    return found")
    for label in ("unit", "e2e"):
        shop.pytest("--handoff=session-2", f"--handoff-part={label}", "--handoff-artifacts=../parts", f"tests/{label}")
    done = handoff(shop, "combine", "session-2", "../parts")
    shown = show(shop, "session-2")

    assert done.code == 0, done
    assert shop.statuses("session-2")["test_checkout"] == "moved"
    assert shown["not_measured"] == {
        "contexts": "the part 'unit' could not tell which earlier test tests/unit/test_cart.py::test_checkout continues"
    }
    assert (shown["new_code"]["covered"], shown["new_code"]["covered_by_new_unit"]) == (2, None)


HOOKS = """
    from pytest_handoff.record import Verdict

    def pytest_handoff_gates(config):
        return {"own.enough": lambda facts: Verdict(
            id="own.enough", verdict="passed" if len(facts.ledger) == 3 else "failed", evidence=f"{len(facts.ledger)} tests")}

    def pytest_handoff_facts(run):
        return {"own.ran": f"{len(run.results)} ran"}
"""


def test_hooks_are_asked_about_all_parts(shop: Story) -> None:
    """What a project's own hooks say of a session they say of the joined one; a hook that is not there any more is missed."""
    shop.write_files({"conftest.py": HOOKS})
    for label in ("unit", "e2e"):
        assert part(shop, label, "--no-cov", "-n", "0", f"tests/{label}").code == 0
    done = shop.handoff("combine", "session-1", "../parts")
    assert done.code == 0, done
    record = json.loads(shop.text("handoffs/evidence/session-1/record.json"))
    assert record["extensions"]["facts"] == {"own.ran": "3 ran"}
    assert record["extensions"]["gates"][0]["evidence"] == "3 tests"
    assert shop.gate("session-1")["own.enough"] == "passed"
    shop.environment["PYTEST_ADDOPTS"] = "--noconftest"
    done = shop.handoff("combine", "session-1", "../parts")
    assert done.code == 2
    assert "the parts were made with pytest_handoff_gates, pytest_handoff_facts, but pytest finds no such hook here" in done.err
