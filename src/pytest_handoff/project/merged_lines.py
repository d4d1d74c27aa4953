"""Find the lines that a session took over from the branch to be merged into: they are nobody's new code here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.errors import HandoffError
from pytest_handoff.evidence.new_code import MergedIn
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.project.git import is_ancestor, merge_bases, read_blobs, tips_of_branch, tree_of
from pytest_handoff.record import SourceLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.sessions import Parents
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import Record


def merged_in(project: Project, tree: Tree, parents: Parents, now: Mapping[str, SourceLine]) -> MergedIn | None:
    """Find the states of the target branch that are part of this tree and were not part of any parent's.

    Return ``None`` where no target is set, in a first session, and on the target branch itself. Where git cannot tell, nothing is
    left out and the note says so: the new code may then hold too many lines, never too few.
    """
    name = project.config.target
    if name is None or not parents.sources or tree.branch == name:
        return None
    try:
        bases = _bases(project.root, name, tree.commit)
        # HEAD itself may be this session's work, already merged: leaving its lines out would leave out everything.
        if tree.commit in bases:
            return MergedIn(target=name, note=f"HEAD is part of {name}, so no line is left out as someone else's work.")
        known = {line.blob: line.lines for tree in (*parents.sources, now) for line in tree.values() if line.lines}
        fresh = [base for base in bases if not _was_there(project.root, base, parents.records)]
        return MergedIn(target=name, trees=tuple(_tree(project, base, now, known) for base in fresh))
    except HandoffError as problem:
        why = f"Cannot tell which lines came from {name}, so none is left out as someone else's work: {problem}."
        return MergedIn(target=name, note=why)


def _bases(root: Path, name: str, commit: str | None) -> list[str]:
    if commit is None:
        raise HandoffError("there is no commit")
    tips = tips_of_branch(root, name)
    if not tips:
        raise HandoffError("git has no branch of that name here")
    bases = merge_bases(root, tips)
    if not bases:
        raise HandoffError("the history here does not reach a common commit")
    return bases


def _was_there(root: Path, base: str, parents: Sequence[Record]) -> bool:
    """Check whether a parent session already had this state of the target: lines removed since and rewritten are its own."""
    commits = [record.source.commit for record in parents]
    return any(commit is not None and is_ancestor(root, base, commit) for commit in commits)


def _tree(project: Project, commit: str, now: Mapping[str, SourceLine], known: dict[str, str]) -> dict[str, SourceLine]:
    blobs = {path: blob for path, blob in tree_of(project.root, commit).items() if project.is_code(path)}
    code = {path for path in blobs if path.endswith(".py") or (path in now and now[path].lines)}
    contents = read_blobs(project.root, {blobs[path] for path in code if blobs[path] not in known})
    lines = known | {blob: hash_lines(content) for blob, content in contents.items()}
    return {
        path: SourceLine(path=path, blob=blob, lines=lines.get(blob, "") if path in code else "") for path, blob in blobs.items()
    }
