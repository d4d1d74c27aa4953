"""What helps a run, or looks at it closer, costs no record when it fails."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

MOCKED = """
    import json
    from unittest import mock

    import pytest


    @pytest.fixture(scope="module", autouse=True)
    def broken():
        with mock.patch("json.dumps", side_effect=RuntimeError("no JSON today")):
            yield


    def test_fails():
        assert 0


    def test_passes():
        pass
"""


def test_a_mock_that_outlives_its_test_costs_the_journal_only(empty: Story) -> None:
    """The journal writes while tests run, with whatever they have replaced."""
    empty.write_files({"tests/unit/test_it.py": MOCKED})
    empty.commit()
    done = empty.pytest("--no-cov", "--handoff=session-1")

    assert "defect" not in done.out + done.err, done
    assert done.code == 1
    counts = empty.show("session-1")["counts"]
    assert (counts["passed"], counts["failed"]) == (1, 1)


DEEP = {
    "signs": "x = " + "-" * 200_000 + "1\n",
    "terms": "x = " + "+".join(["1"] * 200_000) + "\n",
    "calls": "def f():\n    return f\n\n\nx = f" + "()" * 100_000 + "\n",
    "brackets": "x = " + "[" * 5_000 + "]" * 5_000 + "\n",
}


@pytest.mark.parametrize("deep", DEEP.values(), ids=DEEP)
def test_a_source_that_is_nested_too_deeply_is_not_measured(empty: Story, deep: str) -> None:
    """Python itself could not import it; the rest is measured and recorded."""
    test = "from shop import double\n\n\ndef test_it():\n    assert double(1) == 2\n"
    empty.write_files({"src/table.py": deep, "src/shop.py": "def double(x):\n    return 2 * x\n", "tests/unit/test_it.py": test})
    empty.commit()
    plain, done = empty.pytest("--cov=src"), empty.pytest("--cov=src", "--handoff=session-1")

    assert "defect" not in done.out + done.err, done
    assert done.code == plain.code == 0
    assert list(empty.show("session-1")["coverage"]["files"]) == ["src/shop.py"]
    assert "src/table.py is not measured: " in empty.text("handoffs/evidence/session-1/record.json")


PICKS = """
    def pytest_configure(config):
        config.args = ["tests/unit/test_new.py"]
"""


WAYS_TO_PICK = {
    "pytest_configure": PICKS,
    "a folder": PICKS.replace("/test_new.py", ""),
    "a test": PICKS.replace("test_new.py", "test_new.py::test_new"),
    "collecting": """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_collection(session):
            session.config.args = ["tests/unit/test_new.py", "tests/e2e"]
    """,
    "in place": PICKS.replace("args = ", "args[:] = "),
}


@pytest.mark.parametrize("conftest", WAYS_TO_PICK.values(), ids=WAYS_TO_PICK)
@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_ways_to_put_paths_in_place_of_testpaths(shop: Story, conftest: str, args: list[str]) -> None:
    """Wherever a plugin does so, what the others test did not run, and nothing passes for the whole."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.commit()
    shop.write_files({"tests/unit/test_new.py": "def test_new(): pass\n", "conftest.py": conftest})
    shop.pytest("--no-cov", "--handoff=session-2", *args)
    shown = shop.show("session-2")

    assert shown["complete"] is False
    assert shown["counts"]["not_run"] > 0


@pytest.mark.parametrize("picks", [True, False])
def test_paths_that_a_plugin_puts_in_place_of_testpaths(shop: Story, picks: bool) -> None:
    """pytest says that they come from testpaths; they are a part all the same."""
    shop.write_files({"tests/unit/test_new.py": "def test_new(): pass\n"} | ({"conftest.py": PICKS} if picks else {}))
    shop.pytest("--no-cov", "--handoff=session-1")
    shown = shop.show("session-1")

    assert shown["complete"] != picks
    assert ("only some tests were selected: tests/unit/test_new.py" in (shown["why_incomplete"] or "")) == picks


