"""Compare bodies to tell whether a test that turned up in another file is one that was lost."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.evidence.case_files import functions_of
from pytest_handoff.evidence.source_changes import hash_lines, split_hashes
from pytest_handoff.nodeids import file_of, name_of, without_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_handoff.record import SourceLine


_HEAD = re.compile(rb"\s*(async\s+)?def\b")
_BLANK = hash_lines(b"\n")


class _Body(NamedTuple):
    """A function by the hash of its ``def`` line and of each line below it that is not blank."""

    head: str
    lines: list[str]


class Bodies:
    """Today's test functions, to compare with the lines of the files as the parents left them.

    Args:
        bases: the parents' trees.
        read: returns the content of a file as it is now, or ``None`` if there is none.
    """

    def __init__(self, bases: Sequence[Mapping[str, SourceLine]], read: Callable[[str], bytes | None]) -> None:
        self._bases = bases
        self._functions = lru_cache(maxsize=None)(lambda path: dict(_functions(read(path) or b"")))

    def agree(self, old: str, new: str) -> bool:
        """Check that more than half of a test's body stood in the file of the lost one.

        If the same ``def`` line stood there, only the lines behind it count. An item that is no function of its file, such as a
        notebook's cell, agrees with none: nobody knows what it was.
        """
        body = self._functions(file_of(new)).get(name_of(without_parameters(new)))
        olds = [base[file_of(old)] for base in self._bases if file_of(old) in base]
        return body is not None and any(_holds(split_hashes(line.lines), body) for line in olds)


def _functions(content: bytes) -> list[tuple[str, _Body]]:
    texts = re.split(rb"\r\n|\r|\n", content)
    found = []
    for name, function in functions_of(content).items():
        lines = texts[function.first - 1 : function.last]
        at = next((index for index, line in enumerate(lines) if _HEAD.match(line)), 0)
        head, *below = split_hashes(hash_lines(b"\n".join(lines[at:])))
        found.append((name, _Body(head, [line for line in below if line != _BLANK] or [head])))
    return found


def _holds(old: list[str], body: _Body) -> bool:
    length = 2 * len(body.lines)
    solid = [line for line in old if line != _BLANK]
    places = [at for at, line in enumerate(solid) if line == body.head]
    behind = [solid[at : at + 1 + length] for at in places] or [solid]
    wanted = Counter(body.lines)
    return any(2 * (wanted & Counter(lines)).total() > len(body.lines) for lines in behind)
