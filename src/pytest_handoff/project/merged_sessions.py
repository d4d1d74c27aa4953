"""Find the sessions that are merged already: each has to be continued, as it stands where the work left its target branch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.config import is_session_name
from pytest_handoff.errors import HandoffError
from pytest_handoff.nodeids import name_of, without_parameters
from pytest_handoff.project.encoding import decode_lines
from pytest_handoff.project.foreign_files import TABLE, read_if_there
from pytest_handoff.project.git import blob_id, read_blobs, run_git, tracked_files, tree_of
from pytest_handoff.project.sessions import Chain
from pytest_handoff.project.store import LEDGER, RECORD
from pytest_handoff.project.target_branch import bases_of, hand_off_folders, targets_of
from pytest_handoff.record import Frozen, LedgerLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record


class MergedRecord(Frozen, frozen=True):
    """A record that git holds.

    Attributes:
        path: its path there.
        blob: its blob id.
        ledger: the blob id of its ledger; ``None`` where there is none.
        where: the branch that holds it, or ``HEAD``.
    """

    session: str
    path: str
    blob: str
    ledger: str | None
    where: str


class MergedSessions(Frozen, frozen=True):
    """The records that git holds.

    Attributes:
        records: those where the work left its target branch; without a target, those in ``HEAD`` that are in the hand-off folder
            too.
        unknown: why git cannot tell them all.
    """

    records: tuple[MergedRecord, ...] = ()
    unknown: str | None = None


def merged_sessions(project: Project) -> MergedSessions:
    """Find the records that a session of this project must continue.

    Raises:
        EvidenceProblem: when the hand-off folder leads out of the repository.
    """
    if not project.uses_git:
        return MergedSessions(unknown="there is no git here that could tell" if project.config.target else None)
    targets = targets_of(project)
    if not targets:
        return MergedSessions(records=tuple(_committed(project)))
    found: dict[tuple[str, str], MergedRecord] = {}
    unknown = []
    for target in targets:
        bases = bases_of(project, target)
        if not bases:
            unknown.append(f"git does not reach {target} here: fetch it, with its history")
        try:
            records = [one for base in bases for one in _records_in(project, base, target, hand_off_folders(project, base))]
        except HandoffError as problem:
            unknown.append(f"what {target} holds cannot be read: {problem}")
            continue
        found = {(record.path, record.blob): record for record in records} | found
    return MergedSessions(records=tuple(found.values()), unknown="; ".join(unknown) or None)


def tracked_sessions(project: Project) -> frozenset[str]:
    """Name the sessions whose record git tracks in the hand-off folder, such as one that a merge has just brought."""
    if not project.uses_git or not project.handoffs.is_relative_to(project.root):
        return frozenset()
    folder = project.key(project.store.evidence)
    return frozenset(name for name, _ in _sessions(folder, tracked_files(project.root, folder)))


def rewritten(project: Project, merged: Iterable[MergedRecord]) -> Iterator[tuple[MergedRecord, str]]:
    """Find the records of target branches that are gone or changed here, each with how: a history may grow, never change."""
    versions: dict[str, list[MergedRecord]] = {}
    for record in merged:
        if record.where != "HEAD":  # without a target a session that was committed may be recorded again
            versions.setdefault(record.path, []).append(record)
    for there in versions.values():  # several where the work left its target branch at several commits: one of them is the newer
        here = project.key(project.store.evidence / there[0].session / RECORD)
        if not project.store.has(there[0].session):
            yield there[0], "is gone"
        elif not any(_is_blob(project, here, one.blob) for one in there):
            yield there[0], "is not the one"


def lost_tests(project: Project, record: Record, merged: MergedRecord) -> list[str]:
    """Name the tests that were new in a session as it was merged and that its record here knows no more, under no file's name.

    Two people may have given their sessions one name: whoever comes second replaces the record of the first.

    Raises:
        HandoffError: when git lacks the ledger, or either ledger cannot be read.
    """
    if merged.ledger is None:
        return []
    (data,) = read_blobs(project.root, [merged.ledger]).values()
    then = decode_lines(data, LedgerLine, f"{LEDGER} of {merged.session} on {merged.where}", few=("tier", "since"))
    now = Counter(name_of(without_parameters(test)) for test in project.store.ledger(record))
    fresh = [line.id for line in then if line.since == record.session and line.outcome is not None and line.retired is None]
    return [test for test in fresh if not _still_there(test, now)]


def _still_there(test: str, left: Counter[str]) -> bool:
    """Take one test of this name, whatever its parameters, from those that are left."""
    name = name_of(without_parameters(test))
    left[name] -= 1
    return left[name] >= 0


def not_continued(project: Project, session: str, merged: Iterable[MergedRecord]) -> list[str]:
    """Name the recorded sessions among these that this one does not go back to; without those that another of them continues.

    Raises:
        EvidenceProblem: when a record cannot be read.
    """
    chain = Chain(project.store)
    return chain.newest_of({record.session for record in merged} - {session, *chain.before(session)})


def _committed(project: Project) -> list[MergedRecord]:
    """Find the records in ``HEAD`` that are in the hand-off folder too; an option may have put that outside of the repository."""
    if not project.handoffs.is_relative_to(project.root):
        return []
    if run_git(project.root, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
        return []
    there = _records_in(project, "HEAD", "HEAD", [project.key(project.handoffs)])
    return [record for record in there if project.store.has(record.session)]


def _records_in(project: Project, commit: str, where: str, folders: Iterable[str]) -> list[MergedRecord]:
    found = []
    for folder in folders:
        blobs = tree_of(project.root, commit, below=f"{folder}/evidence")
        for name, path in _sessions(f"{folder}/evidence", blobs):
            ledger = blobs.get(f"{folder}/evidence/{name}/{LEDGER}")
            found.append(MergedRecord(session=name, path=path, blob=blobs[path], ledger=ledger, where=where))
    return found


def _sessions(folder: str, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the session and the path of each record directly below a folder of evidence."""
    for path in paths:
        name = path.removeprefix(f"{folder}/").removesuffix(f"/{RECORD}")
        if path == f"{folder}/{name}/{RECORD}" and is_session_name(name):
            yield name, path


def _is_blob(project: Project, path: str, blob: str) -> bool:
    """Check whether git would give a file this blob id; git's filters are run only where the id differs without them.

    Line endings that git converts make no difference.
    """
    content = read_if_there(project.root / path, project.within, TABLE)
    if content is None:
        return False
    if blob_id(content) == blob:
        return True
    return run_git(project.root, "hash-object", "--stdin", f"--path={path}", stdin=content).stdout.decode().strip() == blob
