"""Find files that differ from what git would check out: what runs here is not what git stores.

Attributes of a repository (gitattributes, "ident" and "working-tree-encoding") let git drop or merge bytes when it stores a file.
Line ends are left alone: checkouts differ in them as it is. So are filters, which only the configuration of one machine brings.
"""

from __future__ import annotations

import codecs
import os
import re
from hashlib import sha1
from typing import TYPE_CHECKING

from pytest_handoff.project.foreign_files import LINES, read_if_there
from pytest_handoff.project.git import CONVERSIONS, blob_id, checked, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


_IDENT = re.compile(rb"\$Id:[^$\n]*\$")
_AS_CHECKED_OUT = re.compile(rb"\$Id:(?: [0-9a-f]{40}(?:[0-9a-f]{24})? )?\$")
"""What git makes of ``$Id$``: it knows the id of a content that the file had."""

_WITH_A_MARK = {
    "utf16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
    "utf32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
    "utf16lebom": ((codecs.BOM_UTF16_LE, "utf-16-le"),),
    "utf16bebom": ((codecs.BOM_UTF16_BE, "utf-16-be"),),
}
"""Encodings of files that begin with a byte order mark; either order is the same text."""


def unlike_a_checkout(root: Path, files: Mapping[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Map each of these files that holds what git would not check out to a hash of its bytes.

    Args:
        files: the path and the blob id of plain files.
        environment: the environment in which git knows these files.
    """
    found = {}
    for path, attributes in _attributes(root, files, environment):
        try:
            content = read_if_there(place_of(root, path), [root], LINES)
        except OSError:  # nobody could run it
            continue
        if content is not None and _is_unlike(content, files[path], attributes):
            found[path] = sha1(content, usedforsecurity=False).hexdigest()
    return found


def _attributes(root: Path, files: Iterable[str], environment: dict[str, str]) -> Iterator[tuple[str, dict[bytes, bytes]]]:
    """Ask git which of the files are converted, and how."""
    names = {os.fsencode(place_of(root, path).relative_to(root).as_posix()): path for path in files}
    asked = ("check-attr", "-z", "--stdin", *(name.decode() for name in CONVERSIONS))
    answer = checked(root, *asked, environment=environment, stdin=b"".join(name + b"\0" for name in names)).split(b"\0")[:-1]
    converted: dict[bytes, dict[bytes, bytes]] = {}
    for name, attribute, value in zip(answer[::3], answer[1::3], answer[2::3], strict=True):
        if value not in (b"unspecified", b"unset"):
            converted.setdefault(name, {})[attribute] = value
    return ((names[name], attributes) for name, attributes in converted.items())


def _is_unlike(content: bytes, blob: str, attributes: Mapping[bytes, bytes]) -> bool:
    if blob in (blob_id(content), blob_id(content.replace(b"\r\n", b"\n"))):  # git stores all of it
        return False
    text = _as_utf8(content, attributes.get(b"working-tree-encoding", b"").decode("ascii", "replace"))
    if text is None:
        return True
    return b"ident" in attributes and not all(map(_AS_CHECKED_OUT.fullmatch, _IDENT.findall(text)))


def _as_utf8(content: bytes, encoding: str) -> bytes | None:
    """Decode the content; ``None`` if other bytes would be the same text, or if this cannot be told."""
    short = re.sub(r"[-_]", "", encoding).lower()
    if not short or short == "utf8":
        return content
    for mark, codec in _WITH_A_MARK.get(short, ((b"", encoding),)):
        if content.startswith(mark):
            try:
                text = content.removeprefix(mark).decode(codec)
                return text.encode() if mark + text.encode(codec) == content else None
            except (LookupError, ValueError):
                return None
    return None
