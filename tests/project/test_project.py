"""Where things are, and which files are the code that evidence is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from pytest_handoff.config import Config
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.project.layout import Project, find_session, open_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def project_in(folder: Path, inner: str = ".", **settings: Any) -> Project:
    """A project with these settings whose git root is the folder."""
    config = Config(**settings)
    return Project(folder=folder / inner, root=folder, uses_git=True, config=config, handoffs=folder / inner / config.dir)


@pytest.mark.parametrize(
    ("path", "settings", "is_code"),
    [
        ("src/a.py", {}, True),
        ("handoffs/session-3.md", {}, False),
        ("handoffs/evidence/session-3/record.json", {}, False),
        ("other/handoffs/x.md", {}, True),
        ("handoffs/old/session-1.markdown", {}, False),
        ("handoffs/rules.txt", {}, True),
        ("handoffs/evidence/rules.json", {}, True),
        ("handoffs/evidence/session-3/helper.py", {}, True),
        ("handoffs/evidence/.gitattributes", {}, False),
        ("src/rules.txt", {"dir": "src"}, True),
        (".coveragerc", {}, True),
        ("a/b.pyc", {}, True),
        ("a/b.so", {}, True),
        ("data/x.csv", {"ignore": ["*.csv"]}, True),
        ("data/x.csv", {"ignore": ["**/*.csv"]}, False),
        ("services/a/x.py", {"scope": ["services/a", "libs/b"]}, True),
        ("services/ab/x.py", {"scope": ["services/a"]}, False),
        ("services/a/x.py", {"scope": ["./services/a/"]}, True),
        ("specs/session-3/recovery.md", {"document": "specs/{session}/recovery.md"}, False),
        ("specs/deep/session-3/recovery.md", {"document": "specs/{session}/recovery.md"}, True),
        ("specs/session-3/notes.md", {"document": "specs/{session}/recovery.md"}, True),
        ("specs/s-3/s-3.md", {"document": "specs/{session}/{session}.md"}, False),
        ("specs/s-3/s-4.md", {"document": "specs/{session}/{session}.md"}, True),
        ("HANDOFF.md", {"document": "HANDOFF.md"}, False),
        ("HANDOFF.md.bak", {"document": "HANDOFF.md"}, True),
    ],
)
def test_what_is_code(tmp_path: Path, path: str, settings: dict[str, Any], is_code: bool) -> None:
    """Everything is code but the hand-off files, what runs leave behind, and what the settings leave out."""
    assert project_in(tmp_path, **settings).is_code(path) is is_code


def test_documents_of_a_project_within_a_repository(tmp_path: Path) -> None:
    """Paths of evidence start at the git root, those for people where they stand, or at the project's folder."""
    project = project_in(tmp_path, "services/a", document="../notes/{session}.md")
    assert project.document("s-1") == tmp_path / "services" / "notes" / "s-1.md"
    assert project.is_code("services/notes/s-1.md") is False
    assert project.is_code("services/a/handoffs/evidence/s-1/record.json") is False
    assert project.key(project.folder / "x.py") == "services/a/x.py"
    assert project.shown(project.folder / "x.py") == "x.py"
    assert project.shown(tmp_path / "x.py") == "../../x.py"
    assert replace(project, here=tmp_path / "lib").shown(project.folder / "x.py") == "../services/a/x.py"
    assert replace(project, here=tmp_path.parent).shown(project.folder / "x.py") == str(project.folder / "x.py")


def opened(start: Path, **options: Any) -> tuple[Path, Path, bool, Path]:
    project = open_project(start, **options)
    return project.folder, project.root, project.uses_git, project.handoffs


def test_the_nearest_settings_decide(repository: Path) -> None:
    """The project's folder is the nearest one with settings of ours, up to the git root."""
    inner = repository / "services" / "a"
    (inner / "tests").mkdir(parents=True)
    (repository / "pyproject.toml").write_text("[tool.handoff]\ndir = 'notes'\n")
    assert opened(inner / "tests") == (repository, repository, True, repository / "notes")
    (inner / "handoff.toml").write_text("dir = '../shared'\n")
    assert opened(inner / "tests") == (inner, repository, True, repository / "services" / "shared")
    assert opened(inner, dir_option="mine")[3] == inner / "mine"


def test_without_settings(repository: Path) -> None:
    """Without settings the package decides, else a file that configures pytest, else the git root."""
    inner = repository / "a"
    (inner / "b").mkdir(parents=True)
    assert opened(inner / "b")[0] == repository
    (inner / "pyproject.toml").write_text("[project]\nname = 'a'\n")
    assert opened(inner / "b")[0] == inner
    (inner / "b" / "pytest.ini").write_text("")
    assert opened(inner / "b", fallback=inner)[0] == inner / "b"
    (inner / "handoffs" / "evidence").mkdir(parents=True)
    assert opened(inner / "b")[0] == inner


