"""Tests that go on under other ids: what earlier sessions knew of them is neither lost nor counted twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stories import Story


def test_first_parameters_and_no_more_parameters(shop: Story) -> None:
    """A test that is parametrized for the first time, or not any more, goes on in one case; the others are new."""
    shop.write_files({"tests/unit/test_n.py": "import pytest\n\n@pytest.mark.parametrize('n', [7])\ndef test_n(n):\n    pass\n"})
    shop.pytest("--no-cov", "--handoff=session-1")
    cases = "import pytest\n\n@pytest.mark.parametrize('n', [0, 1])\ndef test_empty(n):"
    shop.edit("tests/unit/test_cart.py", "def test_empty():", cases)
    shop.write_files({"tests/unit/test_n.py": "def test_n():\n    pass\n"})
    done = shop.pytest("--no-cov", "--handoff=session-2")

    assert shop.statuses("session-2") == {
        "test_checkout": "still_passing",
        "test_total": "still_passing",
        "test_empty[0]": "reparametrized",
        "test_empty[1]": "new",
        "test_n": "reparametrized",
    }
    assert "4/4 still pass   2 reparametrized" in done.section
    assert "1 new" in done.section


CHANGING = """
    import time
    import uuid
    from datetime import date

    import pytest

    KEY = "1f0c9a52-6f7e-4d3a-9b1c-2a7c5d0e8f11"

    @pytest.mark.parametrize("thing", [object(), object()], ids=repr)
    def test_object(thing): pass

    @pytest.mark.parametrize("key", [str(uuid.uuid4())])
    def test_uuid(key): pass

    @pytest.mark.parametrize("second", [str(time.time())])
    def test_time(second): pass

    @pytest.mark.parametrize("day", [date.today()], ids=str)
    def test_today(day): pass

    @pytest.mark.parametrize("part", [str(uuid.uuid4())[:4]])
    def test_part(part): pass

    @pytest.mark.parametrize("key", [KEY, str(uuid.UUID(int=5)), "0x7f31c04ed2b0", "1795000000"])
    def test_literal(key): pass

    @pytest.mark.parametrize("day", [date(2024, 2, 29)], ids=str)
    def test_day(day): pass

    @pytest.mark.skip
    @pytest.mark.parametrize("thing", [object()], ids=repr)
    def test_skipped(thing): pass
