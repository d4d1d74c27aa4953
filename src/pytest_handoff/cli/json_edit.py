"""Add a value to a JSON text, or remove one, and leave every other character as it is.

If a tool allows comments in its settings (``//`` and ``/* */``), they stay, too.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_handoff.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence


_BLANK = re.compile(r"[ \t\r\n]*")
_INDENTED = re.compile(r"\n([ \t]+)\S")
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*+"|//[^\n]*+|/\*.*?\*/', re.DOTALL)
_LINE_ENDS = re.compile(r"[ \t]*\r?\n")
_scan = json.JSONDecoder().raw_decode


class Part(NamedTuple):
    """A member of an object, or an element of an array: where it begins, and where its value begins and ends."""

    key: str | None
    start: int
    value: int
    end: int


def comments_blanked(text: str) -> str:
    """Overwrite each character of a comment with a blank, so that everything else keeps its place in the text."""

    def blank(found: re.Match[str]) -> str:
        return found[0] if found[0].startswith('"') else re.sub(r"[^\r\n]", " ", found[0])

    return _STRING_OR_COMMENT.sub(blank, text)


def read_json(text: str, path: str, *, comments: bool = False) -> dict[str, Any]:
    """Read the object that a JSON text holds; an empty text is an empty object.

    Args:
        comments: whether the tool whose file this is allows comments in it.

    Raises:
        UsageProblem: naming the line that cannot be read, or a key that stands twice in one object.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(table := dict(pairs)) < len(pairs):
            twice = next(key for at, (key, _) in enumerate(pairs) if key in dict(pairs[:at]))
            raise UsageProblem(f"has the key {twice!r} twice in one object; nothing was written", path=path)
        return table

    if text.startswith("\ufeff"):
        raise UsageProblem("begins with a byte order mark; save it as UTF-8 without one; nothing was written", path=path)
    plain = comments_blanked(text) if comments else text
    try:
        table = json.loads(plain, object_pairs_hook=unique) if plain.strip() else {}
    except json.JSONDecodeError as error:
        raise UsageProblem(f"is not valid JSON ({error.msg}); nothing was written", path=path, line=error.lineno) from error
    except RecursionError as error:
        raise UsageProblem("is nested too deeply; nothing was written", path=path) from error
    if not isinstance(table, dict):
        raise UsageProblem("is not a JSON object; nothing was written", path=path)
    return table


def added(text: str, where: Sequence[str | int], key: str | None, value: object) -> str:
    """Add a value at the end of the object or array that these keys lead to; ``key`` is its name in an object."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if not comments_blanked(text).strip():
        text = (text.rstrip() + newline if text.strip() else "") + "{}" + newline
    unit = found[1] if (found := _INDENTED.search(text)) else "  "
    plain = comments_blanked(text)
    start = _container(plain, where)
    parts = _parts(plain, start)
    depth = len(where) + 1
    piece = json.dumps(value, indent=unit, ensure_ascii=False)
    piece = (f"{json.dumps(key, ensure_ascii=False)}: " if key is not None else "") + piece
    piece = newline + unit * depth + piece.replace("\n", newline + unit * depth)
    if parts:
        last = parts[-1].end
        line = _end_of_line(text, last)
        behind = line if not plain[last:line].strip() else last  # a comment behind a value stays on its line
        return f"{text[:last]},{text[last:behind]}{piece}{text[behind:]}"
    end = _after_blanks(plain, start + 1)
    return f"{text[: start + 1]}{text[start + 1 : end].rstrip()}{piece}{newline}{unit * (depth - 1)}{text[end:]}"


def removed(text: str, where: Sequence[str | int], which: int | str) -> str:
    """Take a member (by its key) or an element (by its number) out of the object or array that these keys lead to."""
    plain = comments_blanked(text)
    start = _container(plain, where)
    parts = _parts(plain, start)
    at = which if isinstance(which, int) else [part.key for part in parts].index(which)
    part = parts[at]
    if len(parts) == 1:
        end = _after_blanks(plain, part.end)
        kept = text[start + 1 : part.start].rstrip()
        return _joined(text[: start + 1], kept, text[part.end if kept or text[part.end : end].strip() else end :])
    if at + 1 < len(parts):
        comma = plain.index(",", part.end) + 1
        return text[: part.start] + text[comma : parts[at + 1].start].lstrip() + text[parts[at + 1].start :]
    before = parts[at - 1].end
    comma = plain.index(",", before)
    return _joined(text[:before], (text[before:comma] + text[comma + 1 : part.start]).rstrip(), text[part.end :])


def holds_comment(text: str, where: Sequence[str | int], key: str) -> bool:
    """Check whether somebody wrote a comment into a member of the object that these keys lead to."""
    plain = comments_blanked(text)
    part = next(part for part in _parts(plain, _container(plain, where)) if part.key == key)
    return plain[part.start : part.end] != text[part.start : part.end]


def _joined(before: str, kept: str, behind: str) -> str:
    """Join the text around a removed part; a comment kept in between must not swallow what follows."""
    newline = "\r\n" if "\r\n" in before + behind else "\n"
    return before + kept + (newline if kept and not _LINE_ENDS.match(behind) else "") + behind


def _end_of_line(text: str, at: int) -> int:
    found = re.compile(r"\r?\n|\Z").search(text, at)
    return found.start() if found else len(text)


def _container(text: str, where: Sequence[str | int]) -> int:
    """Find the character that opens the object or array that these keys and numbers lead to."""
    start = _after_blanks(text, 0)
    for key in where:
        parts = _parts(text, start)
        start = parts[key].value if isinstance(key, int) else next(part.value for part in parts if part.key == key)
    return start


def _parts(text: str, start: int) -> list[Part]:
    """List the members or elements of the object or array that is opened at ``start``; the text is known to be JSON."""
    parts: list[Part] = []
    at = _after_blanks(text, start + 1)
    while text[at] not in "}]":
        begin, key = at, None
        if text[start] == "{":
            key, at = _scan(text, at)
            at = _after_blanks(text, _after_blanks(text, at) + 1)
        _, end = _scan(text, at)
        parts.append(Part(key, begin, at, end))
        at = _after_blanks(text, end)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return parts


def _after_blanks(text: str, at: int) -> int:
    return _BLANK.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
