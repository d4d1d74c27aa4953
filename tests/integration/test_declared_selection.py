"""The whole suite is what the committed settings select; only what an invocation takes away makes a run partial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stories import PYPROJECT

if TYPE_CHECKING:
    from stories import Story

SLOW = """
    import pytest

    def test_quick(): pass

    @pytest.mark.slow
    def test_slow(): pass

    @pytest.mark.slow
    def test_very_slow(): pass
"""
MARKER = 'markers = ["slow: takes long"]\n'


def settings(story: Story, *lines: str) -> None:
    """Write and commit pytest's settings."""
    story.write_files({"pyproject.toml": PYPROJECT})
    with (story.folder / "pyproject.toml").open("a") as file:
        file.write(MARKER + "".join(f"{line}\n" for line in lines))
    story.commit()


@pytest.fixture
def slow(shop: Story) -> Story:
    """A shop whose settings leave two slow tests out."""
    shop.write_files({"tests/unit/test_slow.py": SLOW})
    settings(shop, "addopts = '-m \"not slow\"'")
    return shop


DECLARED = {
    "by mark": "addopts = '-m \"not slow\"'",
    "by words": "addopts = ['-k', 'not slow or quick']",
    "by ids": 'addopts = "--deselect=tests/unit/test_slow.py::test_slow --deselect tests/unit/test_slow.py::test_very_slow"',
    "in one word": "addopts = '-qm\"not slow\"'",
}


@pytest.mark.parametrize(("way", "args"), [*((way, []) for way in DECLARED), ("by mark", ["-n", "2"])])
def test_what_the_settings_deselect_is_no_part_of_the_suite(shop: Story, way: str, args: list[str]) -> None:
    """A bare pytest is complete, and says how many tests the settings leave out; none of them is waited for later."""
    name = "test_slow_but_quick" if way == "by words" else "test_quick"
    shop.write_files({"tests/unit/test_slow.py": SLOW.replace("test_quick", name)})
    settings(shop, DECLARED[way])
    for session in ("session-1", "session-2"):
        done = shop.pytest(f"--handoff={session}", *args)
        shown = shop.show(session)

        assert shown["complete"], shown["why_incomplete"]
        assert shown["left_out"] == {"tests/unit/test_slow.py": 2}
        assert shown["counts"]["not_run"] == 0
        assert len(shown["tests"]) == 4
        assert "left out by the settings" in done.out or "-q" in DECLARED[way]
        assert shop.handoff("verify", session).code == 0
        shop.commit()


@pytest.mark.parametrize(
    "line",
    [
        'addopts = "--ignore=.tox"',
        'addopts = "--ignore=tests/e2e"',
        'addopts = "--ignore-glob=*_shop.py"',
        'norecursedirs = ["e2e"]',
        'addopts = "tests/unit"',
    ],
)
def test_what_the_settings_do_not_collect(shop: Story, line: str) -> None:
    """The same for files that are left out: the run is one of everything."""
    settings(shop, line)
    shop.pytest("--handoff=session-1")
    shown = shop.show("session-1")

    assert shown["complete"], shown["why_incomplete"]
    assert len(shown["tests"]) == (3 if ".tox" in line else 2)


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["-m", "not slow and not other"], "-m 'not slow and not other' was given"),
        (["-k", "quick"], "-k quick was given"),
        (["--ignore=tests/e2e"], "--ignore tests/e2e was given"),
        (["--deselect=tests/unit/test_slow.py::test_quick"], "--deselect tests/unit/test_slow.py::test_quick was given"),
        (["tests/unit"], "only some tests were selected: tests/unit"),
        (["-o", "testpaths=tests/unit"], "only some tests were selected: tests/unit"),
        (["-o", "python_files=test_s*.py"], "by an option, 'python_files': 2 entries removed: 'test_*.py', '*_test.py'"),
        (["-o", "norecursedirs=e2e"], "by an option, 'norecursedirs'"),
        (["-o", "addopts=-k quick"], "-k quick was given"),
    ],
)
def test_the_same_on_the_command_line_is_a_part(slow: Story, args: list[str], why: str) -> None:
    """What this invocation takes away is named, and the settings' own choice is not."""
    slow.write_files({"tests/unit/test_other.py": "import pytest\n\n@pytest.mark.other\ndef test_other(): pass\n"})
    slow.edit("pyproject.toml", "takes long", 'takes long", "other: else')
    slow.commit()
    slow.pytest("--handoff=session-1", *args)
    shown = slow.show("session-1")

    assert shown["complete"] is False
    assert shown["why_incomplete"].startswith(why), shown["why_incomplete"]


