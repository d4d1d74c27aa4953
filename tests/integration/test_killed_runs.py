"""Runs that die: what was there before stays, and what they knew can be used."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

FOUR = """
    def test_a(): pass
    def test_b(): assert False, "b is broken"
    def test_c():
        {end}
    def test_d(): pass
"""

SUDDEN = {
    "os._exit(0)": "import os; os._exit(0)",
    "SIGKILL": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "SIGTERM": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
}
HEARS_CTRL_C = "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Whoever starts the tests in the background may have told them to ignore it."""
SAID = {
    "Ctrl-C": "raise KeyboardInterrupt",
    "SIGINT": f"{HEARS_CTRL_C}; os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(5)",
    "pytest.exit": "import pytest; pytest.exit('enough', returncode=0)",
}


@pytest.fixture
def four(empty: Story) -> Story:
    """A project with one recorded session, whose run now dies in the third of four tests."""
    empty.write_files({"tests/test_four.py": FOUR.format(end="pass")})
    empty.commit()
    empty.pytest("--no-cov", "--handoff=session-1")
    return empty


def let_die(story: Story, end: str) -> dict[str, bytes]:
    """Make the third test end the process; return the evidence as it stands."""
    story.write_files({"tests/test_four.py": FOUR.format(end=end)})
    return story.evidence()


@pytest.mark.parametrize("end", SUDDEN.values(), ids=SUDDEN)
def test_sudden_death(four: Story, end: str) -> None:
    """The earlier record and document stay, the next command says how far the run came, and what it knew becomes evidence."""
    before = let_die(four, end)
    four.pytest("--no-cov", "--handoff=session-1")
    assert four.evidence() == before

    shown = four.handoff("show", "session-1")
    assert "a run of session-1 was interrupted after 2 of 4 tests" in shown.err
    filled = four.handoff("fill", "session-1", "--interrupted")
    assert filled.code == 0, filled
    table = four.show("session-1")
    assert {test.partition("::")[2]: entry["outcome"] for test, entry in table["tests"].items()} == {
        "test_a": "passed",
        "test_b": "failed",
        "test_c": "not_run",
        "test_d": "not_run",
    }
    assert table["complete"] is False
    assert "interrupted after 2 of 4 tests" in table["why_incomplete"]
    assert table["coverage"] is None
    assert four.handoff("show", "session-1").err == ""
    assert four.handoff("gate", "session-1", "--machine-only").code == 1


@pytest.mark.parametrize("end", SAID.values(), ids=SAID)
def test_an_interruption_that_can_be_told(four: Story, end: str) -> None:
    """Ctrl-C and ``pytest.exit`` say what can be done, end non-zero whatever code was asked for, and change nothing."""
    before = let_die(four, end)
    done = four.pytest("--no-cov", "--handoff=session-1")

    assert done.code != 0
    assert "interrupted after 2 of 4 tests" in done.out
    assert "handoff fill session-1 --interrupted" in done.out
    assert four.evidence() == before
    assert four.handoff("fill", "session-1", "--interrupted").code == 0
    assert four.show("session-1")["counts"]["not_run"] == 2


def test_the_next_run_takes_its_place(four: Story) -> None:
    """A run after a death says that there was one, and leaves nothing of it."""
    let_die(four, SUDDEN["SIGKILL"])
    four.pytest("--no-cov", "--handoff=session-1")
    let_die(four, "pass")
    done = four.pytest("--no-cov", "--handoff=session-1")

    assert "an earlier run of this session was interrupted after 2 of 4 tests; this one replaces it" in done.section
    assert four.show("session-1")["complete"] is True
    assert four.handoff("show", "session-1").err == ""
    assert four.handoff("fill", "session-1", "--interrupted").code == 2


def test_a_dead_run_of_other_code_is_no_evidence(four: Story) -> None:
    """When the code has changed since, what the run knew is about something else."""
    let_die(four, SUDDEN["SIGKILL"])
    four.pytest("--no-cov", "--handoff=session-1")
    before = let_die(four, "pass")
    filled = four.handoff("fill", "session-1", "--interrupted")

    assert filled.code == 2
    assert "the code has changed since" in filled.err
    assert four.handoff("show", "session-1").err.endswith("next: run again\n")
    assert four.evidence() == before


def test_a_complete_run_of_the_same_code_is_worth_more(four: Story) -> None:
    """What an interrupted run knew does not take its place, and is not offered, neither by the run nor by a command."""
    let_die(four, f"{HEARS_CTRL_C}; os.environ.get('CTRL_C') and os.kill(os.getpid(), signal.SIGINT)")
    four.pytest("--no-cov", "--handoff=session-1")
    before = four.evidence()
    four.environment["CTRL_C"] = "yes"
    done = four.pytest("--no-cov", "--handoff=session-1")
    filled = four.handoff("fill", "session-1", "--interrupted")

    assert "interrupted after 2 of 4 tests" in done.out
    assert "next: run again\n" in done.out
    assert four.handoff("show", "session-1").err.endswith("next: run again\n")
    assert filled.code == 2
    assert "already has the record of a complete run of this code" in filled.err
    assert four.evidence() == before


