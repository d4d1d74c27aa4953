"""Processes of multiprocessing, however they start and are measured: their lines are those of the test that started them."""

from __future__ import annotations

import os

import pytest

from stories import FIRST, PYPROJECT, Story

WORK = """
    def forked(x):
        return x + 1


    def forked_in_pool(x):
        return x + 2


    def forked_end_to_end(x):
        return x + 3


    def spawned(x):
        return x + 4


    def spawned_in_pool(x):
        return x + 5


    def spawned_end_to_end(x):
        return x + 6


    def served(x):
        return x + 7


    def served_in_pool(x):
        return x + 8


    def served_end_to_end(x):
        return x + 9


    def never(x):
        return x + 10


    def starts_another(x):
        from multiprocessing import get_context

        child = get_context("spawn").Process(target=started_in_turn, args=(x,))
        child.start()
        child.join()


    def started_in_turn(x):
        return x + 11
"""

UNIT = """
    import multiprocessing

    import pytest
    from shop import work

    @pytest.mark.parametrize(("method", "name"), [("fork", "forked"), ("spawn", "spawned"), ("forkserver", "served")])
    def test_unit(method, name):
        context = multiprocessing.get_context(method)
        process = context.Process(target=getattr(work, name), args=(1,))
        process.start()
        process.join()
        assert process.exitcode == 0
        pool = context.Pool(1)
        assert pool.map(getattr(work, f"{name}_in_pool"), [1]) in ([3], [6], [9])
        pool.close()
        pool.join()

    def test_in_turn():
        process = multiprocessing.get_context("spawn").Process(target=work.starts_another, args=(1,))
        process.start()
        process.join()
        assert process.exitcode == 0
"""

E2E = """
    import multiprocessing

    import pytest
    from shop import work

    @pytest.mark.parametrize(("method", "name"), [("fork", "forked"), ("spawn", "spawned"), ("forkserver", "served")])
    def test_end_to_end(method, name):
        process = multiprocessing.get_context(method).Process(target=getattr(work, f"{name}_end_to_end"), args=(1,))
        process.start()
        process.join()
        assert process.exitcode == 0
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

BY_CONCURRENCY = 'concurrency = ["multiprocessing"]'
BY_PATCHES = 'patch = ["subprocess", "fork", "_exit"]'

ALL = "1-2, 5-6, 9-10, 13-14, 17-18, 21-22, 25-26, 29-30, 33-34, 37-38, 41-42, 44-46, 49-50"
END_TO_END = "9-10, 21-22, 33-34, 37"
"""What is run end to end, and the header of what nobody runs: it has the state of its body."""


def settings(measured: str) -> str:
    """The project's settings with a way to measure processes."""
    return f"{PYPROJECT}\n    [tool.coverage.run]\n    source = ['src']\n    {measured}\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A project in its second session, whose end-to-end tests start the fork server before the unit tests need it."""
    story = Story(tmp_path_factory.mktemp("processes"))
    story.write_files({**FIRST, "pyproject.toml": PYPROJECT})
    assert story.pytest("--handoff=session-1", "--no-cov").code == 0
    story.write_files({"src/shop/work.py": WORK, "tests/unit/test_work.py": UNIT, "tests/a/e2e/test_works.py": E2E})
    return story


@pytest.mark.parametrize(
    ("measured", "args", "missing", "not_by_unit"),
    [
        (BY_CONCURRENCY, (), "38", END_TO_END),
        (BY_CONCURRENCY, ("-n2",), "38", END_TO_END),
        (BY_PATCHES, ("-n2",), "38", END_TO_END),
        (BY_PATCHES, ("--cov", "--cov-report=", "--cov-context=test"), "38", END_TO_END),
        # Who has coverage.py measure interpreters alone has it measure no forked process: so it says itself.
        ('patch = ["subprocess"]', (), "2, 6, 10, 26, 30, 34, 38", "1, 5, 9, 21-22, 25, 29, 33, 37"),
    ],
    ids=["concurrency", "concurrency -n2", "patches -n2", "patches, per test", "interpreters alone"],
)
def test_a_process_belongs_to_the_test_that_started_it(
    shared: Story, measured: str, args: tuple[str, ...], missing: str, not_by_unit: str
) -> None:
    """By Process and by Pool, forked, spawned, and forked by a server that another kind of test has started."""
    shared.write_files({"pyproject.toml": settings(measured)})
    done = shared.pytest("--handoff=session-2", *args)
    assert done.code == 0, done.out
    file = shared.show("session-2")["new_code"]["files"]["src/shop/work.py"]
    assert (file["lines"], file["missing"], file["not_by_unit"]) == (ALL, missing, not_by_unit)


COMMAND = """
    import multiprocessing


    def work():
        print("done")


    if __name__ == "__main__":
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join()
"""

OF_COMMAND = """
    import os
    import subprocess
    import sys

    def test_command():
        command = [sys.executable, "-m", "shop.command"]
        assert subprocess.check_output(command, env={**os.environ, "PYTHONPATH": "src"}) == b"done\\n"
"""


def test_a_command_that_a_test_runs_tells_its_own_processes(empty: Story) -> None:
    """Both of coverage.py's ways at once: an interpreter by a patch, and what it forks by the concurrency."""
    empty.write_files({**FIRST, "pyproject.toml": settings(f'{BY_CONCURRENCY}\n    patch = ["subprocess"]')})
    assert empty.pytest("--handoff=session-1").code == 0
    empty.write_files({"src/shop/command.py": COMMAND, "tests/unit/test_command.py": OF_COMMAND})
    done = empty.pytest("--handoff=session-2")
    assert done.code == 0, done.out
    file = empty.show("session-2")["new_code"]["files"]["src/shop/command.py"]
    assert (file["lines"], file["missing"], file["not_by_unit"]) == ("1, 4-5, 8-11", "", "")
