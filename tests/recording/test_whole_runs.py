"""What a run says at its end, what it records, and where it records nothing: whole runs in the test's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project import detail_files
from runs_here import PASSES, QUIET, RunsHere

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def runs(pytester: pytest.Pytester, plain_git: Callable[..., str]) -> RunsHere:
    return RunsHere(pytester, plain_git)


def test_a_run_and_one_after_it(runs: RunsHere) -> None:
    """Both are recorded, and nothing of their own folders is left."""
    first = runs.pytest()
    assert (first.code, "earlier    none: this is the first session" in first.out) == (0, True)
    runs.write({"test_b.py": "def test_y():\n    assert 0, 'late'\n"})
    second = runs.pytest(session="session-2")
    assert second.code == 1
    assert "tests      1 passed, 1 failed" in second.section
    assert {test: line.outcome for test, line in runs.ledger("session-2").items()} == {
        "test_a.py::test_x": "passed", "test_b.py::test_y": "failed",
    }  # fmt: skip
    assert [parent.session for parent in runs.record("session-2").previous] == ["session-1"]
    journals = runs.folder / ".pytest_cache/handoff/.journals"
    assert [path for path in journals.rglob("*") if path.is_file()] == []


def test_the_gate(runs: RunsHere) -> None:
    """A line that fails makes the run fail, though its tests passed; a failing test keeps its own exit status."""
    runs.write({"src/a.py": "x = 1\n"})
    done = runs.pytest("--handoff-gate")
    assert (done.code, runs.is_recorded()) == (1, True)
    assert "1 passed in" in done.out
    assert runs.pytest().code == 0


def test_the_slowest_tests(runs: RunsHere) -> None:
    """Told with -v, by their time; failing tests are kept with what they said."""
    runs.write({"test_a.py": "import time\n\ndef test_x():\n    time.sleep(0.02)\n\ndef test_y():\n    assert 1 == 2\n"})
    done = runs.pytest("-v")
    assert "test_a.py::test_x" in done.section
    details = detail_files.details_of(runs.project, runs.record())
    assert details is not None
    assert [failure.test for failure in details.failures] == ["test_a.py::test_y"]


def test_details_that_cannot_be_kept(runs: RunsHere) -> None:
    """The evidence is written all the same, and it is said why."""
    runs.write({"handoffs/.details": "a file"})
    done = runs.pytest()
    assert (done.code, runs.is_recorded()) == (0, True)
    assert "durations" in done.section
    assert ".details" in done.section


def test_no_details(runs: RunsHere) -> None:
    """Where the project wants none."""
    runs.write({"pyproject.toml": QUIET + '\n[tool.handoff]\ndetails = "off"\n'})
    done = runs.pytest()
    assert (done.code, (runs.folder / "handoffs/.details").exists()) == (0, False)


def test_artifacts_for_ci(runs: RunsHere) -> None:
    """The document, the evidence and a summary are copied into the folder that is named."""
    done = runs.pytest("--handoff-artifacts=out")
    assert done.code == 0
    assert (runs.folder / "out/summary.md").read_text("utf-8").startswith("#")
    copied = {path.name for path in (runs.folder / "out").rglob("*") if path.is_file()}
    assert {"session-1.md", "record.json", "tests.jsonl", "sources.jsonl"} <= copied


def test_files_that_change_while_tests_run(runs: RunsHere) -> None:
    """The run is incomplete; what git does not track belongs in .gitignore."""
    runs.write({"test_a.py": "from pathlib import Path\n\ndef test_x():\n    Path('made.py').write_text('1')\n", "made.py": ""})
    done = runs.pytest()
    (why,) = runs.record().run.why_incomplete
    assert why == "files changed while the tests ran: made.py (what the run itself writes belongs in .gitignore)"
    assert why in done.section
    runs.write({"made.py": ""})
    runs.commit()
    runs.pytest()
    (why,) = runs.record().run.why_incomplete
    assert "must not be tracked: run git rm --cached" in why


def test_a_command_line_that_pytest_rejects(runs: RunsHere) -> None:
    """Nothing is recorded, and nothing waits to be recorded."""
    done = runs.pytest("nowhere.py")
    assert (done.code, runs.is_recorded()) == (4, False)
    assert "pytest rejected the command line: nothing was recorded, and the evidence is unchanged" in done.section
    assert runs.handoff("fill", "session-1", "--interrupted").code == 2


def test_ctrl_c(runs: RunsHere) -> None:
    """Nothing is recorded until somebody asks for it, or runs again."""
    runs.write({"test_a.py": PASSES + "\ndef test_y():\n    raise KeyboardInterrupt\n"})
    done = runs.pytest()
    assert (done.code, runs.is_recorded()) == (2, False)
    assert "interrupted after 1 of 2 tests (KeyboardInterrupt): nothing was recorded" in done.section
    assert "next: run again, or handoff fill session-1 --interrupted" in done.section
    runs.write({"test_b.py": PASSES})
    again = runs.pytest("test_b.py")
    assert "an earlier run of this session was interrupted after 1 of 2 tests; this one replaces it" in again.section


def test_ctrl_c_before_all_tests_were_collected(runs: RunsHere) -> None:
    """It is said how far the run came."""
    runs.write({"test_b.py": "raise KeyboardInterrupt\n"})
    done = runs.pytest()
    assert (done.code, runs.is_recorded()) == (2, False)
    assert "interrupted before all tests were collected (KeyboardInterrupt): nothing was recorded" in done.section
    assert "next: run again" in done.section


STOPS = """
    def pytest_handoff_gates():
        {}
