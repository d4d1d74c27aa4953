"""``handoff comment``: what a pull request says of its hand-off, read as GitHub reads Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from pytest_handoff.cli.comment import LIMIT, MARKER
from pytest_handoff.cli.support import CANNOT_TELL, GOOD

if TYPE_CHECKING:
    from stories import Story

DOCUMENT = """
    # Session

    ## Checklist

    - [ ] All unit tests pass
"""
WAITS = DOCUMENT + "    - [ ] The wording was agreed\n"
HOSTILE = "@octocat #1 https://evil.invalid </details><img src=x> | ![x](y) `code` ``` <!-- handoff --> **bold**"
LONGER = "def total(prices):\n    if prices is None:\n        return 0\n    return sum(prices)\n"


def shown(text: str) -> str:
    """The text as a reader sees it, by GitHub's rules."""
    html = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]*>", "", html)).strip()


@pytest.fixture
def begun(shop: Story) -> Story:
    """A project with a recorded first session, and the document of a second one."""
    shop.write_files({"handoffs/session-1.md": DOCUMENT})
    assert shop.pytest("-q", "--handoff=session-1").code == GOOD
    shop.commit("session-1")
    shop.write_files({"handoffs/session-2.md": WAITS})
    return shop


def test_three_verdicts(begun: Story) -> None:
    """Red, waiting for a person, green; the marker is the first line, and the exit code is no verdict."""
    begun.edit("src/shop/cart.py", "sum(prices)", "sum(prices) or 1")
    begun.pytest("-q", "--handoff=session-2")
    red = begun.handoff("comment")
    begun.edit("src/shop/cart.py", " or 1", "")
    begun.pytest("-q", "--handoff=session-2")
    waiting = begun.handoff("comment")
    begun.edit("handoffs/session-2.md", "- [ ] The wording", "- [x] The wording")
    begun.handoff("fill")
    green = begun.handoff("comment")

    assert {done.code for done in (red, waiting, green)} == {GOOD}
    assert [done.out.split("\n")[0] for done in (red, waiting, green)] == [MARKER] * 3
    assert [done.out.split("\n")[1] for done in (red, waiting, green)] == [
        "### Hand-off session-2: ❌ the gate does not pass (1 thing left)",
        "### Hand-off session-2: 🟡 all automatic checks pass · 1 needs sign-off",
        "### Hand-off session-2: ✅ the gate passes",
    ]
    assert "\n- `tests/unit/test_cart.py::test_empty`\\\n" in red.out
    assert "2 passed, 1 failed · 2/3 earlier tests pass · coverage 100\u00a0%" in shown(red.out)
    assert "Failing tests tests/unit/test_cart.py::test_empty failed (assert 1 == 0); it passed in session-1" in shown(red.out)
    assert "Needs sign-off The wording was agreed" in shown(waiting.out)
    assert "Waiting" not in shown(green.out)


def test_only_a_run_of_ci_has_an_artifact(begun: Story) -> None:
    """A run on somebody's machine uploads nothing, so the footer points to nothing; one of CI is linked."""
    begun.pytest("-q", "--handoff=session-2")
    local = begun.handoff("comment").out.splitlines()[-1]
    begun.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://x.invalid", "GITHUB_REPOSITORY": "a/b"}
    begun.environment |= {"GITHUB_RUN_ID": "7"}
    begun.pytest("-q", "--handoff=session-2")
    by_ci = begun.handoff("comment").out.splitlines()[-1]

    assert local.startswith("<sub>Evidence: from a local run · about `")
    assert "artifact of [this run](<https://x.invalid/a/b/actions/runs/7>)" in by_ci


MIXED = """
    import pytest

    @pytest.mark.parametrize("number", range(3))
    def test_broken(number):
        assert {good}

    @pytest.mark.skip(reason="no disk")
    def test_skipped():
        pass

    @pytest.mark.xfail(reason="owed")
    def test_owed():
        assert False
"""


def test_advice_is_prose_and_says_what_is_asked_of_which_tests(begun: Story) -> None:
    """Only commands are code; a skip and an expected failure are not told as failures, and what is said of them helps."""
    begun.write_files({"tests/unit/test_mixed.py": MIXED.format(good=False)})
    begun.pytest("-q", "--handoff=session-2")
    text = begun.handoff("comment").out
    begun.write_files({"tests/unit/test_mixed.py": MIXED.format(good=True)})
    begun.pytest("-q", "--handoff=session-2")
    others = begun.handoff("comment").out

    rest = "run 1 skipped test and make 1 xfailed test pass"
    assert f" – fix: make 3 tests pass, {rest}\n" in text
    assert f" – fix: {rest}\n" in others
    begun.edit("tests/unit/test_mixed.py", '@pytest.mark.skip(reason="no disk")\n', "")
    begun.edit("tests/unit/test_mixed.py", "    assert False\n", "    assert True\n")
    begun.pytest("-q", "--handoff=session-2")
    assert "fix:" not in begun.handoff("comment").out


def test_commands_in_advice_are_code(begun: Story) -> None:
    """They can be copied; the words around them are not among them."""
    begun.pytest("-q", "--handoff=session-2")
    begun.edit("src/shop/cart.py", "sum", "max")
    assert " – fix: run `pytest --handoff=session-2` again\n" in begun.handoff("comment").out
    begun.pytest("-q", "--handoff=session-2", "-k", "total")
    assert " – fix: run all tests: `pytest --handoff=session-2`\n" in begun.handoff("comment").out


