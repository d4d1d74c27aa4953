"""``handoff prove`` in real projects: earlier tests as they were, new tests on the code of before."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from pytest_handoff.cli.schemas import schema
from stories import Story

if TYPE_CHECKING:
    from stories import Done

CART = "tests/unit/test_cart.py"


@pytest.fixture
def second(shop: Story) -> Story:
    """A project with one session, committed, before the work of its second."""
    shop.pytest("--handoff=session-1")
    shop.commit("session-1")
    return shop


def prove(story: Story, *args: str, session: str = "session-2") -> tuple[Done, dict[str, Any]]:
    """Record the session, commit it and prove it; the proof is what the file holds."""
    story.pytest(f"--handoff={session}")
    story.commit(session)
    return proved(story, *args, session=session)


def proved(story: Story, *args: str, session: str = "session-2") -> tuple[Done, dict[str, Any]]:
    """Prove a session that is recorded."""
    path = f"handoffs/evidence/{session}/proof.json"
    before = _state(story, path)
    done = story.handoff("prove", session, *args)
    assert _state(story, path) == before, "the work tree, the index or the stash changed"
    return done, json.loads(story.text(path)) if (story.folder / path).is_file() else {}


def _state(story: Story, without: str) -> tuple[str, str]:
    return story.git("status", "--porcelain", "--", ".", f":(exclude){without}"), story.git("stash", "list")


def statuses(table: dict[str, Any], which: str = "earlier") -> dict[str, str]:
    """Test name to status."""
    return {test.partition("::")[2]: tried["status"] for test, tried in table[which]["tests"].items()}


RATES = {
    "src/shop/rates.py": """
        def rate(country):
            return {"de": 19, "fr": 20}[country]

        def net(price):
            if price < 0:
                raise ValueError("price")
            return price - price // 10

        def label(price):
            return f"{price} EUR"
    """,
    "tests/conftest.py": """
        import pytest

        @pytest.fixture
        def price():
            return 100
    """,
    "tests/unit/test_rates.py": """
        import pytest
        from shop.rates import label, net, rate

        CASES = [("de", 19), ("fr", 20)]

        @pytest.mark.parametrize("country, percent", CASES)
        def test_rate(country, percent):
            assert rate(country) == percent

        def test_all_rates():
            for country, percent in CASES:
                assert rate(country) == percent

        def test_net():
            assert net(50) == 45

        def test_refused():
            with pytest.raises(ValueError):
                net(-1)

        def test_label():
            assert label(5) == "5 EUR"

        def test_zero():
            assert net(0) == 0
    """,
    "tests/unit/test_price.py": """
        from shop.rates import net

        def test_price(price):
            assert net(price) == 90
    """,
    "tests/unit/test_texts.py": """
        from pathlib import Path
        from shop.rates import label

        def test_text():
            assert label(7) == Path(__file__).with_name("text.txt").read_text().strip()
    """,
    "tests/unit/text.txt": "7 EUR\n",
}
BROKEN = {
    '"fr": 20': '"fr": 21',
    "if price < 0:": "if price < -5:",
    "price - price // 10": "price - price // 5",
    "{price} EUR": "{price} Euro",
}
"""What each of the cheats hides."""

CHEATS = {
    "tests/unit/test_rates.py": """
        import pytest
        from shop.rates import label, net, rate

        CASES = [("de", 19)]

        @pytest.mark.parametrize("country, percent", [("de", 19), ("fr", 21)])
        def test_rate(country, percent):
            assert rate(country) == percent

        def test_all_rates():
            for country, percent in CASES:
                assert rate(country) == percent

        def test_net():
            net(50)

        def test_refused():
            with pytest.raises(Exception):
                net(-1 if False else None)

        def test_label():
            assert True

        def test_zero():
            assert net(0) == 0
    """,
}


def test_every_way_to_weaken_a_test_is_named(second: Story) -> None:
    """The code broke: a test was emptied, asserts True, expects any exception, expects what is wrong, uses other cases.

    So are a test whose fixture was weakened in a conftest, and one whose expectation is data.
    """
    second.write_files(RATES)
    second.pytest("--handoff=session-2")
    second.commit("session-2")
    for old, new in BROKEN.items():
        second.edit("src/shop/rates.py", old, new)
    second.write_files(CHEATS)
    second.edit("tests/conftest.py", "return 100", "return 0")
    second.edit("tests/unit/test_price.py", "== 90", "== 0")
    second.edit("tests/unit/text.txt", "EUR", "Euro")
    done, proof = prove(second, "--earlier", session="session-3")
    assert done.code == 0, done
    found = statuses(proof)
    assert {name for name, status in found.items() if status == "adapted"} == {
        "test_rate[fr-20]", "test_all_rates", "test_net", "test_refused", "test_label", "test_price", "test_text",
    }  # fmt: skip
    assert {name for name, status in found.items() if status == "holds"} >= {"test_rate[de-19]", "test_zero", "test_total"}
    assert proof["earlier"]["tests"]["tests/unit/test_rates.py::test_net"] == {
        "status": "adapted", "error": "assert 40 == 45", "place": "tests/unit/test_rates.py:15",
    }  # fmt: skip
    assert "adapted  tests/unit/test_rates.py::test_net  assert 40 == 45 (tests/unit/test_rates.py:15)" in done.out
    assert "DID NOT RAISE" in proof["earlier"]["tests"]["tests/unit/test_rates.py::test_refused"]["error"]
    assert (proof["tried"], proof["new"], proof["holds"]) == (["earlier"], None, True)


TWINS = {
    "tests/unit/test_cart.py": """
        from shop.cart import total


        def test_total() -> None:
            prices = [1, 2]
            assert total(prices) == 3  # the same in other words
    """,
    "tests/unit/test_nothing.py": """
        from shop.cart import total

        def test_empty():
            assert total([]) == 0
    """,
    "tests/unit/test_net.py": """
        from shop.rates import net

        def test_zero_is_zero():
            assert net(0) == 0

        def test_half():
            assert net(50) == 45
    """,
}


def test_honest_edits_are_named_as_what_they_are(second: Story) -> None:
    """Reformatted, moved, renamed and split tests hold as they were; a changed behaviour adapts its test."""
    second.write_files({
        "src/shop/rates.py": RATES["src/shop/rates.py"],
        "tests/unit/test_net.py": """
            from shop.rates import label, net

            def test_net():
                assert net(0) == 0
                assert net(50) == 45
        """,
        "tests/unit/test_label.py": """
            from shop.rates import label

            def test_label():
                assert label(5) == "5 EUR"
        """,
    })  # fmt: skip
    second.pytest("--handoff=session-2")
    second.commit("session-2")
    second.edit("src/shop/rates.py", "{price} EUR", "{price:.2f} EUR")
    second.write_files(TWINS)
    second.edit("tests/unit/test_label.py", "5 EUR", "5.00 EUR")
    second.git("mv", "tests/e2e/test_shop.py", "tests/e2e/test_the_shop.py")
    done, proof = prove(second, "--earlier", session="session-3")
    assert done.code == 0, done
    assert statuses(proof) == {
        "test_total": "holds", "test_empty": "holds", "test_net": "holds", "test_checkout": "holds", "test_label": "adapted",
    }  # fmt: skip
    assert "5 others in the old version: 4 still pass, 1 adapted" in done.out


def test_a_failing_test_mended_in_the_test_speaks_against_it(second: Story) -> None:
    """It failed in the session before, fails as it was, and passes since its expectation was changed."""
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + len(prices)")
    second.pytest("--handoff=session-2")
    second.commit("session-2")
    second.edit(CART, "== 3", "== 5")
    done, proof = prove(second, session="session-3")
    assert done.code == 1, done
    assert statuses(proof)["test_total"] == "mended_in_test"
    assert "against the tests: 1 earlier test failed before, and passed only after an edit to the test" in done.out
    assert not proof["holds"]
    assert proof["reasons"]


def test_a_test_that_fails_or_went_speaks_against_it_too(second: Story) -> None:
    """One still fails after its edit, one was deleted and fails as it was."""
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 1")
    second.write_files({CART: """
        from shop.cart import total

        def test_total():
            assert total([1, 2]) == 5
    """})  # fmt: skip
    done, proof = prove(second, "--earlier")
    assert done.code == 1, done
    assert statuses(proof) == {"test_total": "fails", "test_empty": "fails"}


NEW = {
    "src/shop/cart.py": """
        def total(prices, discount=0):
            return sum(prices) - discount

        def average(prices):
            return sum(prices) / len(prices)
    """,
    "tests/unit/test_discount.py": """
        import pytest
        from shop.cart import total

        def test_discount():
            assert total([5], discount=2) == 3

        @pytest.mark.parametrize("prices", [[1], [1, 2], [3]])
        def test_sum(prices):
            assert total(prices) == sum(prices)

        @pytest.mark.skip(reason="later")
        def test_later():
            pass
    """,
    "tests/unit/test_average.py": """
        from shop.cart import average

        def test_average():
            assert average([1, 3]) == 2
    """,
}


def test_new_tests_that_need_the_change_are_told_from_those_that_do_not(second: Story) -> None:
    """One fails on the code of before, one cannot be imported there, and the parameters of one are counted together."""
    second.write_files(NEW)
    done, proof = prove(second, "--new")
    assert done.code == 0, done
    assert statuses(proof, "new") == {
        "test_discount": "needs_the_change",
        "test_average": "needs_the_change",
        **{f"test_sum[prices{number}]": "passes_without_it" for number in range(3)},
    }
    tests = proof["new"]["tests"]
    assert "unexpected keyword argument" in tests["tests/unit/test_discount.py::test_discount"]["error"]
    assert "cannot import name 'average'" in tests["tests/unit/test_average.py::test_average"]["error"]
    assert proof["new"]["left_out"] == {"tests/unit/test_discount.py::test_later": "it does not pass now: skipped"}
    assert "5 new tests on the old code: 2 need the change, 3 pass without it" in done.out
    assert "passes without it  tests/unit/test_discount.py::test_sum (3 tests)" in done.out


def test_both_are_tried_and_the_proof_is_evidence_of_the_same_tree(second: Story) -> None:
    """It makes nothing stale, is kept by another experiment on the same record, and is replaced for another record."""
    second.write_files(NEW)
    second.edit(CART, "== 3", "== 2 + 1")
    done, proof = prove(second)
    assert done.code == 0, done
    jsonschema.validate(proof, schema("proof"))
    assert proof["tried"] == ["earlier", "new"]
    assert statuses(proof) == {"test_total": "holds", "test_empty": "holds"}
    shown = second.show("session-2")
    jsonschema.validate(shown, schema("show"))
    assert shown["fresh"]
    assert shown["proof"] == {
        "holds": True, "interrupted": False, "reasons": [], "earlier": {"holds": 2},
        "new": {"needs_the_change": 2, "passes_without_it": 3}, "faults": None,
    }  # fmt: skip
    assert second.handoff("verify", "session-2").code == 0
    second.write_files({"handoffs/session-2.md": "# Another\n\n- **Code Coverage**: [X %]\n"})
    record = second.text("handoffs/evidence/session-2/record.json")
    second.handoff("fill", "session-2")
    assert second.text("handoffs/evidence/session-2/record.json") != record
    _, again = proved(second, "--earlier")
    assert again["new"] == proof["new"]
    printed = second.handoff("prove", "session-2", "--new", "--json")
    assert json.loads(printed.out) == {key: value for key, value in again.items() if key != "digest"} | {"digest": None}
    second.write_files({"src/shop/more.py": "X = 1\n"})
    second.pytest("--handoff=session-2")
    assert second.show("session-2")["proof"] is None
    _, other = proved(second, "--earlier")
    assert other["record"] != proof["record"]
    assert other["new"] is None


LAYOUTS = {
    "src, by PYTHONPATH": "src",
    "src, by a path file": "src",
    "src, by an editable finder": "src",
    "flat, by an editable finder": "",
    "namespace, by a path file": "src",
}
FINDER = """
    import sys
    from importlib.machinery import PathFinder

    MAPPING = {"shop": %r}
    NAMESPACES = {}

    class Finder:
        @classmethod
        def find_spec(cls, name, path=None, target=None):
            if name in MAPPING:
                return PathFinder.find_spec(name, [MAPPING[name].rpartition("/")[0]])

    sys.meta_path.append(Finder)