"""
FILE = "tests/unit/test_changing.py"
AT_FIRST_SIGHT = {
    f"{FILE}::test_object": "a memory address",
    f"{FILE}::test_skipped": "a memory address",
    f"{FILE}::test_time": "the time of the run",
    f"{FILE}::test_today": "the time of the run",
    f"{FILE}::test_uuid": "a UUID",
}


def unstable(story: Story, session: str) -> dict[str, str]:
    """Test function to what is wrong with its ids."""
    return {ids["test"]: ids["why"] for ids in story.show(session)["unstable"]}


def test_ids_that_change_by_themselves(shop: Story) -> None:
    """They are named where the run ends, in the record, in ``show`` and ``explain``; no test is lost or new for them."""
    shop.write_files({FILE: CHANGING})
    done = shop.pytest("--no-cov", "--handoff=session-1", "-v")
    first = unstable(shop, "session-1")
    explained = shop.handoff("explain", "session-1").out
    shop.write_files({"src/shop/more.py": "MORE = 1\n"})
    again = shop.pytest("--no-cov", "--handoff=session-2")
    shown = shop.show("session-2")

    assert first == AT_FIRST_SIGHT
    for text in (done.section, explained):
        assert f"{FILE}::test_object: 2 ids such as test_object[<object object at 0x" in text
        assert (
            "a memory address changes on every run, so the next session cannot match them; name the parameters with ids=" in text
        )
    assert f"ids        {FILE}::test_object: 2 ids such as" in again.section
    assert shown["regression"]["statuses"] == dict.fromkeys(shown["regression"]["statuses"], 0) | {
        "still_passing": 3 + 1 + 4 + 1, "reparametrized": 2 + 1 + 1 + 1 + 1,
    }  # fmt: skip
    assert "14/14 still pass" in again.section
    assert (shown["complete"], shown["counts"]["passed"], "0 new" in again.section) == (True, 14, True)


def test_ids_that_differ_on_the_same_code(shop: Story) -> None:
    """A second run on the same code proves which ids change, also those that look like nothing; parts add up all the same."""
    shop.write_files({FILE: CHANGING})
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.pytest("--no-cov", "--handoff=session-1", "-k", "object or uuid")
    shown = shop.show("session-1")

    assert unstable(shop, "session-1") == {
        f"{FILE}::test_object": "a memory address",
        f"{FILE}::test_part": "other parameters on the same code",
        f"{FILE}::test_skipped": "a memory address",
        f"{FILE}::test_time": "the time of the run",
        f"{FILE}::test_uuid": "a UUID",
    }
    assert sum("test_object" in test or "test_uuid" in test for test in shown["tests"]) == 3


def test_more_cases_than_before_are_new_tests(shop: Story) -> None:
    """One case went and nine came: one of them goes on, eight are new, and what they alone run is run by new tests."""
    imports = "import pytest\nfrom shop.cart import kind\n\n\n"
    cases = imports + "@pytest.mark.parametrize('x', {})\ndef test_kind(x):\n    assert kind(x)\n"
    shop.write_files({"src/shop/cart.py": shop.text("src/shop/cart.py") + "\n\ndef kind(x):\n    return 'small'\n"})
    shop.write_files({"tests/unit/test_kind.py": cases.format([1, 2])})
    shop.pytest("--handoff=session-1")
    shop.edit("src/shop/cart.py", "    return 'small'", "    if x > 5:\n        return 'large'\n    return 'small'")
    shop.write_files({"tests/unit/test_kind.py": cases.format([1, *range(3, 12)])})
    done = shop.pytest("--handoff=session-2")

    statuses = shop.statuses("session-2")
    assert statuses["test_kind[1]"] == "still_passing"
    assert sum(status == "reparametrized" for status in statuses.values()) == 1
    assert sum(status == "new" for status in statuses.values()) == 8
    assert shop.show("session-2")["regression"]["expected"] == 5
    assert "by new unit tests 2/2" in done.section


def test_fewer_cases_than_before_are_missing_ones(shop: Story) -> None:
    """What goes on counts; only what is really fewer is lost."""
    cases = "import pytest\n\n\n@pytest.mark.parametrize('x', {})\ndef test_x(x): pass\n"
    shop.write_files({"tests/unit/test_x.py": cases.format([1, 2, 3])})
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.write_files({"tests/unit/test_x.py": cases.format([4, 5])})
    shop.pytest("--no-cov", "--handoff=session-2")

    statuses = [status for test, status in shop.statuses("session-2").items() if test.startswith("test_x[")]
    assert sorted(statuses) == ["missing", "reparametrized", "reparametrized"]


def test_cases_that_went_are_owed_until_as_many_come(shop: Story) -> None:
    """Two of four were lost; three that come later stand in for them and for one that went meanwhile, and poison nothing."""
    cases = "import pytest\n\n\n@pytest.mark.parametrize('x', {})\ndef test_x(x): pass\n"
    told = []
    for number, values in enumerate(([1, 2, 3, 4], [5, 6], [5, 7, 8, 9], [5, 7, 8, 9, 10]), 1):
        shop.write_files({"tests/unit/test_x.py": cases.format(values)})
        shop.pytest("--no-cov", f"--handoff=session-{number}")
        found = [status for test, status in shop.statuses(f"session-{number}").items() if test.startswith("test_x[")]
        told.append({status: found.count(status) for status in sorted(set(found))})

    assert told == [
        {"new": 4},
        {"missing": 2, "reparametrized": 2},
        {"reparametrized": 3, "still_passing": 1},
        {"new": 1, "still_passing": 4},
    ]


MANY = "import pytest\n\n@pytest.mark.parametrize('n', {})\ndef test_n(n): assert n\n"
MANY_FILE = "tests/unit/test_many.py"


def cases(story: Story, session: str, values: list[int], *args: str) -> str:
    """Record a session in which ``test_n`` has these cases."""
    story.write_files({MANY_FILE: MANY.format(values)})
    return story.pytest("--no-cov", f"--handoff={session}", *args).out


def in_ledger(story: Story, session: str) -> dict[str, tuple[str | None, str | None]]:
    """Case of ``test_n`` to its outcome and the session in which others came in its place, as the file has them."""
    lines = map(json.loads, story.text(f"handoffs/evidence/{session}/tests.jsonl").splitlines())
    found = {line["id"].partition("::")[2]: (line["outcome"], line.get("replaced")) for line in lines}
    return {test: said for test, said in found.items() if test.startswith("test_n")}


def test_the_ledger_keeps_the_ids_that_went(shop: Story) -> None:
    """It says when others came in their place, for good; they are neither counted nor missing, and one may come back."""
    cases(shop, "session-1", [1, 2, 3])
    cases(shop, "session-2", [1, 4, 5, 6])
    cases(shop, "session-3", [1, 4, 5, 6])
    ledgers = [in_ledger(shop, "session-2"), in_ledger(shop, "session-3")]
    shown, gate = shop.show("session-3"), shop.gate("session-3")["regression"]
    checked, told = shop.handoff("verify", "session-3", "--all"), shop.handoff("history", "test_n[2]").out
    cases(shop, "session-4", [1, 2, 5, 6])

    there, gone = ("passed", None), (None, "session-2")
    kept = {"test_n[2]": gone, "test_n[3]": gone}
    assert ledgers == [dict.fromkeys(["test_n[1]", "test_n[4]", "test_n[5]", "test_n[6]"], there) | kept] * 2
    assert list(ledgers[0]) == sorted(ledgers[0])
    assert (shown["regression"]["statuses"]["missing"], shown["regression"]["expected"], gate) == (0, 7, "passed")
    assert checked.code == 0, checked
    assert "session-2 … session-3 (2 sessions)  ∅ gone: its function now has other parameters" in told
    assert "2 earlier tests continue with other parameters; the ledger keeps the old ids." in shop.document("session-2")
    assert "other parameters" not in shop.document("session-3")
    assert in_ledger(shop, "session-4")["test_n[2]"] == there
    assert in_ledger(shop, "session-4")["test_n[4]"] == (None, "session-4")


def test_a_part_of_the_run_keeps_what_the_other_part_saw(shop: Story) -> None:
    """Runs on one tree add up: the second one did not look at the file whose ids went, and filling changes nothing."""
    cases(shop, "session-1", [1, 2])
    cases(shop, "session-2", [1, 3], "tests/unit")
    shop.pytest("--no-cov", "--handoff=session-2", "tests/e2e")
    before = shop.evidence()
    filled = shop.handoff("fill", "session-2")

    assert in_ledger(shop, "session-2") == {
        "test_n[1]": ("passed", None), "test_n[2]": (None, "session-2"), "test_n[3]": ("passed", None),
    }  # fmt: skip
    assert shop.show("session-2")["complete"], shop.show("session-2")
    assert (filled.code, shop.evidence()) == (0, before)


def test_a_branch_on_which_the_id_is_alive(shop: Story) -> None:
    """After a merge the id that one branch replaced and the other one has is a test, and what both replaced stays gone."""
    cases(shop, "session-1", [1, 2, 3])
    cases(shop, "session-2a", [1, 2, 4])
    shop.write_files({MANY_FILE: MANY.format([1, 5, 6])})
    shop.pytest("--no-cov", "--handoff=session-2b", "--handoff-previous=session-1")
    cases(shop, "session-3", [1, 2, 4, 5, 6])
    statuses = shop.statuses("session-3")

    assert in_ledger(shop, "session-3")["test_n[3]"][0] is None
    assert in_ledger(shop, "session-3")["test_n[2]"] == ("passed", None)
    assert {statuses[f"test_n[{case}]"] for case in (1, 2, 4, 5, 6)} == {"still_passing"}


def test_ids_that_change_by_themselves_are_not_kept(shop: Story) -> None:
    """Each run would leave as many behind: the ledger does not grow by them."""
    shop.write_files({FILE: CHANGING})
    sizes = []
    for session in ("session-1", "session-2", "session-3"):
        shop.pytest("--no-cov", f"--handoff={session}")
        lines = [json.loads(line) for line in shop.text(f"handoffs/evidence/{session}/tests.jsonl").splitlines()]
        sizes.append(sum("test_object" in line["id"] or "test_time" in line["id"] for line in lines))

    assert sizes == [3, 3, 3]


def test_cases_that_became_one_plain_test(shop: Story) -> None:
    """It goes on for the cases whose values stand in its body, and for no others; later sessions know the one test."""
    head = "def add(a, b):\n    return a + b\n\n\n"
    cases = "import pytest\n\n\n" + head + "@pytest.mark.parametrize(('a', 'b'), {})\ndef test_add(a, b):\n    assert add(a, b)\n"
    shop.write_files({"tests/unit/test_add.py": cases.format([(1, 2), (3, 4), (5, 6)])})
    shop.pytest("--no-cov", "--handoff=session-1")
    both = head + "def test_add():\n    assert add(1, 2) == 3\n    assert add(3, 4) == 7\n"
    shop.write_files({"tests/unit/test_add.py": both})
    shop.pytest("--no-cov", "--handoff=session-2")
    statuses = {test: status for test, status in shop.statuses("session-2").items() if test.startswith("test_add")}
    assert statuses == {"test_add": "reparametrized", "test_add[5-6]": "missing"}

    shop.write_files({"tests/unit/test_add.py": both + "    assert add(5, 6) == 11\n"})
    shop.pytest("--no-cov", "--handoff=session-2", "tests/unit/test_add.py")
    shop.pytest("--no-cov", "--handoff=session-2")
    assert shop.show("session-2")["regression"]["expected"] == 4
    assert "regression" not in shop.handoff("gate", "session-2", "--machine-only").out
    shop.pytest("--no-cov", "--handoff=session-3")
    assert "4/4 still pass" in shop.pytest("--no-cov", "--handoff=session-3").section
    assert "session-2" in shop.handoff("history", "tests/unit/test_add.py::test_add[5-6]").out
