"""The chain of a session against what git has: gone, replaced or left out, and tests that were skipped step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import ledger_of, record_of
from pytest_handoff.config import Config
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.encoding import digest_of, encode_lines
from pytest_handoff.project.layout import Project
from pytest_handoff.project.merged_sessions import MergedRecord, MergedSessions
from pytest_handoff.record import Parent, Verdict
from pytest_handoff.workflow import chain
from pytest_handoff.workflow.chain import Problem, cannot_tell, chain_problems

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOLDS = Verdict("regression", "passed", "all pass")
WAIVED = Verdict("regression", "waived", "they move")
FAILED = Verdict("regression", "failed", "1 lost")
RECORD = "handoffs/evidence/{}/record.json"


class Sessions:
    """A project with sessions, of which some are merged."""

    def __init__(self, folder: Path, git: Callable[..., str]) -> None:
        self.git = git
        self.project = Project(
            folder=folder, root=folder, uses_git=True, config=Config(target="main"), handoffs=folder / "handoffs"
        )
        self.merged: list[MergedRecord] = []

    def record(self, session: str, *previous: str, lines: str = "", **changes: Any) -> None:
        """Record a session that continues these."""
        store, ledger = self.project.store, ledger_of(lines, since="s-0")
        parents = [Parent(session=name, digest=store.digest(name)) for name in previous]
        content = encode_lines(ledger.values())
        made = record_of(ledger, session=session, **{"gates": [HOLDS], "previous": parents, **changes})
        made = replace(made, tests=replace(made.tests, ledger=digest_of(content)))
        write_each(store.artifacts(made, content, None))

    def merge(self, session: str, folder: str = "handoffs/evidence", where: str = "main") -> None:
        """Take a session for merged, as it stands."""
        path = f"{folder}/{session}/record.json"
        here = self.project.root / RECORD.format(session)
        blob = self.git(self.project.root, "hash-object", "-w", str(here))
        self.merged.append(MergedRecord(session=session, path=path, blob=blob, ledger=None, where=where, commit="0" * 40))

    def problems(self, session: str) -> list[Problem]:
        return chain_problems(self.project, session, MergedSessions(records=tuple(self.merged)))


@pytest.fixture
def sessions(repository: Path, plain_git: Callable[..., str]) -> Sessions:
    return Sessions(repository, plain_git)


def test_a_whole_chain(sessions: Sessions) -> None:
    """What is merged is what stands here, and is continued."""
    sessions.record("s-1")
    sessions.merge("s-1")
    sessions.record("s-2", "s-1")
    assert sessions.problems("s-2") == []
    assert sessions.problems("s-1") == []


def test_a_merged_record_that_is_gone_or_another(sessions: Sessions) -> None:
    """Git has it, and the command brings it back; what is told of one file is told once."""
    sessions.record("s-1")
    sessions.merge("s-1")
    path = sessions.project.root / RECORD.format("s-1")
    sessions.record("s-2", "s-1")
    path.write_bytes(path.read_bytes() + b"\n")
    (changed,) = sessions.problems("s-2")
    assert (changed.path, changed.message) == (RECORD.format("s-1"), "is not the record on main")
    path.unlink()
    (gone,) = sessions.problems("s-2")
    assert gone.message == "is gone, and is on main"
    assert gone.command == f"git checkout {'0' * 12} -- handoffs/evidence/s-1"
    assert gone.remedy == f"restore it with {gone.command}"


def test_sessions_in_another_folder(sessions: Sessions) -> None:
    """They are named together, with the way to one folder for all."""
    for name in ("s-1", "s-2"):
        sessions.record(name)
        sessions.merge(name, folder="old/evidence")
        (sessions.project.root / RECORD.format(name)).unlink()
    sessions.record("s-3")
    (found,) = sessions.problems("s-3")
    assert found.message == "does not continue s-1, s-2, recorded on main in old/evidence/"
    assert found.remedy == (
        "keep all evidence in one folder (git mv old/evidence handoffs/evidence, or change 'dir' back), "
        "then run pytest --handoff=s-3 again"
    )
    assert (found.path, found.command) == (RECORD.format("s-3"), None)


@pytest.mark.parametrize(
    ("tracked", "command", "remedy"),
    [
        ({"s-1"}, "pytest --handoff=s-2", "run {} again, to continue what was merged as well"),
        (set(), "pytest --handoff=s-2 --handoff-previous=s-0 --handoff-previous=s-1", "run {}"),
    ],
)
def test_a_session_beside(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tracked: set[str], command: str, remedy: str
) -> None:
    """A run continues by itself what git has; what it has not is named."""
    monkeypatch.setattr(chain, "tracked_sessions", lambda _: tracked)
    for name, *previous in (("s-0",), ("s-1",), ("s-2", "s-0")):
        sessions.record(name, *previous)
    sessions.merge("s-0")
    sessions.merge("s-1")
    (found,) = sessions.problems("s-2")
    assert found.message == "does not continue s-1, recorded on main"
    assert (found.command, found.remedy) == (command, remedy.format(command))


def test_a_session_that_is_not_the_last(sessions: Sessions) -> None:
    """Work that comes after others' is a session of its own."""
    sessions.record("s-1")
    sessions.record("s-2", "s-1")
    sessions.merge("s-2")
    (found,) = sessions.problems("s-1")
    assert found.message == "is not the end of the chain on main: s-2 comes after it"
    assert found.remedy == "record this work as a new session: pytest --handoff=NAME"


