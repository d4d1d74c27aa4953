"""Only what this run measured counts, whatever its tests do to coverage.py, and whatever other runs left behind."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story


CODE = """
    def total(prices, discount=0):
        if discount > 100:
            raise ValueError("too much")
        return sum(prices) * (100 - discount) / 100


    def receipt(prices):
        return f"total {total(prices):.2f}"
"""
UNIT = """
    import pytest
    from price import receipt, total


    def test_sum():
        assert total([1, 2]) == 3


    def test_refused():
        with pytest.raises(ValueError):
            total([1], discount=101)
"""
E2E = """
    from price import receipt


    def test_receipt():
        assert receipt([10, 20]) == "total 30.00"
"""
STARTS = """
    import subprocess, sys


    def test_starts():
        done = subprocess.run([sys.executable, "-m", {command}], capture_output=True, text=True)
        assert done.returncode in {codes}, done.stdout + done.stderr
"""
PRETENDS = """
    import os
    from pathlib import Path

    from pytest_handoff.project.locks import take_lock

    folder = Path({folder!r})
    folder.mkdir(parents=True, exist_ok=True)
    held = take_lock(folder / "alive", 0)
    os.environ["HANDOFF_RUNNING"] = {told!r} + os.pathsep + str(folder)
"""
INNER = '"pytest", "-q", "--cov=src", "tests/unit/test_price.py"'


@pytest.fixture
def price(empty: Story) -> Story:
    """A project whose statements all run, four of them under unit tests."""
    empty.leave_unmeasured()
    empty.write_files({"src/price.py": CODE, "tests/unit/test_price.py": UNIT, "tests/e2e/test_shop.py": E2E})
    empty.commit()
    return empty


def figures(story: Story, session: str = "session-1") -> tuple[float, int, int | None]:
    """The total, and how many of the new statements ran at all and under unit tests."""
    shown = story.show(session)
    code = shown["new_code"]
    return shown["coverage"]["percent"], code["covered"], code["covered_by_unit"]


RUN = '"coverage", "run", "--source=src", "-m", "pytest", "-q", "-p", "no:cov", "tests/unit/test_price.py"'


@pytest.mark.parametrize(
    ("command", "codes", "way"),
    [
        pytest.param(INNER, "{0}", (), id="pytest-cov"),
        pytest.param(f'{INNER}, "--cov-append"', "{0}", ("-n2",), id="pytest-cov that appends, in a worker"),
        pytest.param(f'{INNER}, "-n1"', "{0}", ("--cov=src",), id="pytest-cov with workers"),
        pytest.param('"coverage", "combine"', "{0, 1}", ("--cov=src",), id="combine"),
        pytest.param('"coverage", "erase"', "{0}", ("-n2",), id="erase, in a worker"),
        pytest.param(RUN, "{0}", (), id="coverage run"),
    ],
)
def test_what_a_test_does_to_the_data(price: Story, way: tuple[str, ...], command: str, codes: str) -> None:
    """A test may start coverage.py in the project's folder, and combine or erase what lies there."""
    price.write_files({"tests/e2e/test_cli.py": STARTS.format(command=command, codes=codes)})
    price.commit()
    done = price.pytest("--handoff=session-1", *way)

    assert done.code == 0, done
    assert "INTERNALERROR" not in done.out + done.err
    assert figures(price) == (100, 6, 4)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("way", [(), ("--no-cov",)])
def test_a_forked_child_that_goes_on(price: Story, way: tuple[str, ...]) -> None:
    """It runs the other tests once more, and its failure is not the run's."""
    forks = "import os\n\n\ndef test_forks():\n    pid = os.fork()\n    if pid:\n        os.waitpid(pid, 0)\n"
    last = "import os\nimport sys\n\nTOP = os.getpid()\n\n\ndef test_is_the_run():\n    assert os.getpid() == TOP\n"
    price.write_files({"tests/unit/test_a_fork.py": forks, "tests/unit/test_z.py": last})
    price.commit()
    done = price.pytest("--handoff=session-1", *way)

    assert done.code == 0, done
    assert "INTERNALERROR" not in done.out + done.err
    assert "cannot keep a journal" not in done.out
    assert "handoff session-1" not in done.out.partition("1 failed")[0]  # what the child says at its end
    assert price.show("session-1")["counts"]["passed"] == 5
    assert way or figures(price) == (100, 6, 4)


@pytest.mark.parametrize("starts", ['"pytest", "-q", "tests/unit/test_price.py"', '"pytest", "-q", "--cov=src"', '"tox"'])
def test_options_that_an_inner_run_inherits(price: Story, starts: str) -> None:
    """With --handoff in PYTEST_ADDOPTS or addopts, a run that a test starts is not another run of the session."""
    inner = '"pytest", "-q", "tests/unit/test_price.py"' if starts == '"tox"' else f'{starts}, "--deselect=tests/e2e/test_cli.py"'
    price.write_files({"tests/e2e/test_cli.py": STARTS.format(command=inner, codes="{0}")})
    price.commit()
    price.environment["PYTEST_ADDOPTS"] = "--handoff=session-1"
    done = price.pytest()

    assert done.code == 0, done
    assert "was recorded while this one ran" not in done.out
    assert figures(price) == (100, 6, 4)
    assert price.show("session-1")["counts"]["passed"] == 4


