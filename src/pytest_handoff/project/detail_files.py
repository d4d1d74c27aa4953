"""Read and write ``details.json``: durations and failure texts of a session, beside its evidence and not part of it.

By default it is in a folder that git ignores, and that is not part of the tree. What is read is bounded, and made safe to show:
anybody may have written it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from pytest_handoff.details import DETAILS_SCHEMA, MOST_A_SESSION, Attachment, Details, Failure, Section, settled, with_earlier
from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.printable import printable, printable_text
from pytest_handoff.project.artifacts import Artifact, self_ignoring, write_each
from pytest_handoff.project.encoding import encode_json, refuse_other_schema, run_digest
from pytest_handoff.project.foreign_files import TABLE, read_file
from pytest_handoff.project.stored_files import DETAILS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import LedgerLine, Record


_TESTS_AT_ONCE = 500

LOCAL = ".details"
"""The folder, in the hand-off folder, of details that are not committed."""

_LONGEST_RUN, _MOST_FAILURES = 1e9, 50_000
"""The most seconds that a test took, and the most failures: each has an id and a message, and all of them are a megabyte."""


def details_of(project: Project, record: Record) -> Details | None:
    """Read the details of the run that a record is about, or return ``None`` where there are none.

    Raises:
        EvidenceProblem: when there is a file that cannot be used.
    """
    wanted = run_digest(record)
    return next((found for found in _all(project, record.session) if found.record == wanted), None)


def details_before(project: Project, record: Record) -> list[Details]:
    """Read the details of the sessions that a record continues, if they exist and can be used."""
    found: list[Details] = []
    for parent in record.previous:
        with suppress(EvidenceProblem):
            details = details_of(project, project.store.figures(parent.session))
            found += [] if details is None else [details]
    return found


def earlier_details(project: Project, before: Record | None, fingerprint: str) -> Details | None:
    """Read the details of the runs that one on the tree of this fingerprint may add to; a file that cannot be used is none."""
    if before is None or before.source.fingerprint != fingerprint:
        return None
    try:
        return details_of(project, before)
    except EvidenceProblem:
        return None


def finished(
    details: Details, record: Record, ledger: Mapping[str, LedgerLine], *, old: Details | None, seen: Container[str]
) -> Details:
    """Build the details of a new record from what its run brought; the others are those of :func:`with_earlier`."""
    return settled(replace(with_earlier(details, old, seen), session=record.session, record=run_digest(record)), ledger)


def keep(project: Project, details: Details) -> str | None:
    """Write details where the project's settings say; return why, if that is not possible."""
    try:
        write_each(details_artifacts(project, details), project.within)
    except WriteProblem as problem:
        return str(problem)
    return None


def details_artifacts(project: Project, details: Details) -> list[Artifact]:
    """Build the files that keep details, where the settings want them; none if they are off, or there are no details."""
    if project.config.details == "off" or not (details.seconds or details.failures):
        return []
    if project.config.details == "commit":
        return [Artifact(path=committed_path(project, details.session), content=partial(encoded, details))]
    local = _local_path(project, details.session)
    return [self_ignoring(local.parent), Artifact(path=local, content=partial(encoded, details))]


def encoded(details: Details) -> Iterator[bytes]:
    """Yield the bytes of the file of details in pieces, sorted by test, since there may be very many.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    before, opening, after = encode_json(replace(details, seconds={})).partition(b'"seconds":{')
    yield before + opening
    ahead, between = iter(sorted(details.seconds)), b""
    while some := list(islice(ahead, _TESTS_AT_ONCE)):
        yield between + encode_json({test: details.seconds[test] for test in some})[1:-1]
        between = b","
    yield after + b"\n"


def committed_path(project: Project, session: str) -> Path:
    """Return the path of details that are committed, which is also the one in a folder of artifacts."""
    return project.evidence / session / DETAILS


def _local_path(project: Project, session: str) -> Path:
    return project.handoffs / LOCAL / f"{session}.json"


def _all(project: Project, session: str) -> Iterator[Details]:
    for path in (committed_path(project, session), _local_path(project, session)):
        found = _read(project, session, path)
        if found is not None:
            yield found


def _read(project: Project, session: str, path: Path) -> Details | None:
    name = project.shown(path)
    try:
        data = read_file(path, project.within, TABLE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise EvidenceProblem(f"cannot be read: {error.strerror or error}; remove it", path=name) from error
    return decoded(data, session, name)


def decoded(data: bytes, session: str, name: str) -> Details:
    """Read details from the bytes of a file, with every text safe to show.

    Args:
        name: how a message names the file.

    Raises:
        EvidenceProblem: when these are no details of this session.
    """
    try:
        refuse_other_schema(data, DETAILS_SCHEMA, name)
        found = msgspec.json.decode(data, type=Details)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceProblem(f"is damaged: {error}; remove it, nothing depends on it", path=name) from error
    if found.session != session:
        raise EvidenceProblem(f"belongs to {found.session!r}, not to {session!r}; remove it", path=name)
    if len(found.failures) > _MOST_FAILURES or sum(failure.size for failure in found.failures) > 2 * MOST_A_SESSION:
        raise EvidenceProblem("has more text than any run writes; remove it", path=name)
    seconds = {test: took for test, took in found.seconds.items() if 0 <= took <= _LONGEST_RUN}
    return replace(found, seconds=seconds, failures=list(map(_safe, found.failures)), left_out=_line(found.left_out))


def _line(text: str | None) -> str | None:
    return None if text is None else printable(text)


_PLAIN = r"[ -~\n\t]*"


def _text(text: str) -> str:
    return text if re.fullmatch(_PLAIN, text) else printable_text(text)


def _safe(failure: Failure) -> Failure:
    return replace(
        failure,
        message=printable(failure.message),
        text=_text(failure.text),
        sections=[Section(title=printable(section.title), text=_text(section.text)) for section in failure.sections],
        attachments=[_shown(attachment) for attachment in failure.attachments if is_plain(attachment.path)],
        left_out=_line(failure.left_out),
    )


def _shown(attachment: Attachment) -> Attachment:
    return replace(attachment, name=printable(attachment.name))


def is_plain(path: str) -> bool:
    """Check that a path names something below a folder, on every system, and that no browser would take it for a link."""
    parts = PurePosixPath(path).parts
    return bool(parts) and path.isprintable() and ".." not in parts and not path.startswith("/") and not _is_odd(path)


def _is_odd(path: str) -> bool:
    return ":" in path or "\\" in path or bool(PureWindowsPath(path).anchor)
