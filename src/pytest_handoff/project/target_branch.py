"""Compare the settings with those of the branch to be merged into, and find that branch."""

from __future__ import annotations

import os
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_handoff.config import Config, read_config
from pytest_handoff.errors import HandoffError
from pytest_handoff.evidence.loosened import loosened, taken_over, without_repeats
from pytest_handoff.evidence.policy import InForce, Loosening, Policy, read_policy
from pytest_handoff.evidence.tool_settings import NAMES, coverage_settings, own_settings, pytest_settings
from pytest_handoff.project.deciding_files import FilesHere, FilesThere
from pytest_handoff.project.foreign_files import is_file, leads_outside
from pytest_handoff.project.git import merge_bases, read_files_of, run_git, tips_of_all_branches, tips_of_branch
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_handoff.evidence.last_measured import LastMeasured
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.sessions import Parents
    from pytest_handoff.record import LedgerLine, Record


NOT_RECORDED = ("dir", "document", "templates", "template", "details")
"""Settings that are recorded elsewhere in the policy, or decide nothing: a template of a document that does not exist yet."""

_WHERE_SET = ("known", "prove", "adapt")
"""Settings that are recorded only where they are set, so that a record of a project without them is as it always was."""


def policy_table(project: Project, in_force: InForce | None = None, instructions: str | None = None) -> dict[str, object]:
    """Build the table of what decides, as a record keeps it.

    Args:
        in_force: the settings that a run went by, which may come from options and other files.
        instructions: the key of the file with the session's instructions.

    Raises:
        UsageProblem: when a file that configures pytest or coverage cannot be read.
    """
    files = FilesHere(project)
    return _table(project, project.config, files, instructions) | {"in_force": msgspec.to_builtins(in_force or InForce())}


class PolicyChanges(Frozen, frozen=True):
    """The settings that let more through than before.

    Attributes:
        loosened: settings that are looser now than in an earlier session, or on the target branch.
        unknown: why the settings of the target branch cannot be told, where one is named.
        not_compared: settings in force that no session before can be compared with, since none was measured.
    """

    loosened: tuple[Loosening, ...]
    unknown: str | None
    not_compared: tuple[str, ...] = ()


def policy_changes(project: Project, record: Record, parents: Parents, ledger: Mapping[str, LedgerLine]) -> PolicyChanges:
    """Find each setting that is, or was in this session's run, looser than in a parent session or on the target branch.

    Raises:
        EvidenceProblem: when a record's policy is damaged.
        UsageProblem: when a file that configures pytest or coverage cannot be read.
    """
    then = read_policy(record.policy, path=f"the record of {record.session}")
    now = read_policy(policy_table(project, then.in_force, record.instructions), path="the settings")
    renamed = _renamed(project, record)
    found: list[Loosening] = []
    told: list[str | None] = []
    suites = [*filter(None, (parents.earlier.lines, ledger))]
    for parent in parents.records:
        before = _moved(project, read_policy(parent.policy, path=f"the record of {parent.session}"), now, renamed)
        pythons = _minor(parent), _minor(record)
        is_gap = before.in_force.coverage is None and then.in_force.coverage is not None
        measured = list(_last_measured(project, parent, now, renamed)) if is_gap else []
        if is_gap and not measured:
            why, changed = _not_compared(before, now, parent.session, record)
            told.append(why)
            found += changed
        for policy in (now, then):
            found += loosened(before, policy, against=parent.session, pythons=pythons, suites=suites, measured=measured)
        found += taken_over(before, now, parents.earlier.lines, ledger, against=parent.session)
    name = project.config.target or next(iter(targets_of(project)), None)
    targets, unknown = ([], None) if name is None else _policies_on(project, name, record.instructions)
    for there in targets:
        target = _moved(project, there, now, renamed)
        found += loosened(target, now, against=str(name), suites=suites)
        found += taken_over(target, now, parents.earlier.lines, ledger, against=str(name))
    if (passed_over := _passed_over(project)) is not None:
        found += loosened(passed_over, now, against="pyproject.toml, which it replaces")
    return PolicyChanges(loosened=without_repeats(found), unknown=unknown, not_compared=tuple(filter(None, told)))


def _not_compared(before: Policy, now: Policy, session: str, record: Record) -> tuple[str | None, list[Loosening]]:
    """Say why the settings in force cannot be compared, and list the coverage.py plugins that changed since then."""
    from pytest_handoff.evidence.last_measured import changed_plugins, not_compared

    why = not_compared(before, now, session=session)
    changed = changed_plugins(before, now, _touched(record)) if why else []
    what = "this code of a coverage.py plugin changed, and may exclude more"
    return why, [Loosening(file=path, what=what, against=session) for path in changed]


def _touched(record: Record) -> set[str]:
    changes = record.changes
    return {*changes.created, *changes.modified, *(new for _, new in changes.renamed)} if changes else set()


def _last_measured(project: Project, record: Record, now: Policy, renamed: Sequence[tuple[str, str]]) -> Iterator[LastMeasured]:
    """Find the last measured sessions before one that was not measured, one on each line of descent."""
    from pytest_handoff.evidence.last_measured import LastMeasured

    ahead, seen = [*record.previous], {record.session}
    while ahead:
        name = ahead.pop(0).session
        if name in seen or not project.store.has(name):
            continue
        seen.add(name)
        before = project.store.figures(name)
        policy = read_policy(before.policy, path=f"the record of {name}")
        if policy.in_force.coverage is None:
            ahead += before.previous
        else:
            yield LastMeasured(name, _moved(project, policy, now, renamed), _minor(before))


