"""Checklist lines of real sessions: numbers are numbers, new failures are new, and all files are all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

DOCUMENT = "# Session 2\n\n## Verification Checklist\n\n"


def checklist(*lines: str) -> str:
    """A document with these lines, none of them ticked."""
    return DOCUMENT + "".join(f"- [ ] {line}\n" for line in lines)


@pytest.fixture
def broken(shop: Story) -> Story:
    """A second session with one new test, and one of the three earlier ones failing."""
    shop.pytest("--handoff=session-1")
    shop.commit()
    shop.edit("src/shop/cart.py", "return sum(prices)", "return sum(prices) or 1")
    shop.write_files({"tests/unit/test_more.py": "def test_more():\n    assert 1\n"})
    return shop


def test_new_failures_are_failures_that_are_new(broken: Story) -> None:
    """An earlier test that fails now is a new failure; in the next session it is one no more, and fails all the same."""
    lines = ("No new failing tests", "No new test failures", "All new tests pass", "No failing tests")
    (broken.folder / "handoffs" / "session-2.md").write_text(checklist(*lines), "utf-8")
    broken.pytest("--handoff=session-2")
    assert broken.boxes("session-2") == dict(zip(lines, [False, False, True, False], strict=True))
    broken.commit()
    (broken.folder / "handoffs" / "session-3.md").write_text(checklist(*lines[:2], lines[3]), "utf-8")
    broken.pytest("--handoff=session-3")
    assert broken.boxes("session-3") == {lines[0]: True, lines[1]: True, lines[3]: False}


def test_a_number_means_that_number(broken: Story) -> None:
    """Three of four tests pass: that is 3 or more, more than 1 unit test, 75 %, and not all."""
    expected = {
        "3+ tests passing": True,
        "4+ tests passing": False,
        "More than 1 unit tests pass": True,
        "More than 2 unit tests pass": False,
        "3 tests pass": True,
        "3/3 tests pass": False,
        "All 4 tests executed without import errors": True,
        "All 4 tests passed": False,
        "Pass rate of at least 75 %": True,
        "Pass rate of more than 75 %": False,
    }
    (broken.folder / "handoffs" / "session-2.md").write_text(checklist(*expected), "utf-8")
    broken.pytest("--handoff=session-2")
    assert broken.boxes("session-2") == expected


def test_all_files_are_not_the_changed_ones(shop: Story) -> None:
    """A file that does not parse is named in each session, changed or not, until it is mended or gone."""
    shop.write_files({"config/broken.json": '{"a": 1,,}', "config/fine.toml": "a = 1\n"})
    shop.commit()
    shop.pytest("--handoff=session-1")
    shop.commit()
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(list(prices))")
    expected = {
        "All configuration files parse": False,
        "All JSON files parse": False,
        "All changed JSON files parse": True,
        "All TOML files parse": True,
        "All TOML and JSON files parse": False,
        "No broken TOML files": True,
    }
    for session in ("session-2", "session-3"):  # what is known of a file goes from record to record
        (shop.folder / "handoffs" / f"{session}.md").write_text(checklist(*expected), "utf-8")
        shop.pytest(f"--handoff={session}")
        assert shop.boxes(session) == expected
        shop.commit()
    assert shop.handoff("verify", "session-3").code == 0
    shop.write_files({"config/broken.json": '{"a": 1}'})
    shop.pytest("--handoff=session-3")
    assert shop.boxes("session-3") == dict.fromkeys(expected, True)
    assert "all 2 configuration files parse" not in shop.handoff("explain", "session-3").out  # pyproject.toml is one as well
    assert "all 3 configuration files parse" in shop.handoff("explain", "session-3").out


def test_what_settings_leave_out_is_said(shop: Story) -> None:
    """Files outside of the scope are looked at by nobody, and the evidence says so; of a format without files no line is true."""
    shop.write_files({"handoff.toml": 'scope = ["src", "tests"]\n', "config/broken.json": "{", "src/shop/a.json": "{}"})
    shop.commit()
    (shop.folder / "handoffs").mkdir()
    (shop.folder / "handoffs" / "session-1.md").write_text(checklist("All JSON files parse", "All YAML files parse"), "utf-8")
    shop.pytest("--handoff=session-1")
    assert shop.boxes("session-1") == {"All JSON files parse": True, "All YAML files parse": False}
    told = shop.handoff("explain", "session-1").out
    assert "1 JSON file parses; files outside src, tests were not checked" in told
    assert "not applicable: there is no YAML file" in told


NOTED = {
    "All E2E tests from previous sessions still pass (Sessions 0-1: 3/3 passed)": True,
    "All tests pass - 20/20": False,
    "Overall pass rate ≥90% (actual: 100%)": False,
    "All unit tests pass except one": True,
}


def test_a_note_behind_a_line(broken: Story) -> None:
    """A false line loses its tick whatever the note says; a true one keeps it; one that is narrowed is a person's."""
    text = DOCUMENT + "".join(f"- [x] {line}\n" for line in NOTED)
    (broken.folder / "handoffs" / "session-2.md").write_text(text, "utf-8")
    broken.pytest("--handoff=session-2")
    assert broken.boxes("session-2") == NOTED
    broken.edit("handoffs/session-2.md", "20/20", "18/20")  # another note is no other line
    broken.pytest("--handoff=session-2")
    told = broken.handoff("gate", "session-2").out
    assert "required" in told  # the lines of the first session are missing
    assert "All tests pass'" not in told


def test_a_waiver_is_remembered_and_may_be_refuted(shop: Story) -> None:
    """A line that was waived may not go in the next session, and a reason that the record knows better is none."""
    new, earlier = "New unit tests achieve >90% coverage for new code", "All E2E tests from previous sessions still pass"
    (shop.folder / "handoffs").mkdir()
    first = DOCUMENT + f"- [x] {new} (N/A: only integration work)\n- [x] {earlier} (N/A: first session)\n"
    (shop.folder / "handoffs" / "session-1.md").write_text(first, "utf-8")
    shop.pytest("--handoff=session-1")
    assert shop.handoff("gate", "session-1").code == 0
    shop.commit()
    (shop.folder / "handoffs" / "session-2.md").write_text(DOCUMENT + f"- [x] {earlier} (N/A: first session)\n", "utf-8")
    shop.pytest("--handoff=session-2")
    told = shop.handoff("gate", "session-2").out
    assert f"missing: '{new}'" in told
    assert "the record contradicts the reason 'first session': session-1 came before" in told