@pytest.mark.parametrize(
    "args", [["--ignore=.tox"], ["--ignore=docs"], ["-m", "not slow"], ["-o", "addopts="], ["-m", ""], ["-k", "test"]]
)
def test_options_that_take_nothing_away(slow: Story, args: list[str]) -> None:
    """A folder that is not there or holds no test, the settings' own choice once more, more tests than they select."""
    slow.write_files({"docs/index.txt": "docs\n"})
    slow.commit()
    slow.pytest("--handoff=session-1", *args)
    shown = slow.show("session-1")

    assert shown["complete"], shown["why_incomplete"]
    assert shown["left_out"] == ({} if args[-1] in ("", "addopts=") else {"tests/unit/test_slow.py": 2})


def test_an_environment_is_no_setting(slow: Story) -> None:
    """`PYTEST_ADDOPTS` is this invocation's."""
    slow.environment["PYTEST_ADDOPTS"] = "-k quick"
    slow.pytest("--handoff=session-1")

    assert slow.show("session-1")["why_incomplete"].startswith("-k quick was given")


def test_new_settings_that_leave_out_what_ran_before(shop: Story) -> None:
    """A test that ran in an earlier session is not forgotten: both `complete` and `policy` tell, with what can be done."""
    shop.write_files({"tests/unit/test_slow.py": SLOW})
    settings(shop)
    shop.pytest("--handoff=session-1")
    shop.commit()
    settings(shop, "addopts = '-m \"not slow\"'")
    done = shop.pytest("--handoff=session-2")
    gates = shop.gate("session-2")

    assert (gates["complete"], gates["policy"]) == ("failed", "failed")
    why = shop.show("session-2")["why_incomplete"]
    assert why.startswith("2 tests did not run: ")
    assert why.endswith("(the settings leave out 2)")
    assert "on the whole suite" not in done.out
    assert "on those tests too (runs add up)" in done.out

    shop.pytest("--handoff=session-2", "-m", "slow")
    assert shop.show("session-2")["complete"], shop.show("session-2")["why_incomplete"]


@pytest.mark.parametrize("line", ['norecursedirs = ["e2e"]', 'addopts = "--ignore=tests/e2e"'])
def test_new_settings_that_leave_out_a_file(shop: Story, line: str) -> None:
    """The tests of a file that the settings no longer collect are known, and named as not run."""
    settings(shop)
    shop.pytest("--handoff=session-1")
    shop.commit()
    settings(shop, line)
    shop.pytest("--handoff=session-2")

    assert shop.gate("session-2")["complete"] == "failed"
    why = shop.show("session-2")["why_incomplete"]
    assert why == ("1 test did not run: tests/e2e/test_shop.py::test_checkout (the files of 1 were not collected)")
    assert shop.gate("session-2")["policy"] == "failed"


def test_parts_of_jobs(slow: Story) -> None:
    """Joined, what the settings leave out of every job is left out."""
    for label in ("unit", "e2e"):
        slow.pytest("--handoff=session-1", f"--handoff-part={label}", "--no-cov", f"tests/{label}")
    done = slow.handoff("combine", "session-1")

    assert done.code == 0, done
    assert slow.show("session-1")["complete"], slow.show("session-1")["why_incomplete"]
    assert slow.show("session-1")["left_out"] == {"tests/unit/test_slow.py": 2}
