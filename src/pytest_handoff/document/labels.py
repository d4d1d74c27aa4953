"""Read a line of a document: the label before its colon, the value after it, and whether that value is a placeholder."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from string import punctuation
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.document.comments import value_end

if TYPE_CHECKING:
    from collections.abc import Collection


_LONGEST_NAME = 1_000  # normalizing the accents of a longer one may take very long
_STATUS = r"(?:[^\x00-\x7f]+[ \t]*)?"
_BOX = re.compile(r"\[([ xX])\][ \t]+(?=\S)")
_MANGLED = re.compile(r"[^\x00-\x7f]+")
_PARENTHESIS = r"\([^()]*\)"
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\b\d+\b")
_EMPHASIS = ("**[", "__[", "*[", "_[")
_TAIL = r"[ \t]+(?:\(|[-–—][ \t]|<!--)"
_COUNTED_PROMPT = r"\[X+\](?:[ \t]*%|[ \t]+(?:tests?|files?|lines?))"
_SHARE_PROMPT = r"\[[A-Zn#]{1,4}\][ \t]*/[ \t]*\[[A-Zn#]{1,4}\](?:[ \t]+tests?)?(?:[ \t]+(?:passed|passing))?"
_PIECE = r"(?s)[ \t]+|\\+|[^\\ \t]"
_ESCAPE = r"\\([!-/:-@\[-`{-~])"
_UNIT = r"[ \t]*+(?:%|(?:tests?|files?|lines?(?: of code)?)?[ \t]*+(?:passed|passing|covered|added)?)"


_ALTERNATIVES = (
    frozenset({
        "complete", "completed", "complete with issues", "complete with minor issues", "incomplete", "in progress", "not started",
        "partial", "partially complete", "blocked", "planned", "done", "not done", "vollständig", "unvollständig", "in arbeit",
        "abgeschlossen", "nicht begonnen",
    }),
    frozenset({"yes", "no", "partially", "partly", "not yet", "ja", "nein", "teilweise"}),
    frozenset({"ready", "not ready", "not yet ready", "ready with issues", "blocked"}),
    frozenset({
        "pass", "fail", "passed", "failed", "passing", "failing", "partial", "not yet written", "partially written", "not run",
        "not written", "none", "skipped",
    }),
)  # fmt: skip
"""States of which each excludes the others of its line."""

_NOUN = (
    r"(?:implementation|source|code|tests?|examples?|docs?|documents?|files?|lines?(?: of code)?|unit|integration|e2e|"
    r"performance|passed|passing|failed|failing|skipped|errors?|covered|coverage|added|created|modified|removed|new)"
)
_PIECE_OF_PROMPT = rf"[+~≈]?\[[^\[\]]*\][ \t]*%?(?:[ \t]+{_NOUN}){{0,3}}"
_NO_PROMPT = (
    r"[\s#.,:/%+~≈<>=≥≤–-]*\d[\s\d.,:/%+~≈<>=≥≤–-]*|\d+[ \t]*/[ \t]*\d+\b.*|[A-Z][A-Z0-9]+-\d+|(?:session|phase|sprint)-\d+"
)
"""What a person wrote into brackets: figures, a date, a ticket, or the name of a session. None is without a digit."""
_NOTES = frozenset({"wip", "draft", "blocked", "done", "none", "n/a", "yes", "no", "unreleased", "sic"})
_QUOTED = ("[", '"', "'", "@", "$", "-", "tool.")

_LETTERS = re.compile(r"[^\W\d_]+")
BLANK = (
    r"\{\{?[^{}|\n]{1,40}\}?\}|<(?!/|(?:br|hr|p|b|i|u|s|a|em|strong|code|kbd|sub|sup|small|del|ins|img|span|div|details|summary)\b)"
    r"[A-Za-z#%][\w #%/.-]{0,40}>|_(?<!\w_)(?:_+| ?/ ?_)(?!\w)|X(?<!\wX)(?<!\w-X)X+(?:\.X+)?(?![\w-])"
)
"""A prompt without brackets inside a longer text: ``{{ n }}``, ``<n>``, ``___``, ``XX %``."""

_FIRST_OF_BLANK = frozenset("{<_XTY?…~≈+")
_FIRST_OF_CHOICE = frozenset("✅🟢✓✔yPp")

_SAYS_NOTHING = frozenset({
    "n", "x", "y", "z", "nn", "xx", "num", "number", "count", "value", "val", "fill", "in", "me", "tbd", "todo", "here",
    "pct", "percent", "percentage", "figure", "amount", "enter", "insert", "of", "the", "integer", "int", "nr", "no", "how",
    "many", "add", "to", "be", "filled", "measured", "actual", "current",
})  # fmt: skip


class Label(msgspec.Struct, frozen=True):
    """A label with its value; ``start`` and ``end`` of the value are relative to the line's text."""

    keys: frozenset[str]
    text: str
    start: int
    end: int


