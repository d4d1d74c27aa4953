"""Settings are compared as the runs went by them: where a setting comes from raises no alarm, and hides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

OMITTING = "[run]\nomit = src/shop/gone.py\n"


def findings(story: Story) -> str:
    """What the gate says about the settings of the second session."""
    return "\n".join(line for line in story.handoff("gate", "session-2").out.splitlines() if line.startswith("  policy"))


def two_sessions(story: Story, first: list[str], second: list[str]) -> str:
    """Record two sessions with other options, and ask the gate about the settings."""
    story.leave_unmeasured()
    story.pytest("--handoff=session-1", *first)
    story.commit()
    story.pytest("--handoff=session-2", *second)
    assert story.show("session-2")["complete"] is True
    return findings(story)


@pytest.mark.parametrize("options", [["--cov-branch"], ["--cov-config=ci.ini"], ["--no-cov"]], ids=" ".join)
def test_the_same_options_raise_no_alarm(shop: Story, options: list[str]) -> None:
    """No file says what an option said both times."""
    shop.write_files({"ci.ini": OMITTING})
    assert two_sessions(shop, options, options) == ""


def test_an_option_that_is_left_out_is_named(shop: Story) -> None:
    """The first run measured branches."""
    found = two_sessions(shop, ["--cov-branch"], [])
    assert "pyproject.toml: 'branch' was switched off, looser than in session-1" in found


def test_a_setting_that_moved_into_a_file_is_the_same(shop: Story) -> None:
    """What another file said is in pyproject.toml now."""
    shop.write_files({"ci.ini": OMITTING})
    shop.leave_unmeasured()
    shop.pytest("--handoff=session-1", "--cov-config=ci.ini")
    shop.commit()
    with (shop.folder / "pyproject.toml").open("a") as file:
        file.write('\n[tool.coverage.run]\nomit = ["src/shop/gone.py"]\n')
    shop.pytest("--handoff=session-2")
    assert findings(shop) == ""
    assert shop.show("session-2")["coverage"] is not None


def test_runs_that_add_up_hide_nothing(shop: Story) -> None:
    """The second of two partial runs measured by the usual settings, and the first did not."""
    shop.write_files({"ci.ini": OMITTING})
    shop.leave_unmeasured()
    shop.pytest("--handoff=session-1")
    shop.commit()
    shop.pytest("--handoff=session-2", "--cov-config=ci.ini", "tests/unit")
    shop.pytest("--handoff=session-2", "tests/e2e")
    assert "ci.ini: 'omit': 1 entry added: 'src/shop/gone.py'" in findings(shop).replace("pyproject.toml", "ci.ini")