"""


def test_ctrl_c_while_the_evidence_is_made(runs: RunsHere) -> None:
    """Everything is written, or nothing: here nothing was begun."""
    runs.write({"conftest.py": STOPS.format("raise KeyboardInterrupt")})
    done = runs.pytest()
    assert (done.code, runs.is_recorded()) == (3, False)
    assert "interrupted while writing the evidence: nothing was recorded" in done.section


def test_a_hook_that_breaks(runs: RunsHere) -> None:
    """It is told as a problem, and the run does not look like a success."""
    runs.write({"conftest.py": STOPS.format("1 / 0")})
    done = runs.pytest()
    assert "ZeroDivisionError" in done.section
    assert done.code != 0


def test_no_cache_of_pytest(runs: RunsHere) -> None:
    """The journal lies in a folder that git ignores, whoever makes it; where it cannot be made, it is said."""
    assert runs.pytest("-p", "no:cacheprovider").code == 0
    assert (runs.folder / ".pytest_cache/.gitignore").read_text() == "*\n"


def test_no_room_for_a_journal(runs: RunsHere) -> None:
    """The run is recorded, and it is said what would be lost."""
    runs.write({".pytest_cache": "a file"})
    done = runs.pytest("-p", "no:cacheprovider")
    assert (done.code, runs.is_recorded()) == (0, True)
    assert "cannot keep a journal:" in done.section
    assert "if this run dies, its results are lost" in done.section


WITHIN = """
    import os
    import pytest

    def test_x():
        {}
        assert pytest.main(["test_b.py", "--handoff=session-1", "--no-cov", "-q"]) == 0
"""


def test_a_run_that_a_test_starts(runs: RunsHere, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the same session records nothing."""
    monkeypatch.delenv("HANDOFF_RUNNING", raising=False)
    runs.write({"test_a.py": WITHIN.format("pass"), "test_b.py": PASSES})
    done = runs.pytest()
    assert done.code == 0
    assert sorted(runs.ledger()) == ["test_a.py::test_x", "test_b.py::test_x"]
    assert "another run of session-1" not in done.section


