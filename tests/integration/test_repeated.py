"""A test with two outcomes on one tree is flaky, however it was tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_outcomes import outcomes

if TYPE_CHECKING:
    from stories import Story

UNSTEADY = """
    from pathlib import Path

    SEEN = Path(__file__).parents[2] / ".pytest_cache" / "seen"


    def test_unsteady():
        seen = SEEN.exists()
        SEEN.parent.mkdir(exist_ok=True)
        SEEN.touch()
        assert seen


    def test_steady():
        assert SEEN.parent.name
"""
NAME = "tests/unit/test_unsteady.py::test_unsteady"
DOCUMENT = "# Session 1\n\n## Checklist\n\n- [ ] All tests pass\n- [ ] No flaky tests\n"


@pytest.fixture
def unsteady(shop: Story) -> Story:
    """A project with a test that passes at the second attempt."""
    shop.write_files({"tests/unit/test_unsteady.py": UNSTEADY, "handoffs/session-1.md": DOCUMENT})
    return shop


def test_the_whole_run_again_until_it_passes(unsteady: Story) -> None:
    """What failed on this very tree and passes now is flaky, and so it stays until the tree is another."""
    first = unsteady.pytest("--no-cov", "--handoff=session-1")
    again = unsteady.pytest("--no-cov", "--handoff=session-1", "-v")
    assert (first.code, again.code) == (1, 0)
    assert outcomes(unsteady)[NAME] == "passed flaky"
    assert f"flaky      {NAME}" in again.section
    assert unsteady.boxes("session-1") == {"All tests pass": True, "No flaky tests": False}
    assert [line for line in outcomes(unsteady).values() if "flaky" in line] == ["passed flaky"]

    unsteady.pytest("--no-cov", "--handoff=session-1")
    assert outcomes(unsteady)[NAME] == "passed flaky"

    unsteady.edit("src/shop/cart.py", "sum(prices)", "sum(list(prices))")
    unsteady.pytest("--no-cov", "--handoff=session-1")
    assert outcomes(unsteady)[NAME] == "passed"
    assert unsteady.boxes("session-1") == {"All tests pass": True, "No flaky tests": False}  # that one run passed shows no more


def test_a_run_that_fails_after_one_that_passed(unsteady: Story) -> None:
    """The other way round it is flaky as well, and fails."""
    (unsteady.folder / ".pytest_cache").mkdir()
    (unsteady.folder / ".pytest_cache" / "seen").touch()
    unsteady.pytest("--no-cov", "--handoff=session-1")
    (unsteady.folder / ".pytest_cache" / "seen").unlink()
    unsteady.pytest("--no-cov", "--handoff=session-1")
    assert outcomes(unsteady)[NAME] == "failed flaky"


TRIES_AGAIN = """
    import sys

    import pytest
    from _pytest import runner


    class Flaky:
        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(self, item, nextitem):
            reports = runner.runtestprotocol(item, log=False, nextitem=nextitem)
            if any(report.failed for report in reports):
                reports = runner.runtestprotocol(item, log=False, nextitem=nextitem)
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            return True


    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(config):
        config.pluginmanager.register(Flaky(), "flaky")
"""


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_a_plugin_that_reports_the_last_attempt_only(unsteady: Story, args: list[str]) -> None:
    """The plugin ``flaky`` tells pytest nothing of the attempts before; they are counted where they are made."""
    unsteady.write_files({"conftest.py": TRIES_AGAIN})
    done = unsteady.pytest("--no-cov", "--handoff=session-1", *args)
    assert done.code == 0, done
    assert outcomes(unsteady)[NAME] == "passed flaky reruns=1"
    assert unsteady.boxes("session-1")["No flaky tests"] is False


PROTOCOL = """
    from _pytest.runner import runtestprotocol


    def pytest_runtest_protocol(item, nextitem):
        for attempt in range(3):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
            if all(report.passed for report in reports):
                break
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        return True
"""
CALL = """
    import pytest


    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(item):
        try:
            return (yield)
        except AssertionError:
            return item.runtest()
"""
IN_A_REPORT = """
    import pytest


    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if report.when == "call" and report.failed and not pytest.CallInfo.from_call(item.runtest, when="call").excinfo:
            report.outcome, report.longrepr = "passed", None
        return report
"""


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
@pytest.mark.parametrize("conftest", [PROTOCOL, CALL, IN_A_REPORT], ids=["protocol", "call", "report"])
def test_a_conftest_that_tries_again(unsteady: Story, conftest: str, args: list[str]) -> None:
    """Attempts that nobody reports are counted, wherever the conftest stands and however it tries; other tests are not flaky."""
    unsteady.write_files({"tests/unit/conftest.py": conftest})
    done = unsteady.pytest("--no-cov", "--handoff=session-1", *args)
    assert done.code == 0, done
    assert [line for line in outcomes(unsteady).values() if "flaky" in line] == ["passed flaky reruns=1"]
    assert unsteady.boxes("session-1")["No flaky tests"] is False


def test_a_conftest_that_only_watches(shop: Story) -> None:
    """Hooks around a test that runs once make no test flaky: not one that fails, skips, xfails or passes."""
    shop.write_files({
        "tests/unit/conftest.py": CALL.replace("return item.runtest()", "raise"),
        "tests/unit/test_kinds.py": """
            import pytest

            def test_fails():
                assert 0

            def test_skips():
                pytest.skip("now")

            def test_xfails():
                pytest.xfail("now")

            @pytest.mark.xfail
            def test_marked():
                assert 0

            @pytest.fixture
            def broken():
                assert 0

            def test_broken(broken):
                pass
        """,
    })  # fmt: skip
    shop.pytest("--no-cov", "--handoff=session-1")
    assert [line for line in outcomes(shop).values() if "flaky" in line or "reruns" in line] == []


REPORTS_RETRIES = """
    import pytest


    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if report.when == "call" and report.failed:
            report.outcome = "retried"
            item.ihook.pytest_runtest_logreport(report=report)
            again = pytest.CallInfo.from_call(item.runtest, when="call")
            report.outcome = "failed" if again.excinfo else "passed"
        return report


    def pytest_report_teststatus(report):
        return ("retried", "R", "RETRY") if report.outcome == "retried" else None