@pytest.mark.parametrize("by", ["conftest", "environment", "dead run"])
def test_nobody_pretends_that_a_run_started_this_one(price: Story, by: str) -> None:
    """Only a run that is alive, and was named before any conftest, takes the recording over: the gate is not left out."""
    told = f"session-1 {price.folder / 'handoffs'}"
    folder = price.folder / ".pytest_cache/handoff/.journals/session-1/1-1"
    if by == "dead run":
        price.write_files({str((folder / "alive").relative_to(price.folder)): ""})
    if by == "conftest":
        price.write_files({"conftest.py": PRETENDS.format(folder=str(folder), told=told)})
        price.commit()
    else:
        price.environment["HANDOFF_RUNNING"] = told if by == "environment" else f"{told}{os.pathsep}{folder}"
    done = price.pytest("--handoff=session-1", "--handoff-gate", "--no-cov")

    assert "it records nothing" not in done.out
    assert price.show("session-1")["counts"]["passed"]


def test_data_that_pytest_cov_cannot_put_together(price: Story) -> None:
    """What costs its report costs the figure and not the record; where a total was required, it fails as without a hand-off."""
    price.write_files({"tests/e2e/test_cli.py": 'def test_writes():\n    open(".coverage", "w").write("no data" * 999)\n'})
    price.commit()
    done, required = (price.pytest("--handoff=session-1", "--cov=src", *more) for more in ((), ("--cov-fail-under=50",)))

    assert done.code == 0, done
    assert "coverage   not measured: pytest-cov could not combine its data: " in done.out
    assert price.show("session-1")["counts"]["passed"] == 4
    assert str(price.folder) not in price.text("handoffs/evidence/session-1/record.json") + price.document("session-1")
    assert required.code == 1, required


@pytest.mark.parametrize("processes", [(), ("-n", "2", "-p", "no:benchmark")], ids=["alone", "workers"])
def test_a_test_that_removes_everything_that_git_ignores(price: Story, processes: tuple[str, ...]) -> None:
    """Also what is measured lies there, and the journal: the results are recorded all the same, and nothing is made up."""
    removes = 'import subprocess\n\n\ndef test_cleans():\n    subprocess.run(["git", "clean", "-fdXq"], check=True)\n'
    price.write_files({"tests/unit/test_a_clean.py": removes})
    price.commit()
    done = price.pytest("--handoff=session-1", *processes)
    shown = price.show("session-1")

    assert done.code == 0, done
    assert "INTERNALERROR" not in done.out + done.err
    assert "coverage   not measured: " in done.out
    assert (shown["counts"]["passed"], shown["complete"]) == (4, True)
    assert str(price.folder) not in price.text("handoffs/evidence/session-1/record.json")


AFTER_XDIST_TOLD = """
    import os
    import time
    from pathlib import Path

    import pytest

    HEARD = Path(__file__).with_name("heard")


    def pytest_collection_finish(session):  # xdist's own plugin is newer, and has told the controller by now
        worker, latest = os.environ.get("PYTEST_XDIST_WORKER"), time.monotonic() + 300
        while worker and not HEARD.with_name(f"heard-{worker}").exists():
            assert time.monotonic() < latest
            time.sleep(0.01)


    class Controller:
        @pytest.hookimpl(trylast=True, optionalhook=True)
        def pytest_xdist_node_collection_finished(self, node):
            found = [*Path(__file__).parent.glob(".pytest_cache/handoff/.journals/*/*/collection.json")]
            HEARD.with_name(f"heard-{node.gateway.id}").write_text(str(len(found)))


    def pytest_configure(config):
        config.pluginmanager.register(Controller())
"""


def test_what_workers_collected_is_there_before_the_controller_hears_of_it(price: Story) -> None:
    """Else the first test could remove it before anybody has read it."""
    price.write_files({"conftest.py": AFTER_XDIST_TOLD, ".gitignore": price.text(".gitignore") + "heard-*\n"})
    price.commit()
    done = price.pytest("--handoff=session-1", "--no-cov", "-n2", "-p", "no:benchmark")

    assert done.code == 0, done
    assert [price.text(f"heard-{worker}") for worker in ("gw0", "gw1")] == ["1", "1"]


OLD = "raise ValueError"
NEW = "return never_tried(prices) and ValueError"


APPEND = ("--cov=src", "--cov-append")
BRANCHES = (*APPEND, "--cov-branch")


