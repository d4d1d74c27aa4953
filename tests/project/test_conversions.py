"""Files that git stores otherwise than they stand: what runs is seen, and what a checkout brings is not accused."""

from __future__ import annotations

import os
from hashlib import sha1
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project import conversions
from pytest_handoff.project.work_tree import read_work_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Git = Callable[..., str]

PLAIN = b"ident = '$Id$'\n"


def commit(git: Git, root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "work")


def with_attributes(git: Git, root: Path, name: str, attributes: str, content: bytes) -> None:
    """A repository with one file of these attributes, committed."""
    (root / name).write_bytes(content)
    (root / ".gitattributes").write_text(attributes)
    commit(git, root)


@pytest.mark.parametrize("where", [".gitattributes", "deep/.gitattributes", ".git/info/attributes", "macro"])
def test_what_ident_hides_is_seen(repository: Path, plain_git: Git, where: str) -> None:
    """Git stores no byte between the dollars, and shows no difference; what runs is another file all the same."""
    name = "deep/a.py"
    (repository / "deep").mkdir()
    with_attributes(plain_git, repository, name, "[attr]mine ident\n* mine\n" if where == "macro" else "", PLAIN)
    if where != "macro":
        (repository / where).parent.mkdir(exist_ok=True)
        (repository / where).write_text("*.py ident\n")
    commit(plain_git, repository)
    before = read_work_tree(repository)
    (repository / name).write_bytes(b"ident = '$Id: 1 / 0 $'\n")
    after = read_work_tree(repository)

    assert (plain_git(repository, "diff"), before.files) == ("", after.files)
    assert (before.kinds, before.modified, after.modified) == ({}, [], [name])
    assert after.kinds[name].startswith("work-tree:")
    (repository / name).write_bytes(b"ident = '$Id: 2 / 0 $'\n")
    (repository / name).chmod(0o755)
    commit(plain_git, repository)
    found = read_work_tree(repository).kinds[name]
    assert found.startswith("executable work-tree:")
    assert not found.endswith(after.kinds[name])


def test_what_a_checkout_makes_of_ident_is_no_change(repository: Path, plain_git: Git, tmp_path: Path) -> None:
    """As it was typed, as it is checked out, and as it is checked out and edited then: each is what git stores."""
    with_attributes(plain_git, repository, "a.py", "*.py ident\n", PLAIN)
    typed = read_work_tree(repository)
    plain_git(tmp_path, "clone", "--quiet", str(repository), "clone")
    clone = tmp_path / "clone"
    assert b"$Id: " in (clone / "a.py").read_bytes()
    assert read_work_tree(clone) == typed
    (clone / "a.py").write_bytes((clone / "a.py").read_bytes() + b"more\n")
    edited = read_work_tree(clone)
    assert (edited.kinds, edited.modified) == ({}, ["a.py"])


def test_what_was_stored_before_the_attribute_is_no_change(repository: Path, plain_git: Git) -> None:
    """A keyword of another system is in the content that git stores, and hides nothing; neither do Windows' line ends."""
    (repository / "a.py").write_bytes(b"# $Id: a.c,v 1.2 2001/01/01 somebody $\n")
    (repository / "b.py").write_bytes(b"# Id\n")
    os.utime(repository / "a.py", (1, 1))  # else git looks at it again
    commit(plain_git, repository)
    (repository / ".gitattributes").write_text("* ident text\n")
    (repository / "b.py").write_bytes(b"# Id\r\n")
    assert read_work_tree(repository).kinds == {}


ESCAPES = "はい".encode("iso-2022-jp")
TWICE = b"".join(letter.encode("iso-2022-jp") for letter in "はい")


@pytest.mark.parametrize(
    ("encoding", "content", "is_stored"),
    [
        ("UTF-16", "x = 1\r\n".encode("utf-16"), True),
        ("UTF-16", b"\xfe\xff" + "x = 1\n".encode("utf-16-be"), True),
        ("UTF-16LE-BOM", b"\xff\xfe" + "x = 1\n".encode("utf-16-le"), True),
        ("latin-1", "# grün\n".encode("latin-1"), True),
        ("Shift-JIS", "# はい\n".encode("shift-jis"), True),
        ("ISO-2022-JP", ESCAPES, True),
        ("ISO-2022-JP", TWICE, False),
        ("UTF-7", b"+AHgAIAA9ACAAMQ-\n", False),
        ("UTF-8", "# grün\n".encode(), True),
    ],
)
def test_other_bytes_of_one_text(repository: Path, plain_git: Git, encoding: str, content: bytes, is_stored: bool) -> None:
    """Git stores the text: where other bytes are the same text, the bytes that run are seen."""
    with_attributes(plain_git, repository, "a.txt", f"*.txt working-tree-encoding={encoding}\n", content)
    found = read_work_tree(repository)
    assert (found.kinds == {}, found.modified == []) == (is_stored, is_stored)


@pytest.mark.parametrize(
    ("encoding", "content", "unlike"),
    [
        ("utf-16", "x = 1\n".encode("utf-16"), False),
        ("UTF-16LE-BOM", b"\xff\xfe" + "x = 1\n".encode("utf-16-le"), False),
        ("utf-16", "x = 1\n".encode("utf-16-le"), True),
        ("latin-1", "é\n".encode("latin-1"), False),
        ("UTF8", b"x = 1\n", False),
        ("nobody-knows", b"x = 1\n", True),
        ("ascii", "é\n".encode(), True),
        ("utf-7", b"+AHg-\n", True),
    ],
)
def test_other_bytes_of_the_same_text(
    repository: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, content: bytes, *, unlike: bool
) -> None:
    """A file in another encoding is what git checks out if its bytes are the only ones of that text."""
    (repository / "a.py").write_bytes(content)
    attributes = {b"working-tree-encoding": encoding.encode()}
    monkeypatch.setattr(conversions, "_attributes", lambda *_: [("a.py", attributes)])
    found = conversions.unlike_a_checkout(repository, {"a.py": "0" * 40}, {})
    assert found == ({"a.py": sha1(content, usedforsecurity=False).hexdigest()} if unlike else {})
    (repository / "a.py").unlink()
    (repository / "a.py").mkdir()
    assert conversions.unlike_a_checkout(repository, {"a.py": "0" * 40}, {}) == {}
