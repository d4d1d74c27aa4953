"""Find new lines that have the hash of a line in an earlier version: compare the texts to tell them apart.

A hash of 32 bits is short enough for somebody to find another line with the hash of a removed one. By its hash, such a line
would count as old.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_handoff.evidence.source_changes import WIDTH, changed_lines, hash_lines, split_hashes, texts_of_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def collided_lines(base: bytes, now: bytes) -> frozenset[int]:
    """Return the numbers of the lines in ``now`` that have the hash of a line in ``base`` but a different text.

    So are a line that is in ``base``, but stands in the place of another one of its hash, and a statement that has such a
    hash without its annotations (by its first line).
    """
    old, new = hash_lines(base), hash_lines(now)
    if old == new and texts_of_lines(base) == texts_of_lines(now):
        return frozenset()
    known = _by_hash([b"", *texts_of_lines(base)])
    lines, changed = _hashed(now), changed_lines(old, new)
    bare: list[tuple[int, str, bytes]] = []
    if changed and b":" in now:
        from pytest_handoff.evidence.annotations import bare_texts

        bare = [(number, hash_lines(text + b"\n"), text) for number, text in bare_texts(now, changed)]
        if bare:
            known = _by_hash([b"", *texts_of_lines(base), *(text for _, text in bare_texts(base))])
    found = {number for number, hashed, text in lines if hashed in known and text not in known[hashed]}
    found |= {number for number, hashed, text in bare if hashed in known and known[hashed] != {text}}
    if any(len(texts) > 1 for texts in known.values()):
        found |= _changed_texts(texts_of_lines(base), texts_of_lines(now)) - changed
    return frozenset(found)


def _hashed(data: bytes) -> list[tuple[int, str, bytes]]:
    """List the lines of a file, each with its number, its hash and its text."""
    hashes, texts = split_hashes(hash_lines(data)), texts_of_lines(data)
    return [(number, hashed, text) for number, (hashed, text) in enumerate(zip(hashes, texts, strict=True), 1)]


def _by_hash(texts: Iterable[bytes]) -> Mapping[str, set[bytes]]:
    found: dict[str, set[bytes]] = defaultdict(set)
    for text in set(texts):
        found[hash_lines(text + b"\n")].add(text)
    return dict(found)


def _changed_texts(old: Sequence[bytes], new: Sequence[bytes]) -> frozenset[int]:
    """Compare two versions by numbers in place of hashes, so that different texts never count as equal."""
    numbers: dict[bytes, str] = {}
    for text in (*old, *new):
        numbers.setdefault(text, f"{len(numbers):0{WIDTH}x}")
    return changed_lines("".join(map(numbers.__getitem__, old)), "".join(map(numbers.__getitem__, new)))
