"""``handoff next``: what is left, in order, for a person and for a program that has nothing but this and exit codes."""

from __future__ import annotations

import json
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from pytest_handoff.cli.schemas import schema
from pytest_handoff.cli.support import CANNOT_TELL, GOOD, NO

if TYPE_CHECKING:
    from collections.abc import Callable

    from stories import Story

DOCUMENT = """
    # Session

    ## Verification Checklist

    - [ ] All unit tests pass
    - [ ] Unit tests achieve >90% coverage for new code
"""
MORE = """    - [ ] The wording was agreed

    ## Notes

    - **Agent**: [Who did the work]
"""
LONGER = "def total(prices):\n    if prices is None:\n        return 0\n    return sum(prices)\n"
CASES = """
    from shop.cart import total

    def test_total():
        assert total([1, 2]) == 3

    def test_empty():
        assert total([]) == 0
"""


def asked(story: Story, *args: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the steps that a program is told."""
    done = story.handoff("next", "--json", *args)
    if done.code == CANNOT_TELL:
        return done.code, []
    table = json.loads(done.out)
    jsonschema.Draft202012Validator(schema("next")).validate(table)
    assert table["done"] is (done.code == GOOD) is (not table["steps"])
    return done.code, table["steps"]


def play(story: Story, repairs: dict[str, Callable[[Story, dict[str, Any]], None]]) -> list[str]:
    """Do what the first step says until nothing is left: run its command, or the repair for its kind; the kinds met."""
    met: list[str] = []
    for _ in range(12):
        code, steps = asked(story)
        assert code != CANNOT_TELL
        if code == GOOD:
            return met
        step = steps[0]
        met.append(step["kind"])
        if step["command"] is not None:
            ran = story.run(*_ours(story, step["command"]))
            assert ran.code in (GOOD, NO), ran
        else:
            repairs[step["kind"]](story, step)
    raise AssertionError(met)


def _ours(story: Story, command: str) -> list[str]:
    program, *rest = shlex.split(command)
    return [sys.executable, "-m", {"pytest": "pytest", "handoff": "pytest_handoff"}[program], *rest]


@pytest.fixture
def begun(shop: Story) -> Story:
    """A project with a recorded first session, and the document of a second one."""
    shop.write_files({"handoffs/session-1.md": DOCUMENT})
    assert shop.pytest("-q", "--handoff=session-1").code == GOOD
    shop.commit("session-1")
    shop.write_files({"handoffs/session-2.md": DOCUMENT})
    return shop


def test_nothing_left(begun: Story) -> None:
    """A document that waits is run; after that there is nothing to do, and the exit code says so."""
    assert play(begun, {}) == ["run"]
    done = begun.handoff("next")

    assert (done.code, done.out) == (GOOD, "session-2: nothing left\n")


def test_a_failing_test(begun: Story) -> None:
    """The step has the file, the line and the name; after the repair the evidence is stale, and a run mends that."""
    begun.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 1")
    begun.pytest("-q", "--handoff=session-2")
    _, steps = asked(begun)
    failing = [(step["file"], step["line"], step["names"]) for step in steps if step["kind"] == "failures"]

    assert failing == [
        ("tests/e2e/test_shop.py", 3, ["tests/e2e/test_shop.py::test_checkout"]),
        ("tests/unit/test_cart.py", 6, ["tests/unit/test_cart.py::test_empty"]),
        ("tests/unit/test_cart.py", 3, ["tests/unit/test_cart.py::test_total"]),
    ]
    assert steps[0]["what"].startswith("tests/e2e/test_shop.py::test_checkout failed (assert 6 == 5")
    assert "it passed in session-1" in steps[0]["what"]
    assert [step for step in steps if step["kind"] not in ("failures", "new_code")] == [], "its consequences are no steps"
    mended = play(begun, {"failures": lambda story, _: story.edit("src/shop/cart.py", " + 1", "")})
    assert mended == ["failures", "stale"]


def test_new_code_that_no_test_runs(begun: Story) -> None:
    """Each file with its lines, all of them, and where they begin."""
    begun.write_files(
        {"src/shop/cart.py": "def total(prices):\n    if prices is None:\n        return 0\n    return sum(prices)\n"}
    )
    begun.pytest("-q", "--handoff=session-2")
    code, [step] = asked(begun)

    assert code == NO
    assert (step["kind"], step["file"], step["line"], step["names"]) == ("new_code", "src/shop/cart.py", 3, ["3"])
    assert step["what"] == "src/shop/cart.py 3: new, and no unit test runs it"
    tests = {"tests/unit/test_cart.py": CASES + "\n    def test_none():\n        assert total(None) == 0\n"}
    assert play(begun, {"new_code": lambda story, _: story.write_files(tests)}) == ["new_code", "stale"]


def test_a_lost_test(begun: Story) -> None:
    """One that is gone is named with the file that it was in; it is put back."""
    gone = "\n\ndef test_empty():\n    assert total([]) == 0\n"
    text = begun.text("tests/unit/test_cart.py")
    begun.edit("tests/unit/test_cart.py", text[text.index("\ndef test_empty") :], "")
    begun.pytest("-q", "--handoff=session-2")
    code, [step] = asked(begun)

    assert (code, step["kind"], step["file"], step["line"]) == (NO, "regression", "tests/unit/test_cart.py", None)
    assert step["names"] == ["tests/unit/test_cart.py::test_empty"]
    assert step["what"] == "tests/unit/test_cart.py::test_empty is missing; it passed in session-1"

    def back(story: Story, _: dict[str, Any]) -> None:
        (story.folder / "tests/unit/test_cart.py").write_text(story.text("tests/unit/test_cart.py").rstrip() + gone)

    assert play(begun, {"regression": back}) == ["regression", "stale"]


def test_stale_evidence(begun: Story) -> None:
    """Every file that differs is named, and nothing is said of what was measured before."""
    begun.pytest("-q", "--handoff=session-2")
    begun.write_files({f"src/shop/part_{number}.py": "" for number in range(7)})
    code, [step] = asked(begun)

    assert (code, step["kind"], step["command"]) == (NO, "stale", "pytest --handoff=session-2")
    assert step["names"] == [f"src/shop/part_{number}.py" for number in range(7)]
    assert play(begun, {}) == ["stale"]


def test_the_order_and_every_name(begun: Story) -> None:
    """First the whole run, then failures, lost tests, new code, lines for a person, placeholders; nothing is summed up."""
    tests = "".join(f"def test_{number}():\n    assert 0\n\n" for number in range(9))
    begun.write_files({
        "tests/unit/test_many.py": tests,
        "tests/unit/test_broken.py": "import nothing_of_this_name\n",
        "src/shop/cart.py": LONGER,
        "tests/unit/test_cart.py": "def test_new(): pass\n",
        "handoffs/session-2.md": DOCUMENT + MORE,
    })  # fmt: skip
    begun.pytest("-q", "--handoff=session-2", "--continue-on-collection-errors")
    _, steps = asked(begun)
    kinds = [step["kind"] for step in steps]
    order = ["complete", "failures", "regression", "new_code", "person", "placeholder"]

    assert sorted(kinds, key=order.index) == kinds
    assert [kind for kind in order if kind not in kinds] == []
    assert (steps[0]["file"], steps[0]["command"]) == ("tests/unit/test_broken.py", None)
    assert "nothing_of_this_name" in steps[0]["what"]
    assert kinds.count("failures") == 9
    assert (steps[-2]["who"], steps[-2]["what"]) == ("person", "The wording was agreed")
    assert re.search(r"and \d+ more", json.dumps(steps)) is None
    assert [step["kind"] for step in asked(begun, "--machine-only")[1]] == [kind for kind in kinds if kind != "person"]


def test_what_the_terminal_says(begun: Story) -> None:
    """The same, a step each: kind, place, what is wrong, what to do."""
    begun.edit("src/shop/cart.py", "sum(prices)", "sum(prices) or 1")
    begun.pytest("-q", "--handoff=session-2")
    done = begun.handoff("next")

    assert (done.code, done.out) == (
        NO,
        "session-2: 1 thing left\n"
        "1. failures  tests/unit/test_cart.py:6\n"
        "   tests/unit/test_cart.py::test_empty failed (assert 1 == 0); it passed in session-1\n"
        "   make it pass: pytest tests/unit/test_cart.py::test_empty\n",
    ), done.out
    assert done.err == "handoff: session-2 (the newest)\n"


def test_other_gates_are_steps_too(begun: Story) -> None:
    """A claim, a line that was removed, a box ticked by hand: whatever the gate says no to is left, and is mended by its step."""
    begun.pytest("-q", "--handoff=session-2")
    begun.edit("handoffs/session-2.md", "- [x] All unit tests pass\n", "")
    code, steps = asked(begun)

    assert code == NO
    assert ("required", "All unit tests pass") in [(step["kind"], *step["names"]) for step in steps]
    begun.edit("handoffs/session-2.md", "- [x] Unit", "- [x] All unit tests pass\n- [ ] Unit")
    assert [(step["kind"], step["command"]) for step in asked(begun)[1]] == [("document", "handoff fill session-2")]
    assert play(begun, {}) == ["document"]


def test_it_cannot_tell(shop: Story) -> None:
    """Nothing recorded, a slip of the pen, settings that cannot be read: 2, and one sentence; damaged evidence is a step."""
    assert shop.handoff("next").code == CANNOT_TELL
    shop.pytest("-q", "--no-cov", "--handoff=session-1")
    done = shop.handoff("next", "sesion-1")
    assert (done.code, done.out) == (CANNOT_TELL, "")
    assert "there is no record of 'sesion-1'" in done.err
    (shop.folder / "handoffs/evidence/session-1/record.json").write_text("{}")
    [step] = asked(shop, "session-1")[1]
    assert (step["kind"], step["file"]) == ("evidence", "handoffs/evidence/session-1/record.json")
    shop.write_files({"handoff.toml": "[[["})
    done = shop.handoff("next", "session-1", "--json")
    assert (done.code, done.out, done.err.count("\n")) == (CANNOT_TELL, "", 1)


def test_a_waiver_hides_no_other_gate(begun: Story) -> None:
    """What one gate may leave open, another that says no still asks for; the answer is that of the gate."""
    begun.edit("src/shop/cart.py", "sum(prices)", "sum(prices) or 1")
    begun.write_files({"handoff.toml": "[[waive]]\ngate = 'failures'\nreason = 'known'\n"})
    begun.pytest("-q", "--handoff=session-2")
    code, steps = asked(begun)

    assert code == begun.handoff("gate").code == NO
    assert [(step["kind"], *step["names"]) for step in steps] == [("regression", "tests/unit/test_cart.py::test_empty")]


def test_files_that_do_not_parse_are_named_one_by_one(shop: Story) -> None:
    """Each with its reason; the label of the gate stands apart from what it says."""
    shop.write_files({"handoffs/session-1.md": "# One\n\n## Checklist\n\n- [ ] All config files are valid\n"})
    shop.write_files({"conf/a.json": "{", "conf/b.toml": "="})
    shop.pytest("-q", "--no-cov", "--handoff=session-1")
    _, steps = asked(shop)

    assert [(step["kind"], step["file"]) for step in steps] == [("files_parse", "conf/a.json"), ("files_parse", "conf/b.toml")]
    assert steps[0]["what"].startswith("conf/a.json does not parse: Expecting property name")
    assert re.search(r"  files_parse +All config files are valid: conf/a\.json: ", shop.handoff("gate").out)
    assert re.search(r"  files_parse +All config files are valid: conf/a\.json: ", shop.handoff("show").out)
