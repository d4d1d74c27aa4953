"""Code that a session leaves untested against its own checklist is asked for by the sessions after it, until it is merged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stories import Story, new_story

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = "# {0}\n\n## Final Checklist\n\n- [ ] All tests pass\n- [ ] New code coverage >= 90%\n"
LINE = "New code coverage >= 90%"
TAX = "def tax(price):\n    return price * 0.2\n"
DUTY = """

def duty(price):
    if price < 100:
        return 0
    reduced = price - 100
    return reduced * 0.3
"""
TESTS = "from tax import {0}\n\n\ndef test_{0}():\n    assert {0}(0) == 0\n    assert {0}(200) > 0\n"
TARGET = '\n[tool.handoff]\ntarget = "main"\n'


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A project whose second session, on a branch, leaves four statements untested; the tree is committed."""
    story = new_story(tmp_path / "project")
    story.git("checkout", "-q", "-B", "main")
    story.write_files({"src/tax.py": TAX, "tests/unit/test_tax.py": TESTS.format("tax")})
    begin(story, "session-1")
    record(story, "session-1")
    story.git("checkout", "-q", "-b", "work")
    begin(story, "session-2")
    with (story.folder / "src/tax.py").open("a") as file:
        file.write(DUTY)
    record(story, "session-2")
    assert story.boxes("session-2")[LINE] is False
    return story


def begin(story: Story, session: str) -> None:
    """Write the document of a session, which asks for coverage of new code."""
    story.write_files({f"handoffs/{session}.md": DOCUMENT.format(session)})


def record(story: Story, session: str, *args: str) -> None:
    """Run the tests of a session, which pass, and commit."""
    done = story.pytest(f"--handoff={session}", *args)
    assert done.code == 0, done
    story.commit(session)


def owed(story: Story, session: str) -> dict[str, dict[str, str]]:
    """What the record of a session says that earlier ones left untested."""
    table = json.loads(story.text(f"handoffs/evidence/{session}/record.json"))
    found: dict[str, dict[str, str]] = table["new_code"].get("owed", {})
    return found


def add_fee(story: Story, session: str) -> None:
    """Begin a session with new code of its own, above the old, and its tests."""
    begin(story, session)
    fee = "def fee(price):\n    return price * 2\n\n\n"
    (story.folder / "src/tax.py").write_text(fee + story.text("src/tax.py"))
    story.write_files({"tests/unit/test_fee.py": TESTS.format("fee")})


def test_the_next_session_is_asked_for_what_was_left(story: Story) -> None:
    """Its own new code is tested, and the line does not hold: what nothing runs is named where it stands now."""
    add_fee(story, "session-3")
    record(story, "session-3")

    assert owed(story, "session-3") == {"session-2": {"src/tax.py": "10-13"}}
    assert story.boxes("session-3")[LINE] is False
    gate = story.handoff("gate", "session-3")
    assert gate.code == 1
    assert "no test runs 4 statements that session-2 left untested: src/tax.py:10-13" in gate.out
    steps = json.loads(story.handoff("next", "session-3", "--json").out)["steps"]
    [step] = [step for step in steps if step["kind"] == "new_code"]
    assert (step["file"], step["line"], step["names"]) == ("src/tax.py", 10, ["10-13"])
    assert step["what"] == "src/tax.py 10-13: left untested by session-2, and no test runs them"
    assert step["do"] == "test the code that was left, or remove it"


def test_it_stays_until_a_test_runs_it(story: Story) -> None:
    """Two sessions later it is asked for still; a test of that session settles it."""
    for session in ("session-3", "session-4"):
        begin(story, session)
        record(story, session)
        assert owed(story, session) == {"session-2": {"src/tax.py": "6-9"}}
        assert story.boxes(session)[LINE] is False
    story.write_files({"tests/unit/test_duty.py": TESTS.format("duty")})
    record(story, "session-4")

    assert owed(story, "session-4") == {}
    assert story.boxes("session-4")[LINE] is True
    assert "owed" not in story.text("handoffs/evidence/session-4/record.json")


def test_a_session_without_coverage_pays_nothing(story: Story) -> None:
    """Nobody knows what its tests ran: the session after it is asked for what the one before it left."""
    begin(story, "session-3")
    record(story, "session-3", "--no-cov")
    begin(story, "session-4")
    record(story, "session-4")

    assert owed(story, "session-4") == {"session-2": {"src/tax.py": "6-9"}}
    assert story.boxes("session-4")[LINE] is False


def test_a_file_that_moved_takes_it_along(story: Story) -> None:
    """The lines are named at their new place."""
    begin(story, "session-3")
    story.git("mv", "src/tax.py", "src/taxes.py")
    story.edit("tests/unit/test_tax.py", "from tax ", "from taxes ")
    record(story, "session-3")

    assert owed(story, "session-3") == {"session-2": {"src/taxes.py": "6-9"}}


def test_lines_that_are_edited_are_new_again_and_not_owed_twice(story: Story) -> None:
    """The session that touches them is asked for them itself."""
    begin(story, "session-3")
    story.edit("src/tax.py", "    reduced = price - 100\n    return reduced * 0.3\n", "    return (price - 100) * 0.3\n")
    record(story, "session-3")

    assert owed(story, "session-3") == {"session-2": {"src/tax.py": "6-7"}}
    assert json.loads(story.text("handoffs/evidence/session-3/record.json"))["new_code"]["files"]["src/tax.py"]["missing"] == "8"


def test_code_that_was_taken_out_is_owed_no_more(story: Story) -> None:
    """Nothing is left to test."""
    begin(story, "session-3")
    story.edit("src/tax.py", DUTY, "")
    record(story, "session-3")

    assert owed(story, "session-3") == {}
    assert story.boxes("session-3") == {"All tests pass": True, LINE: True}


