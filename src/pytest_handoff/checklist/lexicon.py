"""Split the Markdown of a checklist item into words, numbers and signs."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from pytest_handoff.document.comments import without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    if not text.isascii() or _WRITTEN_OTHERWISE.search(text):
        text = _ESCAPE.sub(r"\1", without_comments(text, " "))
        text = _without_tick_signs(_unescaped(text).replace("’", "'"))
    text = _BULLET_AND_BOX.sub("", " ".join(text.split()))
    while len(text) <= _LONGEST_LINE and (plainer := _EMPHASIS.sub(r"\2", text)) != text:
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
        elif kind in {"word", "number", "fraction", "sign"}:
            yield Token(kind, found.casefold())  # type: ignore[arg-type]  # narrowed by the line above


_LONGEST_LINE = 2_000  # a longer one keeps its emphasis: nobody ticks it, and pairing the marks would take long
_WRITTEN_OTHERWISE = re.compile(r"[<\\&]")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BULLET_AND_BOX = re.compile(r"^(?:(?:[-*+]|\d+[.)])\s+)?(?:\[[ xX]\]\s+)?")
# An opening mark follows a blank or a bracket, so the stars of a glob such as tests/**/*.py are no emphasis.
_EMPHASIS = re.compile(r"(?<![^\s(\[~])(\*{1,3}+|_{1,3}+)(?=\S)(.+?)(?<=\S)\1(?![^\s)\].,:;!?~])")
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
_PATH = re.compile(r"[a-z_*][\w*?\[\]-]*(?:\.[\w*-]+)?(?:/[\w.*?\[\]-]+)+/?|[a-z_]\w*/")


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
    return _PATH.fullmatch(text) is not None and ".." not in text


def _as_it_was_meant(text: str) -> str:
    if text.isascii():
        return text
    try:
        return text.encode("mac_roman").decode("utf-8")
    except UnicodeError:
        return text
