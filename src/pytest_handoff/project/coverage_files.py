"""Hold the coverage of many files apart from the record, in a file that is written as a difference like the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.encoding import decode_lines, digest_of, encode_json, shortened
from pytest_handoff.project.stored_files import SMALL
from pytest_handoff.record import CoverageLine, FileCoverage

if TYPE_CHECKING:
    from pytest_handoff.record import CoverageSummary

_KEYS = FileCoverage.__struct_fields__


def apart(coverage: CoverageSummary) -> CoverageSummary:
    """Name the digest of the file that will hold the coverage of each file; a small one stays in the record.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    lines = lines_of(coverage)
    return coverage if len(lines) <= SMALL else replace(coverage, by_file=digest_of(lines))


def lines_of(coverage: CoverageSummary) -> bytes:
    """Encode the coverage of each file as JSON Lines, sorted by path.

    Raises:
        WriteProblem: for a name that is not UTF-8.
    """
    return b"".join(encode_json({"path": path} | shortened(file)) + b"\n" for path, file in sorted(coverage.files.items()))


def with_files(coverage: CoverageSummary, lines: bytes, path: str) -> CoverageSummary:
    """Put the coverage of each file back into a summary that names only their digest.

    Args:
        path: how messages name the file that holds the lines.

    Raises:
        EvidenceProblem: naming the first line that no run writes.
    """
    found = decode_lines(lines, CoverageLine, path)
    files = {line.path: FileCoverage(**{key: getattr(line, key) for key in _KEYS}) for line in found}
    if len(files) < len(found):
        raise EvidenceProblem("is damaged: a file appears in it twice", path=path)
    if not all(0 <= file.percent <= 100 for file in files.values()):
        raise EvidenceProblem("is damaged: it has an impossible percentage", path=path)
    return replace(coverage, files=files)
