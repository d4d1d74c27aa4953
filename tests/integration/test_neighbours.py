"""The same evidence beside other plugins, and however plugins are loaded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import neighbours
import pytest
from test_outcomes import last_line, outcomes

if TYPE_CHECKING:
    from stories import Story

needs_neighbours = pytest.mark.skipif(not neighbours.FOLDER.is_dir(), reason="scripts/prepare_venv.py installs the neighbours")

NO_AUTOLOAD = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
WAYS_TO_LOAD = {
    "by module": ["-p", "pytest_handoff.plugin", "-p", "pytest_cov.plugin"],
    "by entry point, coverage first": ["-p", "pytest_cov", "-p", "handoff"],
    "parallel": ["-p", "xdist", "-p", "pytest_handoff.plugin", "-p", "pytest_cov.plugin", "-n", "2"],
}


@pytest.mark.parametrize("args", WAYS_TO_LOAD.values(), ids=WAYS_TO_LOAD)
def test_coverage_is_measured_however_its_plugin_was_loaded(shop: Story, args: list[str]) -> None:
    """pytest-cov has another name where ``-p`` loads its module; coverage is on by itself all the same."""
    shop.environment.update(NO_AUTOLOAD)
    done = shop.pytest("--handoff=session-1", *args)

    assert done.code == 0, done
    shown = shop.show("session-1")
    assert (shown["coverage"]["percent"], shown["new_code"]["covered_by_new_unit"]) == (100, 2)


def test_no_coverage_without_its_plugin(shop: Story) -> None:
    """Where nothing loads pytest-cov, the run says so and what to do; tests are recorded."""
    shop.environment.update(NO_AUTOLOAD)
    done = shop.pytest("-p", "pytest_handoff.plugin", "--handoff=session-1")

    assert "not measured: pytest-cov was not loaded (-p no:cov, or no plugin autoload: add -p pytest_cov.plugin)" in done.section
    assert shop.show("session-1")["counts"]["passed"] == 3


BESIDE: dict[str, tuple[tuple[str, ...], list[str], int]] = {
    "all of them": (neighbours.PLUGINS, ["--html=artifacts/page.html", "--timeout=60"], 1),
    "all of them, parallel": (neighbours.PLUGINS, ["--html=artifacts/page.html", "--timeout=60", "-n", "2"], 1),
    "in another order": (("randomly",), ["-p", "randomly", "-p", "no:cacheprovider"], 1),
    "importlib, strictly": ((), ["--import-mode=importlib", "--strict-markers", "-W", "error", "-p", "no:cov"], 1),
    "used twice": ((), ["--keep-duplicates", "tests", "tests"], 2),
    "by each worker": ((), ["--dist=each", "--tx=2*popen"], 2),
}
"""Plugins, options, and how often each test runs."""


@needs_neighbours
@pytest.mark.parametrize(("plugins", "args", "times"), BESIDE.values(), ids=BESIDE)
def test_the_ledger_written_by_hand(empty: Story, plugins: tuple[str, ...], args: list[str], times: int) -> None:
    """Beside each neighbour a test counts once, as it ended, and pytest's last line is the one written by hand."""
    empty.write_files({"tests/test_mixed.py": neighbours.MIXED_TESTS})
    empty.environment |= neighbours.environment(*plugins)
    done = empty.pytest("--handoff=session-1", *args)

    assert done.code == 1, done
    assert outcomes(empty) == neighbours.MIXED
    assert last_line(done.out) == {word: number * times for word, number in neighbours.MIXED_TOTALS.items()}


@needs_neighbours
def test_items_that_neighbours_make(empty: Story) -> None:
    """Coroutines, properties, scenarios and Django's cases count as pytest counts them."""
    empty.write_files(neighbours.ITEMS)
    empty.environment |= neighbours.environment("asyncio", "django", "pytest-bdd")
    done = empty.pytest("--no-cov", "--handoff=session-1")

    assert outcomes(empty) == neighbours.ITEMS_LEDGER, done
    assert last_line(done.out) == neighbours.ITEMS_TOTALS


def only(story: Story, neighbour: str) -> None:
    """Have this neighbour alone; the project's own settings say so, since what an environment keeps out makes a run a part."""
    environment = neighbours.environment(neighbour)
    settings = "[tool.pytest.ini_options]\n"
    story.edit("pyproject.toml", settings, f'{settings}addopts = "{environment.pop("PYTEST_ADDOPTS")}"\n')
    story.commit()
    story.environment |= environment


