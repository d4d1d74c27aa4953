"""What a session took over from its target branch, and its settings beside those of sessions that measured or did not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import record_of
from pytest_handoff.evidence.policy import InForce
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.evidence.tool_settings import CoverageSettings
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.merged_lines import merged_in
from pytest_handoff.project.sessions import Parents
from pytest_handoff.project.target_branch import policy_changes, policy_table, targets_of
from pytest_handoff.project.tree import read_tree
from pytest_handoff.record import Changes, SourceLine
from repositories import commit, record, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_handoff.evidence.new_code import MergedIn
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record

    Git = Callable[..., str]

SETTINGS = '[tool.handoff]\ntarget = "main"\n'
NO_CHANGES = Changes(
    created=[], modified=[], removed=[], renamed=[], lines_added=0, lines_removed=0, tests_added=0, documents_changed=0
)
THEIRS = b"x = 1\ny = 2\n"


@pytest.fixture
def branch(repository: Path, plain_git: Git) -> Project:
    """A branch of main, which has gone on since; s-1 is the session before it, and both are merged."""
    write(repository, "pyproject.toml", content=SETTINGS.encode())
    write(repository, "mine.py", content=b"a = 1\n")
    commit(plain_git, repository)
    plain_git(repository, "checkout", "--quiet", "-b", "work")
    plain_git(repository, "checkout", "--quiet", "main")
    write(repository, "theirs.py", content=THEIRS)
    write(repository, "notes.txt", content=b"words\n")
    commit(plain_git, repository)
    plain_git(repository, "checkout", "--quiet", "work")
    plain_git(repository, "commit", "--quiet", "--allow-empty", "-m", "own")
    plain_git(repository, "merge", "--quiet", "--no-edit", "main")
    return open_project(repository)


def line(path: str, content: bytes = b"", blob: str = "") -> SourceLine:
    return SourceLine(path=path, blob=blob, lines=hash_lines(content) if content else "")


SOURCES = ({"mine.py": line("mine.py", b"a = 1\n")},)


def taken_over(project: Project, *, before: str | None = None, sources: Any = SOURCES, **now: SourceLine) -> MergedIn | None:
    """What came from main since a session whose commit is this."""
    made = record_of({}, session="s-1")
    parent = replace(made, source=replace(made.source, commit=before))
    return merged_in(project, read_tree(project), Parents(records=(parent,), sources=sources), now)


def test_what_came_from_the_target(branch: Project, plain_git: Git) -> None:
    """Its code is another's work, line by line; what is no code has no lines."""
    found = taken_over(branch, before=plain_git(branch.root, "rev-parse", "work~1"))
    assert found is not None
    (tree,) = found.trees
    assert {path: one.lines for path, one in tree.items()} == {
        "mine.py": hash_lines(b"a = 1\n"), "theirs.py": hash_lines(THEIRS), "notes.txt": "", "pyproject.toml": "",
    }  # fmt: skip
    blob = plain_git(branch.root, "rev-parse", "main:theirs.py")
    known = taken_over(branch, sources=({"theirs.py": line("theirs.py", b"known\n", blob)},))
    assert known is not None
    assert known.trees[0]["theirs.py"].lines == hash_lines(b"known\n")


def test_what_the_session_before_had_already(branch: Project, plain_git: Git) -> None:
    """Lines that it took over, and that were removed and written since, are this session's own."""
    found = taken_over(branch, before=plain_git(branch.root, "rev-parse", "work"))
    assert found is not None
    assert (found.trees, found.note) == ((), None)


def test_where_nothing_is_taken_over(branch: Project, plain_git: Git) -> None:
    """In a first session, without a target, and on the target branch itself."""
    assert taken_over(branch, sources=()) is None
    plain_git(branch.root, "checkout", "--quiet", "main")
    assert taken_over(branch) is None
    (branch.root / "pyproject.toml").write_text("")
    assert taken_over(open_project(branch.root)) is None


def test_work_that_is_merged_already(branch: Project, plain_git: Git) -> None:
    """Leaving out what main has would leave out everything."""
    plain_git(branch.root, "checkout", "--quiet", "-b", "later", "main")
    found = taken_over(branch)
    assert found is not None
    assert (found.trees, found.note) == ((), "HEAD is part of main, so no line is left out as someone else's work.")


def test_what_git_cannot_tell(branch: Project, plain_git: Git) -> None:
    """No line is left out, and it is said why."""
    said = "Cannot tell which lines came from {}, so none is left out as someone else's work: {}."
    (branch.root / "pyproject.toml").write_text(SETTINGS.replace("main", "trunk"))
    found = taken_over(open_project(branch.root))
    assert found is not None
    assert found.note == said.format("trunk", "git has no branch of that name here")
    plain_git(branch.root, "checkout", "--quiet", "--orphan", "alone")
    found = taken_over(branch)
    assert found is not None
    assert found.note == said.format("main", "there is no commit")
    plain_git(branch.root, "commit", "--quiet", "-m", "alone")
    found = taken_over(branch)
    assert found is not None
    assert found.note == said.format("main", "the history here does not reach a common commit")