def _moved(project: Project, before: Policy, now: Policy, renamed: Sequence[tuple[str, str]]) -> Policy:
    if not renamed:
        return before
    from pytest_handoff.evidence.moved_settings import moved

    return moved(before, now, renamed, partial(_has_code, project))


def _minor(record: Record) -> str:
    return ", ".join(dict.fromkeys(version.strip().rpartition(".")[0] for version in record.run.python.split(",")))


def _passed_over(project: Project) -> Policy | None:
    """Read the settings that ``pyproject.toml`` still holds, but that a ``handoff.toml`` beside it replaces."""
    if not is_file(project.folder / "handoff.toml"):
        return None
    texts = FilesHere(project).settings()
    texts.pop("handoff.toml", None)
    try:
        table, path = own_settings(texts)
        return None if table is None else read_policy(msgspec.to_builtins(read_config(table, path=path)), path=path)
    except HandoffError:
        return None


def _has_code(project: Project, entry: str) -> bool:
    """Check whether code is left where an entry of the settings leads; a glob, or what lies elsewhere, may lead to some."""
    place = project.folder / entry
    if not {*"*?["}.isdisjoint(entry) or leads_outside(place, project.within):
        return True
    return place.is_file() or next(place.rglob("*.py"), None) is not None


def _renamed(project: Project, record: Record) -> list[tuple[str, str]]:
    """List the files that the session moved, relative to the project's folder, as its settings name them."""
    prefix = _prefix(project)
    renamed = record.changes.renamed if record.changes else []
    return [(old.removeprefix(prefix), new.removeprefix(prefix)) for old, new in renamed]


def targets_of(project: Project) -> list[str]:
    """Name the branches that the work may be merged into: the one that the settings name, and each that they named before.

    Settings that name no branch any more, or another one, do not take back what they named where the work left that branch.
    """
    named = [project.config.target] if project.config.target is not None else []
    if not project.uses_git:
        return named
    candidates = _targets_named(project.root, _prefix(project), tuple(tips_of_all_branches(project.root)))
    return [*named, *(name for name in candidates if name not in named and _was_target(project, name))]


def nothing_committed(project: Project) -> bool:
    """Check whether the repository has no commit yet: then nothing is merged, and there is nothing to fetch."""
    unborn = run_git(project.root, "rev-parse", "--verify", "--quiet", "HEAD").returncode != 0
    return unborn and not tips_of_all_branches(project.root)


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
    if _dir_in(FilesHere(project).settings()) == project.config.dir:
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


def _policies_on(project: Project, name: str, instructions: str | None) -> tuple[list[Policy], str | None]:
    """Read the policy of each commit where the work left its target branch, or say why one cannot be read."""
    if not project.uses_git:
        return [], f"without git, the settings of {name} are unknown"
    bases = bases_of(project, name)
    if not bases:
        return [], None if nothing_committed(project) else f"git does not have {name} here"
    try:
        return [_policy_in(project, FilesThere(project, base), name, instructions) for base in bases], None
    except HandoffError as problem:
        return [], f"cannot read the settings of {name}: {problem}"


def _policy_in(project: Project, files: FilesThere, name: str, instructions: str | None) -> Policy:
    table, path = own_settings(files.settings())
    policy = _table(project, read_config(table or {}, path=path), files, instructions)
    return read_policy(policy, path=f"{path} of {name}")


def _table(project: Project, config: Config, files: FilesHere | FilesThere, instructions: str | None) -> dict[str, object]:
    table: dict[str, Any] = msgspec.to_builtins(config)
    texts = files.settings()
    settings = {"pytest": pytest_settings(texts, files.beside), "coverage": coverage_settings(texts)}
    handoffs = Path(os.path.normpath(project.folder / config.dir))
    kept = {key: value for key, value in table.items() if key not in NOT_RECORDED and (value or key not in _WHERE_SET)}
    return kept | {
        "file": own_settings(texts)[1],
        "settings": msgspec.to_builtins(settings),
        "places": {
            "dir": project.key(handoffs) if handoffs.is_relative_to(project.root) else "outside the repository",
            "document": config.document,
            "templates": config.templates,
        },
        "own_templates": files.templates(config.templates) if config.templates else {},
        "instructions": _instructions(files, instructions),
    }


def _instructions(files: FilesHere | FilesThere, key: str | None) -> dict[str, object] | None:
    text = files.text(key) if key is not None else None
    if key is None or text is None:
        return None
    from pytest_handoff.document.find import find

    return {"file": key, "lines": [task.text for task in find(text, fields=()).tasks]}


def _texts_of(project: Project, commits: Sequence[str]) -> list[dict[str, str]]:
    return _settings_in(project.root, _prefix(project), commits)


@lru_cache(maxsize=16)
def _targets_named(root: Path, prefix: str, commits: tuple[str, ...]) -> list[str]:
    """List what the settings in these commits name as target; they stay as they are, and a run asks twice."""
    return [name for name in dict.fromkeys(map(_target_in, _settings_in(root, prefix, commits))) if name is not None]


def _settings_in(root: Path, prefix: str, commits: Sequence[str]) -> list[dict[str, str]]:
    found = read_files_of(root, commits, [prefix + name for name in NAMES])
    return [{path.removeprefix(prefix): text.decode("utf-8", "replace") for path, text in files.items()} for files in found]


def _prefix(project: Project) -> str:
    """Write how the keys of the files in the project's folder begin."""
    inner = project.key(project.folder)
    return "" if inner == "." else f"{inner}/"