"""


def install(story: Story, layout: str, top: Path) -> None:
    """Make the project importable from its work tree, as ``pip install --editable`` does, and by nothing in its settings."""
    source = story.folder / LAYOUTS[layout]
    if layout.endswith("PYTHONPATH"):
        story.environment["PYTHONPATH"] = str(source)
        return
    site = top / "site-packages"
    site.mkdir()
    story.environment["PYTHONPATH"] = str(site)
    if layout.endswith("path file"):
        (site / "sitecustomize.py").write_text(f"import sys; sys.path.append({str(source)!r})")
    else:
        (site / "__editable___shop_finder.py").write_text(dedent(FINDER % str(source / "shop")))
        (site / "sitecustomize.py").write_text("import __editable___shop_finder")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_code_of_the_scratch_tree_runs_however_the_project_is_installed(empty: Story, tmp_path: Path, layout: str) -> None:
    """The change and what is wholly new in it are not there on the code of before, in child processes too."""
    inner = f"{LAYOUTS[layout]}/shop".strip("/")
    empty.write_files({
        "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\naddopts = ["--import-mode=importlib"]\n',
        f"{inner}/cart.py": "def total(prices):\n    return sum(prices)\n",
        "tests/test_cart.py": "from shop.cart import total\n\ndef test_total():\n    assert total([1]) == 1\n",
    })  # fmt: skip
    if not layout.startswith("namespace"):
        empty.write_files({f"{inner}/__init__.py": ""})
    install(empty, layout, tmp_path)
    empty.pytest("--handoff=session-1")
    empty.commit()
    empty.write_files({
        f"{inner}/cart.py": "def total(prices):\n    return max(0, sum(prices))\n",
        f"{inner}/rates.py": "RATE = 19\n",
        "tests/test_rates.py": """
            import subprocess, sys
            from shop.cart import total

            def test_negative():
                assert total([-1]) == 0

            def test_rate():
                from shop.rates import RATE
                assert RATE == 19

            def test_child():
                subprocess.run([sys.executable, "-c", "import shop.rates"], check=True)

            def test_old():
                assert total([2]) == 2
        """,
    })  # fmt: skip
    done, proof = prove(empty, "--new")
    assert done.code == 0, done
    assert statuses(proof, "new") == {
        "test_negative": "needs_the_change", "test_rate": "needs_the_change", "test_child": "needs_the_change",
        "test_old": "passes_without_it",
    }  # fmt: skip


def test_a_copy_in_site_packages_that_wins_is_named_and_nothing_is_claimed(second: Story, tmp_path: Path) -> None:
    """The copy is the code of now, so that new tests say nothing about the code of before; earlier tests can be tried on it."""
    second.write_files({"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'})
    second.write_files(NEW)
    second.edit(CART, "== 3", "== 2 + 1")
    shutil.copytree(second.folder / "src", tmp_path / "site-packages")
    second.environment["PYTHONPATH"] = str(tmp_path / "site-packages")
    done, proof = prove(second)
    assert done.code == 2, done
    assert set(statuses(proof, "new").values()) == {"not_tried"}
    assert "site-packages/shop/cart.py ran instead of src/shop/cart.py; install the project with" in done.out
    assert statuses(proof) == {"test_total": "holds", "test_empty": "holds"}
    assert str(tmp_path) not in json.dumps(proof)
    second.write_files({"src/shop/cart.py": "def total(prices):\n    return 3 if prices else 0\n\ndef average(prices): ...\n"})
    (tmp_path / "site-packages" / "shop" / "rates.py").write_text("")
    done, proof = prove(second, "--earlier")
    assert set(statuses(proof).values()) == {"not_tried"}
    assert "site-packages/shop/cart.py ran instead of src/shop/cart.py" in done.out


def test_tests_that_fail_in_any_scratch_tree_are_not_tried(second: Story) -> None:
    """One needs what is no part of the tree: whatever it does in a scratch tree says nothing about tests or code."""
    (second.folder / "local.cfg").write_text("mine\n")
    second.edit(".gitignore", "artifacts/", "artifacts/\nlocal.cfg")
    needy = """
        from pathlib import Path

        def test_needy():
            assert Path("local.cfg").read_text() == "mine\\n"{}
    """
    second.write_files({"tests/test_needy.py": needy.format("")})
    second.pytest("--handoff=session-2")
    second.commit("session-2")
    second.write_files(NEW)
    second.write_files({"tests/test_needy.py": needy.format("  # as before"), "tests/test_more.py": needy.format("")})
    done, proof = prove(second, session="session-3")
    assert done.code == 2, done
    why = "it does not pass in an unchanged scratch tree: FileNotFoundError"
    for which, test in (("earlier", "tests/test_needy.py::test_needy"), ("new", "tests/test_more.py::test_needy")):
        tried = proof[which]["tests"][test]
        assert tried["status"] == "not_tried"
        assert tried["error"].startswith(why)
    assert statuses(proof, "new")["test_average"] == "needs_the_change"
    assert "no findings against the tests in what was tried" in done.out


def test_an_earlier_version_that_git_does_not_have_is_named(second: Story) -> None:
    """Nobody committed the test as it was when it was recorded: what needs it is not tried, the rest is."""
    second.edit(CART, "== 3", "== 3  # uncommitted")
    second.pytest("--handoff=session-2")
    second.edit(CART, "== 3  # uncommitted", "== 1 + 2")
    second.edit("tests/e2e/test_shop.py", "== 5", "== 2 + 3")
    done, proof = prove(second, "--earlier", session="session-3")
    assert done.code == 2, done
    assert statuses(proof) == {"test_total": "not_tried", "test_empty": "not_tried", "test_checkout": "holds"}
    assert f"not here  {CART}  git in this clone does not have it" in done.out
    assert list(proof["earlier"]["not_tried"]) == [CART]


def test_the_earlier_code_that_git_does_not_have_is_named(second: Story) -> None:
    """Without it there is no code of before."""
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices)  # uncommitted")
    second.pytest("--handoff=session-2")
    second.edit("src/shop/cart.py", "  # uncommitted", "")
    second.write_files({"tests/test_more.py": "def test_more():\n    pass\n"})
    done, proof = prove(second, session="session-3")
    assert done.code == 2, done
    assert statuses(proof, "new") == {"test_more": "not_tried"}
    assert list(proof["new"]["not_tried"]) == ["src/shop/cart.py"]


def test_a_conftest_that_cannot_be_imported_stops_only_the_tests_below_it(second: Story) -> None:
    """As it was, it names something that the code has no more; tests in another folder are tried."""
    second.write_files(
        {"tests/unit/conftest.py": "from shop.cart import total\n", "tests/unit/test_one.py": "def test_one(): ...\n"}
    )
    second.pytest("--handoff=session-2")
    second.commit()
    second.edit("src/shop/cart.py", "total", "total_of")
    second.write_files({"tests/unit/conftest.py": "from shop.cart import total_of\n"})
    for path in (CART, "tests/e2e/test_shop.py"):
        second.edit(path, "import total", "import total_of as total")
    done, proof = prove(second, session="session-3")
    assert done.code == 0, done
    found = statuses(proof)
    assert {found.pop(name) for name in ("test_one", "test_total", "test_empty")} == {"cannot_run"}
    assert found == {"test_checkout": "cannot_run"}
    errors = {test: tried["error"] for test, tried in proof["earlier"]["tests"].items()}
    assert "cannot import name 'total'" in errors["tests/unit/test_one.py::test_one"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["session-9"], "there is no record of 'session-9'"),
        (["session-1"], "session-1 is the first session"),
        (["session-1", "--new"], "there is no old code"),
    ],
)
def test_what_cannot_be_proved_is_one_sentence(second: Story, args: list[str], says: str) -> None:
    """Exit code 2, and nothing is written."""
    before = second.evidence()
    done = second.handoff("prove", *args)
    assert done.code == 2, done
    assert says in done.err
    assert done.err.count("\n") == 1
    assert second.evidence() == before


def test_what_one_experiment_finds_is_kept_where_another_has_nothing_to_try(second: Story) -> None:
    """A session that only edits a test has no new tests and no new code, whether both are asked for by name or not."""
    second.edit(CART, "assert total([]) == 0", "assert not total([])")

    done, proof = prove(second, "--earlier", "--new", "--faults")

    assert done.code == 0, done.out + done.err
    assert proof["tried"] == ["earlier"]
    assert "holds" in statuses(proof).values()
    assert "no new tests" in done.out
    assert "no new code" in done.out
    assert second.handoff("prove", "session-2", "--new", "--faults").code == 2


def test_evidence_that_is_no_base_of_a_proof_is_one_sentence(second: Story) -> None:
    """Without new tests, without new code, incomplete, stale, pruned: each says what to do."""

    def refused(*args: str) -> str:
        done = second.handoff("prove", "session-2", *args)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
        assert not (second.folder / "handoffs/evidence/session-2/proof.json").exists()
        return done.err

    second.write_files({"src/shop/more.py": "X = 1\n"})
    second.pytest("--handoff=session-2")
    assert "session-2 has no new tests that pass" in refused("--new")
    second.git("clean", "-fdq", "src")
    second.write_files({"tests/test_more.py": "def test_more():\n    pass\n"})
    second.pytest("--handoff=session-2")
    assert "no code has changed since session-1" in refused("--new")
    second.write_files({"src/shop/more.py": "X = 1\n"})
    assert "is about another tree (src/shop/more.py); run pytest --handoff=session-2 again" in refused()
    second.pytest("--handoff=session-2", "tests/e2e")
    assert "is from an incomplete run" in refused()
    second.pytest("--handoff=session-2")
    (second.folder / "handoffs/evidence/session-1/sources.jsonl").unlink()
    assert "the sources of session-1 were pruned" in refused()


def test_a_damaged_proof_is_never_read_and_a_new_one_takes_its_place(second: Story) -> None:
    """Edited, of a later schema, or no JSON: proving again makes it whole."""
    second.edit(CART, "== 3", "== 1 + 2")
    _, proof = prove(second)
    path = second.folder / "handoffs/evidence/session-2/proof.json"
    for whole, damaged in (('"holds": true', '"holds": none'), ("pytest-handoff/proof/1", "pytest-handoff/proof/2")):
        second.edit("handoffs/evidence/session-2/proof.json", whole, damaged)
        assert second.handoff("prove", "session-2", "--new").code == 2
        assert proved(second)[1] == proof
    path.write_text("<<<<<<< ours\n")
    for verb, code in (("show", 0), ("gate", 2)):
        done = second.handoff(verb, "session-2", "--json")
        assert (done.code, "proof.json: is not a complete proof" in done.err) == (code, True), done
    path.unlink()  # what does not even begin as a proof is taken for code
    assert proved(second)[1] == proof


def test_what_was_tried_is_kept_when_somebody_stops_it(second: Story) -> None:
    """Ctrl-C reaches pytest too: the tests that ended count, the others are not tried, and no tree stays."""
    second.write_files({"tests/unit/test_slow.py": """
        import time
        from shop.cart import total

        def test_quick():
            assert total([1]) == 1

        def test_slow():
            if total([1, 1]) == 3:
                print("waiting", flush=True)
                open({!r}, "w").close()
                time.sleep(300)
    """.format(str(second.folder / "artifacts"))})  # fmt: skip
    second.pytest("--handoff=session-2")
    second.commit()
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + (len(prices) == 2)")
    second.edit("tests/unit/test_slow.py", "== 3", "== 99")
    second.edit(CART, "== 3", "== 4")
    second.pytest("--handoff=session-3")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_handoff", "prove", "session-3", "--earlier"],
        cwd=second.folder, env=second.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    mark = second.folder / "artifacts"
    while not mark.exists():
        assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 2, (out, err)
    proof = json.loads(second.text("handoffs/evidence/session-3/proof.json"))
    assert proof["interrupted"]
    found = statuses(proof)
    assert found["test_quick"] == "holds"
    assert found["test_slow"] == "not_tried"
    assert b"interrupted: results up to this point are kept" in out
    assert not list((Path(second.environment["XDG_CACHE_HOME"]) / "pytest-handoff" / "proving").iterdir())


def test_scratch_trees_can_be_kept_and_pytest_gets_arguments(second: Story) -> None:
    """The trees are those that were run; an argument after ``--`` reaches pytest, and is in the proof."""
    second.edit(CART, "== 3", "== 1 + 2")
    done, proof = prove(second, "--keep", "--", "-p", "no:cacheprovider")
    assert done.code == 0, done
    kept = Path(done.out.rpartition("kept ")[2].strip())
    assert "== 3" in next(kept.glob(f"*/{CART}")).read_text()
    assert not list(kept.glob("*/.pytest_cache"))
    assert proof["args"] == ["-p", "no:cacheprovider"]
    shutil.rmtree(kept)
    done, again = proved(second, "--", "--no-such-option")
    assert done.code == 2
    assert "pytest did not start: unrecognized arguments: --no-such-option; put pytest's options after --" in done.err
    assert again == proof


def test_a_run_that_would_be_recorded_is_not(second: Story) -> None:
    """``--handoff`` in addopts, or in the environment's, makes no session in a scratch tree and no coverage."""
    second.edit("pyproject.toml", 'pythonpath = ["src"]', 'pythonpath = ["src"]\naddopts = ["--handoff-gate"]')
    second.edit(CART, "== 3", "== 1 + 2")
    second.environment["PYTEST_ADDOPTS"] = "--handoff session-2 -p no:cacheprovider"
    done, proof = prove(second)
    assert done.code == 0, done
    assert statuses(proof) == {"test_total": "holds", "test_empty": "holds"}


