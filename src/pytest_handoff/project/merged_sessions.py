"""Find the sessions that are already merged: new work must continue each as it was when the work left its target branch."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.config import is_session_name
from pytest_handoff.errors import EvidenceProblem, HandoffError
from pytest_handoff.nodeids import file_of
from pytest_handoff.project.encoding import decode_lines, digest_of
from pytest_handoff.project.foreign_files import TABLE, TEXT, read_if_there
from pytest_handoff.project.git import blob_id, blobs_there, read_blobs, read_files_of, run_git, tracked_files, tree_of
from pytest_handoff.project.stored_files import LEDGER, RECORD, is_difference
from pytest_handoff.project.target_branch import bases_of, hand_off_folders, nothing_committed, targets_of
from pytest_handoff.record import Frozen, LedgerLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_handoff.evidence.recorded_again import Replaced
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record


class MergedRecord(Frozen, frozen=True):
    """A record that git holds.

    Attributes:
        path: its path there.
        blob: its blob id.
        ledger: the blob id of its ledger; ``None`` if there is none.
        where: the branch that holds it, or ``HEAD``.
        commit: the commit that was looked at.
    """

    session: str
    path: str
    blob: str
    ledger: str | None
    where: str
    commit: str


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
        EvidenceProblem: when the hand-off folder points outside the repository.
    """
    if not project.uses_git:
        return MergedSessions(unknown="there is no git repository here" if project.config.target else None)
    targets = targets_of(project)
    if not targets:
        return MergedSessions(records=tuple(_committed(project)))
    found: dict[tuple[str, str], MergedRecord] = {}
    unknown = []
    for target in targets:
        bases = bases_of(project, target)
        if not bases and not nothing_committed(project):
            unknown.append(f"git does not have {target} here: fetch it with its history")
        try:
            records = [one for base in bases for one in _records_in(project, base, target, hand_off_folders(project, base))]
        except HandoffError as problem:
            unknown.append(f"cannot read what is on {target}: {problem}")
            continue
        found = {(record.path, record.blob): record for record in records} | found
    return MergedSessions(records=tuple(found.values()), unknown="; ".join(unknown) or None)


def tracked_sessions(project: Project) -> frozenset[str]:
    """Name the sessions whose record git tracks in the hand-off folder, such as one that a merge has just brought."""
    if not project.uses_git or not project.handoffs.is_relative_to(project.root):
        return frozenset()
    folder = project.key(project.evidence)
    return frozenset(name for name, _ in _sessions(folder, tracked_files(project.root, folder)))


class Rewritten(Frozen, frozen=True):
    """A merged record that is missing here or has changed.

    Attributes:
        how: ``is gone``, ``is not the one``, or ``is an older one than that``.
        merged: the versions that no other version came after; several only where it was recorded again on two sides at once.
    """

    how: str
    merged: tuple[MergedRecord, ...]

    @property
    def newest(self) -> MergedRecord:
        """Return the version to name."""
        return self.merged[0]


def rewritten(project: Project, merged: Iterable[MergedRecord]) -> Iterator[Rewritten]:
    """Find the records of target branches that are gone or changed here: a history may grow, never change."""
    versions: dict[str, list[MergedRecord]] = {}
    for record in merged:
        if record.where != "HEAD":  # without a target a session that was committed may be recorded again
            versions.setdefault(record.path, []).append(record)
    for there in versions.values():  # several where the work left its target branch at several commits
        here = project.key(project.evidence / there[0].session / RECORD)
        stands = {record.blob for record in there if _is_blob(project, here, record.blob)}
        newest = _newest(project, there)
        if not project.store.has(there[0].session):
            yield Rewritten(how="is gone", merged=newest)
        elif stands.isdisjoint(record.blob for record in newest):
            yield Rewritten(how="is older than the record" if stands else "is not the record", merged=newest)


def stands(project: Project, session: str, merged: Iterable[MergedRecord]) -> bool:
    """Check whether the record of a session is one of these, as git would store it."""
    here = project.key(project.evidence / session / RECORD)
    return any(_is_blob(project, here, record.blob) for record in merged if record.session == session)


def _newest(project: Project, versions: Sequence[MergedRecord]) -> tuple[MergedRecord, ...]:
    """Keep the versions that are not in the history of another one."""
    if len(versions) == 1:
        return tuple(versions)
    before = {record.commit: _blobs_before(project, record) for record in versions}
    newest = [one for one in versions if not any(one.blob in before[other.commit] for other in versions if other != one)]
    return tuple(newest or versions)


def _blobs_before(project: Project, record: MergedRecord) -> set[str]:
    """Find the blob ids that this record had before, in the history of the commit that holds it."""
    shown = ("--full-history", "-m", "--raw", "--no-abbrev", "--no-renames", "--format=")
    log = run_git(project.root, "log", *shown, record.commit, "--", f":(top,literal){record.path}").stdout.decode(
        errors="replace"
    )
    rows = [row.split() for row in log.splitlines() if row.startswith(":")]
    return {blob for row in rows for blob in row[2:4]} - {record.blob}