@lru_cache(maxsize=1024)
def keys_of(text: str) -> frozenset[str]:
    """Return the forms under which a heading or label may be listed as an alias.

    Case, emoji (also mangled ones), emphasis, leading numbering and punctuation do not count. One form leaves out what stands
    in parentheses; one has ``#`` for each number, so that ``Session 5 Tests`` is found as ``session # tests``. A text of more
    than 1,000 characters has no form.
    """
    if len(text) > _LONGEST_NAME:
        return frozenset()
    plain = _normal(text)
    shorter = _normal(re.sub(_PARENTHESIS, " ", text)) if "(" in text else plain
    return frozenset(form for form in (plain, shorter, _NUMBER.sub("#", plain)) if form)


def own_key(text: str) -> str | None:
    """Return the one form under which one of the project's own names is listed, or ``None`` if it cannot be told from others.

    Numbers and what stands in parentheses count here: ``Latency 1`` is not ``Latency 2``. A leading number is taken for
    numbering in a document, so a name that begins with one has none, and neither has one of more than 1,000 characters.
    """
    first = _WORD.search(text) if len(text) <= _LONGEST_NAME else None
    return None if first is None or first[0].isdigit() else _normal(text)


@lru_cache(maxsize=1024)  # several things are asked of each line in turn
def read_label(text: str) -> Label | None:
    """Read the label that a line starts with: ``**Label**: value``, ``**Label:** value``, ``Label: value``, ``✅ **Label**:``."""
    bold, plain = _beginnings(":：" if "：" in text else ":")
    found = bold.match(text) or plain.match(text)
    if found is None:
        return None
    start = found.start("value")
    return Label(keys_of(found["label"]), found["label"].strip(), start, value_end(text, start))


def box_of(text: str) -> re.Match[str] | None:
    """Match the check box at the start of an item's text, if anything follows it; group 1 is the character inside."""
    return _BOX.match(text)


def placeholder_length(value: str, references: Collection[str] = ()) -> int:
    """Count the leading characters of a value that are a placeholder, mostly a bracketed one; 0 if a person's words stand there.

    A link, a footnote, a check box, a bare number and a reference with a definition are not placeholders, and neither is a
    bracket followed by anything but a tail or a unit (``[WIP] nearly done``). A lone ``[X]`` is one if a unit follows.
    Several alternatives separated by pipes are one placeholder if each of them holds a bracket.
    """
    prompt = value[1:] if value.startswith(("+", "~", "≈")) else value
    if prompt.startswith("[X") and re.fullmatch(_COUNTED_PROMPT, prompt):
        return len(value)
    if "]/[" in prompt.replace(" ", "")[:20] and re.fullmatch(_SHARE_PROMPT, prompt):
        return len(value)
    first = _bracket_length(value, references)
    if not first:
        return blank_length(value)
    rest = value[first:]
    if not rest or re.match(_TAIL, rest):
        return first
    if re.fullmatch(_UNIT, rest) or _asks_in_pieces(value, references):
        return len(value)
    return 0


def blank_length(value: str) -> int:
    """Return the length of a value that is nothing but such a prompt, alone or with a unit; else 0."""
    may_be_one = value[:1] in _FIRST_OF_BLANK or (value[:1] in _FIRST_OF_CHOICE and "/" in value)
    return len(value) if may_be_one and _whole_blank().fullmatch(value) else 0


def asks_nothing(value: str) -> bool:
    """Check for a prompt that says neither what it asks for nor in which form."""
    return value in ("TBD", "TBC", "TODO", "?", "??", "???", "…")


