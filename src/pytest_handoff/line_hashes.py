"""One short hash a line: what a session remembers of its sources, so that the next one knows which lines are new."""

from __future__ import annotations

import re
from hashlib import blake2b

from pytest_handoff.errors import EvidenceProblem

WIDTH = 8
"""Characters of one line's hash. Fixed, so that an edit of one line changes one spot of the stored text."""

_LINE_END = re.compile(rb"\r\n|\r|\n")


def hash_lines(data: bytes) -> str:
    """The hashes of a file's lines, one after the other, :data:`WIDTH` lower-case hexadecimal characters each.

    Lines end where Python's tokenizer ends them (``\\r\\n``, ``\\r`` or ``\\n``), so that the n-th hash belongs to the line
    number that coverage.py reports. Neither the kind of line ending, blanks at the end of a line nor a missing last line
    ending change a hash.
    """
    lines = _LINE_END.split(data)
    if not lines[-1]:
        lines.pop()
    return "".join([blake2b(line.rstrip(), digest_size=WIDTH // 2).hexdigest() for line in lines])


def split_hashes(lines: str) -> list[str]:
    """The hashes that :func:`hash_lines` joined, in the order of the lines.

    Raises:
        EvidenceProblem: the text has no whole number of hashes.
    """
    if len(lines) % WIDTH:
        raise EvidenceProblem(f"line hashes of {len(lines)} characters are damaged: they must be a multiple of {WIDTH}")
    return [lines[start : start + WIDTH] for start in range(0, len(lines), WIDTH)]