def replaced(project: Project, record: Record, versions: Iterable[MergedRecord]) -> Replaced:
    """Find what a session had when it was merged but its record here lacks or has changed.

    Two people may have given their sessions one name: whoever comes second replaces the record of the first.

    Raises:
        HandoffError: when git lacks what was merged, or a ledger cannot be read.
    """
    from pytest_handoff.evidence.recorded_again import together

    return together(_compared(project, record, merged) for merged in versions if merged.ledger is not None)


def _compared(project: Project, record: Record, merged: MergedRecord) -> Replaced:
    from pytest_handoff.evidence.recorded_again import compare_again

    data = _ledger_in_commit(project, merged)
    then = decode_lines(data, LedgerLine, f"{LEDGER} of {merged.session} on {merged.where}", few=("tier", "since"))
    paths = sorted({file_of(line.id) for line in then})
    return compare_again(
        record.session,
        then,
        project.store.ledger(record).values(),
        merged=read_files_of(project.root, [merged.commit], paths),
        read=lambda path: read_if_there(project.root / path, project.within, TEXT),
    )


def _ledger_in_commit(project: Project, merged: MergedRecord) -> bytes:
    """Read a merged ledger as a whole; where it holds only a difference, with the files of its commit that it goes back to."""
    blob = str(merged.ledger)
    data = read_blobs(project.root, [blob])[blob]
    if not is_difference(data):
        return data
    from pytest_handoff.project.wholes import Wholes

    try:
        digest = msgspec.json.decode(read_blobs(project.root, [merged.blob])[merged.blob], type=_RecordOfTests).tests.ledger
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceProblem(f"is not a record: {error}", path=f"{merged.path} on {merged.where}") from error
    return Wholes(_CommittedFiles(project, merged), LEDGER).checked(merged.session, data, digest).data


class _LedgerDigest(msgspec.Struct):
    ledger: str


class _RecordOfTests(msgspec.Struct):
    tests: _LedgerDigest


class _CommittedFiles:
    """The evidence that a commit holds beside a merged record."""

    def __init__(self, project: Project, merged: MergedRecord) -> None:
        self._root = project.root
        self._where = merged.where
        self._folder = merged.path.rsplit("/", 2)[0]
        self._blobs = tree_of(project.root, merged.commit, below=self._folder)

    def read_if_there(self, name: str, session: str) -> bytes | None:
        blob = self._blobs.get(f"{self._folder}/{session}/{name}")
        return None if blob is None else read_blobs(self._root, [blob])[blob]

    def named(self, name: str, session: str) -> str:
        return f"{self._folder}/{session}/{name} on {self._where}"


def restoring(project: Project, merged: MergedRecord) -> str:
    """Write the command that puts the evidence of a merged session back, with its document."""
    document = project.key(project.document(merged.session))
    there = run_git(project.root, "cat-file", "-e", f"{merged.commit}:{document}").returncode == 0
    folder = merged.path.rpartition("/")[0]
    named = run_git(project.root, "rev-parse", "--verify", "--quiet", f"{merged.where}:{merged.path}").stdout.decode().strip()
    place = merged.where if named == merged.blob else merged.commit[:12]
    paths = (folder, document) if there else (folder,)
    return " ".join(["git checkout", quote(place), "--", *(quote(project.shown(project.root / path)) for path in paths)])


def is_in_git(project: Project, merged: MergedRecord, digest: str) -> bool:
    """Check whether the record that git holds is the one of this digest."""
    return digest_of(blobs_there(project.root, [merged.blob]).get(merged.blob, b"")) == digest


def not_continued(project: Project, session: str, merged: Iterable[MergedRecord]) -> list[str]:
    """Name those recorded sessions that this one does not go back to, without those that another of them continues.

    Raises:
        EvidenceProblem: when a record cannot be read.
    """
    chain = project.chain
    return chain.newest_of({record.session for record in merged} - {session, *chain.before(session)})


def _committed(project: Project) -> list[MergedRecord]:
    """Find the records in ``HEAD`` that are in the hand-off folder too; an option may have put that outside the repository."""
    if not project.handoffs.is_relative_to(project.root):
        return []
    try:
        there = _records_in(project, "HEAD", "HEAD", [project.key(project.handoffs)])
    except HandoffError:
        if run_git(project.root, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
            return []  # nothing is committed yet: few runs have to ask
        raise
    return [record for record in there if project.store.has(record.session)]


def _records_in(project: Project, commit: str, where: str, folders: Iterable[str]) -> list[MergedRecord]:
    found = []
    for folder in folders:
        blobs = tree_of(project.root, commit, below=f"{folder}/evidence")
        for name, path in _sessions(f"{folder}/evidence", blobs):
            ledger = blobs.get(f"{folder}/evidence/{name}/{LEDGER}")
            found.append(MergedRecord(session=name, path=path, blob=blobs[path], ledger=ledger, where=where, commit=commit))
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