def has_blank(text: str) -> bool:
    """Check cheaply whether a text may hold one."""
    return "{" in text or "<" in text or "XX" in text or "__" in text or "_/_" in text


def may_ask(text: str) -> bool:
    """Check cheaply whether a line may hold a prompt of any kind."""
    return "[" in text or has_blank(text) or "TBD" in text or "TODO" in text


def words_asked(inner: str) -> tuple[str, ...]:
    """Return the words of a prompt that say what it asks for, and leave out those that only mark it as a prompt."""
    return tuple(word for word in _LETTERS.findall(inner.casefold()) if len(word) > 1 and word not in _SAYS_NOTHING)


@cache
def _whole_blank() -> re.Pattern[str]:
    return re.compile(
        rf"[+~≈]?(?:{BLANK})(?:[ ]*/[ ]*(?:{BLANK}))?[ ]*%?(?:[ ]+(?:tests?|files?|lines?))?(?:[ ]+(?:passed|passing))?"
        r"|_{1,4}[/.-]_{1,4}[/.-]_{2,4}"
        r"|(?:[✅🟢✓✔]\ufe0f?[ ]*/[ ]*[❌🔴✗✘]\ufe0f?|(?i:yes|y|pass)[ ]?/[ ]?(?i:no|n|fail))|TBD|TBC|TODO|\?{1,3}|…|YYYY-MM-DD"
    )


def _asks_in_pieces(value: str, references: Collection[str]) -> bool:
    """Check that each of several pieces between pipes is a prompt, alone or with what it counts: a person's words are neither."""
    pieces = value.split(" | ")
    return len(pieces) > 1 and all(_is_a_piece(piece.strip(" \t"), references) for piece in pieces)


def _is_a_piece(piece: str, references: Collection[str]) -> bool:
    return bool(_bracket_length(piece, references)) and (
        _bracket_length(piece, references) == len(piece) or re.fullmatch(_PIECE_OF_PROMPT, piece) is not None
    )


def is_choice(value: str) -> bool:
    """Check whether a value is a list to choose from, such as ``✅ Complete | ❌ Incomplete``: nothing has been chosen yet.

    Only known alternatives to each other make one: two statements of a person, such as ``Parser done | lexer half done``, do not.
    """
    if not ("|" in value or " / " in value) or len(value) > _LONGEST_NAME:
        return False
    pieces = [_normal(piece) for piece in (value.split("|") if "|" in value else value.split(" / "))]
    return len(set(pieces)) == len(pieces) and any(set(pieces) <= states for states in _ALTERNATIVES)


def own_length(current: str, ours: str) -> int | None:
    """Count the leading characters of a value that are ours; ``None`` if it is not our text, alone or with a person's tail.

    Runs of white space count as one blank and backslashes before punctuation do not count, so that our text is still ours
    after a formatter has changed it.
    """
    ours = ours.strip(" \t")
    if not ours.strip():
        return None
    if current == ours:
        return len(current)
    if current[:1] not in {"\\", without_escapes(ours)[0]}:
        return None  # true of most values, and cheap to see
    end = _end_of_same(current, without_escapes(ours))
    return end if end is not None and (end == len(current) or re.match(_TAIL, current[end:])) else None


def without_escapes(text: str) -> str:
    """Remove the backslashes that keep punctuation from being markup."""
    return re.sub(_ESCAPE, r"\1", text) if "\\" in text else text


