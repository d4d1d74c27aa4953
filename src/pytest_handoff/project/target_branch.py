"""Compare with the branch to be merged into: its settings, and the work that a session took over from it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_handoff.config import Config, read_config
from pytest_handoff.errors import HandoffError, UsageProblem
from pytest_handoff.evidence.policy import Loosening, Policy, loosened, read_policy, without_repeats
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.evidence.tool_settings import NAMES, coverage_settings, own_settings, pytest_settings, with_those_in_force
from pytest_handoff.project.foreign_files import SETTINGS, read_file
from pytest_handoff.project.git import (
    is_ancestor,
    merge_bases,
    read_blobs,
    read_files_of,
    tips_of_all_branches,
    tips_of_branch,
    tree_of,
)
from pytest_handoff.record import Frozen, SourceLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_handoff.evidence.new_code import MergedIn
    from pytest_handoff.evidence.tool_settings import CoverageSettings
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.sessions import Parents
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import Record


NOT_RECORDED = ("dir", "document", "templates", "template")
"""Settings that say where things are and what they look like; they cannot loosen a gate."""


def policy_table(project: Project, measured_by: CoverageSettings | None = None) -> dict[str, object]:
    """Build the table of the settings in force, as a record keeps it.

    Args:
        measured_by: the settings that coverage.py used in a run, which may come from options and other files.

    Raises:
        UsageProblem: when a file that configures pytest or coverage cannot be read.
    """
    return _table(project.config, _texts_here(project), measured_by)


class PolicyChanges(Frozen, frozen=True):
    """The settings that let more through than before.

    Attributes:
        loosened: settings that are looser now than in a session before, or on the target branch.
        unknown: why the settings of the target branch cannot be told, where one is named.
    """

    loosened: tuple[Loosening, ...]
    unknown: str | None


def policy_changes(project: Project, record: Record, parents: Parents) -> PolicyChanges:
    """Find each setting that is, or was in this session's run, looser than in a parent session or on the target branch.

    Raises:
        EvidenceProblem: when a record's policy is damaged.
        UsageProblem: when a file that configures pytest or coverage cannot be read.
    """
    now = read_policy(policy_table(project), path="the settings")
    then = read_policy(record.policy, path=f"the record of {record.session}")
    found: list[Loosening] = []
    for parent in parents.records:
        before = read_policy(parent.policy, path=f"the record of {parent.session}")
        found += [*loosened(before, now, against=parent.session), *loosened(before, then, against=parent.session)]
    target = project.config.target or next(iter(targets_of(project)), None)
    there, why = (None, None) if target is None else _policy_on(project, target)
    if there is not None:
        found += loosened(there, now, against=str(target))
    return PolicyChanges(loosened=without_repeats(found), unknown=why)


def targets_of(project: Project) -> list[str]:
    """Name the branches that the work may be merged into: the one that the settings name, and each that they named before.

    Settings that name no branch any more, or another one, do not take back what they named where the work left that branch.
    """
    named = [project.config.target] if project.config.target is not None else []
    if not project.uses_git:
        return named
    candidates = dict.fromkeys(map(_target_in, _texts_of(project, tips_of_all_branches(project.root))))
    before = [name for name in candidates if name is not None and name not in named and _was_target(project, name)]
    return [*named, *before]


def bases_of(project: Project, target: str) -> list[str]:
    """Find the commits where the work left its target branch; none where the history that is here does not reach one."""
    tips = tips_of_branch(project.root, target)
    return merge_bases(project.root, tips) if tips else []


def hand_off_folders(project: Project, commit: str) -> list[str]:
    """Name the hand-off folders (by their keys) of a commit: where its own settings put it, and where it is now.

    Only the latter where an option names the folder, since whoever gives that option chooses between folders.

    Raises:
        UsageProblem: when the settings in that commit, or those here, cannot be read.
    """
    folders = [project.handoffs]
    if _dir_in(_texts_here(project)) == project.config.dir:
        (texts,) = _texts_of(project, [commit])
        folders.append(Path(os.path.normpath(project.folder / _dir_in(texts))))
    return list(dict.fromkeys(map(project.key, (folder for folder in folders if folder.is_relative_to(project.root)))))


def _was_target(project: Project, name: str) -> bool:
    return any(_target_in(texts) == name for texts in _texts_of(project, bases_of(project, name)))


def _target_in(texts: Mapping[str, str]) -> str | None:
    """Return the target that these settings name; settings that cannot be read name none."""
    try:
        table, _ = own_settings(texts)
    except HandoffError:
        return None
    target = (table or {}).get("target")
    return target if isinstance(target, str) and target.strip() else None


def _dir_in(texts: Mapping[str, str]) -> str:
    table, _ = own_settings(texts)
    named = (table or {}).get("dir")
    return named if isinstance(named, str) else Config().dir


def _policy_on(project: Project, name: str) -> tuple[Policy | None, str | None]:
    """Read the policy where the work left its target branch, or say why it cannot be read."""
    if not project.uses_git:
        return None, f"there is no git here that could tell the settings of {name}"
    bases = bases_of(project, name)
    if not bases:
        return None, f"git does not reach {name} here: fetch it, with its history"
    try:
        (texts,) = _texts_of(project, bases[:1])
        table, path = own_settings(texts)
        return read_policy(_table(read_config(table or {}, path=path), texts), path=f"{path} of {name}"), None
    except HandoffError as problem:
        return None, f"the settings of {name} cannot be read: {problem}"


def _table(config: Config, texts: Mapping[str, str], measured_by: CoverageSettings | None = None) -> dict[str, object]:
    table: dict[str, Any] = msgspec.to_builtins(config)
    coverage = with_those_in_force(coverage_settings(texts), measured_by)
    settings = {"pytest": pytest_settings(texts), "coverage": coverage}
    kept = {key: value for key, value in table.items() if key not in NOT_RECORDED}
    return kept | {"file": own_settings(texts)[1], "settings": msgspec.to_builtins(settings)}


def _texts_here(project: Project) -> dict[str, str]:
    paths = {name: project.folder / name for name in NAMES}
    return {name: _text(project, path) for name, path in paths.items() if path.is_file()}


def _text(project: Project, path: Path) -> str:
    try:
        return read_file(path, project.within, SETTINGS).decode("utf-8", "replace")
    except OSError as error:
        raise UsageProblem(f"cannot be read: {error.strerror or error}", path=project.shown(path)) from error


def _texts_of(project: Project, commits: Sequence[str]) -> list[dict[str, str]]:
    inner = project.key(project.folder)
    prefix = "" if inner == "." else f"{inner}/"
    found = read_files_of(project.root, commits, [prefix + name for name in NAMES])
    return [{path.removeprefix(prefix): text.decode("utf-8", "replace") for path, text in files.items()} for files in found]


def merged_in(project: Project, tree: Tree, parents: Parents, now: Mapping[str, SourceLine]) -> MergedIn | None:
    """Find the states of the target branch that are part of this tree and were not part of any parent's.

    Return ``None`` where no target is set, in a first session, and on the target branch itself. Where git cannot tell, nothing is
    left out and the note says so: the new code may then hold too many lines, never too few.
    """
    from pytest_handoff.evidence.new_code import MergedIn

    name = project.config.target
    if name is None or not parents.sources or tree.branch == name:
        return None
    try:
        bases = _bases(project.root, name, tree.commit)
        # HEAD itself may be this session's work, already merged: leaving its lines out would leave out everything.
        if tree.commit in bases:
            return MergedIn(target=name, note=f"HEAD is a part of {name}: no line is left out as another's work.")
        known = {line.blob: line.lines for tree in (*parents.sources, now) for line in tree.values() if line.lines}
        fresh = [base for base in bases if not _was_there(project.root, base, parents.records)]
        return MergedIn(target=name, trees=tuple(_tree(project, base, now, known) for base in fresh))
    except HandoffError as problem:
        why = f"Which lines came from {name} cannot be told, so none is left out as another's work: {problem}."
        return MergedIn(target=name, note=why)


def _bases(root: Path, name: str, commit: str | None) -> list[str]:
    if commit is None:
        raise HandoffError("there is no commit")
    tips = tips_of_branch(root, name)
    if not tips:
        raise HandoffError("git knows no branch of that name here")
    bases = merge_bases(root, tips)
    if not bases:
        raise HandoffError("the history that is here does not reach a commit common with it")
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
