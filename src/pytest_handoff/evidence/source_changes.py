"""Compare the source trees before and after a session: files, documents, and lines by their hashes.

Each line of a source file is hashed, so that the next session can tell which lines are new; files that moved are matched with
their old paths.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import lru_cache
from hashlib import blake2b
from math import isqrt
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.nodeids import path_matches
from pytest_handoff.record import Changes, SourceLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


WIDTH = 8
"""Characters in the hash of one line; fixed, so that editing one line changes one spot of the stored text."""

_LINE_END = re.compile(rb"\r\n|\r|\n")


def hash_lines(data: bytes) -> str:
    """Join the hashes of a file's lines, :data:`WIDTH` lower-case hexadecimal characters each.

    Lines end where Python's tokenizer ends them (``\\r\\n``, ``\\r`` or ``\\n``), so that the n-th hash belongs to the line that
    coverage.py reports as number n. The kind of line ending, trailing blanks and a missing final line ending make no difference.
    """
    return "".join([blake2b(line, digest_size=WIDTH // 2).hexdigest() for line in texts_of_lines(data)])


def texts_of_lines(data: bytes) -> list[bytes]:
    """Split a file into its lines as they are hashed, without their ends and trailing blanks."""
    lines = _LINE_END.split(data)
    if not lines[-1]:
        lines.pop()
    return [line.rstrip() for line in lines]


def split_hashes(lines: str) -> list[str]:
    """Split the hashes that :func:`hash_lines` joined, in the order of the lines.

    Raises:
        EvidenceProblem: the text is not a whole number of hashes.
    """
    if len(lines) % WIDTH:
        raise EvidenceProblem(f"line hashes of {len(lines)} characters are damaged: they must be a multiple of {WIDTH}")
    return [lines[start : start + WIDTH] for start in range(0, len(lines), WIDTH)]


@lru_cache(maxsize=8)  # who looks at a changed file asks for the same more than once
def changed_lines(base: str, now: str) -> frozenset[int]:
    """Return the numbers (from 1) of the lines of ``now`` that are not in a longest common subsequence with ``base``.

    No comparison of the two texts can therefore call fewer lines new. Where several call as few, a block of new lines stands as
    far down as it can, as in ``git diff``: a function that is added behind another is new from its first line to its last.

    Both texts are line hashes, as :func:`hash_lines` returns them. The work grows with the product of the two lengths, dozens of
    lines at a step: 10,000 rewritten lines take a fraction of a second.

    Raises:
        EvidenceProblem: one of the texts is damaged.
    """
    return changed_among(split_hashes(base), split_hashes(now))


def changed_among(old: list[str], new: list[str]) -> frozenset[int]:
    """Return what :func:`changed_lines` does for hashes that are split already."""
    if not old:
        return frozenset(range(1, len(new) + 1))
    whole = new
    start, old, new = _without_common_ends(old, new)
    kept = _kept(old, new)
    fresh = {start + index for index in range(len(new)) if index not in kept}
    return frozenset(index + 1 for index in _moved_down(whole, fresh))


def count_changed(base: str, now: str) -> tuple[int, int]:
    """Count the lines of ``now`` that :func:`changed_lines` calls new, and those of ``base`` that are gone from ``now``.

    Raises:
        EvidenceProblem: one of the texts is damaged.
    """
    _, old, new = _without_common_ends(split_hashes(base), split_hashes(now))
    masks, column = _masks(old, new)
    row = ones = (1 << column) - 1
    for mask in filter(None, map(masks.get, new)):
        matches = row & mask
        row = ((row + matches) | (row - matches)) & ones
    common = column - row.bit_count()
    return len(new) - common, len(old) - common


def _without_common_ends(old: list[str], new: list[str]) -> tuple[int, list[str], list[str]]:
    """Return how many lines both begin with, and the lines between those that both begin and end with."""
    start = _common_start(old, new)
    old, new = old[start:], new[start:]
    end = _common_start(old[::-1], new[::-1])
    return start, old[: len(old) - end], new[: len(new) - end]


def _moved_down(lines: list[str], fresh: set[int]) -> set[int]:
    """Move each block of new lines down while the line after it equals its first one; blocks that meet continue as one."""
    steps = 4 * len(lines)  # text that repeats itself could be moved very many times
    ends = sorted((index for index in fresh if index + 1 not in fresh), reverse=True)
    for found in ends:
        first = last = found
        while first - 1 in fresh:
            first -= 1
        while steps and last + 1 < len(lines) and lines[first] == lines[last + 1]:
            fresh.remove(first)
            fresh.add(last + 1)
            first, last, steps = first + 1, last + 1, steps - 1
            while last + 1 in fresh:
                last += 1
    return fresh


def _common_start(old: list[str], new: list[str]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(old), len(new)))


def _kept(old: list[str], new: list[str]) -> set[int]:
    """Return the indexes of the lines of ``new`` that are in one longest common subsequence.

    The table of its lengths has one row for each line of ``new``, held as the bits of one integer: bit ``i`` is 0 where the
    length grows from column ``i`` to ``i + 1`` (H. Hyyrö, "Bit-parallel LCS-length computation revisited", 2004). Walking back
    needs every row; only one in ``step`` is stored, and the others are computed again when the walk reaches them.
    """
    masks, column = _masks(old, new)
    step = isqrt(len(new)) + 1
    ones = (1 << column) - 1
    stored = [ones]
    for start in range(0, len(new), step):
        stored.append(_rows(stored[-1], new[start : start + step], masks, ones)[-1])
    kept: set[int] = set()
    for block in range(len(stored) - 2, -1, -1):
        start = block * step
        column = _walk_back(_rows(stored[block], new[start : start + step], masks, ones), start, column, kept)
    return kept


def _masks(old: list[str], new: list[str]) -> tuple[dict[str, int], int]:
    """Map each line that both have to the bits of its columns, and count the columns: one for each such line of ``old``."""
    wanted = set(new)
    masks: dict[str, int] = defaultdict(int)
    column = 0
    for line in old:
        if line in wanted:
            masks[line] |= 1 << column
            column += 1
    return masks, column


def _rows(row: int, lines: list[str], masks: dict[str, int], ones: int) -> list[int]:
    rows = [row]
    for line in lines:
        if mask := masks.get(line, 0):
            matches = row & mask
            row = ((row + matches) | (row - matches)) & ones
        rows.append(row)
    return rows


def _walk_back(rows: list[int], start: int, column: int, kept: set[int]) -> int:
    index = len(rows) - 1
    while index and column:
        bit = 1 << (column - 1)
        if rows[index] & bit:
            column -= 1
            continue
        index -= 1
        # Only this line made the length grow here, so it is the match.
        if rows[index] & bit:
            kept.add(start + index)
            column -= 1
    return column


_BLANK = hash_lines(b"\n")
_MOST_PAIRS = 1_000_000
"""With more pairs of files to compare, only files with the same blob are matched, as git does it."""


def match_moves(base: Mapping[str, SourceLine], now: Mapping[str, SourceLine]) -> dict[str, str]:
    """Map the new path of each file that has moved since the base to its old path.

    A file that has left its old path is found again by the same blob, else by the most similar text, of which at least half must
    be common to both (common lines, without blank ones, as a share of the longer file). This is the rule of git's rename
    detection at its default, its limit of 1,000 times 1,000 files included, kept here so that nobody's git configuration changes
    a figure. If several files match equally well, one with the same file name wins; if that does not decide, none is matched.
    """
    added = {path: now[path] for path in now.keys() - base.keys()}
    removed = {path: base[path] for path in base.keys() - now.keys()}
    moves = _of_the_same_blob(added, removed)
    rest = {path: added[path] for path in added.keys() - moves.keys()}
    free = {path: removed[path] for path in removed.keys() - set(moves.values())}
    return moves | _match(_similarities(rest, free))


def _of_the_same_blob(added: Mapping[str, SourceLine], removed: Mapping[str, SourceLine]) -> dict[str, str]:
    """Match files with the same content: by a name that only one file has on each side, else if one is left on each side."""
    moves: dict[str, str] = {}
    olds_by_blob = _by_blob(removed)
    for blob, news in _by_blob(added).items():
        olds = olds_by_blob.get(blob, [])
        new_names, old_names = _unique_names(news), _unique_names(olds)
        named = {new: old_names[name] for name, new in new_names.items() if name in old_names}
        taken = set(named.values())
        left, free = [new for new in news if new not in named], [old for old in olds if old not in taken]
        moves |= named | (dict(zip(left, free, strict=True)) if len(left) == len(free) == 1 else {})
    return moves


def _similarities(added: Mapping[str, SourceLine], removed: Mapping[str, SourceLine]) -> dict[tuple[str, str], float]:
    new_lines = {path: _counted(line) for path, line in added.items() if line.lines}
    old_lines = {path: _counted(line) for path, line in removed.items() if line.lines}
    if len(new_lines) * len(old_lines) > _MOST_PAIRS:
        return {}
    pairs = {}
    totals = {path: others.total() for path, others in old_lines.items()}
    for new, lines in new_lines.items():
        total = lines.total()
        for old, others in old_lines.items():
            longer = max(total, totals[old])
            if longer and min(total, totals[old]) * 2 >= longer:
                common = (lines & others).total()
                if common * 2 >= longer:
                    pairs[new, old] = common / longer
    return pairs


def _by_blob(files: Mapping[str, SourceLine]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path, line in files.items():
        found[line.blob].append(path)
    return found


def _unique_names(paths: Iterable[str]) -> dict[str, str]:
    """Map each file name that only one path has to that path."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_name[PurePosixPath(path).name].append(path)
    return {name: found[0] for name, found in by_name.items() if len(found) == 1}


