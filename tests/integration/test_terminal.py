"""What a terminal of 80 columns shows: a line a fact, wrapped behind an indent, and each failure once."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from builders import facts_of
from pytest_handoff.cli.gate import without_failures

if TYPE_CHECKING:
    from stories import Story

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LONG = "test_that_a_cart_with_many_things_in_it_has_the_sum_of_their_prices"
TESTS = f"""
    from shop.cart import total

    def test_total():
        assert total([1, 2]) == 3

    def test_empty():
        assert total([]) == 0

    def {LONG}():
        assert {{"order": total([1]), "currency": "EUR"}} == {{"order": 17, "currency": "EUR"}}

    def test_another():
        assert total([1]) == 17
"""
DOCUMENT = """
    # One

    ## Checklist

    - [ ] All unit tests pass
    - [ ] Unit tests achieve >90% coverage for new code
    - [ ] Somebody who knows the prices of all things in the shop has agreed to the wording of the page
    - [ ] Read
"""


def on_a_terminal(story: Story, *args: str, columns: int = 80, program: str = "pytest_handoff", term: str = "xterm") -> str:
    """What a terminal shows, colours and all."""
    import fcntl
    import termios

    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in story.environment.items() if key != "COLUMNS"} | {"TERM": term}
    command = [sys.executable, "-m", program, *args]
    with subprocess.Popen(command, cwd=story.folder, env=environment, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        shown = b""
        while True:
            try:
                data = os.read(mine, 65536)
            except OSError:  # a terminal without a process at its other end
                break
            if not data:
                break
            shown += data
        process.wait(timeout=300)
    os.close(mine)
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A session with two tests that fail, after one in which one of them passed."""
    from stories import FIRST, new_story

    story = new_story(tmp_path_factory.mktemp("terminal") / "project")
    story.write_files(FIRST | {"handoffs/session-1.md": DOCUMENT})
    story.commit()
    story.pytest("-q", "--handoff=session-1")
    more = "def total(prices):\n    if prices is None:\n        return 0\n    return sum(prices)\n"
    story.write_files({"tests/unit/test_cart.py": TESTS, "src/shop/cart.py": more, "handoffs/session-2.md": DOCUMENT})
    story.pytest("-q", "--handoff=session-2")
    return story


@pytest.mark.parametrize("verb", ["gate", "next", "show", "explain"])
def test_no_line_is_longer_than_the_terminal(failing: Story, verb: str) -> None:
    """But for a word that is; further lines stand behind an indent."""
    shown = COLOUR.sub("", on_a_terminal(failing, verb, "session-2"))

    assert [line for line in shown.splitlines() if len(line) > 80 and len(line.split()) > 1] == []
    if verb in ("gate", "next"):
        assert [line for line in shown.splitlines()[1:] if not re.match(r"  |\d+\. ", line)] == []


@pytest.mark.parametrize("columns", [40, 130])
def test_a_terminal_without_features_has_a_width_too(failing: Story, columns: int) -> None:
    """Such as the shell of an editor, whose window may be narrow or wide."""
    shown = on_a_terminal(failing, "show", "session-2", columns=columns, term="dumb")

    assert "\x1b" not in shown
    assert [line for line in shown.splitlines() if len(line) > columns and len(line.split()) > 1] == []
    assert max(map(len, shown.splitlines())) > columns - 20


def test_the_end_of_a_run_hangs_behind_its_labels(failing: Story) -> None:
    """A fact that needs more than a line goes on below its text, and what mends it begins a line."""
    shown = COLOUR.sub("", on_a_terminal(failing, "--handoff=session-2", program="pytest"))
    section = re.split(r"^=+ short test", shown.partition(" handoff session-2 ")[2], flags=re.MULTILINE)[0].splitlines()[1:]

    assert [line for line in section if len(line) > 80 and len(line.split()) > 1] == []
    begun = [line for line in section if not line.startswith(" " * 11)]
    assert [line.split()[0] for line in begun] == [
        "tests", "earlier", "coverage", "checklist", "gate", "failures", "tests", "new_code", "document",
    ]  # fmt: skip
    assert "             fix: make 2 tests pass" in section