@needs_neighbours
def test_shares_of_pytest_split_add_up(shop: Story) -> None:
    """Each share is less than everything; both make one complete session, and one of them again takes nothing away."""
    only(shop, "pytest-split")
    found = []
    for group in ("1", "2", "1"):
        shop.pytest("--handoff=session-1", "--splits=2", f"--group={group}")
        shown = shop.show("session-1")
        found.append((shown["complete"], shown["counts"]["passed"], shown["counts"]["not_run"], shown["coverage"]["percent"]))

    assert found == [(False, 2, 1, 100), (True, 3, 0, 100), (True, 3, 0, 100)]


@needs_neighbours
def test_what_testmon_leaves_out(shop: Story) -> None:
    """testmon leaves out files that did not change: nothing is taken from the whole run before it, and the rest did not run."""
    only(shop, "pytest-testmon")
    shop.pytest("--no-cov", "--handoff=session-1", "--testmon")
    done = shop.pytest("--no-cov", "--handoff=session-1", "--testmon")
    first = shop.show("session-1")
    shop.edit("tests/unit/test_cart.py", "== 3", "== 3.0")
    shop.pytest("--no-cov", "--handoff=session-1", "--testmon")
    edited = shop.show("session-1")

    assert "no tests ran" in done.out
    assert (first["complete"], first["fresh"], first["counts"]["passed"]) == (True, True, 3)
    assert (edited["complete"], edited["counts"]["passed"], edited["counts"]["not_run"]) == (False, 1, 2)


TAKES_AWAY = """
    import pytest

    collect_ignore = ["tests/e2e"] if {ignores} else []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(config, items):
        {hook}
"""
WAYS_TO_LEAVE_OUT = {
    "told": (TAKES_AWAY.format(ignores=False, hook="config.hook.pytest_deselected(items=[items.pop()])"), []),
    "untold": (TAKES_AWAY.format(ignores=False, hook="del items[1:]"), []),
    "untold, parallel": (TAKES_AWAY.format(ignores=False, hook="del items[1:]"), ["-n", "2"]),
    "a folder": (TAKES_AWAY.format(ignores=True, hook="pass"), []),
}


@pytest.mark.parametrize(("conftest", "args"), WAYS_TO_LEAVE_OUT.values(), ids=WAYS_TO_LEAVE_OUT)
def test_what_a_conftest_leaves_out_did_not_run(shop: Story, conftest: str, args: list[str]) -> None:
    """A test that the session has recorded and a conftest takes away is *not run*, whether or not pytest was told."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.write_files({"conftest.py": conftest})
    done = shop.pytest("--no-cov", "--handoff=session-1", *args)
    shown = shop.show("session-1")

    assert shown["counts"]["passed"] == last_line(done.out)["passed"] in (1, 2)
    assert shown["counts"]["passed"] + shown["counts"]["not_run"] == 3
    assert shown["complete"] is False


@needs_neighbours
def test_a_timeout_that_ends_the_process(shop: Story) -> None:
    """pytest-timeout's thread method kills pytest: the next command says how far the run came."""
    shop.write_files({"tests/unit/test_hangs.py": "import threading\n\ndef test_hangs():\n    threading.Event().wait()\n"})
    shop.environment |= neighbours.environment("timeout")
    done = shop.pytest("--no-cov", "--handoff=session-1", "--timeout=3", "--timeout-method=thread")

    assert done.code == 1
    told = shop.handoff("show", "session-1")
    assert "interrupted after 3 of 4 tests" in told.out + told.err
    assert shop.handoff("fill", "session-1", "--interrupted").code == 0
    shown = shop.show("session-1")
    assert (shown["complete"], shown["counts"]["passed"], shown["counts"]["not_run"]) == (False, 3, 1)


@pytest.fixture
def service(shop: Story) -> Story:
    """The project in a folder of a larger repository."""
    (shop.folder / "services").mkdir()
    shop.git("mv", "src", "tests", "pyproject.toml", "services")
    shop.commit("a larger repository")
    return shop


FROM_WHERE = {
    "in its folder, parallel": ("services", ["-n", "2"]),
    "from the git root": (".", ["-c", "services/pyproject.toml", "services/tests"]),
    "from a folder of tests": ("services/tests/unit", [".."]),
}


@pytest.mark.parametrize(("folder", "args"), FROM_WHERE.values(), ids=FROM_WHERE)
def test_ids_are_relative_to_the_git_root(service: Story, folder: str, args: list[str]) -> None:
    """Wherever pytest was called, and wherever its rootdir is, a test has one id, and the run is a whole one."""
    service.pytest("--no-cov", "--handoff=session-1", *args, cwd=service.folder / folder)
    done = service.handoff("show", "session-1", "--json", cwd=service.folder / "services")
    shown = json.loads(done.out)

    assert shown["complete"] is True
    assert set(shown["tests"]) == {
        "services/tests/e2e/test_shop.py::test_checkout",
        "services/tests/unit/test_cart.py::test_empty",
        "services/tests/unit/test_cart.py::test_total",
    }