def test_a_project_in_a_folder_with_tests_in_its_package_and_many_processes(empty: Story) -> None:
    """``testpaths`` names the sources, for their doctests; a helper of the tests was weakened; pytest-xdist runs them."""
    empty.write_files({
        "services/a/pyproject.toml": """
            [tool.handoff]
            scope = ["services/a"]
            [tool.pytest.ini_options]
            pythonpath = ["src"]
            testpaths = ["src"]
            addopts = "--doctest-modules"
        """,
        "services/a/src/app/__init__.py": "",
        "services/a/src/app/cart.py": 'def total(prices):\n    """\n    >>> total([1])\n    1\n    """\n    return sum(prices)\n',
        "services/a/src/app/tests/__init__.py": "",
        "services/a/src/app/tests/helper.py": "CASES = [1, 2]\n",
        "services/a/src/app/tests/test_cart.py": """
            import unittest
            import pytest
            from ..cart import total
            from .helper import CASES

            class TestCart(unittest.TestCase):
                def test_unit(self):
                    for n in CASES:
                        with self.subTest(n=n):
                            self.assertEqual(total([n, n]), 2 * n)

            @pytest.mark.parametrize("n", CASES)
            def test_param(n):
                assert total([n]) == n
        """,
    })  # fmt: skip
    (empty.folder / "pyproject.toml").unlink()
    story = Story(empty.folder / "services" / "a")
    story.environment = empty.environment
    story.pytest("--handoff=session-1")
    story.commit()
    story.edit("src/app/cart.py", "sum(prices)", "sum(prices) + (2 in prices)")
    story.write_files({
        "src/app/tests/helper.py": "CASES = [1]\n",
        "src/app/tests/test_new.py": "from app.cart import total\n\ndef test_two():\n    assert total([2]) == 3\n",
    })  # fmt: skip
    done, proof = prove(story, "--", "-n", "2")
    assert done.code == 0, done
    assert {test.removeprefix("TestCart::"): status for test, status in statuses(proof).items()} == {
        "test_unit": "adapted", "test_param[1]": "holds", "test_param[2]": "adapted",
    }  # fmt: skip
    assert statuses(proof, "new") == {"test_two": "needs_the_change"}
    assert list(proof["earlier"]["left_out"]) == ["services/a/src/app/cart.py"]


