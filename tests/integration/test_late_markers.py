"""Markers that a conftest gives tests once all of them are collected, as many projects do by folder or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

ADDED = """
    import pytest

    def pytest_collection_modifyitems(items):
        for item in items:
            if "buys" in item.name:
                {add}
    """
WAYS = {
    "added": "item.add_marker(pytest.mark.e2e)",
    "by name": 'item.add_marker("e2e")',
    "in place of another": 'item.own_markers[:] = [pytest.mark.e2e.mark]',
    "to the class": "item.getparent(pytest.Class).add_marker(pytest.mark.e2e)",
    "to the file": "item.getparent(pytest.Module).add_marker(pytest.mark.e2e)",
}  # fmt: skip
FILES = {
    "src/app.py": "def buy(what):\n    found = [what]\n    return found\n",
    "tests/test_buying.py": "import app\nimport pytest\n\nclass TestBuying:\n"
    "    @pytest.mark.xdist_group('shop')\n    @pytest.mark.unit\n    def test_buys(self):\n        assert app.buy(1) == [1]\n",
    "tests/test_other.py": "def test_other():\n    assert 1 + 1 == 2\n",
}


def tiers(story: Story) -> dict[str, str]:
    """The tier of each test in the ledger, by the name of the test."""
    shown = story.show("session-1")
    return {test.rpartition("::")[2]: entry["tier"] for test, entry in shown["tests"].items()}


@pytest.mark.parametrize("options", [[], ["-n", "2", "--dist=loadgroup"]], ids=["serial", "parallel"])
@pytest.mark.parametrize("way", WAYS)
def test_they_decide_the_tier_in_the_ledger_and_in_coverage(empty: Story, way: str, options: list[str]) -> None:
    """The nearest marker decides when the test runs, so new code that only this test runs has no unit test."""
    files = dict(FILES)
    if way.startswith("to the"):
        files["tests/test_buying.py"] = files["tests/test_buying.py"].replace("    @pytest.mark.unit\n", "")
    empty.write_files({**files, "tests/conftest.py": ADDED.format(add=WAYS[way])})
    done = empty.pytest("--cov=src", "--handoff=session-1", *options)
    assert "e2e 1/1 · unit 1/1" in done.out, done
    assert tiers(empty) == {"test_buys": "e2e", "test_other": "unit"}
    code = empty.show("session-1")["new_code"]
    assert (code["covered"], code["covered_by_unit"]) == (3, 0), code


def test_a_hook_is_asked_again_and_sees_what_was_added(empty: Story) -> None:
    """It may go by what another hook found out about all tests."""
    hook = """
    def pytest_handoff_tier(item):
        return getattr(item, "kind", None)
    """
    empty.write_files({**FILES, "tests/conftest.py": ADDED.format(add='item.kind = "contract"') + hook})
    empty.write_files({"tests/test_buying.py": "def test_buys():\n    assert 1 + 1 == 2\n"})
    empty.pytest("--no-cov", "--handoff=session-1")
    assert tiers(empty) == {"test_buys": "contract", "test_other": "unit"}


def test_a_checklist_line_is_linked_to_them(empty: Story) -> None:
    """As if the marker stood above the test."""
    line = 'item.add_marker(pytest.mark.handoff(check="The shop sells"))'
    empty.write_files({**FILES, "tests/conftest.py": ADDED.format(add=line)})
    empty.handoff("init", "session-1", "--template=brief")
    document = empty.folder / "handoffs/session-1.md"
    document.write_text(document.read_text("utf-8") + "\n## Verification Checklist\n\n- [ ] The shop sells\n", "utf-8")
    empty.pytest("--no-cov", "--handoff=session-1")
    assert empty.boxes("session-1")["The shop sells"] is True


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_those_that_the_settings_leave_out_are_not_missing(empty: Story, options: list[str]) -> None:
    """``addopts`` deselects by the markers that tests have in the end."""
    settings = "[tool.pytest.ini_options]\npythonpath = ['src']\ntestpaths = ['tests']\naddopts = ['-m', 'not e2e']\n"
    empty.write_files({**FILES, "pyproject.toml": settings, "tests/conftest.py": ADDED.format(add=WAYS["added"])})
    empty.pytest("--no-cov", "--handoff=session-1", *options)
    shown = empty.show("session-1")
    assert (shown["complete"], shown["left_out"]) == (True, {"tests/test_buying.py": 1}), shown