FREEZES = """
    import datetime
    import time

    STOPPED = 86_400.0

    for name in ("time", "perf_counter", "monotonic"):
        setattr(time, name, lambda: STOPPED)

    class Frozen(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(STOPPED, tz)

    datetime.datetime = Frozen
"""


@pytest.mark.parametrize("where", ["conftest.py", "tests/test_frozen.py"])
def test_a_frozen_clock_is_not_ours(empty: Story, where: str) -> None:
    """A conftest, or a test, that stops the clock: the record has the day and the duration all the same."""
    waits = "\n\ndef test_waits():\n    import threading\n    threading.Event().wait(0.2)\n"
    empty.write_files({where: FREEZES, "tests/test_late.py": waits})
    before = datetime.now(UTC).date().isoformat()
    empty.pytest("--no-cov", "--handoff=session-1", "-p", "no:benchmark")
    run = json.loads(empty.text("handoffs/evidence/session-1/record.json"))["run"]

    assert before <= run["started"][:10] <= run["finished"][:10] <= datetime.now(UTC).date().isoformat()
    assert 0.1 < run["duration_s"] < 300


@pytest.mark.parametrize("names", [["pytest_cov", "handoff"], ["pytest_cov.plugin", "pytest_handoff.plugin"]], ids=" ".join)
def test_plugins_that_are_named(empty: Story, names: list[str]) -> None:
    """Where none is loaded by itself, these two names do, coverage included."""
    empty.write_files(
        {"src/shop.py": "PRICE = 3\n", "tests/test_shop.py": "import shop\n\ndef test_price(): assert shop.PRICE\n"}
    )
    empty.environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = empty.pytest("--handoff=session-1", *(part for name in names for part in ("-p", name)))

    assert done.code == 0, done
    assert empty.show("session-1")["coverage"]["percent"] == 100
    assert "unrecognized arguments" in empty.pytest("--handoff=session-1", "-p", "pytest_handoff").err


CLOSES = """
    import os
    import select
    import socket


    def test_closes(tmp_path_factory):
        folder = tmp_path_factory.mktemp("files")
        os.closerange(3, 64)
        global FILES
        FILES = {opens}


    def test_more():
        pass


    def test_they_are_empty():
        assert {empty}


    def test_fails():
        assert 0
"""


SIZES = "{os.fstat(file.fileno()).st_size for file in FILES} == {0}"
OTHER_FILES = {
    "files": ('[open(folder / str(number), "w+") for number in range(40)]', SIZES),
    "one file": ('[open(folder / "a", "w+")]; FILES += [os.fdopen(os.dup(FILES[0].fileno())) for _ in range(40)]', SIZES),
    "sockets": ("[end for _ in range(20) for end in socket.socketpair()]", "select.select(FILES, [], [], 0)[0] == []"),
}
COUNTS = """
    import os


    def is_closed(file):
        try:
            os.fstat(file.fileno())
        except OSError:
            return True
        return False


    def pytest_unconfigure():
        import test_it
        print("closed by others:", sum(map(is_closed, test_it.FILES)))
"""


@pytest.mark.parametrize("opens", OTHER_FILES)
def test_descriptors_that_a_test_closed_are_other_files_now(empty: Story, opens: str) -> None:
    """The journal goes on in its own file, and nothing of ours is closed by a number that is somebody else's."""
    code = CLOSES.replace("{opens}", OTHER_FILES[opens][0]).replace("{empty}", OTHER_FILES[opens][1])
    empty.write_files({"tests/unit/test_it.py": code, "conftest.py": COUNTS})
    empty.commit()
    options = ("--no-cov", "--capture=sys", "-p", "no:rerunfailures")
    plain, done = empty.pytest(*options), empty.pytest(*options, "--handoff=session-1")

    assert done.code == plain.code == 1, done
    assert "cannot keep a journal" not in done.out
    assert done.out.splitlines()[-1] == plain.out.splitlines()[-1]
    counts = empty.show("session-1")["counts"]
    assert (counts["passed"], counts["failed"]) == (3, 1)
