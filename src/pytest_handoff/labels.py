"""Read a line of a document: the label before its colon, the value after it, and whether that value is a placeholder."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from string import punctuation
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection

_STATUS = r"(?:[^\x00-\x7f]+[ \t]*)?"
_BOX = re.compile(r"\[([ xX])\][ \t]+(?=\S)")
_MANGLED = re.compile(r"[^\x00-\x7f]+")
_PARENTHESIS = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\b\d+\b")
_EMPHASIS = re.compile(r"(\*\*|__|\*|_)(?=\[)")
_COMMENT_TAIL = re.compile(r"[ \t]*<!--(?:(?!-->).)*-->$|(?<!\\)\\$")
_TAIL = re.compile(r"[ \t]+(?:\(|[-–—][ \t]|<!--)")
_COUNTED_PROMPT = r"\[X+\](?:[ \t]*%|[ \t]+(?:tests?|files?|lines?))"
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_UNIT = r"[ \t]*(?:%|(?:tests?|files?|lines?(?: of code)?)?[ \t]*(?:passed|passing|covered|added)?)"


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
    in parentheses; one has ``#`` for each number, so that ``Session 5 Tests`` is found as ``session # tests``.
    """
    plain = _normal(text)
    shorter = _normal(_PARENTHESIS.sub(" ", text)) if "(" in text else plain
    return frozenset(form for form in (plain, shorter, _NUMBER.sub("#", plain)) if form)


def own_key(text: str) -> str | None:
    """Return the one form under which one of the project's own names is listed, or ``None`` if it cannot be told from others.

    Numbers and what stands in parentheses count here: ``Latency 1`` is not ``Latency 2``. A leading number is taken for
    numbering in a document, so a name that begins with one has no such form.
    """
    first = _WORD.search(text)
    return None if first is None or first[0].isdigit() else _normal(text)


def read_label(text: str) -> Label | None:
    """Read the label that a line starts with: ``**Label**: value``, ``**Label:** value``, ``Label: value``, ``✅ **Label**:``."""
    bold, plain = _beginnings(":：" if "：" in text else ":")
    found = bold.match(text) or plain.match(text)
    if found is None:
        return None
    start = found.start("value")
    return Label(keys_of(found["label"]), found["label"].strip(), start, value_end(text, start))


def value_end(text: str, start: int) -> int:
    """Find where a value ends: before comments, trailing blanks and the backslash of a hard break."""
    kept = text[start:]
    while (shorter := _COMMENT_TAIL.sub("", kept).rstrip(" \t")) != kept:
        kept = shorter
    return start + len(kept)


def box_of(text: str) -> re.Match[str] | None:
    """Match the check box at the start of an item's text, if anything follows it; group 1 is the character inside."""
    return _BOX.match(text)


def placeholder_length(value: str, references: Collection[str] = ()) -> int:
    """Count the leading characters of a value that are a bracketed placeholder; 0 if a person's words stand there.

    A link, a footnote, a check box, a bare number and a reference with a definition are not placeholders, and neither is a
    bracket followed by anything but a tail or a unit (``[WIP] nearly done``). A lone ``[X]`` is one if a unit follows.
    Several alternatives separated by pipes are one placeholder if each of them holds a bracket.
    """
    prompt = value[1:] if value.startswith(("+", "~", "≈")) else value
    if prompt.startswith("[X") and re.fullmatch(_COUNTED_PROMPT, prompt):
        return len(value)
    first = _bracket_length(value, references)
    rest = value[first:]
    if not first or not rest or _TAIL.match(rest):
        return first
    if re.fullmatch(_UNIT, rest) or all(_holds_bracket(piece, references) for piece in value.split(" | ")[1:] or [""]):
        return len(value)
    return 0


def is_choice(value: str) -> bool:
    """Check whether a value is a list to choose from, such as ``✅ Complete | ❌ Incomplete``: nothing has been chosen yet."""
    pieces = [piece.strip() for piece in value.split("|")]
    return len(pieces) > 1 and all(0 < len(piece) <= 40 for piece in pieces)


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
        return None  # true of most values, and a pattern takes longer to compile than to match
    pattern = r"[ \t]+".join(map(_with_or_without_escapes, re.split("[ \t]+", ours)))
    found = re.match(pattern, current)
    if found is None or not (found.end() == len(current) or _TAIL.match(current, found.end())):
        return None
    return found.end()


def without_escapes(text: str) -> str:
    """Remove the backslashes that keep punctuation from being markup."""
    return _ESCAPE.sub(r"\1", text)


@cache
def _beginnings(colons: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile how a line with a label begins, in bold and plain. Few need wide characters, which take long to compile."""
    colon = rf"[ \t]*[{colons}]"
    return (
        re.compile(
            rf"{_STATUS}(?P<mark>\*\*|__)(?P<label>[^*\n]+?)(?:{colon}[ \t]*(?P=mark)|(?P=mark){colon})[ \t]*(?P<value>.*)"
        ),
        re.compile(
            rf"(?:[^\x00-\x7f]+[ \t]+)?(?P<label>[^\s{colons}`*\[<|][^{colons}`\[<|\n]{{0,60}}?){colon}(?:[ \t]+|$)(?P<value>.*)"
        ),
    )


def _with_or_without_escapes(word: str) -> str:
    return "".join(rf"\\?{re.escape(char)}" if char in punctuation else re.escape(char) for char in without_escapes(word))


def _bracket_length(value: str, references: Collection[str]) -> int:
    mark = _EMPHASIS.match(value)
    wrap = mark[1] if mark else ""
    start = len(wrap)
    end = _closing(value, start)
    inner = value[start + 1 : end - 1]
    if not end or not _is_prompt(inner, references) or value[end : end + 1] in ("(", "[", ":"):
        return 0
    return end + len(wrap) if value.startswith(wrap, end) else 0


def _is_prompt(inner: str, references: Collection[str]) -> bool:
    """Check whether the text between brackets asks for something, rather than being a box, number, footnote or reference."""
    known = " ".join(inner.split()).upper() in references
    return bool(inner.strip()) and inner not in "xX" and not inner.isdigit() and inner[0] not in "^!" and not known


def _holds_bracket(piece: str, references: Collection[str]) -> bool:
    return any(_bracket_length(piece[at:], references) for at in range(len(piece)))


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
    while len(words) > 1 and words[0].isdigit():
        words.pop(0)
    return " ".join(words)


def _without_mangled_symbols(found: re.Match[str]) -> str:
    """Restore characters whose UTF-8 was read as Mac Roman or cp1252; those without a letter or digit, emoji, become a blank."""
    for wrong in ("mac_roman", "cp1252"):
        try:
            meant = found[0].encode(wrong).decode("utf-8")
        except UnicodeError:
            continue
        return " " if not any(character.isalnum() for character in meant) else meant
    return found[0]
