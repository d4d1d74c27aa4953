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


@pytest.mark.parametrize("where", ["addopts", "PYTEST_ADDOPTS", "COVERAGE_RCFILE", "a plugin"])
def test_the_same_settings_from_anywhere_raise_no_alarm(shop: Story, where: str) -> None:
    """Branches are measured in every session, though pyproject.toml says nothing of it."""
    if where == "addopts":
        shop.edit("pyproject.toml", "testpaths", 'addopts = "--cov=src --cov-branch --cov-report="\ntestpaths')
    elif where == "a plugin":
        shop.write_files({"src/wide.py": WIDE.replace('"run:omit", ["*/setup.py"]', '"run:branch", True')})
        with (shop.folder / "pyproject.toml").open("a") as file:
            file.write('\n[tool.coverage.run]\nplugins = ["wide"]\n')
    else:
        shop.write_files({"cov.rc": "[run]\nbranch = true\n"})
    shop.commit()
    shop.leave_unmeasured()
    shop.environment |= {"PYTEST_ADDOPTS": "--cov-branch"} if where == "PYTEST_ADDOPTS" else {}
    shop.environment |= {"COVERAGE_RCFILE": "cov.rc"} if where == "COVERAGE_RCFILE" else {}
    for number in (1, 2, 3):
        shop.pytest(f"--handoff=session-{number}")
        assert shop.show(f"session-{number}")["coverage"]["branch_percent"] is not None
        assert shop.gate(f"session-{number}")["policy"] == ("waived" if number == 1 else "passed")
        shop.commit()
    assert findings(shop) == ""


@pytest.mark.parametrize("line", ['addopts = "--cov-branch"', 'addopts = ["--cov=shop", "--cov-branch", "--cov-config=ci.ini"]'])
def test_options_of_the_settings_raise_no_alarm(shop: Story, line: str) -> None:
    """`addopts` says it both times."""
    shop.write_files({"ci.ini": OMITTING})
    with (shop.folder / "pyproject.toml").open("a") as file:
        file.write(f"{line}\n")
    shop.commit()
    assert two_sessions(shop, [], []) == ""


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


WIDE = """
    from coverage import CoveragePlugin


    class Wide(CoveragePlugin):
        def configure(self, config):
            config.set_option("run:omit", ["*/setup.py"])


    def coverage_init(reg, options):
        reg.add_configurer(Wide())
"""


def test_a_first_measured_session_says_what_a_plugin_leaves_out(shop: Story) -> None:
    """No session before was measured, so there is nothing to compare the plugin's settings with, and that is said once."""
    shop.write_files({"src/wide.py": WIDE})
    with (shop.folder / "pyproject.toml").open("a") as file:
        file.write('\n[tool.coverage.run]\nplugins = ["wide"]\n')
    told = "session-1 was not measured, so what coverage.py plugins (wide) add is compared from now on"
    assert two_sessions(shop, ["--no-cov"], []) == ""
    assert f"{told}: 1 entry of 'omit' and excluded lines that are in no file: '*/setup.py'" in evidence_of(shop, "session-2")
    shop.commit()
    shop.pytest("--handoff=session-3")
    assert evidence_of(shop, "session-3") == "no setting is looser than before"


def evidence_of(story: Story, session: str) -> str:
    """What the gate on settings says in the evidence of a session."""
    return next(gate["evidence"] for gate in story.show(session)["gates"] if gate["id"] == "policy")


@pytest.mark.parametrize(
    ("options", "found"), [(["--cov-branch"], ""), ([], "'branch' was switched off, looser than in session-1")]
)
def test_a_session_without_coverage_hides_nothing(shop: Story, options: list[str], found: str) -> None:
    """The last session that was measured is the one to compare with."""
    shop.leave_unmeasured()
    for session, chosen in (("session-1", ["--cov-branch"]), ("session-0", ["--no-cov"]), ("session-2", options)):
        shop.pytest(f"--handoff={session}", *chosen)
        shop.commit()
    assert found in findings(shop)
    assert bool(findings(shop)) is bool(found)
