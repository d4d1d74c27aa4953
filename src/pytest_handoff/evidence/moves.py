"""Match files that have moved since the base with their old paths."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_handoff.evidence.line_hashes import hash_lines, split_hashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.record import SourceLine


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