SKIPPED = "unit t.py::x skipped\nunit t.py::y xfailed\nunit t.py::z passed"


def skipping(sessions: Sessions, *, between: Verdict = HOLDS, now: Verdict = HOLDS, where: str = "main") -> list[str]:
    """What is said of a session after one that skipped tests, neither of them merged."""
    sessions.record("s-0", lines=SKIPPED.replace("skipped", "passed").replace("xfailed", "passed"))
    sessions.merge("s-0", where=where)
    sessions.record("s-1", "s-0", lines=SKIPPED, gates=[between])
    sessions.record("s-2", "s-1", lines=SKIPPED, gates=[now])
    found = sessions.problems("s-2")
    assert {(one.kind, one.path) for one in found} <= {("regression", RECORD.format("s-2"))}
    return [one.message for one in found]


def test_tests_that_were_skipped_step_by_step(sessions: Sessions) -> None:
    """The figures of this session hold, and still it passes less than what is merged."""
    assert skipping(sessions) == [
        "no longer passes all that passed in s-0, which is merged: t.py::x is skipped, t.py::y is xfailed"
    ]


@pytest.mark.parametrize(
    ("between", "told"),
    [(WAIVED, False), (Verdict("regression", "waived", "not applicable: no tests before"), True), (FAILED, True)],
)
def test_a_reason_that_somebody_gave(sessions: Sessions, between: Verdict, *, told: bool) -> None:
    """It holds for what that session skipped; a gate that does not apply is no reason."""
    assert bool(skipping(sessions, between=between)) is told


@pytest.mark.parametrize(
    ("now", "where"), [(WAIVED, "main"), (FAILED, "main"), (HOLDS, "HEAD")], ids=["waived", "failed", "not merged"]
)
def test_where_something_else_tells(sessions: Sessions, now: Verdict, where: str) -> None:
    """Where this session's figures do not hold, they say so; what is only committed is merged nowhere."""
    assert skipping(sessions, now=now, where=where) == []


@pytest.mark.parametrize("unknown", [None, "git does not have main here"])
def test_what_git_cannot_tell(unknown: str | None) -> None:
    """It is said, and is no pass."""
    expected = None if unknown is None else f"cannot tell whether s-1 continues everything that is merged: {unknown}"
    assert cannot_tell("s-1", MergedSessions(unknown=unknown)) == expected
