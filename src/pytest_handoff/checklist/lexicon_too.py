"""Arrange the phrases of the checklist language so that the longest one at a place is found at once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.checklist.lexicon import tokenize
from pytest_handoff.checklist.vocabulary import phrases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.checklist.words import Words


class Entry(msgspec.Struct, frozen=True):
    """The meaning of a phrase: a key of one of the tables of :class:`pytest_handoff.checklist.words.Words`."""

    table: str
    meaning: str


class Lexicon(msgspec.Struct, frozen=True):
    """The words that say nothing, and all phrases under their first word, longest first."""

    fillers: frozenset[str]
    phrases: Mapping[str, tuple[tuple[tuple[str, ...], Entry], ...]]

    def knows(self, word: str) -> bool:
        """Check that the word says nothing, or that a phrase begins with it."""
        return word in self.fillers or word in self.phrases

    def longest(self, texts: Sequence[str], at: int) -> tuple[Entry, int] | None:
        """Find the longest phrase at this place, with its number of words."""
        for phrase, entry in self.phrases.get(texts[at], ()):
            if tuple(texts[at : at + len(phrase)]) == phrase:
                return entry, len(phrase)
        return None


@lru_cache(maxsize=8)
def lexicon_of(words: Words, tiers: tuple[str, ...]) -> Lexicon:
    """Build the lexicon of a project that has these kinds of tests; the name of each stands for it."""
    listed = {phrase: Entry(table, meaning) for table, meaning, phrase in phrases(words)}
    known = {phrase: entry for phrase, entry in listed.items() if entry.table != "tiers" or entry.meaning in tiers}
    named = {tuple(token.text for token in tokenize(tier.replace("_", " "))): Entry("tiers", tier) for tier in tiers}
    by_first: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
    for phrase, entry in sorted((named | known).items(), key=lambda item: -len(item[0])):
        if phrase:
            by_first.setdefault(phrase[0], []).append((phrase, entry))
    return Lexicon(
        fillers=frozenset(filler.casefold() for filler in words.fillers),
        phrases={first: tuple(found) for first, found in by_first.items()},
    )