def gate(story: Story, session: str = "session-2") -> list[str]:
    """What the gate on the proof says, without the path of the file."""
    found = json.loads(story.handoff("gate", session, "--machine-only", "--json").out)["reasons"]
    return [reason["message"].partition(": ")[2] for reason in found if reason["gate"] == "proof"]


def test_the_gate_asks_for_a_proof_where_the_settings_do(second: Story) -> None:
    """It has to be there, of this run; a test that had to change needs a reason, and new code a new test that needs it."""
    second.edit("pyproject.toml", "[tool.pytest", '[tool.handoff]\nprove = ["earlier", "new"]\n\n[tool.pytest')
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + len(prices)\n\ndef average(prices):\n    return 2")
    second.edit(CART, "== 3", "== 5")
    second.edit("tests/e2e/test_shop.py", "== 5", "== 6")
    second.write_files(
        {"tests/unit/test_more.py": "from shop.cart import total\n\ndef test_more():\n    assert total([]) == 0\n"}
    )
    second.pytest("--handoff=session-2")
    assert gate(second) == ["is missing, but the settings ask for it"]
    done, proof = prove(second, "--earlier")
    assert done.code == 1, done
    assert "2 earlier tests failed in the old version, and [[tool.handoff.adapt]] gives no reason" in done.out
    assert gate(second)[1:] == ["the experiment 'new' was not run"]
    done, proof = proved(second)
    assert "against the tests: there is new code, but no new test needs it" in done.out
    assert gate(second) == proof["reasons"]
    second.edit(
        "pyproject.toml",
        "\n\n[tool.pytest",
        """\n
[[tool.handoff.adapt]]
test = "tests/*::test_*"
reason = "each price has a fee now"

[tool.pytest""",
    )
    second.write_files({"tests/unit/test_average.py": NEW["tests/unit/test_average.py"]})
    second.pytest("--handoff=session-2")
    assert gate(second) == ["is about another run of the session"]
    done, proof = prove(second)
    assert done.code == 0, done
    assert f"adapted  {CART}::test_total  assert 5 == 3 ({CART}:4)  reason: each price has a fee now" in done.out
    assert proof["earlier"]["tests"][f"{CART}::test_total"]["reason"] == "each price has a fee now"
    assert gate(second) == []


