"""Match files that have moved since the base with their old paths."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_handoff.line_hashes import hash_lines, split_hashes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.record import SourceLine

_BLANK = hash_lines(b"\n")


def match_moves(base: Mapping[str, SourceLine], now: Mapping[str, SourceLine]) -> dict[str, str]:
    """Map the new path of each file that has moved since the base to its old path.

    A file that has left its old path is found again by the same blob, else by the most similar text, of which at least half must
    be common to both (common lines, without blank ones, as a share of the longer file). This is the rule of git's rename
    detection at its default, kept here so that nobody's git configuration changes a figure. If several files match equally well,
    one with the same file name wins; if that does not decide, none is matched.
    """
    added = {path: now[path] for path in now.keys() - base.keys()}
    removed = {path: base[path] for path in base.keys() - now.keys()}
    moves = _match({(new, old): 1.0 for new in added for old in removed if added[new].blob == removed[old].blob})
    rest = {path: added[path] for path in added.keys() - moves.keys()}
    free = {path: removed[path] for path in removed.keys() - set(moves.values())}
    return moves | _match(_similarities(rest, free))


def _similarities(added: Mapping[str, SourceLine], removed: Mapping[str, SourceLine]) -> dict[tuple[str, str], float]:
    new_lines = {path: _counted(line) for path, line in added.items() if line.lines}
    old_lines = {path: _counted(line) for path, line in removed.items() if line.lines}
    pairs = {}
    for new, lines in new_lines.items():
        for old, others in old_lines.items():
            longer = max(lines.total(), others.total())
            if longer and min(lines.total(), others.total()) * 2 >= longer:
                common = (lines & others).total()
                if common * 2 >= longer:
                    pairs[new, old] = common / longer
    return pairs


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
