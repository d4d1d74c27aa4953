"""Turn the tokens of a line into tags, one for each meaning, or name the first token that has none."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.checklist.lexicon import Token, tokens_in
from pytest_handoff.figures import Comparison

if TYPE_CHECKING:
    from pytest_handoff.checklist.lexicon import Entry, Lexicon


class Bound(msgspec.Struct, frozen=True):
    """A number with its comparison; ``op`` is ``None`` if the line gives a bare number."""

    op: Comparison | None
    value: Decimal


class Tag(msgspec.Struct, frozen=True):
    """The meaning of one phrase.

    ``kind`` is a meaning from the tables, or ``scope``, ``scope_new``, ``scope_after``, ``tier``, ``format``, ``path``,
    ``percent``, ``count``, ``fraction``, ``open``, ``close``. ``value`` holds the tiers or formats, the scope, the path or the
    :class:`Bound`.
    """

    kind: str
    value: object = None


class UnknownWordError(Exception):
    """A word, number or sign that no table explains; it never leaves the checklist language."""


def read_tags(text: str, lexicon: Lexicon) -> list[Tag]:
    """Read the tags of a visible text, leaving out fillers and joining lists of tiers ("unit and integration tests").

    Raises:
        UnknownWordError: with the first piece that has no meaning.
    """
    stream = tokens_in(text.rstrip(".! "))
    first = next(stream, None)
    if first is None:
        return []
    if first.text in _ASKING or (first.kind == "word" and first.text != _ONE and not lexicon.knows(first.text)):
        raise UnknownWordError(first.text)  # most lines end here, and their rest is not looked at
    reader = _Reader([token for token in (first, *stream) if token.text not in lexicon.fillers], lexicon)
    tags = []
    while not reader.at_end:
        tags.append(reader.number() or reader.phrase())
    return _lists_joined(_without_colons(tags))


_ASKING = frozenset({"is", "are", "sind", "ist"})  # fillers inside a line, but a question at its start
_ONE = "one"
_PUNCTUATION = {":": "colon", ".": "and", ",": "comma", "(": "open", ")": "close"}


def _needs_number(entry: Entry) -> bool:
    """Check whether a phrase means something only next to a number: a comparison, or "percent"."""
    return entry.table == "comparisons" or (entry.table, entry.meaning) == ("links", "percent")


_LISTED = {"tiers": "tier", "formats": "format"}
"""Tables of which a line may list several: "unit and integration tests", "JSON and YAML files"."""


class _Reader:
    """A cursor over the tokens of one line that takes the longest phrase it knows."""

    def __init__(self, tokens: list[Token], lexicon: Lexicon) -> None:
        self._tokens = tokens
        self._texts = [token.text for token in tokens]
        self._lexicon = lexicon
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._tokens)

    def phrase(self) -> Tag:
        token = self._tokens[self._at]
        found = self._lexicon.longest(self._texts, self._at)
        if found is not None and not _needs_number(found[0]):
            self._at += found[1]
            return _tag(found[0])
        self._at += 1
        if token.kind == "path":
            return Tag("path", token.text)
        if token.text in _PUNCTUATION:
            return Tag(_PUNCTUATION[token.text])
        raise UnknownWordError(token.text)

    def number(self) -> Tag | None:
        """Read a number with its comparison, percent sign and "or higher", if it has them."""
        start = self._at
        op = self._taken("comparisons")
        if op == "or_more" or not self._is_number(bounded=op is not None):
            self._at = start
            return None
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "fraction":
            return _fraction(token.text, op)
        if (total := self._total()) is not None:
            return _fraction(f"{token.text}/{total}", op)
        return self._bounded("1" if token.text == _ONE else token.text, op)

    def _is_number(self, *, bounded: bool) -> bool:
        """Check for digits, or for "one" where it is a bound: "at least one", "one or more"."""
        if self.at_end or self._tokens[self._at].text != _ONE:
            return not self.at_end and self._tokens[self._at].kind in {"number", "fraction"}
        following = self._lexicon.longest(self._texts, self._at + 1) if self._at + 1 < len(self._texts) else None
        return bounded or (following is not None and following[0].meaning == "or_more")

    def _bounded(self, text: str, op: str | None) -> Tag:
        percent = self._taken("links", "percent") is not None
        if self._taken("comparisons", "or_more"):
            if op not in {None, ">="}:
                raise UnknownWordError("+")
            op = ">="
        number = Decimal(text.replace(",", ""))
        if op is None and number == 0 and not percent:
            return Tag("none")
        return Tag("percent" if percent else "count", Bound(op, number))  # type: ignore[arg-type]  # a key of comparisons

    def _total(self) -> str | None:
        """Read the total in "17 of 17"."""
        start = self._at
        if self._taken("links", "of") and self._tokens[self._at - 1].text in {"of", "von"} and not self.at_end:
            token = self._tokens[self._at]
            if token.kind == "number":
                self._at += 1
                return token.text
        self._at = start
        return None

    def _taken(self, table: str, meaning: str | None = None) -> str | None:
        found = None if self.at_end else self._lexicon.longest(self._texts, self._at)
        if found is None or found[0].table != table or meaning not in {None, found[0].meaning}:
            return None
        self._at += found[1]
        return found[0].meaning


def _tag(entry: Entry) -> Tag:
    if entry.table in _LISTED:
        return Tag(_LISTED[entry.table], (entry.meaning,))
    if entry.table == "scopes":
        if entry.meaning == "new":
            return Tag("scope_new", "current")
        scope, _, after = entry.meaning.partition("_")
        return Tag("scope_after" if after else "scope", scope)
    return Tag(entry.meaning)


def _fraction(text: str, op: str | None) -> Tag:
    passed, total = (Decimal(part.strip().replace(",", "")) for part in text.split("/"))
    if op is not None or passed != total or total == 0:
        raise UnknownWordError(text)
    return Tag("fraction", Bound("==", total))


def _without_colons(tags: list[Tag]) -> list[Tag]:
    """Drop colons, but refuse one after a scope: "this session: unit tests pass" is not about this session's tests."""
    if any(first.kind.startswith("scope") and second.kind == "colon" for first, second in pairwise(tags)):
        raise UnknownWordError(":")
    return [tag for tag in tags if tag.kind != "colon"]


def _lists_joined(tags: list[Tag]) -> list[Tag]:
    """Join "unit and integration" into one tag, "JSON and YAML" as well, and "unit tests and integration tests".

    The second form is left alone if a scope is named: "new unit tests and integration tests" may mean all integration tests.
    """
    scoped = any(tag.kind.startswith("scope") for tag in tags)
    joined: list[Tag] = []
    for tag, following in pairwise([*tags, Tag("end")]):
        before = _in_front(joined, tag.kind, over_tests=not scoped and following.kind == "tests")
        if before is not None:
            joined[before:] = [Tag(tag.kind, (*joined[before].value, *tag.value))]  # type: ignore[misc]  # lists both
        else:
            joined.append(tag)
    return joined


def _in_front(tags: list[Tag], kind: str, *, over_tests: bool) -> int | None:
    """Find the earlier tag that one of this kind continues; only joining words may stand between the two."""
    at = len(tags) - 1
    while at >= 0 and tags[at].kind in {"and", "comma"}:
        at -= 1
    if kind not in _LISTED.values() or at == len(tags) - 1:
        return None
    if over_tests and tags[at].kind == "tests":
        at -= 1
    return at if at >= 0 and tags[at].kind == kind else None