def test_a_run_that_another_one_overtakes(runs: RunsHere, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said that both count."""
    monkeypatch.delenv("HANDOFF_RUNNING", raising=False)
    runs.write({"test_a.py": WITHIN.format("del os.environ['HANDOFF_RUNNING']"), "test_b.py": PASSES})
    partial = runs.pytest("test_a.py")
    assert "another run of session-1 was recorded while this one ran; the two add up" in partial.section
    assert len(runs.ledger()) == 2


def test_a_session_that_was_left_out(runs: RunsHere) -> None:
    """An option may choose what a session continues, and it is said what that leaves out."""
    runs.commit()
    runs.pytest()
    runs.commit()
    runs.pytest(session="session-2")
    runs.commit()
    done = runs.pytest("--handoff-previous=session-1", session="session-3")
    assert "session-2" in done.section
    assert [parent.session for parent in runs.record("session-3").previous] == ["session-1"]


def test_a_build_that_takes_the_hand_offs_for_a_package(runs: RunsHere) -> None:
    """It is told in the first session, once."""
    runs.write({"pyproject.toml": QUIET + '\n[build-system]\nrequires = ["setuptools"]\n', "shop/__init__.py": ""})
    told = "setuptools treats handoffs/ as a package"
    assert told in runs.pytest().section
    assert told not in runs.pytest(session="session-2").section
    runs.write({"src/a.py": ""})
    assert told not in runs.pytest(session="session-3").section


def test_tests_that_run_several_times(runs: RunsHere) -> None:
    """Each counts once."""
    runs.write({
        "conftest.py": """
            import pytest

            def pytest_addoption(parser):
                parser.addoption("--count", type=int, default=1)

            def pytest_generate_tests(metafunc):
                metafunc.fixturenames.append("__pytest_repeat_step_number")
                metafunc.parametrize("__pytest_repeat_step_number", range(2), ids=["1-2", "2-2"], indirect=True)

            @pytest.fixture
            def __pytest_repeat_step_number(request):
                return request.param
        """
    })  # fmt: skip
    done = runs.pytest("--count=2")
    assert "1 test ran several times (--count): each counts once here; pytest counts every run" in done.section


def test_a_selection_that_leaves_nothing_out(runs: RunsHere) -> None:
    """Where every test ran, -k did not make the run less."""
    runs.pytest("-k", "test")
    assert runs.record().run.complete
    runs.pytest("-k", "no_such", session="session-2")
    assert runs.record("session-2").run.why_incomplete[0] == "-k no_such was given"


def test_workers(runs: RunsHere) -> None:
    """Tests that run in other processes are recorded as if they had run here."""
    runs.write({"test_b.py": "def test_y():\n    assert 0\n"})
    done = runs.pytest("-n", "1")
    assert done.code == 1
    assert {test: line.outcome for test, line in runs.ledger().items()} == {
        "test_a.py::test_x": "passed", "test_b.py::test_y": "failed",
    }  # fmt: skip


def test_a_template_that_there_is_not(runs: RunsHere) -> None:
    """It is refused before any test runs; one that there is makes the document."""
    done = runs.pytest("--handoff-template=nothing")
    assert (done.code, runs.is_recorded()) == (4, False)
    assert "nothing" in done.err
    assert runs.pytest("--handoff-template=session_handoff").code == 0


def test_options_without_a_session(runs: RunsHere) -> None:
    """They are refused: a gate is never silently left out."""
    for option in ("--handoff-gate", "--handoff-part=a"):
        done = runs.plain(option)
        assert (done.code, "needs --handoff=SESSION" in done.err) == (4, True)
    assert runs.plain("--collect-only", "--handoff=session-1").code == 0
    assert not runs.is_recorded()


def test_an_interrupted_run_that_is_recorded_later(runs: RunsHere) -> None:
    """As an incomplete run, with what its tests said; then there is nothing more to record."""
    runs.write({"test_a.py": PASSES + "\ndef test_y():\n    assert 1 == 2\n\ndef test_z():\n    raise KeyboardInterrupt\n"})
    runs.pytest()
    told = runs.handoff("fill", "session-1", "--interrupted")
    assert told.code == 0
    assert runs.record().run.why_incomplete == ["interrupted after 2 of 3 tests", "1 test did not run: test_a.py::test_z"]
    assert {test: line.outcome for test, line in runs.ledger().items()} == {
        "test_a.py::test_x": "passed", "test_a.py::test_y": "failed", "test_a.py::test_z": "not_run",
    }  # fmt: skip
    details = detail_files.details_of(runs.project, runs.record())
    assert details is not None
    assert [failure.test for failure in details.failures] == ["test_a.py::test_y"]
    again = runs.handoff("fill", "session-1", "--interrupted")
    assert (again.code, "no run of 'session-1' was interrupted; there is nothing to record" in again.err) == (2, True)


def test_an_interrupted_run_of_other_code(runs: RunsHere) -> None:
    """Verbs warn of it, with what to do; but it is evidence of nothing that is here."""
    runs.pytest("-q")
    runs.write({"test_a.py": PASSES + "\ndef test_y():\n    raise KeyboardInterrupt\n"})
    runs.pytest()
    told = runs.handoff("gate", "session-1")
    assert "a run of session-1 was interrupted after 1 of 2 tests, and is not in the record" in told.out + told.err
    runs.write({"test_a.py": PASSES})
    done = runs.handoff("fill", "session-1", "--interrupted")
    assert done.code == 2
    assert "the code has changed since that run of 'session-1' was interrupted; run it again" in done.err


def test_a_complete_run_is_better(runs: RunsHere) -> None:
    """What is recorded of this code stays."""
    text = "from pathlib import Path\n\ndef test_x():\n    if Path('.stop').exists():\n        raise KeyboardInterrupt\n"
    runs.write({"test_a.py": text, ".gitignore": ".pytest_cache/\n.stop\n"})
    runs.pytest()
    runs.write({".stop": ""})
    assert "next: run again" in runs.pytest().section
    done = runs.handoff("fill", "session-1", "--interrupted")
    assert (done.code, "already has the record of a complete run of this code" in done.err) == (2, True)


def test_an_interrupted_run_that_collected_nothing(runs: RunsHere) -> None:
    """There is no test of which anything is known."""
    runs.write({"handoffs/session-1.md": "# Work\n", "test_b.py": "import os\nraise KeyboardInterrupt\n"})
    runs.pytest()
    done = runs.handoff("fill", "session-1", "--interrupted")
    assert done.code == 2


def test_a_journal_of_somebody_else(runs: RunsHere) -> None:
    """It is no evidence of this user's runs."""
    runs.write({"test_a.py": PASSES + "\ndef test_y():\n    raise KeyboardInterrupt\n"})
    runs.pytest()
    (seal,) = (runs.folder / ".pytest_cache/handoff/.journals").rglob("seal*")
    seal.write_bytes(b"forged")
    done = runs.handoff("fill", "session-1", "--interrupted")
    assert done.code == 2
    assert "none of your runs left the journal of 'session-1' in pytest's cache; run it again" in done.err
