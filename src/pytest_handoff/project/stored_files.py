"""Read the files of evidence as they are stored, and say why one of them cannot be trusted."""

from __future__ import annotations

import os
import re
from functools import cached_property, partial
from shlex import quote
from stat import S_ISDIR
from typing import TYPE_CHECKING, NoReturn

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.foreign_files import FLAGS, LINES, TABLE, leads_outside, pieces_of, read_file, read_own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path


RECORD, LEDGER, SOURCES, PROOF = "record.json", "tests.jsonl", "sources.jsonl", "proof.json"
DETAILS, COVERAGE, STATEMENTS = "details.json", "coverage.jsonl", "statements.jsonl"

EVIDENCE_FILES = frozenset({RECORD, LEDGER, SOURCES, PROOF, DETAILS, COVERAGE, STATEMENTS})
"""What the files of a session are called."""

EVIDENCE = "evidence"
"""The folder in the hand-off folder that has one for each session."""

SMALL = 4096
"""Bytes up to which a whole file stays whole: a smaller one takes no less room on a disk."""

_AT_ONCE = 1 << 18
"""Bytes up to which a file that is compared is read once, and held."""

_DIFFERENCE = b'{"differs_from":'


def is_difference(data: bytes) -> bool:
    """Check by its first key whether a ledger or sources hold only what differs from another session's."""
    return data.startswith(_DIFFERENCE)


class Gap(EvidenceProblem):
    """A file that holds what differs from a file that is missing; ``lacking`` is the session of that."""

    def __init__(self, message: str, *, path: str, lacking: str) -> None:
        super().__init__(message, path=path)
        self.lacking = lacking


class StoredFiles:
    """The files below one folder of evidence, each in the folder of its session.

    Args:
        evidence: the folder.
        root: the folder that paths in messages are relative to.
        within: the folders that no link may lead out of.
    """

    def __init__(self, evidence: Path, root: Path, within: Sequence[Path]) -> None:
        self.evidence = evidence
        self._root = root
        self._within = within
        self._folder = str(evidence)
        self._plain: set[str] = set()

    def read(self, name: str, session: str) -> bytes:
        """Read the file of a session.

        Raises:
            EvidenceProblem: when it is missing, or cannot be read.
        """
        data = self.read_if_there(name, session)
        if data is None:
            again = "" if name == RECORD else f", or record it again: pytest --handoff={quote(session)}"
            raise EvidenceProblem(
                f"is missing, and with it the evidence of {session!r}; restore it from git{again}", path=self.named(name, session)
            )
        return data

    def read_if_there(self, name: str, session: str) -> bytes | None:
        """Read the file of a session, or return ``None`` if there is none.

        Raises:
            EvidenceProblem: when it cannot be read.
        """
        read = read_own if self._is_plain_folder(session) else read_file
        try:
            return read(f"{self._folder}/{session}/{name}", self._within, TABLE if name == RECORD else LINES)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise EvidenceProblem(f"cannot be read: {error.strerror or error}", path=self.named(name, session)) from error

    def in_pieces(self, name: str, session: str) -> Callable[[], Iterable[bytes]]:
        """Return what makes the pieces of a session's file, which end where lines end: it reads a long file anew each time.

        Raises:
            EvidenceProblem: as :meth:`read`, here or from the pieces.
        """
        place = self.evidence / session / name
        try:
            is_long = place.stat().st_size > _AT_ONCE
        except (OSError, ValueError):
            is_long = False  # reading it says why
        if not is_long:
            data = self.read(name, session)
            return lambda: (data,)
        return partial(self._pieces, place, name, session)

    def _pieces(self, place: Path, name: str, session: str) -> Iterator[bytes]:
        try:
            yield from pieces_of(place, self._within, LINES)
        except OSError as error:
            raise EvidenceProblem(f"cannot be read: {error.strerror or error}", path=self.named(name, session)) from error

    def is_difference(self, name: str, session: str) -> bool:
        """Check whether the file of a session holds only what differs from another session's, by its first bytes."""
        try:
            file = os.open(self.evidence / session / name, FLAGS)
        except OSError:
            return False
        try:
            return is_difference(os.read(file, len(_DIFFERENCE)))
        except OSError:
            return False
        finally:
            os.close(file)

    def refuse_conflict(self, name: str, session: str, data: bytes) -> None:
        """Refuse a file with a merge conflict: git leaves both sides in it, but evidence is that of one run."""
        if b"<<<<<<< " in data and (marker := re.search(rb"^<<<<<<< ", data, re.MULTILINE)):
            raise EvidenceProblem(
                f"an unresolved merge conflict starts here; {self.one_side(session, self.evidence.with_name(f'{session}.md'))}",
                path=self.named(name, session),
                line=data.count(b"\n", 0, marker.start()) + 1,
            )

    def one_side(self, session: str, document: Path) -> str:
        """Say how to take one side of a merge for the evidence of a session and its document alike."""
        places = " ".join(quote(self.shown(place)) for place in (self.evidence / session, document) if place.exists())
        return (
            f"take one side: git checkout --ours (or --theirs) {places}, then git add {places}; "
            "if two people chose this name, take the one that is merged, and record the other's work under a new name"
        )

    def refuse_other(self, name: str, session: str) -> NoReturn:
        """Refuse a file that is not the one that its session's record names."""
        if any((self.evidence / session).glob(".*.????????.tmp")):  # its note is gone, or was kept on another machine
            raise EvidenceProblem(
                f"does not match the digest in {RECORD}: a write of {session} was cut short; "
                f"run pytest --handoff={quote(session)} again",
                path=self.named(name, session),
            )
        raise EvidenceProblem(
            f"does not match the digest in {RECORD}: it was edited or belongs to another run; "
            f"restore it, or run pytest --handoff={quote(session)} again",
            path=self.named(name, session),
        )

    def named(self, name: str, session: str) -> str:
        """Return how messages name the file of a session."""
        return f"{self._shown}/{session}/{name}"

    @cached_property
    def _shown(self) -> str:
        return self.shown(self.evidence)

    def _is_plain_folder(self, session: str) -> bool:
        """Check that a session's folder is no link, and that the evidence lies where it may: a chain of files is read at once."""
        if session in self._plain:
            return True
        if not self._is_inside or "/" in session:
            return False
        try:
            is_folder = S_ISDIR(os.lstat(f"{self._folder}/{session}").st_mode)
        except (OSError, ValueError):
            return False
        if is_folder:
            self._plain.add(session)
        return is_folder

    @cached_property
    def _is_inside(self) -> bool:
        return leads_outside(self.evidence, self._within) is None

    def shown(self, path: Path) -> str:
        """Return how messages name a path."""
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else str(path)