def test_without_git(plain_git: Callable[..., str], tmp_path: Path) -> None:
    """Without git the project's folder is the root."""
    (tmp_path / "pytest.ini").write_text("")
    assert opened(tmp_path) == (tmp_path, tmp_path, False, tmp_path / "handoffs")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("handoff.toml", b"dir = ", "handoff.toml: cannot be read: Invalid value"),
        ("handoff.toml", b"a = '\xff'", "handoff.toml: cannot be read"),
        ("handoff.toml", b"[tiers.unit]\nmarker = 1\n", "handoff.toml: 'tiers'"),
        ("pyproject.toml", b"[tool]\nhandoff = 3\n", "pyproject.toml: 'handoff' is not a table"),
        ("pyproject.toml", b"[tool.handoff]\ndirr = ''\n", "pyproject.toml [tool.handoff]: unknown key 'dirr'"),
        (
            "pyproject.toml",
            b"[tool.handof]\ndir = 'x'\n",
            "pyproject.toml: nothing reads [tool.handof]; did you mean [tool.handoff]?",
        ),
        ("pyproject.toml", b"[tool.a]\n[[tool.pytest-handoff.retire]]\n", "nothing reads [tool.pytest-handoff];"),
        ("pyproject.toml", b"[tool.Hand_Off.tiers.x]\n", "nothing reads [tool.Hand_Off];"),
        ("pyproject.toml", b"[tool.handoff]\ndir = ''\n", "the hand-off folder must be a folder of its own, not ''"),
        ("pyproject.toml", b"[tool.handoff]\ndir = '../..'\n", "must be a folder of its own"),
    ],
)
def test_settings_that_cannot_be_used(repository: Path, name: str, text: bytes, said: str) -> None:
    """What is wrong with the settings is told with the file."""
    (repository / name).write_bytes(text)
    with pytest.raises(UsageProblem) as caught:
        open_project(repository)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["[tool.handoff]\n[tool.handoffs]\n", "[tool.hand]\n", "[other.handof]\n"])
def test_tables_of_others_are_theirs(repository: Path, text: str) -> None:
    """Beside our own table, or with another name, they say nothing about us."""
    (repository / "pyproject.toml").write_text(text)
    assert open_project(repository).config == Config()


def test_a_tool_that_is_no_table(repository: Path) -> None:
    """Where ``tool`` itself is no table there are no settings of ours."""
    (repository / "pyproject.toml").write_text("tool = 1\n")
    assert open_project(repository).config == Config()


@pytest.mark.parametrize("option", ["", " ", "."])
def test_a_folder_option_that_names_none(repository: Path, option: str) -> None:
    """The option for the folder must name one of its own."""
    with pytest.raises(UsageProblem):
        open_project(repository, dir_option=option)


def test_a_session_that_is_not_there(tmp_path: Path) -> None:
    """A session without a record is told, with those that have one."""
    project = project_in(tmp_path)
    with pytest.raises(EvidenceProblem, match=r"handoffs/evidence: there is no record of 's-9' \(recorded: none\)"):
        find_session(project, "s-9")
    with pytest.raises(UsageProblem):
        find_session(project, "../s")
    (project.handoffs / "evidence" / "s-1").mkdir(parents=True)
    (project.handoffs / "evidence" / "s-1" / "record.json").write_text("")
    assert find_session(project, "s-1") == "s-1"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("s1", "did you mean 's-1'? Else record it with pytest --handoff=s1"),
        ("s-1.md", "did you mean 's-1'? Else record it with pytest --handoff=s-1.md"),
        ("s-2", "record it with pytest --handoff=s-2"),
        ("s 2", "record it with pytest --handoff='s 2'"),
        ("tax", "record it with pytest --handoff=tax"),
    ],
)
def test_a_name_that_is_nearly_right(tmp_path: Path, name: str, advice: str) -> None:
    """A slip of the pen is told from the next number, and what is to be typed can be typed."""
    project = project_in(tmp_path)
    (project.handoffs / "evidence" / "s-1").mkdir(parents=True)
    (project.handoffs / "evidence" / "s-1" / "record.json").write_text("")
    with pytest.raises(EvidenceProblem) as raised:
        find_session(project, name)
    assert str(raised.value).endswith(f"(recorded: s-1); {advice}")


@pytest.mark.parametrize("document", ["src/shop/{session}", "src/shop/{session}.py", "{session}.toml"])
def test_a_document_that_would_take_code_out(repository: Path, document: str) -> None:
    """What a document's name leaves out of the tree must be a document."""
    (repository / "handoff.toml").write_text(f"document = '{document}'\n")
    with pytest.raises(UsageProblem, match=r"handoff\.toml: 'document': .* use a name that ends in \.md, .* or \.txt"):
        open_project(repository)