def test_death_while_collecting(four: Story) -> None:
    """A run that dies before anything was collected leaves nothing to use, and says so."""
    let_die(four, "pass")
    four.write_files({"tests/test_dies.py": "import os\nos._exit(3)\n"})
    four.pytest("--no-cov", "--handoff=session-1")

    assert "interrupted before all tests were collected" in four.handoff("show", "session-1").err
    assert "--interrupted" not in four.handoff("show", "session-1").err
    assert four.handoff("fill", "session-1", "--interrupted").code == 2


def test_an_interruption_while_collecting(four: Story) -> None:
    """pytest ends its collection by the usual hook then as well; what was collected is not all there is."""
    four.write_files({"tests/test_more.py": "raise KeyboardInterrupt\n"})
    before = four.evidence()
    done = four.pytest("--no-cov", "--handoff=session-1")
    assert done.code == 2
    assert four.evidence() == before
    assert "interrupted before all tests were collected" in done.out
    assert "next: run again\n" in done.out
    told = "interrupted before all tests were collected, and is not in the record; next: run again\n"
    assert four.handoff("show", "session-1").err.endswith(told)
    assert "before all tests were collected; run it again" in four.handoff("fill", "session-1", "--interrupted").err


def test_workers_are_interrupted_while_collecting(four: Story) -> None:
    """pytest-xdist replaces workers that an interruption ended, and ends without one of its own: told as without it."""
    four.write_files({"tests/test_more.py": "raise KeyboardInterrupt\n"})
    before = four.evidence()
    done = four.pytest("--no-cov", "--handoff=session-1", "-n2", "--max-worker-restart=0")
    assert done.code == 2
    assert four.evidence() == before
    assert re.search(r"interrupted before all tests were collected \(gw\d received keyboard-interrupt\)", done.out)
    assert "next: run again\n" in done.out
    assert four.handoff("fill", "session-1", "--interrupted").code == 2


def test_the_controller_of_workers_dies(four: Story) -> None:
    """With xdist it is the controller that keeps the journal: what its workers told before it was killed is there."""
    four.write_files(
        {
            "tests/test_four.py": """
                import os, signal, time
                from pathlib import Path
                def test_a(): pass
                def test_b(): pass
                def test_c():
                    [told] = Path().glob(".pytest_cache/handoff/.journals/session-1/*/tests.jsonl")
                    latest = time.monotonic() + 300
                    while told.read_text().count("\\n") < 2 and time.monotonic() < latest:
                        time.sleep(0.01)
                    os.kill(os.getppid(), signal.SIGKILL)
                    time.sleep(60)
            """
        }
    )
    done = four.pytest("--no-cov", "--handoff=session-1", "-n", "1")

    assert done.code == -signal.SIGKILL
    assert "interrupted after 2 of 3 tests" in four.handoff("show", "session-1").err


def test_a_run_that_goes_on_is_not_called_dead(four: Story) -> None:
    """While a run is alive, other commands say nothing of it, and cannot use it."""
    let_die(four, "import time; print(1); time.sleep(60)")
    command = [sys.executable, "-m", "pytest", "--no-cov", "-s", "-v", "--handoff=session-1"]
    environment = four.environment | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=four.folder, env=environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            for line in running.stdout:
                if "test_c" in line:
                    break
            assert four.handoff("show", "session-1").err == ""
        finally:
            running.kill()
    assert "interrupted after 2 of 4 tests" in four.handoff("show", "session-1").err


def test_git_sees_nothing_of_a_journal(four: Story) -> None:
    """A project that does not ignore pytest's cache itself has no new file after a death."""
    (four.folder / ".gitignore").write_text("__pycache__/\n")
    let_die(four, SUDDEN["SIGKILL"])
    four.commit()
    four.pytest("--no-cov", "--handoff=session-1", "-p", "no:cacheprovider")

    assert four.git("status", "--porcelain") == ""
    assert four.handoff("show", "session-1").err != ""


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="needs POSIX modes")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_no_journal_can_be_kept(four: Story) -> None:
    """Where nothing can be written beside the project, the run goes on, and says that it kept no journal."""
    folder = four.folder / ".pytest_cache"
    folder.chmod(0o500)
    try:
        done = four.pytest("--no-cov", "--handoff=session-1", "-p", "no:cacheprovider")
    finally:
        folder.chmod(0o700)

    assert "cannot keep a journal" in done.section


def test_the_journal_is_a_line_a_test(four: Story) -> None:
    """Each test that has ended is one line of JSON: an id, or an id with its result."""
    let_die(four, SUDDEN["SIGKILL"])
    four.pytest("--no-cov", "--handoff=session-1")
    [journal] = (four.folder / ".pytest_cache/handoff/.journals/session-1").glob("*/tests.jsonl")

    assert [json.loads(line) for line in journal.read_text("ascii").splitlines()] == [
        "tests/test_four.py::test_a",
        [
            "tests/test_four.py::test_b",
            {
                "outcome": "failed",
                "reruns": 0,
                "flaky": False,
                "subtests": 0,
                "failed_subtests": 0,
                "reason": None,
                "error": "AssertionError: b is broken",
            },
        ],
    ]


