"""Where the settings of a target branch are read, and what is said when they cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builders import facts_of
from pytest_handoff.project.layout import Project, open_project
from pytest_handoff.project.merged_sessions import merged_sessions, rewritten, tracked_sessions
from pytest_handoff.project.sessions import Parents
from pytest_handoff.project.target_branch import policy_changes, targets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECORD = facts_of("unit tests/a.py::test_x passed").record
SETTINGS = '[tool.handoff]\ntarget = "main"\n'


def committed(git: Callable[..., str], folder: Path) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "work")


@pytest.fixture
def branch(repository: Path, plain_git: Callable[..., str]) -> Path:
    """A branch of main, with settings and one record that main has too."""
    record = repository / "handoffs" / "evidence" / "session-1" / "record.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}\n")
    (repository / "pyproject.toml").write_text(SETTINGS)
    committed(plain_git, repository)
    plain_git(repository, "checkout", "--quiet", "-b", "work")
    return repository


def test_settings_looser_than_on_the_target_branch_are_found_in_a_first_session(branch: Path) -> None:
    """No session came before, but the target branch has settings to compare with."""
    (branch / "pyproject.toml").write_text(SETTINGS + 'ignore = ["src/**"]\n')
    found = policy_changes(open_project(branch), RECORD, Parents(), {})

    assert [str(finding) for finding in found.loosened] == [
        "pyproject.toml: 'ignore': 1 entry added: 'src/**', looser than in main"
    ]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (SETTINGS.replace("main", "trunk"), "git does not have trunk here"),
        (SETTINGS, None),
        ("", None),
    ],
)
def test_a_target_that_is_not_here_is_said(branch: Path, settings: str, why: str | None) -> None:
    """What git does not have cannot be compared with, and that is no pass."""
    (branch / "pyproject.toml").write_text(settings)
    unknown = policy_changes(open_project(branch), RECORD, Parents(), {}).unknown

    assert unknown is None if why is None else str(unknown).startswith(why)


def test_settings_on_the_target_branch_that_do_not_parse_are_said(branch: Path, plain_git: Callable[..., str]) -> None:
    """Broken settings there are named, with the branch."""
    plain_git(branch, "checkout", "--quiet", "main")
    (branch / "pyproject.toml").write_text("[tool\n")
    committed(plain_git, branch)
    plain_git(branch, "checkout", "--quiet", "-B", "work")
    (branch / "pyproject.toml").write_text(SETTINGS)
    unknown = policy_changes(open_project(branch), RECORD, Parents(), {}).unknown

    assert str(unknown).startswith("cannot read the settings of main: pyproject.toml")


def test_without_git_a_target_cannot_be_compared_with(tmp_path: Path, plain_git: Callable[..., str]) -> None:
    """A target branch needs git."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    project = open_project(tmp_path)

    assert "without git" in str(policy_changes(project, RECORD, Parents(), {}).unknown)
    merged = merged_sessions(project)
    assert (merged.records, "no git" in str(merged.unknown)) == ((), True)


def test_a_target_that_the_settings_name_no_more_still_counts(branch: Path, plain_git: Callable[..., str]) -> None:
    """New settings without a target, or with another, do not take back the one of the commit where the work began."""
    (branch / "handoff.toml").write_text('dir = "notes"\n')
    committed(plain_git, branch)
    assert targets_of(open_project(branch)) == ["main"]
    assert "looser than in main" in str(policy_changes(open_project(branch), RECORD, Parents(), {}).loosened[-1])
    (branch / "handoff.toml").write_text('target = "decoy"\n')
    assert targets_of(open_project(branch)) == ["decoy", "main"]


def test_a_target_that_was_given_up_on_that_branch_does_not_count(branch: Path, plain_git: Callable[..., str]) -> None:
    """Once main names no target any more, work that begins there has none."""
    plain_git(branch, "checkout", "--quiet", "main")
    (branch / "pyproject.toml").write_text("")
    committed(plain_git, branch)
    plain_git(branch, "checkout", "--quiet", "-b", "later")
    assert targets_of(open_project(branch)) == []


def changed(project: Project) -> list[tuple[str, str]]:
    return [(found.newest.path, found.how) for found in rewritten(project, merged_sessions(project).records)]


def test_records_of_the_target_branch_may_not_change(branch: Path) -> None:
    """A record that is gone or another is named."""
    project = open_project(branch)
    path = "handoffs/evidence/session-1/record.json"

    assert changed(project) == []
    (branch / path).write_text('{"other": 1}\n')
    assert changed(project) == [(path, "is not the record")]
    (branch / path).unlink()
    assert changed(project) == [(path, "is gone")]


def test_records_are_found_where_the_settings_of_that_commit_kept_them(branch: Path) -> None:
    """A new folder in the settings hides no record; one that a person names by an option is a choice."""
    (branch / "pyproject.toml").write_text(SETTINGS + 'dir = "notes"\n')
    assert changed(open_project(branch)) == [("handoffs/evidence/session-1/record.json", "is gone")]
    assert changed(open_project(branch, dir_option="other")) == []


def test_without_a_target_the_sessions_in_head_count(branch: Path, plain_git: Callable[..., str]) -> None:
    """What is committed is merged; it may be recorded again, and what only lies there does not count."""
    for settings in ("", "[tool.handoff]\n"):
        (branch / "pyproject.toml").write_text(settings)
        plain_git(branch, "checkout", "--quiet", "-B", "main")
        committed(plain_git, branch)
    (branch / "handoffs" / "evidence" / "session-2").mkdir()
    (branch / "handoffs" / "evidence" / "session-2" / "record.json").write_text("{}\n")
    project = open_project(branch)

    assert [(one.session, one.where) for one in merged_sessions(project).records] == [("session-1", "HEAD")]
    assert tracked_sessions(project) == {"session-1"}
    plain_git(branch, "add", "handoffs")
    assert tracked_sessions(project) == {"session-1", "session-2"}


def test_settings_that_a_new_file_replaces_are_compared_with_it(repository: Path) -> None:
    """No session and no target is left to compare with, but the settings that do not count any more are still there."""
    (repository / "pyproject.toml").write_text(SETTINGS)
    (repository / "handoff.toml").write_text('dir = "anew"\n')
    found = policy_changes(open_project(repository), RECORD, Parents(), {})

    assert [str(finding) for finding in found.loosened] == [
        "handoff.toml: 'target' was 'main' and is None, looser than in pyproject.toml, which it replaces"
    ]
    (repository / "pyproject.toml").write_text("[tool.handoff]\ntargett = 1\n")
    assert policy_changes(open_project(repository), RECORD, Parents(), {}).loosened == ()
