"""What git has of sessions that are merged, beside what stands here: newer or older, lost tests, and how it is put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builders import ledger_of, record_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.encoding import digest_of, encode_lines
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.merged_sessions import (
    is_in_git,
    merged_sessions,
    not_continued,
    replaced,
    restoring,
    rewritten,
    stands,
    tracked_sessions,
)
from pytest_handoff.project.stored_files import is_difference
from pytest_handoff.record import Parent
from repositories import commit, record, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record

    Git = Callable[..., str]

SETTINGS = b'[tool.handoff]\ntarget = "main"\n'
S1 = "handoffs/evidence/s-1/record.json"
TEST = "def test_x():\n    assert f() == 1\n"


@pytest.fixture
def branch(repository: Path, plain_git: Git) -> Project:
    """A branch of main, where s-1 is merged with its document and its test."""
    write(repository, "pyproject.toml", content=SETTINGS)
    write(repository, "a.py", content=TEST.encode())
    write(repository, "handoffs/s-1.md")
    project = open_project(repository)
    record(project.store, "s-1", lines="unit a.py::test_x passed")
    commit(plain_git, repository)
    plain_git(repository, "checkout", "--quiet", "-b", "work")
    return project


def test_a_record_as_it_was_merged(branch: Project) -> None:
    """It stands here, and its digest is that of what git has."""
    (merged,) = merged_sessions(branch).records
    assert (merged.session, merged.path, merged.where) == ("s-1", S1, "main")
    assert stands(branch, "s-1", [merged])
    assert not stands(branch, "s-2", [merged])
    assert is_in_git(branch, merged, branch.store.digest("s-1"))
    assert not is_in_git(branch, merged, "sha256:other")
    assert list(rewritten(branch, [merged])) == []


def test_line_endings_that_git_converts(branch: Project) -> None:
    """They make no difference, as git itself sees it; anything else does."""
    (merged,) = merged_sessions(branch).records
    path = branch.root / S1
    (branch.root / ".gitattributes").write_text("*.json text eol=crlf\n")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert b"\r\n" in path.read_bytes()
    assert stands(branch, "s-1", [merged])
    path.write_bytes(b"{}")
    assert not stands(branch, "s-1", [merged])
    path.unlink()
    assert not stands(branch, "s-1", [merged])


def test_what_is_continued(branch: Project) -> None:
    """A session that goes back to what is merged leaves nothing out; the end of a chain stands for all before it."""
    (merged,) = merged_sessions(branch).records
    record(branch.store, "s-2", "s-1")
    record(branch.store, "s-3")
    others = replace(merged, session="s-2")
    assert not_continued(branch, "s-2", [merged]) == []
    assert not_continued(branch, "s-3", [merged, others]) == ["s-2"]


@pytest.mark.parametrize("named", [True, False])
def test_how_it_is_put_back(branch: Project, plain_git: Git, *, named: bool) -> None:
    """By the branch, or by the commit where the branch has gone on; with the document where there is one."""
    (merged,) = merged_sessions(branch).records
    plain_git(branch.root, "checkout", "--quiet", "main")
    if not named:
        (branch.root / S1).write_text("{}\n")
        commit(plain_git, branch.root)
    plain_git(branch.root, "checkout", "--quiet", "work")
    place = "main" if named else merged.commit[:12]
    assert restoring(branch, merged) == f"git checkout {place} -- handoffs/evidence/s-1 handoffs/s-1.md"
    other = replace(merged, session="s-0")
    assert restoring(branch, other) == f"git checkout {place} -- handoffs/evidence/s-1"


def crossed(project: Project, git: Git, *, after: bool) -> None:
    """Let work leave main at two commits at once, each with another version of a record: both are merged into both branches.

    Args:
        after: one of the versions came after the other.
    """
    root = project.root
    git(root, "checkout", "--quiet", "-b", "side", "main")
    record(project.store, "s-1", lines="unit a.py::test_x passed\nunit a.py::test_y passed")
    commit(git, root)
    git(root, "checkout", "--quiet", "main")
    if not after:
        record(project.store, "s-1", lines="unit a.py::test_x failed")
    commit(git, root)
    git(root, "checkout", "--quiet", "-b", "merge", "main")
    git(root, "merge", "--quiet", "--no-edit", "-X", "theirs", "side")
    git(root, "checkout", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-edit", "-X", "ours", "side")
    git(root, "checkout", "--quiet", "merge")


def test_an_older_version_where_work_left_at_two_commits(branch: Project, plain_git: Git) -> None:
    """Of two versions the one that came after the other counts; the older one alone is told as older."""
    crossed(branch, plain_git, after=True)
    found = merged_sessions(branch).records
    assert len({one.blob for one in found}) == 2
    assert list(rewritten(branch, found)) == []
    plain_git(branch.root, "checkout", "work", "--", S1)
    (told,) = rewritten(branch, found)
    assert told.how == "is older than the record"
    assert told.newest in found
    assert told.newest.blob == plain_git(branch.root, "rev-parse", f"side:{S1}")


def test_two_versions_of_which_none_came_after_the_other(branch: Project, plain_git: Git) -> None:
    """Either may stand here."""
    crossed(branch, plain_git, after=False)
    found = merged_sessions(branch).records
    assert len({one.blob for one in found}) == 2
    assert list(rewritten(branch, found)) == []
    plain_git(branch.root, "checkout", "main", "--", S1)
    assert list(rewritten(branch, found)) == []
    (branch.root / S1).unlink()
    (told,) = rewritten(branch, found)
    assert (told.how, len(told.merged)) == ("is gone", 2)


def test_a_session_that_was_recorded_again(branch: Project) -> None:
    """What it had when it was merged and lacks now is named, and what proves less."""
    (merged,) = merged_sessions(branch).records
    again = record(branch.store, "s-1", lines="unit b.py::test_z passed")
    assert replaced(branch, again, [merged]).lost == ["a.py::test_x"]
    (branch.root / "a.py").write_text(TEST.replace("== 1", ""))
    again = record(branch.store, "s-1", lines="unit a.py::test_x passed")
    found = replaced(branch, again, [merged])
    assert (found.lost, found.weaker) == ([], ["a.py::test_x changed"])
    assert replaced(branch, again, [replace(merged, ledger=None)]).lost == []


MANY = "\n".join(f"unit tests/test_part.py::test_{number:03} passed" for number in range(100))


def as_a_difference(project: Project, session: str, *previous: str, lines: str) -> Record:
    """Record a session whose ledger holds only what differs from those before."""
    ledger = ledger_of(lines, since="s-2")
    content = encode_lines(ledger.values())
    parents = [Parent(session=name, digest=project.store.digest(name)) for name in previous]
    made = record_of(ledger, session=session, previous=parents)
    made = replace(made, tests=replace(made.tests, ledger=digest_of(content)))
    before = [project.store.record(name) for name in previous]
    write_each(project.store.artifacts(made, content, None, parents=before))
    return made


def test_a_merged_ledger_that_is_a_difference(branch: Project, plain_git: Git) -> None:
    """It is put together from the files of its commit, whatever stands here; a record that is none is told."""
    root = branch.root
    plain_git(root, "checkout", "--quiet", "main")
    as_a_difference(branch, "s-2", lines=MANY)
    as_a_difference(branch, "s-3", "s-2", lines=f"{MANY}\nunit tests/test_part.py::test_more passed since=s-3")
    assert is_difference((root / "handoffs/evidence/s-3/tests.jsonl").read_bytes())
    commit(plain_git, root)
    plain_git(root, "checkout", "--quiet", "-B", "work")
    merged = next(one for one in merged_sessions(branch).records if one.session == "s-3")
    (root / "handoffs/evidence/s-2/tests.jsonl").unlink()
    again = record(branch.store, "s-3", lines="unit b.py::test_z passed")
    assert replaced(branch, again, [merged]).lost == ["tests/test_part.py::test_more"]
    damaged = replace(merged, blob=plain_git(root, "rev-parse", "main:pyproject.toml"))
    with pytest.raises(EvidenceProblem, match=r"handoffs/evidence/s-3/record\.json on main: is not a record"):
        replaced(branch, again, [damaged])


def test_settings_there_that_cannot_be_read(branch: Project, plain_git: Git) -> None:
    """Then nobody knows what is merged, and that is said; a target that git lacks is to be fetched."""
    plain_git(branch.root, "checkout", "--quiet", "main")
    (branch.root / "pyproject.toml").write_text("[tool\n")
    commit(plain_git, branch.root)
    plain_git(branch.root, "checkout", "--quiet", "-B", "work")
    (branch.root / "pyproject.toml").write_bytes(SETTINGS)
    found = merged_sessions(open_project(branch.root))
    assert found.records == ()
    assert str(found.unknown).startswith("cannot read what is on main: pyproject.toml")
    (branch.root / "pyproject.toml").write_bytes(SETTINGS.replace(b"main", b"trunk"))
    found = merged_sessions(open_project(branch.root))
    assert found.unknown == "git does not have trunk here: fetch it with its history"


def test_where_nothing_is_merged(branch: Project, tmp_path: Path, plain_git: Git) -> None:
    """Evidence that an option keeps outside of the repository, a repository without a commit, and no repository."""
    (branch.root / "pyproject.toml").write_text("")
    plain_git(branch.root, "checkout", "--quiet", "--orphan", "new")
    assert merged_sessions(open_project(branch.root)).records == ()
    outside = open_project(branch.root, dir_option=str(tmp_path / "notes"))
    assert merged_sessions(outside).records == ()
    assert tracked_sessions(outside) == frozenset()
    (tmp_path / "none").mkdir()
    alone = open_project(tmp_path / "none")
    assert (merged_sessions(alone).records, merged_sessions(alone).unknown, tracked_sessions(alone)) == ((), None, frozenset())