def with_policy(project: Project, coverage: CoverageSettings | None, session: str, *previous: str, **changes: Any) -> Record:
    """Record a session that measured by these settings, or that did not measure."""
    policy = policy_table(project, InForce(coverage=coverage))
    return record(project.store, session, *previous, policy=policy, **changes)


def told(project: Project, now: Record, before: Record) -> list[str]:
    """What is looser than in the session before, and what can be compared with none."""
    found = policy_changes(project, now, Parents(records=(before,)), {})
    return [*map(str, found.loosened), *found.not_compared]


MEASURED = CoverageSettings(branch=True)


@pytest.fixture
def alone(tmp_path: Path) -> Project:
    """A project without git, with settings of coverage.py."""
    (tmp_path / "pyproject.toml").write_text("[tool.coverage.run]\nbranch = true\n")
    return open_project(tmp_path)


def test_a_session_in_between_that_did_not_measure(alone: Project) -> None:
    """What is looser than in the last one that did, is told of that one, on whichever line of descent it is."""
    with_policy(alone, MEASURED, "s-1")
    with_policy(alone, None, "s-2", "s-1")
    between = with_policy(alone, None, "s-3", "s-2", "s-1")
    now = with_policy(alone, CoverageSettings(), "s-4", "s-3")
    assert any("looser than in s-1" in one for one in told(alone, now, between))
    assert told(alone, with_policy(alone, MEASURED, "s-4", "s-3"), between) == []


def test_where_no_session_ever_measured(alone: Project) -> None:
    """What a plugin of coverage.py adds is told once; its own code that changed may exclude more."""
    (alone.root / "pyproject.toml").write_text("[tool.coverage.run]\nplugins = ['ours']\n")
    before = with_policy(alone, None, "s-1")
    changes = replace(NO_CHANGES, modified=["ours.py"])
    now = with_policy(alone, CoverageSettings(plugins=["ours"], omit=["more"]), "s-2", "s-1", changes=changes)
    loosened, told_once = told(alone, now, before)
    assert loosened == "ours.py: this code of a coverage.py plugin changed, and may exclude more, looser than in s-1"
    assert told_once.startswith("s-1 was not measured, so what coverage.py plugins (ours) add is compared from now on: 1 entry")


def test_files_that_moved(alone: Project) -> None:
    """The same files under new names are no loosening, unless code is left where an entry of the settings led."""
    settings = "[tool.pytest.ini_options]\ntestpaths = ['{}']\n"
    write(alone.root, "tests/test_a.py", content=b"")
    (alone.root / "pyproject.toml").write_text(settings.format("tests"))
    before = with_policy(alone, None, "s-1")
    (alone.root / "tests").rename(alone.root / "checks")
    (alone.root / "pyproject.toml").write_text(settings.format("checks"))
    changes = replace(NO_CHANGES, renamed=[("tests/test_a.py", "checks/test_a.py")])
    assert told(alone, with_policy(alone, None, "s-2", "s-1", changes=changes), before) == []
    write(alone.root, "tests/test_b.py", content=b"")
    (left,) = told(alone, with_policy(alone, None, "s-2", "s-1", changes=changes), before)
    assert "testpaths" in left


def test_an_entry_that_may_lead_to_many_files(alone: Project) -> None:
    """Nobody follows a glob."""
    settings = "[tool.pytest.ini_options]\ntestpaths = ['{}']\n"
    (alone.root / "pyproject.toml").write_text(settings.format("tests/*"))
    before = with_policy(alone, None, "s-1")
    (alone.root / "pyproject.toml").write_text(settings.format("checks/*"))
    changes = replace(NO_CHANGES, renamed=[("tests/a/test_a.py", "checks/a/test_a.py")])
    (found,) = told(alone, with_policy(alone, None, "s-2", "s-1", changes=changes), before)
    assert "testpaths" in found


def test_lines_of_instructions(alone: Project) -> None:
    """They are kept with the settings, since a line that is taken out asks for less; a file that is gone has none."""
    (alone.root / "work.md").write_text("# Work\n\n- [ ] Write tests\n")
    assert policy_table(alone, instructions="work.md")["instructions"] == {"file": "work.md", "lines": ["Write tests"]}
    assert policy_table(alone, instructions="gone.md")["instructions"] is None


def test_a_branch_whose_settings_cannot_be_read(branch: Project, plain_git: Git) -> None:
    """It names no target."""
    plain_git(branch.root, "checkout", "--quiet", "-b", "broken")
    (branch.root / "pyproject.toml").write_text("[tool\n")
    commit(plain_git, branch.root)
    plain_git(branch.root, "checkout", "--quiet", "work")
    (branch.root / "pyproject.toml").write_text("")
    assert targets_of(open_project(branch.root)) == ["main"]


def test_settings_that_cannot_be_read_any_more(alone: Project) -> None:
    """What a new file replaces is compared with it only where it says something."""
    (alone.root / "handoff.toml").write_text('dir = "notes"\n')
    before = with_policy(alone, None, "s-1")
    (alone.root / "pyproject.toml").write_text("[tool.handoff]\nnonsense = 1\n")
    assert policy_changes(alone, before, Parents(), {}).loosened == ()