def _counted(line: SourceLine) -> Counter[str]:
    counted = Counter(split_hashes(line.lines))
    del counted[_BLANK]
    return counted


def _match(scores: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """Pair files from the most to the least similar; only the same file name breaks a tie."""
    levels: dict[float, list[tuple[str, str]]] = defaultdict(list)
    for pair, score in scores.items():
        levels[score].append(pair)
    moves: dict[str, str] = {}
    closed: set[str] = set()
    for score in sorted(levels, reverse=True):
        open_pairs = [(new, old) for new, old in levels[score] if new not in moves and old not in closed]
        named = _unrivalled([pair for pair in open_pairs if _same_name(*pair)])
        taken_new, taken_old = set(named), set(named.values())
        rest = [(new, old) for new, old in open_pairs if new not in taken_new and old not in taken_old]
        found = named | _unrivalled(rest)
        moves |= found
        # An old file in a tie stays unmatched: a worse match must not get it by default.
        closed |= {old for _, old in open_pairs}
    return moves


def _unrivalled(pairs: list[tuple[str, str]]) -> dict[str, str]:
    news, olds = Counter(new for new, _ in pairs), Counter(old for _, old in pairs)
    return {new: old for new, old in pairs if news[new] == 1 and olds[old] == 1}


def _same_name(new: str, old: str) -> bool:
    return PurePosixPath(new).name == PurePosixPath(old).name


_DOCUMENTS = ("**/*.md", "**/*.rst", "**/*.adoc", "docs/**", "**/docs/**")


def changes_between(
    base: Mapping[str, SourceLine], now: Mapping[str, SourceLine], renames: Mapping[str, str], tests_added: int
) -> Changes:
    """Compare two trees, by file and by line.

    Args:
        renames: old path to new path.
        tests_added: how many tests are new.
    """
    created = sorted(now.keys() - base.keys() - set(renames.values()))
    removed = sorted(base.keys() - now.keys() - set(renames))
    modified = sorted(path for path in now.keys() & base.keys() if now[path].blob != base[path].blob)
    pairs: list[tuple[SourceLine | None, SourceLine | None]] = [(base.get(old), now[new]) for old, new in renames.items()]
    pairs += [(base[path], now[path]) for path in modified]
    pairs += [(None, now[path]) for path in created]
    pairs += [(base[path], None) for path in removed]
    counts = [count_changed(old.lines if old else "", new.lines if new else "") for old, new in pairs]
    touched = {*created, *modified, *renames.values()}
    return Changes(
        created=created,
        modified=modified,
        removed=removed,
        renamed=sorted((old, new) for old, new in renames.items()),
        lines_added=sum(added for added, _ in counts),
        lines_removed=sum(removed for _, removed in counts),
        tests_added=tests_added,
        documents_changed=sum(any(path_matches(path, glob) for glob in _DOCUMENTS) for path in touched),
    )