def test_a_reason_is_prose_too(begun: Story) -> None:
    """Only the option in it is code, whatever else the line has."""
    begun.pytest("-q", "--handoff=session-2", "--no-cov")
    assert "coverage not measured: coverage was switched off (`--no-cov`)\n" in begun.handoff("comment").out


def test_lost_tests_and_lines_that_no_test_runs(begun: Story) -> None:
    """Whatever the checklist asks for, new lines without a test are there to be seen; a list is cut, and says so."""
    begun.write_files({"src/shop/cart.py": LONGER, "tests/unit/test_cart.py": "def test_new():\n    pass\n"})
    begun.write_files({"tests/unit/test_many.py": "".join(f"def test_{n}():\n    assert 0\n\n" for n in range(9))})
    begun.pytest("-q", "--handoff=session-2")
    said = shown(begun.handoff("comment").out)

    assert "Lost tests tests/unit/test_cart.py::test_empty is missing; it passed in session-1" in said
    assert "New lines that no test runs src/shop/cart.py: line 3" in said
    assert said.count("test_many.py::") == 5
    assert "and 4 more" in said


def test_each_file_with_new_code_is_said_once(begun: Story) -> None:
    """Where a checklist line asks for tests of new code, its files have one list, and what mends them is said once."""
    begun.write_files({"handoffs/session-2.md": DOCUMENT + "    - [ ] New code is covered >90%\n"})
    begun.write_files({"src/shop/cart.py": LONGER, "src/shop/more.py": LONGER.replace("total", "more")})
    begun.edit("tests/unit/test_cart.py", "from shop.cart import total", "from shop.cart import total\nimport shop.more")
    begun.pytest("-q", "--handoff=session-2")
    said = shown(begun.handoff("comment").out)

    assert "New lines that need a test src/shop/cart.py 3: new, and no test runs it src/shop/more.py 2-4: new" in said
    assert said.count("src/shop/cart.py") == said.count("src/shop/more.py") == said.count("fix: cover ") == 1
    assert "What blocks" not in said


def test_it_fits_on_a_screen(begun: Story) -> None:
    """However much is wrong: at most 45 lines, far from GitHub's limit."""
    tests = "".join(f"def test_{number}():\n    assert 0, 'x' * 5000\n\n" for number in range(300))
    waiting = "".join(f"    - [ ] Somebody has looked at part {number}, {'z' * 900}\n" for number in range(300))
    begun.write_files({"tests/unit/test_many.py": tests, "tests/unit/test_cart.py": "", "src/shop/cart.py": LONGER})
    begun.write_files({"handoffs/session-2.md": DOCUMENT + waiting})
    begun.pytest("-q", "--handoff=session-2")
    text = begun.handoff("comment").out

    assert len(text.splitlines()) <= 45
    assert len(text.encode()) < LIMIT / 4


def test_foreign_words_stay_words(begun: Story) -> None:
    """Nobody is mentioned, nothing linked, no tag, cell or marker forged: such words stand in code."""
    begun.write_files({
        "tests/unit/test_bad.py": f"def test_bad():\n    raise ValueError({HOSTILE!r})\n",
        "handoffs/session-2.md": DOCUMENT + f"    - [ ] Read {HOSTILE}\n",
    })  # fmt: skip
    begun.pytest("-q", "--handoff=session-2")
    text = begun.handoff("comment").out
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)

    assert text.count("@octocat") >= 2
    assert not re.search(r"@octocat|#1 |evil|<img|\*\*bold|!\[", outside)
    assert outside.count(MARKER) == 1
    assert "<img" not in MarkdownIt("commonmark").render(text)


@pytest.mark.parametrize("name", ["@octocat #1", "GH-12", "see www.evil.invalid", "0123abc"])
def test_the_name_of_a_session_is_no_link(shop: Story, name: str) -> None:
    """A folder may have any name: as code it pings nobody, and refers to no issue, commit or address."""
    done = shop.handoff("comment", name)

    assert done.code == CANNOT_TELL
    assert f"### Hand-off `{name}`: ❔ cannot tell\n" in done.out
    assert name not in re.sub(r"`[^`]*`", "", done.out)


def test_evidence_that_cannot_be_read_is_said(begun: Story) -> None:
    """A comment about older evidence must not stay: there is one that says what is wrong, and the exit code is 2."""
    output = begun.folder.parent / "comment.md"
    done = begun.handoff("comment", "session-2", "-o", str(output))

    assert done.code == CANNOT_TELL
    assert "there is no record of 'session-2'" in done.err
    assert output.read_text("utf-8").split("\n")[:2] == [MARKER, "### Hand-off session-2: ❔ cannot tell"]
    assert "there is no record of 'session-2'" in shown(output.read_text("utf-8"))


def test_stale_evidence_says_nothing_of_tests(begun: Story) -> None:
    """Figures of another tree are no figures of this one."""
    begun.pytest("-q", "--handoff=session-2")
    begun.edit("src/shop/cart.py", "sum", "max")
    said = shown(begun.handoff("comment").out)

    assert "❌" in said
    assert "the tests of session-2 ran on another tree: 1 file differs" in said
    assert "passed" not in said


def test_the_same_options_as_the_gate(begun: Story) -> None:
    """What the gate asks for beside, the comment asks for too."""
    begun.pytest("-q", "--handoff=session-2")

    assert "✅" in begun.handoff("comment", "--machine-only").out
    said = shown(begun.handoff("comment", "--require-provenance=ci").out)
    assert "the evidence comes from a local run, not from ci" in said
