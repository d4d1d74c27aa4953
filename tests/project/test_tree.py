"""The source tree that evidence is about: the same code has the same fingerprint, and other code another one."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.config import Config
from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.project.contents import with_lines
from pytest_handoff.project.evidence_files import not_evidence
from pytest_handoff.project.layout import Project
from pytest_handoff.project.tree import Tree, read_tree, since
from pytest_handoff.record import SourceLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Git = Callable[..., str]


def project_in(root: Path, *, uses_git: bool = True, **settings: Any) -> Project:
    """A project in a folder."""
    return Project(folder=root, root=root, uses_git=uses_git, config=Config(**settings), handoffs=root / "handoffs")


def write(root: Path, **files: str) -> None:
    """Files by name; two underscores are a slash, and the suffix is ``.py``."""
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def commit(git: Git, root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "work")


def test_committing_and_cloning_change_no_fingerprint(repository: Path, plain_git: Git, tmp_path: Path) -> None:
    """The fingerprint is the same untracked, added, committed, amended and cloned."""
    write(repository, a="1\n", grün__b="2\n", run="")
    (repository / "run.py").chmod(0o755)
    (repository / "link").symlink_to("a.py")
    project = project_in(repository)
    seen = {read_tree(project).fingerprint}
    plain_git(repository, "add", "--all")
    seen.add(read_tree(project).fingerprint)
    commit(plain_git, repository)
    seen.add(read_tree(project).fingerprint)
    plain_git(repository, "commit", "--quiet", "--amend", "-m", "other")
    seen.add(read_tree(project).fingerprint)
    plain_git(tmp_path, "clone", "--quiet", str(repository), "clone")
    seen.add(read_tree(project_in(tmp_path / "clone")).fingerprint)
    assert len(seen) == 1


@pytest.mark.parametrize("change", ["edit", "add", "remove", "rename", "swap", "mode", "link"])
def test_other_code_has_another_fingerprint(repository: Path, change: str) -> None:
    """Any file that is edited, added, removed, renamed or changes places is seen."""
    write(repository, a="1\n", b="2\n")
    project = project_in(repository)
    before = read_tree(project)
    if change == "edit":
        write(repository, a="1 \n")
    elif change == "add":
        write(repository, c="")
    elif change == "remove":
        (repository / "a.py").unlink()
    elif change == "rename":
        (repository / "a.py").rename(repository / "c.py")
    elif change == "mode":
        (repository / "a.py").chmod(0o755)
    elif change == "link":
        (repository / "a.py").unlink()
        (repository / "a.py").symlink_to("1\n")
    else:
        write(repository, a="2\n", b="1\n")
    assert read_tree(project).fingerprint != before.fingerprint
    assert since(project, before).changed == {"add": [], "swap": ["a.py", "b.py"]}.get(change, ["a.py"])


def test_an_older_record_says_nothing_of_kinds(repository: Path) -> None:
    """Its fingerprint is that of the contents alone, and so is what it differs in; a newer one never passes for it."""
    write(repository, a="1\n")
    project = project_in(repository)
    plain = read_tree(project)
    old, new = plain.fingerprint.removesuffix("+kinds"), plain.fingerprint
    then = {path: SourceLine(path=path, blob=blob) for path, blob in plain.files.items()}
    (repository / "a.py").chmod(0o755)
    now = read_tree(project)
    assert (now.is_that_of(old), now.is_that_of(new), plain.is_that_of(new)) == (True, False, True)
    assert (now.differing(then, old), now.differing(then, new)) == ([], ["a.py"])


def test_handoff_files_change_no_fingerprint(repository: Path, plain_git: Git) -> None:
    """Documents and evidence are no part of the tree, and are not listed as untracked; what can be imported is code anywhere."""
    write(repository, a="1\n")
    project = project_in(repository)
    before = read_tree(project)
    contents = {
        "x.md": "x", ".gitattributes": "evidence/** -diff linguist-generated\n", "evidence/s/record.json": RECORD,
        "evidence/s/tests.jsonl": "", "evidence/s/.record.json.0123abcd.tmp": RECORD,
        "evidence/sorted/record.json": json.dumps({"session": "sorted", "schema": "pytest-handoff/record/1"}),
        "evidence/cut/tests.jsonl": '{"id": "a"}\n', "evidence/cut/.sources.jsonl.0123abcd.tmp": '{"path": "a',
    }  # fmt: skip
    for name, text in contents.items():
        path = repository / "handoffs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (repository / ".coverage").write_bytes(b"SQLite format 3\0 and more")
    assert read_tree(project) == before
    commit(plain_git, repository)
    assert read_tree(project).fingerprint == before.fingerprint
    write(repository, handoffs__x="1", handoffs__evidence__s__y="2")
    assert read_tree(project).untracked == ["handoffs/evidence/s/y.py", "handoffs/x.py"]


RECORD = '{\n "schema": "pytest-handoff/record/1",\n "session": "s",\n "previous": [] ...'


def test_very_many_sessions_are_looked_at_once_in_a_run(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each session only the files that it has are opened, and after the tests none: new files change nothing that ran."""
    write(repository, a="1\n")
    for number in range(20):
        folder = repository / f"handoffs/evidence/s{number}"
        folder.mkdir(parents=True)
        (folder / "record.json").write_text(RECORD.replace('"s"', f'"s{number}"'))
        (folder / "tests.jsonl").write_text("")
    opened, plainly = list[str](), os.open

    def open_and_tell(path: str | Path, *arguments: Any, **options: Any) -> int:
        opened.append(str(path))
        return plainly(path, *arguments, **options)

    monkeypatch.setattr(os, "open", open_and_tell)
    before = read_tree(project := project_in(repository))
    assert sum("/evidence/s" in path for path in opened) == 40
    opened.clear()
    (repository / "a.py").write_text("2\n")
    assert since(project, before).changed == ["a.py"]
    assert not [path for path in opened if "/evidence/s" in path]


