"""Read all evidence, and make the files to write: ``record.json`` of each session and the JSON Lines beside it.

A project may have thousands of sessions, and of most of them no more than the beginning of the record is needed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.artifacts import Artifact
from pytest_handoff.project.encoding import (
    by_name,
    content_digest,
    decode_lines,
    digest_of,
    encode_in_pieces,
    encode_record,
)
from pytest_handoff.project.foreign_files import MEGABYTE, leads_outside
from pytest_handoff.project.records import are_sessions, parents_at_head, read_record
from pytest_handoff.project.stored_files import (
    COVERAGE,
    EVIDENCE,
    LEDGER,
    RECORD,
    SOURCES,
    STATEMENTS,
    Gap,
    StoredFiles,
    is_difference,
)
from pytest_handoff.record import LedgerLine, Parent, Record, SourceLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from pytest_handoff.project.artifacts import Content
    from pytest_handoff.project.wholes import Base, Wholes


_REPLACED = b'"replaced":'
"""What stands in a ledger that holds ids which were replaced."""

_LONGEST_SOURCE = 16 * MEGABYTE
"""Bytes of a line of the sources, which holds a hash for each line of a file."""


class Store:
    """The evidence below one hand-off folder.

    Args:
        folder: the hand-off folder; evidence is in ``evidence/<session>/`` below it.
        root: the folder that paths in messages are relative to.
        within: the folders that no link may lead out of; by default the two above.
    """

    def __init__(self, folder: Path, root: Path, within: Sequence[Path] = ()) -> None:
        self.evidence = folder / EVIDENCE
        self._place = str(self.evidence)
        self._within = within or (root.resolve(), folder.resolve())
        self._files = StoredFiles(self.evidence, root, self._within)
        self._wholes: dict[str, Wholes] = {}

    def sessions(self) -> list[str]:
        """Name the sessions that have a record, sorted."""
        return sorted(name for name in self._folders() if self.has(name))

    def has(self, session: str) -> bool:
        """Check that there is a record of this session."""
        return (self.evidence / session / RECORD).is_file()

    def record(self, session: str) -> Record:
        """Read the record of a session.

        Raises:
            EvidenceProblem: when it is missing, damaged, edited or of another schema, or the file with its coverage is.
        """
        record = self.figures(session)
        if record.coverage is None or record.coverage.by_file is None:
            return record
        from pytest_handoff.project.coverage_files import with_files

        lines = self.whole(COVERAGE, session, record.coverage.by_file)
        return replace(record, coverage=with_files(record.coverage, lines, self._files.named(COVERAGE, session)))

    def figures(self, session: str) -> Record:
        """Read the record of a session without the coverage of each file, where another file than the record holds that.

        Raises:
            EvidenceProblem: when it is missing, damaged, edited or of another schema.
        """
        return read_record(self._files, session)

    def digest(self, session: str) -> str:
        """Hash a record's bytes with sha256, as a child's ``previous`` holds it."""
        return digest_of(self._files.read(RECORD, session))

    def one_side(self, session: str, document: Path) -> str:
        """Say how to take one side of a merge for the evidence of a session and its document alike."""
        return self._files.one_side(session, document)

    def ledger(self, record: Record) -> dict[str, LedgerLine]:
        """Read the tests of the ledger that belongs to a record, without the ids that were replaced.

        Raises:
            EvidenceProblem: when it is missing, damaged, or not the one the record was written with.
        """
        return self.whole_ledger(record)[0]

    def whole_ledger(self, record: Record) -> tuple[dict[str, LedgerLine], dict[str, LedgerLine]]:
        """Read the tests of a ledger, and apart from them the ids in whose place other cases of their function came.

        Raises:
            EvidenceProblem: as :meth:`ledger`.
        """
        data = self.whole(LEDGER, record.session, record.tests.ledger)
        found = decode_lines(data, LedgerLine, shown := self._files.named(LEDGER, record.session), few=("tier", "since"))
        lines = by_name(found, attrgetter("id"), shown)
        replaced = {test: line for test, line in lines.items() if line.replaced is not None} if _REPLACED in data else {}
        for test in replaced:
            del lines[test]
        return lines, replaced

    def names_test(self, record: Record, test: str) -> bool:
        """Check whether a session's ledger, as it is stored, names a test: if no session's does, no ledger has it."""
        return msgspec.json.encode(test) in self._files.read(LEDGER, record.session)

    def ledger_lines(self, records: Iterable[Record], tests: Collection[str]) -> list[list[LedgerLine]]:
        """Decode of some ledgers only the lines whose test has one of these ids, or moved from one of them.

        Raises:
            EvidenceProblem: as :meth:`ledger`.
        """
        from pytest_handoff.project.pieces import Search

        search = Search([msgspec.json.encode(test) for test in tests])
        found = []
        for record in records:
            data = search.lines(self._pieces(LEDGER, record.session, record.tests.ledger))
            lines = decode_lines(data, LedgerLine, self._files.named(LEDGER, record.session)) if data else []
            found.append([line for line in lines if line.id in tests or line.moved_from in tests])
        return found

    def sources_of(self, record: Record) -> dict[str, SourceLine] | None:
        """Read the tree that belongs to a record, or return ``None`` where it, or a file that it differs from, was pruned.

        Raises:
            EvidenceProblem: when it is damaged, or not the one that the record was written with.
        """
        if not self.sources_path(record.session).is_file():
            return None
        try:
            data = self.whole(SOURCES, record.session, record.source.sources)
        except Gap:
            return None
        lines = decode_lines(data, SourceLine, shown := self._files.named(SOURCES, record.session), longest=_LONGEST_SOURCE)
        return by_name(lines, attrgetter("path"), shown)

    def sources_path(self, session: str) -> Path:
        """Return the path where the source tree of a session is, or would be."""
        return self.evidence / session / SOURCES

    def has_sources(self, session: str) -> bool:
        """Check that the source tree of a session is there, not pruned."""
        return self.lacking_sources(session) is None

    def lacking_sources(self, session: str) -> Path | None:
        """Return the path of the sources that were pruned, so that the source tree of a session is not there any more.

        They are its own, or those of a session that it differs from.
        """
        path = self.sources_path(session)
        if not path.is_file():
            return path
        lacking = self.chain(SOURCES).lacking(session) if self._files.is_difference(SOURCES, session) else None
        return None if lacking is None else self.sources_path(lacking)

    def stored(self, name: str, session: str) -> Artifact | None:
        """Return the file of a session as it is stored, or ``None`` if there is none.

        Raises:
            EvidenceProblem: when it cannot be read.
        """
        data = self._files.read_if_there(name, session)
        return None if data is None else Artifact(path=self.evidence / session / name, content=data)

    def whole(self, name: str, session: str, digest: str | None) -> bytes:
        """Read the whole ledger or sources of a session, where its file holds only what differs from another session's, too.

        Args:
            name: ``tests.jsonl``, ``sources.jsonl``, ``coverage.jsonl`` or ``statements.jsonl``.
            digest: the digest of the whole, as the session's record holds it; older records have none of the sources.

        Raises:
            EvidenceProblem: when it is missing, damaged, or not the one the record was written with.
        """
        pieces = self._pieces(name, session, digest)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _pieces(self, name: str, session: str, digest: str | None) -> list[bytes]:
        """Read a whole file as :meth:`whole` does; where it is made of differences, in pieces that end where lines end."""
        data = self._files.read(name, session)
        if is_difference(data):
            try:
                return self.chain(name).checked(session, data, digest).pieces.parts
            except EvidenceProblem:
                self._files.refuse_conflict(name, session, data)
                raise
        if digest not in (None, digest_of(data)):
            self._files.refuse_conflict(name, session, data)
            self._files.refuse_other(name, session)
        return [data]

    def differences(self, name: str) -> list[str]:
        """Name the sessions whose file holds only what differs from another session's, whatever their records are like."""
        return sorted(session for session in self._folders() if self._files.is_difference(name, session))

    def made_whole(self, name: str, session: str) -> Artifact:
        """Return the file of a recorded session as it is when it is whole.

        Raises:
            EvidenceProblem: as :meth:`whole`.
        """
        digest = digest_in(self.figures(session), name)
        return Artifact(path=self.evidence / session / name, content=self.whole(name, session, digest))

    def base(self, name: str, session: str, digest: str) -> Base:
        """Return the whole ledger or sources of a session for others to be compared with, with how they are stored.

        Raises:
            EvidenceProblem: as :meth:`whole`, here and when its pieces are read.
            msgspec.DecodeError: as :meth:`Wholes.base`.
        """
        return self.chain(name).base(session, self._files, digest)

    def chain(self, name: str) -> Wholes:
        """Return the files of one name, such as ``tests.jsonl``, as they differ from each other."""
        from pytest_handoff.project.wholes import Wholes

        if name not in self._wholes:
            self._wholes[name] = Wholes(self._files, name)
        return self._wholes[name]

    def links(self) -> dict[str, list[str]]:
        """Map each recorded session to the sessions it continues, reading only the beginning of each record.

        Raises:
            EvidenceProblem: when a record cannot be read, or its beginning says too little and the rest is damaged.
        """
        parents = {name: self._parents(name, linked=linked) for name, linked in self._folders().items()}
        return {name: [link.session for link in links] for name, links in parents.items() if links is not None}

    def parents(self, session: str) -> list[Parent]:
        """Read which records a recorded session continues, from the beginning of its record.

        Raises:
            EvidenceProblem: as :meth:`links`.
        """
        return self._parents(session, linked=(self.evidence / session).is_symlink()) or []

    def artifacts(
        self,
        record: Record,
        ledger: Content,
        sources: Collection[SourceLine] | None,
        *,
        statements: Content | None = None,
        parents: Sequence[Record] = (),
    ) -> tuple[Artifact, ...]:
        """Build the files of a session's evidence, the record last, so that it never names a ledger that is not there.

        Args:
            statements: the file of what the lines of its sources are; ``None`` leaves the present one as it is.
            parents: sessions that it continues: ledger and sources may hold only what differs from theirs.

        Raises:
            WriteProblem: for a name that is not UTF-8.
        """
        files = [] if sources is None else [self._file(SOURCES, record, partial(encode_in_pieces, sources), parents)]
        files += self._coverage_file(record, parents)
        files += [] if statements is None else self._statements_file(record, statements, parents)
        files.append(self._file(LEDGER, record, ledger, parents))
        return (*files, self._record_file(record))

    def _coverage_file(self, record: Record, parents: Sequence[Record]) -> list[Artifact]:
        """Make the file with the coverage of each file; what an earlier run of the session left there is emptied."""
        if record.coverage is not None and record.coverage.by_file is not None:
            from pytest_handoff.project.coverage_files import lines_of

            return [self._file(COVERAGE, record, lines_of(record.coverage), parents)]
        return self._emptied(COVERAGE, record)

    def _statements_file(self, record: Record, content: Content, parents: Sequence[Record]) -> list[Artifact]:
        if digest_in(record, STATEMENTS) is not None:
            return [self._file(STATEMENTS, record, content, parents)]
        return self._emptied(STATEMENTS, record)

    def _emptied(self, name: str, record: Record) -> list[Artifact]:
        stands = self.evidence / record.session / name
        return [Artifact(path=stands, content=b"")] if os.path.lexists(stands) else []

    def _record_file(self, record: Record) -> Artifact:
        """Make the file of a record; one that says the same in another layout stays, since later records hold its digest."""
        sealed = replace(record, digest=content_digest(record))
        with suppress(EvidenceProblem):
            stands = self._files.read_if_there(RECORD, record.session)
            if stands is not None and content_digest(self.figures(record.session)) == sealed.digest:
                return Artifact(path=self.evidence / record.session / RECORD, content=stands)
        return Artifact(path=self.evidence / record.session / RECORD, content=encode_record(sealed))

    def _file(self, name: str, record: Record, content: Content, parents: Sequence[Record]) -> Artifact:
        whole = Artifact(path=self.evidence / record.session / name, content=content)
        if not parents:
            return whole
        from pytest_handoff.project.forms import Form

        bases = [(parent.session, digest) for parent in parents if (digest := digest_in(parent, name)) is not None]
        return Form(self, name, bases).choose(record.session, whole, digest_in(record, name))

    def _folders(self) -> dict[str, bool]:
        """Map each name in the evidence folder to whether it is a link."""
        if why := leads_outside(self.evidence, self._within):
            raise EvidenceProblem(f"{why}; move the evidence folder there", path=self._files.shown(self.evidence))
        try:
            with os.scandir(self.evidence) as found:  # a project may have a thousand sessions: no system call for each
                return {entry.name: entry.is_symlink() for entry in found}
        except (FileNotFoundError, NotADirectoryError):
            return {}

    def _parents(self, session: str, *, linked: bool) -> list[Parent] | None:
        """Read which records a session continues, or return ``None`` where its folder holds no record."""
        if linked:
            return self.figures(session).previous if self.has(session) else None
        try:
            parents = parents_at_head(f"{self._place}/{session}/{RECORD}", session)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            parents = None  # reading the whole record will say why
        if parents is None or not are_sessions([parent.session for parent in parents]):
            return self.figures(session).previous
        return parents


def digest_in(record: Record, name: str) -> str | None:
    """Return the digest that a record holds of a file beside it, when that is whole; ``None`` where it names no such file."""
    if name == COVERAGE:
        return record.coverage.by_file if record.coverage else None
    if name == STATEMENTS:
        return record.coverage.statements.digest if record.coverage and record.coverage.statements else None
    return record.tests.ledger if name == LEDGER else record.source.sources
