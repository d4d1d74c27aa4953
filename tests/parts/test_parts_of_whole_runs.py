"""Parts that runs in this process made, and the session that they are joined to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project import detail_files
from runs_here import PASSES, QUIET, RunsHere

if TYPE_CHECKING:
    from collections.abc import Callable

FAILS = "def test_y():\n    assert 1 == 2\n"


@pytest.fixture
def runs(pytester: pytest.Pytester, plain_git: Callable[..., str]) -> RunsHere:
    found = RunsHere(pytester, plain_git)
    found.write({"test_b.py": FAILS})
    found.commit()
    return found


def parts(runs: RunsHere, *options: str) -> None:
    """Run each of the two files as a part."""
    for label in ("a", "b"):
        done = runs.pytest(f"--handoff-part={label}", f"test_{label}.py", *options)
        assert f"handoff session-1, part {label}" in done.out


def test_two_parts_make_a_session(runs: RunsHere) -> None:
    """As one run had recorded it, with what failing tests said; no part records a session of its own."""
    parts(runs)
    assert not runs.is_recorded()
    done = runs.handoff("combine", "session-1")
    assert (done.code, "tests      1 passed, 1 failed" in done.out) == (0, True)
    assert {test: line.outcome for test, line in runs.ledger().items()} == {
        "test_a.py::test_x": "passed", "test_b.py::test_y": "failed",
    }  # fmt: skip
    assert runs.record().run.complete
    details = detail_files.details_of(runs.project, runs.record())
    assert details is not None
    assert [failure.test for failure in details.failures] == ["test_b.py::test_y"]
    assert details.seconds.keys() == {"test_a.py::test_x", "test_b.py::test_y"}


def test_no_details_of_parts(runs: RunsHere) -> None:
    """Where the project wants none, or they cannot be kept, the session is recorded all the same."""
    runs.write({"handoffs/.details": "a file"})
    runs.commit()
    parts(runs)
    done = runs.handoff("combine", "session-1")
    assert (done.code, "could not save durations and failure texts" in done.err) == (0, True)
    runs.write({"pyproject.toml": QUIET + '\n[tool.handoff]\ndetails = "off"\n'})
    parts(runs)
    done = runs.handoff("combine", "session-1")
    assert (done.code, done.err) == (0, "")


def test_where_there_is_no_part(runs: RunsHere) -> None:
    """It is said where it was looked for, and how a part is made."""
    done = runs.handoff("combine", "session-1")
    assert done.code == 2
    assert "there is no part of 'session-1' about this code in .pytest_cache/" in done.err
    assert "or make one with pytest --handoff=session-1 --handoff-part=LABEL" in done.err
    runs.write({"empty/.gitignore": "*"})
    assert "there is no part of 'session-1' in empty" in runs.handoff("combine", "session-1", "empty").err


def test_parts_of_other_code(runs: RunsHere) -> None:
    """The files that differ are named."""
    parts(runs, "--handoff-artifacts=../made")
    runs.write({"test_a.py": PASSES + "\n"})
    done = runs.handoff("combine", "session-1", "../made")
    assert (done.code, runs.is_recorded()) == (2, False)
    assert "is about different code than this tree (test_a.py): combine parts in a clean checkout" in done.err


def test_hooks_that_the_parts_had(runs: RunsHere) -> None:
    """They run here; one that is missing here is missed, one that no part had is told."""
    gates = "def pytest_handoff_gates():\n    return {}\n"
    runs.write({"conftest.py": gates, "plug.py": ""})
    runs.commit()
    parts(runs)
    done = runs.handoff("combine", "session-1")
    assert "running the hooks of this checkout" in done.err
    assert done.code == 0


def test_hooks_that_are_missing_here(runs: RunsHere, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate must not be left out silently: a plugin of the jobs is asked for."""
    runs.write({"plug/gates.py": "def pytest_handoff_gates():\n    return {}\n"})
    runs.commit()
    monkeypatch.syspath_prepend(runs.folder / "plug")
    parts(runs, "-p", "gates")
    done = runs.handoff("combine", "session-1")
    assert (done.code, runs.is_recorded()) == (2, False)
    assert "the parts were made with pytest_handoff_gates, but pytest finds no such hook here" in done.err


def test_instructions(runs: RunsHere) -> None:
    """One file for all parts; two are refused."""
    runs.write({"work.md": "- [ ] Write tests\n", "other.md": "- [ ] Write docs\n"})
    runs.commit()
    parts(runs, "--handoff-instructions=work.md")
    assert runs.handoff("combine", "session-1").code == 0
    assert runs.record().instructions == "work.md"
    runs.pytest("--handoff-part=b", "test_b.py", "--handoff-instructions=other.md")
    done = runs.handoff("combine", "session-1")
    assert done.code == 2
    assert "the parts name different instructions (work.md, other.md); pass the same --handoff-instructions to all" in done.err


def test_who_did_the_work(runs: RunsHere) -> None:
    """As the parts say; the session before is the one that they were compared with."""
    runs.pytest()
    runs.commit()
    runs.write({"test_b.py": "def test_y():\n    assert 1 == 1\n"})
    runs.commit()
    for label in ("a", "b"):
        runs.pytest(f"--handoff-part={label}", f"test_{label}.py", "--handoff-agent=ann", session="session-2")
    assert runs.handoff("combine", "session-2", "--artifacts", "out").code == 0
    assert runs.record("session-2").run.agent == "ann"
    assert [parent.session for parent in runs.record("session-2").previous] == ["session-1"]
    assert (runs.folder / "out/summary.md").is_file()


def test_a_part_with_an_option_of_a_session(runs: RunsHere) -> None:
    """A gate is for the whole; a part that is stopped is no part."""
    done = runs.pytest("--handoff-part=a", "--handoff-gate")
    assert (done.code, "--handoff-gate" in done.err) == (4, True)
    runs.write({"test_b.py": "def test_y():\n    raise KeyboardInterrupt\n"})
    done = runs.pytest("--handoff-part=b", "test_b.py")
    assert done.code == 2
    assert "next: run this part again" in done.section
    done = runs.handoff("combine", "session-1")
    assert done.code == 2
