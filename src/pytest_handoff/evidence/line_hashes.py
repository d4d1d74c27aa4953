"""Hash each line of a source file, so that the next session can tell which lines are new."""

from __future__ import annotations

import re
from hashlib import blake2b

from pytest_handoff.errors import EvidenceProblem

WIDTH = 8
"""Characters in the hash of one line; fixed, so that editing one line changes one spot of the stored text."""

_LINE_END = re.compile(rb"\r\n|\r|\n")


def hash_lines(data: bytes) -> str:
    """Join the hashes of a file's lines, :data:`WIDTH` lower-case hexadecimal characters each.

    Lines end where Python's tokenizer ends them (``\\r\\n``, ``\\r`` or ``\\n``), so that the n-th hash belongs to the line that
    coverage.py reports as number n. The kind of line ending, trailing blanks and a missing final line ending make no difference.
    """
    lines = _LINE_END.split(data)
    if not lines[-1]:
        lines.pop()
    return "".join([blake2b(line.rstrip(), digest_size=WIDTH // 2).hexdigest() for line in lines])


def split_hashes(lines: str) -> list[str]:
    """Split the hashes that :func:`hash_lines` joined, in the order of the lines.

    Raises:
        EvidenceProblem: the text is not a whole number of hashes.
    """
    if len(lines) % WIDTH:
        raise EvidenceProblem(f"line hashes of {len(lines)} characters are damaged: they must be a multiple of {WIDTH}")
    return [lines[start : start + WIDTH] for start in range(0, len(lines), WIDTH)]
