"""Compare with the branch to be merged into: its settings, and the work that a session took over from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pytest_handoff.config import read_config
from pytest_handoff.errors import HandoffError, UsageProblem
from pytest_handoff.evidence.policy import Loosening, Policy, loosened, read_policy, without_repeats
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.evidence.tool_settings import NAMES, coverage_settings, own_settings, pytest_settings, with_those_in_force
from pytest_handoff.project import git
from pytest_handoff.project.foreign_files import SETTINGS, TABLE, read_file, read_if_there
from pytest_handoff.project.git import is_ancestor, merge_bases, read_blobs, tips_of_branch, tree_of
from pytest_handoff.project.tree import blob_id
from pytest_handoff.record import Frozen, SourceLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_handoff.config import Config
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
    target, why = _policy_on_target(project)
    if target is not None:
        found += loosened(target, now, against=str(project.config.target))
    return PolicyChanges(loosened=without_repeats(found), unknown=why)


def rewritten_records(project: Project, *, but: str) -> list[tuple[str, str]]:
    """Find the records that the target branch had where the work left it and that are gone or changed here, each with how.

    The session at hand (``but``) may be recorded again. Return none where no target is set or git does not reach it: the gate
    ``policy`` reports that.
    """
    commit = _base(project) if project.config.target and project.uses_git else None
    if commit is None or not project.handoffs.is_relative_to(project.root):
        return []
    folder = f"{project.key(project.store.evidence)}/"
    found = []
    for path, blob in git.tree_of(project.root, commit).items():
        if path.startswith(folder) and path.endswith("/record.json") and path != f"{folder}{but}/record.json":
            here = project.root / path
            if not here.is_file():
                found.append((path, "is gone, and is"))
            elif not _is_blob(project, path, blob):
                found.append((path, "is not the one"))
    return found


def _is_blob(project: Project, path: str, blob: str) -> bool:
    """Check whether git would give a file this blob id; git's filters are run only where the id differs without them.

    Line endings that git converts make no difference.
    """
    content = read_if_there(project.root / path, project.within, TABLE)
    if content is None:
        return False
    if blob_id(content) == blob:
        return True
    return git.run_git(project.root, "hash-object", "--stdin", f"--path={path}", stdin=content).stdout.decode().strip() == blob


def _base(project: Project) -> str | None:
    tips = tips_of_branch(project.root, str(project.config.target))
    bases = merge_bases(project.root, tips) if tips else []
    return bases[0] if bases else None


def _policy_on_target(project: Project) -> tuple[Policy | None, str | None]:
    """Read the policy where the work left its target branch, or say why it cannot be read; neither where no target is set."""
    name = project.config.target
    if name is None:
        return None, None
    if not project.uses_git:
        return None, f"there is no git here that could tell the settings of {name}"
    base = _base(project)
    if base is None:
        return None, f"git does not reach {name} here: fetch it, with its history"
    try:
        texts = _texts_of(project, base)
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


def _texts_of(project: Project, commit: str) -> dict[str, str]:
    inner = project.key(project.folder)
    prefix = "" if inner == "." else f"{inner}/"
    shown = {name: git.run_git(project.root, "cat-file", "blob", f"{commit}:{prefix}{name}") for name in NAMES}
    return {name: done.stdout.decode("utf-8", "replace") for name, done in shown.items() if done.returncode == 0}


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