@pytest.mark.parametrize(
    ("by", "options"),
    [
        pytest.param((), APPEND, id="a run without a hand-off"),
        pytest.param(("--handoff=session-1",), APPEND, id="the session before"),
        pytest.param(("--handoff=session-2",), BRANCHES, id="the same session, with branches"),
        pytest.param((), (*APPEND, "-n2"), id="with workers"),
    ],
)
def test_appended_data_of_other_code(price: Story, by: tuple[str, ...], options: tuple[str, ...]) -> None:
    """Line 3 is other code now, which nothing runs: that an earlier run has seen the line number says nothing of it."""
    price.pytest("--handoff=session-1", "--no-cov")
    price.commit()
    price.pytest(*options, *by)
    price.edit("src/price.py", OLD, NEW)
    price.write_files(
        {"tests/unit/test_price.py": UNIT.partition("    def test_refused")[0] + "    def test_three():\n        pass\n"}
    )
    done = price.pytest("--handoff=session-2", *options)

    assert done.code == 0, done
    shown = price.show("session-2")
    assert shown["coverage"]["files"]["src/price.py"]["missing"] == "3"
    assert (shown["new_code"]["num_statements"], shown["new_code"]["covered"]) == (1, 0)
    assert any("also count lines from other runs in .coverage" in note for note in shown["new_code"]["notes"])


def test_data_files_that_lie_about(price: Story) -> None:
    """Where it appends, pytest-cov takes them into its report, as it would without a hand-off."""
    price.run(sys.executable, "-m", "coverage", "run", "-p", "--source=src", "-m", "pytest", "-q", "-p", "no:cov")
    assert list(price.folder.glob(".coverage.*"))
    price.edit("src/price.py", OLD, NEW)
    price.edit("tests/unit/test_price.py", "total([1], discount=101)", "raise ValueError")
    done = price.pytest("--handoff=session-1", *APPEND)

    assert re.search("TOTAL +6 +0 +100%", done.out), done
    assert price.show("session-1")["coverage"]["files"]["src/price.py"]["missing"] == "3"


def test_a_file_that_was_there_and_that_a_test_changes(price: Story) -> None:
    """What is the run's and what is older is not to be told apart then: that is said, and nothing else."""
    price.write_files({"tests/e2e/test_cli.py": STARTS.format(command=f'{INNER}, "--cov-append"', codes="{0}")})
    price.commit()
    price.pytest("--cov=src")
    done = price.pytest("--handoff=session-1", *APPEND)

    assert done.code == 0, done
    assert "coverage   not measured: a test changed .coverage, which had data of other runs when this run began" in done.out


def test_coverage_run_that_appends(price: Story) -> None:
    """Its own file has everything in the end; the figures have what ran now."""
    run = (sys.executable, "-m", "coverage", "run", "--source=src")
    price.run(*run, "-m", "pytest", "-q", "-p", "no:cov")
    price.edit("src/price.py", OLD, NEW)
    price.edit("tests/unit/test_price.py", "total([1], discount=101)", "raise ValueError")
    done = price.run(*run, "--append", "-m", "pytest", "--handoff=session-1")

    assert done.code == 0, done
    assert price.show("session-1")["coverage"]["files"]["src/price.py"]["missing"] == "3"
    assert "100%" in price.run(sys.executable, "-m", "coverage", "report").out
    price.run(*run, "-m", "pytest", "--handoff=session-1")
    assert "83%" in price.run(sys.executable, "-m", "coverage", "report").out


@pytest.mark.parametrize("options", ["--handoff=inner-1", "--cov", "--cov=. --handoff=inner-1", "-q"])
def test_a_run_within_a_run(price: Story, options: str) -> None:
    """Tests of plugins call pytest in their own process; what the outer run measures stays its own."""
    inner = f"""
        from price import total

        pytest_plugins = ["pytester"]


        def test_inner(pytester):
            pytester.makepyfile(test_in="def test_x(): pass")
            assert pytester.inline_run(*{options.split()}).ret == 0
    """
    price.write_files({"tests/unit/test_a_plugin.py": inner, "conftest.py": 'pytest_plugins = ["pytester"]\n'})
    price.commit()
    done = price.pytest("--handoff=session-1")

    assert done.code == 0, done
    assert figures(price) == (100, 6, 4)


@pytest.mark.parametrize("way", [(), ("-n2",), ("--cov=src", "--cov-branch")], ids=["serial", "workers", "branches"])
def test_whoever_switches_the_context(price: Story, way: tuple[str, ...]) -> None:
    """Which test ran a line is not known where somebody else says so; the lines of the tests that follow are theirs."""
    switches = """
        import coverage
        from price import receipt


        def test_switches():
            coverage.Coverage.current().switch_context("mine")
            assert receipt([1])
    """
    price.write_files({"tests/unit/test_a_switch.py": switches})
    price.commit()
    done = price.pytest("--handoff=session-1", *way)

    assert done.code == 0, done
    assert figures(price) == (100, 6, None)
    assert any("switched coverage.py to the context 'mine'" in note for note in price.show("session-1")["new_code"]["notes"])