def test_the_gate_says_each_failure_once(failing: Story) -> None:
    """A line for each test that fails, all of them, in red, and what mends it below."""
    shown = on_a_terminal(failing, "gate", "session-2", columns=200)
    plain = COLOUR.sub("", shown)

    assert plain.count(LONG) == plain.count("::test_another") == 1
    assert len(re.findall(r"^  failures   tests/unit/test_cart.py::", plain, re.MULTILINE)) == 2
    assert re.search(r"\x1b\[31m  failures   ?\x1b\[0m", shown)
    assert "\n             fix: make 2 tests pass\n" in plain


@pytest.mark.parametrize("columns", [60, 80])
def test_names_of_what_is_left_hang_behind_their_dash(shop: Story, columns: int) -> None:
    """A name may have blanks, such as the parameters of a test; a log has it on one line."""
    words = "a cart that holds very many different things and the prices of all of them in euros"
    test = f"import pytest\n\n@pytest.mark.parametrize('name', ['{words}'])\ndef test_named(name):\n    pass\n"
    shop.write_files({"tests/unit/test_named.py": test})
    shop.pytest("-q", "--no-cov", "--handoff=session-1", "-k", "total")
    shown = COLOUR.sub("", on_a_terminal(shop, "next", "session-1", columns=columns)).splitlines()

    assert [line for line in shown if len(line) > columns and len(line.split()) > 1] == []
    (first,) = (at for at, line in enumerate(shown) if line.startswith("   - tests/unit/test_named.py::"))
    assert shown[first + 1].startswith("     ")
    assert f"   - tests/unit/test_named.py::test_named[{words}]\n" in shop.handoff("next", "session-1").out


def test_a_log_keeps_one_line_a_fact(failing: Story) -> None:
    """What is no terminal gets whole lines, with what mends it behind."""
    lines = failing.handoff("gate", "session-2").out.splitlines()

    assert [line.split()[0] for line in lines[1:]] == ["failures", "failures", "tests", "new_code", "person", "person"]
    assert lines[2].endswith("; make 2 tests pass")


def test_a_log_that_shows_only_ascii(failing: Story) -> None:
    """Other signs are spelled, in the section at the end of a run as in commands, and columns stay below their heads."""

    def log(*args: str) -> str:
        command = [sys.executable, "-m", *args]
        environment = failing.environment | {"PYTHONIOENCODING": "ascii"}
        return subprocess.run(command, cwd=failing.folder, env=environment, capture_output=True, text=True, check=False).stdout

    section = log("pytest", "--tb=no", "--no-header", "--handoff=session-2")
    assert "\\" not in section
    assert re.search(r"^-+ handoff session-2 -+$", section, re.MULTILINE)
    head, *rows = log("pytest_handoff", "history").splitlines()
    assert {row[head.index("by tier") - 1 :][:5] for row in rows} == {" e2e "}


def test_what_follows_from_failures_names_the_other_tests_only() -> None:
    """A lost test is named where its gate is told; the tests that fail have their own lines."""
    facts = facts_of(
        "unit a.py::x failed since=session-1\nunit a.py::y gone since=session-1\nunit a.py::z passed since=session-1",
        "unit a.py::x passed\nunit a.py::y passed\nunit a.py::z passed",
    )
    told = "1/3 still pass: a.py::x (passed in session-1, now failed), a.py::y (passed in session-1, now missing)"

    assert without_failures(told, facts) == "1/3 still pass: a.py::y is missing, the failures above"
    assert without_failures("a claim", facts) == "a claim"
    assert without_failures("0/1 still pass: a.py::y (now missing)", facts) == "0/1 still pass: a.py::y (now missing)"


def test_labels_and_names_do_not_run_together(empty: Story) -> None:
    """However long a label is, there is a blank behind it."""
    parametrized = "import pytest\n\n\n@pytest.mark.parametrize('x', [{}])\ndef test_it(x):\n    assert x\n"
    empty.write_files({"tests/test_a.py": parametrized.format(1)})
    empty.commit()
    empty.pytest("-q", "--no-cov", "--handoff=session-1")
    empty.write_files({"tests/test_a.py": parametrized.format(2)})
    empty.pytest("-q", "--no-cov", "--handoff=session-2")

    assert re.search(r"  reparametrized +tests/test_a\.py::test_it\[2\]\n", empty.handoff("show", "session-2").out)