def test_the_gate_believes_a_proof_that_speaks_against_the_tests_and_needs_none(second: Story) -> None:
    """Without a setting nothing has to be proved; what was found out counts, until there is a reason for it."""
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + len(prices)")
    second.pytest("--handoff=session-2")
    second.commit("session-2")
    second.edit(CART, "== 3", "== 5")
    second.pytest("--handoff=session-3")
    assert gate(second, "session-3") == []
    done, proof = prove(second, session="session-3")
    assert done.code == 1
    assert gate(second, "session-3") == proof["reasons"] != []
    second.edit(
        "pyproject.toml",
        "[tool.pytest",
        """[[tool.handoff.adapt]]
test = "*::test_total"
reason = "it expected what was never promised"

[tool.pytest""",
    )
    done, proof = prove(second, session="session-3")
    assert (done.code, statuses(proof)["test_total"]) == (0, "mended_in_test"), done
    assert gate(second, "session-3") == []


def test_a_flaky_test_and_edited_evidence_prove_nothing(second: Story) -> None:
    """As it was, the one fails when it runs first; the ids in the other are no ids of git's, and git is not asked for them."""
    flaky = """
        from pathlib import Path

        def test_flaky():
            mark = Path(__file__).with_name("artifacts")
            assert mark.exists() or mark.touch(){}
    """
    (second.folder / "tests" / "artifacts").touch()
    second.edit(".gitignore", "artifacts/", "artifacts")
    second.write_files({"tests/test_flaky.py": flaky.format("")})
    second.pytest("--handoff=session-2")
    second.commit("session-2")
    second.write_files({"tests/test_flaky.py": flaky.format(" is None")})
    done, proof = prove(second, "--earlier", session="session-3")
    assert done.code == 2, done
    assert proof["earlier"]["tests"]["tests/test_flaky.py::test_flaky"] == {
        "status": "not_tried", "error": "it failed, then passed when run again: it is flaky",
    }  # fmt: skip


