"""Trees in scratch folders: copies of the work tree, with some files as they were, and nothing outside of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.proving.trees import lay_out

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A work tree with a script, a link and a submodule."""
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("now\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link.py").symlink_to("src/a.py")
    (root / "sub" / ".git").mkdir(parents=True)
    (root / "sub" / "b.py").write_text("b\n")
    return root


def test_a_tree_has_the_files_of_now_and_those_that_were_as_they_were(root: Path, tmp_path: Path) -> None:
    """Links stay links, scripts can be run, a submodule comes without its repository, what was not there is not there."""
    tree = tmp_path / "tree"
    files = ["src/a.py", "run.sh", "link.py", "sub", "gone.py", "src/new.py"]
    (root / "src" / "new.py").write_text("new\n")
    lay_out(root, tree, files, {"src/a.py": b"before\n", "old/run.py": b"#!/usr/bin/env python\n", "src/new.py": None})
    found = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if not path.is_dir()}
    assert found == {"src/a.py", "run.sh", "link.py", "sub/b.py", "old/run.py"}
    assert (tree / "link.py").read_text() == "before\n"
    assert os.readlink(tree / "link.py") == "src/a.py"  # noqa: PTH115 # the text of the link
    assert os.access(tree / "run.sh", os.X_OK)
    assert os.access(tree / "old" / "run.py", os.X_OK)
    assert (root / "src" / "a.py").read_text() == "now\n"


@pytest.mark.parametrize("path", ["../outside.py", "/tmp/outside.py", "door/outside.py"])  # noqa: S108 # nothing is written there
def test_a_path_in_edited_evidence_leads_nowhere_else(root: Path, tmp_path: Path, path: str) -> None:
    """Evidence is text that anybody may have written."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "door").symlink_to(outside)
    with pytest.raises(EvidenceProblem, match="points outside the repository"):
        lay_out(root, tmp_path / "tree", ["door"], {path: b"x"})
    assert list(outside.iterdir()) == []
    assert not (tmp_path / "outside.py").exists()


def test_a_link_is_never_written_through(root: Path, tmp_path: Path) -> None:
    """A link that leads out is copied as it is; the file that takes its place is a file."""
    (root / "conf.py").symlink_to(tmp_path / "mine.py")
    (tmp_path / "mine.py").write_text("mine\n")
    lay_out(root, tmp_path / "tree", ["conf.py"], {"conf.py": b"before\n"})
    assert (tmp_path / "tree" / "conf.py").read_text() == "before\n"
    assert (tmp_path / "mine.py").read_text() == "mine\n"
