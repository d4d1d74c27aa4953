"""Whether configuration files can be parsed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project.tree import unparsable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b'{"a": [1, 2]}'),
        ("a.json", b"\xef\xbb\xbf{}"),
        ("tsconfig.json", b'{\n  // strict, "all" of it\n  "strict": true, /* for now */\n  "paths": ["a//b", "/* c */",],\n}\n'),
        ("asv.conf.json", b'{\n    // The version\n    "version": 1,\n}\n'),
        ("a.toml", b"[a]\nb = 1\n"),
        ("a.yaml", b"a: !Ref b\n---\nc: [1, 2]\n"),
        ("a.yml", b"%YAML 1.2\n---\na: &x 1\nb: *x\n"),
        ("a.ini", b"[a]\nb = %(c)s\nd\n"),
        ("SETUP.CFG", b"[a]\nb = 1\n"),
        ("a.txt", b"{{{"),
        ("json", b"{{{"),
        ("a.yaml", b""),
    ],
)
def test_files_that_parse(tmp_path: Path, name: str, content: bytes) -> None:
    """A file that its format's parser reads, or that has no such format, has no problem."""
    (tmp_path / name).write_bytes(content)
    assert unparsable(tmp_path, [name]) == {}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"", r"Expecting value: line 1 column 1 \(char 0\)"),
        ("a.json", b'{"a": [1, 2,]}', ".*"),
        ("a.json", b'{"a": 1 /* for ever }', ".*"),
        ("a.json", b'// b\n{"a" 1}', ".*"),
        ("a.json", b"{'a': 1}", "Expecting property name"),
        ("a.json", b"[" * 100_000, "recursion|Stack overflow"),
        ("a.toml", b"a = \n", r"Invalid value \(at line 1, column 5\)"),
        ("a.toml", b"a = 1\na = 2\n", "Cannot overwrite"),
        ("a.yml", b"a: [1\n", "while parsing a flow sequence"),
        ("a.yaml", b"a:\n\t- b\n", "cannot start any token"),
        ("a.ini", b"a = 1\n", "File contains no section headers"),
        ("a.cfg", b"[a]\nb = 1\nb = 2\n", "already exists"),
        ("a.json", b"\xff\xfe{}", "codec can't decode"),
    ],
)
def test_files_that_do_not_parse(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """The parser's reason stands on one line of bounded length."""
    (tmp_path / name).write_bytes(content)
    (why,) = unparsable(tmp_path, [name]).values()
    assert re.search(said, why)
    assert "\n" not in why
    assert len(why) <= 200


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """A file that is gone or a folder of such a name is no problem of this kind."""
    (tmp_path / "folder.json").mkdir()
    assert unparsable(tmp_path, ["gone.json", "folder.json"]) == {}