def test_evidence_that_cannot_be_listed_is_looked_at_all_the_same(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder may be readable by the names of its files alone."""
    write(repository, handoffs__evidence__s__a="1\n")
    (repository / "handoffs/evidence/s/tests.jsonl").write_text("x = 1\n")

    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "listdir", refuse)
        assert not_evidence(project_in(repository)) == ["handoffs/evidence/s/tests.jsonl"]


@pytest.mark.parametrize("uses_git", [True, False])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("evidence/s/record.json", "x = 1\n"),
        ("evidence/s/record.json", RECORD.replace('"s"', '"t"')),
        ("evidence/s/tests.jsonl", "x = 1\n"),
        ("evidence/s/sources.jsonl", '{"path": "a"}\nx = 1\n'),
        ("evidence/s/record.json/sub/a", "x = 1\n"),
        ("evidence/s*/tests.jsonl", "x = 1\n"),
        (".gitattributes", "x = 1\n"),
        ("evidence/.gitattributes", "* -diff # x\n"),
    ],
)
def test_what_only_has_the_name_of_evidence_is_code(
    repository: Path, plain_git: Git, uses_git: bool, name: str, text: str
) -> None:
    """Whatever could be run is in the tree, tracked or not, unless git ignores it."""
    if not uses_git and name.endswith(".gitattributes"):
        pytest.skip("without git, hidden files are none of the tree")
    key = f"handoffs/{name}"
    project, path = project_in(repository, uses_git=uses_git), repository / key
    path.parent.mkdir(parents=True)
    path.write_text(text)
    seen = [read_tree(project)]
    path.write_text(f"{text} #")
    seen.append(read_tree(project))
    assert since(project, seen[0]).changed == [key]
    commit(plain_git, repository)
    seen.append(read_tree(project))
    assert [list(tree.files) for tree in seen] == [[key]] * 3
    assert seen[0].fingerprint != seen[1].fingerprint == seen[2].fingerprint
    assert [tree.untracked for tree in seen] == ([[key], [key], []] if uses_git else [None] * 3)


@pytest.mark.parametrize("name", ["coverage.jsonl", "statements.jsonl", "tests.jsonl"])
@pytest.mark.parametrize(
    ("line", "is_code"),
    [
        (b'{"path": "a", "layout": [1, {}]}', False),
        (b'{"path": "a", "path": "\\ud83d\\ude00"}\r', False),
        (b'{"path": "a"} # x', True),
        (b'{"path": "\xff"}', True),
        (b'{"path": "\\ud800"}', True),
        (b'{"path": NaN}', True),
        (b"[" * 100_000, True),
        (b"", True),
    ],
    ids=["table", "twins", "remark", "not-utf8", "half-a-pair", "not-a-number", "deep", "empty"],
)
def test_every_line_of_evidence_is_json(repository: Path, name: str, line: bytes, is_code: bool) -> None:
    """A file whose lines no record vouches for is code from the first line on that is no JSON."""
    path = repository / "handoffs/evidence/s" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"path": "first"}\n' + line + b"\n")
    assert list(read_tree(project_in(repository)).files) == [f"handoffs/evidence/s/{name}"] * is_code


def test_a_leftover_that_git_tracks_is_code_unless_it_is_evidence(repository: Path, plain_git: Git) -> None:
    """A name alone takes nothing out of the tree that a commit brings to others."""
    path = repository / "handoffs/evidence/s/.record.json.0123abcd.tmp"
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n")
    assert read_tree(project_in(repository)).files == {}
    commit(plain_git, repository)
    assert list(read_tree(project_in(repository)).files) == ["handoffs/evidence/s/.record.json.0123abcd.tmp"]


def test_what_git_ignores_is_no_code_under_the_name_of_evidence(repository: Path) -> None:
    """It is not in any other checkout."""
    (repository / "handoffs/evidence/s").mkdir(parents=True)
    (repository / "handoffs/evidence/s/sources.jsonl").write_text("x = 1\n")
    (repository / ".gitignore").write_text("sources.jsonl\n")
    assert list(read_tree(project_in(repository)).files) == [".gitignore"]


TIMED, UNCHECKED = (b"\xa7\r\r\n" + flags + b"\0" * 8 + b"code" for flags in (b"\0\0\0\0", b"\1\0\0\0"))


@pytest.mark.parametrize(
    ("path", "content", "is_code"),
    [
        ("a/__pycache__/b.pyc", TIMED, (False, False)),
        ("a/__pycache__/b.pyc", UNCHECKED, (False, True)),
        ("a/__pycache__/b.pyc", b"", (False, True)),
        ("a/__pycache__/b.txt", b"print()", (False, True)),
        ("a/b.pyc", TIMED, (True, True)),
        (".coverage", b"SQLite format 3\0...", (False, False)),
        ("sub/.coverage.host.1", b"", (False, False)),
        (".coverage.py", b"print()", (False, True)),
        (".testmondata", b"print()", (False, True)),
        ("a/.pytest_cache/v/x", b"{}", (False, True)),
        ("a/.hypothesis/x", b"", (False, True)),
    ],
)
def test_what_tools_leave_is_code_where_git_tracks_what_no_tool_made(
    repository: Path, plain_git: Git, path: str, content: bytes, is_code: tuple[bool, bool]
) -> None:
    """Byte code that Python checks against its source and data of coverage.py are left out; other tracked files could run.

    ``is_code`` says it before and after the file is staged; committing it changes nothing.
    """
    project = project_in(repository)
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_bytes(content)
    before = path in read_tree(project).files
    plain_git(repository, "add", "--force", path)
    assert (before, path in read_tree(project).files) == is_code
    commit(plain_git, repository)
    assert (path in read_tree(project).files) == is_code[1]


def test_scope_and_ignore(repository: Path) -> None:
    """The scope narrows the tree to folders, ignored globs are taken out of it."""
    write(repository, libs__a="1", libs__gen__b="2", other__c="3")
    assert list(read_tree(project_in(repository, scope=["libs"], ignore=["libs/gen"])).files) == ["libs/a.py"]


def test_a_scope_that_names_nothing(repository: Path) -> None:
    """A scope without a file would make every tree the same, and is refused."""
    write(repository, a="1")
    with pytest.raises(UsageProblem, match="'scope' matches no file"):
        read_tree(project_in(repository, scope=["lib"]))


def test_without_git_the_blob_ids_are_gits(repository: Path) -> None:
    """Files have the same ids with and without git, generated and hidden ones are left out, and nothing is said of commits."""
    write(repository, a="1\n", sub__b="2\n")
    with_git = read_tree(project_in(repository)).files
    write(repository, node_modules__c="3", env__d="5")
    (repository / "env" / "bin").mkdir()
    for name in ("pyvenv.cfg", "bin/python"):
        (repository / "env" / name).write_text("")
    (repository / ".hidden").write_text("")
    assert read_tree(project_in(repository, uses_git=False)) == Tree(files=with_git)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("uses_git", [True, False])
def test_lines_of_files_whose_names_look_alike(repository: Path, uses_git: bool) -> None:
    """A name that is no UTF-8 and one that spells it are two files, each with its own lines."""
    for name, content in ((b"\xe9.py", b"1\n"), (b"\\xe9.py", b"2\n")):
        (repository / os.fsdecode(name)).write_bytes(content)
    project = project_in(repository, uses_git=uses_git)
    found = with_lines(project, read_tree(project), (), {})
    assert {path: line.lines for path, line in found.items()} == {
        "\\xe9.py": hash_lines(b"1\n"), "\\x5cxe9.py": hash_lines(b"2\n"),
    }  # fmt: skip
    assert sorted(found) == sorted(map(project.key, repository.glob("*.py")))


def test_lines_of_code(repository: Path) -> None:
    """Python files and measured files have the hashes of their lines, other files only their id."""
    write(repository, a="1\n2\n")
    (repository / "b.md").write_text("x\n")
    (repository / "made").write_text("3\n")
    project = project_in(repository, ignore=["made"])
    found = with_lines(project, read_tree(project), ["made"], {})
    assert {path: line.lines for path, line in found.items()} == {
        "a.py": hash_lines(b"1\n2\n"), "b.md": "", "made": hash_lines(b"3\n"),
    }  # fmt: skip


def test_known_lines_are_not_read_again(repository: Path) -> None:
    """A file with the blob id of an earlier session keeps its line; one that differs is read."""
    write(repository, a="1\n", b="2\n")
    project = project_in(repository)
    tree = read_tree(project)
    known = {path: SourceLine(path=path, blob=blob, lines="known") for path, blob in tree.files.items()}
    write(repository, b="3\n")
    found = with_lines(project, read_tree(project), (), known)
    assert [found["a.py"].lines, found["b.py"].lines] == ["known", hash_lines(b"3\n")]


def test_code_that_cannot_be_read_has_no_lines(repository: Path, plain_git: Git) -> None:
    """A link to nowhere and a nested repository with a name of code have an id and no lines."""
    (repository / "link.py").symlink_to("nowhere.py")
    inner = repository / "inner.py"
    inner.mkdir()
    plain_git(inner, "init", "--quiet")
    plain_git(inner, "commit", "--quiet", "--allow-empty", "-m", "x")
    project = project_in(repository)
    found = with_lines(project, read_tree(project), (), {})
    assert {path: line.lines for path, line in found.items()} == {"link.py": "", "inner.py": ""}