BY_UNIT = "New unit tests achieve >90% coverage for new code"


@pytest.fixture
def by_others(story: Story) -> Story:
    """The second session again, asked for new unit tests: what it added is run by an e2e test, and by an old unit test."""
    story.edit("handoffs/session-2.md", LINE, BY_UNIT)
    story.write_files({"tests/e2e/test_paid.py": TESTS.format("duty")})
    story.edit("src/tax.py", "    return price * 0.2\n", "    rate = 0.2\n    return price * rate\n")
    record(story, "session-2")
    assert story.boxes("session-2")[BY_UNIT] is False
    return story


def begin_by_unit(story: Story, session: str) -> None:
    """Write the document of a session, which asks for new unit tests."""
    story.write_files({f"handoffs/{session}.md": DOCUMENT.format(session).replace(LINE, BY_UNIT)})


def owed_to(story: Story, session: str) -> dict[str, dict[str, dict[str, str]]]:
    """What the record of a session says that earlier ones left to other tests than they were asked for."""
    code = json.loads(story.text(f"handoffs/evidence/{session}/record.json"))["new_code"]
    assert "owed" not in code
    found: dict[str, dict[str, dict[str, str]]] = code.get("owed_to", {})
    return found


def test_what_other_tests_run_is_asked_for_by_unit_tests(by_others: Story) -> None:
    """An e2e test and an old unit test are not what the line asked for: the next session is asked, until its tests run it."""
    begin_by_unit(by_others, "session-3")
    record(by_others, "session-3")

    left = {"unit": {"session-2": {"src/tax.py": "6-10"}}, "new_unit": {"session-2": {"src/tax.py": "2-3"}}}
    assert owed_to(by_others, "session-3") == left
    assert by_others.boxes("session-3")[BY_UNIT] is False
    gate = by_others.handoff("gate", "session-3")
    assert gate.code == 1
    assert "no unit test runs 5 statements that session-2 left without one: src/tax.py:6-10" in gate.out
    assert "no new unit test runs 2 statements that session-2 left without one: src/tax.py:2-3" in gate.out
    steps = json.loads(by_others.handoff("next", "session-3", "--json").out)["steps"]
    assert [step["what"] for step in steps if step["kind"] == "new_code"] == [
        "src/tax.py 6-10: left without a unit test by session-2, and none runs them",
        "src/tax.py 2-3: left without a new unit test by session-2, and none runs them",
    ]
    by_others.write_files({"tests/unit/test_duty.py": TESTS.format("duty")})
    by_others.edit("tests/unit/test_tax.py", "assert tax(0) == 0", "assert tax(0) == 0 == tax(0)")
    record(by_others, "session-3")

    assert owed_to(by_others, "session-3") == {}
    assert by_others.boxes("session-3")[BY_UNIT] is True


def test_a_line_that_would_hold_by_now_asks_for_no_more(story: Story) -> None:
    """The line let one statement of ten go untested: the next session is not asked for that one."""
    more = "\n\ndef share(price):\n" + "".join(f"    price += {number}\n" for number in range(9)) + "    return price\n"
    story.edit("src/tax.py", DUTY, DUTY + more)
    story.edit("handoffs/session-2.md", ">= 90%", ">= 80%")
    record(story, "session-2")
    begin(story, "session-3")
    story.edit("handoffs/session-3.md", ">= 90%", ">= 80%")
    story.write_files({"tests/unit/test_share.py": TESTS.format("share").replace("== 0", "== 36")})
    record(story, "session-3")
    assert owed(story, "session-3") == {"session-2": {"src/tax.py": "6-9"}}

    story.write_files({"tests/unit/test_duty.py": TESTS.format("duty").replace("    assert duty(200) > 0\n", "")})
    record(story, "session-3")
    assert owed(story, "session-3") == {}


def test_what_was_waived_or_not_asked_is_not_owed(story: Story) -> None:
    """A person has accepted it, with a reason that stands in the document of its session."""
    story.edit("handoffs/session-2.md", LINE, f"{LINE} (N/A: duty is a sketch)")
    record(story, "session-2")
    begin(story, "session-3")
    record(story, "session-3")

    assert owed(story, "session-3") == {}


def test_what_is_merged_is_not_owed(story: Story) -> None:
    """Where the target branch has the session, whoever merged it has accepted it; the sessions of this branch owe their own."""
    story.git("checkout", "-q", "main")
    (story.folder / "pyproject.toml").write_text(story.text("pyproject.toml") + TARGET)
    story.commit("name the target")
    story.git("merge", "-q", "--no-edit", "work")
    story.git("checkout", "-q", "-B", "more")
    begin(story, "session-3")
    record(story, "session-3")
    assert owed(story, "session-3") == {}
    assert story.boxes("session-3")[LINE] is True


def test_on_a_branch_with_a_target_it_is_owed(story: Story) -> None:
    """The session before is on this branch alone."""
    (story.folder / "pyproject.toml").write_text(story.text("pyproject.toml") + TARGET)
    story.commit("name the target")
    begin(story, "session-3")
    record(story, "session-3")

    assert owed(story, "session-3") == {"session-2": {"src/tax.py": "6-9"}}


def test_a_project_that_starts_late_owes_nothing(tmp_path: Path) -> None:
    """In a first session everything is new; what was there before is not the work of the second one."""
    story = new_story(tmp_path / "project")
    story.write_files({"src/tax.py": TAX + DUTY, "tests/unit/test_tax.py": TESTS.format("tax")})
    begin(story, "baseline")
    record(story, "baseline")
    assert story.boxes("baseline")[LINE] is False
    begin(story, "session-1")
    record(story, "session-1")

    assert owed(story, "session-1") == {}
    assert story.boxes("session-1")[LINE] is True
