"""Split a checklist item into words, numbers and signs, and find the longest known phrase at each place."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec

from pytest_handoff.checklist.words import Table, Words
from pytest_handoff.document.comments import without_comments
from pytest_handoff.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence


class Token(msgspec.Struct, frozen=True):
    """A piece of a line; words are in lower case."""

    kind: Literal["word", "number", "fraction", "path", "sign"]
    text: str


def visible_text(markdown: str) -> str:
    """Return what a reader sees of a checklist item, on one line: no bullet, box, tick signs, emphasis or HTML comments.

    Code spans keep their backticks and struck-out text its tildes: both matter to the caller. UTF-8 text that something on its
    way read as Mac Roman (``‚â•`` for ``≥``) is read as it was meant.
    """
    text = _as_it_was_meant(markdown)
    if not text.isascii() or any(sign in text for sign in _WRITTEN_OTHERWISE):
        text = re.sub(_ESCAPE, r"\1", without_comments(text, " "))
        text = _without_tick_signs(_unescaped(text).replace("’", "'"))
    text = " ".join(text.split())
    if text[:1] in _BEGINS_ITEM or text[:1].isdecimal():
        text = re.sub(_BULLET_AND_BOX, "", text)
    if "*" in text or "_" in text:
        while len(text) <= _LONGEST_LINE and (plainer := re.sub(_EMPHASIS, r"\2", text)) != text:
            text = plainer
    return text.strip()


def tokenize(text: str) -> list[Token]:
    """Split a visible text into tokens, dropping only white space and the hyphens inside words ("end-to-end").

    A text of more than 2,000 characters becomes a single sign, which matches no rule.
    """
    return list(tokens_in(text)) if len(text) <= _LONGEST_LINE else [Token("sign", text)]


def tokens_in(text: str) -> Iterator[Token]:
    """Yield the same tokens one by one, for a caller that may not want all of them."""
    for match in _TOKEN.finditer(text):
        kind, found = str(match.lastgroup), match.group()
        if kind == "code":
            inside = found.strip("`").strip()
            yield from [Token("path", inside)] if _is_path(inside) else tokens_in(inside.replace("`", " "))
        elif kind == "slashed":
            yield _slashed(found)
        elif kind == "word" and (number := _SPELT_OUT.get(found.casefold())):
            yield Token("number", number)
        elif kind in {"word", "number", "fraction", "sign"}:
            yield Token(kind, found.casefold())  # type: ignore[arg-type]  # narrowed by the line above


_SPELT_OUT = {
    word: str(number)
    for number, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=2)
}
"""Numbers that lines spell out; "one" is mostly no number."""

_LONGEST_LINE = 2_000  # a longer one keeps its emphasis: nobody ticks it, and pairing the marks would take long
_WRITTEN_OTHERWISE = ("<", "\\", "&")
_ESCAPE = r"\\([!-/:-@\[-`{-~])"
_BEGINS_ITEM = ("-", "*", "+", "[")
_BULLET_AND_BOX = r"^(?:(?:[-*+]|\d+[.)])\s+)?(?:\[[ xX]\]\s+)?"
# An opening mark follows a blank or a bracket, so the stars of a glob such as tests/**/*.py are no emphasis.
_EMPHASIS = r"(?<![^\s(\[~])(\*{1,3}+|_{1,3}+)(?=\S)(.+?)(?<=\S)\1(?![^\s)\].,:;!?~])"
_TOKEN = re.compile(
    r"""
      (?P<code>`+[^`]+`+)
    | (?P<fraction>(?<![\w./,])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\s?/\s?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?![\w/]|[.,][0-9]))
    | (?P<slashed>[\w.*?\[\]-]*[\w*\]]/[\w./*?\[\]-]*)
    | (?P<number>[0-9]{1,3}(?:,[0-9]{3})+(?![\w,])|[0-9]+(?:\.[0-9]+)?)
    | (?P<word>[^\W\d_][^\W_]*(?:'[^\W\d_]+|(?<=s)')?)
    | (?P<hyphen>(?<=\w)-(?=[^\W\d_]))
    | (?P<sign>>=|=>|<=|==|~~|\S)
    """,
    re.VERBOSE,
)
_PATH = r"[a-z_*][\w*?\[\]-]*(?:\.[\w*-]+)?(?:/[\w.*?\[\]-]+)+/?|[a-z_]\w*/"


def _unescaped(text: str) -> str:
    """Replace character references; return the text unchanged where one is a number too long for Python to read."""
    try:
        return html.unescape(text)
    except ValueError:
        return text


def _without_tick_signs(text: str) -> str:
    for sign in "✅☑✔✓":
        text = text.replace(f"{sign}\ufe0f", " ").replace(sign, " ")
    return text


def _slashed(found: str) -> Token:
    """Make a path token of text that looks like a path; ``CI/CD`` and ``and/or`` do not."""
    path = found.rstrip(".")
    like_code = path.startswith(("src/", "tests/", "test/")) or path.endswith((".py", "/"))
    return Token("path" if like_code and _is_path(path) else "sign", path)


def _is_path(text: str) -> bool:
    return re.fullmatch(_PATH, text) is not None and ".." not in text


def _as_it_was_meant(text: str) -> str:
    if text.isascii():
        return text
    try:
        return text.encode("mac_roman").decode("utf-8")
    except UnicodeError:
        return text


def extended(words: Words, more: Mapping[str, Mapping[str, Sequence[str]] | Sequence[str]], tiers: Sequence[str] = ()) -> Words:
    """Add phrases to ``words``, in the shape of its tables: ``{"verbs": {"pass": ["sind ok"]}, "fillers": ["bitte"]}``.

    New keys are allowed under ``tiers`` only. ``tiers`` are the kinds of tests that the project has.

    Raises:
        UsageProblem: for an unknown table or meaning, a phrase that already means something else or is made of known phrases
            alone, a filler of several words, and a filler that can turn a claim round ("not", "most", "if").
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
    _refuse_known_phrases_alone(msgspec.structs.replace(words, fillers=result.fillers), result, tiers)
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
            raise UsageProblem(f"words: {filler!r} cannot be a filler: it can reverse a claim")
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
            raise UsageProblem(f"words: {name} has a phrase without a new word")
        if seen.setdefault(phrase, name) != name:
            raise UsageProblem(f"words: {' '.join(phrase)!r} would mean both {seen[phrase]} and {name}")


def _refuse_known_phrases_alone(words: Words, more: Words, tiers: Sequence[str]) -> None:
    """Refuse a longer phrase for what lines can say already: "coverage for new code" is not the total coverage.

    The longest phrase wins, so it would change what is understood of lines that hold it. With one word of its own it cannot.
    """
    there, found = set(phrases(words)), phrases(more)
    is_said = said_by({phrase for _, _, phrase in found} | {_name_of(tier) for tier in tiers})
    for table, meaning, phrase in found:
        if (table, meaning, phrase) not in there and is_said(phrase):
            raise UsageProblem(
                f"words: {' '.join(phrase)!r} of {table}.{meaning} is made of known phrases alone, and lines that hold it would "
                "mean something else; give it a word of its own"
            )


def said_by(known: Collection[tuple[str, ...]]) -> Callable[[tuple[str, ...]], bool]:
    """Return a check whether other phrases, even cut off at either end, can put these words into a line."""
    longest = max(map(len, known), default=0)
    begins = {one[:size] for one in known for size in range(1, len(one))}
    ends = {one[size:] for one in known for size in range(1, len(one))}

    def is_said(phrase: tuple[str, ...]) -> bool:
        reached = {0, *(size for size in range(1, min(longest, len(phrase))) if phrase[:size] in ends)}
        for at in range(len(phrase)):
            if at in reached:
                sizes = range(1, min(longest, len(phrase) - at) + 1)
                reached |= {at + size for size in sizes if phrase[at : at + size] in known and size < len(phrase)}
                if not phrase[at].isalpha():  # a number or a sign may stand anywhere
                    reached.add(at + 1)
                if len(phrase) - at < min(longest, len(phrase)) and phrase[at:] in begins:
                    return True
        return len(phrase) in reached

    return is_said


def _name_of(tier: str) -> tuple[str, ...]:
    return tuple(token.text for token in tokenize(tier.replace("_", " ")))


def _spelled(phrase: str) -> list[str]:
    if phrase.replace(" ", "").isalpha():  # nearly all phrases are, and every run reads them all
        return phrase.casefold().split()
    return [token.text for token in tokenize(phrase)]


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
    named = {_name_of(tier): Entry("tiers", tier) for tier in tiers}
    for phrase in _misleading(named, listed):
        del named[phrase]
    by_first: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
    for phrase, entry in sorted((named | known).items(), key=lambda item: -len(item[0])):
        if phrase:
            by_first.setdefault(phrase[0], []).append((phrase, entry))
    return Lexicon(
        fillers=frozenset(filler.casefold() for filler in words.fillers),
        phrases={first: tuple(found) for first, found in by_first.items()},
    )


def _misleading(names: Mapping[tuple[str, ...], Entry], known: Mapping[tuple[str, ...], Entry]) -> list[tuple[str, ...]]:
    """Find the names of tiers that would change what other lines mean, such as ``coverage_for_new_code``."""
    several = [name for name in names if len(name) > 1]
    if not several:
        return []
    is_said = said_by({*known, *names})
    others = {phrase for phrase, entry in known.items() if entry.table != "tiers"}
    return [name for name in several if is_said(name) and any((word,) in others for word in name)]