def test_an_id_that_is_none_is_not_asked_for(second: Story) -> None:
    """Whoever edits evidence can have git show what they like, or be confused; so it is not asked."""
    from pytest_handoff.project.copies import earlier_contents
    from pytest_handoff.project.layout import open_project

    blob = second.git("rev-parse", f"HEAD:{CART}").strip()
    there, lacking = earlier_contents(open_project(second.folder), [blob, f"HEAD:{CART}", f"{blob}\n{blob}", "work-tree:1"])
    assert there == {blob: second.text(CART).encode()}
    assert lacking.keys() == {f"HEAD:{CART}", f"{blob}\n{blob}", "work-tree:1"}


def test_after_a_merge_the_code_of_before_is_that_of_both_branches(second: Story) -> None:
    """Each branch changed other files: neither branch's older copy of the other's files is what was before."""
    second.git("checkout", "-q", "-b", "one")
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices) * 2")
    for path, old, new in ((CART, "== 3", "== 6"), ("tests/e2e/test_shop.py", "== 5", "== 10")):
        second.edit(path, old, new)
    second.pytest("--handoff=session-2a")
    second.commit()
    second.git("checkout", "-q", "main")
    second.write_files({"src/shop/rates.py": "def rate():\n    return 19\n"})
    second.write_files({"tests/unit/test_rates.py": "from shop.rates import rate\n\ndef test_rate():\n    assert rate() == 19\n"})
    second.pytest("--handoff=session-2b")
    second.commit()
    second.git("merge", "-q", "--no-edit", "one")
    second.edit("src/shop/cart.py", "* 2", "* 3")
    second.edit(CART, "== 6", "== 9")
    second.edit("tests/e2e/test_shop.py", "== 10", "== 15")
    second.write_files({"tests/unit/test_more.py": """
        from shop.cart import total
        from shop.rates import rate

        def test_more():
            assert total([1]) == 3

        def test_old():
            assert total([1]) > rate() - 18
    """})  # fmt: skip
    done, proof = prove(second, session="session-3")
    assert done.code == 0, done
    assert statuses(proof) == {"test_total": "adapted", "test_empty": "holds", "test_checkout": "adapted"}
    assert proof["earlier"]["tests"][f"{CART}::test_total"]["error"] == "assert 9 == 6"
    assert statuses(proof, "new") == {"test_more": "needs_the_change", "test_old": "passes_without_it"}
