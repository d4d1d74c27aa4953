"""Read and extend the tables of :mod:`pytest_handoff.checklist.words`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.checklist.lexicon import tokenize
from pytest_handoff.checklist.words import Table, Words
from pytest_handoff.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def extended(words: Words, more: Mapping[str, Mapping[str, Sequence[str]] | Sequence[str]]) -> Words:
    """Add phrases to ``words``, in the shape of its tables: ``{"verbs": {"pass": ["sind ok"]}, "fillers": ["bitte"]}``.

    New keys are allowed under ``tiers`` only.

    Raises:
        UsageProblem: for an unknown table or meaning, a phrase that already means something else, a filler of several words,
            and a filler that can turn a claim round ("not", "most", "if").
    """
    changes: dict[str, object] = {}
    for table, entries in more.items():
        if table not in Words.__struct_fields__:
            raise UsageProblem(f"words: there is no table {table!r}; the tables are {', '.join(Words.__struct_fields__)}")
        if isinstance(entries, str) or (table == "fillers") == hasattr(entries, "items"):
            raise UsageProblem(f"words: {table} must be {'a list of words' if table == 'fillers' else 'a table of lists'}")
        if table == "fillers":
            changes[table] = (*words.fillers, *_checked_fillers(entries))  # type: ignore[arg-type]  # told apart above
        else:
            changes[table] = _joined(table, getattr(words, table), entries)  # type: ignore[arg-type]  # told apart above
    result = msgspec.structs.replace(words, **changes)
    _refuse_two_meanings(result)
    return result


def phrases(words: Words) -> list[tuple[str, str, tuple[str, ...]]]:
    """List every phrase as (table, meaning, its words), without the fillers in it."""
    fillers = {filler.casefold() for filler in words.fillers}
    tables = [name for name in Words.__struct_fields__ if name != "fillers"]
    return [
        (table, meaning, tuple([word for word in _spelled(phrase) if word not in fillers]))
        for table in tables
        for meaning, listed in getattr(words, table).items()
        for phrase in listed
    ]


# A line such as "not all tests pass" must never become decidable because somebody called one of these a filler.
_NEVER_FILLERS = frozenset({
    "no", "not", "never", "none", "without", "zero", "most", "many", "some", "few", "several", "almost", "nearly", "except",
    "excluding", "only", "unless", "if", "when", "where", "once", "will", "would", "should", "could", "may", "might", "can",
    "cannot", "fail", "fails", "failing", "failed", "skip", "skipped", "partly", "partially", "or", "either", "but",
    "nicht", "kein", "keine", "meisten", "fast", "einige", "nur", "wenn", "falls", "außer", "ohne", "wird", "werden", "soll",
    "oder", "aber",
})  # fmt: skip


def _checked_fillers(fillers: Sequence[str]) -> tuple[str, ...]:
    for filler in fillers:
        if len(_spelled(filler)) != 1:
            raise UsageProblem(f"words: the filler {filler!r} must be one word")
        if _spelled(filler)[0] in _NEVER_FILLERS:
            raise UsageProblem(f"words: {filler!r} cannot be a filler, it can turn a claim round")
    return tuple(fillers)


def _joined(table: str, known: Table, more: Mapping[str, Sequence[str]]) -> Table:
    joined = dict(known)
    for meaning, listed in more.items():
        if meaning not in known and table != "tiers":
            raise UsageProblem(f"words: {table} has no meaning {meaning!r}; it has {', '.join(known)}")
        if isinstance(listed, str):
            raise UsageProblem(f"words: {table}.{meaning} must be a list of phrases")
        joined[meaning] = (*known.get(meaning, ()), *listed)
    return joined


def _refuse_two_meanings(words: Words) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for table, meaning, phrase in phrases(words):
        name = f"{table}.{meaning}"
        if not phrase:
            raise UsageProblem(f"words: {name} has a phrase without a word of its own")
        if seen.setdefault(phrase, name) != name:
            raise UsageProblem(f"words: {' '.join(phrase)!r} would mean both {seen[phrase]} and {name}")


def _spelled(phrase: str) -> list[str]:
    if phrase.replace(" ", "").isalpha():  # nearly all phrases are, and every run reads them all
        return phrase.casefold().split()
    return [token.text for token in tokenize(phrase)]
