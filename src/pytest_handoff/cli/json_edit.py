"""Add a value to a JSON text, or remove one, and leave every other character as it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_handoff.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence


_BLANK = re.compile(r"[ \t\r\n]*")
_INDENTED = re.compile(r"\n([ \t]+)\S")
_scan = json.JSONDecoder().raw_decode


class Part(NamedTuple):
    """A member of an object, or an element of an array: where it begins, and where its value begins and ends."""

    key: str | None
    start: int
    value: int
    end: int


def read_json(text: str, path: str) -> dict[str, Any]:
    """Read the object that a JSON text holds; an empty text is an empty object.

    Raises:
        UsageProblem: naming the line that cannot be read, or a key that stands twice in one object.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(table := dict(pairs)) < len(pairs):
            twice = next(key for at, (key, _) in enumerate(pairs) if key in dict(pairs[:at]))
            raise UsageProblem(f"has the key {twice!r} twice in one object; nothing was written", path=path)
        return table

    try:
        table = json.loads(text, object_pairs_hook=unique) if text.strip() else {}
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
    if not text.strip():
        text = "{}" + newline
    unit = found[1] if (found := _INDENTED.search(text)) else "  "
    start = _container(text, where)
    parts = _parts(text, start)
    depth = len(where) + 1
    piece = json.dumps(value, indent=unit, ensure_ascii=False)
    piece = (f"{json.dumps(key, ensure_ascii=False)}: " if key is not None else "") + piece
    piece = piece.replace("\n", newline + unit * depth)
    if parts:
        return f"{text[: parts[-1].end]},{newline}{unit * depth}{piece}{text[parts[-1].end :]}"
    end = _after_blanks(text, start + 1)
    return f"{text[: start + 1]}{newline}{unit * depth}{piece}{newline}{unit * (depth - 1)}{text[end:]}"


def removed(text: str, where: Sequence[str | int], which: int | str) -> str:
    """Take a member (by its key) or an element (by its number) out of the object or array that these keys lead to."""
    start = _container(text, where)
    parts = _parts(text, start)
    at = which if isinstance(which, int) else [part.key for part in parts].index(which)
    if len(parts) == 1:
        end = _after_blanks(text, parts[0].end)
        return text[: start + 1] + text[end:]
    if at + 1 < len(parts):
        return text[: parts[at].start] + text[parts[at + 1].start :]
    return text[: parts[at - 1].end] + text[parts[at].end :]


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
