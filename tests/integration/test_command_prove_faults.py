"""``handoff prove --faults`` in real projects: small faults in the new code, and which tests notice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from pytest_handoff.cli.schemas import schema

if TYPE_CHECKING:
    from stories import Done, Story

SHOP = {
    "src/shop.py": """
        LIMIT = 10
        UNUSED = 19


        def price(n, rate=LIMIT):
            if n < 0:
                raise ValueError("negative")
            return n * rate


        def count_down(n):
            while n > 0:
                n -= 1
            return n


        class Cart:
            def __init__(self):
                self.items = []

            def add(self, item):
                self.items.append(item)
                return item

            def nobody(self):
                return 3
    """,
    "tests/test_shop.py": """
        import pytest
        from shop import Cart, count_down, price

        def test_price():
            assert price(2) == 20
            assert price(0) == 0

        def test_negative():
            with pytest.raises(ValueError):
                price(-1)

        def test_count_down():
            assert count_down(1) == 0

        def test_cart():
            Cart().add(1)
    """,
}
PROOF = "handoffs/evidence/session-1/proof.json"


def record(story: Story, files: dict[str, str]) -> None:
    """Write the files, and record and commit the session."""
    story.write_files(files)
    done = story.pytest("--handoff=session-1")
    assert done.code == 0, done
    story.commit("session-1")


def proved(story: Story, *args: str) -> tuple[Done, dict[str, Any]]:
    """Try the faults of the session; return what the command said, and the part of the proof."""
    before = _state(story)
    done = story.handoff("prove", "session-1", "--faults", *args)
    assert _state(story) == before, "the work tree, the index or the stash changed"
    return done, json.loads(story.text(PROOF))["faults"] if (story.folder / PROOF).is_file() else {}


def _state(story: Story) -> tuple[str, str]:
    return story.git("status", "--porcelain", "--", ".", f":(exclude){PROOF}"), story.git("stash", "list")


def survivors(faults: dict[str, Any]) -> list[tuple[int, str]]:
    """Line, and the line with the fault."""
    return [(fault["line"], fault["diff"].partition("\n+ ")[2]) for fault in faults["survived"]]


def test_who_notices(empty: Story) -> None:
    """Faults in functions, methods and defaults are caught or survive; the proof, the output and the checklist say so."""
    lines = "# Session 1\n\n## Verification Checklist\n\n- [ ] Mutation score >= 70 %\n- [ ] Tests catch injected faults\n"
    record(empty, {**SHOP, "handoffs/session-1.md": lines})
    assert "run handoff prove session-1 --faults" in empty.handoff("explain", "session-1").out

    done, faults = proved(empty)

    assert done.code == 0, done
    jsonschema.validate(json.loads(empty.text(PROOF)), schema("proof"))
    assert survivors(faults) == [(2, "UNUSED = 20"), (22, "pass"), (23, "return None")]
    assert faults["timeout"] >= 1
    assert faults["not_reached"] == 2
    assert faults["tried"] == faults["possible"] == faults["caught"] + faults["timeout"] + len(faults["survived"])
    counts = {key: faults[key] for key in ("possible", "tried", "caught", "timeout", "not_reached", "broken")}
    assert faults["files"] == {"src/shop.py": {**counts, "survived": len(faults["survived"])}}
    assert next(fault["tests"] for fault in faults["survived"] if fault["line"] == 23) == ["tests/test_shop.py::test_cart"]
    assert f"{faults['tried']} of {faults['possible']} faults in the new code tried" in done.out
    assert "    - self.items.append(item)\n    + pass\n    ran it: tests/test_shop.py::test_cart\n" in done.out
    assert done.out.rstrip().splitlines()[-2] == "no findings against the tests, but 3 faults went unnoticed"
    assert empty.show("session-1")["proof"]["faults"]["survived"] == 3
    empty.handoff("fill", "session-1")
    assert empty.boxes("session-1") == {"Mutation score >= 70 %": True, "Tests catch injected faults": False}


ODD = {
    "src/odd.py": """
        import functools


        def twice(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args) * 2
            return wrapper


        @twice
        def decorated(a):
            return a + 1


        @functools.lru_cache
        def cached(a):
            return a + 2


        def outer(a):
            def inner(b):
                return a + b
            return inner(3)


        async def later(a):
            return a + 4


        class Base:
            def template(self):
                return self.hook() + 5

            @staticmethod
            def hook():
                return 6

            @property
            def size(self):
                return len("abc") + 7


        table = {"a": lambda a: a + 8}


        def steps(a):
            yield a + 9
    """,
    "src/lazy.py": """
        FACTOR = 3


        def lazily(a):
            return a * FACTOR
    """,
    "tests/test_odd.py": """
        import asyncio
        import odd

        def test_decorated():
            assert odd.decorated(1) == 4

        def test_cached():
            assert odd.cached(1) == 3

        def test_outer():
            assert odd.outer(1) == 4

        def test_later():
            assert asyncio.run(odd.later(1)) == 5

        def test_class():
            assert odd.Base().template() == 11
            assert odd.Base().size == 10

        def test_table():
            assert odd.table["a"](1) == 9

        def test_steps():
            assert list(odd.steps(1)) == [10]

        def test_lazily():
            from lazy import lazily
            assert lazily(2) == 6
    """,
}


def test_every_kind_of_function_gets_its_fault(empty: Story) -> None:
    """Wrappers that were made at import, cached functions, closures, coroutines, properties, lambdas, late imports."""
    record(empty, ODD)

    done, faults = proved(empty)

    assert done.code == 0, done
    assert survivors(faults) == []
    assert faults["tried"] == faults["possible"] == faults["caught"] > 20
    assert faults["not_tried"] == {}


def test_modules_that_pytest_rewrites(empty: Story) -> None:
    """A helper with rewritten assertions, loaded early and late: its faults are there as well, and no others."""
    record(empty, {
        "src/early.py": "LIMIT = 3\nUNUSED = 9\n\n\ndef twice(a):\n    return a * 2\n",
        "src/late.py": "LIMIT = 4\nUNUSED = 9\n\n\ndef thrice(a):\n    return a * 3\n",
        "conftest.py": 'import pytest\n\npytest.register_assert_rewrite("early", "late")\n',
        "tests/test_both.py": """
            import early

            def test_early():
                assert early.LIMIT == 3
                assert early.twice(2) == 4

            def test_late():
                import late
                assert late.LIMIT == 4
                assert late.thrice(2) == 6
        """,
    })  # fmt: skip

    done, faults = proved(empty)

    assert done.code == 0, done
    assert survivors(faults) == [(2, "UNUSED = 10")] * 2
    assert (faults["tried"], faults["possible"], faults["caught"]) == (10, 10, 8)


def test_no_fault_survives_only_because_the_tests_that_run_it_are_not_known(empty: Story) -> None:
    """Learning is cut short after the first test here; what that one does not run is not tried, and who is left out is named."""
    late = """
        import sys
        import time
        from shop import Cart

        def test_first():
            assert Cart().items == []
            if "handoff_faults" in sys.modules:
                time.time = lambda: 1e12
    """
    record(empty, {**SHOP, "tests/test_first.py": late})

    done, faults = proved(empty)

    assert done.code == 0, done.out + done.err
    assert faults["left_out"] == {"4 tests": "there was no time to find out which lines they run; new tests came first"}
    assert 0 < faults["tried"] < faults["possible"]
    lines = [fault["line"] for fault in faults["survived"]]
    assert not {*range(5, 16), 22, 23} & {*lines}, faults["survived"]


def test_what_an_import_made_of_a_function_is_noticed_by_tests_that_never_run_it(empty: Story) -> None:
    """Decorators run when their users are imported, and so does what makes parameters; a test that calls them notices nothing."""
    code = """
        def twice(f):
            if f is None:
                return f
            def doubled(x):
                return f(x) * 2
            return doubled

        def numbers(n):
            found = []
            found.append(n)
            return found
    """
    tests = """
        import pytest
        from deco import numbers, twice

        @twice
        def one(x):
            return x

        def test_one():
            assert one(1) == 2

        @pytest.mark.parametrize("n", numbers(3) or [0])
        def test_numbers(n):
            assert n == 3

        def test_both_run():
            twice(len)
            numbers(1)
    """
    record(empty, {"src/deco.py": code, "tests/test_deco.py": tests})

    done, faults = proved(empty)

    assert done.code == 0, done.out + done.err
    assert faults["tried"] == faults["possible"] >= 5
    assert survivors(faults) == []


def test_nothing_collected_in_the_scratch_tree_is_the_reason_that_is_given(empty: Story) -> None:
    """Where the import of all tests fails there, it is not said that they took too long."""
    tests = """
        import os
        from pathlib import Path
        assert Path(__file__).resolve().is_relative_to(Path(os.environ["PLACE"]).resolve())
        from shop import price

        def test_price():
            assert price(2) == 20
    """
    empty.environment["PLACE"] = str(empty.folder)
    record(empty, {"src/shop.py": SHOP["src/shop.py"], "tests/test_shop.py": tests})

    done, faults = proved(empty)

    assert done.code == 2
    assert faults["not_tried"] == {"src/shop.py": "no test passes in an unchanged scratch tree"}


def test_a_test_that_needs_others_before_it_catches_nothing(empty: Story) -> None:
    """A failure counts only where the same test passes without the fault; else it is left out, and named."""
    record(empty, {
        "src/state.py": "SEEN = []\n\n\ndef first(a):\n    SEEN.append(a)\n    return a\n\n\ndef second(a):\n    return a + 1\n",
        "tests/test_state.py": """
            import state

            def test_first():
                assert state.first(1) == 1

            def test_second():
                state.second(1)
                assert state.SEEN
        """,
    })  # fmt: skip

    done, faults = proved(empty)

    assert "tests/test_state.py::test_second" in faults["left_out"]
    assert "left out  tests/test_state.py::test_second  without any fault, it does not pass there" in done.out
    assert not any(fault["line"] == 10 for fault in faults["survived"]), "nobody knows whether it survived"
    assert faults["tried"] < faults["possible"]
    assert faults["not_tried"] == {"src/state.py": "tests that run some of its lines were left out"}


def test_samples_and_shards(empty: Story, tmp_path: Path) -> None:
    """A sample is the same each time; the shards of several machines are joined, and make up all."""
    record(empty, SHOP)
    _, whole = proved(empty)
    (empty.folder / PROOF).unlink()

    done, some = proved(empty, "--sample", "6")
    assert some["tried"] == some["sample"] == 6
    assert f"6 of {whole['possible']} faults in the new code tried" in done.out
    assert {*survivors(some)} <= {*survivors(whole)}
    assert survivors(proved(empty, "--sample", "6")[1]) == survivors(some)

    done, one = proved(empty, "--shard", "1/2")
    assert one["shards"] == ["1/2"]
    assert 0 < one["tried"] < one["possible"]
    assert "missing: 2/2" in done.out
    elsewhere = tmp_path / "proof-of-1.json"
    shutil.copy(empty.folder / PROOF, elsewhere)
    (empty.folder / PROOF).unlink()
    proved(empty, "--shard", "2/2")
    done = empty.handoff("prove", "session-1", "--join", str(elsewhere))
    assert done.code == 0, done
    joined = json.loads(empty.text(PROOF))["faults"]
    assert joined["shards"] == ["1/2", "2/2"]
    for key in ("possible", "tried", "caught", "timeout", "not_reached", "survived", "files"):
        assert joined[key] == whole[key], key
    again = empty.handoff("prove", "session-1", "--join", str(elsewhere))
    assert again.code == 2
    assert "not different shards of the same faults" in again.err


def test_a_budget_is_kept(empty: Story) -> None:
    """What does not fit into it is not tried, and the figure says how many of how many were."""
    record(empty, {
        "src/slow.py": "def f(a):\n" + "".join(f"    a += {number}\n" for number in range(100)) + "    return a\n",
        "tests/test_slow.py": "import slow, time\n\ndef test_f():\n    time.sleep(0.3)\n    assert slow.f(1) > 0\n",
    })  # fmt: skip

    done, faults = proved(empty, "--budget", "12", "-n", "1")
    assert done.code == 0, done
    assert 1 <= faults["tried"] < faults["possible"]
    assert faults["budget"] == 12


@pytest.mark.skipif(os.name == "nt", reason="sends a signal to a group of processes")
def test_what_was_tried_is_kept_on_ctrl_c(empty: Story) -> None:
    """The proof says that it was interrupted, and no child goes on."""
    record(empty, {
        "src/slow.py": "def f(a):\n" + "".join(f"    a += {number}\n" for number in range(200)) + "    return a\n",
        "tests/test_slow.py": "import slow, time\n\ndef test_f():\n    time.sleep(0.1)\n    assert slow.f(1) > 0\n",
    })  # fmt: skip
    command = [sys.executable, "-m", "pytest_handoff", "prove", "session-1", "--faults", "--keep"]
    process = subprocess.Popen(
        command, cwd=empty.folder, env=empty.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    cache = Path(empty.environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pytest-handoff" / "proving"
    end = time.monotonic() + 300
    while time.monotonic() < end and not any(
        b'"status"' in path.read_bytes() for path in cache.glob("*/faults-run/report.jsonl")
    ):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 2, (out, err)
    proof = json.loads(empty.text(PROOF))
    assert proof["interrupted"] is True
    assert 1 <= proof["faults"]["tried"] < proof["faults"]["possible"]
    kept = out.decode().partition("kept ")[2].strip()
    assert Path(kept).is_dir()
    shutil.rmtree(kept)


def test_the_gate_asks_where_the_settings_do(empty: Story) -> None:
    """A proof is missing, then it is there; tests that notice nothing at all speak against the session."""
    record(empty, {
        "src/shop.py": "def price(n):\n    return n * 10\n",
        "tests/test_shop.py": "from shop import price\n\ndef test_price():\n    price(2)\n",
        "handoff.toml": 'prove = ["faults"]\n',
    })  # fmt: skip
    asked = [reason["message"] for reason in json.loads(empty.handoff("gate", "session-1", "--json").out)["reasons"]]
    assert any("proof.json: is missing, but the settings ask for it" in message for message in asked)

    done = empty.handoff("prove", "session-1")

    assert done.code == 1, done
    assert "against the tests: the tests noticed none of the" in done.out


def test_there_may_be_nothing_to_try(empty: Story) -> None:
    """Without new code, or where no test runs it, nothing is written, and the reason is said."""
    empty.write_files({"tests/test_a.py": "def test_a():\n    pass\n"})
    empty.pytest("--handoff=session-1")
    empty.commit()

    done, _ = proved(empty)

    assert done.code == 2
    assert "there is nothing to prove: session-1 has no new code" in done.err
    assert not (empty.folder / PROOF).exists()
    empty.write_files(
        {"src/a.py": "import os\n\n\ndef f():\n    return 1\n", "tests/test_a.py": "import a\n\ndef test_a():\n    assert a\n"}
    )
    empty.pytest("--handoff=session-1")
    empty.commit()
    done, _ = proved(empty)
    assert done.code == 2
    assert "there is nothing to prove: no test runs a statement in the new code of session-1 that can take a fault" in done.err


def test_another_copy_of_the_code_is_not_tried(empty: Story, tmp_path: Path) -> None:
    """A copy in site-packages has no fault, whatever its content: nothing survived there."""
    empty.write_files({"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'})
    empty.environment["PYTHONPATH"] = str(empty.folder / "src")
    record(empty, SHOP)
    shutil.copytree(empty.folder / "src", tmp_path / "site-packages")
    empty.environment["PYTHONPATH"] = str(tmp_path / "site-packages")

    done, faults = proved(empty)

    assert done.code == 2, done
    assert faults["tried"] == 0
    assert faults["not_tried"]["src/shop.py"].startswith("site-packages/shop.py ran instead of src/shop.py")


def test_a_system_without_fork(empty: Story, tmp_path: Path) -> None:
    """Each fault then has a pytest of its own, and the result is the same."""
    record(empty, SHOP)
    _, forked = proved(empty, "--sample", "5")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import os\ndel os.fork\n")
    empty.environment["PYTHONPATH"] = str(tmp_path / "site")

    _, spawned = proved(empty, "--sample", "5")

    for key in ("tried", "caught", "timeout", "survived"):
        assert spawned[key] == forked[key], key