FULL = """
import resource, runpy, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
runpy.run_module("pytest", run_name="__main__", alter_sys=True)
"""

MANY = "import pytest\n@pytest.mark.parametrize('n', range({count}))\ndef test_many(n): assert n {end}\n"


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
@pytest.mark.parametrize("limit", [300, 3000], ids=["from the beginning", "before the end"])
@pytest.mark.parametrize(
    ("args", "code", "last"),
    [([], 3, "200 passed"), (["-n2"], 1, "1 failed, 199 passed")],
    ids=["serial, green", "parallel, red"],
)
def test_no_room_on_the_disk(empty: Story, limit: int, args: list[str], code: int, last: str) -> None:
    """Nothing more can be written: the results are shown, what was there stays, one sentence says why, and it is no success."""
    empty.leave_unmeasured()
    many = "import pytest\n@pytest.mark.parametrize('n', range(200))\ndef test_many(n): assert n < {}\n"
    empty.write_files({"tests/test_many.py": many.format(200)})
    empty.commit()
    empty.pytest("--no-cov", "--handoff=session-1")
    before = empty.evidence()
    empty.write_files({"tests/test_many.py": many.format(201 if code == 3 else 199)})
    done = empty.run(sys.executable, "-c", FULL, str(limit), "--no-cov", "--handoff=session-1", *args)

    assert last in done.out
    assert done.code == code, done
    assert "cannot be written" in done.section
    assert "Traceback" not in done.out + done.err
    assert empty.evidence() == before
    assert empty.handoff("show", "session-1").code == 0
    empty.pytest("--no-cov", "--handoff=session-1")
    assert f"{empty.show('session-1')['counts']['passed']} passed" in last


FINISHED = "finished, but its record was not written"


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
@pytest.mark.parametrize("args", [[], ["-n2"]], ids=["serial", "parallel"])
def test_a_run_that_finished_without_room_for_its_journal(empty: Story, args: list[str]) -> None:
    """It is not called interrupted, and what its journal lacks is not recorded as tests that did not run."""
    empty.leave_unmeasured()
    empty.write_files({"tests/test_many.py": MANY.format(count=200, end="< 200")})
    done = empty.run(sys.executable, "-c", FULL, "3000", "--no-cov", "--handoff=session-1", *args)
    assert done.code == 3, done

    told = f"a run of session-1 {FINISHED}, and its journal has gaps; next: run again\n"
    assert empty.handoff("show", "session-1").err.startswith(f"handoff: {told}")
    filled = empty.handoff("fill", "session-1", "--interrupted")
    assert (filled.code, filled.err) == (2, "handoff: the journal of that run of 'session-1' has gaps; run it again\n")
    again = empty.pytest("--no-cov", "--handoff=session-1")
    assert f"an earlier run of this session {FINISHED}, and its journal has gaps; this one replaces it" in again.section


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_a_run_that_finished_without_room_for_its_record(empty: Story) -> None:
    """Its journal can be recorded, as what is known of a run that finished."""
    empty.leave_unmeasured()
    empty.write_files({"tests/test_many.py": MANY.format(count=10, end="< 9")})
    done = empty.run(sys.executable, "-c", FULL, "2000", "--no-cov", "--handoff=session-1")
    assert done.code == 1, done

    next_step = "next: run again, or handoff fill session-1 --interrupted"
    assert f"handoff: a run of session-1 {FINISHED}; {next_step}\n" in empty.handoff("show", "session-1").err
    filled = empty.handoff("fill", "session-1", "--interrupted")
    reason = "its record was not written, and this one is from its journal"
    assert filled.code == 0
    assert f"recorded as an incomplete run: {reason}\n" in filled.out
    table = empty.show("session-1")
    assert (table["counts"]["passed"], table["counts"]["failed"]) == (9, 1)
    assert (table["complete"], table["why_incomplete"]) == (False, reason)
    assert table["not_measured"]["coverage"] == "the record of the run was not written, and its coverage is lost"
    run = json.loads((empty.folder / "handoffs/evidence/session-1/record.json").read_text("utf-8"))["run"]
    assert (run["exitstatus"], run["interrupted"]) == (1, False)


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")
def test_a_run_that_dies_after_the_disk_is_full(empty: Story) -> None:
    """Nobody knows how many tests ended after the last line of its journal."""
    empty.leave_unmeasured()
    text = MANY.format(count=200, end="< 200").replace(": assert", f":\n    if n == 199: {SUDDEN['SIGKILL']}\n    assert")
    empty.write_files({"tests/test_many.py": text})
    empty.run(sys.executable, "-c", FULL, "3000", "--no-cov", "--handoff=session-1")

    said = "a run of session-1 was interrupted, and how far it got cannot be read, and is not in the record; next: run again"
    assert said in empty.handoff("show", "session-1").err