"""


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_a_plugin_that_reports_attempts_in_its_own_word(unsteady: Story, args: list[str]) -> None:
    """pytest-retry says *retried*, with the report that it goes on to use: an attempt, and no outcome."""
    unsteady.write_files({"conftest.py": REPORTS_RETRIES})
    done = unsteady.pytest("--no-cov", "--handoff=session-1", *args)
    assert done.code == 0, done
    assert "disagree" not in done.out
    assert outcomes(unsteady)[NAME] == "passed flaky reruns=1"


WORDS = ["retried", "dd_retry", "rerun", "quarantined"]


@pytest.mark.parametrize("word", WORDS)
def test_a_test_that_never_passes(unsteady: Story, word: str) -> None:
    """However a plugin calls the attempts before: the test failed once, as pytest says, and is not flaky."""
    conftest = REPORTS_RETRIES.replace("'retried'", f"'{word}'").replace('"retried"', f'"{word}"')
    unsteady.write_files({"conftest.py": conftest, "tests/unit/test_never.py": "def test_never():\n    assert 0\n"})
    done = unsteady.pytest("--no-cov", "--handoff=session-1")

    assert done.code == 1, done
    assert "disagree" not in done.out
    assert outcomes(unsteady)["tests/unit/test_never.py::test_never"] == "failed reruns=1"
    assert outcomes(unsteady)[NAME] == "passed flaky reruns=1"
    assert unsteady.boxes("session-1") == {"All tests pass": False, "No flaky tests": False}


REPEATS = """
    import pytest

    STEP = "__pytest_repeat_step_number"

    def pytest_addoption(parser):
        parser.addoption("--count", type=int, default=1)

    @pytest.fixture
    def __pytest_repeat_step_number(request):
        return request.param

    @pytest.hookimpl(trylast=True)
    def pytest_generate_tests(metafunc):
        marker = metafunc.definition.get_closest_marker("repeat")
        count = marker.args[0] if marker else metafunc.config.option.count
        if count > 1:
            metafunc.fixturenames.append(STEP)
            ids = [f"{number + 1}-{count}" for number in range(count)]
            metafunc.parametrize(STEP, range(count), indirect=True, ids=ids)
"""
PLAIN = """
    import pytest

    SEEN = []

    def test_plain():
        pass

    @pytest.mark.parametrize("pair", ["1-2", "2-2"])
    def test_pairs(pair):
        assert pair

    @pytest.mark.repeat(3)
    def test_marked():
        pass

    def test_sometimes():
        SEEN.append(1)
        assert len(SEEN) < 2
"""
ONCE = {
    "test_plain": "passed", "test_pairs[1-2]": "passed", "test_pairs[2-2]": "passed", "test_sometimes": "passed",
    **{f"test_marked[{number}-3]": "passed" for number in (1, 2, 3)},
}  # fmt: skip


def parts(story: Story, session: str) -> dict[str, str]:
    """The outcomes of the tests in the file with the repeated ones."""
    found = outcomes(story, session).items()
    return {test.partition("::")[2]: words for test, words in found if "test_parts.py" in test}


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_a_test_that_the_command_line_repeats(shop: Story, args: list[str]) -> None:
    """pytest-repeat runs each test under ids of its own: one test, whose two outcomes make it flaky, before and after."""
    settings = 'markers = ["repeat"]\ntestpaths'
    shop.edit("pyproject.toml", "testpaths", settings)
    shop.write_files({"conftest.py": REPEATS, "tests/unit/test_parts.py": PLAIN})
    shop.commit()
    shop.pytest("--handoff=session-1")
    assert parts(shop, "session-1") == ONCE
    shop.commit()

    done = shop.pytest("--handoff=session-2", "--count=2", "--dist=loadfile", *args)
    assert parts(shop, "session-2") == ONCE | {"test_sometimes": "failed flaky"}, done
    assert "tests ran several times (--count): each counts once here; pytest counts every run" in done.section
    assert shop.show("session-2")["coverage"]["percent"] == 100
    assert shop.handoff("verify", "session-2").code == 0
    shop.edit("tests/unit/test_parts.py", "< 2", "< 9")
    shop.commit()

    shop.pytest("--handoff=session-3")
    assert parts(shop, "session-3") == ONCE
    statuses = {status for test, status in shop.statuses("session-3").items() if test in ONCE}
    assert statuses == {"still_passing", "fixed"}


def test_what_the_settings_repeat(shop: Story) -> None:
    """Where every run has them, they are the cases that the suite has."""
    shop.edit("pyproject.toml", "testpaths", 'addopts = "--count=2"\ntestpaths')
    shop.write_files({"conftest.py": REPEATS})
    shop.pytest("--no-cov", "--handoff=session-1")
    assert {test.partition("::")[2] for test in outcomes(shop)} >= {"test_total[1-2]", "test_total[2-2]"}
