"""What a session changed."""

from __future__ import annotations

from pytest_handoff.evidence.source_changes import changes_between, hash_lines
from pytest_handoff.record import Changes, SourceLine


def tree_of(**files: str) -> dict[str, SourceLine]:
    """Files by name (two underscores are a slash, the suffix is ``.py`` unless it is named), each with its lines."""
    found = {}
    for name, text in files.items():
        path = name.replace("__", "/") + ("" if name.endswith("_md") else ".py")
        path = path.removesuffix("_md") + (".md" if name.endswith("_md") else "")
        lines = "" if path.endswith(".md") else hash_lines(text.encode())
        found[path] = SourceLine(path=path, blob=text, lines=lines)
    return found


def test_every_kind_of_change() -> None:
    """Files are created, modified, removed or renamed, and lines of code are counted in all of them."""
    base = tree_of(same="a\n", edited="a\nb\nc\n", gone="x\ny\n", old="1\n2\n3\n", guide_md="old")
    now = tree_of(same="a\n", edited="a\nB\nc\nd\n", fresh="p\nq\n", new="1\n2\n3\n4\n", guide_md="new", docs__more_md="m")
    assert changes_between(base, now, {"old.py": "new.py"}, tests_added=4) == Changes(
        created=["docs/more.md", "fresh.py"],
        modified=["edited.py", "guide.md"],
        removed=["gone.py"],
        renamed=[("old.py", "new.py")],
        lines_added=2 + 2 + 1,
        lines_removed=1 + 2,
        tests_added=4,
        documents_changed=2,
    )


def test_a_first_session_created_everything() -> None:
    """Against nothing, every file is created."""
    found = changes_between({}, tree_of(a="x\n"), {}, tests_added=0)
    assert (found.created, found.lines_added, found.modified, found.removed) == (["a.py"], 1, [], [])


def test_nothing_changed() -> None:
    """The same tree has no changes."""
    tree = tree_of(a="x\n", b_md="t")
    found = changes_between(tree, tree, {}, tests_added=0)
    assert (found.created, found.modified, found.removed, found.renamed, found.documents_changed) == ([], [], [], [], 0)