@cache
def _beginnings(colons: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile the beginnings of a line with a label, bold and plain; few lines need wide colons, which take long to compile."""
    colon = rf"[ \t]*[{colons}]"
    return (
        re.compile(
            rf"{_STATUS}(?P<mark>\*\*|__)(?P<label>[^*\n](?:[ \t]*+[^*\n \t])*?)[ \t]*+"
            rf"(?:[{colons}][ \t]*+(?P=mark)|(?P=mark){colon}|(?<=\?)(?P=mark)(?=[ \t]))[ \t]*+(?P<value>.*)"
        ),
        re.compile(
            rf"(?:[^\x00-\x7f]+[ \t]+)?(?P<label>[^\s{colons}`*\[<|][^{colons}`\[<|\n]{{0,60}}?){colon}(?:[ \t]+|$)(?P<value>.*)"
        ),
    )


def _end_of_same(current: str, plain: str) -> int | None:
    """Return where a text ends that is at the start of ``current``; ``plain`` is that text without escapes.

    Of several backslashes in a row each may have one before it, and so may the punctuation that follows them.
    """
    at = slashes = 0
    for piece in re.findall(_PIECE, plain):
        if piece[0] == "\\":
            slashes = len(piece)
            continue
        found = _run("\\", current, at)
        at += found
        length = _run(" \t", current, at) if piece[0] in " \t" else len(piece) * current.startswith(piece, at)
        if not length or not slashes <= found <= 2 * slashes + (piece in punctuation):
            return None
        at, slashes = at + length, 0
    found = _run("\\", current, at)
    return None if found < slashes else at + min(found, 2 * slashes)


def _run(signs: str, text: str, at: int) -> int:
    """Count how many of these signs follow each other from here on."""
    end = at
    while end < len(text) and text[end] in signs:
        end += 1
    return end - at


def _bracket_length(value: str, references: Collection[str]) -> int:
    wrap = next((mark[:-1] for mark in _EMPHASIS if value.startswith(mark)), "")
    start = len(wrap)
    end = _closing(value, start)
    if not end or not _is_prompt(value, start, end, references):
        return 0
    return end + len(wrap) if value.startswith(wrap, end) else 0


def _is_prompt(value: str, start: int, end: int, references: Collection[str]) -> bool:
    """Check that a text in brackets is a prompt, not a check box, a number, a link, a footnote or a reference.

    The characters beside the brackets are checked first: the text inside many nested brackets is long.
    """
    if value[start + 1] in "^!" or value[end : end + 1] in ("(", "[", ":"):
        return False
    inner = value[start + 1 : end - 1]
    known = " ".join(inner.split()).upper() in references
    return inner not in "xX" and not known and is_prompt_text(inner)


def is_prompt_text(inner: str) -> bool:
    """Check that a text in brackets may be a prompt, and is not what a person would put there."""
    words = inner.strip()
    if not words or words.casefold() in _NOTES or _is_quoted(words):
        return False
    return not (any(map(str.isdecimal, words)) and re.fullmatch(_NO_PROMPT, words))


def _is_quoted(words: str) -> bool:
    """Check whether brackets belong to what they hold: a table of TOML, a list, an option, a name, a version, a pattern."""
    if words.startswith(_QUOTED):
        first, last = words[0], words.rstrip(",")[-1]
        if first in "[\"'":
            return last == {"[": "]"}.get(first, first)
        rest = words.lstrip("-") if first == "-" else words[1:]
        return rest[:1].isalnum()
    if words[0] == "v" and words[1:2].isdigit():
        return " " not in words
    ranges = words.replace("a-z", "").replace("A-Z", "").replace("0-9", "")
    return len(ranges) < len(words) and ranges in ("", "_")


def _closing(value: str, start: int) -> int:
    """Find the offset past the bracket that closes the one at ``start``; 0 if there is none."""
    if not value.startswith("[", start):
        return 0
    depth, at = 1, start + 1
    while depth:
        close = value.find("]", at)
        if close < 0:
            return 0
        depth += value.count("[", at, close) - 1
        at = close + 1
    return at


def _normal(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _MANGLED.sub(_without_mangled_symbols, text))
    words = _WORD.findall(text.casefold())
    first = next((at for at, word in enumerate(words) if not word.isdigit()), len(words) - 1)
    return " ".join(words[max(first, 0) :])


def _may_be_mangled(signs: str) -> bool:
    """Check without a codec, which takes long to import: as UTF-8 each is several bytes, and neither codec has emoji."""
    return len(signs) > 1 and not any("◊" < sign < "\uf8ff" for sign in signs)


def _without_mangled_symbols(found: re.Match[str]) -> str:
    """Restore characters whose UTF-8 was read as Mac Roman or cp1252; those without a letter or digit, emoji, become a blank."""
    for wrong in ("mac_roman", "cp1252") if _may_be_mangled(found[0]) else ():
        try:
            meant = found[0].encode(wrong).decode("utf-8")
        except UnicodeError:
            continue
        return " " if not any(character.isalnum() for character in meant) else meant
    return found[0]
